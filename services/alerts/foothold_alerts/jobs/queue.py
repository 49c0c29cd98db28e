"""Durable jobs in the desk's own database.

They are put there in the transaction of what they follow from, so that neither is ever without the
other.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg import OperationalError
from sqlalchemy import BigInteger, Integer
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from foothold_alerts.tables.cases import Base
from foothold_runtime.databases import UNAVAILABLE
from foothold_runtime.logs import frames_of, place_of
from foothold_runtime.loops import not_cancelled

LONGEST_WAIT: Final = 60
CONCURRENCY: Final = 4
POLL_SECONDS: Final = 2.0
HEARTBEAT_SECONDS: Final = 2.0
STALLED_SECONDS: Final = 10.0
AWAY_SECONDS: Final = 1.0
END_SECONDS: Final = 3.0
RAISED_AT_MOST: Final = 3
DIED_AT_MOST: Final = 5
_COUNT: Final = """
    insert into job_failures (job_id, raised, died) values (%(job_id)s, %(raised)s, %(died)s)
    on conflict (job_id) do update
    set raised = job_failures.raised + excluded.raised, died = job_failures.died + excluded.died
    returning raised, died
"""
_FORGET: Final = "delete from job_failures where job_id = %(job_id)s"

log = structlog.get_logger()


class JobFailureRow(Base):
    """How often a job raised, and how often its worker died at it.

    What is away counts for neither.
    """

    __tablename__ = "job_failures"

    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    raised: Mapped[int] = mapped_column(Integer)
    died: Mapped[int] = mapped_column(Integer)


class Away(Exception):  # noqa: N818 - says what is the matter
    """The other side is not there, or does not take anything: that says nothing about the job."""


class JobRaised(Exception):  # noqa: N818 - says what happened
    """A job raised something else, for this many times.

    What it raised may repeat what somebody wrote, so it is not carried along.
    """

    def __init__(self, raised: str, times: int) -> None:
        super().__init__(f"{raised}, time {times}")
        self.raised = raised
        self.times = times


class AskedToWait(Away):
    """The other side said for how many seconds it wants to hear nothing; None: it did not say."""

    def __init__(self, seconds: int | None) -> None:
        super().__init__(f"asked to wait: {seconds}")
        self.seconds = seconds


class BackOff(BaseRetryStrategy):
    """Waits two seconds, four, eight, and never more than a minute.

    So whatever was unavailable is back in work within one. Whoever asks to wait is not disturbed
    before.

    A job that raised three times although nothing was away is set aside: it stays in its table as
    failed, and its lock is free for the next.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """For ever while something is away; else three times."""
        if isinstance(exception, JobRaised) and exception.times >= RAISED_AT_MOST:
            log.error(
                "alerts.job_set_aside",
                job=job.task_name,
                job_id=job.id,
                raised=exception.raised,
                do="foothold-alerts job list",
            )
            return None
        asked = exception.seconds if isinstance(exception, AskedToWait) else None
        wait = asked or min(2 ** min(job.attempts + 1, 10), LONGEST_WAIT)
        kind = exception.raised if isinstance(exception, JobRaised) else type(exception).__name__
        log.warning(
            "alerts.job_again",
            job=job.task_name,
            attempts=job.attempts + 1,
            seconds=wait,
            raised=kind,
        )
        return RetryDecision(retry_in={"seconds": wait})


def _report(job: Job, error: Exception, times: int) -> None:
    """Where it was raised; the exception's message may repeat what somebody wrote."""
    log.error(
        "alerts.job_raised",
        job=job.task_name,
        job_id=job.id,
        raised=place_of(error),
        times=times,
        frames=frames_of(error),
    )


def says_nothing_of_the_job(error: BaseException) -> bool:
    """Whether Kafka, the network or the other side is away.

    What is too large for Kafka is the job's own fault.
    """
    return isinstance(error, Away | KafkaError | OSError) and not isinstance(
        error, MessageSizeTooLargeError
    )


class _Looks(JobManager):
    """Says that a worker looked for a job."""

    def __init__(self, connector: PsycopgConnector, on_look: Callable[[], None]) -> None:
        super().__init__(connector)
        self._on_look = on_look

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        job = await super().fetch_job(queues, worker_id)
        self._on_look()
        return job


