"""Which facts are too old to count. A statement is as old as its youngest version: else one that was replaced would count again when the later one goes.

The last yearly statements of a source stay however old they are: without them its months would be zero, and they are unknown.

A statement whose name is without a day may be corrected to a day of long ago, and what it corrects may come after it: so it also stays for as long as
what was said before it could still come. It was said before, so of no later day than that.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, TypeVar, assert_never

from foothold_risk.rules.calendar import KEPT_MONTHS, day_of_microseconds, month_of
from foothold_risk.rules.held import (
    AssetCheck,
    Authorisation,
    Check,
    Claim,
    Disaster,
    Grading,
    HeldFact,
    Income,
    Measure,
    Register,
    Report,
    Spending,
    Ticket,
)
from foothold_risk.rules.statements import UNNAMED, Name, Names, called, latest_of_each, name_of, source_of
from foothold_schemas.facts import IncomeCategory

T = TypeVar("T", Income, Claim, Spending, Disaster)


def young(facts: tuple[T, ...], open_day: date, names: Names = UNNAMED) -> tuple[T, ...]:
    """Without the statements of which no version is young enough, but with the yearly incomes that are their source's last."""
    if not any(is_too_old(f, open_day) for f in facts):  # most months of most households
        return facts
    statements = _called(facts, names)
    needed = _needed(statements, open_day)
    return tuple(f for f, stated in zip(facts, statements, strict=True) if name_of(stated) in needed or may_correct(f, open_day))


def is_still_needed(told: Sequence[Any], fact: HeldFact, open_day: date, names: Names = UNNAMED) -> bool:
    """Whether a fact that is too old by its own day is a version of one that is not, or the last its yearly source has said."""
    if not isinstance(fact, Income | Claim | Spending):
        return False
    statements = _called((*told, fact), names)
    return name_of(statements[-1]) in _needed(statements, open_day)


def may_correct(fact: HeldFact, open_day: date) -> bool:
    """Whether what this fact of long ago corrects may still come.

    It may where it was said lately, under a name without a day.
    """
    if not isinstance(fact, Claim) and not (isinstance(fact, Income | Spending) and fact.name):
        return False
    return month_of(day_of_microseconds(fact.version.time_us)) >= month_of(open_day) - KEPT_MONTHS


def _called(facts: Sequence[Any], names: Names) -> Sequence[Any]:
    return called(facts, names) if facts and isinstance(facts[0], Income) else facts


def _needed(statements: Sequence[Any], open_day: date) -> set[Name]:
    return {name_of(f) for f in statements if not is_too_old(f, open_day)} | {name_of(i) for i in _last_yearly(statements)}


def _last_yearly(facts: Sequence[HeldFact]) -> Iterator[Income]:
    """Of each source that is yearly, the statements that end last. Payouts are no source of the year."""
    by_source: dict[Name, list[Income]] = {}
    for income in latest_of_each([f for f in facts if isinstance(f, Income)]):
        if income.category is not IncomeCategory.CLAIMS:
            by_source.setdefault(source_of(income), []).append(income)
    for said in by_source.values():
        last = max(i.last_month for i in said)
        yield from (i for i in said if i.months > 1 and i.last_month == last)


def is_too_old(fact: HeldFact, open_day: date) -> bool:
    """Whether it lies more than 25 months back."""
    match fact:
        case Income():
            month = fact.last_month
        case Claim() | Spending() | Disaster() | Check() | Grading() | AssetCheck() | Report() | Authorisation() | Register():
            month = month_of(fact.day)
        case Measure() | Ticket():
            return False  # help stays true for as long as the spell lasts; a doubt until it ends
        case _:
            assert_never(fact)
    return month < month_of(open_day) - KEPT_MONTHS
