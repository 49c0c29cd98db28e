"""Decides whether an event may enter the log, and what it is called there. Pure: the clock, the caller and the secret are arguments."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from foothold_ingest.rules.corrections import problem_of, withdrawn
from foothold_ingest.rules.names import repeatable
from foothold_schemas.checks import AssetsChecked, GuaranteeChecked, HouseholdGraded, SpendingReported
from foothold_schemas.decisions import AuthorisationGiven, AuthorisationRefused, CaseDecided, FindingExempted, MeasureDelivered, ReliefPaid
from foothold_schemas.directory import Contact
from foothold_schemas.envelope import TYPE_PREFIX, TYPE_SUFFIX, CloudEvent, FactRecord, event_type
from foothold_schemas.facts import (
    AGENCY_KINDS,
    OPERATOR_KINDS,
    BroadcastFact,
    DayOpened,
    DisasterStruck,
    FactsRetracted,
    FeedHeard,
    HouseholdFact,
    IncomeReported,
    MedicalClaimSettled,
    PolicyAdopted,
)
from foothold_schemas.quarantine import RefusalReason
from foothold_schemas.register import HouseholdRegistered, HouseholdRegistration

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
FUTURE_MINUTES: Final = 5
KEPT_MONTHS: Final = 25
_FIRST_MONEY_DAY: Final = date(2000, 1, 1)
_SUBJECT: Final = re.compile(r"([0-9]{6})/([A-Za-z0-9-]{1,32})")

AnyFact = HouseholdFact | BroadcastFact


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field at fault, by JSON pointer, and what is wrong with it. Never carries the value: it may be personal."""

    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal: the reason, what to do about it, and the fields."""

    reason: RefusalReason
    detail: str
    fields: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that may enter the log. `record.household_id` None means it goes to every partition; the contact goes to the directory.

    `county`: six digits, of the household's authority; None where the fact is for everybody.
    """

    record: FactRecord
    contact: Contact | None = None
    county: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is speaking: proved by key or topic, never by the event. `kinds`, `areas` (2, 4 or 6 digits): what it may send; None: everything."""

    agency: str
    is_operator: bool
    kinds: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """The door's time. `now` and `today` bound what may have happened; `recorded` is when we learned of it.

    They differ only where days are opened by hand and the open day is not the calendar's.
    """

    now: datetime
    today: date
    recorded: datetime


def fact_id(source: str, event_id: str) -> str:
    """32 hex digits for a CloudEvent's identity, its source and id."""
    return hashlib.blake2b(f"{source}\n{event_id}".encode(), digest_size=16).hexdigest()


def household_id(secret: bytes, authority: str, register_number: str) -> str:
    """32 hex digits nobody can reproduce without the deployment's secret."""
    return hmac.new(secret, f"{authority}/{register_number}".encode(), hashlib.sha256).hexdigest()[:32]


def accept(event: Mapping[str, object], caller: Caller, clock: Clock, secret: bytes) -> Accepted | Rejected:
    """Judge one event, already strict JSON: its envelope, whether the caller may say this, its data, its time, its household."""
    try:
        envelope = CloudEvent.model_validate(event)
    except ValidationError as error:
        return _invalid(error, RefusalReason.INVALID_ENVELOPE, "", "The CloudEvents envelope is not right.")
    kind = envelope.type.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)
    if (refusal := _odd_attribute(event) or _not_allowed(envelope, kind, caller)) is not None:
        return refusal
    try:
        model: type[AnyFact] = (AGENCY_KINDS | OPERATOR_KINDS)[kind]
        data = model.model_validate(envelope.data, extra="forbid")
    except ValidationError as error:
        unknown = any(e["type"] == "extra_forbidden" for e in error.errors(include_input=False, include_context=False, include_url=False))
        return _invalid(error, RefusalReason.UNKNOWN_FIELD if unknown else RefusalReason.INVALID_FIELD, "/data", f"The data of {kind} is not right.")
    if (problem := problem_of(envelope, data)) is not None:
        return Rejected(RefusalReason.INVALID_FIELD, "What the event corrects is not right.", (FieldProblem(_corrects(data), problem),))
    return _wrong_time(envelope, data, clock) or _named(envelope, data, caller, clock, secret)


