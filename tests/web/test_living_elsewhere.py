"""A household of three counties is one case, where the household is registered.

It is registered in one county, living in another, and treated in a third (from the door to both
desks).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from deploy.local.stack import Stack
from tests.support.running import browser
from tests.support.running.desk import Caseworker, number_of
from tests.support.running.parts import ROOT
from tests.support.running.sender import Sender, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing())),
]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)
TOWN = "370303"
HOSPITAL = "jinan-hospital"
NUMBER = "WEB-AWAY"


def enter(sender: Sender, residence: str | None, minutes: int = 0) -> None:
    entry = {
        "authority": "370399",
        "register_number": NUMBER,
        "area": "370399101204",
        "standing": "ordinary",
        "members": [{"person_ref": "away"}],
    }
    lives = {} if residence is None else {"residence": residence}
    at = AT + timedelta(minutes=minutes)
    sender.say(
        "statistics",
        "HouseholdRegistered",
        f"{NUMBER}-{minutes}",
        at,
        f"370399/{NUMBER}",
        **entry,
        **lives,
    )


@pytest.fixture(scope="module")
def town(foothold: Stack, sender: Sender) -> Iterator[Caseworker]:  # noqa: ARG001 - a day is open
    """A caseworker where the household lives."""
    password = foothold.command("alerts", "account", "add", "town", "--area", TOWN)
    with Caseworker(foothold, "town", password) as worker:
        yield worker


@pytest.mark.timeout(120)
def test_one_case_at_home_shown_masked_where_the_household_lives(
    foothold: Stack, sender: Sender, town: Caseworker
) -> None:
    enter(sender, f"{TOWN}101")
    sender.keys[HOSPITAL] = foothold.command(
        "ingest", "agency", "add", HOSPITAL, "--areas", "370399"
    ).splitlines()[0]
    call = {"route": "cadre", "concern": "illness", "reported_on": "2026-06-10"}
    sender.say(HOSPITAL, "RiskReported", "away-ill", AT, f"370399/{NUMBER}", **call)
    number = eventually(lambda: number_of(foothold, NUMBER), "the lead stands at the desk")

    def listed() -> bool:
        return f"<td>{number}</td>" in town.client.get("/lists/lives_here").text

    eventually(listed, "the town sees that somebody is responsible")
    page = town.client.get("/lists/lives_here").text
    home = Caseworker(foothold, "caseworker", sender.passwords["caseworker"])
    with home:
        at_home, listed_at_home = home.page(number), home.client.get("/lists/lives_here").text
    assert NUMBER not in page
    assert "370399 101" in page
    assert [
        town.client.get(path).status_code
        for path in (f"/cases/{number}", f"/cases/{number}/notice")
    ] == [404, 404]
    assert f"/cases/{number}" not in town.client.get("/").text
    assert ("现居住地" in at_home, "370303 101" in at_home) == (True, True)
    assert f"<td>{number}</td>" not in listed_at_home
    with browser.page() as screen:
        screen.context.add_cookies(
            [
                {"name": n, "value": v, "url": foothold.inbox_url}
                for n, v in town.client.cookies.items()
            ]
        )
        screen.goto(f"{foothold.inbox_url}/lists/lives_here")
        expect(screen.get_by_role("cell").filter(has_text="责任地")).to_contain_text("370399 101")
        screen.screenshot(path=ROOT / "var/pictures/lives-here.png")

    enter(sender, None, minutes=5)
    eventually(lambda: not listed(), "it moved back, and the town's list is empty")


def test_a_residence_nobody_knows_is_refused_with_the_field(sender: Sender) -> None:
    entry = {
        "authority": "370399",
        "register_number": "WEB-LOST",
        "area": "370399101204",
        "standing": "ordinary",
        "members": [{"person_ref": "lost"}],
    }
    for residence, reason in (
        ("999999", "unknown-area"),
        ("3703", "invalid-field"),
        ("370303-101", "invalid-field"),
    ):
        answer = sender.post(
            "statistics",
            sender.event(
                "statistics",
                "HouseholdRegistered",
                "lost",
                AT,
                "370399/WEB-LOST",
                **entry,
                residence=residence,
            ),
        )
        assert answer.json()["type"] == f"urn:foothold:problem:{reason}", answer.text
        assert "/data/residence" in answer.text
