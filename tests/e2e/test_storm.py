"""Tests a storm over one village.

There is one incident, households are helped at once, and a level rises beside them, is seen, and
falls when it was a mistake.
"""

import re
from datetime import UTC, date, datetime, timedelta

import httpx
import psycopg
import pytest

from deploy.local.stack import Stack
from tests.support.running.desk import Caseworker, number_of
from tests.support.running.sender import Sender, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]

VILLAGE = "370399103201"
FIRST = date(2026, 6, 10)
DAY = FIRST + timedelta(days=1)
STRUCK = ("S-1", "S-2", "S-3")
STORM = {
    "hazard": "storm",
    "struck_on": DAY.isoformat(),
    "home": "destroyed",
    "is_verified": True,
}
WHOLE = {
    "incident": "storm-1",
    "area": VILLAGE[:9],
    "hazard": "storm",
    "severity": "II",
    "first_day": DAY.isoformat(),
}


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def levels(stack: Stack, area: str, cause: str = "disaster_loss") -> list[tuple[str | None, int]]:
    asked = (
        "select body->>'level', (body->>'households')::int from region_warnings where area = %s and"
        " cause = %s and window = 7 order by day, place_in_day"
    )
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        return [
            (level, households)
            for level, households in connection.execute(
                asked.replace("window", '"window"'), [area, cause]
            )
        ]


def may_be_hit(stack: Stack) -> int:
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        row = connection.execute("""
            select count(*) from views
            where body -> 'impacts' @> '[{"incident": "emergency-management/storm-1"}]'
        """).fetchone()
        return 0 if row is None else int(row[0])


def register(sender: Sender, number: str, day: date) -> None:
    entry = {
        "authority": "370399",
        "register_number": number,
        "area": VILLAGE,
        "standing": "ordinary",
    }
    sender.say(
        "statistics",
        "HouseholdRegistered",
        f"reg-{number}",
        noon(day),
        f"370399/{number}",
        **entry,
        members=[{"person_ref": number}],
    )


def it_strikes(stack: Stack, sender: Sender) -> None:
    sender.say("emergency-management", "AreaStruck", "area-1", noon(DAY), None, **WHOLE)
    eventually(lambda: may_be_hit(stack) == 4, "all four of the village may be hit")
    for number in STRUCK:
        sender.say(
            "emergency-management",
            "DisasterStruck",
            f"storm-{number}",
            noon(DAY),
            f"370399/{number}",
            **STORM,
        )


def levels_rise(stack: Stack) -> None:
    eventually(
        lambda: levels(stack, VILLAGE)[-1:] == [("I", 2)],
        "the village stands at level I with the second of four households",
    )
    for above in ("370399103", "370399"):
        eventually(
            lambda area=above: levels(stack, area)[-1:] == [("I", 2)],  # type: ignore[misc]
            f"{above} does, whose only village it is",
        )


def the_warning_is_seen_and_its_cases_taken(worker: Caseworker, numbers: list[int]) -> None:
    page = worker.client.get("/areas").text
    assert 'href="/incidents/1"' in page
    page = worker.client.get("/incidents/1").text
    assert all(text in page for text in ("逐户核查住房安全", "S-4", "待核实"))
    page = worker.client.get("/areas").text
    area_link = re.search(
        rf'href="/areas/(\d+)"><span class="pill hot">Ⅰ级.*?{VILLAGE[9:]}', page, re.DOTALL
    )
    assert area_link is not None
    page = worker.client.get(f"/areas/{area_link[1]}").text
    assert "仅为信号，不等于启动应急响应" in page
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    ticked = re.findall(r'name="cases" value="([^"]+)"', page)
    assert csrf is not None
    assert sorted(int(case.split(":")[0]) for case in ticked) == sorted(numbers)
    assert (
        worker.client.post(f"/areas/{area_link[1]}/acknowledge", data={"csrf": csrf[1]}).status_code
        == httpx.codes.SEE_OTHER
    )
    taken = worker.client.post(
        f"/areas/{area_link[1]}/take", data={"csrf": csrf[1], "cases": [*ticked, "999999:0"]}
    ).text
    assert "已领取 3 件" in taken
    assert "999999" in taken
    assert "caseworker" in worker.client.get(f"/areas/{area_link[1]}").text
    assert worker.client.get("/areas/999999").status_code == httpx.codes.NOT_FOUND
    assert (
        worker.client.post(
            f"/areas/{area_link[1]}/take", data={"csrf": "forged", "cases": ticked}
        ).status_code
        == httpx.codes.FORBIDDEN
    )


