"""What the console shows and does, for one agency at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, RowMapping, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.agencies.arrivals import ArrivalBook, KindCount
from foothold_ingest.agencies.readers import ReaderBook
from foothold_ingest.agencies.register import AgencyRegister, Entry
from foothold_ingest.database import FeedRow, HeldRow, OpenedDay, QuarantinedRecord, QuarantineEvent
from foothold_ingest.disputes.book import DisputeBook
from foothold_ingest.doors.topics import problem_of
from foothold_ingest.files.store import TOPIC, UploadStore
from foothold_ingest.quarantine.retry import Retried, Retrier
from foothold_ingest.rules.times import SHANGHAI
from foothold_ingest.statements.questions import StatementQuestionBook
from foothold_schemas.wire.topics import agency_card

SHOWN = 200
FILES_SHOWN = 10
"""Uploads of the first page."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page.

    `feeds`: kind, county, business day last heard, days since; `waiting`: reason → records in
    quarantine.
    """

    today: Sequence[KindCount]
    month: Sequence[KindCount]
    feeds: Sequence[tuple[str, str, date | None, int | None]]
    waiting: dict[str, int]
    held: int
    doubted: int
    asked: int
    files: Sequence[RowMapping]
    entry: Entry | None
    topic_problem: str | None


class Desk:
    """Every question carries the agency, and no answer leaves it."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        engine: AsyncEngine,
        *,
        arrivals: ArrivalBook,
        disputes: DisputeBook,
        questions: StatementQuestionBook,
        uploads: UploadStore,
        register: AgencyRegister,
        retrier: Retrier,
        readers: ReaderBook,
    ) -> None:
        self._readers = readers
        self._engine = engine
        self._arrivals = arrivals
        self._disputes = disputes
        self._questions = questions
        self._uploads = uploads
        self._register = register
        self._retrier = retrier

    async def overview(self, agency: str, now: datetime) -> Overview:
        """Everything at a glance."""
        today = now.astimezone(SHANGHAI).date()
        entry = next((row for row in await self._register.entries() if row.agency == agency), None)
        return Overview(
            today=await self._arrivals.since(agency, today),
            month=await self._arrivals.since(agency, today.replace(day=1)),
            feeds=await self._feeds(agency),
            waiting=await self.waiting(agency),
            held=await self._held_count(agency),
            doubted=await self._disputes.waiting_for(agency),
            asked=await self._questions.waiting_for(agency),
            files=await self._uploads.recent(agency, FILES_SHOWN),
            entry=entry,
            topic_problem=problem_of(await self._readers.state(agency)),
        )

    async def _feeds(self, agency: str) -> list[tuple[str, str, date | None, int | None]]:
        async with self._engine.connect() as connection:
            open_day = (
                await connection.execute(select(func.max(OpenedDay.day)))
            ).scalar_one_or_none()
            rows = await connection.execute(
                select(FeedRow)
                .where(FeedRow.agency == agency)
                .order_by(FeedRow.kind, FeedRow.county)
            )
            return [
                (
                    r.kind,
                    r.county,
                    r.heard_on,
                    (open_day - r.heard_on).days if open_day and r.heard_on else None,
                )
                for r in rows
            ]

    async def waiting(self, agency: str) -> dict[str, int]:
        """Records in quarantine, by reason."""
        query = select(QuarantinedRecord.reason, func.count().label("many")).where(
            of_agency(agency), QuarantinedRecord.retried_at.is_(None)
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                query.group_by(QuarantinedRecord.reason).order_by(func.count().desc())
            )
            return {row.reason: row.many for row in rows}

    async def _held_count(self, agency: str) -> int:
        async with self._engine.connect() as connection:
            query = (
                select(func.count())
                .select_from(HeldRow)
                .where(HeldRow.agency == agency, HeldRow.released_at.is_(None))
            )
            return int((await connection.execute(query)).scalar_one())

    async def quarantine(self, agency: str, reason: str | None) -> Sequence[RowMapping]:
        """The agency's records that wait, oldest first, with what a retry came to last."""
        last = (
            select(QuarantineEvent.detail)
            .where(QuarantineEvent.source_id == QuarantinedRecord.source_id)
            .order_by(QuarantineEvent.event_id.desc())
            .limit(1)
            .scalar_subquery()
        )
        columns = (
            QuarantinedRecord.source_id,
            QuarantinedRecord.reason,
            QuarantinedRecord.detail,
            QuarantinedRecord.at,
            last.label("last_retry"),
        )
        query = (
            select(*columns)
            .where(of_agency(agency), QuarantinedRecord.retried_at.is_(None))
            .order_by(QuarantinedRecord.at, QuarantinedRecord.source_id)
        )
        if reason is not None:
            query = query.where(QuarantinedRecord.reason == reason)
        async with self._engine.connect() as connection:
            return (await connection.execute(query.limit(SHOWN))).mappings().all()

    async def held(self, agency: str) -> Sequence[RowMapping]:
        """The agency's events that wait for their person, oldest first."""
        columns = (HeldRow.fact_id, HeldRow.kind, HeldRow.at, HeldRow.problem)
        query = (
            select(*columns)
            .where(HeldRow.agency == agency, HeldRow.released_at.is_(None))
            .order_by(HeldRow.at)
            .limit(SHOWN)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).mappings().all()

    async def retry(
        self, agency: str, ids: Sequence[str], *, actor: str, now: datetime
    ) -> list[Retried]:
        """Try these again, those that are the agency's."""
        async with self._engine.connect() as connection:
            query = select(QuarantinedRecord.source_id).where(
                of_agency(agency), QuarantinedRecord.source_id.in_(ids)
            )
            own = set((await connection.execute(query)).scalars())
        return await self._retrier.retry(
            [row_id for row_id in ids if row_id in own], actor=actor, now=now
        )

    async def doubts(self, agency: str, now: datetime) -> Sequence[RowMapping]:
        """What caseworkers doubt of what the agency sent."""
        return await self._disputes.of(agency, now)

    async def confirm(
        self, agency: str, dispute: str, note: str, *, actor: str, now: datetime
    ) -> bool:
        """The agency has looked, and what it sent is right; whether the doubt still waited."""
        return await self._disputes.confirm(agency, dispute, note, by=actor, now=now)

    async def retry_held(self, agency: str) -> int:
        """Let those that could not be released be looked at again; how many."""
        async with self._engine.begin() as connection:
            again = update(HeldRow).where(
                HeldRow.agency == agency,
                HeldRow.released_at.is_(None),
                HeldRow.problem.is_not(None),
            )
            return len(
                (
                    await connection.execute(again.values(problem=None).returning(HeldRow.fact_id))
                ).all()
            )


def of_agency(agency: str) -> ColumnElement[bool]:
    """Records of the agency's topic and of its files."""
    topic, file = f"{agency_card(agency).name}:", f"{TOPIC}.{agency}."
    return or_(
        QuarantinedRecord.source_id.startswith(topic, autoescape=True),
        QuarantinedRecord.source_id.startswith(file, autoescape=True),
    )
