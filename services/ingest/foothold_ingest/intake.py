"""What every door does with an event: judge it, and make what was accepted durable. Who speaks and how it is answered is the door's affair."""

from collections.abc import Sequence
from typing import Final

import structlog

from foothold_ingest.directory import Directory, Told
from foothold_ingest.feeds import FeedBook
from foothold_ingest.metrics import Metrics
from foothold_ingest.publish import Busy, Publisher, Unknown, fact_line
from foothold_ingest.rules.accept import Accepted, Caller, Clock, Rejected, accept
from foothold_ingest.rules.strict_json import JsonValue
from foothold_schemas.envelope import event_type
from foothold_schemas.facts import AGENCY_KINDS, OPERATOR_KINDS, FeedHeard, PolicyAdopted
from foothold_schemas.quarantine import RefusalReason

UNKNOWN_KIND: Final = "unknown"

log = structlog.get_logger()


class Intake:
    """Shared by the doors of one process."""

    def __init__(self, *, publisher: Publisher, directory: Directory, feeds: FeedBook, metrics: Metrics, secret: bytes) -> None:
        self._publisher = publisher
        self._directory = directory
        self._feeds = feeds
        self._metrics = metrics
        self._secret = secret

    def judge(self, event: JsonValue, caller: Caller, clock: Clock) -> Accepted | Rejected:
        """Whether this event may enter the log."""
        if not isinstance(event, dict):
            return Rejected(RefusalReason.INVALID_ENVELOPE, "An event is a JSON object.")
        return accept(event, caller, clock, self._secret)

    async def keep(self, accepted: Sequence[Accepted], *, is_patient: bool) -> None:
        """Facts into the log, contacts into the directory. An impatient door gets Busy or Unknown instead of a long wait."""
        if lines := [fact_line(a.record) for a in accepted if a.record.household_id is not None]:
            await (self._publisher.deliver(lines) if is_patient else self._publisher.send(lines))
        if everywhere := [a.record for a in accepted if isinstance(a.record.data, FeedHeard | PolicyAdopted)]:
            await self._publisher.broadcast(everywhere)
        await self._feeds.hear(accepted)
        told = [Told(a.record.household_id, a.record.time, a.contact) for a in accepted if a.contact and a.record.household_id]
        try:
            await self._directory.keep(told, is_patient=is_patient)
        except Busy:
            raise Unknown from None  # the facts are in the log already, so it is not true that nothing was taken

    def tell(self, door: str, event: JsonValue, judgement: Accepted | Rejected | None) -> None:
        """One canonical line and one count for each event; None: refused for a reason of the door's own."""
        match judgement:
            case Accepted(record):
                self._metrics.facts.labels(record.data.kind, "accepted", door).inc()
                log.info(
                    "ingest.event",
                    door=door,
                    fact_id=record.fact_id,
                    household_id=record.household_id,
                    kind=record.data.kind,
                    agency=record.agency,
                    outcome="accepted",
                )
            case Rejected(reason, _, fields):
                self._metrics.facts.labels(kind_of(event), reason.value, door).inc()
                named = [f.field for f in fields]
                log.info("ingest.event", door=door, kind=kind_of(event), outcome="rejected", reason=reason.value, fields=named)
            case None:
                self._metrics.facts.labels(kind_of(event), "refused", door).inc()
                log.info("ingest.event", door=door, kind=kind_of(event), outcome="refused")


def kind_of(event: JsonValue) -> str:
    """The event's kind for metrics and logs: one of the known ones, or `unknown`, whatever the sender wrote."""
    named = event.get("type") if isinstance(event, dict) else None
    return next((kind for kind in (*AGENCY_KINDS, *OPERATOR_KINDS) if named == event_type(kind)), UNKNOWN_KIND)
