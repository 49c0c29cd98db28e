"""A caseworker finds that a fact is wrong, and its sender looks again.

Both see what came of it: two browsers, one running Foothold.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

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
SUBJECT = "370399/WEB-DOUBT"
PICTURE = ROOT / "var" / "pictures"


@pytest.fixture(scope="module")
def case(foothold: Stack, sender: Sender) -> int:
    """The case of a household with two bills: one that is not so."""
    entry = {
        "authority": "370399",
        "register_number": "WEB-DOUBT",
        "area": "370399101204",
        "standing": "ordinary",
        "members": [{"person_ref": "a"}],
    }
    sender.say("statistics", "HouseholdRegistered", "doubt-reg", AT, SUBJECT, **entry)
    for n, own in (("1", "6000.00"), ("2", "9000.00")):
        bill = {
            "claim_number": f"doubt-{n}",
            "settled_on": f"2026-06-0{n}",
            "setting": "inpatient",
            "total": own,
            "paid": {},
        }
        sender.say(
            "health-insurance", "MedicalClaimSettled", f"doubt-bill-{n}", AT, SUBJECT, **bill
        )
    sender.say(
        "emergency-management",
        "DisasterStruck",
        "doubt-fire",
        AT,
        SUBJECT,
        hazard="fire",
        struck_on="2026-06-09",
        home="destroyed",
        is_verified=True,
    )
    eventually(lambda: number_of(foothold, "WEB-DOUBT"), "the case stands in the database")
    number = number_of(foothold, "WEB-DOUBT")
    assert number is not None
    return number


@pytest.fixture
def agency(foothold: Stack, sender: Sender, desk: Page) -> Iterator[Page]:
    """The fire's sender at its console: another window, with cookies of its own."""
    its_browser = desk.context.browser
    assert its_browser is not None
    page = its_browser.new_context(locale="zh-CN").new_page()
    page.goto(f"{foothold.ingest_url}/console")
    page.get_by_label("本单位密钥").fill(sender.keys["emergency-management"])
    page.get_by_label("您的姓名").fill("孙办事")
    page.get_by_role("button", name="登录").click()
    yield page
    page.context.close()


@pytest.mark.timeout(120)
def test_a_wrong_fact_goes_back_to_its_sender_and_the_answer_and_the_correction_come_to_the_desk(
    foothold: Stack, sender: Sender, desk: Page, agency: Page, case: int
) -> None:
    address = re.sub(r"/$", "", foothold.inbox_url) + f"/cases/{case}"
    desk.goto(address)
    fire = desk.locator(".evidence tr").filter(has_text="2026-06-09").first
    fire.get_by_text("这条不对").click()
    fire.get_by_label("哪里不对").select_option("other_household")
    fire.get_by_label("疑问说明").fill("电话 13800138000 是邻居的")
    fire.get_by_role("button", name="请发送单位核实").click()
    expect(desk.get_by_role("alert")).to_contain_text("不写证件号、账号、电话")
    fire = desk.locator(".evidence tr").filter(has_text="2026-06-09").first
    fire.get_by_text("这条不对").click()
    fire.get_by_label("哪里不对").select_option("other_household")
    fire.get_by_label("疑问说明").fill("起火的是东邻")
    fire.get_by_role("button", name="请发送单位核实").click()
    expect(desk.locator(".evidence")).to_contain_text("已请发送单位核实")
    expect(
        desk.locator(".evidence tr").filter(has_text="2026-06-09").first.get_by_text("这条不对")
    ).to_have_count(0)

    def asked() -> bool:
        agency.goto(f"{foothold.ingest_url}/console/doubts")
        return agency.get_by_text("起火的是东邻").count() == 1

    eventually(asked, "the doubt stands in the console")
    expect(agency.locator("tbody")).to_contain_text("doubt-fire")
    expect(agency.locator("tbody")).to_contain_text("不是这一户的")
    PICTURE.mkdir(parents=True, exist_ok=True)
    agency.screenshot(path=PICTURE / "console-doubts.png", full_page=True)
    agency.get_by_label("依据").fill("消防出警记录在案")
    agency.get_by_role("button", name="核实无误").click()
    expect(agency.get_by_role("status")).to_contain_text("已告知办理人")

    def answered() -> bool:
        desk.goto(address)
        return "消防出警记录在案" in desk.locator("main").inner_text()

    eventually(answered, "the answer stands on the case")
    expect(desk.locator(".evidence")).to_contain_text("发送单位核实无误")
    desk.locator("section.card").filter(has=desk.locator(".finding")).screenshot(
        path=PICTURE / "case-doubt.png"
    )

    sender.say(
        "emergency-management",
        "FactsRetracted",
        "doubt-fire-back",
        AT,
        SUBJECT,
        events=["doubt-fire"],
        reason="wrong_household",
    )

    def corrected() -> bool:
        agency.goto(f"{foothold.ingest_url}/console/doubts")
        return agency.get_by_text("已更正或撤回").count() == 1

    eventually(corrected, "the correction ends the doubt in the console")

    def gone() -> bool:  # risk may hear of it after the console
        desk.goto(address)
        return desk.locator(".evidence").filter(has_text="2026-06-09").count() == 0

    eventually(gone, "the fact that was taken back stands in the case no more")


def test_what_other_agencies_are_asked_is_not_there(foothold: Stack, sender: Sender) -> None:
    with browser.page() as page:
        page.goto(f"{foothold.ingest_url}/console")
        page.get_by_label("本单位密钥").fill(sender.keys["statistics"])
        page.get_by_label("您的姓名").fill("别人")
        page.get_by_role("button", name="登录").click()
        page.goto(f"{foothold.ingest_url}/console/doubts")
        expect(page.get_by_text("没有待核实的信息")).to_be_visible()
