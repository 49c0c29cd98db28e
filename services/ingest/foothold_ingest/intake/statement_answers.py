"""Finds the senders of statements that could not be told apart.

It writes their answers into the log as facts.

Caseworkers' doubts go their own way: see `questions`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.aside import PARTS_AWAY
from foothold_ingest.intake.intake import Intake, traced
from foothold_ingest.log.search import LogSearch, Search
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.answers import Answer, record_of
from foothold_ingest.rules.judgement import Accepted
from foothold_ingest.statements.question_tables import StatementQuestionRow
from foothold_ingest.statements.questions import Outcome, StatementQuestionBook
from foothold_ingest.turns import Items, take_turns
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.wire.codec import Unreadable, decode_fact
from foothold_schemas.wire.tracing import begin

PART: Final = "statement_questions"
DOOR: Final = "console"
PAUSE_SECONDS: Final = 1.0
AT_ONCE: Final = 200
RECENT: Final = timedelta(days=45)
"""A pair is mostly asked about when its second fact has just come; only what is not found there is
looked for from the beginning of the log."""
_BEGINNING: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LOCK: Final = 0x53746174656D
"""One replica searches the log at a time."""

log = structlog.get_logger()


class StatementAsking:
    """Any number of replicas may run one."""

    def __init__(
        self,
        engine: AsyncEngine,
        book: StatementQuestionBook,
        search: LogSearch,
        intake: Intake,
        metrics: Metrics,
    ) -> None:
        self._engine = engine
        self._book = book
        self._search = search
        self._intake = intake
        self._metrics = metrics
        self._items = Items[StatementQuestionRow](
            PART, engine, metrics, name=lambda row: row.question_id
        )

    async def run(self) -> None:
        """Run until cancelled: look senders up, write answers, then a pause."""
        await take_turns(PART, self._turn, self._metrics, pause=PAUSE_SECONDS)

    async def _turn(self) -> None:
        try:
            await self.write()
        finally:
            await self.look_up()
        self._metrics.questions.set(await self._book.many())

    async def look_up(self) -> None:
        """Find the senders of what is new."""
        async with self._engine.begin() as connection:
            if not (
                await connection.execute(select(func.pg_try_advisory_xact_lock(_LOCK)))
            ).scalar_one():
                return
            await self._items.work(await self._book.unasked(AT_ONCE), self._put, self._failed)

    async def _put(self, rows: Sequence[StatementQuestionRow]) -> None:
        facts = {fact for row in rows for fact in (row.fact_id, row.beside_id)}
        search = await self._search.all_of(
            facts, {row.household_id: datetime.now(UTC) - RECENT for row in rows}
        )
        if missing := [
            row for row in rows if not {row.fact_id, row.beside_id} <= search.facts.keys()
        ]:
            older = await self._search.all_of(
                facts - search.facts.keys(), {row.household_id: _BEGINNING for row in missing}
            )
            search = Search(search.facts | older.facts, search.naming | older.naming)
        records = {fact: _read(fact_in_log.value) for fact, fact_in_log in search.facts.items()}
        await self._book.withdrawn(
            record
            for values in search.naming.values()
            for value in values
            if (record := _read(value)) is not None
        )
        for row in rows:
            own = records.get(row.fact_id)
            await self._book.put(row, own, records.get(row.beside_id))
            log.info(
                "ingest.question",
                question_id=row.question_id,
                household_id=row.household_id,
                agency=own and own.agency,
                kind=row.kind,
            )

    async def answer(self, agency: str, question_id: str, answer: Answer, *, by: str) -> Outcome:
        """Note the answer and write its fact. Where Kafka is away the fact follows by itself."""
        outcome = await self._book.answer(agency, question_id, answer, by=by, now=datetime.now(UTC))
        if outcome is Outcome.TAKEN:
            try:
                await self.write(question_id)
            except PARTS_AWAY:
                log.warning("ingest.answer_waits", question_id=question_id)
        return outcome

    async def write(self, question_id: str | None = None) -> None:
        """The facts of answers that are not in the log yet, or of one.

        The log first, then the row: after a crash between, the same fact is written again.
        """
        await self._items.work(
            await self._book.unwritten(AT_ONCE, question_id), self._write, self._failed
        )

    async def _write(self, rows: Sequence[StatementQuestionRow]) -> None:
        facts = [
            record_of(
                self._book.own(row),
                row.question_id,
                Answer(row.answer),
                row.answered_at,
                row.since,
            )
            for row in rows
            if row.answer is not None and row.answered_at is not None  # as `unwritten` asks for
        ]
        judged = [Accepted(record, traceparent=begin()) for record in facts if record is not None]
        # No county: an answer is no sign that the agency's feed is alive.
        await self._intake.keep(judged, is_patient=False)
        await self._book.written([row.question_id for row in rows], datetime.now(UTC))
        for judgement in judged:
            self._intake.report(
                DOOR, judgement.record.agency, traced({}, judgement.traceparent), judgement
            )

    async def _failed(self, row: StatementQuestionRow, _: str) -> bool:
        log.error("ingest.question_failed", question_id=row.question_id)
        return await self._book.failed(row)


def _read(value: bytes) -> FactRecord | None:
    """A record this version cannot read has no sender to ask; it stands in quarantine."""
    try:
        return decode_fact(value)
    except Unreadable:
        return None
