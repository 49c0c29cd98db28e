"""Counts what stands in the database, for the gauges."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.jobs import aside as jobs_aside
from foothold_alerts.metrics import Metrics
from foothold_alerts.rules.case import OPEN, UNPAID, ReliefKind
from foothold_alerts.rules.deadlines import DeadlineKind
from foothold_alerts.tables.cases import CaseRow, DeadlineRow, OutboxRow, ReliefRow
from foothold_alerts.turns import Turns
from foothold_runtime.loops import not_cancelled

COUNT_SECONDS: Final = 2.0


class Tally:
    """Every two seconds; while the database is away the gauges keep what they last knew."""

    def __init__(self, engine: AsyncEngine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._turns = Turns("tally", metrics)

    async def run(self) -> None:
        """Run until cancelled."""
        while not_cancelled():
            await self._turns.take(lambda: self.once(datetime.now(UTC)))
            await asyncio.sleep(COUNT_SECONDS)

    async def once(self, now: datetime) -> None:
        """One count of everything."""
        stages = (
            select(CaseRow.stage, func.count())
            .where(CaseRow.stage.in_([s.value for s in OPEN]))
            .group_by(CaseRow.stage)
        )
        proposed = (
            select(ReliefRow.kind, func.count())
            .where(ReliefRow.status.in_(UNPAID))
            .group_by(ReliefRow.kind)
        )
        overdue = (
            select(DeadlineRow.kind, func.count())
            .where(DeadlineRow.done_at.is_(None), DeadlineRow.due_at < now)
            .group_by(DeadlineRow.kind)
        )
        provisional = (
            select(func.count())
            .select_from(DeadlineRow)
            .where(DeadlineRow.is_provisional, DeadlineRow.done_at.is_(None))
        )
        unsent = (
            select(func.count())
            .select_from(OutboxRow)
            .where(OutboxRow.sent_at.is_(None), OutboxRow.set_aside_at.is_(None))
        )
        metrics = self._metrics
        async with self._engine.connect() as connection:
            for gauge, codes, question in (
                (metrics.open_cases, OPEN, stages),
                (metrics.relief, ReliefKind, proposed),
                (metrics.relief_overdue, ReliefKind, proposed.where(ReliefRow.due_at < now)),
                (metrics.overdue, DeadlineKind, overdue),
            ):
                counts = await _by_code(connection, question)
                for code in codes:
                    gauge.labels(code.value).set(counts.get(code.value, 0))
            metrics.provisional.set((await connection.execute(provisional)).scalar_one())
            metrics.unsent.set((await connection.execute(unsent)).scalar_one())
            metrics.jobs_set_aside.set(await jobs_aside.count(connection))


async def _by_code(connection: AsyncConnection, question: Select[str, int]) -> dict[str, int]:
    return {code: count for code, count in await connection.execute(question)}  # noqa: C416 - dict() does not see that a row is a pair
