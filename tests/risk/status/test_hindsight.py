"""A leaving that a late fact puts in doubt: how far back it is looked at, and what is not late."""

from datetime import date

import msgspec
import pytest

from foothold_risk.rules.household.household import Left, Position, fresh
from foothold_risk.rules.status.hindsight import review
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.values import Group
from tests.support.made.build import claim, household, income, place_of, policy

LEFT = date(2026, 3, 20)
FACTS = [income(f"{9000}", f"income {year}", month=f"{year}-02") for year in (2025, 2026, 2027)]
BILL = claim("25000", day=date(2026, 1, 5))
PLACE = place_of(policy())


@pytest.mark.parametrize(
    ("today", "is_told"),
    [
        (date(2026, 3, 20), False),
        (date(2026, 3, 21), True),
        (date(2027, 4, 30), True),
        (date(2027, 5, 1), False),
    ],
)
def test_a_late_bill_is_told_from_the_day_after_the_leaving_as_long_as_the_facts_of_then_are_kept(
    today: date, *, is_told: bool
) -> None:
    position = Position(number=3, episode=1, left=Left(LEFT, Group.SUDDEN_HARDSHIP, 1))
    before, after = (
        fresh(household(*facts), position=position) for facts in (FACTS, [*FACTS, BILL])
    )

    reviewed = review(before, after, today, PLACE, {})
    assert is_told == (reviewed is not None)
    if reviewed is not None:
        then, move = reviewed
        assert (then.view.day, move.movement) == (LEFT, Movement.WOULD_HAVE)
        assert msgspec.structs.replace(position, number=4, left=None) == move.after
        assert review(after, fresh(after, position=move.after), today, PLACE, {}) is None


def test_what_was_known_before_the_fact_is_no_news() -> None:
    position = Position(number=3, episode=1, left=Left(LEFT, Group.SUDDEN_HARDSHIP, 1))
    home = fresh(household(*FACTS, BILL), position=position)
    more = fresh(
        household(*FACTS, BILL, claim("10", "more", day=date(2026, 1, 6))), position=position
    )

    assert review(home, more, date(2026, 5, 1), PLACE, {}) is None
