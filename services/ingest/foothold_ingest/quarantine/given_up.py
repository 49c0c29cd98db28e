"""Doubts, questions and tickets at which the program failed three times.

They wait until somebody lets them be tried again.
"""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import MOST_ATTEMPTS, AuditRow, DoubleRow
from foothold_ingest.disputes.tables import DisputeRow
from foothold_ingest.statements.question_tables import StatementQuestionRow as Question


async def listed(engine: AsyncEngine) -> list[str]:
    """A line for each, by its id."""
    async with engine.connect() as connection:
        doubts = await connection.execute(
            select(DisputeRow.dispute_id)
            .where(DisputeRow.attempts >= MOST_ATTEMPTS)
            .order_by(DisputeRow.asked_at)
        )
        asked = await connection.execute(
            select(Question.question_id)
            .where(Question.attempts >= MOST_ATTEMPTS)
            .order_by(Question.asked_at)
        )
        tickets = await connection.execute(
            select(DoubleRow.ticket)
            .where(DoubleRow.attempts >= MOST_ATTEMPTS)
            .order_by(DoubleRow.ticket)
        )
        names = [
            *(f"doubt {name}" for name in doubts.scalars()),
            *(f"question {name}" for name in asked.scalars()),
        ]
        return [*names, *(f"ticket {ticket}" for ticket in tickets.scalars())]


async def retry(engine: AsyncEngine, *, by: str, now: datetime) -> int:
    """Let all of them be tried again, with a count that begins anew; return how many."""
    async with engine.begin() as connection:
        doubts = (
            update(DisputeRow)
            .where(DisputeRow.attempts >= MOST_ATTEMPTS)
            .values(attempts=0)
            .returning(DisputeRow.dispute_id)
        )
        asked = (
            update(Question)
            .where(Question.attempts >= MOST_ATTEMPTS)
            .values(attempts=0)
            .returning(Question.question_id)
        )
        tickets = (
            update(DoubleRow)
            .where(DoubleRow.attempts >= MOST_ATTEMPTS)
            .values(attempts=0)
            .returning(DoubleRow.ticket)
        )
        many = sum(
            [len((await connection.execute(query)).all()) for query in (doubts, asked, tickets)]
        )
        if many:
            await connection.execute(
                insert(AuditRow),
                [{"at": now, "actor": by, "action": "given_up_retried", "detail": {"many": many}}],
            )
    return many
