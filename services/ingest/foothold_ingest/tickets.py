"""Tells both households' logs that a member is in doubt between them, and that it is no longer."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import RowMapping, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.database import DoubleRow, HouseholdRow, patiently
from foothold_ingest.metrics import Metrics
from foothold_ingest.publish import Line, Publisher, fact_line
from foothold_ingest.rules.accept import fact_id
from foothold_runtime.loops import goes_on
from foothold_schemas.envelope import FactRecord
from foothold_schemas.register import MembershipDisputed, TicketState

LOOK_SECONDS: Final = 1.0
AT_ONCE: Final = 200
_SOURCE: Final = "/foothold/tickets"

log = structlog.get_logger()


class Tickets:
    """Any number of replicas may run one: each ticket is taken by one of them."""

    def __init__(self, engine: AsyncEngine, publisher: Publisher, metrics: Metrics) -> None:
        self._engine = engine
        self._publisher = publisher
        self._metrics = metrics

    async def run(self) -> None:
        """For ever: what the logs do not know yet, then a pause."""
        while goes_on():
            async for attempt in patiently():
                with attempt:
                    while await self.tell_some() == AT_ONCE:
                        pass
                    await self._count()
            await asyncio.sleep(LOOK_SECONDS)

    async def tell_some(self) -> int:
        """The log first, then the row: after a crash between, it is told once more under the same ids, and counts once. Return how many were told."""
        async with self._engine.begin() as connection:
            state = func.coalesce(DoubleRow.outcome, literal(TicketState.OPEN.value)).label("state")
            wanted = select(*DoubleRow.__table__.columns, state).where(DoubleRow.told.is_distinct_from(state))
            rows = (await connection.execute(wanted.order_by(DoubleRow.ticket).limit(AT_ONCE).with_for_update(skip_locked=True))).mappings().all()
            there = await _registered(connection, rows)
            await self._publisher.deliver([line for row in rows for line in _lines(row, there)])
            for row in rows:
                await connection.execute(update(DoubleRow).where(DoubleRow.ticket == row["ticket"]).values(told=row["state"]))
                log.info("ingest.ticket", ticket=row["ticket"], state=row["state"], households=[row["household_id"], row["other_id"]])
            await _forget(connection, [row["ticket"] for row in rows if not {row["household_id"], row["other_id"]} <= there])
        return len(rows)

    async def _count(self) -> None:
        async with self._engine.connect() as connection:
            is_open = select(func.count()).select_from(DoubleRow).where(DoubleRow.closed_at.is_(None))
            self._metrics.tickets.set((await connection.execute(is_open)).scalar_one())


async def _registered(connection: AsyncConnection, rows: Sequence[RowMapping]) -> frozenset[str]:
    """Which of these households the register still has: of an erased one nothing more is written."""
    named = {row[column] for row in rows for column in ("household_id", "other_id")}
    found = await connection.execute(select(HouseholdRow.household_id).where(HouseholdRow.household_id.in_(named)))
    return frozenset(row.household_id for row in found)


async def _forget(connection: AsyncConnection, tickets: Sequence[int]) -> None:
    if tickets:
        await connection.execute(delete(DoubleRow).where(DoubleRow.ticket.in_(tickets), DoubleRow.closed_at.is_not(None)))


def _lines(row: RowMapping, there: frozenset[str]) -> list[Line]:
    one, other = row["household_id"], row["other_id"]
    return [fact_line(_record(row, mine, theirs)) for mine, theirs in ((one, other), (other, one)) if mine in there]


def _record(row: RowMapping, mine: str, theirs: str) -> FactRecord:
    state = TicketState(row["state"])
    at: datetime = row["opened_at"] if state is TicketState.OPEN else row["closed_at"]
    name = f"{row['ticket']}-{state.value}-{mine}"
    return FactRecord(
        fact_id=fact_id(_SOURCE, name),
        household_id=mine,
        agency="foothold",
        source=_SOURCE,
        id=name,
        time=at,
        recorded_time=at,
        data=MembershipDisputed(ticket=row["ticket"], state=state, person_ref=row["person_ref"], other_household=theirs),
    )