def it_was_a_mistake(sender: Sender) -> None:
    for number in STRUCK:
        sender.say(
            "emergency-management",
            "FactsRetracted",
            f"mistake-{number}",
            noon(DAY),
            f"370399/{number}",
            events=[f"storm-{number}"],
            reason="reversed",
        )


def nobody_is_hit_any_more(stack: Stack, sender: Sender) -> None:
    eventually(lambda: may_be_hit(stack) == 5, "who moves in later is reached")
    sender.say(
        "emergency-management",
        "AreaStruck",
        "area-2",
        noon(DAY) + timedelta(hours=1),
        None,
        **WHOLE,
        is_withdrawn=True,
    )
    eventually(lambda: may_be_hit(stack) == 0, "and nobody once it was withdrawn")
    sender.open_day(DAY + timedelta(days=1))
    eventually(
        lambda: levels(stack, VILLAGE)[-1:] == [(None, 0)],
        "what was a mistake counts no more the day after",
    )


def test_a_village_struck_by_a_storm_is_warned_of_as_a_whole_beside_each_household_of_it(
    own_foothold: Stack, own_sender: Sender
) -> None:
    stack, sender = own_foothold, own_sender
    sender.adopt()
    sender.open_day(FIRST)
    for number in (*STRUCK, "S-4"):
        register(sender, number, FIRST)
    sender.open_day(DAY)
    it_strikes(stack, sender)

    numbers = [
        eventually(lambda n=n: number_of(stack, n), f"{n} stands at the desk")  # type: ignore[misc]
        for n in STRUCK
    ]
    levels_rise(stack)
    with Caseworker(stack, "caseworker", sender.passwords["caseworker"]) as worker:
        the_warning_is_seen_and_its_cases_taken(worker, numbers)

    it_was_a_mistake(sender)
    register(sender, "S-5", DAY)
    nobody_is_hit_any_more(stack, sender)


def test_a_village_registered_today_is_measured_by_its_households_of_tomorrow(
    own_foothold: Stack, own_sender: Sender
) -> None:
    """Two of ten households are struck on the day on which nine of them are entered.

    One household was there yesterday, nine more are entered today: two are a fifth of the ten, not
    twice as many as there are.
    """
    stack, sender = own_foothold, own_sender
    sender.adopt()
    sender.open_day(FIRST)

    def register(*numbers: int, day: date) -> None:
        for n in numbers:
            entry = {
                "authority": "370399",
                "register_number": f"N-{n}",
                "area": VILLAGE,
                "standing": "ordinary",
                "members": [{"person_ref": f"n{n}"}],
            }
            sender.say(
                "statistics", "HouseholdRegistered", f"new-{n}", noon(day), f"370399/N-{n}", **entry
            )

    register(0, day=FIRST)
    sender.open_day(day := FIRST + timedelta(days=1))
    register(*range(1, 10), day=day)
    storm = {
        "hazard": "storm",
        "struck_on": day.isoformat(),
        "home": "destroyed",
        "is_verified": True,
    }
    for n in (1, 2):
        sender.say(
            "emergency-management",
            "DisasterStruck",
            f"new-storm-{n}",
            noon(day),
            f"370399/N-{n}",
            **storm,
        )
        eventually(lambda n=n: number_of(stack, f"N-{n}"), f"N-{n} stands at the desk at once")  # type: ignore[misc]  # eager
    sender.open_day(day + timedelta(days=1))
    warned = eventually(lambda: levels(stack, VILLAGE), "the village has its level the day after")
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        days = connection.execute(
            "select distinct day, body->>'share' from region_warnings where area = %s", [VILLAGE]
        ).fetchall()

    assert len(warned) == 1
    assert days == [(day + timedelta(days=1), "0.2000")]
