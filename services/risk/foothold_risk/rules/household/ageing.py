"""Which facts are too old to count.

A statement is as old as its youngest version: else one that was replaced would count again when the
later one goes.

What is true until the next one is said stays however old it is, with all its versions:

* of a yearly source of income the last statements, with the monthly ones that ended it: else its
  months, which are unknown, would be zero;
* of a guarantee the last checks, the last by which it was met, and those by which it was met and
  unmet by turns: since when it is unmet does not change because a check grew old;
* the last two reviews, and the last check of assets.

What is younger may be taken back, so it pushes nothing out. And what stays may be taken back as
well, so that SPARE more of each stay.

A statement whose name is without a day may be corrected to a day of long ago, and what it corrects
may come after it: so it also stays for as long as what was said before it could still come. It was
said before, so of no later day than that.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
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

SPARE: Final = 2
"""Of what is too old and true until the next, so many more stay than count: as many may be taken
back before something of long ago is missing (I)."""
TURNS_KEPT: Final = 8
"""Times a guarantee was met or unmet anew that stay known however long ago they were; a house that
is built and falls again is no reason to keep more."""


def young(facts: tuple[T, ...], open_day: date, names: Names = UNNAMED) -> tuple[T, ...]:
    """Return the facts without the statements of which no version is young enough.

    The last yearly incomes of a source stay.
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


def young_or_open(
    reports: tuple[Report, ...], still_open: Iterable[Report], open_day: date
) -> tuple[Report, ...]:
    """Without what is too old and looked into.

    One that nobody has looked into stays however often it was told: one telling may be taken back.
    """
    names = {name_of(r) for r in still_open}
    return tuple(r for r in reports if name_of(r) in names or not is_too_old(r, open_day))


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
    old = [f for f in counted if is_too_old(f, open_day)]
    young_enough = (f for f in counted if not is_too_old(f, open_day))
    return {name_of(f) for f in (*_last(old), *young_enough)}


def _last(old: Sequence[Any]) -> Iterator[Any]:
    """Of what is too old, in its order, what counts as long as nothing younger does."""
    if not (old and isinstance(old[0], Check)):
        yield from old[-SPARE - (2 if old and isinstance(old[0], Grading) else 1) :]
        return
    for guarantee in Guarantee:
        yield from _turns([c for c in old if c.guarantee is guarantee])


def _turns(checks: Sequence[Check]) -> Iterator[Check]:
    """The last checks of a guarantee, the last by which it was met, and those by which it turned.

    A check turns it where it says otherwise than the one before; where that one is taken back, the
    next one does.
    """
    yield from checks[-1 - SPARE :]
    yield from [c for c in checks if c.is_met][-1 - SPARE :]
    stretches = [list(alike) for _, alike in groupby(checks, key=lambda c: c.is_met)]
    for alike in stretches[-TURNS_KEPT:]:
        yield from alike[: 1 + SPARE]


def is_still_needed(
    held: Sequence[Any], fact: HeldFact, open_day: date, names: Names = UNNAMED
) -> bool:
    """Whether a fact that is too old by its own day counts all the same.

    It is a version of one that is not too old, among the last its yearly source has said, or true
    until the next.
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
        name_of(i) for i in _last_yearly(statements, open_day)
    }


def _last_yearly(facts: Sequence[HeldFact], open_day: date) -> Iterator[Income]:
    """Of each source, the statements for the last of its old months, from a yearly one on.

    A monthly one that ended a yearly one stays with it, else the source would be yearly still.
    Payouts are no source of the year.
    """
    by_source: dict[Name, list[Income]] = {}
    for income in latest_of_each([f for f in facts if isinstance(f, Income)]):
        if income.category is not IncomeCategory.CLAIMS and is_too_old(income, open_day):
            by_source.setdefault(source_of(income), []).append(income)
    for incomes in by_source.values():
        months = sorted({i.last_month for i in incomes})[-1 - SPARE :]
        yearly = [i.last_month for i in incomes if i.months > 1 and i.last_month in months]
        yield from (i for i in incomes if yearly and i.last_month >= min(yearly))


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
