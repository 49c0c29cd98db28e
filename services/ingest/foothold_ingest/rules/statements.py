"""What a statement is called, which of its versions counts, and in what two of them differ.

Pure.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from foothold_ingest.rules.judgement import FieldProblem
from foothold_schemas.facts.checks import SpendingReported
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import IncomeReported, MedicalClaimSettled
from foothold_schemas.values import Sentence

Content = dict[str, object]
"""The data of a fact as JSON, without its kind."""
VersionKey = tuple[datetime, datetime, tuple[int, ...], str]
MOST_DIFFERENCES: Final = 8
"""So many of a row are shown."""
_NUMBER: Final = "/data/resident_number"


class Compared(StrEnum):
    """A statement beside the version of it that counts at this moment."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class Standing:
    """The version that counts. `household_id` None: it waits until somebody knows its person."""

    name: bytes
    fact_id: str
    event_id: str
    source: str
    household_id: str | None
    key: VersionKey
    content: Content


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is another than in the version that counted, by the header of the file.

    Empty: nothing stood there.
    """

    column: str
    before: str
    after: str


def name_of(record: FactRecord) -> bytes | None:
    """What the statement is called by its sender, whichever door it comes through.

    None: it has no name beyond its household.

    A bill: its claim number. An income, a spending: its statement number, of one person.
    """
    match record.data:
        case MedicalClaimSettled(claim_number=number):
            return hashed(record.agency, "bill", number)
        case IncomeReported(statement_number=str(number), person_ref=str(person)):
            return hashed(record.agency, "income", person, number)
        case SpendingReported(statement_number=str(number), person_ref=str(person)):
            return hashed(record.agency, "spending", person, number)
        case _:
            return None


def hashed(*parts: str) -> bytes:
    """A name in few bytes, which nobody reads back."""
    return hashlib.blake2b(json.dumps(parts, ensure_ascii=False).encode(), digest_size=16).digest()


def content_of(record: FactRecord) -> Content:
    """What it says. When it was said is no part of it."""
    return record.data.model_dump(mode="json", exclude={"kind"})


def compared(record: FactRecord, standing: Standing | None) -> Compared:
    """What the record is beside the version that counts.

    One that waits for its person says the same wherever it will belong.
    """
    if standing is None or standing.fact_id == record.fact_id:
        return Compared.NEW
    is_elsewhere = (
        None not in (standing.household_id, record.household_id)
        and standing.household_id != record.household_id
    )
    if not is_elsewhere and standing.content == content_of(record):
        return Compared.SAME
    return Compared.OLDER if record.version_key < standing.key else Compared.CHANGED


def differences(
    record: FactRecord, standing: Standing, headers: Mapping[str, str]
) -> list[Difference]:
    """In what the record differs from the version that counted.

    `headers`: target of a column → its header. A person's number is never shown.
    """
    before, after = dict(_flat(standing.content)), dict(_flat(content_of(record)))
    changed = [
        Difference(
            headers.get(path, path.rsplit("/", 1)[1]), before.get(path, ""), after.get(path, "")
        )
        for path in dict.fromkeys((*before, *after))
        if before.get(path, "") != after.get(path, "") and path != "/data/person_ref"
    ]
    if before.get("/data/person_ref") != after.get("/data/person_ref"):
        changed.insert(0, Difference(headers.get(_NUMBER, "person"), "", _OTHER_PERSON))
    if (
        None not in (standing.household_id, record.household_id)
        and standing.household_id != record.household_id
    ):
        changed.insert(
            0, Difference(headers.get("/register_number", "household"), "", _OTHER_HOUSEHOLD)
        )
    return changed[:MOST_DIFFERENCES]


_OTHER_PERSON: Final = "另一人 another person"
_OTHER_HOUSEHOLD: Final = "另一户 another household"
OLDER_THAN_COUNTS: Final = Sentence(
    zh="已有更晚的版本，本行未采用；如以本行为准，请不带 as_of 重新报送",
    en=(
        "a later version counts, so this row was not taken; if this row is right, send it without"
        " as_of"
    ),
)


def older_warning() -> FieldProblem:
    """Told of a row whose file is older than what counts."""
    return FieldProblem("", f"{OLDER_THAN_COUNTS.zh} {OLDER_THAN_COUNTS.en}")


def _flat(value: Mapping[str, object], path: str = "/data") -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{path}/{name}")
        elif inner not in (None, "", [], ()):
            yield (
                f"{path}/{name}",
                (json.dumps(inner, ensure_ascii=False) if not isinstance(inner, str) else inner),
            )
