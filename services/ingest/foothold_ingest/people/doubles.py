"""Tickets for people who stand in two households at once.

Nothing is merged by itself: the register is mended, or somebody dismisses the ticket.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    Exists,
    RowMapping,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased

from foothold_ingest.database import DoubleRow, HouseholdRow, MembershipRow
from foothold_schemas.facts.register import TicketState


async def look(connection: AsyncConnection, households: Sequence[str], now: datetime) -> None:
    """Open a ticket for each person these households share with another at the same time.

    Close those that are mended.
    """
    pairs = (await connection.execute(_shared(households))).all()
    if pairs:
        rows = [
            {"person_ref": p, "household_id": household, "other_id": other, "opened_at": now}
            for p, household, other in sorted(tuple(pair) for pair in pairs)
        ]
        known = or_(DoubleRow.outcome.is_(None), DoubleRow.outcome == TicketState.DISMISSED)
        once = ["person_ref", "household_id", "other_id"]
        await connection.execute(
            insert(DoubleRow).on_conflict_do_nothing(index_elements=once, index_where=known), rows
        )
    mended = update(DoubleRow).where(
        DoubleRow.closed_at.is_(None),
        or_(DoubleRow.household_id.in_(households), DoubleRow.other_id.in_(households)),
        tuple_(DoubleRow.person_ref, DoubleRow.household_id, DoubleRow.other_id).not_in(
            [tuple(pair) for pair in pairs]
        ),
    )
    await connection.execute(mended.values(closed_at=now, outcome=TicketState.MENDED))


async def end(connection: AsyncConnection, household_id: str, now: datetime) -> None:
    """The household is erased: its open tickets end.

    The other household has yet to hear of it; then they are forgotten as well.
    """
    its = or_(DoubleRow.household_id == household_id, DoubleRow.other_id == household_id)
    await connection.execute(
        update(DoubleRow)
        .where(its, DoubleRow.closed_at.is_(None))
        .values(closed_at=now, outcome=TicketState.MENDED)
    )
    await connection.execute(delete(DoubleRow).where(its, DoubleRow.told == DoubleRow.outcome))


def open_for(person_ref: InstrumentedAttribute[str]) -> Exists:
    """Whether a ticket is open for the person."""
    return exists().where(DoubleRow.person_ref == person_ref, DoubleRow.closed_at.is_(None))


def _shared(households: Sequence[str]) -> Select[str, str, str]:
    left, right = aliased(MembershipRow), aliased(MembershipRow)
    first, other = (
        func.least(left.household_id, right.household_id),
        func.greatest(left.household_id, right.household_id),
    )
    # one common day is a seam: out of one, into the other
    at_once = func.greatest(_starts(left), _starts(right)) < func.least(_ends(left), _ends(right))
    both = and_(
        right.person_ref == left.person_ref, right.household_id != left.household_id, at_once
    )
    return (
        select(left.person_ref, first, other)
        .join(right, both)
        .where(left.household_id.in_(households))
        .distinct()
    )


def _starts(row: type[MembershipRow]) -> ColumnElement[date]:
    return func.coalesce(row.joined_on, literal(date.min))


def _ends(row: type[MembershipRow]) -> ColumnElement[date]:
    return func.coalesce(row.left_on, literal(date.max))


async def waiting(connection: AsyncConnection) -> Sequence[RowMapping]:
    """Open tickets, oldest first, with both households' sealed subjects."""
    first, other = aliased(HouseholdRow), aliased(HouseholdRow)
    query = (
        select(
            DoubleRow.ticket,
            DoubleRow.opened_at,
            first.sealed_subject.label("one"),
            other.sealed_subject.label("other"),
        )
        .join(first, first.household_id == DoubleRow.household_id)
        .join(other, other.household_id == DoubleRow.other_id)
        .where(DoubleRow.closed_at.is_(None))
        .order_by(DoubleRow.ticket)
    )
    return (await connection.execute(query)).mappings().all()


async def dismiss(
    connection: AsyncConnection, ticket: int, *, actor: str, because: str, now: datetime
) -> bool:
    """Close a ticket as no double; whether it was open."""
    update_query = (
        update(DoubleRow)
        .where(DoubleRow.ticket == ticket, DoubleRow.closed_at.is_(None))
        .returning(DoubleRow.ticket)
    )
    return (
        await connection.execute(
            update_query.values(
                closed_at=now, outcome=TicketState.DISMISSED, actor=actor, because=because
            )
        )
    ).first() is not None
