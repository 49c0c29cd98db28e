"""Danger and haste on a real database: the duty to look, two people, which cases stand first."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling, NotAllowed
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.queries.inbox import Inbox
from foothold_alerts.rules.acts.two import TwoNo
from foothold_alerts.rules.case import CloseReason, Role
from foothold_alerts.web.app import make_app
from foothold_schemas.facts.decisions import HarmlessReason
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Movement, Status
from tests.support.alerts import (
    WORKFLOWS,
    cases_on,
    deadlines_on,
    desk_on,
    person,
    plan_on,
    rows,
    transition,
    work_on,
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

NOW = datetime.now(UTC).replace(microsecond=0)
CALM: dict[str, Any] = {
    "is_urgent": False,
    "group": None,
    "status": Status.WATCH,
    "movement": Movement.WATCHED,
}
WAITING = "select kind, due_at from deadlines where done_at is null and kind = 'look'"


async def test_danger_has_a_duty_of_its_own_until_somebody_was_there(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take(
        [transition("a", learned_at=NOW), transition("b", learned_at=NOW, **CALM)], NOW
    )
    waiting = await rows(alerts_database, WAITING)
    await work_on(alerts_database).step(Handling(person(), 1, 1, NOW), "take")
    taken = await rows(alerts_database, WAITING)
    await plan_on(alerts_database).visit(
        Handling(person(), 1, 2, NOW), NOW.date() - timedelta(days=9), note="before the danger"
    )
    earlier = await rows(alerts_database, WAITING)
    await plan_on(alerts_database).visit(
        Handling(person(), 1, 3, NOW), (NOW + timedelta(hours=8)).date(), note="the roof is gone"
    )

    assert waiting == taken == earlier == [("look", NOW + timedelta(hours=24))]
    assert await rows(alerts_database, WAITING) == []


async def test_cases_known_before_there_was_such_a_duty_get_theirs_when_alerts_starts(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take([transition("a", learned_at=NOW)], NOW)
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql("delete from deadlines where kind = 'look'")
    await deadlines_on(alerts_database).recount(NOW)

    assert await rows(alerts_database, WAITING) == [("look", NOW + timedelta(hours=24))]


async def test_two_people_dismiss_what_ever_was_in_danger_and_both_stand_in_the_audit(
    alerts_database: AsyncEngine,
) -> None:
    work = work_on(alerts_database)
    await cases_on(alerts_database).take(
        [
            transition("a", learned_at=NOW),
            transition("a", 2, learned_at=NOW, movement=Movement.EASED, is_urgent=False),
        ],
        NOW,
    )
    await work.step(Handling(person("zhang"), 1, 2, NOW), "dismiss", reason=CloseReason.CAN_COPE)
    with pytest.raises(NotAllowed) as refused:
        await work.step(
            Handling(person("zhang"), 1, 3, NOW), "dismiss", reason=CloseReason.CAN_COPE
        )
    before = await rows(
        alerts_database, "select stage from cases union all select body->'data'->>'kind' from said"
    )
    await work.step(Handling(person("li"), 1, 3, NOW), "dismiss", reason=CloseReason.CAN_COPE)

    assert (refused.value.why, before) == (TwoNo.SAME_PERSON, [("lead",)])
    assert await rows(alerts_database, "select stage from cases") == [("dismissed",)]
    assert len(await rows(alerts_database, "select 1 from said")) == 1
    people = await rows(
        alerts_database,
        "select actor, action from audit where actor <> 'foothold' order by audit_id",
    )
    assert people == [("zhang", "dismiss_proposed"), ("li", "dismiss")]


async def test_a_finding_of_such_a_case_is_found_harmless_by_two_people_as_well(
    alerts_database: AsyncEngine,
) -> None:
    """Otherwise one person would dismiss it all the same.

    A case whose findings are all harmless is over.
    """
    work, until = work_on(alerts_database), (NOW + timedelta(days=100)).date()
    await cases_on(alerts_database).take([transition("a", learned_at=NOW)], NOW)
    harmless = (FindingKind.RIGID_SPENDING_RATIO, HarmlessReason.CAN_COPE, until)
    await work.exempt(Handling(person("zhang"), 1, 1, NOW), *harmless)
    with pytest.raises(NotAllowed) as refused:
        await work.exempt(Handling(person("zhang"), 1, 2, NOW), *harmless)
    statements = await rows(alerts_database, "select 1 from said")
    await work.exempt(Handling(person("li"), 1, 2, NOW), *harmless)

    assert (refused.value.why, statements) == (TwoNo.SAME_PERSON, [])
    assert len(await rows(alerts_database, "select 1 from said")) == 1


async def test_sorting_the_count_and_the_filter_go_by_the_clock(
    alerts_database: AsyncEngine,
) -> None:
    """In danger and looked at: not urgent. Calm and due tomorrow: urgent."""
    near = NOW.date() - timedelta(days=14)
    calm = [
        transition("b", learned_at=NOW, open_day=near, **CALM),
        transition("c", learned_at=NOW, open_day=NOW.date(), **CALM),
    ]
    await cases_on(alerts_database).take(
        [transition("a", learned_at=NOW, open_day=NOW.date()), *calm], NOW
    )
    await plan_on(alerts_database).visit(
        Handling(person(), 1, 1, NOW), (NOW + timedelta(hours=8)).date(), note="seen"
    )
    inbox = Inbox(alerts_database, WORKFLOWS)
    everything, urgent = (
        await inbox.page("370399", None, 1),
        await inbox.page("370399", None, 1, is_urgent=True),
    )

    assert [
        (row["number"], row["is_soon"], row["is_urgent"], row["next_kind"])
        for row in everything.rows
    ] == [
        (2, True, False, "settle"),
        (1, False, True, "settle"),
        (3, False, False, "settle"),
    ]
    assert (
        everything.urgent,
        everything.total,
        [row["number"] for row in urgent.rows],
        urgent.total,
    ) == (1, 3, [2], 1)


async def test_the_pages_say_in_danger_and_urgent_each_where_it_holds(
    alerts_database: AsyncEngine,
) -> None:
    accounts = Accounts(alerts_database, 12)
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    await cases_on(alerts_database).take(
        [transition("a", learned_at=NOW, open_day=date(2030, 1, 1))], NOW
    )
    transport = httpx.ASGITransport(make_app(desk_on(alerts_database, accounts)))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        await client.post("/login", data={"name": "zhang", "password": password})
        hot, danger = '<span class="pill hot">紧急', '<span class="pill danger">危急'
        before = [(await client.get(path)).text for path in ("/", "/cases/1", "/?urgent=1")]
        async with alerts_database.begin() as connection:
            await connection.exec_driver_sql(
                "update deadlines set due_at = now() + interval '9 days' where kind in ('relief',"
                " 'look')"
            )
        after = [(await client.get(path)).text for path in ("/", "/cases/1")]
        filtered = (await client.get("/?urgent=1")).text

    assert [(hot in page, danger in page) for page in before] == [(True, True)] * 3
    assert [(hot in page, danger in page) for page in after] == [(False, True)] * 2
    assert danger not in filtered
