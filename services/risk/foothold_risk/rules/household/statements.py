"""A statement has a name, and of the statements under one name the latest version counts.

Pure, and the same in any order of arrival.

| statement | its name |
|---|---|
| bill | sender, claim number |
| income, spending | sender, person, statement number |
| disaster | sender, hazard, day it struck; among senders what is verified counts first |
| guarantee check | the guarantee and the day it speaks of |
| review, asset check | the day it speaks of |
| report | route, concern, day |
| income without a number | its source (with item, project), month and, where monthly, amounts |
| spending without a number | its source (sender, person, category), day and amounts |

Where the sender of an income gave no month, the day is of its name as well; see `told_with_month`.
A later version with other content replaces; with the same content it is a repeat, and the earliest
that says so stays the one that counts: so a statement sent again changes nothing, not even the id
of the fact something rests on. Where another sender said otherwise of the same disaster or stay
between the two, the second is a version of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, assert_never

import msgspec

from foothold_risk.rules.household.facts import (
    AssetCheck,
    Check,
    Claim,
    Disaster,
    Grading,
    Income,
    Report,
    Spending,
)
from foothold_risk.rules.household.packed import Version, version_key
from foothold_risk.rules.items import item_key
from foothold_schemas.facts.facts import IncomeCategory

Statement = Income | Claim | Spending | Disaster | Check | Grading | AssetCheck | Report
T = TypeVar("T", Income, Claim, Spending, Disaster, Check, Grading, AssetCheck, Report)
Name = tuple[object, ...]

Names = Mapping[str, str]
"""What items are called, folded, → policy's name; see `PolicyOfDay.item_names`."""
UNNAMED: Final[Names] = {}
"""Where no policy holds yet: every item keeps what its sender called it, folded."""
_UNSAID: Final[Mapping[str, object]] = {
    "fact_id": b"",
    "version": Version(),
    "time_ms": 0,
    "known_as": "",
}
"""What is no content: who a fact is, and which version."""


def source_of(income: Income) -> Name:
    """What one income comes from; of a payout also the bill it is for."""
    return (
        income.agency,
        income.person_ref,
        income.category,
        item_key(income.item),
        income.project,
        income.claim_number,
        income.stay,
    )


def called(incomes: Sequence[Income], names: Names) -> list[Income]:
    """By policy's names, so that synonyms are one source.

    One that policy does not name keeps what its sender called it.
    """
    by_name = ((i, names.get(item_key(i.item), i.item)) for i in incomes)
    return [i if i.item == name else msgspec.structs.replace(i, item=name) for i, name in by_name]


def name_of(fact: Statement) -> Name:  # noqa: PLR0911 - one line per kind
    """What two versions of one statement have in common."""
    match fact:
        case Income():
            return _name_of_income(fact)
        case Claim():
            return (fact.business_key,)
        case Spending():
            return (
                (fact.name,)
                if fact.name
                else (
                    fact.agency,
                    fact.person_ref,
                    fact.category,
                    fact.day,
                    fact.total,
                    fact.covered,
                )
            )
        case Disaster():
            return fact.agency, fact.hazard, fact.day
        case Check():
            return fact.guarantee, fact.day
        case Grading() | AssetCheck():
            return (fact.day,)
        case Report():
            return fact.route, fact.concern, fact.day
        case _:
            assert_never(fact)


def _name_of_income(income: Income) -> Name:
    """Equal monthly statements of a source are one.

    Only where the sender gave no month the day counts too, for histories are sent again by later
    days.
    """
    if income.name:
        return (income.name,)
    # a payout is counted by the day it was paid, whatever it is marked
    if income.months > 1 and income.category is not IncomeCategory.CLAIMS:
        return *source_of(income), income.last_month
    return (
        *source_of(income),
        income.last_month,
        income.amount,
        income.expense,
        None if income.has_month else income.day,
    )


def content_of(fact: T) -> T:
    """What it says, whoever it is.

    The day an income was sent says nothing where the sender gave its month.
    """
    unsaid = {field: value for field, value in _UNSAID.items() if field in fact.__struct_fields__}
    if isinstance(fact, Income):
        unsaid |= {"item": item_key(fact.item)} | ({"day": msgspec.UNSET} if fact.has_month else {})
    return msgspec.structs.replace(fact, **unsaid)


