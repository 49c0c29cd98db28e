"""Tests the case page of a household whose standing changes.

It is identified, a finding is found harmless, and authorisation is refused.
"""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page

from deploy.local.stack import Stack
from tests.support.running import browser
from tests.support.running.desk import number_of
from tests.support.running.sender import Sender, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing())),
]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)


@pytest.mark.timeout(120)
def test_an_identified_household_is_called_so_and_one_that_refused_is_not_shown_in_numbers(
    foothold: Stack, sender: Sender, desk: Page
) -> None:
    subject = "370399/WEB-3"
    entry = {
        "authority": "370399",
        "register_number": "WEB-3",
        "area": "370399101202",
        "standing": "ordinary",
        "members": [{"person_ref": "a"}],
    }
    sender.say("statistics", "HouseholdRegistered", "web3-reg", AT, subject, **entry)
    income = {
        "category": "operating",
        "item": "orchard",
        "amount": "9111.00",
        "earned_month": "2026-05",
        "is_yearly": True,
    }
    sender.say("statistics", "IncomeReported", "web3-inc", AT, subject, **income)
    sender.say(
        "health-insurance",
        "MedicalClaimSettled",
        "web3",
        AT,
        subject,
        claim_number="web3",
        settled_on="2026-06-08",
        setting="inpatient",
        total="8000.00",
    )
    eventually(lambda: number_of(foothold, "WEB-3", urgent=True), "the case stands in the database")
    page = f"{foothold.inbox_url}/cases/{number_of(foothold, 'WEB-3')}"

    def shows(words: str) -> bool:
        desk.goto(page)
        return words in desk.content()

    assert shows("风险信号，尚未认定")
    assert shows("9111.00")
    sender.say(
        "operator",
        "CaseDecided",
        "web3-identified",
        AT,
        subject,
        decision="identified",
        decided_on="2026-06-10",
    )
    eventually(lambda: shows("监测对象，经人工认定"), "people's decision stands on the page")
    word = {
        "finding": "rigid_spending_ratio",
        "reason": "can_cope",
        "by": "caseworker",
        "exempted_on": "2026-06-10",
        "until": "2026-12-31",
    }
    sender.say("operator", "FindingExempted", "web3-harmless", AT, subject, **word)
    eventually(
        lambda: shows("已核无害，自 2026-06-10 至 2026-12-31"),
        "what people found harmless stands on the page, with who and how long",
    )
    assert "家庭能够自行承担" in desk.content()
    sender.say(
        "operator", "AuthorisationRefused", "web3-refused", AT, subject, refused_on="2026-06-10"
    )
    eventually(
        lambda: shows("农户未授权，数据不再比对，也不显示"), "the refusal stands on the page"
    )

    assert not shows("9111.00")
