"""Plays a caseworker's morning in a real browser.

Log in, see the case, check the reason, take it, verify it, record the relief paid.
"""

import hashlib
import os
import re
import signal
from datetime import UTC, datetime

import psycopg
import pytest
from playwright.sync_api import Page, expect

from deploy.local.stack import Stack
from foothold_risk.messages.transition import RULES_VERSION
from tests.support.running import browser
from tests.support.running.desk import Caseworker, number_of
from tests.support.running.parts import ROOT
from tests.support.running.sender import BATCH, Sender, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing())),
]

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
        "contact": {"name": "赵示安", "address": "示范县第2村7号", "telephone": "000-1234567"},
    }
    income = {
        "category": "operating",
        "item": "orchard",
        "amount": "9000.00",
        "earned_month": "2026-05",
        "is_yearly": True,
    }
    sender.post(
        "statistics",
        [
            sender.event("statistics", "HouseholdRegistered", "web-reg", AT, subject, **entry),
            sender.event("statistics", "IncomeReported", "web-inc", AT, subject, **income),
        ],
        BATCH,
    )
    bill = {
        "claim_number": "web-1",
        "settled_on": "2026-06-08",
        "setting": "inpatient",
        "total": "8000.00",
        "paid": {"basic_insurance": "1000.00"},
    }
    sender.say("health-insurance", "MedicalClaimSettled", "web-claim", AT, subject, **bill)
    sender.say(
        "emergency-management",
        "DisasterStruck",
        "web-storm",
        AT,
        subject,
        hazard="storm",
        struck_on="2026-06-09",
        home="destroyed",
        is_verified=True,
    )
    eventually(lambda: number_of(foothold, "WEB-1", urgent=True), "the case stands in the database")
    return "WEB-1"


@pytest.mark.timeout(120)
def test_a_case_is_seen_taken_verified_and_helped_by_two_people(
    foothold: Stack, sender: Sender, desk: Page, household: str
) -> None:
    assert desk.evaluate("document.fonts.check('16px \"WenQuanYi Micro Hei\"', '防止返贫')")
    row = desk.get_by_role("row").filter(has_text=household)
    expect(row).to_contain_text("紧急")
    expect(row).to_contain_text("脱贫不稳定户")
    expect(row).to_contain_text("unstable ex-poor")
    row.get_by_role("link").click()

    expect(desk.get_by_text("风险信号，尚未认定")).to_be_visible()
    expect(desk.locator("main")).to_contain_text(
        "医疗等刚性支出自付7000.00元，超过家庭年纯收入9000.00元的70%"
    )
    expect(desk.locator("main")).to_contain_text("2026-06-09遭受风暴，住房倒塌")
    expect(desk.locator(".figures")).to_contain_text("4500.00")
    expect(desk.locator(".figures")).to_contain_text("7300.00")
    expect(desk.locator("main")).to_contain_text("急难型临时救助")

    desk.get_by_role("button", name="领取").click()
    desk.get_by_role("button", name="核实属实").click()
    expect(desk.get_by_role("alert")).to_contain_text("须先登记农户签署的授权书")
    desk.get_by_role("button", name="登记授权").click()
    desk.get_by_role("button", name="核实属实").click()
    expect(desk.locator("h1")).to_contain_text("村级评议")
    emergency = desk.locator(".relief").filter(has_text="急难型")
    expect(emergency).to_contain_text("乡镇可决定3000.00元以内")
    emergency.get_by_label("金额").fill("3000")
    expect(emergency.locator("output.capital")).to_contain_text("叁仟元整")
    emergency.get_by_role("button", name="决定救助").click()
    expect(desk.locator(".confirm")).to_contain_text("叁仟元整")
    desk.get_by_role("button", name="金额无误").click()
    expect(emergency.get_by_role("button", name="登记发放")).to_have_count(0)
    expect(emergency).to_contain_text("须由另一人登记发放")
    with Caseworker(foothold, "duty-officer", sender.passwords["duty-officer"]) as officer:
        number = number_of(foothold, household) or 0
        relief = re.findall(r'/relief/(\d+)/pay"', officer.page(number))[0]
        officer.do(number, f"relief/{relief}/pay")
    desk.reload()
    expect(emergency).to_contain_text("3000.00")
    expect(emergency).to_contain_text("手续应于")
    expect(desk.locator(".audit")).to_contain_text("救助已发放")

    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        actions = [
            r[0]
            for r in connection.execute(
                "select action from audit join cases using (case_id) where register_number = %s"
                " order by audit_id",
                [household],
            )
        ]
    assert [
        a for a in actions if a in ("take", "consent", "verify", "relief_decide", "relief_pay")
    ] == [
        "take",
        "consent",
        "verify",
        "relief_decide",
        "relief_pay",
    ]
    assert actions[0] == "opened"


