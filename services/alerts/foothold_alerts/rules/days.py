"""Counting days: calendar days, and working days by the statutory calendar with its make-up days. Pure; who knows the calendar is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from foothold_alerts.rules.workflow import Limit, Unit

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class WorkDays:
    """Per year, the days that are otherwise than weekends say: True a working Saturday or Sunday, False a holiday. A year that is missing is not known."""

    years: Mapping[int, Mapping[date, bool]] = field(default_factory=dict)

    def is_known(self, day: date) -> bool:
        """Whether the State Council's notice for that year is here."""
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """Whether offices work; of a year that is not known, by weekends alone."""
        return self.years.get(day.year, {}).get(day, day.weekday() < _SATURDAY)


def last_day(began_on: date, limit: Limit, calendar: WorkDays) -> date:
    """The last day of a limit of days. The day on which it begins does not count; raise ValueError for hours."""
    match limit.unit:
        case Unit.DAYS:
            return began_on + timedelta(days=limit.count)
        case Unit.WORKING_DAYS:
            day, left = began_on, limit.count
            while left:
                day += timedelta(days=1)
                left -= calendar.is_working(day)
            return day
        case Unit.HOURS:
            raise ValueError("hours have no last day")


def due_at(began_at: datetime, began_on: date, limit: Limit, calendar: WorkDays) -> datetime:
    """The instant at which a limit has passed: exact for hours, the end of the last day otherwise."""
    if limit.unit is Unit.HOURS:
        return began_at + timedelta(hours=limit.count)
    return end_of(last_day(began_on, limit, calendar))


def end_of(day: date) -> datetime:
    """Midnight after the day, in Shanghai."""
    return datetime.combine(day + timedelta(days=1), time.min, SHANGHAI)


def is_provisional(began_on: date, limit: Limit, calendar: WorkDays) -> bool:
    """Whether it was counted through a year whose calendar is not known, so that it may change."""
    if limit.unit is not Unit.WORKING_DAYS:
        return False
    last = last_day(began_on, limit, calendar)
    return not all(calendar.is_known(date(year, 1, 1)) for year in range(began_on.year, last.year + 1))
