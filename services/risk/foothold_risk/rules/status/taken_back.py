"""Which risks of a spell rest on what a correction took away: they ask for no measure.

A risk of which nothing is found any more is asked about on every day that matters to it: today, the
day people identified the household, the last day before it was clear, and each day of which
something was taken back or said anew; where an incident was, each day on which one began. Where it
was found on one of them by what was known before, and is found on none by what is known now, it was
never one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from foothold_risk.rules.calendar import first_day
from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.context.heard import Heard
from foothold_risk.rules.context.incidents import Incidents
from foothold_risk.rules.household.facts import (
    Check,
    Claim,
    Disaster,
    Grading,
    HeldFact,
    Income,
    Spending,
)
from foothold_risk.rules.household.household import Household, Position, fresh
from foothold_risk.rules.policy import Place
from foothold_risk.rules.status.assess import assess, is_unknown
from foothold_risk.rules.status.slips import in_waiting, without_causes
from foothold_schemas.findings import FindingKind

MOST_DAYS = 30
"""Days of which something changed that are asked about, the latest (I)."""


@dataclass(frozen=True, slots=True)
class PlaceContext:
    """What findings of a day gone by rest on beside the household's facts."""

    place: Place
    heard: Heard
    incidents: Incidents


def without_taken_back(
    before: Household | None, after: Household, day: date, context: PlaceContext
) -> Household:
    """The household at a correction, without the risks of its spell that it took away.

    `before`: the household without the correction; None where an incident was corrected, which is
    a risk of no other kind than `area_struck`.
    """
    position = after.position
    causes = {kind for waiting in in_waiting(position) for kind in waiting.causes}
    if not causes:
        return after
    days = _days(before, after, day)
    if before is None:
        were, days = {FindingKind.AREA_STRUCK}, [*days, *_incidents_began(after, day, context)]
    else:
        were = _risks_on(fresh(before, position=position), causes, days, context)
    gone = (causes & were) - (_risks_on(after, causes & were, days, context) if were else set())
    return fresh(after, position=without_causes(position, gone)) if gone else after


def _days(before: Household | None, after: Household, day: date) -> list[date]:
    days = {day}
    for waiting in in_waiting(after.position):
        days |= {waiting.identified_on} if waiting.identified_on else set()
        days |= {waiting.clear_since - timedelta(days=1)} if waiting.clear_since else set()
    changed = {min(day_of, day) for day_of in changed_days(before, after)}
    return sorted({*days, *sorted(changed)[-MOST_DAYS:]})


def changed_days(before: Household | None, after: Household) -> set[date]:
    """The days of which something was taken back or said anew; none without what was before."""
    days = (_first_counted(fact) for fact in _changed(before, after))
    return {day for day in days if day is not None}


def _incidents_began(household: Household, day: date, context: PlaceContext) -> set[date]:
    """The days on which an incident that has not been withdrawn began over the village, so far."""
    area = "" if household.register is None else household.register.area
    incidents = (i for i in context.incidents.values() if area.startswith(i.area))
    return {i.first_day for i in incidents if not i.is_withdrawn and i.first_day <= day}


def _changed(before: Household | None, after: Household) -> Iterator[HeldFact]:
    if before is None:
        return
    ids, kept = ({f.fact_id for f in household.held()} for household in (before, after))
    yield from (f for f in before.held() if f.fact_id not in kept)
    yield from (f for f in after.held() if f.fact_id not in ids)


def _first_counted(fact: HeldFact) -> date | None:
    """The first day on which all of it counts, of what a risk is found by.

    An income does after its last month.
    """
    match fact:
        case Income():
            return first_day(fact.last_month + 1)
        case Claim() | Spending() | Disaster() | Check() | Grading():
            return fact.day
        case _:
            return None


def _risks_on(
    household: Household, causes: Iterable[FindingKind], days: Iterable[date], context: PlaceContext
) -> set[FindingKind]:
    """Which of the risks are found on one of the days, or cannot be known, by these facts."""
    risks: set[FindingKind] = set()
    if household.register is None:
        return risks
    # nothing is held over or dismissed on a day gone by
    bare = fresh(household, position=Position(identified_on=household.position.identified_on))
    for day in days:
        of_day = DayContext(day, context.place.on(day), context.heard, incidents=context.incidents)
        seen = assess(bare, household.register, of_day)
        risks |= {f.kind for f in seen.findings}
        risks |= {kind for kind in causes if is_unknown(kind, seen.view)}
    return risks
