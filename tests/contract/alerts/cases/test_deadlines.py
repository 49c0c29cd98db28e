"""Tests deadlines on a real database.

They are set with what they follow from, escalated by their jobs until somebody acknowledges, and
found again by the sweep.
"""

import asyncio
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling, NotAllowed, Stale
from foothold_alerts.jobs.deadlines import TASK, Deadlines
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.queries.lists import Lists, WorkList
from foothold_alerts.rules.acts.plan import PlanNo
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.notices import remind_at
from foothold_alerts.rules.relief.relief import ReliefAct
from foothold_alerts.sweep import Sweep
from foothold_schemas.facts.decisions import MeasureKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import DayDone, ExitReason, Movement, Status
from tests.support.alerts import (
    NOW,
    WEEKENDS,
    WORKFLOWS,
    cases_on,
    deadlines_on,
    jobs_on,
    person,
    plan_on,
    relief_on,
    rows,
    transition,
    work_on,
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]
MANY = int(os.environ.get("FOOTHOLD_RUNNING_CASES", "1100"))
"""Cases of a county when alerts starts; more than go in a slice.

The deadlines of 6,600 and more are more values than one statement takes.
"""

WAITING = "select kind, subject, due_at from deadlines where done_at is null order by kind, subject"
STORM, ILL = FindingKind.DISASTER_LOSS, FindingKind.SELF_PAID_HIGH


async def alter(engine: AsyncEngine, statement: str, **values: Any) -> None:  # noqa: ANN401
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def test_deadlines_come_and_go_with_the_case_and_its_relief_each_with_a_job(
    alerts_database: AsyncEngine,
) -> None:
    cases, relief = cases_on(alerts_database), relief_on(alerts_database)
    await cases.take([transition("a", 1, STORM, is_urgent=False)], NOW)
    assert [row[:2] for row in await rows(alerts_database, WAITING)] == [
        ("relief", "1"),
        ("settle", ""),
    ]
    jobs = (
        "select (args->>'deadline_id')::bigint, scheduled_at from procrastinate_jobs where"
        " task_name = 'deadline_passed' order by 1"
    )
    assert await rows(alerts_database, jobs) == await rows(
        alerts_database, "select deadline_id, due_at from deadlines order by 1"
    )

    await relief.relieve(
        Handling(person("zhao"), 1, 1, NOW), 1, ReliefAct.DECIDE, amount=100, note=""
    )
    await relief.relieve(Handling(person("li"), 1, 2, NOW), 1, ReliefAct.PAY, amount=None, note="")
    assert await rows(alerts_database, WAITING) == [
        ("papers", "1", datetime(2026, 6, 15, 16, tzinfo=UTC)),
        ("settle", "", datetime(2026, 6, 25, 16, tzinfo=UTC)),
    ]
    gone: dict[str, Any] = {
        "is_lead": False,
        "is_episode_over": True,
        "group": None,
        "status": Status.CLEAR,
        "exit_reason": ExitReason.CLEARED,
    }
    await cases.take([transition("a", 2, movement=Movement.EXITED, **gone)], NOW)
    assert [row[:2] for row in await rows(alerts_database, WAITING)] == [("papers", "1")]


async def overdue(engine: AsyncEngine, days: int) -> None:
    """Make the case's last day to settle so many days ago.

    1 is less than a day overdue, 2 is more than one.
    """
    if not await rows(engine, "select 1 from cases"):
        await cases_on(engine).take(
            [transition("a", 1, FindingKind.GUARANTEE_MISSING, is_urgent=False)], NOW
        )
    await alter(
        engine,
        "update cases set due_on = (now() at time zone 'Asia/Shanghai')::date - :days",
        days=days,
    )
    await alter(
        engine,
        "update deadlines set due_at = (select due_on + 1 from cases)::timestamp at time zone"
        " 'Asia/Shanghai'",
    )