@pytest.mark.timeout(120)
def test_a_page_that_is_stale_is_answered_with_the_case_as_it_stands(
    foothold: Stack, desk: Page, household: str
) -> None:
    desk.goto(f"{foothold.inbox_url}/cases/{number_of(foothold, household)}")
    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        connection.execute(
            "update cases set version = version + 1 where register_number = %s", [household]
        )
    desk.get_by_label("排除原因").select_option("can_cope")
    desk.get_by_role("button", name="排除").click()

    expect(desk.get_by_role("alert")).to_contain_text("已被他人更新")
    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        row = connection.execute(
            "select stage from cases where register_number = %s", [household]
        ).fetchone()
    assert row is not None
    assert row[0] != "dismissed"


@pytest.mark.timeout(120)
def test_whom_to_visit_is_masked_until_asked_for_and_asking_leaves_a_trace(
    foothold: Stack, desk: Page, household: str
) -> None:
    eventually(lambda: entry_of(foothold, household), "the directory has arrived")
    desk.goto(f"{foothold.inbox_url}/cases/{number_of(foothold, household)}")
    expect(desk.locator(".contact")).to_contain_text("赵**")
    assert "赵示安" not in desk.content()
    assert "1234567" not in desk.content()
    desk.get_by_role("button", name="显示完整信息").click()

    expect(desk.locator(".contact")).to_contain_text("赵示安")
    expect(desk.locator(".contact")).to_contain_text("示范县第2村7号")
    expect(desk.locator(".audit")).to_contain_text("查看联系方式")
    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        stored = str(connection.execute("select entry from directory").fetchall())
    assert "赵示安" not in stored


def entry_of(stack: Stack, register_number: str) -> bool:
    query = "select 1 from cases join directory using (household_id) where register_number = %s"
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        return connection.execute(query, [register_number]).fetchone() is not None


@pytest.mark.timeout(120)
def test_a_feed_that_never_spoke_is_shown_above_the_inbox_and_on_the_case(
    foothold: Stack, desk: Page, household: str
) -> None:
    stale = (  # as risk says it once a day
        '{"370399": [{"agency": "bank", "feed": "IncomeReported", "rhythm_days": 30}]}'
    )
    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        connection.execute("update partition_days set stale = %s", [stale])
    desk.reload()
    expect(desk.locator("aside.notice")).to_contain_text("bank · 收入")
    expect(desk.locator("aside.notice")).to_contain_text("从未报送")
    desk.goto(f"{foothold.inbox_url}/cases/{number_of(foothold, household)}")
    expect(desk.locator("aside.notice")).to_contain_text("应不超过 30 天")


def _consents(stack: Stack, number: int | None, word: str | None) -> None:
    """Of a household that refused after the note was made nothing computed is shown."""
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        connection.execute("update cases set consent = %s where number = %s", [word, number])


@pytest.mark.timeout(120)
def test_a_decision_in_doubt_stands_above_the_inbox_until_somebody_says_what_the_review_found(
    foothold: Stack, desk: Page, household: str
) -> None:
    number = number_of(foothold, household)
    asked = (
        "insert into reviews select 'x', case_id, '2026-05-01', %s, '2026-06-10' from cases where"
        " number = %s"
    )
    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        connection.execute(asked, ['{"zh": "补报数据表明", "en": "A late fact"}', number])
    desk.reload()
    expect(desk.locator("aside.reviews")).to_contain_text("补报数据表明")
    _consents(foothold, number, "refused")
    desk.reload()
    expect(desk.locator("aside.reviews")).to_contain_text("请复核 2026-05-01 的决定")
    expect(desk.locator("aside.reviews")).not_to_contain_text("补报数据表明")
    _consents(foothold, number, None)
    desk.locator("aside.reviews a").click()
    desk.get_by_label("复核结论").fill("2026-117")
    desk.get_by_role("button", name="已复核").click()
    expect(desk.locator("aside.reviews")).to_have_count(0)
    expect(desk.locator("table.audit")).to_contain_text("2026-117")


@pytest.mark.timeout(120)
def test_the_case_shows_the_months_and_what_keeps_the_household_in_its_group(
    foothold: Stack, desk: Page, household: str
) -> None:
    desk.goto(f"{foothold.inbox_url}/cases/{number_of(foothold, household)}")

    expect(desk.locator("table.months tbody tr").first).to_contain_text("750.00")
    expect(desk.locator(".history li").first).to_contain_text(f"规则版本 rules {RULES_VERSION}")
    expect(desk.locator(".unmet")).to_contain_text("住房倒塌")


