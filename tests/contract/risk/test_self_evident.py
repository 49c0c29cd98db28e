"""Follows a landslide policy calls self-evident from an agency's door to the desk.

Every household there is a case at once, and none once it was a mistake.
"""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from deploy.local.stack import Stack
from tests.support.running.sender import Sender, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

AT = datetime(2026, 6, 9, 2, tzinfo=UTC)
TOWNSHIP = "370399777"


def cases(stack: Stack) -> dict[str, tuple[str, str | None, str | None]]:
    """Of the township: register number → stage, group, why it ended."""
    asked = (
        "select register_number, stage, priority_group, close_reason from cases where area like %s"
    )
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        return {
            number: (stage, group, reason)
            for number, stage, group, reason in connection.execute(asked, [f"{TOWNSHIP}%"])
        }


def enter(sender: Sender, number: str, amount: str) -> None:
    entry = {
        "authority": "370399",
        "register_number": number,
        "area": f"{TOWNSHIP}201",
        "standing": "ordinary",
        "members": [{"person_ref": number}],
    }
    income = {
        "category": "wage",
        "item": "salary",
        "amount": amount,
        "earned_month": "2026-05",
        "is_yearly": True,
    }
    # first: without it a new entry earns nothing
    sender.say("statistics", "IncomeReported", f"{number}-income", AT, f"370399/{number}", **income)
    sender.say(
        "statistics", "HouseholdRegistered", f"{number}-entry", AT, f"370399/{number}", **entry
    )


def strikes(sender: Sender, minutes: int, **more: object) -> None:
    given = {
        "incident": "slide",
        "area": TOWNSHIP,
        "hazard": "landslide",
        "severity": "I",
        "first_day": "2026-06-09",
    }
    sender.say(
        "statistics",
        "AreaStruck",
        f"slide-{minutes}",
        AT + timedelta(minutes=minutes),
        None,
        **(given | more),
    )


def test_a_self_evident_incident_opens_a_case_for_each_household_until_it_is_taken_back(
    foothold: Stack, sender: Sender
) -> None:
    sender.say(
        "statistics",
        "FeedHeard",
        "slide-heard",
        AT,
        None,
        feed="IncomeReported",
        area=TOWNSHIP,
        through_month="2026-05",
    )
    enter(sender, "SLIDE-1", "7000.00")
    enter(sender, "SLIDE-2", "90000.00")
    strikes(sender, 1)
    eventually(lambda: len(cases(foothold)) == 2, "both households are cases", 60)
    enter(sender, "SLIDE-3", "90000.00")
    eventually(lambda: len(cases(foothold)) == 3, "who registers later is one too", 60)
    flagged = cases(foothold)
    strikes(sender, 2, is_withdrawn=True)
    eventually(
        lambda: all(reason for _, _, reason in cases(foothold).values()),
        "each case ends once the report is taken back",
        60,
    )

    assert {number: (stage, group) for number, (stage, group, _) in flagged.items()} == {
        "SLIDE-1": ("lead", "marginal"),
        "SLIDE-2": ("lead", None),
        "SLIDE-3": ("lead", None),
    }
    assert cases(foothold)["SLIDE-1"] == ("closed", None, "corrected")
