"""Decides whether an event may enter the log, and what it is called there.

Pure: clock, caller, secret and table of regions are arguments.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, NamedTuple

from pydantic import ValidationError

from foothold_ingest.rules.corrections import problem_of, withdrawn
from foothold_ingest.rules.forever import without_forever
from foothold_ingest.rules.implausible import implausible
from foothold_ingest.rules.judgement import (
    Accepted,
    AnyFact,
    Caller,
    Clock,
    FieldProblem,
    Person,
    Place,
    Rejected,
    Unplaced,
)
from foothold_ingest.rules.media_types import problem_of_data
from foothold_ingest.rules.names import repeatable
from foothold_ingest.rules.people.people import Pseudonyms, Sent
from foothold_ingest.rules.regions import Regions
from foothold_ingest.rules.strict_json import JsonValue
from foothold_ingest.rules.times import SHANGHAI, day_of, wrong_time
from foothold_ingest.rules.unseen import Seen
from foothold_ingest.rules.words import in_words
from foothold_schemas.facts.envelope import (
    TYPE_PREFIX,
    TYPE_SUFFIX,
    CloudEvent,
    FactRecord,
    event_type,
)
from foothold_schemas.facts.facts import AreaStruck, BroadcastFact, FactsRetracted, FeedHeard
from foothold_schemas.facts.register import HouseholdRegistered
from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS, HouseholdRegistration
from foothold_schemas.wire.quarantine import RefusalReason

_KNOWN: Final = frozenset(CloudEvent.model_fields)
_KINDS: Final[dict[str, type[Sent]]] = {**AGENCY_KINDS, **OPERATOR_KINDS}
_KIND_OF_TYPE: Final = {event_type(kind): kind for kind in _KINDS}
UNKNOWN_KIND: Final = "unknown"
_ATTRIBUTE: Final = re.compile(r"[a-z0-9]{1,40}")
_FIELDS: Final = 20
"""So many fields at fault are named; who sends more has one mistake everywhere."""
_SUBJECT: Final = re.compile(r"([0-9]{6})/([A-Za-z0-9-]{1,32})")


@dataclass(frozen=True, slots=True)
class Deployment:
    """The settings that differ from one county's Foothold to the next.

    They are the key of its hashes, and the codes it knows.
    """

    secret: bytes
    regions: Regions


def fact_id(source: str, event_id: str) -> str:
    """32 hex digits for a CloudEvent's identity, its source and id."""
    return hashlib.blake2b(f"{source}\n{event_id}".encode(), digest_size=16).hexdigest()


def household_id(secret: bytes, authority: str, register_number: str) -> str:
    """32 hex digits nobody can reproduce without the deployment's secret."""
    return hmac.digest(secret, f"{authority}/{register_number}".encode(), "sha256").hex()[:32]


def accept(
    event: Mapping[str, object], caller: Caller, clock: Clock, deployment: Deployment
) -> Accepted | Unplaced | Rejected:
    """Judge one event, already strict JSON.

    It judges its envelope, whether the caller may say this, its data, its people, its time, its
    household.
    """
    try:
        envelope = CloudEvent.model_validate(event)
    except ValidationError as error:
        return _invalid(
            error, RefusalReason.INVALID_ENVELOPE, "", "The CloudEvents envelope is not right."
        )
    kind = envelope.type.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)
    if (
        refusal := _other_media(envelope)
        or _odd_attribute(event)
        or _not_allowed(envelope, kind, caller)
    ) is not None:
        return refusal
    pseudonyms = Pseudonyms(deployment.secret, clock.today)
    seen = Seen()
    content, warnings = without_forever(kind, seen.data(envelope.data))
    try:
        sent = _KINDS[kind].model_validate(content, extra="forbid")
        data = pseudonyms.of(sent)
    except ValidationError as error:
        return _invalid(
            error, RefusalReason.INVALID_FIELD, "/data", f"The data of {kind} is not right."
        )
    if (problem := problem_of(envelope, data)) is not None:
        return Rejected(
            RefusalReason.INVALID_FIELD,
            "What the event corrects is not right.",
            (FieldProblem(_corrects(data), problem),),
        )
    if (
        refused := seen.refusal
        or pseudonyms.refusal()
        or wrong_time(envelope, data, clock)
        or _wrong_household(envelope, data, clock, caller, deployment)
    ) is not None:
        return refused
    read = _Read(envelope, sent, data, tuple(pseudonyms.people.values()))
    named = _named(read, caller, clock, deployment.secret)
    odd = implausible(data, envelope.time.astimezone(SHANGHAI).date(), clock.today)
    warnings = (*seen.warnings, *warnings, *odd[:_FIELDS])
    return (
        named if isinstance(named, Rejected) or not warnings else replace(named, warnings=warnings)
    )


