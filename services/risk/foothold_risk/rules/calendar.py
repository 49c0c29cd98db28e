"""Months and days as policy counts them.

A month is its index, year x 12 + month - 1; a day is a `date` in Asia/Shanghai.
"""

from calendar import monthrange
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from foothold_schemas.values import LAST_YEAR

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
WINDOW_MONTHS: Final = 12
KEPT_MONTHS: Final = 25
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def month_of(day: date) -> int:
    """The index of the day's month."""
    return day.year * 12 + day.month - 1


def month_from_text(month: str) -> int:
    """The index of "YYYY-MM"."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def month_text(month: int) -> str:
    """Write it as "YYYY-MM"."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def first_day(month: int) -> date:
    """The first day of a month."""
    return date(month // 12, month % 12 + 1, 1)


@lru_cache(maxsize=1024)
def last_day(month: int) -> date:
    """The last day of a month."""
    return first_day(month + 1) - timedelta(days=1)


def shanghai_day(moment: datetime) -> date:
    """The calendar day on which an instant falls in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def day_of_microseconds(since_1970: int) -> date:
    """The calendar day in Asia/Shanghai of an instant in microseconds since 1970 (UTC)."""
    return shanghai_day(_EPOCH + timedelta(microseconds=since_1970))


def add_months(day: date, months: int) -> date:
    """Return the same day so many months later, clamped at the month's end.

    For example, 31 January + 1 = 28 or 29 February.
    """
    month = month_of(day) + months
    return date(
        month // 12, month % 12 + 1, min(day.day, monthrange(month // 12, month % 12 + 1)[1])
    )


def income_months(open_day: date) -> range:
    """The twelve whole months before the open day's month."""
    this = month_of(open_day)
    return range(this - WINDOW_MONTHS, this)


def rolling_first(open_day: date) -> date:
    """The rolling year's first day: the day after the same date last year (29 February -> 28)."""
    return add_months(open_day, -12) + timedelta(days=1)


def leaves_rolling_year(day: date) -> date:
    """The first open day whose rolling year no longer holds this day.

    The last day there is, where the calendar ends before.
    """
    if day.year == MAXYEAR:
        return date.max
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)


def day_after(day: date) -> date:
    """The next day; the last day there is has none, and stays."""
    return day if day == date.max else day + timedelta(days=1)


def until(day: date | None) -> date | None:
    """A last day as it is meant: registers write the last day there is for 'for ever'."""
    return None if day == date.max else day


def after_whole_months(day: date, months: int) -> date:
    """Return the first day after so many whole calendar months.

    They begin after the day (10 January + 6: 1 August).
    """
    return first_day(month_of(day) + 1 + months)


def last_known(day: date) -> date:
    """The day itself, or the last one a message can name, where people led beyond it."""
    return min(day, date(LAST_YEAR, 12, 31))
