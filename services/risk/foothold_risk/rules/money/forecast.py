"""Ahead of the fact: what the figures will be at the end of a coming month if all goes on as it is.

Plain arithmetic, no model.

Every source of income is looked at by itself, within the coming window of twelve whole months:

| source | a month still to come brings |
|---|---|
| wage or transfer paid lately | the middle one of the last three whole months |
| wage or transfer of most of the last twelve months that came no more | nothing: it stopped |
| any other: harvests, rent, yearly subsidies | what the same month brought a year earlier |
| support whose end is known | nothing after its last month |
| somebody who has left by then | nothing |

The middle one of three is not changed by a moved pay-day or one odd month.

Treatment that recurs (own shares in at least two of the last three whole months) goes on at the
middle of the three. Single bills leave the rolling year as they would. Payouts are not foreseen.
The line is the open day's.

Below the line is a household whose net income per head will be, or whose reference income per head
will be because of treatment still to come: bills already paid are judged by the findings of today,
not foretold once more.

The result changes with the facts and with the month, never from one day of a month to the next.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from foothold_risk.rules.calendar import WINDOW_MONTHS, last_day, month_of, rolling_first
from foothold_risk.rules.household.facts import Income
from foothold_risk.rules.household.sources import may_earn
from foothold_risk.rules.money.figures import HouseholdOnDay, claims_income_of, payouts, per_head
from foothold_schemas.facts.facts import IncomeCategory
from foothold_schemas.messages.explanation import ForecastCause

LATELY: Final = 3
_REGULAR: Final = frozenset({IncomeCategory.WAGE, IncomeCategory.TRANSFER})


@dataclass(frozen=True, slots=True)
class Fall:
    """By how much one source lowers the coming window against today's, in fen, and why.

    `item` names the source.
    """

    cause: ForecastCause
    item: str
    amount: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """The figures of one coming month's last day, in fen.

    `known`: what the window's months that are over brought; `expected`: what the running month and
    the coming ones bring, by the reported amount where there is one; `treatment`: own shares of
    recurring treatment still to come.
    """

    day: date
    months_ahead: int
    known: int
    expected: int
    treatment: int
    reference: int
    head_months: int
    is_below: bool
    falls: tuple[Fall, ...]

    @property
    def net(self) -> int:
        """Net income of the coming window."""
        return self.known + self.expected

    @property
    def net_per_head(self) -> int | None:
        """By the coming window's own head counts."""
        return per_head(self.net, self.head_months)

    @property
    def reference_per_head(self) -> int | None:
        """The same for the reference income."""
        return per_head(self.reference, self.head_months)


@dataclass(frozen=True, slots=True)
class _Source:
    """One source of income, past and coming.

    It has what the window's twelve months brought, what the coming ones will, and why one of these
    brings less than it used to.
    """

    item: str
    past: list[int]
    coming: list[int]
    causes: list[ForecastCause | None]


