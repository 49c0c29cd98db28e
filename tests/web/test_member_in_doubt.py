"""Tests a case whose household shares a member with another.

The page says why nobody decides, and is quiet again once the register is mended.
"""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from deploy.local.stack import Stack
from tests.support.running import browser
from tests.support.running.desk import number_of
from tests.support.running.parts import ROOT
from tests.support.running.sender import Sender, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing())),
]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)
SHARED = {"resident_number": "110105194912310038"}
PICTURE = ROOT / "var" / "pictures"


def enter(sender: Sender, number: str, *members: dict[str, str], minutes: int = 0) -> None:
    entry = {
        "authority": "370399",
        "register_number": number,
        "area": "370399101204",
        "standing": "ordinary",
        "members": list(members),
    }
    at = AT + timedelta(minutes=minutes)
    sender.say(
        "statistics", "HouseholdRegistered", f"{number}-{minutes}", at, f"370399/{number}", **entry
    )


@pytest.mark.timeout(120)
def test_the_page_says_why_nobody_decides_until_the_register_is_mended(
    foothold: Stack, sender: Sender, desk: Page
) -> None:
    enter(sender, "WEB-TWICE", SHARED, {"person_ref": "rest"})
    call = {"route": "hotline", "concern": "illness", "reported_on": "2026-06-10"}
    sender.say("statistics", "RiskReported", "twice-call", AT, "370399/WEB-TWICE", **call)
    number = eventually(lambda: number_of(foothold, "WEB-TWICE"), "the lead stands at the desk")
    enter(sender, "WEB-OTHER", SHARED)

    def says() -> bool:
        desk.goto(f"{foothold.inbox_url}/cases/{number}")
        return desk.get_by_text("有成员同时登记在另一户").count() == 1

    eventually(says, "the page says that a member is in doubt")
    PICTURE.mkdir(parents=True, exist_ok=True)
    desk.screenshot(path=PICTURE / "case-twice.png")
    desk.get_by_label("排除原因").select_option("can_cope")
    desk.get_by_role("button", name="排除").click()
    expect(desk.get_by_role("alert")).to_contain_text("户籍核实前不作决定")

    enter(sender, "WEB-OTHER", {"person_ref": "alone"}, minutes=5)
    eventually(lambda: not says(), "the page is quiet again")
    desk.get_by_label("排除原因").select_option("can_cope")
    desk.get_by_role("button", name="排除").click()
    expect(desk.locator(".pill.calm").first).to_contain_text("已排除")