async def _end(work: asyncio.Task[None]) -> None:
    """A worker signs off in the database.

    While that is away it waits for it, and answers the first cancelling with an error of its own.
    """
    for _ in range(2):
        work.cancel()
        await asyncio.wait({work}, timeout=END_SECONDS)
    if work.done():
        await asyncio.gather(work, return_exceptions=True)


class Jobs:
    """Procrastinate on alerts' database.

    Every job may run twice, and says so by changing nothing the second time.
    """

    def __init__(self, url: str, on_look: Callable[[], None] = lambda: None) -> None:
        """Set `on_look`, called whenever a worker has looked for its next job.

        It is called also where there is no job; while every worker hangs nobody looks.
        """
        connector = PsycopgConnector(
            conninfo=url.replace("+psycopg", "", 1), min_size=1, max_size=CONCURRENCY + 2
        )
        self._app = App(connector=connector)
        self._app.job_manager = _Looks(connector, on_look)

    def task(self, name: str, do: Callable[..., Awaitable[None]]) -> None:
        """What a job of this name does.

        While something is away it is tried again, later each time; one that raises three times is
        set aside.
        """

        async def run(context: JobContext, /, **given: Any) -> None:  # noqa: ANN401 - whatever the task takes
            await self._try(context.job, do(**given))

        self._app.task(name=name, retry=BackOff(), pass_context=True)(run)

    async def _try(self, job: Job, work: Awaitable[None]) -> None:
        """Count what it raises beside it, so that the count outlives the process."""
        try:
            await work
        except Exception as error:
            if says_nothing_of_the_job(error) or await self._is_database_away(error):
                raise
            raised, _ = await self._count(job, raised=1)
            _report(job, error, raised)
            raise JobRaised(place_of(error), raised) from None
        if job.attempts:
            await self._app.connector.execute_query_async(_FORGET, job_id=job.id)

    async def _is_database_away(self, error: Exception) -> bool:
        """Whether the database is unavailable, decided by a ping.

        The driver raises the same for a server that is gone and for a statement it refuses.
        """
        if not isinstance(error, (*UNAVAILABLE, OperationalError, ConnectorException)):
            return False
        try:
            await self._app.connector.execute_query_async("select 1")
        except (ConnectorException, OperationalError, OSError):
            return True
        return False

    async def _count(self, job: Job, *, raised: int = 0, died: int = 0) -> tuple[int, int]:
        row = await self._app.connector.execute_query_one_async(
            _COUNT, job_id=job.id, raised=raised, died=died
        )
        return int(row["raised"]), int(row["died"])

    async def defer(
        self,
        connection: AsyncConnection,
        name: str,
        *,
        lock: str | None = None,
        at: datetime | None = None,
        **given: Any,  # noqa: ANN401
    ) -> None:
        """Enqueue in the connection's transaction. Jobs of one lock run one after another."""
        raw = (await connection.get_raw_connection()).driver_connection
        await self._app.configure_task(
            name, allow_unknown=True, lock=lock, schedule_at=at, connection=raw
        ).defer_async(**given)

    async def defer_many(
        self,
        connection: AsyncConnection,
        name: str,
        given: Sequence[tuple[datetime, dict[str, Any]]],
    ) -> None:
        """Enqueue many of one kind in one round trip, each at its own time.

        In the connection's transaction.
        """
        if not given:
            return
        raw = (await connection.get_raw_connection()).driver_connection
        job = self._app.configure_task(name, allow_unknown=True).job
        jobs = [job.evolve(scheduled_at=at, task_kwargs=words) for at, words in given]
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
        while not_cancelled():
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
            await self._app.configure_task(
                name, allow_unknown=True, lock=lock, queueing_lock=f"{name}/{lock}"
            ).defer_async(**given)

    async def revive(self) -> int:
        """Put jobs back whose worker died in the middle of them; return how many.

        One at which it dies every time is set aside.
        """
        stalled = list(
            await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS)
        )
        for job in stalled:
            _, died = await self._count(job, died=1)
            if died < DIED_AT_MOST:
                await self._app.job_manager.retry_job(job)
                continue
            log.error(
                "alerts.job_set_aside",
                job=job.task_name,
                job_id=job.id,
                raised="its worker died",
                do="foothold-alerts job list",
            )
            await self._app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        return len(stalled)