def latest(versions: Sequence[T], contradicting: Sequence[T] = ()) -> T:
    """The version that counts: of the last ones that say the same, the earliest.

    `contradicting`: what other senders said otherwise of the same. What its sender said again after
    one of them is no repeat: it stands against that word.
    """
    *before, last = sorted(versions, key=version_key)
    content, words = content_of(last), [version_key(word) for word in contradicting]
    for statement in reversed(before):
        said_on, said_again = version_key(statement), version_key(last)
        if content_of(statement) != content or any(said_on < w < said_again for w in words):
            break
        last = statement
    return last


def latest_of_each(facts: Sequence[T]) -> tuple[T, ...]:
    """Of the facts of one kind, the version that counts under each name."""
    if len(facts) < 2:  # noqa: PLR2004 - one has no other version
        return tuple(facts)
    versions: dict[Name, list[T]] = {}
    for fact in facts:
        versions.setdefault(name_of(fact), []).append(fact)
    if len(versions) == len(facts):  # nearly all households: nothing was said twice
        return tuple(facts)
    return tuple(
        v[0] if len(v) == 1 else latest(v, _contradicting(v, facts)) for v in versions.values()
    )


def _contradicting(versions: Sequence[T], facts: Sequence[Any]) -> list[Any]:
    """What other senders say otherwise of what these versions are of.

    Of a disaster as well verified as they are, for what is not verified takes no other's place; of
    a hospital stay.
    """
    last = max(versions, key=version_key)
    others = [f for f in facts if isinstance(f, Disaster | Claim) and f.agency != _agency(last)]
    return [other for other in others if _is_said_otherwise(last, other)]


def _agency(fact: Statement) -> str:
    return fact.agency if isinstance(fact, Disaster | Claim) else ""


def _is_said_otherwise(fact: Statement, other: Statement) -> bool:
    match fact, other:
        case Disaster(), Disaster():
            is_same = event_of(fact) == event_of(other) and other.is_verified >= fact.is_verified
            return is_same and _whoever_said(fact) != _whoever_said(other)
        case Claim(stay=str()), Claim():
            is_same = (fact.stay, fact.person_ref) == (other.stay, other.person_ref)
            return is_same and (fact.total, fact.own_share) != (other.total, other.own_share)
        case _:
            return False


def told_with_month(incomes: Sequence[Income]) -> list[tuple[Income, Income]]:
    """Pairs of which one counts: the earlier version, and the later one, which does not.

    A sender that gives the month at one time and not at another tells of one wage twice. Each
    statement with its month is the earliest of the equal ones of its source that happened in that
    month and came without one. Of incomes of which the version that counts is known, by one name
    for each item.
    """
    with_month: dict[Name, Income] = {}
    without: dict[Name, Income] = {}
    for income in incomes:
        if income.months > 1 or income.name:
            continue
        key = *source_of(income), income.last_month, income.amount, income.expense
        if income.has_month:
            with_month[key] = income
        elif key not in without or version_key(income) < version_key(without[key]):
            without[key] = income
    pairs = (
        sorted((with_month[key], without[key]), key=version_key)
        for key in with_month.keys() & without.keys()
    )
    return [(first, second) for first, second in pairs]


def is_told_with_month(incomes: Sequence[Income], fact: Income) -> bool:
    """Whether an income says what one of the others says that gives its month, or gives none."""
    before, after = (
        len(latest_of_each(of)) - len(told_with_month(latest_of_each(of)))
        for of in (incomes, [*incomes, fact])
    )
    return before == after


def event_of(fact: Statement) -> Name:
    """What several senders may tell of: a disaster's hazard and day, of all else the name."""
    return (fact.hazard, fact.day) if isinstance(fact, Disaster) else name_of(fact)


def said_by(versions: Sequence[Any]) -> Statement:
    """What counts of the statements of one event, whoever said it."""
    if isinstance(versions[0], Disaster):
        return _whoever_said(struck(versions)[0])
    counted: Statement = content_of(latest(versions))
    return counted


