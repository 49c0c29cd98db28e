"""What people declared eliminated and is found again is said to be.

It is so wherever the household stands meanwhile.
"""

from datetime import date, timedelta
from typing import Any

import pytest

from foothold_schemas.messages.transitions import Transition
from tests.support.made.scenario import play

ELIMINATED = date(2026, 3, 1)


def after_elimination(
    *facts: dict[str, Any], until: int, bonus: str = "900000.00"
) -> list[Transition]:
    """What is said after people declared a bill of 2,000 eliminated.

    `day` and `until` count from then.
    """
    begin: list[dict[str, Any]] = [
        {
            "day": date(2026, 1, 9),
            "kind": "IncomeReported",
            "amount": "7000.00",
            "earned_month": "2025-12",
            "is_yearly": True,
        },
        {
            "day": date(2026, 1, 10),
            "kind": "MedicalClaimSettled",
            "settled_on": date(2025, 2, 1),
            "total": "2000.00",
        },
        {
            "day": date(2026, 1, 11),
            "kind": "CaseDecided",
            "decision": "identified",
            "decided_on": date(2026, 1, 11),
        },
        {
            "day": date(2026, 1, 20),
            "kind": "IncomeReported",
            "id": "bonus",
            "item": "bonus",
            "amount": bonus,
            "earned_month": "2025-12",
        },
        {
            "day": date(2026, 1, 21),
            "kind": "GuaranteeChecked",
            "guarantee": "each",
            "is_met": True,
            "checked_on": date(2026, 1, 21),
        },
        {
            "day": date(2026, 1, 21),
            "kind": "MeasureDelivered",
            "measure": "health",
            "against": ["self_paid_high", "rigid_spending_ratio"],
            "delivered_on": date(2026, 1, 21),
        },
        {
            "day": ELIMINATED,
            "kind": "CaseDecided",
            "id": "out",
            "decision": "eliminated",
            "decided_on": ELIMINATED,
        },
    ]
    numbers = {
        "self_paid_high.ordinary": "2000.00",
        "self_paid_high.ex_poor": "1000.00",
        "exit.stable_months": 1,
        "exit.min_months_since_identified": 1,
    }
    last = ELIMINATED + timedelta(days=until)
    played = play(
        {"policy": numbers, "opened": date(2026, 1, 9), "until": last, "facts": [*begin, *facts]}
    )
    assert [t.exit_reason for t in played.said if t.open_day == ELIMINATED][-1] == "eliminated"
    return [t for t in played.said if t.open_day > ELIMINATED]


def house(number: int, day: int, *, is_met: bool) -> dict[str, Any]:
    on = ELIMINATED + timedelta(days=day)
    return {
        "day": on,
        "kind": "GuaranteeChecked",
        "id": f"h{number}",
        "guarantee": "housing",
        "is_met": is_met,
        "checked_on": on,
    }


def bill(name: str, day: int, total: str) -> dict[str, Any]:
    on = ELIMINATED + timedelta(days=day)
    return {"day": on, "kind": "MedicalClaimSettled", "id": name, "settled_on": on, "total": total}


def test_a_lead_fallen_quiet_wavering_is_rolled_back_by_the_cause_people_eliminated() -> None:
    checks = [house(n, n + 2, is_met=n % 2 == 1) for n in range(4)]
    transitions = after_elimination(*checks, bill("again", 9, "2000.00"), until=9)

    assert [t.movement.value for t in transitions] == [
        "watched",
        "unwatched",
        "watched",
        "eased",
        "rolled_back",
    ]
    assert (transitions[-1].is_told, transitions[-1].episode, transitions[-1].is_lead) == (
        True,
        2,
        True,
    )


def test_a_group_that_shifts_to_another_by_the_cause_people_eliminated_is_rolled_back() -> None:
    on = ELIMINATED + timedelta(days=5)
    less = {
        "day": ELIMINATED + timedelta(days=3),
        "kind": "FactsRetracted",
        "events": ["bonus"],
        "reason": "entered_in_error",
    }
    entry = {
        "day": on,
        "kind": "HouseholdRegistered",
        "standing": "ex_poor",
        "members": [{"person_ref": "p0"}],
    }
    transitions = after_elimination(
        house(0, 2, is_met=False), less, bill("small", 4, "1500.00"), entry, until=5
    )

    assert [t.movement.value for t in transitions if t.movement.value != "would_have"] == [
        "watched",
        "reflagged",
        "rolled_back",
    ]
    assert (transitions[-1].previous_group, transitions[-1].group, transitions[-1].is_told) == (
        "marginal",
        "unstable_ex_poor",
        True,
    )


@pytest.mark.parametrize("days", [3, 40])
def test_the_same_cause_that_goes_and_returns_is_rolled_back_each_time_and_told_as_what_wavers_is(
    days: int,
) -> None:
    gone = {
        "day": ELIMINATED + timedelta(days=4),
        "kind": "FactsRetracted",
        "events": ["again"],
        "reason": "entered_in_error",
    }
    transitions = after_elimination(
        bill("again", 2, "2000.00"), gone, bill("once-more", 4 + days, "2000.00"), until=4 + days
    )

    assert [t.movement.value for t in transitions] == ["rolled_back", "unwatched", "rolled_back"]
    assert [t.is_told for t in transitions] == [
        True,
        None,
        True,
    ], "another bill that alone would be a finding is news"


def test_the_same_bill_corrected_to_and_fro_is_rolled_back_and_told_once() -> None:
    versions = [
        {**bill(f"v{n}", n + 2, total), "claim_number": "again"}
        for n, total in enumerate(("2000.00", "1500.00", "2000.00", "1500.00", "2000.00"))
    ]
    transitions = after_elimination(*versions, until=9)

    assert [t.movement.value for t in transitions] == [
        "rolled_back",
        "unwatched",
        "rolled_back",
        "eased",
        "rolled_back",
    ]
    assert [t.is_told for t in transitions] == [True, None, False, None, False]
    assert {t.episode for t in transitions} == {2}
