"""No household gets two notices, or two cases, of the same ground within the days of wavering.

Guarantees that are unmet and met by turns, in any order: each notice names one that was in no
notice of the days before, and so does each case that is opened.
"""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.made.scenario import play

OPENED, DAYS, LIVES = date(2026, 6, 5), 30, 40
GUARANTEES = ("housing", "water", "food", "clothing")


def checks(chance: random.Random) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = []
    is_met = dict.fromkeys(GUARANTEES, True)
    for n in range(24):
        day = OPENED + timedelta(days=1 + n)
        for guarantee in chance.sample(GUARANTEES, chance.choice((0, 1, 1, 2))):
            is_met[guarantee] = not is_met[guarantee]
            facts.append(
                {
                    "day": day,
                    "kind": "GuaranteeChecked",
                    "guarantee": guarantee,
                    "is_met": is_met[guarantee],
                    "checked_on": day,
                }
            )
    return facts


@pytest.mark.parametrize("seed", range(LIVES))
@pytest.mark.parametrize("amount", ["90000.00", "7000.00"])
def test_a_ground_is_in_one_notice_and_one_case_within_the_days(seed: int, amount: str) -> None:
    year = {
        "day": date(2026, 6, 1),
        "kind": "IncomeReported",
        "amount": amount,
        "earned_month": "2026-05",
        "is_yearly": True,
    }
    chance = random.Random(seed)  # noqa: S311 - chosen lives, not secrets
    facts = [year, *checks(chance)]

    played = play({"opened": OPENED, "until": OPENED + timedelta(days=DAYS), "facts": facts})

    noticed: set[str] = set()
    episode = 0
    for transition in played.said:
        named = {event.name for saw in transition.saw for event in saw.events}
        is_another_case = transition.is_lead and transition.episode > episode
        if transition.is_told or is_another_case:
            assert named - noticed, (transition.open_day, transition.movement)
            noticed |= named
        episode = max(episode, transition.episode)