async def test_what_is_overdue_goes_up_rung_by_rung_until_somebody_acknowledges(
    alerts_database: AsyncEngine,
) -> None:
    await overdue(alerts_database, 1)
    deadlines, work = deadlines_on(alerts_database), work_on(alerts_database)
    with pytest.raises(Stale):  # nothing was said yet
        await work.acknowledge(Handling(person(), 1, 1, NOW))
    for _ in range(3):  # a job may run again and again: the county's rung is not reached yet
        await deadlines.passed(1)
    query = "select detail->>'to' from audit where action = 'overdue' order by audit_id"
    assert await rows(alerts_database, query) == [("township",)]
    await overdue(alerts_database, 2)
    await deadlines.passed(1)
    assert await rows(alerts_database, query) == [("township",), ("county",)]
    (version,) = (await rows(alerts_database, "select version from cases"))[0]
    await work.acknowledge(Handling(person("zhao"), 1, version, NOW))
    await deadlines.passed(1)

    assert await rows(alerts_database, "select level, acknowledged_by from deadlines") == [
        (2, "zhao")
    ]
    assert await rows(alerts_database, query) == [("township",), ("county",)]


async def test_acknowledged_or_done_nobody_further_up_is_told(alerts_database: AsyncEngine) -> None:
    await overdue(alerts_database, 2)
    deadlines = deadlines_on(alerts_database)
    await deadlines.passed(1)
    await work_on(alerts_database).acknowledge(Handling(person("zhao"), 1, 1, NOW))
    await deadlines.passed(1)
    assert await rows(
        alerts_database, "select detail->>'to' from audit where action = 'overdue'"
    ) == [("township",)]


async def test_a_deadline_whose_job_is_gone_is_found_by_the_sweep(
    alerts_database: AsyncEngine,
) -> None:
    await overdue(alerts_database, 1)
    await alter(alerts_database, "delete from procrastinate_jobs")
    jobs = jobs_on(alerts_database)
    deadlines = deadlines_on(alerts_database, jobs)
    sweep, worker = (
        Sweep(jobs, Outbox(alerts_database, jobs), deadlines),
        asyncio.create_task(jobs.run()),
    )
    for _ in range(100):
        await asyncio.sleep(0.1)
        if await rows(alerts_database, "select 1 from procrastinate_workers"):
            await sweep.once(datetime.now(UTC))
        if await rows(alerts_database, "select 1 from audit where action = 'overdue'"):
            break
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)

    assert await rows(alerts_database, "select count(*) from audit where action = 'overdue'") == [
        (1,)
    ]