def place(unplaced: Unplaced, placed: Place, caller: Caller) -> Accepted | Rejected:
    """The event in the household of its person, if the caller may send for it."""
    if (outside := _outside(caller, {"/data/resident_number": placed.county})) is not None:
        return outside
    # a third of what model_copy takes
    record = FactRecord(**{**unplaced.record.__dict__, "household_id": placed.household_id})
    return Accepted(
        record, county=placed.county, people=(unplaced.person,), warnings=unplaced.warnings
    )


def _corrects(data: AnyFact) -> str:
    return "/data/events" if isinstance(data, FactsRetracted) else "/amends"


def _other_media(envelope: CloudEvent) -> Rejected | None:
    other = problem_of_data(envelope.datacontenttype)
    return (
        None
        if other is None
        else Rejected(
            RefusalReason.MEDIA_TYPE, f"{other}.", (FieldProblem("/datacontenttype", other),)
        )
    )


def _odd_attribute(event: Mapping[str, object]) -> Rejected | None:
    odd = next(
        (name for name in event if name not in _KNOWN and not _ATTRIBUTE.fullmatch(name)), None
    )
    if odd is None:
        return None
    detail = (
        "CloudEvents attribute names are lower-case letters and digits; what the event says stands"
        " in `data`."
    )
    return Rejected(
        RefusalReason.INVALID_ENVELOPE,
        detail,
        (FieldProblem(f"/{repeatable(odd)}", "not an attribute name"),),
    )


def kind_of(event: JsonValue) -> str:
    """Return the kind an event calls itself.

    It is one of the known ones, or `unknown`, whatever the sender wrote.
    """
    named = event.get("type") if isinstance(event, dict) else None
    return _KIND_OF_TYPE.get(named, UNKNOWN_KIND) if isinstance(named, str) else UNKNOWN_KIND


def _not_allowed(envelope: CloudEvent, kind: str, caller: Caller) -> Rejected | None:
    allowed_kinds = OPERATOR_KINDS if caller.is_operator else AGENCY_KINDS
    if envelope.type != event_type(kind) or kind not in _KINDS:
        known = ", ".join(event_type(name) for name in allowed_kinds)
        return Rejected(
            RefusalReason.UNKNOWN_KIND,
            f"This type is not known. Known: {known}.",
            (FieldProblem("/type", "unknown"),),
        )
    if caller.is_disabled:
        return Rejected(
            RefusalReason.AGENCY_DISABLED,
            f"{caller.agency} is disabled here. Ask the county's operators; what was sent is kept.",
        )
    allowed = (
        allowed_kinds
        if caller.kinds is None
        else [name for name in allowed_kinds if name in caller.kinds]
    )
    if kind not in allowed:
        detail = (
            f"{caller.agency} may not send {kind}. It may send: {', '.join(allowed) or 'nothing'}."
        )
        return Rejected(
            RefusalReason.KIND_NOT_ALLOWED,
            detail,
            (FieldProblem("/type", "not allowed for this sender"),),
        )
    if not f"{envelope.source}/".startswith(f"/agencies/{caller.agency}/"):
        detail = f"This key speaks for /agencies/{caller.agency} only."
        return Rejected(
            RefusalReason.FOREIGN_SOURCE,
            detail,
            (FieldProblem("/source", "belongs to another agency"),),
        )
    return None


