"""Tests money that went out and is to come back, on a real database.

It is to come back by a correction of the facts or by papers, until it is recorded or waived.
"""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling, NotAllowed
from foothold_alerts.cases.mirror import Mirror, Shown
from foothold_alerts.cases.settling import Settling
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.queries.lists import Lists, WorkList
from foothold_alerts.rules.case import Role
from foothold_alerts.rules.relief.relief import ReliefAct, ReliefRefusal
from foothold_alerts.web.app import make_app
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.explanation import Outlay
from foothold_schemas.messages.transitions import DayDone, ExitReason, Movement, Status, Transition
from foothold_schemas.values import Fen
from tests.support.alerts import (
    NOW,
    WORKFLOWS,
    cases_on,
    desk_on,
    person,
    relief_on,
    rows,
    transition,
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

STORM, TODAY = FindingKind.DISASTER_LOSS, date(2026, 6, 10)
OVER: dict[str, Any] = {
    "movement": Movement.EXITED,
    "is_lead": False,
    "is_urgent": False,
    "is_episode_over": True,
    "group": None,
    "status": Status.CLEAR,
    "exit_reason": ExitReason.CORRECTED,
}


def lost(number: int, *amounts: str, **changes: Any) -> Transition:  # noqa: ANN401
    struck = tuple(
        Outlay(day=date(2026, 6, 1), kind="disaster", amount=Fen.parse(amount))
        for amount in amounts
    )
    return transition("a", number, STORM, open_day=TODAY, outlays=struck, **changes)


async def paid(engine: AsyncEngine, amount: int = 300_000) -> None:
    """The household's loss of 42,000 is known, and 3,000 were paid."""
    await cases_on(engine).take(
        [DayDone(partition=0, day=TODAY, learned_at=NOW, registered={}), lost(1, "42000.00")], NOW
    )
    desk = relief_on(engine)
    await desk.relieve(
        Handling(person("zhang"), 1, 1, NOW), 1, ReliefAct.DECIDE, amount=amount, note=""
    )
    await desk.relieve(Handling(person("li"), 1, 2, NOW), 1, ReliefAct.PAY, amount=None, note="")


async def open_of(engine: AsyncEngine) -> tuple[int | None, int | None]:
    (row,) = await rows(
        engine, "select allowed_fen, to_settle_fen - came_back_fen - waived_fen from relief"
    )
    return row[0], row[1]


async def listed(engine: AsyncEngine) -> list[str]:
    return [
        entry.note
        for entry in await Lists(engine, WORKFLOWS).entries(WorkList.TO_SETTLE, "370399", NOW)
    ]


async def test_a_loss_corrected_to_nothing_closes_the_case_and_leaves_all_of_it_to_settle(
    alerts_database: AsyncEngine,
) -> None:
    await paid(alerts_database)
    before = await open_of(alerts_database), await listed(alerts_database)
    await cases_on(alerts_database).take([lost(2, **OVER)], NOW)
    after = await open_of(alerts_database), await listed(alerts_database)
    desk = relief_on(alerts_database)
    ((version,),) = await rows(alerts_database, "select version from cases")
    await desk.relieve(
        Handling(person("wang", Role.VILLAGE), 1, version, NOW),
        1,
        ReliefAct.CAME_BACK,
        amount=100_000,
        note="",
    )
    with pytest.raises(NotAllowed) as refused:
        await desk.relieve(
            Handling(person("zhang", Role.TOWNSHIP), 1, version + 1, NOW),
            1,
            ReliefAct.WAIVE,
            amount=None,
            note="poor",
        )
    part = await listed(alerts_database)
    await desk.relieve(
        Handling(person("chen"), 1, version + 1, NOW),
        1,
        ReliefAct.WAIVE,
        amount=None,
        note="nothing left there",
    )

    assert before == ((4_200_000, 0), [])
    assert after == ((0, 300_000), ["3000.00"])
    assert (refused.value.why, part, await listed(alerts_database)) == (
        ReliefRefusal.ROLE,
        ["2000.00"],
        [],
    )
    audited = await rows(
        alerts_database,
        "select actor, action, (detail->>'amount_fen')::int from audit where action like 'relief_%'"
        " order by audit_id",
    )
    assert audited[2:] == [
        ("foothold", "relief_to_settle", 300_000),
        ("wang", "relief_came_back", 100_000),
        ("chen", "relief_waive", 200_000),
    ]
    # risk heard of the payment, and of nothing since
    assert len(await rows(alerts_database, "select 1 from said")) == 1


async def test_a_bill_amended_while_the_case_goes_on_is_seen_in_the_households_view(
    alerts_database: AsyncEngine,
) -> None:
    """No transition says it: the finding still holds."""
    await paid(alerts_database)

    async def shown(position: int, amount: str, number: int = 1) -> None:
        view = {
            "number": number,
            "as_of": "2026-06-12",
            "outlays": [{"day": "2026-06-01", "kind": "disaster", "amount": amount}],
            "household": {},
        }
        views = [Shown("a" * 32, position, view)]
        await Mirror(alerts_database).keep(views, [])
        await Settling(alerts_database, WORKFLOWS).take(views, NOW)

    await shown(1, "1000.00")
    corrected = await open_of(alerts_database)
    await shown(2, "5000.00")
    mended = await open_of(alerts_database)
    await cases_on(alerts_database).take([lost(2, "2000.00", movement=Movement.WORSENED)], NOW)
    newer = await open_of(alerts_database)
    await shown(3, "1.00", number=1)

    assert (corrected, mended, newer) == ((100_000, 200_000), (500_000, 0), (200_000, 100_000))
    assert await open_of(alerts_database) == newer  # what is older than the transition says nothing


async def test_papers_and_facts_bind_together_and_the_stricter_holds(
    alerts_database: AsyncEngine,
) -> None:
    await paid(alerts_database)
    await relief_on(alerts_database).relieve(
        Handling(person("li"), 1, 3, NOW), 1, ReliefAct.PAPERS, amount=250_000, note=""
    )
    papers = await open_of(alerts_database)
    await cases_on(alerts_database).take([lost(2, "2400.00", movement=Movement.WORSENED)], NOW)

    assert (papers, await open_of(alerts_database)) == ((250_000, 50_000), (240_000, 60_000))


async def test_relief_again_for_a_cause_nobody_found_is_refused(
    alerts_database: AsyncEngine,
) -> None:
    await paid(alerts_database)
    with pytest.raises(NotAllowed) as refused:
        await relief_on(alerts_database).again(
            Handling(person("chen"), 1, 3, NOW), FindingKind.EDUCATION_COST_HIGH, note="school"
        )

    assert refused.value.why is ReliefRefusal.NOT_FOUND


async def test_the_amount_is_confirmed_in_words_and_only_then_decided(
    alerts_database: AsyncEngine,
) -> None:
    accounts = Accounts(alerts_database, 12)
    password = await accounts.add("zhang", "370399", Role.COUNTY, datetime.now(UTC))
    await cases_on(alerts_database).take([lost(1, "42000.00")], NOW)
    transport = httpx.ASGITransport(make_app(desk_on(alerts_database, accounts)))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        await client.post("/login", data={"name": "zhang", "password": password})
        page = (await client.get("/cases/1")).text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "version": "1", "amount": "3000", "note": ""}
        asked = (await client.post("/cases/1/relief/1/decide/confirm", data=form)).text
        nothing = await client.post("/cases/1/relief/1/decide/confirm", data=form | {"amount": ""})
        before = await rows(alerts_database, "select status from relief")
        too_much = await client.post("/cases/1/relief/1/decide", data=form | {"amount": "99999999"})
        done = await client.post("/cases/1/relief/1/decide", data=form | {"amount": "3000.00"})
        after = (await client.get("/cases/1")).text

    assert 'action="/cases/1/relief/1/decide/confirm"' in page
    assert "data-capital" in page
    assert "叁仟元整" in asked
    assert "3000.00" in asked
    assert (nothing.status_code, before, too_much.status_code, done.status_code) == (
        422,
        [("proposed",)],
        422,
        303,
    )
    assert "叁仟元整" in after
    assert 'action="/cases/1/relief/1/amend/confirm"' in after
