"""A caseworker's morning in a real browser: log in, see the case, check the reason, take it, verify it, record the relief paid."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from playwright.sync_api import Page, expect

from deploy.local.stack import Stack
from tests.support import browser
from tests.support.sender import BATCH, Sender, eventually

pytestmark = [pytest.mark.browser, pytest.mark.kafka, pytest.mark.postgres, pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def household(foothold: Stack, sender: Sender) -> str:
    """A household with a destroyed home and a large bill; its register number."""
    subject = "370399/WEB-1"
    entry = {
        "authority": "370399",
        "register_number": "WEB-1",
        "area": "370399101202",
        "standing": "ex_poor",
        "members": [{"person_ref": "a"}, {"person_ref": "b"}],
    }
    income = {"category": "operating", "item": "orchard", "amount": "9000.00", "earned_month": "2026-05", "is_yearly": True}
    sender.post(
        "statistics",
        [
            sender.event("statistics", "HouseholdRegistered", "web-reg", AT, subject, **entry),
            sender.event("statistics", "IncomeReported", "web-inc", AT, subject, **income),
        ],
        BATCH,
    )
    bill = {"claim_number": "web-1", "settled_on": "2026-06-08", "setting": "inpatient", "total": "8000.00", "paid": {"basic_insurance": "1000.00"}}
    sender.say("health-insurance", "MedicalClaimSettled", "web-claim", AT, subject, **bill)
    sender.say("emergency-management", "DisasterStruck", "web-storm", AT, subject, hazard="storm", struck_on="2026-06-09", home="destroyed", is_verified=True)
    eventually(lambda: number_of(foothold, "WEB-1", urgent=True), "the case stands in the database")
    return "WEB-1"


def number_of(stack: Stack, register_number: str, *, urgent: bool = False) -> int | None:
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        row = connection.execute("select number from cases where register_number = %s and (is_urgent or not %s)", [register_number, urgent]).fetchone()
        return None if row is None else int(row[0])


@pytest.fixture
def desk(foothold: Stack, sender: Sender) -> Iterator[Page]:
    with browser.page() as page:
        page.goto(foothold.inbox_url)
        page.get_by_label("用户名").fill("caseworker")
        page.get_by_label("密码").fill(sender.passwords["caseworker"])
        page.get_by_role("button", name="登录").click()
        yield page


@pytest.mark.timeout(120)
def test_a_case_is_seen_taken_verified_and_helped(foothold: Stack, desk: Page, household: str) -> None:
    assert desk.evaluate("document.fonts.check('16px \"WenQuanYi Micro Hei\"', '防止返贫')")
    row = desk.get_by_role("row").filter(has_text=household)
    expect(row).to_contain_text("紧急")
    expect(row).to_contain_text("脱贫不稳定户")
    expect(row).to_contain_text("unstable ex-poor")
    row.get_by_role("link").click()

    expect(desk.get_by_text("风险信号，尚未认定")).to_be_visible()
    expect(desk.locator("main")).to_contain_text("医疗等刚性支出自付7000.00元，超过家庭年纯收入9000.00元的70%")
    expect(desk.locator("main")).to_contain_text("2026-06-09遭受风暴，住房倒塌")
    expect(desk.locator(".figures")).to_contain_text("4500.00")
    expect(desk.locator(".figures")).to_contain_text("7300.00")
    expect(desk.locator("main")).to_contain_text("急难型临时救助")

    desk.get_by_role("button", name="领取").click()
    desk.get_by_role("button", name="核实属实").click()
    expect(desk.locator("h1")).to_contain_text("已核实")
    emergency = desk.locator(".relief").filter(has_text="急难型")
    emergency.get_by_label("金额").fill("3000")
    emergency.get_by_role("button", name="登记发放").click()
    expect(desk.locator(".relief").filter(has_text="急难型")).to_contain_text("3000.00")
    expect(desk.locator(".audit")).to_contain_text("救助已发放")

    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        actions = [
            r[0] for r in connection.execute("select action from audit join cases using (case_id) where register_number = %s order by audit_id", [household])
        ]
    assert [a for a in actions if a in ("take", "verify", "relief_paid")] == ["take", "verify", "relief_paid"]
    assert actions[0] == "opened"


@pytest.mark.timeout(120)
def test_a_page_that_is_stale_is_answered_with_the_case_as_it_stands(foothold: Stack, desk: Page, household: str) -> None:
    desk.goto(f"{foothold.inbox_url}/cases/{number_of(foothold, household)}")
    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        connection.execute("update cases set version = version + 1 where register_number = %s", [household])
    desk.get_by_label("排除原因").select_option("can_cope")
    desk.get_by_role("button", name="排除").click()

    expect(desk.get_by_role("alert")).to_contain_text("已被他人更新")
    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        row = connection.execute("select stage from cases where register_number = %s", [household]).fetchone()
    assert row is not None
    assert row[0] != "dismissed"
