"""The household as policy counts it: one version of each statement, one sender for each stay, each month of a source once, items by policy's names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.held import Income, Register
from foothold_risk.rules.household import Household, fresh
from foothold_risk.rules.items import item_key
from foothold_risk.rules.policy import PolicyOfDay
from foothold_risk.rules.sources import Lapse, sources
from foothold_risk.rules.statements import latest_of_each, one_stay_each, struck


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts, in a household of the same shape, and the yearly sources that have lapsed. Reports stay as they came: people answer each."""

    household: Household
    lapses: tuple[Lapse, ...]


def counting(household: Household, register: Register, day: date, policy: PolicyOfDay) -> Counting:
    """What counts of the household's facts as of the day, in any order of arrival."""
    named, one_off = _by_their_names(household.incomes, policy), policy.one_off_items
    kept_out = [i for i in named if i.item in one_off]
    earned = sources([i for i in named if i.item not in one_off], register, policy.yearly_grace, month_of(day)) if named else None
    counted = fresh(
        household,
        incomes=() if earned is None else (*earned.incomes, *latest_of_each(kept_out)),
        claims=one_stay_each(latest_of_each(household.claims), policy.bills_precedence),
        spendings=latest_of_each(household.spendings),
        disasters=struck(household.disasters),
        checks=latest_of_each(household.checks),
        gradings=latest_of_each(household.gradings),
        assets=latest_of_each(household.assets),
    )
    return Counting(counted, () if earned is None else earned.lapses)


def _by_their_names(incomes: Sequence[Income], policy: PolicyOfDay) -> list[Income]:
    """One that policy does not name keeps what its sender called it."""
    if not incomes:
        return []
    names = policy.item_names()
    called = ((i, names.get(item_key(i.item), i.item)) for i in incomes)
    return [i if i.item == name else msgspec.structs.replace(i, item=name) for i, name in called]
