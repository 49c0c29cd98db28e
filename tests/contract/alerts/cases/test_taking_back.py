"""Tests what happened and what is taken back, on a real database.

A second disaster is helped by itself, wavering proposes and reports nothing, a slip is undone, and
decisions are taken back.
"""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling, NotAllowed
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.rules.acts.two import TwoNo
from foothold_alerts.rules.case import CloseReason, Role
from foothold_alerts.rules.relief.relief import ReliefAct
from foothold_alerts.web.app import make_app
from foothold_schemas.facts.decisions import Decision
from foothold_schemas.facts.saw import Saw, SeenEvent
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status, Transition
from tests.support.alerts import (
    back_on,
    cases_on,
    desk_on,
    person,
    relief_on,
    rows,
    transition,
    work_on,
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

NOW = datetime.now(UTC).replace(microsecond=0)
STORM = FindingKind.DISASTER_LOSS
SAID = "select body->'data'->>'decision' from said order by seq"


def storm(number: int, *names: str, **more: Any) -> Transition:  # noqa: ANN401
    saw = (
        Saw(
            finding=STORM,
            events=tuple(SeenEvent(name=name) for name in names),
            events_total=len(names),
        ),
    )
    return transition("a", number, STORM, learned_at=NOW, **{"is_urgent": False} | more).model_copy(
        update={"saw": saw, "is_told": more.get("is_told", True)}
    )


async def test_a_second_disaster_is_helped_by_itself_and_what_wavers_is_not(
    alerts_database: AsyncEngine,
) -> None:
    cases = cases_on(alerts_database)
    await cases.take([storm(1, "fire 2026-06-09")], NOW)
    await cases.take(
        [storm(2, "fire 2026-06-09", "flood 2026-06-12", movement=Movement.WORSENED)], NOW
    )
    await cases.take(
        [
            storm(
                3,
                "fire 2026-06-09",
                "flood 2026-06-12",
                "hail 2026-06-13",
                movement=Movement.MOVED,
                is_told=False,
                is_wavering=True,
            )
        ],
        NOW,
    )

    assert await rows(alerts_database, "select event from relief order by relief_id") == [
        ("fire 2026-06-09",),
        ("flood 2026-06-12",),
    ]
    assert await rows(alerts_database, "select event from notices order by notice_id") == [
        ("opened",),
        ("news",),
    ]


async def test_what_people_refused_is_not_proposed_again_by_what_happens_next(
    alerts_database: AsyncEngine,
) -> None:
    cases, desk = cases_on(alerts_database), relief_on(alerts_database)
    await cases.take([storm(1, "fire 2026-06-09")], NOW)
    await desk.relieve(
        Handling(person(), 1, 1, NOW), 1, ReliefAct.REFUSE, amount=None, note="insured"
    )
    await cases.take(
        [storm(2, "fire 2026-06-09", "flood 2026-06-12", movement=Movement.WORSENED)], NOW
    )

    assert await rows(alerts_database, "select event, status from relief order by relief_id") == [
        ("fire 2026-06-09", "refused_relief"),
        ("flood 2026-06-12", "proposed"),
    ]


async def test_refused_relief_for_bills_comes_back_only_with_a_newer_bill(
    alerts_database: AsyncEngine,
) -> None:
    cases, desk = cases_on(alerts_database), relief_on(alerts_database)
    days = [date(2026, 6, 9), date(2026, 6, 9), date(2026, 6, 20)]
    for number, newest in enumerate(days, start=1):
        saw = (Saw(finding=FindingKind.SELF_PAID_HIGH, newest_on=newest),)
        movement = Movement.ENTERED if number == 1 else Movement.WORSENED
        news = transition(
            "a",
            number,
            FindingKind.SELF_PAID_HIGH,
            learned_at=NOW,
            movement=movement,
            is_urgent=False,
        )
        await cases.take([news.model_copy(update={"saw": saw, "is_told": True})], NOW)
        if number == 1:
            await desk.relieve(
                Handling(person(), 1, 1, NOW), 1, ReliefAct.REFUSE, amount=None, note="insured"
            )

    assert await rows(
        alerts_database, "select bills_until, status from relief order by relief_id"
    ) == [(days[0], "refused_relief"), (days[2], "proposed")]


async def test_a_correction_that_leaves_a_lead_ends_the_proposal_for_the_disaster_that_was_none(
    alerts_database: AsyncEngine,
) -> None:
    cases = cases_on(alerts_database)
    await cases.take([storm(1, "fire 2026-06-09", "flood 2026-06-12")], NOW)
    corrected: dict[str, Any] = {
        "movement": Movement.EXITED,
        "exit_reason": ExitReason.CORRECTED,
        "group": None,
        "status": Status.WATCH,
    }
    await cases.take([storm(2, "flood 2026-06-12", **corrected)], NOW)

    assert await rows(alerts_database, "select event, status from relief order by relief_id") == [
        ("fire 2026-06-09", "withdrawn"),
        ("flood 2026-06-12", "proposed"),
    ]


@pytest.mark.parametrize(
    ("movement", "left", "statuses"),
    [
        (Movement.EASED, ("flood 2026-06-12",), ["withdrawn", "proposed"]),
        (Movement.EASED, (), ["withdrawn", "withdrawn"]),
        (
            Movement.WORSENED,
            ("flood 2026-06-12", "fire 2026-06-08"),
            ["withdrawn", "proposed", "proposed"],
        ),
    ],
    ids=["one of two", "both, while the group stands on a guarantee", "its day was wrong"],
)
async def test_relief_for_a_disaster_that_was_none_ends_while_its_group_goes_on(
    alerts_database: AsyncEngine, movement: Movement, left: tuple[str, ...], statuses: list[str]
) -> None:
    cases = cases_on(alerts_database)
    await cases.take([storm(1, "fire 2026-06-09", "flood 2026-06-12")], NOW)
    changes: dict[str, Any] = {"movement": movement, "exit_reason": ExitReason.CORRECTED}
    some = storm(2, *left, **changes)
    rest = transition(
        "a", 2, FindingKind.GUARANTEE_MISSING, learned_at=NOW, is_urgent=False, **changes
    )
    await cases.take([some if left else rest], NOW)

    assert await rows(
        alerts_database, "select status, withdrawn_from from relief order by relief_id"
    ) == [(status, "proposed" if status == "withdrawn" else None) for status in statuses]


async def test_relief_for_bills_stays_proposed_while_another_finding_of_them_stands(
    alerts_database: AsyncEngine,
) -> None:
    cases, changes = cases_on(alerts_database), {"learned_at": NOW, "is_urgent": False}
    corrected: dict[str, Any] = {
        "movement": Movement.EASED,
        "exit_reason": ExitReason.CORRECTED,
    } | changes
    statuses = "select status from relief"
    await cases.take([transition("a", 1, FindingKind.SELF_PAID_HIGH, **changes)], NOW)
    await cases.take([transition("a", 2, FindingKind.SINGLE_STAY_HIGH, **corrected)], NOW)
    kept = await rows(alerts_database, statuses)
    await cases.take([transition("a", 3, FindingKind.GUARANTEE_MISSING, **corrected)], NOW)

    assert (kept, await rows(alerts_database, statuses)) == ([("proposed",)], [("withdrawn",)])


async def test_a_slip_is_undone_at_the_stage_where_it_stood(alerts_database: AsyncEngine) -> None:
    cases, work = cases_on(alerts_database), work_on(alerts_database)
    await cases.take([storm(1, "fire 2026-06-09", open_day=date(2026, 6, 10))], NOW)
    await work.step(Handling(person(), 1, 1, NOW), "take")
    before = await rows(alerts_database, "select stage, due_on from cases")
    over: dict[str, Any] = {
        "is_lead": False,
        "is_episode_over": True,
        "group": None,
        "status": Status.CLEAR,
        "open_day": date(2026, 6, 12),
    }
    await cases.take(
        [storm(2, movement=Movement.EXITED, exit_reason=ExitReason.NATURAL, **over)], NOW
    )
    closed = await rows(alerts_database, "select stage from cases")
    back = storm(
        3,
        "fire 2026-06-09",
        movement=Movement.RESTORED,
        exit_reason=ExitReason.CORRECTED,
        open_day=date(2026, 6, 15),
    )
    await cases.take([back], NOW)
    ((stage, due_on),) = await rows(alerts_database, "select stage, due_on from cases")

    assert (before[0][0], closed, stage, (due_on - before[0][1]).days) == (
        "verifying",
        [("natural",)],
        "verifying",
        3,
    )
    assert await rows(alerts_database, "select status from relief order by relief_id") == [
        ("proposed",)
    ]


@pytest.mark.parametrize("is_one_batch", [True, False])
async def test_what_wavers_takes_its_relief_and_its_plan_up_where_people_had_come_with_them(
    alerts_database: AsyncEngine,
    is_one_batch: bool,  # noqa: FBT001 - a column of the table
) -> None:
    cases, desk = cases_on(alerts_database), relief_on(alerts_database)
    await cases.take([storm(1, "fire 2026-06-09", open_day=date(2026, 6, 10))], NOW)
    await desk.relieve(
        Handling(person(), 1, 1, NOW), 1, ReliefAct.DECIDE, amount=100_000, note="burnt"
    )
    before = await rows(alerts_database, "select status, due_at, amount_fen from relief")
    over: dict[str, Any] = {
        "is_lead": False,
        "is_episode_over": True,
        "group": None,
        "status": Status.CLEAR,
        "open_day": date(2026, 6, 12),
    }
    gone = storm(2, movement=Movement.EXITED, exit_reason=ExitReason.CORRECTED, **over)
    back = storm(
        3,
        "fire 2026-06-09",
        movement=Movement.RELAPSED,
        is_wavering=True,
        is_told=False,
        open_day=date(2026, 6, 15),
    )
    for batch in [[gone, back]] if is_one_batch else [[gone], [back]]:
        await cases.take(batch, NOW)

    assert before[0][0] == "decided"
    assert await rows(alerts_database, "select status, due_at, amount_fen from relief") == before
    assert await rows(alerts_database, "select withdrawn_from from relief") == [(None,)]


async def test_a_case_that_is_handed_over_stays_with_those_who_worked_on_it(
    alerts_database: AsyncEngine,
) -> None:
    cases = cases_on(alerts_database)
    first = storm(1, "fire 2026-06-09")
    await cases.take([first], NOW)
    over: dict[str, Any] = {
        "is_lead": False,
        "is_episode_over": True,
        "group": None,
        "status": Status.CLEAR,
    }
    gone = storm(2, movement=Movement.EXITED, exit_reason=ExitReason.NATURAL, **over)
    away = gone.household.model_copy(update={"area": "110101001001"})
    await cases.take(
        [gone.model_copy(update={"household": away, "handed_over_to": "110101001001"})], NOW
    )

    assert await rows(alerts_database, "select stage, area from cases") == [
        ("natural", first.household.area)
    ]


async def test_the_township_takes_a_dismissal_back_and_two_of_the_county_an_elimination(
    alerts_database: AsyncEngine,
) -> None:
    back = back_on(alerts_database)
    await cases_on(alerts_database).take([storm(1, "fire 2026-06-09")], NOW)
    await work_on(alerts_database).step(
        Handling(person(), 1, 1, NOW), "dismiss", reason=CloseReason.CAN_COPE
    )
    await back.reopen(Handling(person("wang"), 1, 2, NOW), "seen again")
    county = [person(name, role=Role.COUNTY) for name in ("zhang", "li")]
    await back.roll_back(Handling(county[0], 1, 3, NOW), "visited")
    with pytest.raises(NotAllowed) as refused:
        await back.roll_back(Handling(county[0], 1, 4, NOW), "visited")
    await back.roll_back(Handling(county[1], 1, 4, NOW), "visited")

    assert refused.value.why is TwoNo.SAME_PERSON
    assert await rows(alerts_database, SAID) == [("dismissed",), ("reopened",), ("rolled_back",)]
    assert await rows(alerts_database, "select stage from cases") == [("identified",)]


async def test_the_page_gives_back_what_it_showed_and_marks_what_wavers(
    alerts_database: AsyncEngine,
) -> None:
    accounts = Accounts(alerts_database, 12)
    password = await accounts.add("li", "370399", Role.TOWNSHIP, NOW)
    await cases_on(alerts_database).take(
        [storm(1, "fire 2026-06-09", is_wavering=True, movement=Movement.RELAPSED)], NOW
    )
    app = make_app(desk_on(alerts_database, accounts))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk", follow_redirects=True
    ) as client:
        await client.post("/login", data={"name": "li", "password": password})
        inbox, page = (await client.get("/")).text, (await client.get("/cases/1")).text

    assert "反复" in inbox
    assert "反复" in page
    assert "fire 2026-06-09" in page


