"""The second opinion's look ahead: what a household will have if all goes on as it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from foothold_schemas.facts.checks import SpendingReported
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import (
    IncomeCategory,
    IncomeReported,
    MedicalClaimSettled,
    MedicalPayments,
)
from foothold_schemas.facts.register import HouseholdRegistered
from tests.support.reference.arithmetic import (
    LINE,
    covered_months,
    day_paid,
    in_rolling_year,
    is_here,
    last_of,
    months_before,
    own,
    rounded,
    share_of,
    yuan,
)


def claims_income(
    incomes: Iterable[FactRecord], bills: Iterable[MedicalClaimSettled], today: date
) -> Fraction:
    """Payouts of the rolling year.

    What a payer of that name already stands on a bill for is the same money and not added again.
    """
    paid: dict[str, Fraction] = {}
    for record in incomes:
        fact = record.data
        assert isinstance(fact, IncomeReported)
        if (
            fact.category is IncomeCategory.CLAIMS
            and fact.item != "emergency_relief"
            and in_rolling_year(day_paid(record), today)
        ):
            paid[fact.item] = paid.get(fact.item, Fraction(0)) + yuan(fact.amount)
    total = Fraction(0)
    for item, amount in paid.items():
        on_bills = (
            sum((yuan(getattr(b.paid, item)) for b in bills), Fraction(0))
            if item in MedicalPayments.model_fields
            else Fraction(0)
        )
        total += amount - max(Fraction(0), min(amount, on_bills))
    return total


@dataclass(frozen=True)
class Life:
    """What the look ahead needs."""

    entry: HouseholdRegistered
    incomes: list[FactRecord]
    bills: list[MedicalClaimSettled]
    costs: list[SpendingReported]


def below_in(life: Life, today: date, months: int) -> bool:
    """Whether the household will be below the line in so many months if all goes on as it is."""
    this = (today.year, today.month)
    then = date(*last_of(_later(this, months)).timetuple()[:3])
    net = Fraction(0)
    sources: dict[tuple[str, ...], list[IncomeReported]] = {}
    for record in life.incomes:
        fact = record.data
        assert isinstance(fact, IncomeReported)
        if fact.category is not IncomeCategory.CLAIMS and fact.item != "emergency_relief":
            sources.setdefault(
                (fact.category, fact.item, str(fact.person_ref), str(fact.project)), []
            ).append(fact)
    by_id = {id(f.data): f.fact_id for f in life.incomes}
    for source in sources.values():
        end = max(source, key=lambda f: (str(f.earned_month), by_id[id(f)])).until_month
        brought = _by_month(source)
        for month in months_before(then, 12):
            came = brought.get(month, Fraction(0))
            net += (
                came
                if month < this or (month == this and came)
                else _to_come(life.entry, source[0], brought, month, this, end)
            )
    heads = sum(
        sum(
            1
            for m in life.entry.members
            if m.absence is None and m.is_registered and is_here(m, last_of(month))
        )
        for month in months_before(then, 12)
    )
    net_per_head = rounded(net, heads)
    if net_per_head is not None and net_per_head < LINE:
        return True
    spent_now = _own_in(life, this, today)
    recurring = sorted(_own_in(life, month, today) for month in months_before(today, 3))[1]
    to_come = max(Fraction(0), recurring - spent_now) + recurring * months
    still = [
        b
        for b in life.bills
        if in_rolling_year(b.settled_on, today) and in_rolling_year(b.settled_on, then)
    ]
    costs = [
        c
        for c in life.costs
        if c.category != "other"
        and in_rolling_year(c.spent_on, today)
        and in_rolling_year(c.spent_on, then)
    ]
    spent = sum((own(b) for b in still), Fraction(0)) + sum(
        (yuan(c.total) - yuan(c.covered) for c in costs), Fraction(0)
    )
    paid_out = claims_income(
        [f for f in life.incomes if in_rolling_year(day_paid(f), today)], still, then
    )
    reference = rounded(net + paid_out - spent - to_come, heads)
    return to_come > 0 and reference is not None and reference < LINE


def _by_month(source: list[IncomeReported]) -> Mapping[tuple[int, int], Fraction]:
    """What a source brought in each month."""
    brought: dict[tuple[int, int], Fraction] = {}
    for fact in source:
        for month in covered_months(fact):
            brought[month] = brought.get(month, Fraction(0)) + share_of(fact, [month])
    return brought


def _to_come(
    entry: HouseholdRegistered,
    first: IncomeReported,
    brought: Mapping[tuple[int, int], Fraction],
    month: tuple[int, int],
    this: tuple[int, int],
    end: str | None,
) -> Fraction:
    """What a source will bring in a month that is not over."""
    spans = [m for m in entry.members if m.person_ref == first.person_ref]
    if spans and not any(is_here(m, last_of(month)) for m in spans):
        return Fraction(0)
    if end is not None and month > (int(end[:4]), int(end[5:])):
        return Fraction(0)
    year_ago = brought.get((month[0] - 1, month[1]), Fraction(0))
    if first.category in (IncomeCategory.OPERATING, IncomeCategory.PROPERTY):
        return year_ago
    last_year = [brought.get(m, Fraction(0)) for m in months_before(date(*this, 1), 12)]
    usual = sorted(last_year[-3:])[1]
    if usual != 0:
        return usual
    return Fraction(0) if sum(b > 0 for b in last_year) > 6 else year_ago


def _own_in(life: Life, month: tuple[int, int], today: date) -> Fraction:
    """What the household paid itself in a calendar month, medical and the rest of what is rigid."""
    bills = sum(
        (
            own(b)
            for b in life.bills
            if (b.settled_on.year, b.settled_on.month) == month and b.settled_on <= today
        ),
        Fraction(0),
    )
    costs = [
        c
        for c in life.costs
        if c.category != "other"
        and (c.spent_on.year, c.spent_on.month) == month
        and c.spent_on <= today
    ]
    return bills + sum((yuan(c.total) - yuan(c.covered) for c in costs), Fraction(0))


def _later(month: tuple[int, int], months: int) -> tuple[int, int]:
    index = month[0] * 12 + month[1] - 1 + months
    return index // 12, index % 12 + 1
