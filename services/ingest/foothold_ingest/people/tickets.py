"""Tells both households' logs that a member is in doubt between them, and that it is no longer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import RowMapping, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.database import MOST_ATTEMPTS, DoubleRow, HouseholdRow
from foothold_ingest.log.writer import Line, Publisher, fact_line
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.accept import fact_id
from foothold_ingest.turns import Items, take_turns
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.register import MembershipDisputed, TicketState

LOOK_SECONDS: Final = 1.0
AT_ONCE: Final = 200
_SOURCE: Final = "/foothold/tickets"
_STATE: Final = func.coalesce(DoubleRow.outcome, literal(TicketState.OPEN.value))
_UNTOLD: Final = DoubleRow.told.is_distinct_from(_STATE)

log = structlog.get_logger()


class Tickets:
    """Any number of replicas may run one: each ticket is taken by one of them."""

    def __init__(self, engine: AsyncEngine, publisher: Publisher, metrics: Metrics) -> None:
        self._engine = engine
        self._publisher = publisher
        self._metrics = metrics
        self._items = Items[int]("tickets", engine, metrics, name=lambda ticket: ticket)

    async def run(self) -> None:
        """Run until cancelled: what the logs do not know yet, then a pause."""
        await take_turns("tickets", self._turn, self._metrics, pause=LOOK_SECONDS)

    async def _turn(self) -> None:
        while await self.announce_some() == AT_ONCE:
            self._metrics.progress.labels("tickets").set_to_current_time()
        await self._count()

    async def announce_some(self) -> int:
        """Return how many were told.

        Those that another replica has in hand, or that failed, are none of them.
        """
        count = 0

        async def announce(tickets: Sequence[int]) -> None:
            nonlocal count
            count += await self._announce(tickets)

        async with self._engine.connect() as connection:
            untold = (
                select(DoubleRow.ticket)
                .where(_UNTOLD, DoubleRow.attempts < MOST_ATTEMPTS)
                .order_by(DoubleRow.ticket)
                .limit(AT_ONCE)
            )
            tickets = (await connection.execute(untold)).scalars().all()
        await self._items.work(tickets, announce, self._failed)
        return count

    async def _failed(self, ticket: int, _: str) -> bool:
        """One more attempt failed; after the last, the ticket waits for a person."""
        async with self._engine.begin() as connection:
            update_query = (
                update(DoubleRow)
                .where(DoubleRow.ticket == ticket)
                .values(attempts=DoubleRow.attempts + 1)
            )
            attempts = (
                await connection.execute(update_query.returning(DoubleRow.attempts))
            ).scalar_one()
        log.error("ingest.ticket_failed", ticket=ticket, attempts=attempts)
        return int(attempts) >= MOST_ATTEMPTS

    async def _announce(self, tickets: Sequence[int]) -> int:
        """Write the tickets to the log first, then the row.

        After a crash between, a ticket is told once more under the same ids, and counts once.
        """
        async with self._engine.begin() as connection:
            query = select(*DoubleRow.__table__.columns, _STATE.label("state")).where(
                DoubleRow.ticket.in_(tickets), _UNTOLD
            )
            rows = (
                (
                    await connection.execute(
                        query.order_by(DoubleRow.ticket).with_for_update(skip_locked=True)
                    )
                )
                .mappings()
                .all()
            )
            there = await _registered(connection, rows)
            await self._publisher.deliver([line for row in rows for line in _lines(row, there)])
            for row in rows:
                await connection.execute(
                    update(DoubleRow)
                    .where(DoubleRow.ticket == row["ticket"])
                    .values(told=row["state"], attempts=0)
                )
                log.info(
                    "ingest.ticket",
                    ticket=row["ticket"],
                    state=row["state"],
                    households=[row["household_id"], row["other_id"]],
                )
            await _forget(
                connection,
                [
                    row["ticket"]
                    for row in rows
                    if not {row["household_id"], row["other_id"]} <= there
                ],
            )
            return len(rows)

    async def _count(self) -> None:
        async with self._engine.connect() as connection:
            is_open = (
                select(func.count()).select_from(DoubleRow).where(DoubleRow.closed_at.is_(None))
            )
            self._metrics.tickets.set((await connection.execute(is_open)).scalar_one())


async def _registered(connection: AsyncConnection, rows: Sequence[RowMapping]) -> frozenset[str]:
    """Which of these households the register still has: nothing is written of an erased one."""
    named = {row[column] for row in rows for column in ("household_id", "other_id")}
    result = await connection.execute(
        select(HouseholdRow.household_id).where(HouseholdRow.household_id.in_(named))
    )
    return frozenset(row.household_id for row in result)


async def _forget(connection: AsyncConnection, tickets: Sequence[int]) -> None:
    if tickets:
        await connection.execute(
            delete(DoubleRow).where(DoubleRow.ticket.in_(tickets), DoubleRow.closed_at.is_not(None))
        )


def _lines(row: RowMapping, there: frozenset[str]) -> list[Line]:
    first, other = row["household_id"], row["other_id"]
    return [
        fact_line(_record(row, household, theirs))
        for household, theirs in ((first, other), (other, first))
        if household in there
    ]


def _record(row: RowMapping, household: str, theirs: str) -> FactRecord:
    state = TicketState(row["state"])
    at: datetime = row["opened_at"] if state is TicketState.OPEN else row["closed_at"]
    name = f"{row['ticket']}-{state.value}-{household}"
    return FactRecord(
        fact_id=fact_id(_SOURCE, name),
        household_id=household,
        agency="foothold",
        source=_SOURCE,
        id=name,
        time=at,
        recorded_time=at,
        data=MembershipDisputed(
            ticket=row["ticket"], state=state, person_ref=row["person_ref"], other_household=theirs
        ),
    )
