"""Gathers a file's rows into items: one event each, or the reason why the rows give none.

Pure, and the same on every reading of the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from foothold_ingest.rules.judgement import FieldProblem, Rejected
from foothold_ingest.rules.rows.footers import is_footer, is_total
from foothold_ingest.rules.rows.mapping import CellKind, Mapping, RowsAre
from foothold_ingest.rules.rows.rows import (
    Headers,
    Row,
    Values,
    content_key,
    event_of,
    household_key,
    unique_key,
    values_of,
    warnings_of,
)
from foothold_ingest.rules.statements import hashed
from foothold_ingest.rules.strict_json import JsonValue
from foothold_schemas.wire.quarantine import RefusalReason

_GROUP: Final = 60
"""As many members as an entry may have; a household with more rows is refused, all of it."""
FOOTER: Final = (
    "本行既无户也无人（合计、签字等），不是数据，不采用也不等待处理，不影响其他农户 the row names"
    " neither household nor person, as totals and signatures do: it is no data, nothing waits for"
    " it, and no household comes back with it"
)
SHOWN: Final = 5
"""Problems told of a row."""


Mapped = dict[int, tuple[FieldProblem, ...]]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The row names the same record as an earlier one."""

    row: int


@dataclass(frozen=True, slots=True)
class Footer:
    """The row is a total or a signature: nobody's, with nothing to mend or to try again."""


Unjudged = Repeat | Footer
"""Rows the door is not asked about."""


@dataclass(frozen=True, slots=True)
class Item:
    """Rows, and what they say. `problems` by row where single rows are at fault.

    `name`: what the row is known by, by its unique columns or by all it says. `occurrence` counts
    rows before it in the file that say the same.

    `warnings` by row: what was read otherwise than it is written.
    `is_part`: other rows of the same household stand elsewhere, so that these alone never make an
    entry.
    """

    rows: tuple[Row, ...]
    outcome: dict[str, JsonValue] | Rejected | Unjudged
    problems: dict[int, Rejected] = field(default_factory=dict)
    occurrence: int = 0
    is_part: bool = False
    warnings: Mapped = field(default_factory=dict)
    name: bytes | None = None


@dataclass(slots=True)
class Gatherer:
    """One reading of a file.

    `scattered`: households whose rows do not stand together, known from a reading before.
    """

    headers: Headers
    mapping: Mapping
    agency: str
    as_of: datetime
    upload: str
    scattered: frozenset[bytes] = frozenset()
    _seen: dict[bytes, int] = field(default_factory=dict)
    _occurrences: dict[bytes, int] = field(default_factory=dict)
    _group: list[tuple[Row, Values, Rejected | None]] = field(default_factory=list)
    _footers: list[Row] = field(default_factory=list)
    _key: bytes | None = None
    _is_overfull: bool = False

    def take(self, row: Row) -> Iterator[Item]:
        """What is complete now that this row has been read."""
        yield from map(self._with_warnings, self._take(row))

    def rest(self) -> Iterator[Item]:
        """What is complete when no further row comes."""
        yield from map(self._with_warnings, self._rest())

    def _with_warnings(self, item: Item) -> Item:
        warnings = {
            row.number: of_row for row in item.rows if (of_row := warnings_of(row, self.headers))
        }
        return replace(item, warnings=warnings) if warnings else item

    def _take(self, row: Row) -> Iterator[Item]:
        values, wrong = values_of(row, self.headers)
        if self.mapping.rows is RowsAre.EVENT:
            yield self._single(row, values, wrong)
            return
        if is_footer(row, self.headers):
            self._footers.append(row)
            if len(self._footers) > _GROUP or not self._group:
                yield from self._rest()
            return
        key = household_key(values) or self._key
        if key != self._key:
            yield from self._rest()
            self._key, self._is_overfull = key, False
        self._group.append((row, values, wrong))
        # more of the household may follow, however much: none of it makes an entry
        if len(self._group) > _GROUP:
            yield from self._rest()
            self._is_overfull = True

    def _rest(self) -> Iterator[Item]:
        """Yield what is complete when no further row of the household comes.

        It is the household, then what stood among its rows and names nobody.
        """
        if self._group:
            group, self._group = self._group, []
            yield self._household(group)
        footers, self._footers = self._footers, []
        for row in footers:
            yield Item((row,), Footer())

    def _single(self, row: Row, values: Values, wrong: Rejected | None) -> Item:
        if wrong is not None:
            return Item((row,), Footer() if is_total(row, self.headers) else wrong)
        key = unique_key(values, self.mapping)
        if key is not None and key in self._seen:
            return Item((row,), Repeat(self._seen[key]))
        if key is not None:
            self._seen[key] = row.number
        event = event_of(
            [values], self.mapping, self.agency, self.as_of, event_id(self.upload, row)
        )
        occurrence = 0
        if key is None:
            content = content_key(values)
            occurrence = self._occurrences.get(content, 0)
            self._occurrences[content] = occurrence + 1
        name = row_name(values, self.mapping, self.agency, occurrence, self.as_of)
        return Item((row,), event, occurrence=occurrence, name=name)

    def _household(self, group: list[tuple[Row, Values, Rejected | None]]) -> Item:
        rows = tuple(row for row, _, _ in group)
        refused = self._refused(len(rows))
        wrong = {row.number: problem for row, _, problem in group if problem is not None}
        if wrong and refused is None:
            detail = (
                f"Row {min(wrong)} of this household is not right, and a household is taken whole."
            )
            return Item(rows, Rejected(next(iter(wrong.values())).reason, detail), wrong)
        if refused is not None:
            return Item(rows, refused, wrong, is_part=True)
        return Item(
            rows,
            event_of(
                [values for _, values, _ in group],
                self.mapping,
                self.agency,
                self.as_of,
                event_id(self.upload, rows[0]),
            ),
        )

    def _refused(self, many: int) -> Rejected | None:
        """Why these rows make no entry, whatever stands in them."""
        if self._key is None:
            return Rejected(RefusalReason.INVALID_FIELD, "The row names no household.")
        if self._key in self.scattered:
            return Rejected(
                RefusalReason.INVALID_FIELD,
                "The rows of this household do not stand together; sort the file by household.",
            )
        if self._is_overfull or many > _GROUP:
            return Rejected(RefusalReason.INVALID_FIELD, f"A household has at most {_GROUP} rows.")
        return None


