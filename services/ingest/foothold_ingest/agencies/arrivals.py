"""How many events of each kind came from each agency on each calendar day, and what became of them.

For people to look at; nothing is decided by it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Final, NamedTuple

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import ArrivalRow
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.times import SHANGHAI
from foothold_ingest.turns import take_turns
from foothold_runtime.databases import UNAVAILABLE, while_database_down

FLUSH_SECONDS: Final = 2.0
Work = Callable[[], Awaitable[None]]

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
    """Counted in memory and written every two seconds.

    A crash may lose what came since, and nothing else.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._counted: Counter[Arrival] = Counter()

    def note(self, agency: str, kind: str, outcome: str, now: datetime, many: int = 1) -> None:
        """Count."""
        self._counted[Arrival(agency, now.astimezone(SHANGHAI).date(), kind, outcome)] += many

    async def run(self, metrics: Metrics) -> None:
        """Run until cancelled; what is left is written at the end."""
        try:
            await take_turns("arrivals", self.flush, metrics, pause=FLUSH_SECONDS)
        finally:
            await self._write_all()

    async def flush(self) -> None:
        """Write what was counted; while the database is away it goes on being counted."""
        await self._write_all(
            patience=lambda work: while_database_down(self._engine, work, of="arrivals")
        )

    async def _write_all(
        self, patience: Callable[[Work], Awaitable[None]] = lambda work: work()
    ) -> None:
        """What cannot be written because the database is away is counted on.

        A row that is refused while it answers is let go of, by its name.
        """
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            await patience(lambda: self._write(counted))
        except (asyncio.CancelledError, *UNAVAILABLE):
            self._counted.update(counted)
            log.warning("ingest.arrivals_not_written", reason="the database is away")
            raise
        except Exception as error:  # noqa: BLE001 - figures for people to look at, which must never stand still for one of them
            log.warning("ingest.arrivals_one_by_one", rows=len(counted), error=type(error).__name__)
            await self._write_each(counted, patience)

    async def _write_each(
        self, counted: Counter[Arrival], patience: Callable[[Work], Awaitable[None]]
    ) -> None:
        """Each row alone, once; what was not reached is counted on."""
        left = Counter(counted)
        try:
            for arrival, many in counted.items():
                try:
                    await patience(partial(self._write, Counter({arrival: many})))
                except UNAVAILABLE:
                    raise
                except Exception as error:  # noqa: BLE001 - see above
                    names = {name: str(value) for name, value in arrival._asdict().items()}
                    log.error("ingest.arrival_refused", error=type(error).__name__, **names)  # noqa: TRY400 - the message may hold what was sent
                del left[arrival]
        finally:
            self._counted.update(left)

    async def _write(self, counted: Counter[Arrival]) -> None:
        insert_query, keys = insert(ArrivalRow), ["agency", "day", "kind", "outcome"]
        rows = [{**arrival._asdict(), "many": many} for arrival, many in sorted(counted.items())]
        async with self._engine.begin() as connection:
            await connection.execute(
                insert_query.on_conflict_do_update(
                    index_elements=keys, set_={"many": ArrivalRow.many + insert_query.excluded.many}
                ),
                rows,
            )

    async def since(self, agency: str, first: date) -> Sequence[KindCount]:
        """The agency's kinds since the day, the largest first."""
        query = select(
            ArrivalRow.kind, ArrivalRow.outcome, func.sum(ArrivalRow.many).label("many")
        ).where(ArrivalRow.agency == agency, ArrivalRow.day >= first)
        by_kind: dict[str, Counter[str]] = {}
        async with self._engine.connect() as connection:
            for row in await connection.execute(
                query.group_by(ArrivalRow.kind, ArrivalRow.outcome)
            ):
                by_kind.setdefault(row.kind, Counter())[row.outcome] += int(row.many)
        counts = [
            KindCount(kind, many["accepted"], many["held"], many["refused"])
            for kind, many in by_kind.items()
        ]
        return sorted(counts, key=lambda c: (-(c.taken + c.held + c.refused), c.kind))
