"""A household's money as of the open day, exact to the fen, and which of it is unknown."""

from dataclasses import dataclass
from datetime import date

from foothold_risk.rules.calendar import income_months, last_day, rolling_first
from foothold_risk.rules.heard import Heard, unheard_months
from foothold_risk.rules.household import Claim, Disaster, Household, Register
from foothold_risk.rules.policy import Policy, PolicyOfDay
from foothold_schemas.facts import IncomeCategory


@dataclass(frozen=True, slots=True)
class View:
    """What every rule looks at: the household, the policy of the day, and the figures. Money is in fen; None is unknown."""

    household: Household
    register: Register
    day: date
    policy: PolicyOfDay
    net: int | None
    reference: int | None
    net_per_head: int | None
    reference_per_head: int | None
    claims_income: int
    own_shares: int
    head_months: int
    unheard: tuple[int, ...]
    claims: tuple[Claim, ...]
    disasters: tuple[Disaster, ...]

    @property
    def line(self) -> int | None:
        """The monitoring line per head and year."""
        return None if self.policy.monitoring_line is None else self.policy.monitoring_line.value


def look(household: Household, register: Register, day: date, policy: Policy, heard: Heard) -> View:
    """Compute the figures. Both windows of policy: twelve whole months for income, the rolling year for spending and claims income.

    net       = wage + operating + property + transfer - operating expense
    reference = net + claims income - own shares
    per head  = total x 12 / sum of the twelve month-end head counts, rounded once
    """
    months = income_months(day)
    first = rolling_first(day)
    unheard = unheard_months(household, months, policy.income_feeds, heard)
    counted = [i for i in household.incomes if i.item not in policy.one_off_items]
    earned = sum(i.within(months) for i in counted if i.category is not IncomeCategory.CLAIMS)
    claims_income = sum(i.amount for i in counted if i.category is IncomeCategory.CLAIMS and first <= i.day <= day)
    claims = tuple(c for c in household.claims if first <= c.day <= day)
    own_shares = sum(c.own_share for c in claims)
    heads = sum(register.heads(last_day(m)) for m in months)
    net = None if unheard else earned
    reference = None if net is None else net + claims_income - own_shares
    return View(
        household=household,
        register=register,
        day=day,
        policy=policy.on(day),
        net=net,
        reference=reference,
        net_per_head=per_head(net, heads),
        reference_per_head=per_head(reference, heads),
        claims_income=claims_income,
        own_shares=own_shares,
        head_months=heads,
        unheard=unheard,
        claims=claims,
        disasters=tuple(d for d in household.disasters if first <= d.day <= day),
    )


def per_head(total: int | None, head_months: int) -> int | None:
    """Total x 12 / head months in fen, rounded once, half away from zero; None when unknown or nobody was counted."""
    if total is None or head_months == 0:
        return None
    whole, rest = divmod(abs(total) * 12, head_months)
    rounded = whole + (2 * rest >= head_months)
    return rounded if total >= 0 else -rounded
