"""A household is found by what people have in hand.

A link leads to its page after the log-in, and an act after the session says that it was not done.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.area_names import AreaNames
from foothold_alerts.cases.mirror import Mirror, Shown
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.queries.lists import Lists, WorkList
from foothold_alerts.rules.case import Role
from foothold_alerts.web.app import make_app
from foothold_schemas.values import Sentence
from tests.support.alerts import NOW, WORKFLOWS, cases_on, desk_on, rows, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]


@pytest.fixture
async def visitor(alerts_database: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the township who has not logged in yet; the name is also the password's place."""
    accounts = Accounts(alerts_database, 12)
    password = await accounts.add("zhao", "370399101", Role.TOWNSHIP, datetime.now(UTC))
    transport = httpx.ASGITransport(make_app(desk_on(alerts_database, accounts)))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk", headers={"x-password": password}
    ) as client:
        yield client


async def come_in(visitor: httpx.AsyncClient, **more: str) -> httpx.Response:
    return await visitor.post(
        "/login", data={"name": "zhao", "password": visitor.headers["x-password"], **more}
    )


holding = AreaNames.holding


async def test_a_household_is_found_by_number_by_case_by_village_and_without_a_case(
    visitor: httpx.AsyncClient, alerts_database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = AreaNames({"370399101201": Sentence(zh="柳树村", en="Willows")})
    monkeypatch.setattr(AreaNames, "holding", lambda _, text: holding(named, text))
    await cases_on(alerts_database).take([transition(letter) for letter in "abc"], NOW)
    watched = {
        "household": {"register_number": "W00077", "area": "370399101201"},
        "status": "watch",
        "as_of": "2026-06-10",
    }
    elsewhere = {
        "household": {"register_number": "W00078", "area": "370399102201"},
        "status": "watch",
        "as_of": "2026-06-10",
    }
    await Mirror(alerts_database).keep(
        [Shown("d" * 32, 1, watched), Shown("e" * 32, 1, elsewhere)], []
    )
    (number, register_number, village), *_ = await rows(
        alerts_database,
        "select number, register_number, area from cases order by number desc limit 1",
    )
    await come_in(visitor)

    for find in (
        str(number),
        register_number,
        register_number.lower(),
        "  " + "".join(chr(ord(c) + 0xFEE0) for c in register_number),
        f"{village[:6]} {village[6:9]}",
        "柳树",
    ):
        page = (await visitor.get("/", params={"find": find})).text
        assert f'<a href="/cases/{number}">' in page, find
    nobody = (await visitor.get("/", params={"find": "张三%_"})).text
    without = (await visitor.get("/", params={"find": "w0007"})).text

    of_village = (await visitor.get("/", params={"find": "willows"})).text

    assert "W00077" in of_village
    assert "W00078" not in of_village
    assert "您的辖区内没有这样的案件" in nobody
    assert "W00077" in without
    assert "W00078" not in without


async def test_a_link_from_a_notice_leads_to_its_page_and_to_no_other_host(
    visitor: httpx.AsyncClient,
) -> None:
    asked = await visitor.get("/cases/7?x=1")
    assert asked.headers["location"] == "/login?to=%2Fcases%2F7%3Fx%3D1"
    form = (await visitor.get(asked.headers["location"])).text
    assert 'name="to" value="/cases/7?x=1"' in form
    assert (await come_in(visitor, to="/cases/7?x=1")).headers["location"] == "/cases/7?x=1"
    for hostile in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/login?to=/login",
    ):
        assert (await come_in(visitor, to=hostile)).headers["location"] == "/", hostile


async def test_an_act_after_the_session_says_that_nothing_was_recorded(
    visitor: httpx.AsyncClient,
) -> None:
    answer = await visitor.post(
        "/cases/7/steps/take",
        data={"csrf": "x", "version": "1"},
        headers={"referer": "http://desk/cases/7"},
    )
    page = (await visitor.get(answer.headers["location"])).text

    assert "刚才的操作没有登记" in page
    assert 'name="to" value="/cases/7"' in page


async def test_lists_say_days_as_cases_do_and_watched_households_have_nothing_due(
    visitor: httpx.AsyncClient, alerts_database: AsyncEngine
) -> None:
    await cases_on(alerts_database).take([transition("a")], NOW)
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql("update cases set stage = 'identified'")
        await connection.exec_driver_sql("delete from deadlines")
        due = (
            "insert into deadlines (case_id, kind, subject, began_on, is_provisional, due_at)"
            " select case_id, 'first_measure', '', '2026-06-10', false, '2026-12-18 00:00+08' from"
            " cases"
        )
        await connection.exec_driver_sql(due)
    await Mirror(alerts_database).keep(
        [
            Shown(
                "d" * 32,
                1,
                {
                    "household": {"register_number": "W1", "area": "370399101201"},
                    "status": "watch",
                    "as_of": "2026-06-10",
                },
            )
        ],
        [],
    )
    await come_in(visitor)
    measures, watch, visits = [
        (await visitor.get(f"/lists/{name}")).text
        for name in ("measures_missing", "watch", "visits_due")
    ]

    assert "2026-12-17 24:00" in measures
    assert "最近研判" in watch
    assert "没有期限" in watch
    assert visits.count("0/2") == 1
    assert await Lists(alerts_database, WORKFLOWS).entries(WorkList.WATCH, "370399101", NOW)
