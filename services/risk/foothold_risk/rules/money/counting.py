"""Turns a household into the household as policy counts it.

That has one version of each statement, one sender for each stay, each month of a source once, and
items by policy's names.
"""

from dataclasses import dataclass
from datetime import date

from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.household.facts import Income, Register
from foothold_risk.rules.household.household import Household, fresh
from foothold_risk.rules.household.sources import Lapse, sources
from foothold_risk.rules.household.statements import (
    called,
    latest_of_each,
    one_stay_each,
    struck,
    told_with_month,
)
from foothold_risk.rules.policy import PolicyOfDay


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts, in a household of the same shape, and the yearly sources that have lapsed.

    Reports stay as they came: people answer each.
    """

    household: Household
    lapses: tuple[Lapse, ...]


def counting(household: Household, register: Register, day: date, policy: PolicyOfDay) -> Counting:
    """What counts of the household's facts as of the day, in any order of arrival."""
    named = _named(household, policy) if household.incomes else []
    one_off = policy.one_off_items
    kept_out = [i for i in named if i.item in one_off]
    earned = (
        sources(
            [i for i in named if i.item not in one_off],
            register,
            policy.yearly_grace,
            month_of(day),
        )
        if named
        else None
    )
    counted = fresh(
        household,
        incomes=() if earned is None else (*earned.incomes, *kept_out),
        claims=one_stay_each(latest_of_each(household.claims), policy.bills_precedence),
        spendings=latest_of_each(household.spendings),
        disasters=struck(household.disasters),
        checks=latest_of_each(household.checks),
        gradings=latest_of_each(household.gradings),
        assets=latest_of_each(household.assets),
    )
    return Counting(counted, () if earned is None else earned.lapses)


def _named(household: Household, policy: PolicyOfDay) -> list[Income]:
    """The incomes that count, under policy's names of their items."""
    named = latest_of_each(called(household.incomes, policy.item_names()))
    repeats = {other.fact_id for _, other in told_with_month(named)}
    return [i for i in named if i.fact_id not in repeats]
