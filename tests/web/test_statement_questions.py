"""Both senders are asked about an income sent twice and a stay billed by two agencies.

They answer at their console, and what they say counts.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from deploy.local.stack import Stack
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import IncomeReported
from foothold_schemas.wire.codec import decode_fact
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS
from tests.support.running import browser
from tests.support.running.parts import ROOT
from tests.support.running.sender import Sender, eventually, read_topic

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing())),
]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)
SUBJECT = "370399/WEB-ASKED"
PICTURE = ROOT / "var" / "pictures"
INCOME = {
    "category": "wage",
    "item": "site",
    "amount": "1300.00",
    "earned_month": "2026-05",
    "is_yearly": True,
    "person_ref": "a",
}
BILL = {"settled_on": "2026-06-08", "setting": "inpatient", "stay": "WEB-S1", "person_ref": "a"}


@pytest.fixture(scope="module")
def household(foothold: Stack, sender: Sender) -> None:  # noqa: ARG001 - a day is open
    """A household in a group: one yearly income told twice, one stay told by two agencies."""
    entry = {
        "authority": "370399",
        "register_number": "WEB-ASKED",
        "area": "370399101204",
        "standing": "ordinary",
        "members": [{"person_ref": "a"}],
    }
    sender.say("statistics", "HouseholdRegistered", "asked-reg", AT, SUBJECT, **entry)
    for name in ("asked-y1", "asked-y2"):
        sender.say("statistics", "IncomeReported", name, AT, SUBJECT, **INCOME)
    for agency, total in (("health-insurance", "12345.00"), ("statistics", "12000.00")):
        sender.say(
            agency,
            "MedicalClaimSettled",
            f"asked-bill-{agency}",
            AT,
            SUBJECT,
            claim_number=f"asked-{agency}",
            total=total,
            **BILL,
        )
    sender.say(
        "emergency-management",
        "DisasterStruck",
        "asked-fire",
        AT,
        SUBJECT,
        hazard="fire",
        struck_on="2026-06-09",
        home="destroyed",
        is_verified=True,
    )


@pytest.fixture
def console(foothold: Stack, sender: Sender, household: None) -> Iterator[Page]:  # noqa: ARG001 - its statements are there
    with browser.page() as page:
        browser.sign_in(page, f"{foothold.ingest_url}/console", sender.keys["statistics"], "钱办事")
        yield page


@pytest.mark.timeout(120)
def test_the_sender_says_that_both_are_real_and_the_answer_stands_in_the_log_and_on_the_page(
    foothold: Stack, console: Page
) -> None:
    def asked() -> bool:
        console.goto(f"{foothold.ingest_url}/console/questions")
        return console.locator("tbody tr").count() == 2

    eventually(asked, "both questions stand in the console")
    row = console.locator("tbody tr").filter(has_text="asked-y1")
    stay = console.locator("tbody tr").filter(has_text="WEB-S1")
    expect(stay).to_contain_text("health-insurance")
    expect(stay).to_contain_text("12000.00")
    expect(stay).not_to_contain_text("12345.00")
    expect(stay.get_by_role("button")).to_have_count(3)
    expect(row).to_contain_text("asked-y2")
    expect(row.locator("strong")).to_have_count(1)
    expect(row).to_contain_text("是重复报送，还是两笔都是真的？")
    PICTURE.mkdir(parents=True, exist_ok=True)
    console.screenshot(path=PICTURE / "console-questions.png", full_page=True)
    console.goto(f"{foothold.ingest_url}/console")
    expect(console.locator("tr").filter(has_text="待答复")).to_contain_text("2")
    console.goto(f"{foothold.ingest_url}/console/questions")
    row.get_by_role("button", name="都是真的").click()
    expect(console.get_by_role("status")).to_contain_text("已按您的答复处理")
    expect(row).to_contain_text("钱办事")
    expect(row.get_by_role("button")).to_have_count(0)

    def written() -> list[FactRecord]:
        facts = [
            decode_fact(m.value())
            for m in read_topic(foothold.kafka.bootstrap, HOUSEHOLD_FACTS.name)
            if b"console-" in (m.value() or b"")
        ]
        own_facts = [
            fact
            for fact in facts
            if fact.source == "/agencies/statistics/console"
            and isinstance(fact.data, IncomeReported)
            and fact.data.item == "site"
        ]
        # the route and the job may both write it: one fact
        return list({fact.fact_id: fact for fact in own_facts}.values())

    (fact,) = eventually(written, "the income stands in the log under a number of its own")
    assert isinstance(fact.data, IncomeReported)
    assert (fact.data.amount, fact.source) == (130_000, "/agencies/statistics/console")


def test_a_forged_form_or_another_agencys_question_changes_nothing(
    foothold: Stack,
    sender: Sender,
    household: None,  # noqa: ARG001
) -> None:
    with browser.page() as page:
        browser.sign_in(
            page, f"{foothold.ingest_url}/console", sender.keys["health-insurance"], "别人"
        )
        page.goto(f"{foothold.ingest_url}/console/questions")
        expect(page.locator("main")).not_to_contain_text("12000.00")
        expect(page.locator("main")).not_to_contain_text("asked-y1")
        csrf = page.locator('input[name="csrf"]').first.input_value()
        address = f"{foothold.ingest_url}/console/questions"
        forms: tuple[dict[str, str | float | bool], ...] = (
            {"answer": "repeat"},
            {"csrf": csrf, "question": "0" * 32, "answer": "repeat"},
            {"csrf": csrf, "question": "0" * 32, "answer": "x" * 5_000},
        )
        answers = [page.request.post(address, form=form).status for form in forms]

    assert answers == [403, 404, 422]
