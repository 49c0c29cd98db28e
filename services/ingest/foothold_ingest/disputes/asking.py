"""Puts caseworkers' doubts to whoever sent the fact, and tells the desk what became of them.

What the rules ask of senders – a repeat, or both real? – is another table with another page:
`statement_asking`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.database import MOST_ATTEMPTS
from foothold_ingest.disputes.book import NEW, DisputeBook
from foothold_ingest.disputes.tables import DisputeRow
from foothold_ingest.log.search import LogSearch, Search
from foothold_ingest.log.writer import Line, Publisher
from foothold_ingest.metrics import Metrics
from foothold_ingest.turns import Items, take_turns
from foothold_runtime.databases import rows_of, whole
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.messages.disputes import DisputeNews, DisputeState
from foothold_schemas.wire.codec import Unreadable, decode_fact, encode
from foothold_schemas.wire.topics import FACT_DISPUTES

LOOK_SECONDS: Final = 1.0
AT_ONCE: Final = 200
_LOCK: Final = 0x446F756274
"""One replica searches the log at a time."""
_BEGINNING: Final = datetime(1970, 1, 2, tzinfo=UTC)

log = structlog.get_logger()


class Questions:
    """Any number of replicas may run one."""

    def __init__(
        self,
        engine: AsyncEngine,
        book: DisputeBook,
        search: LogSearch,
        publisher: Publisher,
        metrics: Metrics,
    ) -> None:
        self._engine = engine
        self._book = book
        self._search = search
        self._publisher = publisher
        self._metrics = metrics
        self._items = Items[DisputeRow](
            "questions", engine, metrics, name=lambda row: row.dispute_id
        )

    async def run(self) -> None:
        """Run until cancelled: look senders up, tell the desk, then a pause."""
        await take_turns("questions", self._turn, self._metrics, pause=LOOK_SECONDS)

    async def _turn(self) -> None:
        """A broker that is away keeps doubts waiting, and nothing else of ingest."""
        self._metrics.disputes.set(await self._book.many())
        try:
            await self.look_up()
        finally:
            await self.inform_desk()
        self._metrics.disputes.set(await self._book.many())

    async def look_up(self) -> None:
        """Find the senders of what is new.

        The facts are looked for from the day they speak of on, then from the beginning of the log.
        """
        async with self._engine.begin() as connection:
            if not (
                await connection.execute(select(func.pg_try_advisory_xact_lock(_LOCK)))
            ).scalar_one():
                return
            waiting = whole(DisputeRow).where(
                DisputeRow.state == NEW, DisputeRow.attempts < MOST_ATTEMPTS
            )
            rows = await rows_of(connection, waiting.order_by(DisputeRow.asked_at).limit(AT_ONCE))
            await self._items.work(rows, self._settle, self._failed)

    async def _failed(self, row: DisputeRow, _: str) -> bool:
        """One more attempt failed; after the last, the doubt waits for a person."""
        async with self._engine.begin() as connection:
            update_query = (
                update(DisputeRow)
                .where(DisputeRow.dispute_id == row.dispute_id)
                .values(attempts=DisputeRow.attempts + 1)
            )
            attempts = (
                await connection.execute(update_query.returning(DisputeRow.attempts))
            ).scalar_one()
        log.error("ingest.doubt_failed", dispute_id=row.dispute_id, attempts=attempts)
        return int(attempts) >= MOST_ATTEMPTS

    async def _settle(self, rows: Sequence[DisputeRow]) -> None:
        """Settle the rows, which are changed on other connections.

        Corrections that arrive meanwhile must not wait for the search.
        """
        search = await self._search.all_of(
            {row.fact_id for row in rows},
            {row.household_id: _day_before(row) for row in rows},
        )
        if missing := [row for row in rows if row.fact_id not in search.facts]:
            older = await self._search.all_of(
                {row.fact_id for row in missing},
                {row.household_id: _BEGINNING for row in missing},
            )
            search = Search(search.facts | older.facts, search.naming | older.naming)
        for row in rows:
            record = None if (fact := search.facts.get(row.fact_id)) is None else _read(fact.value)
            await self._book.attach_record(row.dispute_id, record)
            log.info(
                "ingest.doubt",
                dispute_id=row.dispute_id,
                household_id=row.household_id,
                agency=record and record.agency,
                doubt=row.doubt,
            )
        naming = [
            record
            for values in search.naming.values()
            for value in values
            if (record := _read(value)) is not None
        ]
        await self._book.corrected(naming)

    async def inform_desk(self) -> None:
        """What the desk does not know yet, each once in a turn.

        The log first, then the row: after a crash between, it is told again, and is the same.
        """
        tried: set[str] = set()
        while rows := [row for row in await self._untold() if row.dispute_id not in tried]:
            tried |= {row.dispute_id for row in rows}
            await self._items.work(rows, self._send_to_desk, self._failed)

    async def _send_to_desk(self, rows: Sequence[DisputeRow]) -> None:
        await self._publisher.deliver([_line(row) for row in rows])
        async with self._engine.begin() as connection:
            for row in rows:
                await _mark_told(connection, row)

    async def _untold(self) -> Sequence[DisputeRow]:
        is_new = DisputeRow.told.is_distinct_from(DisputeRow.state)
        query = whole(DisputeRow).where(
            DisputeRow.state != NEW, is_new, DisputeRow.attempts < MOST_ATTEMPTS
        )
        async with self._engine.connect() as connection:
            return await rows_of(connection, query.order_by(DisputeRow.asked_at).limit(AT_ONCE))


async def _mark_told(connection: AsyncConnection, row: DisputeRow) -> None:
    await connection.execute(
        update(DisputeRow)
        .where(DisputeRow.dispute_id == row.dispute_id)
        .values(told=row.state, attempts=0)
    )


def _line(row: DisputeRow) -> Line:
    news = DisputeNews(
        dispute_id=row.dispute_id,
        household_id=row.household_id,
        disputed=row.fact_id,
        state=DisputeState(row.state),
        agency=row.agency,
        note=row.answer,
        at=row.answered_at or row.asked_at,
    )
    return Line(FACT_DISPUTES.name, news.household_id.encode(), encode(news))


def _day_before(row: DisputeRow) -> datetime:
    """Early enough in every zone."""
    return datetime.combine(row.fact_day, time.min, tzinfo=UTC) - timedelta(days=1)


def _read(value: bytes) -> FactRecord | None:
    """A record this version cannot read names nobody; it stands in quarantine."""
    try:
        return decode_fact(value)
    except Unreadable:
        return None
