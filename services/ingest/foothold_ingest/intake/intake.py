"""What every door does with events: judge them, and make what was accepted durable.

Who speaks and how it is answered is the door's affair.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple, Protocol, TypeVar

import structlog

from foothold_ingest.agencies.arrivals import ArrivalBook
from foothold_ingest.agencies.audit import Audit
from foothold_ingest.agencies.feeds import FeedBook
from foothold_ingest.disputes.book import DisputeBook
from foothold_ingest.intake.announcing import Announcer, is_announced
from foothold_ingest.intake.county_codes import RegionBook
from foothold_ingest.log.writer import Busy, Publisher, Unknown, fact_line
from foothold_ingest.metrics import Metrics
from foothold_ingest.people.directory import Directory, RegisteredContact
from foothold_ingest.people.held import HeldBook
from foothold_ingest.people.register import PeopleRegister, entries
from foothold_ingest.rules.accept import Deployment, accept, kind_of, place
from foothold_ingest.rules.implausible import not_a_member
from foothold_ingest.rules.judgement import (
    Accepted,
    Arrival,
    Caller,
    Clock,
    Held,
    Judgement,
    Rejected,
    Unplaced,
)
from foothold_ingest.rules.people.people import PersonFact
from foothold_ingest.rules.people.placing import Membership, place_of
from foothold_ingest.rules.strict_json import JsonValue
from foothold_ingest.statements.questions import StatementQuestionBook
from foothold_ingest.statements.versions import StatementBook
from foothold_runtime.logs import where_raised
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import PolicyAdopted
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.tracing import TRACEPARENT, begin, read, trace_id

UNPROCESSABLE: Final = (
    "系统无法处理这条数据，已通知运维，其余照常受理。 Foothold could not work this event through;"
    " operations have been told, and the others are taken. Send it again once they say so."
)
BREATH_SECONDS: Final = 0.01

log = structlog.get_logger()


class Breath:
    """Lets the others on the loop have their turn, where one request is much work."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def take(self) -> None:
        """Give way, if it is time."""
        if time.monotonic() - self._since > BREATH_SECONDS:
            await asyncio.sleep(0)
            self._since = time.monotonic()


class Registers(NamedTuple):
    """What is written down beside the facts."""

    feeds: FeedBook
    held: HeldBook
    audit: Audit
    arrivals: ArrivalBook
    disputes: DisputeBook
    statements: StatementBook
    questions: StatementQuestionBook


class Release(Protocol):
    """Sends into the log what waits for these people."""

    async def __call__(self, people: Collection[str], *, is_patient: bool) -> None:
        """Raise Busy or Unknown where it is not patient."""


