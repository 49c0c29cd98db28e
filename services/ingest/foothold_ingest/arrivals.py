"""How many events of each kind came from each agency on each calendar day, and what became of them. For people to look at; nothing is decided by it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import AWAY, ArrivalRow
from foothold_ingest.rules.times import SHANGHAI
from foothold_runtime.loops import goes_on

FLUSH_SECONDS: Final = 2.0

log = structlog.get_logger()


class Arrival(NamedTuple):
    """What is counted; `outcome` is accepted, held, repeated or refused."""

    agency: str
    day: date
    kind: str
    outcome: str


class KindCount(NamedTuple):
    """A kind's numbers in one stretch of days."""

    kind: str
    taken: int
    held: int
    refused: int


class ArrivalBook:
    """Counted in memory and written every two seconds; a crash may lose what came since, and nothing else."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._counted: Counter[Arrival] = Counter()

    def note(self, agency: str, kind: str, outcome: str, now: datetime, many: int = 1) -> None:
        """Count."""
        self._counted[Arrival(agency, now.astimezone(SHANGHAI).date(), kind, outcome)] += many

    async def run(self) -> None:
        """For ever; what is left is written at the end."""
        try:
            while goes_on():
                await asyncio.sleep(FLUSH_SECONDS)
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Write what was counted; while the database is away it goes on being counted."""
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        statement = insert(ArrivalRow)
        rows = [{**one._asdict(), "many": many} for one, many in sorted(counted.items())]
        try:
            async with self._engine.begin() as connection:
                keys = ["agency", "day", "kind", "outcome"]
                await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_={"many": ArrivalRow.many + statement.excluded.many}), rows)
        except AWAY:
            self._counted.update(counted)
            log.warning("ingest.arrivals_not_written", reason="the database is away")

    async def since(self, agency: str, first: date) -> Sequence[KindCount]:
        """The agency's kinds since the day, the largest first."""
        wanted = select(ArrivalRow.kind, ArrivalRow.outcome, func.sum(ArrivalRow.many).label("many")).where(
            ArrivalRow.agency == agency, ArrivalRow.day >= first
        )
        found: dict[str, Counter[str]] = {}
        async with self._engine.connect() as connection:
            for row in await connection.execute(wanted.group_by(ArrivalRow.kind, ArrivalRow.outcome)):
                found.setdefault(row.kind, Counter())[row.outcome] += int(row.many)
        counts = [KindCount(kind, many["accepted"], many["held"], many["refused"]) for kind, many in found.items()]
        return sorted(counts, key=lambda c: (-(c.taken + c.held + c.refused), c.kind))