def _corrects(data: AnyFact) -> str:
    return "/data/events" if isinstance(data, FactsRetracted) else "/amends"


def _odd_attribute(event: Mapping[str, object]) -> Rejected | None:
    odd = next((name for name in event if not re.fullmatch(r"[a-z0-9]{1,40}", name)), None)
    if odd is None:
        return None
    detail = "CloudEvents attribute names are lower-case letters and digits; what the event says stands in `data`."
    return Rejected(RefusalReason.INVALID_ENVELOPE, detail, (FieldProblem(f"/{repeatable(odd)}", "not an attribute name"),))


def _not_allowed(envelope: CloudEvent, kind: str, caller: Caller) -> Rejected | None:
    mine = OPERATOR_KINDS if caller.is_operator else AGENCY_KINDS
    if envelope.type != event_type(kind) or kind not in AGENCY_KINDS | OPERATOR_KINDS:
        known = ", ".join(event_type(name) for name in mine)
        return Rejected(RefusalReason.UNKNOWN_KIND, f"This type is not known. Known: {known}.", (FieldProblem("/type", "unknown"),))
    if caller.is_disabled:
        return Rejected(RefusalReason.AGENCY_DISABLED, f"{caller.agency} is disabled here. Ask the county's operators; what was sent is kept.")
    allowed = mine if caller.kinds is None else [name for name in mine if name in caller.kinds]
    if kind not in allowed:
        detail = f"{caller.agency} may not send {kind}. It may send: {', '.join(allowed) or 'nothing'}."
        return Rejected(RefusalReason.KIND_NOT_ALLOWED, detail, (FieldProblem("/type", "not allowed for this sender"),))
    if not f"{envelope.source}/".startswith(f"/agencies/{caller.agency}/"):
        detail = f"This key speaks for /agencies/{caller.agency} only."
        return Rejected(RefusalReason.FOREIGN_SOURCE, detail, (FieldProblem("/source", "belongs to another agency"),))
    return None


