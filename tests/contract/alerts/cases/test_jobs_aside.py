"""No job is tried for ever.

What raises three times although nothing is away is set aside, reported, and tried anew when
somebody asks.
"""

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from procrastinate.exceptions import AppNotOpen
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import foothold_alerts.jobs.queue
from foothold_alerts.commands import job
from foothold_alerts.jobs import aside as jobs_aside
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.jobs.queue import RAISED_AT_MOST, Away, Jobs
from foothold_alerts.metrics import PARTS, Metrics
from foothold_alerts.queries.tally import Tally
from foothold_alerts.settings import Settings
from foothold_alerts.sweep import Sweep
from foothold_alerts.turns import Turns
from foothold_runtime.process.errors import Refused
from foothold_schemas.facts.decisions import CaseDecided, Decision
from foothold_schemas.messages.relief import PeopleSaid
from foothold_schemas.wire.codec import decode_said
from foothold_schemas.wire.topics import RELIEF_FACTS
from tests.support.alerts import NOW, answered, cases_on, deadlines_on, jobs_on, rows, transition
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

HOME = "a" * 32


@contextlib.asynccontextmanager
async def working(jobs: Jobs) -> AsyncIterator[None]:
    task = asyncio.create_task(jobs.run())
    try:
        yield
    finally:
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_job_that_raises_three_times_is_set_aside_and_the_next_of_its_household_is_done(
    alerts_database: AsyncEngine,
) -> None:
    jobs, is_mended = jobs_on(alerts_database), False
    tried: list[str] = []

    async def work(what: str) -> None:
        tried.append(what)
        if what == "away" and len([t for t in tried if t == "away"]) <= RAISED_AT_MOST:
            raise Away
        if what == "bad" and not is_mended:
            raise OverflowError("张三 must stand in no log")

    jobs.task("work", work)
    async with alerts_database.begin() as connection:
        for name in ("bad", "next"):
            await jobs.defer(connection, "work", lock=HOME, what=name)
        await jobs.defer(connection, "work", what="away")
    metrics = Metrics(CollectorRegistry())
    async with working(jobs):
        failed = await answered(
            alerts_database, "select count(*) from procrastinate_jobs where status = 'failed'", 1
        )
        after = await answered(
            alerts_database, "select count(*) from procrastinate_jobs where status <> 'failed'", 0
        )
        await Tally(alerts_database, metrics).once(NOW)
        (line,) = await jobs_aside.listed(alerts_database)
        before = list(tried)
        is_mended = True
        again = await jobs_aside.retry(alerts_database, [line.split()[0]])
        left = await answered(alerts_database, "select count(*) from procrastinate_jobs", 0)

    assert (failed, after, again, left) == (1, 0, 1, 0)
    assert (before.count("bad"), before.count("next"), before.count("away")) == (
        RAISED_AT_MOST,
        1,
        RAISED_AT_MOST + 1,
    )
    assert metrics.registry.get_sample_value("foothold_alerts_jobs_set_aside") == 1
    assert "work" in line
    assert await rows(alerts_database, "select count(*) from job_failures") == [(0,)]


async def test_a_word_that_cannot_be_sent_is_set_aside_and_the_households_later_words_go_out(
    broker: str, alerts_database: AsyncEngine
) -> None:
    jobs = jobs_on(alerts_database)
    async with AIOKafkaProducer(
        bootstrap_servers=broker, enable_idempotence=True, acks="all"
    ) as producer:
        outbox = Outbox(alerts_database, jobs, producer)
        async with alerts_database.begin() as connection:
            for decision in (Decision.IDENTIFIED, Decision.ELIMINATED, Decision.DISMISSED):
                await outbox.say(
                    connection,
                    HOME,
                    CaseDecided(decision=decision, decided_on=NOW.date()),
                    by="zhang",
                    at=NOW,
                )
            await connection.execute(
                text("update said set body = '{\"broken\": true}' where seq = 2")
            )
        async with working(jobs):
            sent = await answered(
                alerts_database, "select count(*) from said where sent_at is not null", 2
            )
            (line,) = await jobs_aside.listed(alerts_database)
    words = [
        decode_said(m.value()).data
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, RELIEF_FACTS.name)))
    ]

    assert sent == 2
    assert [w.decision for w in words if isinstance(w, CaseDecided)] == [
        Decision.IDENTIFIED,
        Decision.DISMISSED,
    ]
    assert line.startswith(f"said-2  household_id={HOME}")
    assert await jobs_aside.retry(alerts_database, ["said-2"]) == 1
    assert await rows(alerts_database, "select failures, set_aside_at from said where seq = 2") == [
        (0, None)
    ]