async def test_a_dismissal_taken_back_reads_so_on_every_page_and_in_the_notice(
    alerts_database: AsyncEngine,
) -> None:
    cases = cases_on(alerts_database)
    await cases.take([storm(1, "fire 2026-06-09", status=Status.GROUP)], NOW)
    back = storm(
        2,
        "fire 2026-06-09",
        movement=Movement.RELAPSED,
        decided=Decision.REOPENED,
        previous_group=None,
    )
    await cases.take([back], NOW)
    accounts = Accounts(alerts_database, 12)
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    app = httpx.ASGITransport(make_app(desk_on(alerts_database, accounts)))
    async with httpx.AsyncClient(transport=app, base_url="http://desk") as client:
        await client.post("/login", data={"name": "zhang", "password": password})
        case, inbox = (await client.get("/cases/1")).text, (await client.get("/")).text

    lead, history = case.split('class="lead">')[1], case.split('class="history">')[1]
    for page in (lead.split("</p>")[0], inbox, history.split("</ol>")[0]):
        assert "排除已撤回" in page
        assert "The dismissal was taken back" in page
        assert "恢复期" not in page
        assert "relapsed" not in page
    assert "撤回排除，恢复办理（人工决定）" in history
    assert "dismissal taken back (people decided)" in history
    assert await rows(alerts_database, "select event from notices order by notice_id") == [
        ("opened",),
        ("taken_back",),
    ]
