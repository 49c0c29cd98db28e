"""What a region warning asks of people.

It is who is notified, by when somebody must have seen it, and which of several warnings is the
last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from foothold_alerts.rules.case import Role
from foothold_alerts.rules.notices import place_of
from foothold_schemas.messages.areas import AreaLevel, Direction, RegionWarning, WarningLevel

GRAVITY: Final = {
    None: 0,
    WarningLevel.IV: 1,
    WarningLevel.III: 2,
    WarningLevel.II: 3,
    WarningLevel.I: 4,
}
LEVEL: Final = {gravity: level for level, gravity in GRAVITY.items() if level is not None}
NEWS_DAYS: Final = 7
"""What is older than this when it comes is history: shown, and nobody is told of it."""


class Audience(StrEnum):
    """Who is told: the place itself (its township, or the county), and the county besides."""

    OWN = "own"
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a level asks for."""

    informed: frozenset[Audience]
    acknowledge: timedelta


Answers = Mapping[WarningLevel, Answer]


def gravity(warning: RegionWarning) -> int:
    """0 for no level to 4 for the gravest."""
    return GRAVITY[warning.level]


def place_in_day(warning: RegionWarning) -> int:
    """Return the warning's place among those of its area, cause, window and day.

    A fall comes at the day's opening, then only rises follow.
    """
    return gravity(warning) if warning.direction is Direction.UP else 0


def places(warning: RegionWarning, answer: Answer) -> frozenset[str]:
    """The places that are told."""
    is_small = warning.area_level in (AreaLevel.VILLAGE, AreaLevel.TOWNSHIP)
    own = place_of(warning.area, Role.TOWNSHIP) if is_small else warning.county
    return frozenset(
        {
            *([own] if Audience.OWN in answer.informed else []),
            *([warning.county] if Audience.COUNTY in answer.informed else []),
        }
    )


def is_news(warning: RegionWarning, before: int, business_day: date | None) -> bool:
    """Whether people are notified of the warning.

    They are when the area stands graver than it did for any cause and window, and that not long
    ago.
    """
    return (
        warning.direction is Direction.UP
        and gravity(warning) > before
        and _is_recent(warning, business_day)
    )


def is_over(warning: RegionWarning, before: int, after: int, business_day: date | None) -> bool:
    """Whether those who were notified learn that it is over.

    They do when the last level of any cause and window fell, and that not long ago.
    """
    return (
        warning.direction is Direction.DOWN
        and before > after == 0
        and _is_recent(warning, business_day)
    )


def _is_recent(warning: RegionWarning, business_day: date | None) -> bool:
    return business_day is None or warning.day > business_day - timedelta(days=NEWS_DAYS)
