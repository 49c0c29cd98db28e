"""A household's money month by month: the twelve of the income window, then the running one."""

from dataclasses import dataclass

from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.money.figures import RIGID, HouseholdOnDay
from foothold_schemas.facts.facts import IncomeCategory


@dataclass(frozen=True, slots=True)
class MonthMoney:
    """Fen; `net` None while a required feed has not spoken for the month.

    `is_carried`: a yearly income in it is the year before's.
    """

    month: int
    net: int | None
    own_shares: int
    is_running: bool
    is_carried: bool = False


def by_month(view: HouseholdOnDay) -> tuple[MonthMoney, ...]:
    """Adds up to the view's net income and, over the same months, to its own shares."""
    running = month_of(view.day)
    months = range(running - 12, running + 1)
    net, own = dict.fromkeys(months, 0), dict.fromkeys(months, 0)
    for income in view.household.incomes:
        if income.item in view.policy.one_off_items or income.category is IncomeCategory.CLAIMS:
            continue
        for month in income.counted_months(months):
            net[month] += income.within(range(month, month + 1))
    for claim in view.household.claims:
        if (month := month_of(claim.day)) in own and claim.day <= view.day:
            own[month] += claim.own_share
    for spending in view.household.spendings:
        if (
            spending.category in RIGID
            and (month := month_of(spending.day)) in own
            and spending.day <= view.day
        ):
            own[month] += spending.own_share
    return tuple(
        MonthMoney(
            m, None if m in view.unheard else net[m], own[m], m == running, m in view.carried
        )
        for m in months
    )
