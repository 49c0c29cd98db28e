"""What struck a whole area, held for everybody. What follows from it for a household stands in `incidents`."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property

import msgspec

from foothold_schemas.facts import Hazard, Severity


class Incident(msgspec.Struct, frozen=True):
    """What struck an area, as its agency said it last: `said_at` is that statement's own time. `last_day` None: it goes on.

    `fact_id` is the last statement's; all zeros in a state that was written before it was kept.
    """

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
        return not self.is_withdrawn and self.first_day <= day and (self.last_day is None or day <= self.last_day)


Incidents = Mapping[str, Incident]
"""Agency and its own number of the incident → the incident."""


class Indexed(dict[str, Incident]):
    """Incidents that know which of them are said of which area, so that a household is asked about its own only. Not changed once made."""

    @cached_property
    def by_area(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the incidents said of exactly this area."""
        names: defaultdict[str, list[str]] = defaultdict(list)
        for name, incident in self.items():
            names[incident.area].append(name)
        return {area: tuple(sorted(of_area)) for area, of_area in names.items()}


def standing_over(incidents: Incidents, area: str, day: date) -> tuple[tuple[str, Incident], ...]:
    """The incidents of an area that holds the village and stands on the day, in the order of their names."""
    by_area = (incidents if isinstance(incidents, Indexed) else Indexed(incidents)).by_area
    names = sorted(name for length in range(len(area) + 1) for name in by_area.get(area[:length], ()))
    return tuple((name, incidents[name]) for name in names if incidents[name].stands_on(day))
