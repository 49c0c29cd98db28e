"""A colleague leaves, moves or comes back.

What hung on the account ends, nothing is lost, and others go on.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling, NotAllowed, Stale
from foothold_alerts.cases.pauses import Pauses
from foothold_alerts.jobs.calendars import work_days
from foothold_alerts.jobs.deadlines import Deadlines
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.people.presence import Gone
from foothold_alerts.queries.lists import Lists, WorkList
from foothold_alerts.rules.acts.act import WrongRole
from foothold_alerts.rules.case import CloseReason, Role
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.web.app import make_app
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import DayDone, Movement
from foothold_schemas.wire.codec import decode_warning
from tests.support.alerts import (
    WEEKENDS,
    WORKFLOWS,
    areas_on,
    cases_on,
    deadlines_on,
    desk_on,
    jobs_on,
    person,
    rows,
    transition,
    work_on,
)

WARNING = decode_warning(
    (
        Path(__file__).parents[4] / "schemas/examples/region-warnings.v1/RegionWarning.up.json"
    ).read_bytes()
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = date(2026, 6, 10)
TOWNSHIP = "370399101"


def pauses_on(engine: AsyncEngine) -> Pauses:
    return Pauses(
        engine, WORKFLOWS, WEEKENDS, deadlines_on(engine), Notices(jobs_on(engine), WEEKENDS)
    )


async def day_is(engine: AsyncEngine, day: date) -> None:
    await cases_on(engine).take([DayDone(partition=0, day=day, learned_at=NOW, registered={})], NOW)


async def opened(engine: AsyncEngine, *homes: str, **changes: Any) -> None:  # noqa: ANN401
    given: dict[str, Any] = {"is_urgent": False, "open_day": TODAY, "learned_at": NOW, **changes}
    await day_is(engine, TODAY)
    await cases_on(engine).take(
        [transition(home, 1, FindingKind.GUARANTEE_MISSING, **given) for home in homes], NOW
    )


async def nobodys(engine: AsyncEngine) -> list[int | None]:
    return [
        entry.number
        for entry in await Lists(engine, WORKFLOWS).entries(WorkList.NOBODYS, "370399", NOW)
    ]


async def test_who_leaves_leaves_cases_that_are_nobodys_and_anybody_of_the_level_goes_on(
    alerts_database: AsyncEngine,
) -> None:
    accounts, work = Accounts(alerts_database, 12), work_on(alerts_database)
    await opened(alerts_database, "a", "b", "c")
    await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    for number, who in ((1, "zhang"), (2, "li")):
        await work.step(Handling(person(who), number, 1, NOW), "take")
    before = await nobodys(alerts_database)
    left = await accounts.disable("zhang", NOW)
    after = await nobodys(alerts_database)
    await work.take_over(Handling(person("wang", Role.VILLAGE), 1, 3, NOW))
    with pytest.raises(Stale):
        await work.take_over(Handling(person("wang", Role.VILLAGE), 1, 4, NOW))
    await work.take_over(Handling(person("chen"), 2, 2, NOW))

    assert (before, left, after, await nobodys(alerts_database)) == ([], 1, [1], [])
    audited = (
        "select actor, action, detail->>'note' from audit where action in ('unassigned',"
        " 'taken_over') order by audit_id"
    )
    assert await rows(alerts_database, audited) == [
        ("operator", "unassigned", "zhang"),
        ("wang", "taken_over", None),
        ("chen", "taken_over", "li"),
    ]
    # used again: nothing comes back by itself
    await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    assert await rows(alerts_database, "select number, assigned_to from cases order by 1") == [
        (1, "wang"),
        (2, "chen"),
        (3, None),
    ]


async def test_a_level_that_has_no_step_at_the_stage_does_not_take_over(
    alerts_database: AsyncEngine,
) -> None:
    await opened(alerts_database, "a")
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql("update cases set stage = 'elimination_review'")
    with pytest.raises(NotAllowed) as refused:
        await work_on(alerts_database).take_over(Handling(person("wang", Role.VILLAGE), 1, 1, NOW))

    assert isinstance(refused.value.why, WrongRole)
    await work_on(alerts_database).take_over(Handling(person("chen", Role.TOWNSHIP), 1, 1, NOW))


async def test_an_acknowledgement_ends_with_the_account_and_who_was_told_last_is_told_again(
    alerts_database: AsyncEngine,
) -> None:
    accounts, deadlines = Accounts(alerts_database, 12), deadlines_on(alerts_database)
    await opened(alerts_database, "a")
    for name, area, role in (("zhang", "370399", Role.COUNTY), ("li", "370399", Role.COUNTY)):
        await accounts.add(name, area, role, NOW)
    ((settle,),) = await rows(
        alerts_database, "select deadline_id from deadlines where kind = 'settle'"
    )
    await deadlines.passed(settle)
    await work_on(alerts_database).acknowledge(Handling(person("zhang"), 1, 1, NOW))
    await accounts.disable("li", NOW)
    asked = "select level, acknowledged_by from deadlines where kind = 'settle'"
    others = await rows(alerts_database, asked)
    await accounts.disable("zhang", NOW)
    left = await rows(alerts_database, asked)
    forgotten = list(await deadlines.forgotten(datetime.now(UTC)))
    await deadlines.passed(settle)

    assert (others, left, forgotten) == ([(1, "zhang")], [(0, None)], [settle])
    assert await rows(alerts_database, asked) == [(1, None)]
    assert (
        await rows(alerts_database, "select place, event from notices where event = 'overdue'")
        == [(TOWNSHIP, "overdue")] * 2
    )
    assert ("operator", "acknowledgement_ended") in await rows(
        alerts_database, "select actor, action from audit"
    )


async def test_a_pause_ends_with_the_account_of_its_author(alerts_database: AsyncEngine) -> None:
    accounts, work = Accounts(alerts_database, 12), work_on(alerts_database)
    await opened(alerts_database, "a", "b")
    await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    for number, who in ((1, "zhang"), (2, "li")):
        await work.pause(Handling(person(who), number, 1, NOW), "in_hospital")
    await day_is(alerts_database, TODAY + timedelta(days=4))
    nothing = await pauses_on(alerts_database).end(NOW)
    await accounts.disable("zhang", NOW)
    ended = await pauses_on(alerts_database).end(NOW)

    assert (nothing, ended) == (0, 1)
    assert await rows(
        alerts_database, "select number, paused_on, due_on from cases order by 1"
    ) == [
        (1, None, date(2026, 6, 29)),
        (2, TODAY, date(2026, 6, 25)),
    ]
    assert await rows(
        alerts_database, "select place, event, number from notices where event = 'pause_over'"
    ) == [(TOWNSHIP, "pause_over", 1)]
    assert (1,) in await rows(
        alerts_database,
        "select number from cases join deadlines using (case_id) where kind = 'settle' and done_at"
        " is null",
    )


async def test_a_pause_that_lasts_too_long_ends_by_itself_and_the_township_is_told(
    alerts_database: AsyncEngine,
) -> None:
    await opened(alerts_database, "a")
    await work_on(alerts_database).pause(Handling(person("li"), 1, 1, NOW), "in_hospital")
    await day_is(alerts_database, TODAY + timedelta(days=29))
    early = await pauses_on(alerts_database).end(NOW)
    await day_is(alerts_database, TODAY + timedelta(days=33))
    ended = await pauses_on(alerts_database).end(NOW), await pauses_on(alerts_database).end(NOW)

    assert (early, ended) == (0, (1, 0))
    assert await rows(alerts_database, "select paused_on, due_on, stood_still from cases") == [
        (None, date(2026, 7, 25), [["2026-06-10", "2026-07-10"]])
    ]
    assert await rows(
        alerts_database, "select place, event from notices where event = 'pause_over'"
    ) == [(TOWNSHIP, "pause_over")]
    assert ("foothold", "pause_over") in await rows(
        alerts_database, "select actor, action from audit"
    )


async def test_with_another_area_what_lies_outside_is_let_go_of_and_a_village_keeps_no_pause(
    alerts_database: AsyncEngine,
) -> None:
    accounts, work = Accounts(alerts_database, 12), work_on(alerts_database)
    await opened(alerts_database, "a", "b")
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql("update cases set area = '370399102201' where number = 2")
    await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    for number in (1, 2):
        await work.step(Handling(person(), number, 1, NOW), "take")
        await work.pause(Handling(person(), number, 2, NOW), "in_hospital")
    await accounts.add("zhang", "370399", Role.COUNTY, NOW)  # a new password changes nothing
    same = await rows(
        alerts_database, "select number, assigned_to, paused_by from cases order by 1"
    )
    await accounts.add("zhang", TOWNSHIP, Role.TOWNSHIP, NOW)
    moved = await rows(
        alerts_database, "select number, assigned_to, paused_by from cases order by 1"
    )
    await accounts.add("zhang", f"{TOWNSHIP}201", Role.VILLAGE, NOW)

    assert same == [(1, "zhang", "zhang"), (2, "zhang", "zhang")]
    assert moved == [(1, "zhang", "zhang"), (2, None, None)]
    assert await rows(alerts_database, "select number, paused_by from cases order by 1") == [
        (1, None),
        (2, None),
    ]


async def test_the_first_word_of_two_goes_with_who_said_it(alerts_database: AsyncEngine) -> None:
    accounts, work = Accounts(alerts_database, 12), work_on(alerts_database)
    await opened(alerts_database, "a", is_urgent=True, movement=Movement.ENTERED)
    await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    await work.step(Handling(person("zhang"), 1, 1, NOW), "dismiss", reason=CloseReason.CAN_COPE)
    await accounts.disable("zhang", NOW)
    await work.step(Handling(person("li"), 1, 3, NOW), "dismiss", reason=CloseReason.CAN_COPE)

    assert await rows(alerts_database, "select stage, proposed_by from cases") == [("lead", "li")]


async def test_a_warning_somebody_had_seen_is_told_again_when_they_leave(
    alerts_database: AsyncEngine,
) -> None:
    accounts, areas = Accounts(alerts_database, 12), areas_on(alerts_database)
    await accounts.add("zhang", WARNING.county, Role.COUNTY, NOW)
    await areas.take([WARNING], NOW)
    await areas.acknowledge("zhang", WARNING.county, 1, NOW)
    before = await areas.let_go()
    await accounts.disable("zhang", NOW)
    after = await areas.let_go()
    await areas.remind(1)

    assert (before, after, await areas.let_go()) == ([], [1], [])
    assert await rows(alerts_database, "select acknowledged_by from region_warnings") == [(None,)]


async def test_an_act_under_way_while_its_account_ends_is_done_before_or_not_at_all(
    alerts_database: AsyncEngine,
) -> None:
    accounts, work = Accounts(alerts_database, 12), work_on(alerts_database)
    homes = "abcdef0123456789"
    await opened(alerts_database, *homes)
    await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    acts = [
        work.step(Handling(person("zhang"), number, 1, NOW), "take")
        for number in range(1, len(homes) + 1)
    ]
    half = len(acts) // 2
    outcomes = await asyncio.gather(
        *acts[:half], accounts.disable("zhang", NOW), *acts[half:], return_exceptions=True
    )
    late = await asyncio.gather(
        work.step(Handling(person("zhang"), 1, 1, NOW), "take"), return_exceptions=True
    )

    assert all(outcome is None or isinstance(outcome, Gone | int) for outcome in outcomes), outcomes
    assert isinstance(late[0], Gone)
    assert await rows(
        alerts_database, "select count(*) from cases where assigned_to is not null"
    ) == [(0,)]


async def test_a_page_of_an_account_that_has_ended_leads_to_the_log_in(
    alerts_database: AsyncEngine,
) -> None:
    accounts = Accounts(alerts_database, 12)
    await opened(alerts_database, "a", "b")
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    await work_on(alerts_database).step(Handling(person("li"), 1, 1, NOW), "take")
    transport = httpx.ASGITransport(make_app(desk_on(alerts_database, accounts)))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        await client.post("/login", data={"name": "zhang", "password": password})
        page = (await client.get("/cases/1")).text
        form = {"csrf": page.split('name="csrf" value="')[1].split('"')[0], "version": "2"}
        taken = await client.post("/cases/1/take-over", data=form)
        await accounts.disable("zhang", NOW)
        gone = await client.post("/cases/2/steps/take", data=form | {"version": "1"})

    assert 'action="/cases/1/take-over"' in page
    assert (taken.status_code, taken.headers["location"]) == (303, "/cases/1")
    assert (gone.status_code, gone.headers["location"]) == (303, "/login?to=%2F&ended=1")


async def test_a_case_from_before_learns_when_its_days_begin_and_a_new_calendar_moves_both_dates(
    alerts_database: AsyncEngine,
) -> None:
    await opened(alerts_database, "a", "b")
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql(
            "update cases set settle_from = null, due_on = '2026-06-30' where number = 1"
        )
    await deadlines_on(alerts_database).recount(NOW)
    assert await rows(alerts_database, "select settle_from, due_on from cases order by number") == [
        (date(2026, 6, 15), date(2026, 6, 30)),
        (TODAY, date(2026, 6, 25)),
    ]
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql(
            "update deadlines set is_provisional = true where kind = 'settle'"
        )
    known = WorkDays({2026: {}})
    jobs = jobs_on(alerts_database)
    await Deadlines(alerts_database, jobs, WORKFLOWS, known, Notices(jobs, known)).recount(NOW)
    due = (
        "select due_on, (due_at at time zone 'Asia/Shanghai')::date - 1 from cases join deadlines"
        " using (case_id) where kind = 'settle' and done_at is null"
    )
    assert all(on == last for on, last in await rows(alerts_database, due))
    assert work_days().is_known(date(2026, 1, 1))
