"""Lists longer than a page say how many lines there are.

Each line stands on one page, and none on no page.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.people.accounts import Accounts
from foothold_alerts.queries.lists import Lists, WorkList
from foothold_alerts.rules.case import Role
from foothold_alerts.tables.paging import SHOWN
from foothold_alerts.web.app import make_app
from foothold_schemas.findings import FindingKind
from tests.support.alerts import NOW, WORKFLOWS, cases_on, desk_on, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
MANY = 640


@asynccontextmanager
async def signed_in(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """The county at its desk, in English."""
    accounts = Accounts(engine, 12)
    password = await accounts.add("zhang", "370399", Role.COUNTY, datetime.now(UTC))
    transport = httpx.ASGITransport(make_app(desk_on(engine, accounts)))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk", cookies={"foothold-language": "en"}
    ) as client:
        await client.post("/login", data={"name": "zhang", "password": password})
        yield client


async def test_640_overdue_cases_are_500_of_640_and_two_pages(alerts_database: AsyncEngine) -> None:
    homes = [f"{n:032x}" for n in range(1, MANY + 1)]
    moves = [
        transition("a", is_urgent=False).model_copy(
            update={"household_id": home, "transition_id": f"{home}:1"}
        )
        for home in homes
    ]
    await cases_on(alerts_database).take(moves, NOW)
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql("update cases set stage = 'verifying'")
        await connection.exec_driver_sql("delete from deadlines where kind <> 'settle'")
    lists = Lists(alerts_database, WORKFLOWS)
    for name in (WorkList.OVERDUE, WorkList.NOBODYS):
        first, second = [
            await lists.page(name, "370399", datetime.now(UTC), page) for page in (1, 2)
        ]
        numbers = [entry.number for entry in (*first.entries, *second.entries)]
        assert (
            len(first.entries),
            first.total,
            first.pages,
            len(second.entries),
            second.total,
        ) == (SHOWN, MANY, 2, MANY - SHOWN, MANY), name
        assert sorted(n or 0 for n in numbers) == list(range(1, MANY + 1))

    async with signed_in(alerts_database) as client:
        page = (await client.get("/lists/overdue")).text
        last = (await client.get("/lists/overdue?page=2")).text
        short = (await client.get("/lists/papers_owed?page=7")).text

    assert "1 / 2 · 500 of 640" in page
    assert 'href="/lists/overdue?page=2"' in page
    assert "2 / 2 · 140 of 640" in last
    assert "Nothing on this list" in short


async def test_640_households_of_a_project_and_640_levels_are_500_of_640_and_two_pages(
    alerts_database: AsyncEngine,
) -> None:
    homes = [f"{n:032x}" for n in range(1, MANY + 1)]
    short = transition("a", 1, FindingKind.PROJECT_UNDERPAID)
    finding = short.findings[0].model_copy(
        update={"project": "solar-1", "value": "30.00", "threshold": "70.00"}
    )
    moves = [
        short.model_copy(
            update={"household_id": home, "transition_id": f"{home}:1", "findings": (finding,)}
        )
        for home in homes
    ]
    await cases_on(alerts_database).take(moves, NOW)
    level = (
        'insert into region_warnings (warning_id, area, county, cause, "window", day, place_in_day,'
        " gravity, body, at) "
    )
    values = (
        "select 'w' || n, '370399101' || lpad(n::text, 3, '0'), '370399', 'any', 7, '2026-06-10',"
        " n, 1, jsonb_build_object('level', 'IV', 'area_level', 'village', 'households', 4,"
        " 'registered', 40, 'week_ago', 0, 'is_priority', false, 'day', '2026-06-10', 'policy',"
        " jsonb_build_object('illustrative', false)), now() from generate_series(1, 640) n"
    )
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql(level + values)

    async with signed_in(alerts_database) as client:
        first, last, beyond = [
            (await client.get(f"/projects/solar-1?page={page}")).text for page in (1, 2, 99)
        ]
        levels, more = [(await client.get(f"/areas?page={page}")).text for page in (1, 2)]

    assert "640 households: look into the project" in first
    assert first.count('name="cases"') == SHOWN
    assert last.count('name="cases"') == MANY - SHOWN
    for page, address in ((first, "/projects/solar-1"), (levels, "/areas")):
        assert "1 / 2 · 500 of 640" in page
        assert f'href="{address}?page=2"' in page
    for page in (last, beyond, more):
        assert "2 / 2 · 140 of 640" in page
    assert 'action="/projects/solar-1/take?page=2"' in last


async def test_a_page_beyond_the_last_is_the_last_and_never_an_empty_inbox(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take([transition(letter) for letter in "abc"], NOW)

    async with signed_in(alerts_database) as client:
        page = (await client.get("/?page=99")).text

    assert "No cases here" not in page
    assert page.count('<td><a href="/cases/') == len("abc")
