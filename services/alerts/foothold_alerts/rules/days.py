"""Counting days: calendar days, and working days by the statutory calendar with its make-up days.

Pure; who knows the calendar is elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from foothold_alerts.rules.workflow import Limit, Unit

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class WorkDays:
    """The work days: per year, the days that are otherwise than weekends say.

    True is a working Saturday or Sunday, False a holiday. A year that is missing is not known.
    """

    years: Mapping[int, Mapping[date, bool]] = field(default_factory=dict)

    def is_known(self, day: date) -> bool:
        """Whether the State Council's notice for that year is here."""
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """Whether offices work; of a year that is not known, by weekends alone."""
        return self.years.get(day.year, {}).get(day, day.weekday() < _SATURDAY)


Still = Sequence[tuple[date, date]]
"""Times that stand still: the first day of each, and the day on which time runs again."""


def last_day(began_on: date, limit: Limit, calendar: WorkDays, still: Still = ()) -> date:
    """The last day of a limit of days.

    The day on which it begins does not count; raise ValueError for hours.

    What stood still comes back as what is counted: working days as working days, calendar days as
    calendar days.
    """
    if limit.unit is Unit.HOURS:
        raise ValueError("hours have no last day")

    def counts(day: date) -> bool:
        return limit.unit is Unit.DAYS or calendar.is_working(day)

    stood = sum(
        counts(first + timedelta(days=n))
        for first, again in still
        for n in range((again - first).days)
    )
    day, left = began_on, limit.count + stood
    while left:
        day += timedelta(days=1)
        left -= counts(day)
    return day


def began_for(last: date, limit: Limit, calendar: WorkDays) -> date:
    """Return the latest day on which a limit of days with this last day can have begun.

    Nothing stands still in between.
    """
    day = last
    while last_day(day, limit, calendar) > last:
        day -= timedelta(days=1)
    return day


def due_at(began_at: datetime, began_on: date, limit: Limit, calendar: WorkDays) -> datetime:
    """The instant at which a limit has passed: exact for hours, else the end of the last day."""
    if limit.unit is Unit.HOURS:
        return began_at + timedelta(hours=limit.count)
    return end_of(last_day(began_on, limit, calendar))


def end_of(day: date) -> datetime:
    """Midnight after the day, in Shanghai."""
    return datetime.combine(day + timedelta(days=1), time.min, SHANGHAI)


def is_provisional(began_on: date, limit: Limit, calendar: WorkDays, still: Still = ()) -> bool:
    """Whether it was counted through a year whose calendar is not known, so that it may change."""
    if limit.unit is not Unit.WORKING_DAYS:
        return False
    last = last_day(began_on, limit, calendar, still)
    return not all(
        calendar.is_known(date(year, 1, 1)) for year in range(began_on.year, last.year + 1)
    )