class Intake:
    """Shared by the doors of one process."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        publisher: Publisher,
        announcer: Announcer,
        directory: Directory,
        people: PeopleRegister,
        regions: RegionBook,
        books: Registers,
        metrics: Metrics,
        secret: bytes,
    ) -> None:
        self._publisher = publisher
        self._announcer = announcer
        self._directory = directory
        self._people = people
        self._regions = regions
        self._books = books
        self._metrics = metrics
        self._secret = secret
        self._release: Release | None = None

    def release_by(self, release: Release) -> None:
        """Who releases judges and keeps through this intake, so it is made after it."""
        self._release = release

    async def judge(
        self,
        events: Sequence[JsonValue],
        caller: Caller,
        clock: Clock,
        *,
        arrivals: Sequence[Arrival] | None = None,
        is_barrier: bool = False,
    ) -> list[Judgement]:
        """Whether each event may enter the log, in their order.

        An event belongs to the trace it names: see `traced`.

        `arrivals`: when and where each came first; without them now, and at its index among these.

        With `is_barrier` an event on which a rule raises is refused alone, and operations are told;
        without it the exception goes to the caller, which knows better what to do about it. The
        loop breathes between events.
        """
        deployment = Deployment(self._secret, await self._regions.current())
        guard = _refusing if is_barrier else _raising
        breath = Breath()
        judged: list[Accepted | Unplaced | Rejected] = []
        came = [Arrival(place=(n,)) for n in range(len(events))] if arrivals is None else arrivals
        for event, arrival in zip(events, came, strict=True):
            own_clock = replace(
                clock, recorded=arrival.recorded or clock.recorded, place=arrival.place
            )
            judged.append(guard(event, partial(_judge, event, caller, own_clock, deployment)))
            await breath.take()
        people = {
            judgement.person.person_ref for judgement in judged if isinstance(judgement, Unplaced)
        }
        known = await self._people.memberships(people) if people else {}
        named = [
            judgement
            for judgement in judged
            if isinstance(judgement, Accepted) and _person_of(judgement) is not None
        ]
        members = await self._people.members(
            {judgement.record.household_id or "" for judgement in named},
            entries(judgement for judgement in judged if isinstance(judgement, Accepted)),
        )
        judged = [
            _with_stranger(judgement, members) if isinstance(judgement, Accepted) else judgement
            for judgement in judged
        ]
        results: list[Judgement] = [
            guard(event, partial(_settle, event, judgement, known, caller))
            for event, judgement in zip(events, judged, strict=True)
        ]
        refused = [
            (kind_of(event), judgement.reason)
            for event, judgement in zip(events, results, strict=True)
            if isinstance(judgement, Rejected)
        ]
        await self._books.audit.note(caller, refused, clock.recorded)
        return results

    async def warn(self, agency: str, judged: Sequence[Judgement], now: datetime) -> None:
        """Into the audit, where the door has no answer: what was taken and can hardly be."""
        taken = [judgement for judgement in judged if isinstance(judgement, Accepted | Held)]
        await self._books.audit.warned(
            agency,
            [
                (judgement.record.data.kind, warning)
                for judgement in taken
                for warning in judgement.warnings
            ],
            now,
        )

    async def keep(self, judged: Sequence[Accepted | Held], *, is_patient: bool) -> None:
        """Keep what was judged, each where it belongs.

        The held go into their table, register entries into the register, facts into the log, and
        contacts into the directory.

        What waited for an entry's people goes into the log before the entry: risk judges the
        household from its entry on, and would find it without income. An impatient door gets Busy
        or Unknown instead of a long wait.
        """
        await self._books.held.keep(
            [judgement for judgement in judged if isinstance(judgement, Held)]
        )
        accepted = [judgement for judgement in judged if isinstance(judgement, Accepted)]
        await self._into_log(accepted, is_patient=is_patient)
        await self._broadcast(accepted, is_patient=is_patient)
        await self._books.feeds.hear(accepted)
        await self._books.disputes.corrected(a.record for a in accepted)
        await self._books.questions.withdrawn(a.record for a in accepted)
        await self._people.take_back(a.record for a in accepted)
        await self._books.statements.note(judged, self._take_back)
        registrations = [
            RegisteredContact(a.record.household_id, a.record.time, a.contact)
            for a in accepted
            if a.contact and a.record.household_id
        ]
        try:
            await self._directory.keep(registrations, is_patient=is_patient)
        except Busy:
            # the facts are in the log already, so it is not true that nothing was taken
            raise Unknown from None

    async def _into_log(self, accepted: Sequence[Accepted], *, is_patient: bool) -> None:
        """Register entries first, each behind what waited for its people; then the facts."""
        entered = entries(accepted)
        people = {
            person.person_ref for judgement in entered for person in judgement.accepted.people
        }
        lines = [
            fact_line(a.record, a.traceparent)
            for a in accepted
            if a.record.household_id is not None
        ]
        write = self._publisher.deliver if is_patient else self._publisher.send
        try:
            if entered:
                await self._enter(accepted, people, is_patient=is_patient)
            if lines:
                await write(lines)
        except Busy:
            if entered:
                # the register has them already, so it is not true that nothing was taken
                raise Unknown from None
            raise

    async def _broadcast(self, accepted: Sequence[Accepted], *, is_patient: bool) -> None:
        """What is for all: announced, or as a policy to every partition.

        A day is broadcast by who opens it, under a lock; this door only says that it was accepted.
        """
        if announced := [a for a in accepted if is_announced(a)]:
            await self._announcer.announce(announced, is_patient=is_patient)
        if adopted := [
            fact_line(a.record, a.traceparent)
            for a in accepted
            if isinstance(a.record.data, PolicyAdopted)
        ]:
            await self._publisher.broadcast(adopted)

    async def _take_back(self, records: Sequence[FactRecord]) -> None:
        await self._publisher.deliver([fact_line(record) for record in records])
        await self._people.take_back(records)

    async def _enter(
        self, accepted: Sequence[Accepted], people: Collection[str], *, is_patient: bool
    ) -> None:
        await self._people.enter(accepted)
        if self._release is not None and people:
            await self._release(people, is_patient=is_patient)

    def count(self, door: str, agency: str, event: JsonValue, judgement: Judgement | None) -> str:
        """Count it, and return what became of it.

        Without a line: for rows of a file, whose result is kept.
        """
        kind = (
            kind_of(event)
            if judgement is None or isinstance(judgement, Rejected)
            else judgement.record.data.kind
        )
        outcome = (
            "accepted"
            if isinstance(judgement, Accepted)
            else "held"
            if isinstance(judgement, Held)
            else "refused"
        )
        self._metrics.facts.labels(
            kind, judgement.reason.value if isinstance(judgement, Rejected) else outcome, door
        ).inc()
        self._books.arrivals.note(agency, kind, outcome, datetime.now(UTC))
        return outcome

    def report(self, door: str, agency: str, event: JsonValue, judgement: Judgement | None) -> None:
        """One canonical line and one count for each event.

        None: refused for a reason of the door's own.
        """
        outcome, trace = self.count(door, agency, event, judgement), trace_id(_trace_of(event))
        match judgement:
            case Accepted(record) | Held(record):
                warned = (
                    {"warned": [w.field for w in judgement.warnings]} if judgement.warnings else {}
                )
                log.info(
                    "ingest.event",
                    **warned,
                    door=door,
                    fact_id=record.fact_id,
                    household_id=record.household_id,
                    kind=record.data.kind,
                    agency=record.agency,
                    outcome=outcome,
                    trace_id=trace,
                )
            case Rejected(reason, _, fields):
                named = [f.field for f in fields]
                log.info(
                    "ingest.event",
                    door=door,
                    kind=kind_of(event),
                    outcome="rejected",
                    reason=reason.value,
                    fields=named,
                    trace_id=trace,
                )
            case None:
                log.info(
                    "ingest.event",
                    door=door,
                    kind=kind_of(event),
                    outcome="refused",
                    trace_id=trace,
                )


J = TypeVar("J")


def _raising(_: JsonValue, decide: Callable[[], J]) -> J:
    """Nothing between the rule and the caller."""
    return decide()


def _refusing(event: JsonValue, decide: Callable[[], J]) -> J | Rejected:
    """Refuse the event at a defect nobody has thought of, as the last resort.

    The log says where the rule raised.
    """
    try:
        return decide()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is one event's
        fields = {
            "kind": kind_of(event),
            "where": where_raised(error),
            "trace_id": trace_id(_trace_of(event)),
        }
        log.error("ingest.unprocessable", **fields)  # noqa: TRY400 - the exception's words may repeat what was sent
        return Rejected(RefusalReason.UNPROCESSABLE, UNPROCESSABLE)


def _settle(
    event: JsonValue,
    judgement: Accepted | Unplaced | Rejected,
    known: Mapping[str, tuple[Membership, ...]],
    caller: Caller,
) -> Judgement:
    """Where a person's number tells the household, the register's word decides."""
    settled: Judgement
    if isinstance(judgement, Unplaced):
        placed = place_of(known.get(judgement.person.person_ref, ()), judgement.day)
        settled = (
            Held(judgement.record, judgement.person.person_ref, event, judgement.warnings)
            if placed is None
            else place(judgement, placed, caller)
        )
    else:
        settled = judgement
    return (
        replace(settled, traceparent=_trace_of(event)) if isinstance(settled, Accepted) else settled
    )


def _person_of(accepted: Accepted) -> str | None:
    """Whom an event about one person names."""
    ref = getattr(accepted.record.data, "person_ref", None)
    return ref if isinstance(ref, str) and isinstance(accepted.record.data, PersonFact) else None


def _with_stranger(judgement: Accepted, members: Mapping[str, frozenset[str]]) -> Accepted:
    """With a warning where the household's entry is known and does not name the person."""
    known, person = members.get(judgement.record.household_id or ""), _person_of(judgement)
    return (
        judgement
        if known is None or person is None or person in known
        else replace(judgement, warnings=(*judgement.warnings, not_a_member()))
    )


def _judge(
    event: JsonValue, caller: Caller, clock: Clock, deployment: Deployment
) -> Accepted | Unplaced | Rejected:
    if not isinstance(event, dict):
        return Rejected(RefusalReason.INVALID_ENVELOPE, "An event is a JSON object.")
    return accept(event, caller, clock, deployment)


def traced(event: JsonValue, traceparent: str = "") -> JsonValue:
    """Return the event with the trace it belongs to.

    That trace is its own (the CloudEvents extension), else the one it came in, else a new one. Held
    or filed, the event keeps it.
    """
    return (
        {**event, TRACEPARENT: _trace_of(event) or read(traceparent) or begin()}
        if isinstance(event, dict)
        else event
    )


def _trace_of(event: JsonValue) -> str:
    return read(event.get(TRACEPARENT)) if isinstance(event, dict) else ""