def _invalid(error: ValidationError, reason: RefusalReason, prefix: str, detail: str) -> Rejected:
    """The first fields at fault; a field the data does not know says more than any other."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    if prefix and any(e["type"] == "extra_forbidden" for e in errors):
        reason = RefusalReason.UNKNOWN_FIELD
    fields = tuple(
        FieldProblem(
            prefix + "".join(f"/{repeatable(part)}" for part in e["loc"]), _say(e["type"], e["msg"])
        )
        for e in islice(errors, _FIELDS)
    )
    return Rejected(reason, f"{detail} See `fields`.", fields)


def _say(kind: str, message: str) -> str:
    match kind:
        case "extra_forbidden":
            return "this field is not known here; remove it or correct its name"
        case "missing":
            return "this field is required"
        case "string_pattern_mismatch":
            return in_words(message)
        case _:
            return message.removeprefix("Value error, ")


def _outside(caller: Caller, named: Mapping[str, str | None]) -> Rejected | None:
    """Whether the sender's remit does not reach one of the areas, by the field that names it."""
    wrong = [
        field
        for field, area in named.items()
        if area is not None and caller.areas is not None and not area.startswith(caller.areas)
    ]
    if not wrong:
        return None
    detail = (
        f"{caller.agency} may send for these areas only: {', '.join(caller.areas or ()) or 'none'}."
    )
    return Rejected(
        RefusalReason.AREA_NOT_ALLOWED,
        detail,
        tuple(FieldProblem(field, "outside the sender's areas") for field in wrong),
    )


def _is_for_all(data: AnyFact) -> bool:
    return isinstance(data, BroadcastFact)


def _wrong_household(
    envelope: CloudEvent, data: AnyFact, clock: Clock, caller: Caller, deployment: Deployment
) -> Rejected | None:
    """Whether subject and areas cannot be right, or are not the sender's."""
    subject = None if _is_for_all(data) else _SUBJECT.fullmatch(envelope.subject or "")
    if envelope.subject is not None and subject is None and not _is_for_all(data):
        detail = 'The subject names the household: "<county, 6 digits>/<register number>".'
        return Rejected(
            RefusalReason.BAD_SUBJECT, detail, (FieldProblem("/subject", "of another form"),)
        )
    if (
        isinstance(data, HouseholdRegistered)
        and envelope.subject != f"{data.authority}/{data.register_number}"
    ):
        detail = "The subject and the register entry name different households."
        return Rejected(
            RefusalReason.BAD_SUBJECT,
            detail,
            (FieldProblem("/subject", "differs from /data/authority and /data/register_number"),),
        )
    county = None if subject is None else subject[1]
    area = data.area if isinstance(data, FeedHeard | AreaStruck | HouseholdRegistered) else None
    residence = data.residence if isinstance(data, HouseholdRegistered) else None
    happened = envelope.time.astimezone(SHANGHAI).date()
    problems = {
        "/subject": None if county is None else deployment.regions.problem_by(county, clock.today),
        "/data/area": None if area is None else deployment.regions.problem_on(area, happened),
        "/data/residence": (
            None if residence is None else deployment.regions.problem_on(residence, happened)
        ),
    }
    if wrong := tuple(
        FieldProblem(field, problem) for field, problem in problems.items() if problem is not None
    ):
        detail = (
            "A county code is not known here. If it is right, ask the county's operators to add it:"
            " 'foothold-ingest region add'."
        )
        return Rejected(RefusalReason.UNKNOWN_AREA, detail, wrong)
    return _outside(caller, {"/subject": county, "/data/area": area})


class _Read(NamedTuple):
    """An event that is right in itself: as it was sent, and with pseudonyms for its people."""

    envelope: CloudEvent
    sent: Sent
    data: AnyFact
    people: tuple[Person, ...]


def _named(
    read: _Read, caller: Caller, clock: Clock, secret: bytes
) -> Accepted | Unplaced | Rejected:
    envelope, sent, data, people = read
    subject = None if _is_for_all(data) else _SUBJECT.fullmatch(envelope.subject or "")
    record = FactRecord(
        fact_id=fact_id(envelope.source, envelope.id),
        household_id=None if subject is None else household_id(secret, subject[1], subject[2]),
        agency=caller.agency,
        source=envelope.source,
        id=envelope.id,
        time=envelope.time,
        recorded_time=clock.recorded,
        withdraws=withdrawn(envelope, data, fact_id),
        place=clock.place,
        data=data,
    )
    if subject is not None or _is_for_all(data):
        contact = sent.contact if isinstance(sent, HouseholdRegistration) else None
        return Accepted(record, contact, None if subject is None else subject[1], people)
    if not people:
        detail = (
            'The subject names the household: "<county, 6 digits>/<register number>"; without it,'
            " data names a person by resident_number."
        )
        return Rejected(RefusalReason.BAD_SUBJECT, detail, (FieldProblem("/subject", "missing"),))
    return Unplaced(record, people[0], day_of(envelope, data)[0])
