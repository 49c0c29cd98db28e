"""Works out when a household must be looked at again although nothing happened.

The month turns, a bill leaves the year, or an exit falls due.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from foothold_risk.rules.calendar import day_after, first_day, leaves_rolling_year, month_of
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import PolicyOfDay
from foothold_risk.rules.status.leaving import earliest_exit
from foothold_schemas.facts.facts import IncomeCategory


def next_due(household: Household, day: date, policy: PolicyOfDay) -> date:
    """The first day after `day` on which figures, findings or an exit may change by time alone.

    At the latest when the month turns.
    """
    return min(d for d in _turning_points(household, day, policy) if d > day)


def _turning_points(household: Household, day: date, policy: PolicyOfDay) -> Iterator[date]:
    # Windows, head counts and heard months move for everybody, even for a household without any
    # fact.
    yield first_day(month_of(day) + 1)
    days = (
        *(c.day for c in household.claims),
        *(s.day for s in household.spendings),
        *(d.day for d in household.disasters),
    )
    paid_on = [i.paid_on for i in household.incomes if i.category is IncomeCategory.CLAIMS]
    yield from (leaves_rolling_year(d) for d in (*days, *paid_on))
    yield from paid_on  # what was earned for a month to come counts from then
    if (earliest := earliest_exit(household.position, policy)) is not None:
        yield earliest
    yield from (day_after(w.until) for w in household.position.words)
    if (wavered_on := household.position.wavered_on) is not None:  # then the mark is taken off
        yield wavered_on + timedelta(days=policy.days_of_wavering + 1)
    for member in household.register.members if household.register is not None else ():
        if member.left_on is not None:
            yield day_after(member.left_on)
        if member.joined_on is not None:
            yield member.joined_on
