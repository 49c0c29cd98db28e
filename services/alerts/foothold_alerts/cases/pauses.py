"""Ends pauses that have lasted too long, or whose author may not pause there any more.

The township is told that time runs again.
"""

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import and_, insert, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.cases.locked import business_day
from foothold_alerts.jobs.deadlines import Deadlines
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.rules.acts.pause import ends_on, resume
from foothold_alerts.rules.case import Role
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.notices import Event, Note, place_of
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import AuditRow, CaseRow
from foothold_alerts.tables.rows import SYSTEM, audit_row, case_of, standing
from foothold_runtime.databases import rows_of, whole

AT_ONCE: Final = 100

log = structlog.get_logger()


class Pauses:
    """Asked by the sweep, every few seconds: one query where there is nothing to end."""

    def __init__(
        self,
        engine: AsyncEngine,
        workflows: Workflows,
        calendar: WorkDays,
        deadlines: Deadlines,
        notices: Notices,
    ) -> None:
        self._engine = engine
        self._workflows = workflows
        self._calendar = calendar
        self._deadlines = deadlines
        self._notices = notices

    async def end(self, now: datetime) -> int:
        """End what is over by the business day; return how many."""
        async with self._engine.begin() as connection:
            today = await business_day(connection, now)
            too_long = [
                and_(
                    CaseRow.workflow == version,
                    CaseRow.paused_on <= today - (ends_on(today, workflow) - today),
                )
                for version, workflow in self._workflows.versions.items()
            ]
            over = whole(CaseRow).where(
                CaseRow.paused_on.is_not(None), or_(CaseRow.paused_by.is_(None), *too_long)
            )
            some = over.order_by(CaseRow.case_id).limit(AT_ONCE)
            rows = await rows_of(connection, some.with_for_update(skip_locked=True))
            for row in rows:
                await self._end(connection, row, now)
            await self._deadlines.follow(connection, [row.case_id for row in rows], now)
            notes = [
                Note(row.number, place_of(row.area, Role.TOWNSHIP), Event.PAUSE_OVER)
                for row in rows
            ]
            await self._notices.add(connection, notes, now)
        for row in rows:
            log.info("alerts.pause_over", case_number=row.number)
        return len(rows)

    async def _end(self, connection: AsyncConnection, row: CaseRow, now: datetime) -> None:
        workflow = self._workflows.of(row.workflow)
        after = resume(case_of(row), await business_day(connection, now), workflow, self._calendar)
        if after is not None:
            values = standing(after) | {"version": row.version + 1}
            await connection.execute(
                update(CaseRow).where(CaseRow.case_id == row.case_id).values(**values)
            )
            await connection.execute(
                insert(AuditRow),
                [audit_row(now, SYSTEM, "pause_over", row.case_id, reason=row.pause_reason)],
            )
