"""The second opinion on what a correction takes from the risks people have to answer.

A risk counts as never having been one where it was there by what was known before, and by what is
known now on no day that matters: today, the day of identification, the last day before it was
clear, the days of which something came or went.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from foothold_schemas.facts.checks import GuaranteeChecked, HouseholdGraded, SpendingReported
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import DisasterStruck, IncomeReported, MedicalClaimSettled
from tests.support.reference.arithmetic import day_in_china, last_of
from tests.support.reference.opinion import opinion
from tests.support.reference.stand import Ended, Stand


def without(
    stand: Stand, before: Collection[FactRecord], now: Collection[FactRecord], today: date
) -> Stand:
    """Where the household stands, and may stand again, without those risks."""
    places = list(_places(stand))
    causes = frozenset[str]().union(*(causes for causes, _ in places))
    if not causes:
        return stand
    changed = [f for f in before if f not in now] + [f for f in now if f not in before]
    days = {today, *(day for _, matters in places for day in matters)}
    days |= {min(day, today) for f in changed if (day := speaks_of(f)) is not None}

    def risks_by(facts: Collection[FactRecord]) -> set[str]:
        is_identified = stand.identified is not None
        opinions = (
            opinion(facts, day, everything_heard=True, identified=is_identified, ahead=False)
            for day in days
        )
        return {kind for thought in opinions for kind in thought.findings}

    gone = (causes & risks_by(before)) - risks_by(now)
    return change_risks(stand, lambda risks: risks - gone) if gone else stand


def _places(stand: Stand) -> Iterator[tuple[frozenset[str], list[date]]]:
    """The risks of each place where it stands or may stand again, and the days that matter."""
    a_day = timedelta(days=1)
    matters = [] if stand.identified is None else [stand.identified]
    yield (
        stand.causes,
        matters if stand.clear_since is None else [*matters, stand.clear_since - a_day],
    )
    if stand.slip is not None:
        yield from list(_places(replace(stand.slip.before, cases_before=())))[:1]
    for ended in (e for s in (stand, *stand.cases_before) for e in _ends(s)):
        days = [ended.day - a_day]
        yield ended.causes, days if ended.identified is None else [*days, ended.identified]


def _ends(stand: Stand) -> Iterable[Ended]:
    ends = (stand.group_ended, stand.lead_ended, stand.dismissed, stand.taken_back)
    return [e for e in ends if e is not None]


def change_risks(stand: Stand, change: Callable[[frozenset[str]], frozenset[str]]) -> Stand:
    """With other risks of its spell, wherever it stands or may stand again."""

    def of(ended: Ended | None) -> Ended | None:
        return None if ended is None else replace(ended, causes=change(ended.causes))

    slip = stand.slip
    return replace(
        stand,
        causes=change(stand.causes),
        group_ended=of(stand.group_ended),
        lead_ended=of(stand.lead_ended),
        dismissed=of(stand.dismissed),
        taken_back=of(stand.taken_back),
        cases_before=tuple(change_risks(s, change) for s in stand.cases_before),
        slip=None if slip is None else replace(slip, before=change_risks(slip.before, change)),
    )


def speaks_of(fact: FactRecord) -> date | None:
    """The first day on which all of it counts."""
    match fact.data:
        case IncomeReported(earned_month=str(month)):
            return last_of((int(month[:4]), int(month[5:]))) + timedelta(days=1)
        case IncomeReported():
            day = day_in_china(fact)
            return last_of((day.year, day.month)) + timedelta(days=1)
        case MedicalClaimSettled(settled_on=day) | SpendingReported(spent_on=day):
            return day
        case DisasterStruck(struck_on=day) | GuaranteeChecked(checked_on=day):
            return day
        case HouseholdGraded(graded_on=day):
            return day
        case _:
            return None