def middle(amounts: Sequence[int]) -> int:
    """The middle one of an odd number of amounts."""
    return sorted(amounts)[len(amounts) // 2]


def look_ahead(view: HouseholdOnDay) -> tuple[Outlook, ...]:
    """One outlook for each of the policy's months ahead.

    None while income is unheard, for unknown can be projected as little as judged.

    Costs more than a whole assessment, so it is made only where somebody reads it or where it
    decides.
    """
    ahead, line = view.policy.forecast_months, view.line
    if ahead is None or line is None or view.net is None or view.head_months == 0:
        return ()
    running = month_of(view.day)
    sources = [
        _source(view, incomes, range(running, running + ahead.value[-1]))
        for incomes in _grouped(view)
    ]
    treatment = middle([_own_in(view, month) for month in range(running - LATELY, running)])
    return tuple(_outlook(view, months, line, sources, treatment) for months in ahead.value)


def _outlook(
    view: HouseholdOnDay, ahead: int, line: int, sources: Sequence[_Source], recurring: int
) -> Outlook:
    running = month_of(view.day)
    day = last_day(running + ahead)
    known = expected = 0
    falls: list[Fall] = []
    for source in sources:
        so_far, to_come = sum(source.past[ahead:]), sum(source.coming[:ahead])
        known, expected = known + so_far, expected + to_come
        cause = next((c for c in source.causes[:ahead] if c is not None), None)
        if (less := sum(source.past) - so_far - to_come) > 0 and cause is not None:
            falls.append(Fall(cause, source.item, less))
    first = rolling_first(day)
    spent = sum(c.own_share for c in view.claims if first <= c.day) + sum(
        s.own_share for s in view.spendings if first <= s.day
    )
    treatment = recurring and max(0, recurring - _own_in(view, running)) + recurring * ahead
    reference = known + expected + _payouts(view, first) - spent - treatment
    if (more := spent + treatment - view.own_shares) > 0:
        falls.append(Fall(ForecastCause.TREATMENT, "treatment", more))
    heads = sum(
        view.register.month_ends(
            range(running + ahead - WINDOW_MONTHS, running + ahead), sharing=view.policy.is_sharing
        )
    )
    deciding = (
        per_head(known + expected, heads),
        per_head(reference, heads) if treatment else None,
    )
    is_below = any(income is not None and income < line for income in deciding)
    return Outlook(
        day,
        ahead,
        known,
        expected,
        treatment,
        reference,
        heads,
        is_below,
        tuple(sorted(falls, key=lambda f: (-f.amount, f.cause, f.item))),
    )


def _grouped(view: HouseholdOnDay) -> Iterable[list[Income]]:
    """The incomes of each source: one category, item, person and project.

    Payouts and what policy keeps out of net are none.
    """
    grouped: defaultdict[tuple[IncomeCategory, str, str | None, str | None], list[Income]] = (
        defaultdict(list)
    )
    for income in view.household.incomes:
        if (
            income.category is not IncomeCategory.CLAIMS
            and income.item not in view.policy.one_off_items
        ):
            grouped[income.category, income.item, income.person_ref, income.project].append(income)
    return grouped.values()


def _source(view: HouseholdOnDay, incomes: Sequence[Income], coming: range) -> _Source:
    """What each coming month will bring, by the table above.

    What the running month has brought already stands.
    """
    running, brought = coming.start, _by_month(incomes, coming.start)
    past = [brought.get(m, 0) for m in range(running - WINDOW_MONTHS, running)]
    latest = max(incomes, key=lambda i: (i.latest_month, i.fact_id))
    is_regular = latest.category in _REGULAR
    lately = middle(past[-LATELY:]) if is_regular else 0
    has_stopped = (
        is_regular and not lately and sum(amount > 0 for amount in past) * 2 > WINDOW_MONTHS
    )
    amounts: list[int] = []
    causes: list[ForecastCause | None] = []
    for month in coming:
        cause: ForecastCause | None = None
        if not may_earn(view.register, latest.person_ref, month):
            amount, cause = 0, ForecastCause.EARNER_LEAVES
        elif latest.until_month is not None and month > latest.until_month:
            amount, cause = 0, ForecastCause.SUPPORT_ENDS
        elif lately:
            amount = lately
        elif has_stopped:
            amount, cause = (
                0,
                (
                    ForecastCause.WAGE_STOPPED
                    if latest.category is IncomeCategory.WAGE
                    else ForecastCause.SUPPORT_ENDS
                ),
            )
        else:
            amount, cause = past[month - running], ForecastCause.SEASON
        amounts.append(brought.get(running, 0) or amount if month == running else amount)
        causes.append(cause)
    return _Source(latest.item, past, amounts, causes)


def _by_month(incomes: Sequence[Income], running: int) -> Mapping[int, int]:
    """What the window's months and the running one brought."""
    by_month: defaultdict[int, int] = defaultdict(int)
    for income in incomes:
        if income.months == 1:  # most incomes; the general way below gives the same, slower
            by_month[income.last_month] += income.amount - income.expense
            continue
        for month in income.counted_months(range(running - WINDOW_MONTHS, running + 1)):
            by_month[month] += income.within(range(month, month + 1))
    return by_month


def _payouts(view: HouseholdOnDay, first: date) -> int:
    """Claims income that will still count then."""
    return claims_income_of(
        payouts(view.household, view.policy, first, view.day),
        tuple(c for c in view.claims if first <= c.day),
    )


def _own_in(view: HouseholdOnDay, month: int) -> int:
    """Own shares of medical bills and rigid spending in a month, up to the open day."""
    bills = sum(c.own_share for c in view.claims if month_of(c.day) == month)
    return bills + sum(s.own_share for s in view.spendings if month_of(s.day) == month)
