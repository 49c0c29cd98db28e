"""The second opinion's arithmetic.

It has exact fractions of the currency, months as (year, month), and days one by one.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, timedelta
from fractions import Fraction
from functools import cache

from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import IncomeReported, MedicalClaimSettled
from foothold_schemas.facts.register import Member

LINE = Fraction(7300)


@cache
def yuan(amount: int) -> Fraction:
    """An amount in units of the currency."""
    return Fraction(int(amount), 100)


def own(bill: MedicalClaimSettled) -> Fraction:
    """What nobody else paid."""
    p = bill.paid
    layers = (
        p.basic_insurance,
        p.critical_illness,
        p.hospital_reduction,
        p.medical_assistance,
        p.anti_poverty_insurance,
        p.city_supplement,
        p.other,
    )
    return yuan(bill.total) - sum((yuan(layer) for layer in layers), Fraction(0))


def rounded(total: Fraction | None, heads: int) -> Fraction | None:
    """Per head and year, to the fen, a half away from zero."""
    if total is None or heads == 0:
        return None
    exact = abs(total) * 12 / heads * 100
    whole = exact.numerator // exact.denominator
    fen = whole + 1 if exact - whole >= Fraction(1, 2) else whole
    return Fraction(fen if total >= 0 else -fen, 100)


@cache
def months_before(day: date, count: int) -> list[tuple[int, int]]:
    """So many calendar months before the day's own, the earliest first."""
    months = []
    year, month = day.year, day.month
    for _ in range(count):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        months.append((year, month))
    return months[::-1]


def last_of(month: tuple[int, int]) -> date:
    """The month's last day."""
    year, number = month
    return date(year + (number == 12), number % 12 + 1, 1) - timedelta(days=1)


def is_here(member: Member, day: date) -> bool:
    """Whether the member belongs to the household at the end of the day."""
    if (
        member.joined_on is None
        and member.birth_month is not None
        and (day.year, day.month) < (int(member.birth_month[:4]), int(member.birth_month[5:]))
    ):
        return False
    return not (member.joined_on is not None and member.joined_on > day) and not (
        member.left_on is not None and member.left_on < day
    )


def in_rolling_year(day: date, today: date) -> bool:
    """After the same date last year, up to today.

    The year before 29 February begins after 28 February.
    """
    try:
        year_ago = today.replace(year=today.year - 1)
    except ValueError:
        year_ago = date(today.year - 1, 2, 28)
    return year_ago < day <= today


@cache
def part_of(amount: int, months: int, of: int) -> int:
    """Return how much of an amount has been given after some of its months.

    It is in whole fen, never ahead of its share.
    """
    share = Fraction(int(amount) * months, of)
    return share.numerator // share.denominator


def share_of(fact: IncomeReported, months: Iterable[tuple[int, int]]) -> Fraction:
    """What of an income falls into the months, after expense."""
    shares = _shares(
        int(fact.amount),
        int(fact.operating_expense),
        str(fact.earned_month),
        is_yearly=fact.is_yearly,
    )
    return sum((shares[month] for month in months if month in shares), Fraction(0))


@cache
def _shares(
    amount: int, expense: int, earned: str, *, is_yearly: bool
) -> Mapping[tuple[int, int], Fraction]:
    """What falls into each month, after expense. The same is asked many times."""
    shares, covered = {}, _covered(earned, is_yearly=is_yearly)
    for n, month in enumerate(covered, start=1):
        came = part_of(amount, n, len(covered)) - part_of(amount, n - 1, len(covered))
        spent = part_of(expense, n, len(covered)) - part_of(expense, n - 1, len(covered))
        shares[month] = Fraction(came - spent, 100)
    return shares


def covered_months(fact: IncomeReported) -> list[tuple[int, int]]:
    """The months an income is for."""
    assert fact.earned_month is not None
    return _covered(fact.earned_month, is_yearly=fact.is_yearly)


@cache
def _covered(earned: str, *, is_yearly: bool) -> list[tuple[int, int]]:
    last = (int(earned[:4]), int(earned[5:]))
    return [*months_before(date(*last, 1), 11), last] if is_yearly else [last]


def day_in_china(record: FactRecord) -> date:
    """The day it happened, eight hours ahead of Greenwich."""
    return (record.time.astimezone(UTC) + timedelta(hours=8)).date()


def day_paid(record: FactRecord) -> date:
    """Return the day a payout belongs to.

    Of the days of the months it was earned for, it is the one closest to when it happened.
    """
    happened, fact = day_in_china(record), record.data
    assert isinstance(fact, IncomeReported)
    if fact.earned_month is None:
        return happened
    months = covered_months(fact)
    if happened < date(*months[0], 1):
        return date(*months[0], 1)
    return min(happened, last_of(months[-1]))
