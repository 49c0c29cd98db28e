"""Every act a page offers can be done there, and a visit can be written down at every stage."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.people.accounts import Accounts
from foothold_alerts.rules.case import SINCE_IDENTIFIED, Role, Stage
from foothold_alerts.web.app import make_app
from foothold_schemas.findings import FindingKind
from tests.support.alerts import NOW, cases_on, desk_on, rows, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]


class Forms(HTMLParser):
    """The forms of a page: address → what a person who fills them in sends."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method") == "post":
            self.forms.append((given["action"], {}))
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and given.get("value") and self.forms:
            self.forms[-1][1].setdefault(self._select, given["value"])
        elif tag == "input" and "name" in given and self.forms:
            typed = "2026-12-01" if given["name"] == "until" else "1"
            self.forms[-1][1][given["name"]] = given.get("value") or typed

    def handle_endtag(self, tag: str) -> None:
        self._select = "" if tag == "select" else self._select


class Browser:
    """Somebody with one case, put to whatever stage a test looks at."""

    def __init__(self, engine: AsyncEngine, client: httpx.AsyncClient) -> None:
        self._engine = engine
        self.client = client

    async def put_to(self, stage: Stage) -> None:
        """As a case of that stage stands, with nobody's first word."""
        is_identified = stage in SINCE_IDENTIFIED
        async with self._engine.begin() as connection:
            await connection.execute(
                text(
                    "update cases set stage = :stage, proposed_by = null, proposed_what = null,"
                    " paused_on = null, pause_reason = null, assigned_to = null, close_reason ="
                    " null, identified_on = :identified_on, version = version + 1"
                ),
                {
                    "stage": stage.value,
                    "identified_on": date(2026, 6, 1) if is_identified else None,
                },
            )
            await connection.execute(text("delete from visits"))

    async def forms(self) -> list[tuple[str, dict[str, str]]]:
        """Those of the case's page that change it."""
        page = (await self.client.get("/cases/1")).text
        return [form for form in Forms(page).forms if form[0].startswith("/cases/1/")]

    async def send(self, form: tuple[str, Mapping[str, str]]) -> httpx.Response:
        """Send it as it is filled in."""
        return await self.client.post(form[0], data=dict(form[1]))


async def browser(engine: AsyncEngine, role: Role, **changes: Any) -> Browser:  # noqa: ANN401
    area = {Role.VILLAGE: "370399101201", Role.TOWNSHIP: "370399101", Role.COUNTY: "370399"}
    moved = transition("a", 1, FindingKind.DISASTER_LOSS, **changes)
    await cases_on(engine).take([moved], NOW)
    accounts = Accounts(engine, 12)
    password = await accounts.add("zhang", area[role], role, datetime.now(UTC))
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(desk_on(engine, accounts))),
        base_url="http://desk",
        follow_redirects=True,
    )
    await client.post("/login", data={"name": "zhang", "password": password})
    return Browser(engine, client)


@pytest.mark.parametrize("role", Role)
async def test_a_visit_is_written_down_once_at_every_stage(
    alerts_database: AsyncEngine, role: Role
) -> None:
    somebody = await browser(alerts_database, role)
    for stage in Stage:
        await somebody.put_to(stage)
        (visit,) = [form for form in await somebody.forms() if form[0] == "/cases/1/visits"]
        answer = await somebody.send((visit[0], visit[1] | {"note": f"at home {stage}"}))

        assert answer.status_code == httpx.codes.OK, stage
        assert await rows(alerts_database, "select note from visits") == [(f"at home {stage}",)]
        assert f"at home {stage}" in answer.text
        ((now_at,),) = await rows(alerts_database, "select stage from cases")
        assert now_at == stage


async def test_a_visit_is_written_down_of_a_household_that_refused_its_authorisation(
    alerts_database: AsyncEngine,
) -> None:
    figures = transition("a").figures.model_copy(update={"is_withheld": True})
    somebody = await browser(alerts_database, Role.VILLAGE, figures=figures)
    (visit,) = [form for form in await somebody.forms() if form[0] == "/cases/1/visits"]

    assert (await somebody.send(visit)).status_code == httpx.codes.OK
    assert len(await rows(alerts_database, "select 1 from visits")) == 1


@pytest.mark.parametrize("role", Role)
async def test_no_act_that_a_page_offers_has_become_another_stages(
    alerts_database: AsyncEngine, role: Role
) -> None:
    """A person may be refused for what is missing, and reads why; never for the page's own form."""
    somebody = await browser(alerts_database, role)
    refused = (httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.OK)
    for stage in Stage:
        await somebody.put_to(stage)
        for address, _ in await somebody.forms():
            await somebody.put_to(stage)
            forms = dict(await somebody.forms())
            if address not in forms:  # done already: relief that was paid
                continue
            answer = await somebody.send((address, forms[address]))
            assert answer.status_code in refused, (stage, address, answer.status_code)
