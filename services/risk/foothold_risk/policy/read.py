"""How plain values of a policy file are read: amounts, shares, numbers, switches, lists.

A reader raises ValueError with what to do.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from foothold_risk.rules.policy import SHARE_SCALE, Heads
from foothold_schemas.facts.checks import Asset, Guarantee
from foothold_schemas.facts.facts import HomeState, WorkerState
from foothold_schemas.facts.reports import ReportRoute
from foothold_schemas.values import Fen

_SHARE_PLACES: Final = -4
_MAX_MONTHS: Final = 24
_MAX_DAYS: Final = 366
_MAX_AGE: Final = 120


def money(value: object) -> int:
    """An amount above zero, in fen."""
    if not isinstance(value, str):
        raise ValueError('an amount is a text such as "1790.00"')  # noqa: TRY004 - one kind of error for the loader
    amount = int(Fen.parse(value))
    if amount <= 0:
        raise ValueError("an amount is above zero")
    return amount


def share(value: object) -> int:
    """A share above 0 and at most 1, in ten-thousandths."""
    scaled = _decimal(value, 'a share is a text such as "0.10"')
    if not 0 < scaled <= 1:
        raise ValueError("a share lies above 0 and at most at 1, with at most four places")
    return int(scaled * SHARE_SCALE)


def multiple(value: object) -> int:
    """A factor above 0, in ten-thousandths."""
    scaled = _decimal(value, 'a multiple is a text such as "1.5"')
    if scaled <= 0:
        raise ValueError("a multiple lies above 0")
    return int(scaled * SHARE_SCALE)


def _decimal(value: object, how: str) -> Decimal:
    if not isinstance(value, str) or not value.replace(".", "", 1).isdigit() or not value.isascii():
        raise ValueError(how)
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < _SHARE_PLACES:
        raise ValueError("at most four places")
    return number


def whole(
    stretches: Sequence[tuple[int, int]], end: int, answer: str, shown: Callable[[int], str] = str
) -> None:
    """Raise ValueError unless the stretches follow one another from 0 to the end.

    Each is from (included) to (excluded): no gap, no overlap.

    `answer`: what every value between must have, such as "every score needs a grade; a score has
    one grade", in two halves.
    """
    gap, overlap = answer.split("; ")
    reached = 0
    for low, high in stretches:
        if low > reached:
            raise ValueError(f"the bands leave a gap from {shown(reached)} to {shown(low)}; {gap}")
        if low < reached:
            raise ValueError(f"the bands overlap from {shown(low)} to {shown(reached)}; {overlap}")
        reached = high
    if reached != end:
        raise ValueError(f"the bands end at {shown(reached)}; they go from 0 to {shown(end)}")


def months(value: object) -> int:
    """A number of months."""
    return _whole(value, 0, _MAX_MONTHS, "a number of months is a whole number from 0 to 24")


def days(value: object) -> int:
    """A number of days, at least one."""
    return _whole(value, 1, _MAX_DAYS, "a number of days is a whole number from 1 to 366")


def some_months(value: object) -> int:
    """A number of months, at least one."""
    return _whole(value, 1, _MAX_MONTHS, "a number of months is a whole number from 1 to 24")


def age(value: object) -> int:
    """Completed years."""
    return _whole(value, 0, _MAX_AGE, "an age is a whole number of years")


def _whole(value: object, low: int, high: int, how: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(how)
    return value


def switch(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("a switch is true or false")  # noqa: TRY004 - one kind of error for the loader
    return value


def assets(value: object) -> frozenset[Asset]:
    """Assets that call for a check."""
    return frozenset(Asset(item) for item in listed(value))


def heads(value: object) -> Heads:
    """Who is counted."""
    return Heads(str(value))


def homes(value: object) -> frozenset[HomeState]:
    """States of the home."""
    return frozenset(HomeState(item) for item in listed(value))


def workers(value: object) -> frozenset[WorkerState]:
    """States of the main worker."""
    return frozenset(WorkerState(item) for item in listed(value))


def guarantees(value: object) -> frozenset[Guarantee]:
    """Guarantees that count."""
    return frozenset(Guarantee(item) for item in listed(value))


def routes(value: object) -> frozenset[ReportRoute]:
    """Routes by which a report comes."""
    return frozenset(ReportRoute(item) for item in listed(value))


def names(value: object) -> frozenset[str]:
    """Names in no order."""
    return frozenset(listed(value))


def feeds(value: object) -> tuple[str, ...]:
    """Agencies, in the file's order."""
    return tuple(listed(value))


def listed(value: object) -> list[str]:
    """A list of names, at least one."""
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of names, such as [badly_damaged, destroyed]")
    return value
