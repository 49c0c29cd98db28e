"""Tests the desk on a real database.

The tests cover repeats, two people at once, an audit nobody can change, and a brake on guessing.
"""

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling, NotAllowed, Stale
from foothold_alerts.cases.relief import ReliefDesk
from foothold_alerts.cases.steps import Work
from foothold_alerts.cases.transitions import Cases
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.queries.inbox import Inbox
from foothold_alerts.rules.case import CloseReason, Role
from foothold_alerts.rules.relief.relief import ReliefAct
from foothold_alerts.tables.cases import connect
from foothold_alerts.web.app import make_app
from foothold_schemas.facts.decisions import HarmlessReason
from foothold_schemas.facts.feeds import StaleFeed
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import DayDone, ExitReason, Movement, Status
from tests.support.alerts import (
    NOW,
    WORKFLOWS,
    cases_on,
    desk_on,
    person,
    relief_on,
    rows,
    transition,
    work_on,
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]


@pytest.fixture
def cases(alerts_database: AsyncEngine) -> Cases:
    return cases_on(alerts_database)


@pytest.fixture
def relief(alerts_database: AsyncEngine) -> ReliefDesk:
    return relief_on(alerts_database)


@pytest.fixture
def work(alerts_database: AsyncEngine) -> Work:
    return work_on(alerts_database)


async def through(
    relief: ReliefDesk,
    relief_id: int,
    version: int,
    *acts: tuple[ReliefAct, int | None],
    by: str = "zhang",
) -> None:
    for n, (act, amount) in enumerate(acts):
        await relief.relieve(
            Handling(person(by), 1, version + n, NOW), relief_id, act, amount=amount, note="checked"
        )


async def decide_and_pay(relief: ReliefDesk, relief_id: int, amount: int, *, version: int) -> None:
    await through(relief, relief_id, version, (ReliefAct.DECIDE, amount))
    await through(relief, relief_id, version + 1, (ReliefAct.PAY, None), by="li")


async def test_a_batch_taken_again_changes_nothing(
    cases: Cases, alerts_database: AsyncEngine
) -> None:
    batch = [
        transition("a"),
        transition("b"),
        transition(
            "a",
            2,
            FindingKind.RIGID_SPENDING_RATIO,
            FindingKind.DISASTER_LOSS,
            movement=Movement.WORSENED,
        ),
    ]
    first = await cases.take(batch, NOW)
    everything = (
        "select (select count(*) from cases), (select sum(version) from cases), (select count(*)"
        " from relief), (select count(*) from audit)"
    )
    before = await rows(alerts_database, everything)
    again = await cases.take([*batch, *batch[:1]], NOW)

    assert ([t.action for t in first], again) == (["opened", "opened", "updated"], [])
    assert before == await rows(alerts_database, everything)
    assert before == [(2, 3, 3, 3)]


async def test_two_workers_taking_the_same_batch_at_once_open_one_case(
    cases: Cases, alerts_database: AsyncEngine
) -> None:
    await asyncio.gather(*(cases.take([transition("a"), transition("b")], NOW) for _ in range(4)))

    assert await rows(alerts_database, "select count(*) from cases") == [(2,)]
    assert await rows(alerts_database, "select count(*) from relief") == [(2,)]


async def test_when_the_episode_is_over_unpaid_relief_is_withdrawn_and_paid_relief_stays(
    cases: Cases, relief: ReliefDesk, alerts_database: AsyncEngine
) -> None:
    await cases.take(
        [transition("a", 1, FindingKind.RIGID_SPENDING_RATIO, FindingKind.DISASTER_LOSS)], NOW
    )
    (relief_id,) = (
        await rows(alerts_database, "select relief_id from relief where kind = 'emergency'")
    )[0]
    await decide_and_pay(relief, relief_id, 300_000, version=1)
    gone: dict[str, Any] = {
        "is_lead": False,
        "is_episode_over": True,
        "group": None,
        "status": Status.CLEAR,
        "exit_reason": ExitReason.CLEARED,
    }
    await cases.take([transition("a", 2, movement=Movement.EXITED, **gone)], NOW)

    assert await rows(alerts_database, "select kind, status from relief order by kind") == [
        ("emergency", "paid"),
        ("spending", "withdrawn"),
    ]
    assert await rows(alerts_database, "select stage, close_reason, priority_group from cases") == [
        ("closed", "signal_ended", None)
    ]
    assert [(date(2026, 6, 15), "li")] == await rows(
        alerts_database, "select papers_due_on, paid_by from relief where status = 'paid'"
    )


