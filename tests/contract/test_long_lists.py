"""Lists longer than a page: how many there are is said, each line stands on one page, and none on no page."""

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.accounts import Accounts
from foothold_alerts.lists import SHOWN, Lists, WorkList
from foothold_alerts.rules.case import Role
from foothold_alerts.web.app import make_app
from tests.support.alerts import NOW, WORKFLOWS, cases_on, desk_on, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
MANY = 640


async def test_640_overdue_cases_are_500_of_640_and_two_pages(alerts_database: AsyncEngine) -> None:
    homes = [f"{n:032x}" for n in range(1, MANY + 1)]
    said = [transition("a", is_urgent=False).model_copy(update={"household_id": home, "transition_id": f"{home}:1"}) for home in homes]
    await cases_on(alerts_database).take(said, NOW)
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql("update cases set stage = 'verifying'")
        await connection.exec_driver_sql("delete from deadlines where kind <> 'settle'")
    lists = Lists(alerts_database, WORKFLOWS)
    for name in (WorkList.OVERDUE, WorkList.NOBODYS):
        first, second = [await lists.page(name, "370399", datetime.now(UTC), page) for page in (1, 2)]
        numbers = [entry.number for entry in (*first.entries, *second.entries)]
        assert (len(first.entries), first.total, first.pages, len(second.entries), second.total) == (SHOWN, MANY, 2, MANY - SHOWN, MANY), name
        assert sorted(n or 0 for n in numbers) == list(range(1, MANY + 1))

    accounts = Accounts(alerts_database, 12)
    password = await accounts.add("zhang", "370399", Role.COUNTY, datetime.now(UTC))
    transport = httpx.ASGITransport(make_app(desk_on(alerts_database, accounts)))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", cookies={"foothold-language": "en"}) as client:
        await client.post("/login", data={"name": "zhang", "password": password})
        page = (await client.get("/lists/overdue")).text
        last = (await client.get("/lists/overdue?page=2")).text
        short = (await client.get("/lists/papers_owed?page=7")).text

    assert "1 / 2 · 500 of 640" in page
    assert 'href="/lists/overdue?page=2"' in page
    assert "2 / 2 · 140 of 640" in last
    assert "Nothing on this list" in short
