"""Ahead of the fact: what the figures will be at the end of a coming month if all goes on as it is. Plain arithmetic, no model.

Every source of income is looked at by itself, within the coming window of twelve whole months:

| source | a month still to come brings |
|---|---|
| wage or transfer paid lately | the middle one of the last three whole months, so that a moved pay-day or one odd month changes nothing |
| wage or transfer that came in most of the last twelve months and came no more | nothing: it stopped |
| any other: harvests, rent, yearly subsidies | what the same month brought a year earlier |
| support whose end is known | nothing after its last month |
| somebody who has left by then | nothing |

Treatment that recurs (own shares in at least two of the last three whole months) goes on at the middle of the three. Single bills leave the
rolling year as they would. Payouts are not foreseen. The line is the open day's.

Below the line is a household whose net income per head will be, or whose reference income per head will be because of treatment still to come:
bills already paid are judged by the findings of today, not foretold once more.

The result changes with the facts and with the month, never from one day of a month to the next.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from foothold_risk.rules.calendar import WINDOW_MONTHS, last_day, month_of, rolling_first
from foothold_risk.rules.figures import RIGID, View, claims_income_of, per_head
from foothold_risk.rules.held import Income
from foothold_schemas.explanation import ForecastCause
from foothold_schemas.facts import IncomeCategory

LATELY: Final = 3
_REGULAR: Final = frozenset({IncomeCategory.WAGE, IncomeCategory.TRANSFER})


@dataclass(frozen=True, slots=True)
class Fall:
    """By how much one source lowers the coming window against today's, in fen, and why. `item` names the source."""

    cause: ForecastCause
    item: str
    amount: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """The figures of one coming month's last day, in fen.

    `known`: what the window's months that are over brought; `expected`: what the running month and the coming ones bring, by the reported
    amount where there is one; `treatment`: own shares of recurring treatment still to come.
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
    """One source of income: what each whole month of the last two years brought, and when it ends."""

    category: IncomeCategory
    item: str
    person_ref: str | None
    by_month: Mapping[int, int]
    until_month: int | None

    def comes_to(self, month: int, running: int) -> tuple[int, ForecastCause | None]:
        """What it will bring in a month, and why that is not what it used to be."""
        if self.until_month is not None and month > self.until_month:
            return 0, ForecastCause.SUPPORT_ENDS
        a_year_ago = self.by_month.get(month - WINDOW_MONTHS, 0)
        if self.category not in _REGULAR:
            return a_year_ago, ForecastCause.SEASON
        if lately := middle([self.by_month.get(m, 0) for m in range(running - LATELY, running)]):
            return lately, None
        if sum(self.by_month.get(m, 0) > 0 for m in range(running - WINDOW_MONTHS, running)) * 2 > WINDOW_MONTHS:
            return 0, ForecastCause.WAGE_STOPPED if self.category is IncomeCategory.WAGE else ForecastCause.SUPPORT_ENDS
        return a_year_ago, ForecastCause.SEASON


def middle(amounts: Sequence[int]) -> int:
    """The middle one of an odd number of amounts."""
    return sorted(amounts)[len(amounts) // 2]


def look_ahead(view: View) -> tuple[Outlook, ...]:
    """One outlook for each of the policy's months ahead; none while income is unheard, for unknown can be projected as little as judged.

    Costs more than a whole assessment, so it is made only where somebody reads it or where it decides.
    """
    ahead, line = view.policy.forecast_months, view.line
    if ahead is None or line is None or view.net is None or view.head_months == 0:
        return ()
    running = month_of(view.day)
    sources = tuple(_sources(view, running))
    treatment = middle([own for _, own in _own_by_month(view, range(running - LATELY, running))])
    return tuple(_outlook(view, running, months, line, sources, treatment) for months in ahead.value)


def _outlook(view: View, running: int, ahead: int, line: int, sources: Sequence[_Source], recurring: int) -> Outlook:
    day = last_day(running + ahead)
    window, now = range(running + ahead - WINDOW_MONTHS, running + ahead), range(running - WINDOW_MONTHS, running)
    known = expected = 0
    falls: list[Fall] = []
    for source in sources:
        so_far, to_come, cause = _brings(source, window, running, view)
        known, expected = known + so_far, expected + to_come
        if (less := sum(source.by_month.get(m, 0) for m in now) - so_far - to_come) > 0 and cause is not None:
            falls.append(Fall(cause, source.item, less))
    first = rolling_first(day)
    spent = sum(c.own_share for c in view.claims if first <= c.day) + sum(s.own_share for s in view.spendings if first <= s.day)
    this_month = sum(own for _, own in _own_by_month(view, range(running, running + 1)))
    treatment = max(0, recurring - this_month) + recurring * ahead
    reference = known + expected + _payouts(view, first) - spent - treatment
    if (more := spent + treatment - view.own_shares) > 0:
        falls.append(Fall(ForecastCause.TREATMENT, "treatment", more))
    heads = sum(view.register.month_ends(window, sharing=view.policy.is_sharing))
    deciding = (per_head(known + expected, heads), per_head(reference, heads) if treatment else None)
    is_below = any(one is not None and one < line for one in deciding)
    return Outlook(day, ahead, known, expected, treatment, reference, heads, is_below, tuple(sorted(falls, key=lambda f: (-f.amount, f.cause, f.item))))


def _brings(source: _Source, window: range, running: int, view: View) -> tuple[int, int, ForecastCause | None]:
    """What is known of it in the window, what is still to come, and the first reason why a month will bring less than it used to."""
    so_far = sum(source.by_month.get(m, 0) for m in window if m < running)
    to_come, why = 0, None
    for month in range(running, window.stop):
        amount, cause = source.comes_to(month, running)
        if source.person_ref is not None and not _is_here(view, source.person_ref, month):
            amount, cause = 0, ForecastCause.EARNER_LEAVES
        reported = source.by_month.get(month, 0)
        to_come += reported if month == running and reported else amount
        why = why or cause
    return so_far, to_come, why


def _payouts(view: View, first: date) -> int:
    """Claims income that will still count then. An item kept out of net is kept out here as well."""
    if not view.claims_income:
        return 0
    counted = [i for i in view.household.incomes if i.category is IncomeCategory.CLAIMS and i.item not in view.policy.one_off_items]
    return claims_income_of([i for i in counted if first <= i.day <= view.day], tuple(c for c in view.claims if first <= c.day))


def _is_here(view: View, person: str, month: int) -> bool:
    """Whether they still belong to the household then. Somebody the register does not name is not known to leave."""
    spans = [m for m in view.register.members if m.person_ref == person]
    return not spans or any(m.is_here(last_day(month)) for m in spans)


def _sources(view: View, running: int) -> Iterator[_Source]:
    grouped: defaultdict[tuple[IncomeCategory, str, str | None, str | None], list[Income]] = defaultdict(list)
    for income in view.household.incomes:
        if income.category is not IncomeCategory.CLAIMS and income.item not in view.policy.one_off_items:
            grouped[income.category, income.item, income.person_ref, income.project].append(income)
    for (category, item, person, _), incomes in grouped.items():
        by_month: defaultdict[int, int] = defaultdict(int)
        for income in incomes:
            if income.months == 1:  # most incomes; the general way below gives the same, slower
                by_month[income.last_month] += income.amount - income.expense
                continue
            for month in range(max(income.first_month, running - 2 * WINDOW_MONTHS), min(income.last_month, running) + 1):
                by_month[month] += income.within(range(month, month + 1))
        last = max(incomes, key=lambda i: (i.last_month, i.fact_id))
        yield _Source(category, item, person, by_month, last.until_month)


def _own_by_month(view: View, months: range) -> Iterator[tuple[int, int]]:
    """Own shares of medical bills and rigid spending in each of the months."""
    for month in months:
        bills = sum(c.own_share for c in view.household.claims if month_of(c.day) == month and c.day <= view.day)
        costs = sum(s.own_share for s in view.household.spendings if s.category in RIGID and month_of(s.day) == month and s.day <= view.day)
        yield month, bills + costs
