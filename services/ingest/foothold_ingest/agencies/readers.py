"""How the reader of each agency's topic fares, for all replicas.

It has bad records in a row, whether it is paused, and what Kafka let go of unread.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.agencies.reader_tables import AgencyLossRow, AgencyReaderRow
from foothold_ingest.database import AuditRow

log = structlog.get_logger()


class ReaderState(NamedTuple):
    """Of one agency's reader.

    `lost`: records nobody had read when Kafka let go of them, `lost_at` the last time.
    """

    agency: str
    bad_in_a_row: int = 0
    paused_at: datetime | None = None
    lost: int = 0
    lost_at: datetime | None = None


class ReaderBook:
    """The tables.

    A reader is paused by its records and resumed by a person; starting ingest again changes
    nothing.
    """

    def __init__(self, engine: AsyncEngine, limit: int) -> None:
        self.engine = engine
        self.limit = limit

    async def paused(self) -> frozenset[str]:
        """Agencies whose topics are read no further."""
        query = select(AgencyReaderRow.agency).where(AgencyReaderRow.paused_at.is_not(None))
        async with self.engine.connect() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def state(self, agency: str) -> ReaderState:
        """How its reader fares."""
        return next((state for state in await self.states(agency)), ReaderState(agency))

    async def states(self, agency: str | None = None) -> list[ReaderState]:
        """Of every agency about whose reader something is known, or of this one."""
        losses = select(
            AgencyLossRow.agency,
            func.sum(AgencyLossRow.lost).label("lost"),
            func.max(AgencyLossRow.last_at).label("lost_at"),
        )
        lost = losses.group_by(AgencyLossRow.agency).subquery()
        name = func.coalesce(AgencyReaderRow.agency, lost.c.agency)
        columns = (
            name.label("agency"),
            AgencyReaderRow.bad_in_a_row,
            AgencyReaderRow.paused_at,
            lost.c.lost,
            lost.c.lost_at,
        )
        query = (
            select(*columns)
            .outerjoin_from(
                AgencyReaderRow, lost, lost.c.agency == AgencyReaderRow.agency, full=True
            )
            .order_by(name)
        )
        if agency is not None:
            query = query.where(name == agency)
        async with self.engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [
            ReaderState(r.agency, r.bad_in_a_row or 0, r.paused_at, int(r.lost or 0), r.lost_at)
            for r in rows
        ]

    async def note(self, agency: str, bad_in_a_row: int, now: datetime) -> None:
        """So many of its last records in a row were bad; from the limit on it is paused."""
        paused_at = now if bad_in_a_row >= self.limit else None
        known = upsert(AgencyReaderRow).values(
            agency=agency, bad_in_a_row=bad_in_a_row, paused_at=paused_at
        )
        kept = {
            "bad_in_a_row": bad_in_a_row,
            "paused_at": func.coalesce(AgencyReaderRow.paused_at, paused_at),
        }
        async with self.engine.begin() as connection:
            await connection.execute(
                known.on_conflict_do_update(index_elements=["agency"], set_=kept)
            )

    async def resume(self, agency: str, *, by: str, now: datetime) -> bool:
        """Let it be read on, with a count that begins anew; whether it was paused."""
        update_query = update(AgencyReaderRow).where(
            AgencyReaderRow.agency == agency, AgencyReaderRow.paused_at.is_not(None)
        )
        async with self.engine.begin() as connection:
            was_paused = (
                await connection.execute(
                    update_query.values(bad_in_a_row=0, paused_at=None).returning(
                        AgencyReaderRow.agency
                    )
                )
            ).first() is not None
            if was_paused:
                await connection.execute(
                    insert(AuditRow),
                    [
                        {
                            "at": now,
                            "actor": by,
                            "action": "reader_resumed",
                            "detail": {"agency": agency},
                        }
                    ],
                )
        return was_paused

    async def begin_anew(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Count offsets from the first again where a topic was made anew.

        It was made anew where more was counted than ever stood there.
        """
        async with self.engine.begin() as connection:
            known = await connection.execute(
                select(AgencyLossRow.agency, AgencyLossRow.partition, AgencyLossRow.counted_to)
            )
            for agency, partition, counted_to in known.all():
                if counted_to > ends.get((agency, partition), counted_to):
                    is_ours = (
                        AgencyLossRow.agency == agency,
                        AgencyLossRow.partition == partition,
                        AgencyLossRow.counted_to == counted_to,
                    )
                    await connection.execute(
                        update(AgencyLossRow).where(*is_ours).values(counted_to=0)
                    )
                    log.warning("ingest.topic_made_anew", agency=agency, partition=partition)

    async def lose(self, agency: str, partition: int, offsets: range, now: datetime) -> int:
        """Kafka has let go of these offsets and nobody had read them.

        Return how many were not counted before.
        """
        is_ours = (AgencyLossRow.agency == agency, AgencyLossRow.partition == partition)
        blank = {"agency": agency, "partition": partition, "counted_to": 0, "lost": 0}
        async with self.engine.begin() as connection:
            await connection.execute(upsert(AgencyLossRow).values(blank).on_conflict_do_nothing())
            counted_to = (
                await connection.execute(
                    select(AgencyLossRow.counted_to).where(*is_ours).with_for_update()
                )
            ).scalar_one()
            many = len(range(max(offsets.start, counted_to), offsets.stop))
            if many:
                more = {
                    "counted_to": offsets.stop,
                    "lost": AgencyLossRow.lost + many,
                    "last_at": now,
                }
                await connection.execute(update(AgencyLossRow).where(*is_ours).values(more))
        if many:
            log.error(
                "ingest.records_lost",
                agency=agency,
                partition=partition,
                first=offsets.stop - many,
                last=offsets.stop - 1,
                records=many,
            )
        return many
