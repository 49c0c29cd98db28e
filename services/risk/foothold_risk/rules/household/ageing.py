"""Which facts are too old to count.

A statement is as old as its youngest version: else one that was replaced would count again when the
later one goes.

The last yearly statements of a source stay however old they are: without them its months would be
zero, and they are unknown. So do the last check, the last two reviews and the last asset check,
with all their versions: they are true until the next. Of a guarantee also the checks by which it
was met and unmet by turns: since when it is unmet does not change because a check grew old.

A statement whose name is without a day may be corrected to a day of long ago, and what it corrects
may come after it: so it also stays for as long as what was said before it could still come. It was
said before, so of no later day than that.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, TypeVar, assert_never

from foothold_risk.rules.calendar import KEPT_MONTHS, day_of_microseconds, month_of
from foothold_risk.rules.household.facts import (
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
from foothold_risk.rules.household.statements import (
    UNNAMED,
    Name,
    Names,
    called,
    latest_of_each,
    name_of,
    source_of,
)
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.facts.facts import IncomeCategory

T = TypeVar("T", Income, Claim, Spending, Disaster)
S = TypeVar("S", Check, Grading, AssetCheck)

TURNS_KEPT: Final = 8
"""Times a guarantee was met or unmet anew that stay known however long ago they were; a house that
is built and falls again is no reason to keep more."""


def young(facts: tuple[T, ...], open_day: date, names: Names = UNNAMED) -> tuple[T, ...]:
    """Return the facts without the statements of which no version is young enough.

    The yearly incomes that are their source's last stay.
    """
    if not any(is_too_old(f, open_day) for f in facts):  # most months of most households
        return facts
    statements = _called(facts, names)
    needed = _needed(statements, open_day)
    return tuple(
        f
        for f, stated in zip(facts, statements, strict=True)
        if name_of(stated) in needed or may_correct(f, open_day)
    )


def young_or_standing(facts: tuple[S, ...], open_day: date) -> tuple[S, ...]:
    """Without what is too old and no longer true: rising.

    A statement is kept with all its versions, which take no other's place.
    """
    if not any(is_too_old(f, open_day) for f in facts):
        return facts
    needed = _standing(facts, open_day)
    return tuple(sorted((f for f in facts if name_of(f) in needed), key=lambda f: f.order))


def _standing(facts: Sequence[Any], open_day: date) -> set[Name]:
    """The names of what is young enough, or true until something else is said."""
    counted: list[Any] = sorted(latest_of_each(facts), key=lambda f: f.order)
    last = counted[-2:] if isinstance(counted[-1], Grading) else counted[-1:]
    by_guarantee = (
        [c for c in counted if isinstance(c, Check) and c.guarantee is guarantee]
        for guarantee in Guarantee
    )
    turns = (c for checks in by_guarantee for c in _turns(checks))
    return {
        name_of(f) for f in (*last, *turns, *(f for f in counted if not is_too_old(f, open_day)))
    }


def _turns(checks: Sequence[Check]) -> Iterator[Check]:
    """The last check, the last by which it was met, and those by which it turned.

    A check turns it where it says otherwise than the one before.
    """
    yield from checks[-1:]
    yield from [c for c in checks if c.is_met][-1:]
    yield from [c for n, c in enumerate(checks) if n == 0 or checks[n - 1].is_met is not c.is_met][
        -TURNS_KEPT:
    ]


def is_still_needed(
    held: Sequence[Any], fact: HeldFact, open_day: date, names: Names = UNNAMED
) -> bool:
    """Whether a fact that is too old by its own day counts all the same.

    It is a version of one that is not too old, the last its yearly source has said, or true until
    the next.
    """
    if isinstance(fact, Check | Grading | AssetCheck):
        return name_of(fact) in _standing((*held, fact), open_day)
    if not isinstance(fact, Income | Claim | Spending):
        return False
    statements = _called((*held, fact), names)
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
    return {name_of(f) for f in statements if not is_too_old(f, open_day)} | {
        name_of(i) for i in _last_yearly(statements)
    }


def _last_yearly(facts: Sequence[HeldFact]) -> Iterator[Income]:
    """Of each source that is yearly, the statements that end last.

    Payouts are no source of the year.
    """
    by_source: dict[Name, list[Income]] = {}
    for income in latest_of_each([f for f in facts if isinstance(f, Income)]):
        if income.category is not IncomeCategory.CLAIMS:
            by_source.setdefault(source_of(income), []).append(income)
    for incomes in by_source.values():
        last = max(i.last_month for i in incomes)
        yield from (i for i in incomes if i.months > 1 and i.last_month == last)


def is_too_old(fact: HeldFact, open_day: date) -> bool:
    """Whether it lies more than 25 months back."""
    match fact:
        case Income():
            month = fact.last_month
        case (
            Claim()
            | Spending()
            | Disaster()
            | Check()
            | Grading()
            | AssetCheck()
            | Report()
            | Authorisation()
            | Register()
        ):
            month = month_of(fact.day)
        case Measure() | Ticket():
            return False  # help stays true for as long as the spell lasts; a doubt until it ends
        case _:
            assert_never(fact)
    return month < month_of(open_day) - KEPT_MONTHS
