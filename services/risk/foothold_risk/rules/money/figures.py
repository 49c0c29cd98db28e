"""A household's money as of the open day, exact to the fen, and which of it is unknown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from foothold_risk.rules.calendar import income_months, rolling_first
from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.context.heard import Heard, unheard_months
from foothold_risk.rules.context.incidents import Incident, standing_over
from foothold_risk.rules.context.silence import Silence, silent
from foothold_risk.rules.household.facts import Claim, Disaster, Income, Register, Spending
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.household.sources import Lapse, Share
from foothold_risk.rules.money.counting import counting
from foothold_risk.rules.policy import PolicyOfDay
from foothold_schemas.facts.checks import SpendingCategory
from foothold_schemas.facts.facts import IncomeCategory, MedicalPayments


@dataclass(frozen=True, slots=True)
class HouseholdOnDay:
    """The view of a household that every rule looks at.

    It has the household as policy counts it, the policy of the day, and the figures. Money is in
    fen; None is unknown.

    `carried`: months of the window whose yearly income is the year before's, by the month;
    `lapses`: yearly sources that are unknown.
    `as_told`: the household with all its facts, also those that do not count.
    """

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
    spendings: tuple[Spending, ...]
    disasters: tuple[Disaster, ...]
    heard: Heard
    is_withheld: bool = False
    silent: tuple[Silence, ...] = ()
    struck: tuple[tuple[str, Incident], ...] = ()
    lapses: tuple[Lapse, ...] = ()
    carried: tuple[int, ...] = ()
    as_told: Household | None = None

    @property
    def line(self) -> int | None:
        """The monitoring line per head and year."""
        return None if self.policy.monitoring_line is None else self.policy.monitoring_line.value


RIGID = frozenset(
    {SpendingCategory.EDUCATION, SpendingCategory.REHABILITATION, SpendingCategory.ACCIDENT}
)
"""What counts as rigid spending beside medical bills."""


LAYERS = {name: index for index, name in enumerate(MedicalPayments.model_fields)}
"""The layers that pay on a bill, in their order; a payout reported as income under such a name may
be the same money."""


def look(household: Household, register: Register, context: DayContext) -> HouseholdOnDay:
    """Compute the figures.

    Both windows of policy: twelve whole months for income, the rolling year for spending and claims
    income.

    net       = wage + operating + property + transfer - operating expense
    reference = net + claims income - own shares (medical + education + rehabilitation + accident)
    per head  = total x 12 / sum of the twelve month-end head counts, rounded once
    """
    day, policy = context.day, context.policy
    months = income_months(day)
    first = rolling_first(day)
    counted_in = counting(household, register, day, policy)
    as_told, household = household, counted_in.household
    unheard = unheard_months(household, months, policy.feeds, context.heard, counted_in.lapses)
    one_off = policy.one_off_items
    counted = [i for i in household.incomes if i.item not in one_off]
    earned = sum(i.within(months) for i in counted if i.category is not IncomeCategory.CLAIMS)
    claims = tuple(c for c in household.claims if first <= c.day <= day)
    claims_income = claims_income_of(payouts(household, policy, first, day), claims)
    spendings = tuple(
        s for s in household.spendings if s.category in RIGID and first <= s.day <= day
    )
    own_shares = sum(c.own_share for c in claims) + sum(s.own_share for s in spendings)
    heads = sum(register.month_ends(months, sharing=policy.is_sharing))
    net = None if unheard else earned
    reference = None if net is None else net + claims_income - own_shares
    return HouseholdOnDay(
        household=household,
        register=register,
        day=day,
        policy=policy,
        net=net,
        reference=reference,
        net_per_head=per_head(net, heads),
        reference_per_head=per_head(reference, heads),
        claims_income=claims_income,
        own_shares=own_shares,
        head_months=heads,
        unheard=unheard,
        claims=claims,
        spendings=spendings,
        disasters=tuple(d for d in household.disasters if first <= d.day <= day),
        heard=context.heard,
        silent=silent(context.spoke, register.area, day, policy),
        struck=standing_over(context.incidents, register.area, day),
        lapses=counted_in.lapses,
        as_told=as_told,
        carried=_carried(household, months),
    )


def _carried(household: Household, months: range) -> tuple[int, ...]:
    shares = (i for i in household.incomes if isinstance(i, Share) and i.is_carried)
    return tuple(sorted({month for share in shares for month in share.counted_months(months)}))


def payouts(household: Household, policy: PolicyOfDay, first: date, last: date) -> list[Income]:
    """What insurers paid into the household's hands between two days, both included.

    An item kept out of net is kept out here as well.
    """
    return [
        i
        for i in household.incomes
        if i.category is IncomeCategory.CLAIMS
        and i.item not in policy.one_off_items
        and first <= i.paid_on <= last
    ]


def claims_income_of(paid: list[Income], claims: tuple[Claim, ...]) -> int:
    """Insurance paid out.

    A payout is counted once: what a layer of the bills already paid is taken off payouts named
    after that layer.
    """
    if not paid:
        return 0
    total = 0
    for item in {i.item for i in paid}:
        paid_out = sum(i.amount for i in paid if i.item == item)
        on_bills = sum(c.paid_by(LAYERS[item]) for c in claims) if item in LAYERS else 0
        total += paid_out - max(0, min(paid_out, on_bills))
    return total


def withheld(
    household: Household, register: Register, day: date, policy: PolicyOfDay
) -> HouseholdOnDay:
    """The view of a household whose data may not be compared: nothing is computed."""
    return HouseholdOnDay(
        household=household,
        register=register,
        day=day,
        policy=policy,
        net=None,
        reference=None,
        net_per_head=None,
        reference_per_head=None,
        claims_income=0,
        own_shares=0,
        head_months=0,
        unheard=(),
        claims=(),
        spendings=(),
        disasters=(),
        heard={},
        is_withheld=True,
    )


def net_within(view: HouseholdOnDay, months: range) -> int | None:
    """Net income over a stretch of whole months; None while one of them is unheard."""
    if unheard_months(view.household, months, view.policy.feeds, view.heard, view.lapses):
        return None
    one_off = view.policy.one_off_items
    return sum(
        i.within(months)
        for i in view.household.incomes
        if i.category is not IncomeCategory.CLAIMS and i.item not in one_off
    )


def earning(view: HouseholdOnDay, months: range) -> tuple[Income, ...]:
    """The incomes that net income of these months is made of, the latest first."""
    one_off = view.policy.one_off_items
    counted = (
        i
        for i in view.household.incomes
        if i.category is not IncomeCategory.CLAIMS and i.item not in one_off
    )
    return tuple(
        sorted(
            (i for i in counted if i.counted_months(months)),
            key=lambda i: (-i.last_month, i.fact_id),
        )
    )


def unknown_items(view: HouseholdOnDay) -> tuple[str, ...]:
    """Items of the household's incomes that policy does not name: they count."""
    items = {i.item for i in view.household.incomes}
    return tuple(sorted(item for item in items if not view.policy.is_known_item(item)))


def resting_on(incomes: Iterable[Income]) -> tuple[Income, ...]:
    """Return each fact once.

    What is carried from a yearly income is the same fact, and its own months say more.
    """
    once: dict[bytes, Income] = {}
    for income in incomes:
        if income.fact_id not in once or not (isinstance(income, Share) and income.is_carried):
            once[income.fact_id] = income
    return tuple(once.values())


def per_head(total: int | None, head_months: int) -> int | None:
    """Total x 12 / head months in fen, rounded once, half away from zero.

    None when unknown or nobody was counted.
    """
    if total is None or head_months == 0:
        return None
    whole, rest = divmod(abs(total) * 12, head_months)
    rounded = whole + (2 * rest >= head_months)
    return rounded if total >= 0 else -rounded
