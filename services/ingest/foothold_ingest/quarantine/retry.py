"""The quarantine as people work with it: list, show, retry.

A record is retried once; whatever comes of it stands in its history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import ValidationError
from sqlalchemy import RowMapping, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.aside import PARTS_AWAY
from foothold_ingest.database import QuarantinedRecord, QuarantineEvent
from foothold_ingest.doors.kafka import agency_of
from foothold_ingest.files.store import TOPIC
from foothold_ingest.files.work import FileWorker
from foothold_ingest.intake.days import Days
from foothold_ingest.intake.intake import Intake, traced
from foothold_ingest.log.writer import Line, Publisher
from foothold_ingest.rules.binding import from_kafka
from foothold_ingest.rules.judgement import Arrival, Held, Judgement, Rejected
from foothold_ingest.rules.rows.items import FOOTER, Footer
from foothold_ingest.rules.strict_json import NotStrict
from foothold_ingest.turns import log_failure
from foothold_schemas.seal import BrokenSeal, Seal
from foothold_schemas.wire.quarantine import RefusalReason, SourceRecord
from foothold_schemas.wire.retries import HOUSEHOLD, retried_from, retry_headers
from foothold_schemas.wire.topics import (
    AGENCY_TOPIC,
    AREA_SIGNALS,
    FACT_DISPUTES,
    HOUSEHOLD_FACTS,
    QUARANTINE,
    REGION_WARNINGS,
    RELIEF_FACTS,
    RISK_TRANSITIONS,
)
from foothold_schemas.wire.tracing import from_headers

COLUMNS: Final = (
    QuarantinedRecord.source_id,
    QuarantinedRecord.service,
    QuarantinedRecord.reason,
    QuarantinedRecord.detail,
    QuarantinedRecord.at,
    QuarantinedRecord.retried_at,
)
AGAIN: Final = frozenset(
    {
        AREA_SIGNALS.name,
        HOUSEHOLD_FACTS.name,
        RISK_TRANSITIONS.name,
        RELIEF_FACTS.name,
        REGION_WARNINGS.name,
        FACT_DISPUTES.name,
        QUARANTINE.name,
    }
)
"""Topics whose records are written again as they stood, for a reader that understands them now.

Not those that are read from their start: a reader that understands the record now finds it there,
and in a compacted one it would replace a newer. The region windows read their signals from the
start, leave out what was set aside, and count a signal they know only once."""

PLACE: Final = 2
"""An address ends with the record's partition and offset."""
DIGITS: Final = 19
"""Of the largest offset there can be."""


class Outcome(StrEnum):
    """What came of a retry."""

    ACCEPTED = "accepted"
    HELD = "held"
    WRITTEN_AGAIN = "written_again"
    STILL_REFUSED = "still_refused"
    NO_DATA = "no_data"
    NOT_WAITING = "not_waiting"
    NOT_RETRIABLE = "not_retriable"


@dataclass(frozen=True, slots=True)
class Retried:
    """One record's retry."""

    source_id: str
    outcome: Outcome
    detail: str


class Note(NamedTuple):
    """A line of a record's history."""

    source_id: str
    at: datetime
    actor: str
    action: str
    outcome: str = ""
    detail: str = ""