async def test_asking_for_what_is_not_set_aside_is_refused_with_where_to_look(
    alerts_database: AsyncEngine,
) -> None:
    settings = Settings.model_construct(
        alerts_database_url=alerts_database.url.render_as_string(hide_password=False)
    )
    for names in ([], ["999"], ["said-999"], ["nonsense"]):
        with pytest.raises(
            Refused, match="nothing of that is set aside; 'foothold-alerts job list'"
        ):
            await job(settings, argparse.Namespace(action="retry", ids=names))


async def test_what_a_job_set_aside_was_for_is_left_alone_by_the_sweep_until_somebody_asks(
    alerts_database: AsyncEngine,
) -> None:
    jobs = jobs_on(alerts_database)
    # this process sends nothing: the job of a word raises
    outbox, deadlines = (
        Outbox(alerts_database, jobs),
        deadlines_on(alerts_database, jobs),
    )
    sweep = Sweep(jobs, outbox, deadlines)
    await cases_on(alerts_database).take([transition("a", 1), transition("b", 1)], NOW)
    async with alerts_database.begin() as connection:
        await outbox.say(
            connection,
            HOME,
            CaseDecided(decision=Decision.IDENTIFIED, decided_on=NOW.date()),
            by="zhang",
            at=NOW,
        )
        await connection.execute(text("delete from procrastinate_jobs"))
        await connection.execute(
            text(
                "update deadlines set due_at = now() - interval '1 hour', done_at = case when"
                " deadline_id > 2 then now() end"
            )
        )
    everything = "select task_name, args, status::text from procrastinate_jobs order by id"
    async with jobs._app.open_async():
        await sweep.once(datetime.now(UTC))
        nudged = await rows(alerts_database, everything)
        async with alerts_database.begin() as connection:
            await connection.execute(
                text(
                    "update procrastinate_jobs set status = 'failed' where args->>'deadline_id' ="
                    " '1' or task_name = 'send_said'"
                )
            )
            await connection.execute(
                text("delete from procrastinate_jobs where status <> 'failed'")
            )
        await sweep.once(datetime.now(UTC))
        after = await rows(alerts_database, everything)

    assert len(nudged) == 3
    assert sorted((task, status) for task, _, status in after) == [
        ("deadline_passed", "failed"),
        ("deadline_passed", "todo"),
        ("send_said", "failed"),
    ]


async def test_of_jobs_set_aside_that_do_the_same_one_is_tried_anew_or_none_where_one_waits(
    alerts_database: AsyncEngine,
) -> None:
    jobs = jobs_on(alerts_database)
    async with jobs._app.open_async():
        for what in ("a", "a", "a", "b", "b"):
            await jobs.nudge("work", lock=what, what=what)
            async with alerts_database.begin() as connection:
                await connection.execute(
                    text("update procrastinate_jobs set status = 'failed' where status = 'todo'")
                )
        await jobs.nudge("work", lock="b", what="b")
        async with alerts_database.begin() as connection:
            await jobs.defer(connection, "work", what="c")
            await connection.execute(
                text("update procrastinate_jobs set status = 'failed' where args->>'what' = 'c'")
            )
    again = await jobs_aside.retry(alerts_database, [])

    assert again == 2
    assert await rows(
        alerts_database, "select args->>'what', status::text from procrastinate_jobs order by 1"
    ) == [("a", "todo"), ("b", "todo"), ("c", "todo")]