@dataclass(slots=True)
class Scatter:
    """Finds households whose rows do not stand together.

    This must be known before the first of them is taken.
    """

    headers: Headers
    scattered: set[bytes] = field(default_factory=set)
    _seen: set[bytes] = field(default_factory=set)
    _key: bytes | None = None
    _footers: int = 0

    def take(self, row: Row) -> None:
        """Look at the next row.

        A few rows between that name nobody part no household; more than the gatherer waits for do.
        """
        if is_footer(row, self.headers):
            self._footers += 1
            return
        key = household_key(values_of(row, self.headers)[0]) or self._key
        if key is not None and (key in self._seen if key != self._key else self._footers > _GROUP):
            self.scattered.add(key)
        if key is not None and key != self._key:
            self._seen.add(key)
            self._footers = 0
        self._key = key


def event_id(upload: str, row: Row) -> str:
    """Return the id of a row's event, or of a household's by its first row.

    It is the same however often the file is worked through, and another in every file.
    """
    return f"row-{upload}-{row.number}"


def row_name(
    values: Values, mapping: Mapping, agency: str, occurrence: int, as_of: datetime
) -> bytes:
    """Return what a row is known by from one file to the next.

    It is its unique columns, or all it says and how many rows before it say the same.

    A row that names neither day nor month speaks of the day of its file, so that the same words a
    month later are another statement.
    """
    if (key := unique_key(values, mapping)) is not None:
        return hashed(agency, "row", mapping.kind, "unique", key.hex())
    is_dated = any(
        column.kind in (CellKind.DAY, CellKind.MONTH) and column.to in values
        for column in mapping.columns
    )
    spoken_of = "" if is_dated else as_of.date().isoformat()
    return hashed(
        agency,
        "row",
        mapping.kind,
        "content",
        content_key(values).hex(),
        str(occurrence),
        spoken_of,
    )


def problems_of(item: Item, refused: Rejected, mapping: Mapping) -> list[Rejected]:
    """Return a refusal in the words of the file, for each of the item's rows.

    Fields become headers, and a member's field stands in the member's row.
    """
    headers = {column.to: column.headers[0] for column in mapping.columns}
    shared: list[FieldProblem] = []
    own: dict[int, list[FieldProblem]] = {}
    for problem in refused.fields:
        parts = problem.field.split("/")
        if parts[:3] == ["", "data", "members"] and len(parts) > 4 and parts[3].isdigit():  # noqa: PLR2004 - /data/members/N/field
            own.setdefault(int(parts[3]), []).append(
                FieldProblem(headers.get(f"/member/{parts[4]}", parts[4]), problem.problem)
            )
        else:
            shared.append(
                FieldProblem(
                    headers.get(problem.field, _subject(problem.field, headers)), problem.problem
                )
            )
    detail = refused.detail.removesuffix(" See `fields`.")
    everybody = tuple(shared[:SHOWN])  # as many as are told of a row
    return [
        item.problems.get(row.number)
        or Rejected(refused.reason, detail, (*own.get(place, ()), *everybody))
        for place, row in enumerate(item.rows)
    ]


def _subject(pointer: str, headers: dict[str, str]) -> str:
    """The subject is made of two columns."""
    return headers.get("/register_number", pointer) if pointer == "/subject" else pointer