async def test_two_workers_that_start_at_once_set_each_deadline_once(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take(
        [transition(home, 1, FindingKind.GUARANTEE_MISSING, is_urgent=False) for home in "abc"], NOW
    )
    await alter(alerts_database, "delete from deadlines")
    await asyncio.gather(*(deadlines_on(alerts_database).recount(NOW) for _ in range(4)))

    assert await rows(
        alerts_database, "select count(*), count(distinct case_id) from deadlines"
    ) == [(3, 3)]


async def test_a_county_with_many_running_cases_gets_its_deadlines_when_alerts_starts(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take(
        [transition("a", 1, FindingKind.GUARANTEE_MISSING, is_urgent=False)], NOW
    )
    names = (
        "household_id, episode, register_number, area, stage, is_urgent, opened_on, due_on,"
        " is_recovering, version, latest, is_quiet, workflow"
    )
    numbered = names.replace("episode", "n")
    many = f"select case_id || n, {numbered} from cases, generate_series(2, {MANY}) n"  # noqa: S608
    await alter(alerts_database, f"insert into cases (case_id, {names}) {many}")
    await deadlines_on(alerts_database).recount(NOW)

    assert await rows(alerts_database, "select count(distinct case_id) from deadlines") == [(MANY,)]
    assert await rows(
        alerts_database,
        "select count(*) from procrastinate_jobs where task_name = 'deadline_passed'",
    ) == [(MANY,)]


async def test_a_provisional_deadline_is_counted_anew_once_the_years_calendar_is_there(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take(
        [transition("a", 1, FindingKind.GUARANTEE_MISSING, is_urgent=False)], NOW
    )
    weekends_only = (
        "update deadlines set kind = 'x', began_on = '2026-12-30', limit_count = 2, limit_unit ="
        " 'working_days', is_provisional = true, due_at = :at"
    )
    await alter(alerts_database, weekends_only, at=datetime(2027, 1, 1, 16, tzinfo=UTC))
    await alter(alerts_database, "delete from procrastinate_jobs")
    await alter(alerts_database, "update cases set stage = 'closed'")
    known = WorkDays({2026: {}, 2027: {date(2027, 1, 1): False}})
    jobs = jobs_on(alerts_database)
    changed = await Deadlines(
        alerts_database, jobs, WORKFLOWS, known, Notices(jobs, known)
    ).recount(NOW)

    moved = datetime(2027, 1, 4, 16, tzinfo=UTC)
    assert changed == 1
    assert await rows(alerts_database, "select due_at, is_provisional from deadlines") == [
        (moved, False)
    ]
    assert await rows(
        alerts_database,
        "select task_name, scheduled_at from procrastinate_jobs where scheduled_at > now()",
    ) == [(TASK, moved)]


async def test_somebody_is_reminded_once_before_a_case_must_be_settled_and_not_of_what_is_done(
    alerts_database: AsyncEngine,
) -> None:
    now = datetime.now(UTC)
    await cases_on(alerts_database).take(
        [transition(home, 1, FindingKind.GUARANTEE_MISSING, is_urgent=False) for home in "ab"], now
    )
    due = "update deadlines set due_at = now() + make_interval(hours => :hours)"
    deadlines, query = (
        deadlines_on(alerts_database),
        "select number, place, event from notices where event = 'near'",
    )
    await alter(alerts_database, due, hours=24 * 30)
    await deadlines.near(1)
    assert await rows(alerts_database, query) == [], "it is too early; the job waits"
    waiting = (
        "select count(*) from procrastinate_jobs where task_name = 'deadline_near' and scheduled_at"
        " > now()"
    )
    assert await rows(alerts_database, waiting) == [(1,)]

    await alter(alerts_database, due, hours=1)
    await alter(alerts_database, "update deadlines set done_at = now() where deadline_id = 2")
    always = Deadlines(
        alerts_database,
        jobs_on(alerts_database),
        WORKFLOWS,
        WorkDays({now.year: {}}),
        Notices(jobs_on(alerts_database), WorkDays()),
    )
    for number in (1, 1, 2):
        await always.near(number)

    place = transition("a").household.area[:9]
    assert await rows(alerts_database, query) == [(1, place, "near")]
    assert await rows(alerts_database, "select count(*) from audit where action = 'reminded'") == [
        (1,)
    ]


async def test_a_new_deadline_brings_the_job_that_reminds_of_it(
    alerts_database: AsyncEngine,
) -> None:
    await identified(alerts_database)

    jobs = (
        "select kind, due_at, scheduled_at from procrastinate_jobs join deadlines on deadline_id ="
        " (args->>'deadline_id')::bigint"
    )
    due_rows = await rows(
        alerts_database, f"{jobs} where task_name = 'deadline_near' order by kind, subject"
    )
    assert [kind for kind, _, _ in due_rows] == ["first_measure", "measure", "measure", "settle"]
    assert all(
        NOW < at < due and at == remind_at(due, WORKFLOWS.newest.reminders[kind], WEEKENDS)
        for kind, due, at in due_rows
    )


async def identified(engine: AsyncEngine) -> None:
    """A household people identified, of two risks."""
    await cases_on(engine).take(
        [
            DayDone(partition=0, day=NOW.date(), learned_at=NOW, registered={}),
            transition("a", 1, ILL, STORM, is_urgent=False),
        ],
        NOW,
    )
    await alter(engine, "update cases set stage = 'county_decision', consent = 'given'")
    await work_on(engine).step(Handling(person("chen"), 1, 1, NOW), "identify")


async def test_a_plan_is_made_carried_out_and_told_to_risk(alerts_database: AsyncEngine) -> None:
    await identified(alerts_database)
    plan, who = plan_on(alerts_database), person("zhao")
    await plan.intend(
        Handling(who, 1, 2, NOW), MeasureKind.HEALTH, frozenset({ILL}), "health bureau"
    )
    for wrong, why in (
        ((MeasureKind.INDUSTRY, frozenset({ILL}), "x"), PlanNo.FITS_NOT),
        ((MeasureKind.HEALTH, frozenset({ILL}), ""), PlanNo.DEPARTMENT),
    ):
        with pytest.raises(NotAllowed) as refused:
            await plan.intend(Handling(who, 1, 3, NOW), *wrong)
        assert refused.value.why is why
    assert ("measure", "self_paid_high") in [
        row[:2] for row in await rows(alerts_database, WAITING)
    ]
    with pytest.raises(NotAllowed):
        await plan.deliver(Handling(who, 1, 3, NOW), 1, NOW.date() + timedelta(days=1))
    await plan.deliver(Handling(who, 1, 3, NOW), 1, NOW.date())
    with pytest.raises(Stale):
        await plan.deliver(Handling(who, 1, 4, NOW), 1, NOW.date())
    await plan.intend(
        Handling(who, 1, 4, NOW), MeasureKind.HOUSING, frozenset({STORM}), "housing bureau"
    )
    await plan.drop(Handling(who, 1, 5, NOW), 2, note="moved in with relatives")
    await plan.visit(Handling(who, 1, 6, NOW), NOW.date(), note="all well")
    with pytest.raises(NotAllowed) as twice:
        await plan.visit(Handling(who, 1, 7, NOW), NOW.date(), note="again")

    assert twice.value.why is PlanNo.TWICE
    assert [row[:2] for row in await rows(alerts_database, WAITING) if "measure" in row[0]] == [
        ("measure", "disaster_loss")
    ]
    query = "select body->'data'->>'kind', body->'data'->>'measure' from said order by seq"
    assert await rows(alerts_database, query) == [
        ("CaseDecided", None),
        ("MeasureDelivered", "health"),
    ]


async def test_time_stands_still_for_a_listed_reason_and_help_does_not(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take(
        [
            DayDone(partition=0, day=NOW.date(), learned_at=NOW, registered={}),
            transition("a", 1, STORM, is_urgent=False),
        ],
        NOW,
    )
    work = work_on(alerts_database)
    with pytest.raises(NotAllowed):
        await work.pause(Handling(person("zhao"), 1, 1, NOW), "on_holiday")
    await work.pause(Handling(person("zhao"), 1, 1, NOW), "in_hospital")
    assert [row[0] for row in await rows(alerts_database, WAITING)] == ["relief"]
    await cases_on(alerts_database).take(
        [DayDone(partition=0, day=NOW.date() + timedelta(days=8), learned_at=NOW, registered={})],
        NOW,
    )
    await work.resume(Handling(person("zhao"), 1, 2, NOW))
    with pytest.raises(Stale):
        await work.resume(Handling(person("zhao"), 1, 3, NOW))

    assert (await rows(alerts_database, WAITING))[1] == (
        "settle",
        "",
        datetime(2026, 7, 3, 16, tzinfo=UTC),
    )
    assert await rows(
        alerts_database, "select action from audit where actor = 'zhao' order by audit_id"
    ) == [("paused",), ("resumed",)]


async def test_when_a_case_ends_what_was_planned_is_cancelled_with_its_reason_what_was_done_stays(
    alerts_database: AsyncEngine,
) -> None:
    await identified(alerts_database)
    plan, who = plan_on(alerts_database), person("zhao")
    for n, measure in enumerate((MeasureKind.HEALTH, MeasureKind.SOCIAL_HELP)):
        await plan.intend(Handling(who, 1, 2 + n, NOW), measure, frozenset({ILL}), "health bureau")
    await plan.deliver(Handling(who, 1, 4, NOW), 1, NOW.date())
    gone: dict[str, Any] = {
        "is_lead": False,
        "is_episode_over": True,
        "group": None,
        "status": Status.CLEAR,
        "exit_reason": ExitReason.NATURAL,
    }
    await cases_on(alerts_database).take(
        [transition("a", 2, movement=Movement.EXITED, **gone)], NOW
    )

    kept = (
        "select kind, delivered_on is not null, dropped_because from measures order by measure_id"
    )
    assert await rows(alerts_database, kept) == [
        ("health", True, None),
        ("social_help", False, "案件已结束 the case ended"),
    ]
    assert [row for row in await rows(alerts_database, WAITING) if row[0] != "relief"] == []


async def test_what_was_referred_stands_with_its_department_until_it_comes(
    alerts_database: AsyncEngine,
) -> None:
    await identified(alerts_database)
    plan, who, lists = plan_on(alerts_database), person("zhao"), Lists(alerts_database, WORKFLOWS)
    given = (
        (MeasureKind.SOCIAL_HELP, STORM, "民政局"),
        (MeasureKind.HEALTH, ILL, "卫健局"),
        (MeasureKind.EMPLOYMENT, STORM, "人社局"),
        (MeasureKind.HEALTH, ILL, "卫健局"),
    )
    for n, (measure, against, department) in enumerate(given):
        await plan.intend(Handling(who, 1, 2 + n, NOW), measure, frozenset({against}), department)

    async def waiting(area: str = "370399") -> list[tuple[str, str]]:
        return [(e.note, e.what) for e in await lists.entries(WorkList.BY_DEPARTMENT, area, NOW)]

    assert sorted(await waiting()) == sorted(
        (department, measure) for measure, _, department in given
    )
    # each department's together
    assert [department for department, _ in await waiting()][:2] == [
        "人社局",
        "卫健局",
    ]
    assert await waiting("370302") == []
    assert all(
        e.due_on is not None for e in await lists.entries(WorkList.BY_DEPARTMENT, "370399", NOW)
    )
    await plan.deliver(Handling(who, 1, 6, NOW), 2, NOW.date())
    await plan.drop(Handling(who, 1, 7, NOW), 3, note="外出务工")
    assert sorted(await waiting()) == [("卫健局", "health"), ("民政局", "social_help")]


async def test_the_work_lists_show_what_is_theirs_inside_the_persons_area(
    alerts_database: AsyncEngine,
) -> None:
    await identified(alerts_database)
    cases, relief, lists = (
        cases_on(alerts_database),
        relief_on(alerts_database),
        Lists(alerts_database, WORKFLOWS),
    )
    await cases.take([transition(home, 1, STORM, is_urgent=False) for home in "bc"], NOW)
    await relief.relieve(
        Handling(person("zhao"), 2, 1, NOW), 3, ReliefAct.DECIDE, amount=100, note=""
    )
    await relief.relieve(Handling(person("li"), 2, 2, NOW), 3, ReliefAct.PAY, amount=None, note="")
    await alter(
        alerts_database,
        "update cases set stage = 'dismissed', close_reason = 'can_cope' where number = 2",
    )
    await alter(alerts_database, "update cases set due_on = '2026-06-01' where number = 3")
    view = (
        '{"status": "watch", "as_of": "2026-06-10", "household": {"register_number": "W", "area":'
        ' "370399101202"}}'
    )
    await alter(
        alerts_database, "insert into views values ('w', 1, cast(:body as jsonb))", body=view
    )
    later = NOW + timedelta(days=400)

    async def shown(name: WorkList, area: str = "370399") -> list[tuple[int | None, str, str]]:
        return [(e.number, e.what, e.note) for e in await lists.entries(name, area, later)]

    assert [n for n, _, _ in await shown(WorkList.PAPERS_OWED)] == [2]
    assert sorted(w for n, w, _ in await shown(WorkList.MEASURES_MISSING) if n == 1) == [
        "disaster_loss",
        "first_measure",
        "self_paid_high",
    ]
    assert await shown(WorkList.VISITS_DUE) == [(1, "visits", "0/2")]
    assert [(n, note) for n, _, note in await shown(WorkList.LEFT_OUT)] == [
        (3, "lead"),
        (2, "dismissed"),
    ]
    assert await shown(WorkList.OUTSIDE_THE_SYSTEM) == [(2, "dismissed", "can_cope")]
    assert await shown(WorkList.WATCH) == [(None, "watch", "")]
    assert {n for n, _, _ in await shown(WorkList.OVERDUE)} == {1, 2, 3}
    assert [await shown(name, "370302") for name in WorkList] == [[]] * len(WorkList)