async def test_a_correction_that_leaves_a_lead_withdraws_its_proposals_but_not_those_of_a_disaster(
    cases: Cases, alerts_database: AsyncEngine
) -> None:
    left: dict[str, Any] = {
        "movement": Movement.EXITED,
        "exit_reason": ExitReason.CORRECTED,
        "group": None,
        "status": Status.WATCH,
        "is_lead": True,
    }
    both = (FindingKind.RIGID_SPENDING_RATIO, FindingKind.DISASTER_LOSS)
    await cases.take([transition("a", 1, *both), transition("b", 1, *both)], NOW)
    await cases.take(
        [
            transition("a", 2, FindingKind.DISASTER_LOSS, **left),
            transition("b", 2, FindingKind.GUARANTEE_MISSING, **left),
        ],
        NOW,
    )

    kept = "select left(household_id, 1), kind, status from relief order by 1, 2"
    assert await rows(alerts_database, kept) == [
        ("a", "emergency", "proposed"),
        ("a", "spending", "withdrawn"),
        ("b", "emergency", "withdrawn"),
        ("b", "spending", "withdrawn"),
    ]
    assert await rows(alerts_database, "select distinct stage, close_reason from cases") == [
        ("lead", None)
    ]


async def test_a_correction_taken_in_one_batch_with_its_entry_proposes_nothing_that_is_wrong(
    cases: Cases, alerts_database: AsyncEngine
) -> None:
    gone: dict[str, Any] = {
        "is_lead": False,
        "is_episode_over": True,
        "group": None,
        "status": Status.CLEAR,
        "exit_reason": ExitReason.CORRECTED,
    }
    await cases.take([transition("a"), transition("a", 2, movement=Movement.EXITED, **gone)], NOW)

    # kept for a case that goes on within the days
    assert await rows(alerts_database, "select status from relief") == [("withdrawn",)]
    assert await rows(alerts_database, "select stage, close_reason from cases") == [
        ("closed", "corrected")
    ]


async def test_of_two_people_at_once_one_wins_and_the_other_is_told(
    cases: Cases, work: Work, alerts_database: AsyncEngine
) -> None:
    await cases.take([transition("a")], NOW)
    take = work.step(Handling(person("zhang"), 1, 1, NOW), "take")
    dismiss = work.step(Handling(person("li"), 1, 1, NOW), "dismiss", reason=CloseReason.CAN_COPE)
    outcomes = await asyncio.gather(take, dismiss, return_exceptions=True)

    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Stale) for outcome in outcomes) == 1
    assert await rows(alerts_database, "select version from cases") == [(2,)]


async def test_relief_is_paid_once(cases: Cases, relief: ReliefDesk) -> None:
    await cases.take([transition("a")], NOW)
    await through(relief, 1, 1, (ReliefAct.APPLY, None), (ReliefAct.CHECK, None))
    await decide_and_pay(relief, 1, 100, version=3)
    with pytest.raises(Stale):
        await relief.relieve(
            Handling(person("li"), 1, 5, NOW), 1, ReliefAct.PAY, amount=None, note=""
        )


@pytest.mark.parametrize("area", ["370302", "370399101202", "37039%", "______"])
async def test_outside_the_persons_area_there_is_nothing_to_act_on_or_to_count(
    cases: Cases, work: Work, alerts_database: AsyncEngine, area: str
) -> None:
    await cases.take([transition("a")], NOW)
    with pytest.raises(LookupError):
        await work.step(
            Handling(person("li", area=area), 1, 1, NOW), "dismiss", reason=CloseReason.CAN_COPE
        )
    inbox = Inbox(alerts_database, WORKFLOWS)
    page = await inbox.page(area, None, 1)

    assert (page.rows, page.total, page.urgent, page.by_stage) == ([], 0, 0, {})
    assert None is await inbox.case(area, 1)


async def test_cases_stand_by_the_duty_that_ends_next(
    cases: Cases, alerts_database: AsyncEngine
) -> None:
    calm: dict[str, Any] = {
        "is_urgent": False,
        "group": None,
        "status": Status.WATCH,
        "movement": Movement.WATCHED,
    }
    await cases.take(
        [
            transition("a", 1, **calm, open_day=date(2026, 6, 9)),
            transition("b", 1, **calm, open_day=date(2026, 6, 8)),
            transition("c"),
            transition("d", 1, FindingKind.DISASTER_LOSS),
        ],
        NOW,
    )
    page = await Inbox(alerts_database, WORKFLOWS).page("370399", None, 1)

    # two looks, then two cases to settle
    assert [row["household_id"][0] for row in page.rows] == [
        "c",
        "d",
        "b",
        "a",
    ]