async def test_a_job_at_which_its_worker_dies_every_time_is_set_aside(
    alerts_database: AsyncEngine,
) -> None:
    jobs = jobs_on(alerts_database)
    async with alerts_database.begin() as connection:
        await jobs.defer(connection, "deadly", what="x")
    async with jobs._app.open_async():
        statuses = []
        for _ in range(6):
            async with alerts_database.begin() as connection:
                await connection.execute(
                    text("update procrastinate_jobs set status = 'doing' where status = 'todo'")
                )
            await jobs.revive()
            statuses += [
                status
                for (status,) in await rows(
                    alerts_database, "select status::text from procrastinate_jobs"
                )
            ]

    assert statuses == ["todo"] * 4 + ["failed"] * 2


async def test_a_turn_that_raises_is_counted_and_the_loop_goes_on() -> None:
    metrics, outcomes = Metrics(CollectorRegistry()), [ZeroDivisionError, KeyError, None]
    turns = Turns("tally", metrics)

    async def turn() -> None:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome

    progress = [await _progress(turns, turn, metrics) for _ in range(3)]

    assert (
        metrics.registry.get_sample_value("foothold_alerts_failed_turns_total", {"part": "tally"})
        == 2
    )
    assert [p is None for p in progress] == [True, True, False]


async def _progress(turns: Turns, turn: object, metrics: Metrics) -> float | None:
    await turns.take(turn)  # type: ignore[arg-type]
    return metrics.registry.get_sample_value(
        "foothold_alerts_progress_timestamp_seconds", {"part": "tally"}
    )


async def test_the_workers_say_that_they_look_for_jobs_also_where_there_is_none(
    alerts_database: AsyncEngine,
) -> None:
    looks: list[int] = []
    jobs = Jobs(alerts_database.url.render_as_string(hide_password=False), lambda: looks.append(1))
    async with working(jobs), asyncio.timeout(30):
        while len(looks) < 2:
            await asyncio.sleep(0.05)

    assert "jobs" in PARTS


async def test_a_defect_behind_an_absent_database_is_told_and_neither_repeats_what_was_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    turns = Turns("tally", Metrics(CollectorRegistry()))
    outcomes = [
        AppNotOpen("张三"),
        AppNotOpen("张三"),
        ZeroDivisionError("张三"),
        ZeroDivisionError("张三"),
        AppNotOpen("张三"),
    ]

    async def turn() -> None:
        raise outcomes.pop(0)

    while outcomes:
        await turns.take(turn)
    logged = capsys.readouterr().out

    assert [
        logged.count(word)
        for word in ("alerts.turn_failed", "AppNotOpen", "ZeroDivisionError", "张三")
    ] == [2, 1, 1, 0]


async def test_the_log_of_a_job_set_aside_says_where_it_raised_and_not_what_was_sent(
    alerts_database: AsyncEngine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(foothold_alerts.jobs.queue, "RAISED_AT_MOST", 1)
    jobs = jobs_on(alerts_database)

    async def work(what: str) -> None:
        PeopleSaid.model_validate({"id": what})

    jobs.task("work", work)
    async with alerts_database.begin() as connection:
        await jobs.defer(connection, "work", what="张三")
    async with working(jobs):
        failed = await answered(
            alerts_database, "select count(*) from procrastinate_jobs where status = 'failed'", 1
        )
    lines = capsys.readouterr().out.splitlines()
    (aside,) = (line for line in lines if "alerts.job_set_aside" in line)

    assert failed == 1
    assert "ValidationError at foothold_" in aside
    assert "张三" not in "".join(lines)