@pytest.mark.timeout(120)
def test_the_case_explains_its_numbers_and_shows_what_to_verify_and_what_is_to_come(
    foothold: Stack, sender: Sender, desk: Page, household: str
) -> None:
    owned = [{"asset": "town_house"}, {"asset": "car", "is_for_disability": True}]
    sender.say(
        "statistics",
        "AssetsChecked",
        "web-assets",
        AT,
        f"370399/{household}",
        assets=owned,
        checked_on="2026-06-01",
    )
    page = f"{foothold.inbox_url}/cases/{number_of(foothold, household)}"

    def shows(words: str) -> bool:
        desk.goto(page)
        return words in desk.content()

    eventually(lambda: shows("负面清单项：城镇住房"), "the hint stands on the page")
    assert "车辆" not in desk.locator(".hints").inner_text()
    expect(desk.locator(".trace table")).to_be_hidden()
    desk.locator(".trace summary").click()
    for term, amount in (
        ("net income", "9000.00"),
        ("operating", "9000.00"),
        ("medical", "7000.00"),
    ):
        expect(
            desk.locator(".trace tr")
            .filter(has=desk.get_by_text(term, exact=True))
            .locator(".amount")
        ).to_have_text(amount)
    expect(desk.locator(".forecast tbody tr").first).to_contain_text("2026-07-31")


@pytest.mark.timeout(120)
def test_a_case_that_comes_while_the_inbox_is_open_appears_and_an_open_case_says_it_changed(
    foothold: Stack, sender: Sender, desk: Page
) -> None:
    desk.goto(foothold.inbox_url)
    with desk.expect_event("request", lambda r: r.url.endswith("/live")):
        desk.reload()
    subject = "370399/WEB-2"
    entry = {
        "authority": "370399",
        "register_number": "WEB-2",
        "area": "370399101202",
        "standing": "ordinary",
        "members": [{"person_ref": "a"}],
    }
    sender.say("statistics", "HouseholdRegistered", "web2-reg", AT, subject, **entry)
    sender.say(
        "emergency-management",
        "DisasterStruck",
        "web2-storm",
        AT,
        subject,
        hazard="storm",
        struck_on="2026-06-09",
        home="destroyed",
        is_verified=True,
    )

    row = desk.get_by_role("row").filter(has_text="WEB-2")
    expect(row).to_be_visible(timeout=10_000)
    row.get_by_role("link").click()
    expect(desk.locator("#news")).to_be_attached()
    take_as(foothold, sender, "duty-officer", number_of(foothold, "WEB-2") or 0)

    expect(desk.locator("#news")).to_contain_text("刚刚有更新", timeout=10_000)


def take_as(stack: Stack, sender: Sender, name: str, number: int) -> None:
    """Another person takes the case in a browser of their own."""
    with Caseworker(stack, name, sender.passwords[name]) as caseworker:
        caseworker.do(number, "steps/take")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("language", "seen", "unseen"),
    [("中文", "待办", "open day"), ("English", "open day", "待办"), ("双语", "待办", "")],
)
def test_inbox_and_case_speak_the_readers_language(
    foothold: Stack, desk: Page, household: str, language: str, seen: str, unseen: str
) -> None:
    desk.get_by_role("link", name=language).click()
    expect(desk.locator("main")).to_contain_text(seen)
    assert not unseen or unseen not in desk.locator("main").inner_text()
    pictures = ROOT / "var" / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    inbox = desk.screenshot(path=pictures / f"inbox-{language}.png")
    desk.goto(f"{foothold.inbox_url}/cases/{number_of(foothold, household)}")
    case = desk.screenshot(path=pictures / f"case-{language}.png", full_page=True)

    assert len(inbox) > 20_000
    assert len(case) > 20_000
    eventually(lambda: entry_of(foothold, household), "the directory has arrived")
    # a name is Chinese in every language
    desk.locator(".contact").evaluate("contact => contact.remove()")
    text = desk.locator("main").inner_text()
    assert bool(re.search(r"[\u4e00-\u9fff]", text)) == (language != "English"), text
    assert ("conditions of leaving" in text) == (language != "中文")


@pytest.mark.timeout(120)
def test_while_the_desk_cannot_be_reached_the_page_says_so_and_takes_it_back(
    foothold: Stack, desk: Page, household: str
) -> None:
    desk.goto(foothold.inbox_url)
    expect(desk.locator("#unreachable")).to_be_hidden()
    service = foothold.services["alerts"]
    assert service.pid is not None
    os.kill(service.pid, signal.SIGSTOP)
    pid = service.pid
    desk.context.set_offline(True)
    desk.evaluate("htmx.trigger('#list', 'sse:changed')")
    expect(desk.locator("#unreachable")).to_be_visible(timeout=10_000)
    os.kill(pid, signal.SIGCONT)
    desk.context.set_offline(False)
    desk.evaluate("htmx.trigger('#list', 'sse:changed')")

    expect(desk.locator("#unreachable")).to_be_hidden(timeout=15_000)
    expect(desk.get_by_role("row").filter(has_text=household)).to_be_visible()


def test_the_scripts_other_people_wrote_are_the_ones_we_checked() -> None:
    folder = ROOT / "services/alerts/foothold_alerts/web/static/vendor"
    sums = {
        name: checksum
        for checksum, name in (
            line.split() for line in (folder / "SHA256SUMS").read_text().splitlines()
        )
    }

    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.js")
    }
    assert all(name in (folder / "NOTICE.md").read_text() for name in sums)
