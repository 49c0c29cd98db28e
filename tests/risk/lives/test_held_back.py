"""A correction comes to the same end whatever held the household back when it came.

Each story is played without and with a hold, or two that overlap; what is compared is where the
household stands in the end, and as what its case ended.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from foothold_schemas.messages.transitions import ExitReason, Movement
from tests.support.made.scenario import Played, play

Fact = dict[str, Any]
OPENED, CAME, HELD, CORRECTED = (date(2026, 6, n) for n in (5, 8, 12, 15))
FREED, UNTIL = date(2026, 6, 20), date(2026, 6, 25)
ELSEWHERE = "110101001001"


def fact(day: date, kind: str, **fields: Any) -> Fact:  # noqa: ANN401 - fields of any fact
    return {"day": day, "kind": kind, **fields}


def year(amount: str, day: date = date(2026, 6, 1), **fields: Any) -> Fact:  # noqa: ANN401
    return fact(
        day, "IncomeReported", amount=amount, earned_month="2026-05", is_yearly=True, **fields
    )


def check(day: date, *, is_met: bool, guarantee: str = "housing", **fields: Any) -> Fact:  # noqa: ANN401
    return fact(
        day, "GuaranteeChecked", guarantee=guarantee, is_met=is_met, checked_on=day, **fields
    )


def fire(day: date = CAME, home: str = "destroyed", **fields: Any) -> Fact:  # noqa: ANN401
    return fact(day, "DisasterStruck", struck_on=CAME, home=home, **fields)


def bill(day: date, total: str, **fields: Any) -> Fact:  # noqa: ANN401
    return fact(
        day, "MedicalClaimSettled", settled_on=CAME, total=total, claim_number="7", **fields
    )


def retracted(*events: str, day: date = CORRECTED) -> Fact:
    return fact(day, "FactsRetracted", events=list(events), reason="entered_in_error")


GROUNDS: Mapping[str, Sequence[Fact]] = {
    "poor, housing unmet": [year("7000.00", id="year"), check(CAME, is_met=False, id="ground")],
    "poor, a fire": [year("7000.00", id="year"), fire(id="ground")],
    "a fire": [year("90000.00", id="year"), fire(id="ground")],
    "poor, a bill": [year("7000.00", id="year"), bill(CAME, "30000.00", id="ground")],
    "a lead": [year("90000.00", id="year"), check(CAME, is_met=False, id="ground")],
    "a report": [
        year("90000.00", id="year"),
        fact(CAME, "RiskReported", id="ground", concern="income", reported_on=CAME),
    ],
}
CORRECTIONS: Mapping[str, Sequence[Fact]] = {
    "taken back": [retracted("ground")],
    "the year put right": [year("90000.00", CORRECTED, id="right", amends=["year"])],
    "a later version of the year": [year("90000.00", CORRECTED, id="later")],
    "a later version of the fire": [fire(CORRECTED, "unhurt", id="later")],
    "another sender's word": [fire(CORRECTED, "unhurt", id="other", agency="bureau")],
    "a later version of the bill": [bill(CORRECTED, "30.00", id="later")],
    "met, and no correction": [check(CORRECTED, is_met=True)],
    "met, then something else put right": [
        check(CORRECTED, is_met=True),
        fact(
            CORRECTED + timedelta(days=1),
            "IncomeReported",
            id="year-2",
            amends=["year"],
            amount="7001.00",
            earned_month="2026-05",
            is_yearly=True,
        ),
    ],
    "taken back, and there again": [
        retracted("ground"),
        check(CORRECTED + timedelta(days=1), is_met=False, id="again"),
    ],
}
SAME_AGAIN = ("poor, housing unmet", "a lead")
"""Where the check that comes again is what was taken back; elsewhere it is another ground."""


def hold(kind: str, first: date = HELD, last: date = FREED) -> list[Fact]:
    """The facts by which something holds a household back, and by which it is free again."""
    doubt = {"ticket": 7, "person_ref": "p0", "other_household": "0" * 31 + "2"}
    here, name = [{"person_ref": "p0"}], f"{kind} {first}"
    match kind:
        case "refused":
            return [
                fact(first, "AuthorisationRefused", id=f"no {name}", refused_on=first),
                fact(last, "AuthorisationGiven", id=f"yes {name}", signed_on=last),
            ]
        case "in doubt":
            return [
                fact(first, "MembershipDisputed", id=f"open {name}", state="open", **doubt),
                fact(last, "MembershipDisputed", id=f"over {name}", state="mended", **doubt),
            ]
        case "all dead" | "dying":
            left_on = first - timedelta(days=1 if kind == "all dead" else 0)
            dead = [{"person_ref": "p0", "left_on": left_on}]
            return [
                fact(first, "HouseholdRegistered", id=f"dead {name}", members=dead),
                fact(last, "HouseholdRegistered", id=f"back {name}", members=here),
            ]
        case _:
            return [
                fact(first, "HouseholdRegistered", id=f"away {name}", members=here, area=ELSEWHERE),
                fact(last, "HouseholdRegistered", id=f"back {name}", members=here),
            ]


HOLDS = ("refused", "in doubt", "all dead", "dying", "handed over")


def life(facts: Sequence[Fact], *, is_heard: bool = True, until: date = UNTIL) -> Played:
    ordered = sorted(facts, key=lambda f: f["day"])
    return play({"opened": OPENED, "until": until, "heard": is_heard, "facts": ordered})


def end(played: Played) -> tuple[object, ...]:
    """Where it stands, and as what its last group or lead ended."""
    position = played.household.position
    endings = [
        t.exit_reason
        for t in played.said
        if t.movement in (Movement.EXITED, Movement.UNWATCHED)
        and t.exit_reason not in (None, ExitReason.NATURAL)
    ]
    return (
        position.status,
        position.group,
        position.is_lead,
        position.is_urgent,
        position.is_identified,
        None if position.is_in_episode else endings[-1:],
    )


def stories() -> list[Any]:
    identified = fact(CAME, "CaseDecided", decision="identified", decided_on=CAME)
    return [
        pytest.param(
            [*ground, *([identified] if is_identified else []), *correction],
            id=f"{what}, {how}{', identified' if is_identified else ''}",
        )
        for what, ground in GROUNDS.items()
        for how, correction in CORRECTIONS.items()
        for is_identified in (False, True)
        if how != "taken back, and there again" or what in SAME_AGAIN
    ]


@pytest.mark.parametrize("facts", stories())
def test_a_correction_comes_to_the_same_end_whatever_held_the_household_back(
    facts: list[Fact],
) -> None:
    free = end(life(facts))

    ends = {kind: end(life([*facts, *hold(kind)])) for kind in HOLDS}

    assert ends == dict.fromkeys(HOLDS, free)


LATER, LAST = date(2026, 6, 17), date(2026, 6, 24)


@pytest.mark.parametrize(("first", "second"), list(permutations(HOLDS, 2)))
@pytest.mark.parametrize("story", ["taken back", "the year put right", "met, and no correction"])
def test_so_it_does_where_one_hold_follows_another(first: str, second: str, story: str) -> None:
    facts = [*GROUNDS["poor, housing unmet"], *CORRECTIONS[story]]
    held = [*hold(first), *hold(second, LATER, LAST)]

    assert end(life([*facts, *held])) == end(life(facts))


QUIET, PUT_RIGHT = date(2026, 7, 1), date(2026, 7, 5)


@pytest.mark.parametrize("correction", ["taken back", "put right", "met"])
@pytest.mark.parametrize("is_identified", [False, True])
def test_so_it_does_where_a_month_is_not_heard(correction: str, *, is_identified: bool) -> None:
    facts = [
        year("7000.00", id="year", until_month="2026-05"),
        check(CAME, is_met=False, id="ground"),
        fact(
            PUT_RIGHT + timedelta(days=5), "IncomeReported", amount="1.00", earned_month="2026-06"
        ),
    ]
    if is_identified:
        facts.append(fact(CAME, "CaseDecided", decision="identified", decided_on=CAME))
    match correction:
        case "taken back":
            facts.append(retracted("ground", day=PUT_RIGHT))
        case "put right":
            right = year("90000.00", PUT_RIGHT, id="right", amends=["year"], until_month="2026-05")
            facts.append(right)
        case _:
            facts.append(check(PUT_RIGHT, is_met=True))
    until = PUT_RIGHT + timedelta(days=7)

    assert end(life(facts, is_heard=False, until=until)) == end(life(facts, until=until))