class QuarantineTable:
    """Reads and changes the quarantine table.

    Ids and reasons are printed, contents only on demand and with a trace.
    """

    def __init__(self, engine: AsyncEngine, seal: Seal) -> None:
        self._engine = engine
        self._seal = seal

    async def rows(
        self, *, reason: str | None = None, is_all: bool = False, limit: int = 100
    ) -> list[RowMapping]:
        """The first that wait, in the order in which they came.

        With `is_all` also what was retried.
        """
        query = self._query(reason, is_all=is_all).order_by(
            QuarantinedRecord.at, QuarantinedRecord.source_id
        )
        async with self._engine.connect() as connection:
            return list((await connection.execute(query.limit(limit))).mappings())

    async def newest(
        self, *, reason: str | None, is_all: bool, limit: int
    ) -> tuple[list[RowMapping], int]:
        """The last that came, in the order in which they came, and how many there are."""
        query = self._query(reason, is_all=is_all)
        last = query.order_by(
            QuarantinedRecord.at.desc(), QuarantinedRecord.source_id.desc()
        ).limit(limit)
        async with self._engine.connect() as connection:
            rows = list((await connection.execute(last)).mappings())
            count = (
                await connection.execute(select(func.count()).select_from(query.subquery()))
            ).scalar_one()
        return rows[::-1], count

    @staticmethod
    def _query(
        reason: str | None, *, is_all: bool
    ) -> Select[str, str, str, str, datetime, datetime | None]:
        query = select(*COLUMNS)
        if reason is not None:
            query = query.where(QuarantinedRecord.reason == reason)
        if not is_all:
            query = query.where(QuarantinedRecord.retried_at.is_(None))
        return query

    async def show(self, source_id: str) -> tuple[RowMapping, list[RowMapping]] | None:
        """A record's row and its history, without its content."""
        async with self._engine.connect() as connection:
            row = (
                (
                    await connection.execute(
                        select(*COLUMNS).where(QuarantinedRecord.source_id == source_id)
                    )
                )
                .mappings()
                .one_or_none()
            )
            if row is None:
                return None
            history = (
                select(*QuarantineEvent.__table__.columns)
                .where(QuarantineEvent.source_id == source_id)
                .order_by(QuarantineEvent.event_id)
            )
            return row, list((await connection.execute(history)).mappings())

    async def content(self, source_id: str, *, actor: str, now: datetime) -> SourceRecord | None:
        """The record itself, which may hold personal data.

        That somebody looked goes into its history.
        """
        async with self._engine.begin() as connection:
            sealed = (
                await connection.execute(
                    select(QuarantinedRecord.sealed).where(QuarantinedRecord.source_id == source_id)
                )
            ).scalar_one_or_none()
            if sealed is None:
                return None
            await _note(connection, Note(source_id, now, actor, "shown"))
        return SourceRecord.model_validate_json(self._seal.open(sealed))


async def _note(connection: AsyncConnection, note: Note) -> None:
    await connection.execute(insert(QuarantineEvent), [note._asdict()])


