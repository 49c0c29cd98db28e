"""Gathers a file's rows into items: one event each, or the reason why the rows give none. Pure, and the same on every reading of the file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from foothold_ingest.rules.judgement import FieldProblem, Rejected
from foothold_ingest.rules.mapping import Mapping, RowsAre
from foothold_ingest.rules.rows import Headers, Row, Values, event_of, household_key, unique_key, values_of
from foothold_ingest.rules.strict_json import JsonValue
from foothold_schemas.quarantine import RefusalReason

_GROUP: Final = 60
"""As many members as an entry may have; rows beyond are refused with it."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The row names the same record as an earlier one."""

    row: int


@dataclass(frozen=True, slots=True)
class Item:
    """Rows, and what they say. `problems` by row where single rows are at fault. `occurrence` makes the event's id the same on a retry."""

    rows: tuple[Row, ...]
    outcome: dict[str, JsonValue] | Rejected | Repeat
    problems: dict[int, Rejected] = field(default_factory=dict)
    occurrence: int = 0


@dataclass(slots=True)
class Gatherer:
    """One reading of a file. `scattered`: households whose rows do not stand together, known from a reading before."""

    headers: Headers
    mapping: Mapping
    agency: str
    as_of: datetime
    scattered: frozenset[tuple[str | bool, ...]] = frozenset()
    _seen: dict[bytes, int] = field(default_factory=dict)
    _said: dict[str, int] = field(default_factory=dict)
    _group: list[tuple[Row, Values, Rejected | None]] = field(default_factory=list)
    _key: tuple[str | bool, ...] | None = None

    def take(self, row: Row) -> Iterator[Item]:
        """What is complete now that this row has been read."""
        values, wrong = values_of(row, self.headers)
        if self.mapping.rows is RowsAre.EVENT:
            yield self._single(row, values, wrong)
            return
        key = household_key(values) or self._key
        if key != self._key:
            yield from self.rest()
            self._key = key
        self._group.append((row, values, wrong))

    def rest(self) -> Iterator[Item]:
        """What is complete when no further row of the household comes."""
        if self._group:
            group, self._group = self._group, []
            yield self._household(group)

    def _single(self, row: Row, values: Values, wrong: Rejected | None) -> Item:
        if wrong is not None:
            return Item((row,), wrong)
        key = unique_key(values, self.mapping)
        if key is not None and key in self._seen:
            return Item((row,), Repeat(self._seen[key]))
        if key is not None:
            self._seen[key] = row.number
        event = event_of([values], self.mapping, self.agency, self.as_of)
        if isinstance(event, Rejected) or "/id" in values:
            return Item((row,), event)
        name = str(event["id"])
        occurrence = self._said.get(name, 0)
        self._said[name] = occurrence + 1
        if occurrence:
            event = event_of([values], self.mapping, self.agency, self.as_of, occurrence)
        return Item((row,), event, occurrence=occurrence)

    def _household(self, group: list[tuple[Row, Values, Rejected | None]]) -> Item:
        rows = tuple(row for row, _, _ in group)
        if wrong := {row.number: problem for row, _, problem in group if problem is not None}:
            detail = f"Row {min(wrong)} of this household is not right, and a household is taken whole."
            return Item(rows, Rejected(next(iter(wrong.values())).reason, detail), wrong)
        if self._key is None:
            return Item(rows, Rejected(RefusalReason.INVALID_FIELD, "The row names no household."))
        if self._key in self.scattered:
            return Item(rows, Rejected(RefusalReason.INVALID_FIELD, "The rows of this household do not stand together; sort the file by household."))
        if len(rows) > _GROUP:
            return Item(rows, Rejected(RefusalReason.INVALID_FIELD, f"A household has at most {_GROUP} rows."))
        return Item(rows, event_of([values for _, values, _ in group], self.mapping, self.agency, self.as_of))


@dataclass(slots=True)
class Scatter:
    """Finds households whose rows do not stand together, which must be known before the first of them is taken."""

    headers: Headers
    found: set[tuple[str | bool, ...]] = field(default_factory=set)
    _seen: set[tuple[str | bool, ...]] = field(default_factory=set)
    _key: tuple[str | bool, ...] | None = None

    def take(self, row: Row) -> None:
        """Look at the next row."""
        key = household_key(values_of(row, self.headers)[0]) or self._key
        if key is not None and key != self._key:
            if key in self._seen:
                self.found.add(key)
            self._seen.add(key)
        self._key = key


def problem_at(item: Item, row: Row, refused: Rejected, mapping: Mapping) -> Rejected:
    """A refusal in the words of the file: fields of the event become headers, and a member's field stands in the member's row."""
    if row.number in item.problems:
        return item.problems[row.number]
    place = next(n for n, one in enumerate(item.rows) if one.number == row.number)
    headers = {column.to: column.headers[0] for column in mapping.columns}
    told: list[FieldProblem] = []
    for one in refused.fields:
        parts = one.field.split("/")
        if parts[:3] == ["", "data", "members"] and len(parts) > 4 and parts[3].isdigit():  # noqa: PLR2004 - /data/members/N/field
            if int(parts[3]) == place:
                told.append(FieldProblem(headers.get(f"/member/{parts[4]}", parts[4]), one.problem))
        else:
            told.append(FieldProblem(headers.get(one.field, _subject(one.field, headers)), one.problem))
    return Rejected(refused.reason, refused.detail.removesuffix(" See `fields`."), tuple(told))


def _subject(pointer: str, headers: dict[str, str]) -> str:
    """The subject is made of two columns."""
    return headers.get("/register_number", pointer) if pointer == "/subject" else pointer