async def test_the_business_day_is_the_earliest_a_partition_is_done_with_and_never_goes_back(
    cases: Cases, alerts_database: AsyncEngine
) -> None:
    def done(partition: int, day: date) -> DayDone:
        return DayDone(partition=partition, day=day, learned_at=NOW, registered={})

    await cases.take(
        [done(0, date(2026, 6, 11)), done(1, date(2026, 6, 10)), done(0, date(2026, 6, 9))], NOW
    )

    assert [(0, date(2026, 6, 11)), (1, date(2026, 6, 10))] == await rows(
        alerts_database, "select partition, day from partition_days order by 1"
    )
    assert (
        date(2026, 6, 10)
        == (await Inbox(alerts_database, WORKFLOWS).page("370399", None, 1)).business_day
    )


async def test_a_decision_in_doubt_waits_for_a_person_once_and_changes_no_case(
    cases: Cases, work: Work, alerts_database: AsyncEngine
) -> None:
    ended = transition(
        "a",
        2,
        movement=Movement.EXITED,
        is_lead=False,
        is_episode_over=True,
        group=None,
        exit_reason=ExitReason.CLEARED,
    )
    anew = transition("a", 3, episode=2, spell=2)
    doubt = transition(
        "a", 4, movement=Movement.WOULD_HAVE, episode=1, looks_back_to=date(2026, 5, 1)
    )
    batch = [transition("a"), ended, anew, doubt]
    taken = await cases.take(batch, NOW)
    await cases.take(batch, NOW)
    inbox = Inbox(alerts_database, WORKFLOWS)

    assert [t.action for t in taken] == ["opened", "closed", "opened", "review"]
    assert await rows(alerts_database, "select case_id, stage, version from cases order by 1") == [
        ("a" * 32 + "-e1", "closed", 3),
        ("a" * 32 + "-e2", "lead", 1),
    ]
    (asked,) = (await inbox.page("370399", None, 1)).reviews
    assert (date(2026, 5, 1), date(2026, 6, 10), False) == (
        asked["looks_back_to"],
        asked["asked_on"],
        asked["is_withheld"],
    )
    assert (await inbox.page("370301", None, 1)).reviews == []

    number, note = asked["number"], "checked with the hospital"
    with pytest.raises(LookupError):
        await work.reviewed(Handling(person("chen", area="370301"), number, 3, NOW), note)
    with pytest.raises(Stale):
        await work.reviewed(Handling(person("chen"), number, 2, NOW), note)
    await work.reviewed(Handling(person("chen"), number, 3, NOW), note)
    with pytest.raises(Stale):
        await work.reviewed(Handling(person("chen"), number, 4, NOW), note)

    assert (await inbox.page("370399", None, 1)).reviews == []
    page = await inbox.case("370399", asked["number"])
    assert page is not None
    assert [(r["done_by"], r["done_at"]) for r in page.reviews] == [("chen", NOW)]
    assert (page.audit[0].action, page.audit[0].detail) == (
        "reviewed",
        {"note": "checked with the hospital"},
    )
    assert [r.body["movement"] for r in page.transitions] == ["would_have", "exited", "entered"]


@pytest.mark.parametrize(
    ("area", "seen"),
    [
        ("3703", ["370301", "370302"]),
        ("370302", ["370302"]),
        ("370302101", ["370302"]),
        ("370303", []),
    ],
)
async def test_the_inbox_shows_each_silent_feed_of_the_counties_in_sight_once(
    cases: Cases, alerts_database: AsyncEngine, area: str, seen: list[str]
) -> None:
    silent = StaleFeed(
        agency="health-insurance",
        feed="MedicalClaimSettled",
        last_heard=date(2026, 5, 1),
        rhythm_days=35,
    )
    never = StaleFeed(agency="bank", feed="IncomeReported", rhythm_days=100)
    stale = [{"370301": (silent,), "370302": (silent, never)}, {"370302": (never, silent)}]
    await cases.take(
        [
            DayDone(partition=n, day=date(2026, 6, 10), learned_at=NOW, registered={}, stale=s)
            for n, s in enumerate(stale)
        ],
        NOW,
    )

    shown = (await Inbox(alerts_database, WORKFLOWS).page(area, None, 1)).stale
    assert seen == sorted({s.county for s in shown})
    assert all(
        len([s for s in shown if s.county == county]) == {"370301": 1, "370302": 2}[county]
        for county in seen
    )

    await cases.take(
        [
            DayDone(partition=n, day=date(2026, 6, 11), learned_at=NOW, registered={})
            for n in range(2)
        ],
        NOW,
    )
    assert (await Inbox(alerts_database, WORKFLOWS).page(area, None, 1)).stale == []