class Retrier(QuarantineTable):
    """Tries records again.

    It tries an agency's through the door's own judgement, a service's by writing it again where it
    stood.
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        engine: AsyncEngine,
        seal: Seal,
        *,
        agencies: Agencies,
        intake: Intake,
        publisher: Publisher,
        days: Days,
        files: FileWorker,
    ) -> None:
        super().__init__(engine, seal)
        self._agencies = agencies
        self._intake = intake
        self._publisher = publisher
        self._days = days
        self._files = files

    async def retry(self, source_ids: Sequence[str], *, actor: str, now: datetime) -> list[Retried]:
        """Each one in a transaction of its own.

        Those of one partition in the order in which they stood there at first.

        What waited behind another comes back behind it: offsets are ordered as numbers, and a
        household before what waits for it.
        """
        return [
            await self._retry_one(source_id, actor, now)
            for source_id in await self._in_order(source_ids)
        ]

    async def _in_order(self, source_ids: Sequence[str]) -> list[str]:
        listed = select(QuarantinedRecord.source_id, QuarantinedRecord.sealed).where(
            QuarantinedRecord.source_id.in_(source_ids)
        )
        async with self._engine.connect() as connection:
            first = {
                str(row.source_id): self._first_address(row.source_id, row.sealed)
                for row in await connection.execute(listed)
            }
        return sorted(source_ids, key=lambda source_id: _order(first.get(source_id) or source_id))

    def _first_address(self, source_id: str, sealed: str) -> str:
        """Only services write the header.

        And whatever is wrong with a record is told when its turn comes, not here.
        """
        topic = source_id.rsplit(":", PLACE)[0]
        if topic not in AGAIN and not topic.startswith(HOUSEHOLD):
            return source_id
        try:
            return (
                retried_from(SourceRecord.model_validate_json(self._seal.open(sealed)).headers)
                or source_id
            )
        except (BrokenSeal, ValidationError):
            return source_id

    async def _retry_one(self, source_id: str, actor: str, now: datetime) -> Retried:
        """The row is locked while its facts are written: two who retry at once apply it once."""
        async with self._engine.begin() as connection:
            columns = (QuarantinedRecord.sealed, QuarantinedRecord.retried_at, QuarantinedRecord.at)
            query = (
                select(*columns).where(QuarantinedRecord.source_id == source_id).with_for_update()
            )
            row = (await connection.execute(query)).one_or_none()
            if row is None or row.retried_at is not None:
                return Retried(
                    source_id,
                    Outcome.NOT_WAITING,
                    "no such record waits: it is unknown, or was retried before",
                )
            outcome, detail = await self._try(source_id, row.sealed, row.at, now)
            note = Note(source_id, now, actor, "retried", outcome.value, detail)
            await _note(connection, note)
            if outcome in (Outcome.ACCEPTED, Outcome.HELD, Outcome.WRITTEN_AGAIN, Outcome.NO_DATA):
                await connection.execute(
                    update(QuarantinedRecord)
                    .where(QuarantinedRecord.source_id == source_id)
                    .values(retried_at=now)
                )
        return Retried(source_id, outcome, detail)

    async def _try(
        self, source_id: str, sealed: str, first: datetime, now: datetime
    ) -> tuple[Outcome, str]:
        """Try a record again.

        A record at which the program still fails stays, and the others of the same retry are tried.
        """
        try:
            return await self._apply(
                source_id, SourceRecord.model_validate_json(self._seal.open(sealed)), first, now
            )
        except PARTS_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - whatever nobody has thought of
            log_failure("retry", error, source_id=source_id)
            return (
                Outcome.STILL_REFUSED,
                (
                    f"{RefusalReason.UNPROCESSABLE.value}: the program failed at it again"
                    f" ({type(error).__name__}); retry after an upgrade"
                ),
            )

    async def _apply(
        self, source_id: str, record: SourceRecord, first: datetime, now: datetime
    ) -> tuple[Outcome, str]:
        topic, partition, _ = source_id.rsplit(":", 2)
        if record.is_cut:
            return (
                Outcome.NOT_RETRIABLE,
                (
                    "only the record's beginning is kept, because it is too large: ask its sender"
                    " for it, in smaller records"
                ),
            )
        if topic.startswith(f"{TOPIC}."):
            return _outcome(await self._files.again(topic, record.value or b"", now))
        if AGENCY_TOPIC.fullmatch(topic):
            return await self._judge(source_id, record, first, now)
        if topic.startswith(HOUSEHOLD):
            await self._publisher.deliver(
                [Line(HOUSEHOLD_FACTS.name, record.key, None, int(partition), record.headers)]
            )
            return (
                Outcome.WRITTEN_AGAIN,
                (
                    "risk looks at the household again; if it cannot judge it now either, it comes"
                    " back under its new address"
                ),
            )
        if topic not in AGAIN:
            return (
                Outcome.NOT_RETRIABLE,
                f"{topic} is read from its start: start its reader again instead",
            )
        await self._publisher.deliver(
            [
                Line(
                    topic,
                    record.key,
                    record.value,
                    int(partition),
                    retry_headers(record.headers, source_id),
                )
            ]
        )
        return (
            Outcome.WRITTEN_AGAIN,
            (
                "written again where it stood; if it cannot be read now either, it comes back under"
                " its new address"
            ),
        )

    async def _judge(
        self, source_id: str, record: SourceRecord, first: datetime, now: datetime
    ) -> tuple[Outcome, str]:
        judgement: Judgement
        topic, partition, offset = source_id.rsplit(":", PLACE)
        try:
            event = traced(from_kafka(record.headers, record.value), from_headers(record.headers))
        except NotStrict as error:
            judgement = Rejected(error.reason, str(error))
        else:
            caller = await self._agencies.writer(agency_of(topic))
            came = Arrival(first, (int(partition), int(offset)))
            (judgement,) = await self._intake.judge(
                [event], caller, self._days.clock(now), arrivals=[came], is_barrier=True
            )
        if not isinstance(judgement, Rejected):
            await self._intake.keep([judgement], is_patient=True)
        return _outcome(judgement)


def _order(address: str) -> tuple[int, int, bool]:
    """Order an address so that a household marked at a record comes before the record.

    What waits for the household may have come at the same offset.
    """
    topic, *place = address.rsplit(":", PLACE)
    partition, offset = (_number(text) for text in (place if len(place) == PLACE else ("", "")))
    return partition, offset, not topic.startswith(HOUSEHOLD)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= DIGITS else 0


def _outcome(judgement: Judgement | Footer) -> tuple[Outcome, str]:
    if isinstance(judgement, Footer):
        return Outcome.NO_DATA, FOOTER
    if isinstance(judgement, Rejected):
        return Outcome.STILL_REFUSED, f"{judgement.reason.value}: {judgement.detail}"
    return (
        Outcome.HELD if isinstance(judgement, Held) else Outcome.ACCEPTED
    ), judgement.record.fact_id
