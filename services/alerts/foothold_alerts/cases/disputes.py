"""Handles facts the desk doubts.

The question goes to the fact's sender by way of ingest, and what became of it comes back.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.cases.locked import CaseLock, Handling, NotAllowed, Stale
from foothold_alerts.cases.settling import stands_of
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.rules.acts.dispute import evidence_of, is_later, not_dispute
from foothold_alerts.tables.cases import AuditRow, CaseRow, DisputeRow
from foothold_alerts.tables.rows import audit_row
from foothold_runtime.databases import row_of, whole
from foothold_schemas.messages.disputes import DisputeNews, DisputeState, Doubt, FactDisputed

INGEST = "foothold-ingest"


class Disputes:
    """LookupError: no such case in the person's area."""

    def __init__(self, engine: AsyncEngine, hold: CaseLock, outbox: Outbox) -> None:
        self._engine = engine
        self._hold = hold
        self._outbox = outbox

    async def ask(
        self,
        handling: Handling,
        fact_id: str,
        doubt: Doubt,
        note: str,
    ) -> None:
        """Put a fact the case shows to its sender; raise Stale, NotAllowed or LookupError.

        What it counts for changes only by a correction.
        """
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            evidence = evidence_of(await stands_of(connection, row), fact_id)
            if evidence is None:
                raise Stale
            if (
                no := not_dispute(
                    evidence,
                    note,
                    is_asked=await _is_asked(connection, row.household_id, fact_id),
                )
            ) is not None:
                raise NotAllowed(no)
            word = FactDisputed(
                disputed=fact_id,
                fact_kind=evidence["kind"],
                fact_day=date.fromisoformat(evidence["day"]),
                doubt=doubt,
                note=note,
            )
            dispute_id = await self._outbox.say(
                connection, row.household_id, word, by=handling.who.name, at=handling.now
            )
            asked = {
                "dispute_id": dispute_id,
                "case_id": row.case_id,
                "household_id": row.household_id,
                "fact_id": fact_id,
            }
            values = {
                "doubt": doubt.value,
                "note": note,
                "by": handling.who.name,
                "at": handling.now,
                "state": DisputeState.ASKED.value,
                "answer": "",
            }
            await connection.execute(insert(DisputeRow), [asked | values])
            await self._hold.change(connection, row, {}, handling.now)
            await self._hold.note(
                connection, handling, "disputed", row, doubt=doubt.value, note=note
            )

    async def take(self, answers: Sequence[DisputeNews]) -> None:
        """What became of questions; read twice, or in another order, it comes to the same."""
        for news in answers:
            async with self._engine.begin() as connection:
                await self._take(connection, news)

    async def _take(self, connection: AsyncConnection, news: DisputeNews) -> None:
        query = whole(DisputeRow).where(DisputeRow.dispute_id == news.dispute_id).with_for_update()
        row = await row_of(connection, query)
        if row is None:
            return  # asked by a desk whose database was put back to an earlier day
        statement = update(DisputeRow).where(DisputeRow.dispute_id == news.dispute_id)
        if not is_later(news.state, DisputeState(row.state)):
            await connection.execute(
                statement.where(DisputeRow.agency.is_(None)).values(agency=news.agency)
            )
            return
        await connection.execute(
            statement.values(
                state=news.state.value, agency=news.agency, answer=news.note, answered_at=news.at
            )
        )
        await connection.execute(
            update(CaseRow)
            .where(CaseRow.case_id == row.case_id)
            .values(version=CaseRow.version + 1)
        )
        detail = (
            {"agency": news.agency, "note": news.note} if news.note else {"agency": news.agency}
        )
        await connection.execute(
            insert(AuditRow),
            [audit_row(news.at, INGEST, f"dispute_{news.state.value}", row.case_id, **detail)],
        )


async def _is_asked(connection: AsyncConnection, household_id: str, fact_id: str) -> bool:
    query = select(DisputeRow.dispute_id).where(
        DisputeRow.household_id == household_id,
        DisputeRow.fact_id == fact_id,
        DisputeRow.state == DisputeState.ASKED.value,
    )
    return (await connection.execute(query.limit(1))).scalar_one_or_none() is not None