async def test_a_finding_found_harmless_goes_to_risk_with_who_and_until_when(
    cases: Cases, work: Work, alerts_database: AsyncEngine
) -> None:
    await cases.take(
        [
            DayDone(partition=0, day=NOW.date(), learned_at=NOW, registered={}),
            transition("a", is_urgent=False),
        ],
        NOW,
    )
    ratio, storm, why = (
        FindingKind.RIGID_SPENDING_RATIO,
        FindingKind.DISASTER_LOSS,
        HarmlessReason.CAN_COPE,
    )
    for who, finding, until in (
        (person("wang", Role.VILLAGE), ratio, date(2026, 12, 31)),
        (person("zhao"), storm, date(2026, 12, 31)),
        (person("zhao"), ratio, NOW.date()),
        (person("zhao"), ratio, date(2027, 6, 12)),
    ):
        with pytest.raises((NotAllowed, Stale)):
            await work.exempt(Handling(who, 1, 1, NOW), finding, why, until)
    await work.exempt(Handling(person("zhao"), 1, 1, NOW), ratio, why, date(2027, 6, 11))

    query = (
        "select body->'data'->>'kind', body->'data'->>'finding', body->'data'->>'by',"
        " body->'data'->>'until' from said"
    )
    assert await rows(alerts_database, query) == [
        ("FindingExempted", "rigid_spending_ratio", "zhao", "2027-06-11")
    ]


@pytest.mark.parametrize("statement", ["update audit set actor = 'nobody'", "delete from audit"])
async def test_the_audit_can_neither_be_changed_nor_deleted(
    cases: Cases, alerts_database: AsyncEngine, statement: str
) -> None:
    await cases.take([transition("a")], NOW)
    with pytest.raises(DBAPIError, match="never changed"):
        async with alerts_database.begin() as connection:
            await connection.execute(text(statement))


async def test_while_the_database_is_away_pages_say_so_and_nothing_crashes() -> None:
    engine = connect("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    desk = desk_on(engine, Accounts(engine, session_hours=1))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(desk)), base_url="http://desk"
    ) as client:
        answers = [
            await client.get("/", headers={"cookie": "foothold=somebody"}),
            await client.post("/login", data={"name": "zhang", "password": "x"}),
        ]
    await engine.dispose()

    assert [a.status_code for a in answers] == [httpx.codes.SERVICE_UNAVAILABLE] * 2
    assert all("暂时无法使用" in a.text for a in answers)


async def test_a_case_known_at_go_live_is_quiet_until_something_new_happens_to_it(
    cases: Cases, alerts_database: AsyncEngine
) -> None:
    await cases.take([transition("a", is_quiet=True), transition("b", is_quiet=True)], NOW)
    await cases.take(
        [
            transition(
                "b",
                2,
                FindingKind.RIGID_SPENDING_RATIO,
                FindingKind.DISASTER_LOSS,
                movement=Movement.WORSENED,
            )
        ],
        NOW,
    )

    assert await rows(alerts_database, "select household_id, is_quiet from cases order by 1") == [
        ("a" * 32, True),
        ("b" * 32, False),
    ]


async def test_a_transition_retried_late_stays_in_the_history_and_does_not_turn_the_case_back(
    cases: Cases, alerts_database: AsyncEngine
) -> None:
    await cases.take([transition("a")], NOW)
    await cases.take(
        [transition("a", 3, FindingKind.DISASTER_LOSS, movement=Movement.WORSENED)], NOW
    )
    late = await cases.take(
        [
            transition(
                "a",
                2,
                FindingKind.RIGID_SPENDING_RATIO,
                FindingKind.DISASTER_LOSS,
                movement=Movement.WORSENED,
            )
        ],
        NOW,
    )

    assert [t.action for t in late] == ["late"]
    assert await rows(
        alerts_database, "select latest ->> 'number', (select count(*) from transitions) from cases"
    ) == [("3", 3)]
