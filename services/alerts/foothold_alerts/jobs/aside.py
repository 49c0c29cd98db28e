"""Jobs and messages to risk that failed three times.

They are shown, counted, and tried anew when somebody asks for it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
    table,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.tables.cases import OutboxRow

_JOBS = table("procrastinate_jobs", column("status"), column("task_name"), column("args"))
_FAILED = (
    "select id, task_name, args, attempts from procrastinate_jobs where status = 'failed' order"
    " by id"
)
_AGAIN = text(
    "select procrastinate_retry_job_v2(id, now(), null, null, null) from procrastinate_jobs where"
    " status = 'failed' and id = any(:ids)"
)
_TWINS = text("""
    delete from procrastinate_jobs twin
    where twin.status = 'failed' and twin.id = any(:ids) and exists (
        select from procrastinate_jobs other
        where other.queueing_lock = twin.queueing_lock and (
            other.status = 'todo'
            or (other.status = 'failed' and other.id < twin.id and other.id = any(:ids))
        )
    ) returning twin.id
""")
"""Of jobs with one queueing lock, which do the same, only one may wait at a time."""
_FORGET = text("delete from job_failures where job_id = any(:ids)")
_IS_ASIDE: ColumnElement[bool] = OutboxRow.set_aside_at.is_not(None) & OutboxRow.sent_at.is_(None)
SAID = "said"
"""What a word to risk is called beside the jobs: `said-17`."""


def set_aside(task: str, argument: str, kind: type[BigInteger | Text]) -> ScalarSelect[Any]:
    """Select what the failed jobs of this task are about.

    A sweep leaves it alone until somebody has asked for another attempt.
    """
    about = cast(_JOBS.c.args.op("->>")(argument), kind)
    return (
        select(about)
        .where(
            cast(_JOBS.c.status, Text) == "failed", _JOBS.c.task_name == task, about.is_not(None)
        )
        .scalar_subquery()
    )


async def count(connection: AsyncConnection) -> int:
    """How many wait for somebody."""
    jobs = (
        await connection.execute(
            text("select count(*) from procrastinate_jobs where status = 'failed'")
        )
    ).scalar_one()
    words = (
        await connection.execute(select(func.count()).select_from(OutboxRow).where(_IS_ASIDE))
    ).scalar_one()
    return int(jobs) + int(words)


async def listed(engine: AsyncEngine) -> list[str]:
    """Return a line for each job or message that is set aside.

    A line has its id, what it does, what it is about (ids and codes only), and how often it was
    tried.
    """
    async with engine.connect() as connection:
        jobs = (await connection.execute(text(_FAILED))).all()
        words = (
            await connection.execute(
                select(OutboxRow.seq, OutboxRow.household_id, OutboxRow.failures)
                .where(_IS_ASIDE)
                .order_by(OutboxRow.seq)
            )
        ).all()
    lines = [
        f"{job.id}  {job.task_name}  {' '.join(f'{k}={v}' for k, v in sorted(job.args.items()))} "
        f" tried {job.attempts}"
        for job in jobs
    ]
    return [
        *lines,
        *(
            f"{SAID}-{word.seq}  household_id={word.household_id}  tried {word.failures}"
            for word in words
        ),
    ]


async def retry(engine: AsyncEngine, names: Sequence[str]) -> int:
    """Try these anew, or all where none is named; return how many.

    Of several that do the same, one is tried.

    A word goes out behind those that went out meanwhile.
    """
    async with engine.begin() as connection:
        jobs = [
            row.id
            for row in await connection.execute(text(_FAILED))
            if not names or str(row.id) in names
        ]
        if jobs:
            twins = {row.id for row in await connection.execute(_TWINS, {"ids": jobs})}
            await connection.execute(_FORGET, {"ids": jobs})
            jobs = [job for job in jobs if job not in twins]
            await connection.execute(_AGAIN, {"ids": jobs})
        chosen = [
            int(n.removeprefix(f"{SAID}-"))
            for n in names
            if n.startswith(f"{SAID}-") and n.removeprefix(f"{SAID}-").isdigit()
        ]
        is_concerned = (
            (_IS_ASIDE, OutboxRow.seq.in_(bindparam("seqs", chosen, expanding=True)))
            if names
            else (_IS_ASIDE,)
        )
        words = await connection.execute(
            update(OutboxRow)
            .where(*is_concerned)
            .values(set_aside_at=None, failures=0)
            .returning(OutboxRow.seq)
        )
        return len(jobs) + len(words.all())
