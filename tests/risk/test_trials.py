"""What risk remembers beside an offset, and what it does if a household cannot be planned."""

from datetime import timedelta

import pytest

import foothold_risk.worker.state
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.household.from_fact import register
from foothold_risk.rules.household.household import Household
from foothold_risk.worker.state import Households
from foothold_risk.worker.trials import Trials
from foothold_runtime.attempts import Attempts
from tests.support.made.build import HOUSEHOLD, registered
from tests.support.risk import DAY, RULES


def test_a_household_that_cannot_be_planned_stops_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def next_due(*_: object) -> None:
        raise OverflowError

    households = Households({RULES.bundle: RULES})
    households.control = Control(open_day=DAY, bundle=RULES.bundle)
    entry = registered()
    home = Household(register=register(entry, entry.data, bytes(16)), as_of=DAY)  # type: ignore[arg-type]
    households.restore(HOUSEHOLD.encode(), foothold_risk.worker.state.pack(home))
    monkeypatch.setattr(foothold_risk.worker.state, "next_due", next_due)
    households.plan_anew()

    assert households.due(DAY + timedelta(days=1)) == [HOUSEHOLD.encode()]


@pytest.mark.parametrize("text", ["", "a1 1 2 3 4|xyz", "nonsense|"])
def test_what_others_wrote_beside_the_offset_says_nothing_of_a_household(text: str) -> None:
    assert Trials.read(text).household == ""


def test_what_is_remembered_comes_back_and_nothing_is_written_as_nothing() -> None:
    trials = Trials(Attempts().raising(3, 9), HOUSEHOLD)

    assert Trials.read(trials.text()) == trials
    assert Trials().text() == ""


def test_of_records_that_raised_no_others_become_suspect_with_a_new_owner() -> None:
    begun = Trials(Attempts().raising(7, 7)).beginning(7, 900)

    assert (begun.attempts.is_suspect(7), begun.attempts.is_suspect(8)) == (True, False)