def _invalid(error: ValidationError, reason: RefusalReason, prefix: str, detail: str) -> Rejected:
    fields = tuple(
        FieldProblem(prefix + "".join(f"/{repeatable(part)}" for part in e["loc"]), _say(e["type"], e["msg"]))
        for e in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return Rejected(reason, f"{detail} See `fields`.", fields[:20])


def _say(kind: str, message: str) -> str:
    match kind:
        case "extra_forbidden":
            return "this field is not known here; remove it or correct its name"
        case "missing":
            return "this field is required"
        case _:
            return message.removeprefix("Value error, ")


def _wrong_time(envelope: CloudEvent, data: AnyFact, clock: Clock) -> Rejected | None:
    if envelope.time > clock.now + timedelta(minutes=FUTURE_MINUTES):
        return Rejected(
            RefusalReason.FUTURE_TIME,
            f"`time` lies more than {FUTURE_MINUTES} minutes ahead of our clock; check the sender's clock.",
            (FieldProblem("/time", "in the future"),),
        )
    if isinstance(data, DayOpened | PolicyAdopted):
        return None
    day, field = _day_of(envelope, data)
    if day > clock.today:
        return Rejected(
            RefusalReason.FUTURE_TIME, f"The day lies after today, {clock.today} in Asia/Shanghai.", (FieldProblem(_pointer(field), "in the future"),)
        )
    if day < _FIRST_MONEY_DAY or (_ages(data) and day < months_before(clock.today, KEPT_MONTHS)):
        return Rejected(
            RefusalReason.TOO_OLD,
            f"Facts older than {KEPT_MONTHS} months decide nothing any more and are not kept.",
            (FieldProblem(_pointer(field), "too long ago"),),
        )
    return None


def _pointer(field: str) -> str:
    return "/time" if field == "time" else f"/data/{field}"


def _ages(data: AnyFact) -> bool:
    """Whether it decides nothing any more once it is old. The register, people's words and their decisions stay true until the next."""
    return isinstance(data, IncomeReported | MedicalClaimSettled | SpendingReported | DisasterStruck | GuaranteeChecked | HouseholdGraded | AssetsChecked)


_DAY_FIELDS: Final[dict[type[AnyFact], str]] = {
    MedicalClaimSettled: "settled_on",
    SpendingReported: "spent_on",
    DisasterStruck: "struck_on",
    GuaranteeChecked: "checked_on",
    HouseholdGraded: "graded_on",
    AssetsChecked: "checked_on",
    AuthorisationGiven: "signed_on",
    AuthorisationRefused: "refused_on",
    CaseDecided: "decided_on",
    FindingExempted: "exempted_on",
    MeasureDelivered: "delivered_on",
    ReliefPaid: "paid_on",
}
"""Kinds that name the day on which they happened."""


def _day_of(envelope: CloudEvent, data: AnyFact) -> tuple[date, str]:
    """The day that decides which window the fact falls into, and the field that says so; the event's own time where no field does."""
    match data:
        case IncomeReported(earned_month=str(month)):
            return first_of(month), "earned_month"
        case FeedHeard():
            return first_of(data.through_month), "through_month"
        case _ if (field := _DAY_FIELDS.get(type(data))) is not None:
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


def _outside(caller: Caller, data: AnyFact, county: str | None) -> Rejected | None:
    """Whether the sender's remit does not reach the household's county, its village, or the area a feed speaks for."""
    named = {"/subject": county}
    if isinstance(data, FeedHeard | HouseholdRegistered):
        named["/data/area"] = data.area
    wrong = [field for field, area in named.items() if area is not None and caller.areas is not None and not area.startswith(caller.areas)]
    if not wrong:
        return None
    detail = f"{caller.agency} may send for these areas only: {', '.join(caller.areas or ()) or 'none'}."
    return Rejected(RefusalReason.AREA_NOT_ALLOWED, detail, tuple(FieldProblem(field, "outside the sender's areas") for field in wrong))


def _named(envelope: CloudEvent, data: AnyFact, caller: Caller, clock: Clock, secret: bytes) -> Accepted | Rejected:
    subject = _SUBJECT.fullmatch(envelope.subject or "")
    is_broadcast = isinstance(data, FeedHeard | DayOpened | PolicyAdopted)
    if not is_broadcast and subject is None:
        return Rejected(
            RefusalReason.BAD_SUBJECT,
            'The subject names the household: "<county, 6 digits>/<register number>".',
            (FieldProblem("/subject", "missing or of another form"),),
        )
    if isinstance(data, HouseholdRegistered) and envelope.subject != f"{data.authority}/{data.register_number}":
        return Rejected(
            RefusalReason.BAD_SUBJECT,
            "The subject and the register entry name different households.",
            (FieldProblem("/subject", "differs from /data/authority and /data/register_number"),),
        )
    if (outside := _outside(caller, data, None if is_broadcast or subject is None else subject[1])) is not None:
        return outside
    household = household_id(secret, subject[1], subject[2]) if subject is not None and not is_broadcast else None
    contact = None
    if isinstance(data, HouseholdRegistration):
        contact, data = data.contact, HouseholdRegistered.model_validate(data.model_dump(exclude={"contact"}))
    return Accepted(
        FactRecord(
            fact_id=fact_id(envelope.source, envelope.id),
            household_id=household,
            agency=caller.agency,
            source=envelope.source,
            id=envelope.id,
            time=envelope.time,
            recorded_time=clock.recorded,
            withdraws=withdrawn(envelope, data, fact_id),
            data=data,
        ),
        contact,
        None if subject is None or is_broadcast else subject[1],
    )
