"""Durable jobs in the desk's own database: put there in the transaction of what they follow from, so that neither is ever without the other."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job
from psycopg import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from foothold_runtime.loops import goes_on

LONGEST_WAIT: Final = 60
CONCURRENCY: Final = 4
POLL_SECONDS: Final = 2.0
HEARTBEAT_SECONDS: Final = 2.0
STALLED_SECONDS: Final = 10.0
AWAY_SECONDS: Final = 1.0
END_SECONDS: Final = 3.0

log = structlog.get_logger()


class AskedToWait(Exception):  # noqa: N818 - an answer
    """The other side said for how many seconds it wants to hear nothing; None: it did not say."""

    def __init__(self, seconds: int | None) -> None:
        super().__init__(f"asked to wait: {seconds}")
        self.seconds = seconds


class BackOff(BaseRetryStrategy):
    """Two seconds, four, eight, and never more than a minute: whatever was away is back in work within one. Who asks to wait is not disturbed before."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """For ever."""
        asked = exception.seconds if isinstance(exception, AskedToWait) else None
        wait = asked or min(2 ** min(job.attempts + 1, 10), LONGEST_WAIT)
        log.warning("alerts.job_again", job=job.task_name, attempts=job.attempts + 1, seconds=wait, error=type(exception).__name__)
        return RetryDecision(retry_in={"seconds": wait})


async def _end(work: asyncio.Task[None]) -> None:
    """A worker signs off in the database; while that is away it waits for it, and answers the first cancelling with an error of its own."""
    for _ in range(2):
        work.cancel()
        await asyncio.wait({work}, timeout=END_SECONDS)
    if work.done():
        await asyncio.gather(work, return_exceptions=True)


class Jobs:
    """Procrastinate on alerts' database. Every job may run twice, and says so by changing nothing the second time."""

    def __init__(self, url: str) -> None:
        self._app = App(connector=PsycopgConnector(conninfo=url.replace("+psycopg", "", 1), min_size=1, max_size=CONCURRENCY + 2))

    def task(self, name: str, do: Callable[..., Awaitable[None]]) -> None:
        """What a job of this name does. One that raises is tried again, later each time, for ever."""
        self._app.task(name=name, retry=BackOff())(do)

    async def defer(self, connection: AsyncConnection, name: str, *, lock: str | None = None, at: datetime | None = None, **given: Any) -> None:  # noqa: ANN401
        """Enqueue in the connection's transaction. Jobs of one lock run one after another."""
        raw = (await connection.get_raw_connection()).driver_connection
        await self._app.configure_task(name, allow_unknown=True, lock=lock, schedule_at=at, connection=raw).defer_async(**given)

    async def defer_many(self, connection: AsyncConnection, name: str, given: Sequence[tuple[datetime, dict[str, Any]]]) -> None:
        """Enqueue many of one kind in one round trip, each at its own time; in the connection's transaction."""
        if not given:
            return
        raw = (await connection.get_raw_connection()).driver_connection
        one = self._app.configure_task(name, allow_unknown=True).job
        jobs = [one.evolve(scheduled_at=at, task_kwargs=words) for at, words in given]
        await self._app.job_manager.batch_defer_jobs_async(jobs=jobs, connection=raw)

    async def run(self) -> None:
        """Work until cancelled; while the database is away, wait for it."""
        work = asyncio.create_task(self._work())
        try:
            await asyncio.wait({work})
            work.result()
        finally:
            await _end(work)

    async def _work(self) -> None:
        while goes_on():
            try:
                async with self._app.open_async():
                    await self._app.run_worker_async(
                        concurrency=CONCURRENCY,
                        fetch_job_polling_interval=POLL_SECONDS,
                        update_heartbeat_interval=HEARTBEAT_SECONDS,
                        stalled_worker_timeout=STALLED_SECONDS,
                        install_signal_handlers=False,
                        delete_jobs="successful",
                    )
            except (ConnectorException, OperationalError) as error:
                log.warning("alerts.jobs_away", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)

    async def nudge(self, name: str, *, lock: str, **given: Any) -> None:  # noqa: ANN401
        """Enqueue unless the same waits already; for sweeps, which own no transaction."""
        with contextlib.suppress(AlreadyEnqueued):
            await self._app.configure_task(name, allow_unknown=True, lock=lock, queueing_lock=f"{name}/{lock}").defer_async(**given)

    async def revive(self) -> int:
        """Put jobs back whose worker died in the middle of them; return how many."""
        stalled = list(await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS))
        for job in stalled:
            await self._app.job_manager.retry_job(job)
        return len(stalled)
