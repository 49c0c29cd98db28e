"""Whether the time an event speaks of can be right.

It is not ahead of our clock, and not so long ago that it decides nothing.
"""

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from foothold_ingest.rules.judgement import AnyFact, Clock, FieldProblem, Rejected
from foothold_schemas.facts.envelope import CloudEvent
from foothold_schemas.facts.facts import AGEING, DayOpened, FeedHeard, IncomeReported, PolicyAdopted
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


_DAY_FIELDS: Final[dict[str, str]] = {
    "MedicalClaimSettled": "settled_on",
    "SpendingReported": "spent_on",
    "DisasterStruck": "struck_on",
    "GuaranteeChecked": "checked_on",
    "AreaStruck": "first_day",
    "HouseholdGraded": "graded_on",
    "AssetsChecked": "checked_on",
    "RiskReported": "reported_on",
    "AuthorisationGiven": "signed_on",
    "AuthorisationRefused": "refused_on",
    "CaseDecided": "decided_on",
    "FindingExempted": "exempted_on",
    "MeasureDelivered": "delivered_on",
    "ReliefPaid": "paid_on",
}
"""Kinds that name the day on which they happened."""


def day_of(envelope: CloudEvent, data: AnyFact) -> tuple[date, str]:
    """The day that decides which window the fact falls into, and the field that says so.

    The event's own time where no field does.
    """
    match data:
        case IncomeReported(earned_month=str(month)):
            return first_of(month), "earned_month"
        case FeedHeard():
            return first_of(data.through_month), "through_month"
        case _ if (field := _DAY_FIELDS.get(data.kind)) is not None:
            day: date = getattr(data, field)
            return day, field
        case _:
            return envelope.time.astimezone(SHANGHAI).date(), "time"


def first_of(month: str) -> date:
    """The first day of "YYYY-MM"."""
    return date(int(month[:4]), int(month[5:]), 1)


def months_before(day: date, months: int) -> date:
    """The first day of the month that lies so many months before the day's own."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
