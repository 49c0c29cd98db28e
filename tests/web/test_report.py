"""A clerk writes down what a household reported.

A slip is caught, a person nobody knows waits, and the rest is a lead at the desk.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from playwright.sync_api import Page, expect

from deploy.local.stack import Stack
from foothold_schemas.messages.transitions import Transition
from tests.support.running import browser
from tests.support.running.parts import ROOT
from tests.support.running.sender import Sender, eventually, transitions

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing())),
]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)
NUMBER, STRANGER = "370302199001010011", "370302199001010010"


@pytest.fixture(scope="module")
def household(foothold: Stack, sender: Sender) -> str:
    entry = {
        "authority": "370399",
        "register_number": "TOLD-1",
        "area": "370399101202",
        "standing": "ordinary",
        "members": [{"person_ref": "told"}],
    }
    sender.say("statistics", "HouseholdRegistered", "told-reg", AT, "370399/TOLD-1", **entry)
    assert foothold.command(
        "ingest",
        "agency",
        "add",
        "civil-affairs-desk",
        "--kinds",
        "RiskReported",
        "--areas",
        "370399",
    )
    return "370399/TOLD-1"


@pytest.fixture
def form(foothold: Stack, household: str) -> Iterator[Page]:  # noqa: ARG001 - the household is registered
    key = foothold.command("ingest", "agency", "rotate", "civil-affairs-desk").splitlines()[0]
    with browser.page() as page:
        browser.sign_in(page, f"{foothold.ingest_url}/console", key, "李办事")
        page.get_by_role("link", name="反映困难").click()
        yield page
    foothold.command(
        "ingest", "agency", "disable", "civil-affairs-desk", "--key", key.split("_")[1]
    )


def write_down(form: Page, household: str, person: str = "") -> None:
    form.get_by_label("户编号").fill(household)
    form.get_by_label("证件号码").fill(person)
    form.get_by_label("来源").select_option("cadre")
    form.get_by_label("困难", exact=False).select_option("illness")
    form.get_by_role("button", name="登记").click()


def said_of(foothold: Stack, register_number: str) -> list[Transition]:
    return [
        t
        for t in transitions(foothold.kafka.bootstrap)
        if t.household.register_number == register_number
    ]


def test_what_a_cadre_told_is_a_lead_at_the_desk_once_however_often_the_form_is_sent(
    form: Page, foothold: Stack, household: str
) -> None:
    expect(form.locator("input[name=day]")).to_have_value("2026-06-10")
    write_down(form, "370399/TOLD-2")
    expect(form.get_by_role("alert")).to_contain_text("无法确定农户")
    expect(form.get_by_role("alert")).to_contain_text("登记册里没有这个户编号")
    expect(form.locator("select[name=route]")).to_have_value("cadre")
    write_down(form, household)
    expect(form.get_by_role("status")).to_contain_text("已登记，线索已转核实")
    form.reload()  # the browser sends the same form again
    expect(form.get_by_role("status")).to_contain_text("已登记，线索已转核实")

    eventually(lambda: said_of(foothold, "TOLD-1"), "risk says that the household is watched")
    (lead,) = said_of(foothold, "TOLD-1")
    assert (lead.movement.value, lead.is_lead, lead.group) == ("watched", True, None)
    assert "2026-06-10干部走访发现（因病）" in lead.reason.zh

    def case() -> object:
        with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
            return connection.execute(
                "select number from cases where register_number = 'TOLD-1'"
            ).fetchone()

    assert eventually(case, "the case stands at the desk")
    assert form.screenshot(path=ROOT / "var/pictures/console-report.png", full_page=True)


def test_a_person_nobody_knows_waits_and_a_wrong_number_is_said_and_not_shown_again(
    form: Page,
) -> None:
    write_down(form, "", NUMBER)
    expect(form.get_by_role("alert")).to_contain_text("证件号码有误")
    assert NUMBER not in form.content()
    write_down(form, "", STRANGER)
    expect(form.get_by_role("status")).to_contain_text("登记册里还没有这个人")
    assert STRANGER not in form.content()


def test_nothing_is_taken_without_a_household_or_for_one_outside_the_agencys_areas(
    form: Page,
) -> None:
    write_down(form, "")
    expect(form.get_by_role("alert")).to_contain_text("无法确定农户")
    write_down(form, "370302/H1")
    expect(form.get_by_role("alert")).to_contain_text("不在本单位报送区域内")
