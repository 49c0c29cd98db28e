"""Looks every few seconds for work that was missed.

That is a job whose worker died, or something said or overdue that has no job.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from foothold_alerts.areas.warnings import REMIND, Areas
from foothold_alerts.cases.pauses import Pauses
from foothold_alerts.jobs.deadlines import TASK as PASSED
from foothold_alerts.jobs.deadlines import Deadlines
from foothold_alerts.jobs.outbox import TASK as SEND
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.jobs.queue import Jobs
from foothold_alerts.metrics import Metrics
from foothold_alerts.turns import Turns
from foothold_runtime.loops import not_cancelled

EVERY_SECONDS: Final = 5.0
OVERDUE: Final = timedelta(seconds=15)

log = structlog.get_logger()


class Sweep:
    """Costs a few short queries each time, and usually finds nothing."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        jobs: Jobs,
        outbox: Outbox,
        deadlines: Deadlines,
        metrics: Metrics | None = None,
        *,
        pauses: Pauses | None = None,
        areas: Areas | None = None,
    ) -> None:
        self._pauses = pauses
        self._areas = areas
        self._turns = Turns("sweep", metrics)
        self._jobs = jobs
        self._outbox = outbox
        self._deadlines = deadlines

    async def run(self) -> None:
        """For ever, whatever one turn meets.

        While the database is away there is nothing to sweep.
        """
        while not_cancelled():
            await asyncio.sleep(EVERY_SECONDS)
            await self._turns.take(lambda: self.once(datetime.now(UTC)))

    async def once(self, now: datetime) -> None:
        """One look."""
        if revived := await self._jobs.revive():
            log.warning("alerts.jobs_revived", jobs=revived)
        for household_id in await self._outbox.unsent(now - OVERDUE):
            await self._jobs.nudge(SEND, lock=household_id, household_id=household_id)
        for deadline_id in await self._deadlines.forgotten(now - OVERDUE):
            await self._jobs.nudge(PASSED, lock=f"deadline {deadline_id}", deadline_id=deadline_id)
        if self._pauses is not None:
            await self._pauses.end(now)
        for number in await self._areas.let_go() if self._areas is not None else ():
            await self._jobs.nudge(REMIND, lock=f"region {number}", number=number)
