"""Whether the time an event speaks of can be right.

It is not ahead of our clock, and not so long ago that it decides nothing.
"""

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from foothold_ingest.rules.judgement import AnyFact, Clock, FieldProblem, Rejected
from foothold_schemas.facts.envelope import CloudEvent
from foothold_schemas.facts.facts import AGEING, DayOpened, PolicyAdopted
from foothold_schemas.wire.quarantine import RefusalReason

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
FUTURE_MINUTES: Final = 5
KEPT_MONTHS: Final = 25
_FIRST_MONEY_DAY: Final = date(2000, 1, 1)


def wrong_time(envelope: CloudEvent, data: AnyFact, clock: Clock) -> Rejected | None:
    """The refusal of an event of another time than it can be."""
    if envelope.time > clock.now + timedelta(minutes=FUTURE_MINUTES):
        return Rejected(
            RefusalReason.FUTURE_TIME,
            f"`time` lies more than {FUTURE_MINUTES} minutes ahead of our clock; check the sender's"
            " clock.",
            (FieldProblem("/time", "in the future"),),
        )
    if isinstance(data, DayOpened | PolicyAdopted):
        return None
    day, field = day_of(envelope, data)
    if day > clock.today:
        return Rejected(
            RefusalReason.FUTURE_TIME,
            f"The day lies after today, {clock.today} in Asia/Shanghai.",
            (FieldProblem(_pointer(field), "in the future"),),
        )
    if day < _FIRST_MONEY_DAY or (
        isinstance(data, AGEING) and day < months_before(clock.today, KEPT_MONTHS)
    ):
        return Rejected(
            RefusalReason.TOO_OLD,
            f"Facts older than {KEPT_MONTHS} months decide nothing any more and are not kept. To"
            " correct an earlier one to such a day, take it back.",
            (FieldProblem(_pointer(field), "too long ago"),),
        )
    return None


def _pointer(field: str) -> str:
    return "/time" if field == "time" else f"/data/{field}"


def day_of(envelope: CloudEvent, data: AnyFact) -> tuple[date, str]:
    """The day that decides which window the fact falls into, and the field that says so.

    The event's own time where no field does.
    """
    return data.day_said() or (envelope.time.astimezone(SHANGHAI).date(), "time")


def months_before(day: date, months: int) -> date:
    """The first day of the month that lies so many months before the day's own."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
