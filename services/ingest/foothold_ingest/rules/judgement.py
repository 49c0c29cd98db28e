"""The words of the door's judgement: who speaks, when, and what becomes of an event."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from foothold_ingest.rules.strict_json import JsonValue
from foothold_schemas.facts.directory import Contact
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import BroadcastFact, HouseholdFact
from foothold_schemas.wire.quarantine import RefusalReason

AnyFact = HouseholdFact | BroadcastFact


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field at fault, by JSON pointer, and what is wrong with it.

    Never carries the value: it may be personal.
    """

    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal: the reason, what to do about it, and the fields."""

    reason: RefusalReason
    detail: str
    fields: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A person whose number was sent.

    `number`: 18 characters, for the sealed table only; `is_derived`: made from a 15-digit one.
    """

    person_ref: str
    number: str
    is_derived: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that may enter the log.

    `record.household_id` None means it goes to every partition; the contact goes to the directory.

    `county`: six digits, of the household's authority; None where the fact is for everybody.
    `people`: those named by number.
    `traceparent`: the trace it came in, which goes with it beside the record. `warnings`: what was
    read otherwise than it was written, or can hardly be.
    `name`: what a row of a file is known by, where its data has no name of its own.
    """

    record: FactRecord
    contact: Contact | None = None
    county: str | None = None
    people: tuple[Person, ...] = ()
    traceparent: str = ""
    warnings: tuple[FieldProblem, ...] = ()
    name: bytes | None = None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An event that may enter the log once somebody knows the household of `person`, as of `day`.

    `record.household_id` is None.
    """

    record: FactRecord
    person: Person
    day: date
    warnings: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """An event that is right, about a person no register entry names yet, or two do.

    It waits, and is released by itself. `name`: as above.
    """

    record: FactRecord
    person_ref: str
    event: JsonValue
    warnings: tuple[FieldProblem, ...] = ()
    name: bytes | None = None


Judgement = Accepted | Held | Rejected


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person belongs: the household, and the six digits of its authority."""

    household_id: str
    county: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is speaking: proved by key or topic, never by the event.

    `kinds`, `areas` (2, 4 or 6 digits): what it may send; None: everything.
    """

    agency: str
    is_operator: bool
    kinds: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    is_disabled: bool = False


class Arrival(NamedTuple):
    """When Foothold first got an event, and where it stood in what it came in.

    The place is row, index, or partition and offset. None: now; in no order.
    """

    recorded: datetime | None = None
    place: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """The door's time.

    `now` and `today` bound what may have happened; `recorded` is when we learned of it, `place`
    where the event stood in what it came in.

    `now` differs from `recorded` where days are opened by hand and the open day is not the
    calendar's, and for an event that was held or set aside.
    """

    now: datetime
    today: date
    recorded: datetime
    place: tuple[int, ...] | None = None