def struck(disasters: Sequence[Disaster]) -> tuple[Disaster, ...]:
    """Return one disaster for each hazard and day.

    A hazard and a day are one disaster: of each sender the latest version is taken, then what is
    verified before what is not, then the latest. It goes by the name it was first told under, of
    what is told of it now: of a flood that was amended to be a fire told before, that is the fire.
    """
    latest_by_sender = latest_of_each(disasters)
    events: dict[Name, list[Disaster]] = {}
    for disaster in latest_by_sender:
        events.setdefault((disaster.hazard, disaster.day), []).append(disaster)
    believed = (
        latest_by_sender
        if len(events) == len(latest_by_sender)
        else tuple(map(_believed, events.values()))
    )
    if not any(d.known_as for d in disasters):
        return believed
    first_told = {
        event: min(statements, key=version_key)
        for event, statements in _by_event(disasters).items()
    }
    return tuple(
        msgspec.structs.replace(d, known_as=first_told[d.hazard, d.day].known_as) for d in believed
    )


def all_names(disasters: Sequence[Disaster]) -> dict[str, frozenset[str]]:
    """Own name of each disaster → all names it was told under, before it was amended as well."""
    return {
        statements[0].own_name: frozenset(
            {d.known_as or d.own_name for d in statements} | {statements[0].own_name}
        )
        for statements in _by_event(disasters).values()
    }


def _by_event(disasters: Sequence[Disaster]) -> dict[Name, list[Disaster]]:
    by_event: dict[Name, list[Disaster]] = {}
    for disaster in disasters:
        by_event.setdefault((disaster.hazard, disaster.day), []).append(disaster)
    return by_event


def _believed(disasters: Sequence[Disaster]) -> Disaster:
    best = max(disasters, key=lambda d: (d.is_verified, version_key(d)))
    sender = _whoever_said(best)
    return min((d for d in disasters if _whoever_said(d) == sender), key=version_key)


def _whoever_said(disaster: Disaster) -> Disaster:
    return msgspec.structs.replace(content_of(disaster), agency="")


def one_stay_each(bills: Iterable[Claim], precedence: Sequence[str]) -> tuple[Claim, ...]:
    """Return the bills that count where two senders bill one stay.

    Where two senders bill one stay of a person with the same total, it is one event: one sender's
    bills count.
    """
    bills = tuple(bills)
    left_out = {c.fact_id for _, others in stays_told_twice(bills, precedence) for c in others}
    return tuple(c for c in bills if c.fact_id not in left_out) if left_out else bills


def stays_told_twice(
    bills: Iterable[Claim], precedence: Sequence[str]
) -> list[tuple[list[Claim], list[Claim]]]:
    """Return the bills that count and those that do not, of each stay.

    They are of each stay that several senders billed with the same total.
    """
    doubled = []
    for senders in stays(bills).values():
        by_total: dict[int, list[list[Claim]]] = {}
        for claims in senders.values():
            by_total.setdefault(sum(c.total for c in claims), []).append(claims)
        for same in by_total.values():
            first, *others = sorted(same, key=lambda claims: _rank(claims, precedence))
            if others:
                doubled.append((first, [c for claims in others for c in claims]))
    return doubled


def stays(bills: Iterable[Claim]) -> dict[Name, dict[str, list[Claim]]]:
    """Person and stay → sender → their bills, where more than one sender billed it."""
    by_sender: dict[Name, dict[str, list[Claim]]] = {}
    for bill in bills:
        if bill.stay is not None:
            by_sender.setdefault((bill.person_ref, bill.stay), {}).setdefault(
                bill.agency, []
            ).append(bill)
    return {stay: senders for stay, senders in by_sender.items() if len(senders) > 1}


def _rank(claims: Sequence[Claim], precedence: Sequence[str]) -> tuple[int, tuple[int, ...], bytes]:
    """First in policy's list; without it, the latest version."""
    agency, last = claims[0].agency, max(claims, key=version_key)
    place = precedence.index(agency) if agency in precedence else len(precedence)
    version = version_key(last)
    return place, (-version[0], -version[1], *(-n for n in version[2])), agency.encode()
