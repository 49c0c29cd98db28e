"""What struck a whole area, held for everybody.

What follows from it for a household stands in `incidents`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from foothold_risk.rules.calendar import until
from foothold_schemas.facts.facts import AreaStruck, Hazard, Severity


class Incident(msgspec.Struct, frozen=True):
    """What struck an area, as its agency said it last: `said_at` is that statement's own time.

    `last_day` None: it goes on.

    `fact_id` is the last statement's; all zeros in a state that was written before it was kept.
    """

    kind: ClassVar[str] = "AreaStruck"

    area: str
    hazard: Hazard
    severity: Severity
    first_day: date
    said_at: datetime
    last_day: date | None = None
    is_withdrawn: bool = False
    fact_id: bytes = bytes(16)

    def stands_on(self, day: date) -> bool:
        """Whether it has begun, is not over, and was no mistake."""
        return (
            not self.is_withdrawn
            and self.first_day <= day
            and (self.last_day is None or day <= self.last_day)
        )


Incidents = Mapping[str, Incident]
"""Agency and its own number of the incident → the incident."""


class IncidentIndex(dict[str, Incident]):
    """Incidents indexed by area, so that a household is asked about its own only.

    They know which of them are reported of which area. They are not changed once made.
    """

    @cached_property
    def by_area(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the incidents said of exactly this area."""
        names: defaultdict[str, list[str]] = defaultdict(list)
        for name, incident in self.items():
            names[incident.area].append(name)
        return {area: tuple(sorted(of_area)) for area, of_area in names.items()}


def standing_over(incidents: Incidents, area: str, day: date) -> tuple[tuple[str, Incident], ...]:
    """Return the incidents that stand over the village on the day, in order of name.

    They are the incidents of an area that holds the village.
    """
    by_area = (
        incidents if isinstance(incidents, IncidentIndex) else IncidentIndex(incidents)
    ).by_area
    names = sorted(
        name for length in range(len(area) + 1) for name in by_area.get(area[:length], ())
    )
    return tuple((name, incidents[name]) for name in names if incidents[name].stands_on(day))


class Recheck(msgspec.Struct, frozen=True):
    """Households of an area to look at again, by key, those after `after` still to come.

    `fact_id`, `learned_at` and `trace` are of what made risk look.

    `is_correction`: an incident was taken back or amended, so a ground that is gone now was a
    mistake.
    """

    area: str
    fact_id: str
    learned_at: datetime
    after: str = ""
    trace: str = ""
    is_correction: bool = False


def name_of(agency: str, struck: AreaStruck) -> str:
    """Which incident it is: an agency's number means nothing beside another agency's."""
    return f"{agency}/{struck.incident}"


def note(
    incidents: Incidents, agency: str, struck: AreaStruck, said_at: datetime, fact_id: bytes
) -> IncidentIndex:
    """With what was said.

    An older statement of the same incident changes nothing, whenever it comes.
    """
    name = name_of(agency, struck)
    before = incidents.get(name)
    if before is not None and before.said_at >= said_at:
        return IncidentIndex(incidents)
    now = Incident(
        struck.area,
        struck.hazard,
        struck.severity,
        struck.first_day,
        said_at,
        until(struck.last_day),
        struck.is_withdrawn,
        fact_id,
    )
    return IncidentIndex({**incidents, name: now})


def touched(before: Incidents, after: Incidents) -> list[str]:
    """The areas in which something is different."""
    names = sorted({*before, *after})
    changed = (name for name in names if before.get(name) != after.get(name))
    return sorted(
        {
            incident.area
            for name in changed
            for known in (before, after)
            if (incident := known.get(name)) is not None
        }
    )


def queued(looks: Sequence[Recheck], more: Iterable[Recheck]) -> tuple[Recheck, ...]:
    """With more areas to look at.

    An area that waits or is under way begins anew, and what was a correction there stays one.
    """
    new = {look.area: look for look in more}
    corrected = {look.area for look in looks if look.is_correction}
    begun = (
        replace(look, is_correction=look.is_correction or look.area in corrected)
        for look in new.values()
    )
    return (*(look for look in looks if look.area not in new), *begun)


def waiting(looks: Sequence[Recheck], household_id: str, area: str) -> list[Recheck]:
    """Those that have still to reach a household of this village."""
    return [look for look in looks if area.startswith(look.area) and household_id > look.after]


def turning(incidents: Incidents, before: date, after: date) -> list[str]:
    """The areas of incidents that begin or end by time alone between two days."""
    return sorted(
        {i.area for i in incidents.values() if i.stands_on(before) is not i.stands_on(after)}
    )


def corrects(before: Incidents, after: Incidents) -> bool:
    """Return whether what was reported of an incident before was wrong.

    It was wrong if it is taken back, or has another area, hazard, severity or first day. An end is
    no correction.
    """
    return any(
        now.is_withdrawn or _what(was) != _what(now)
        for name, was in before.items()
        if (now := after[name]) != was
    )


def _what(incident: Incident) -> tuple[object, ...]:
    return incident.area, incident.hazard, incident.severity, incident.first_day
