"""Rows of a file become events, by the agency's mapping.

Pure: the same file gives the same events with the same ids, however often it is sent.
"""

import hashlib
import json
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from foothold_ingest.rules.judgement import FieldProblem, Rejected
from foothold_ingest.rules.rows.cells import Cell, WrongCell, unmarked, value_of
from foothold_ingest.rules.rows.mapping import (
    ERROR_HEADER,
    SUBJECT,
    Column,
    Mapping,
    RowsAre,
    plain,
)
from foothold_ingest.rules.strict_json import JsonValue
from foothold_ingest.rules.unseen import TAKEN_OFF
from foothold_schemas.characters import trimmed
from foothold_schemas.facts.envelope import event_type
from foothold_schemas.wire.quarantine import RefusalReason

_WHOSE: Final = frozenset({*SUBJECT, "/data/resident_number"})
_CELL: Final = 8
"""What a cell takes beside its text."""
Values = dict[str, str | bool]


class WrongHeaders(ValueError):  # noqa: N818 - an answer
    """The file as a whole cannot be read by this mapping; the message names the headers."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in the file. `number`: as spreadsheets count, the headers being row 1."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def size(self) -> int:
        """About how many bytes its cells take."""
        return sum(
            _CELL + (len(cell) * (1 if cell.isascii() else 3) if isinstance(cell, str) else 0)
            for cell in self.cells
        )

    def cut(self, size: int) -> "Row":
        """Its beginning, of at most so many bytes of text; the other cells are empty."""
        cells: list[Cell] = []
        for cell in self.cells:
            text = cell[: size // 3] if isinstance(cell, str) and len(cell) * 3 > size else cell
            size -= min(size, _CELL + 3 * len(text) if isinstance(text, str) else _CELL)
            cells.append(text or None)
        return Row(self.number, tuple(cells))


@dataclass(frozen=True, slots=True)
class Headers:
    """The mapping's column for each column of the file; None: known and not used.

    `is_ours`: rows we sent back, in which formulas bear a mark.
    """

    columns: tuple[Column | None, ...]
    is_ours: bool = False

    @classmethod
    def of(cls, names: Sequence[Cell], mapping: Mapping) -> "Headers":
        """Match a file's first row; raise WrongHeaders."""
        texts = ["" if name is None else str(name) for name in names]
        while texts and not texts[-1].strip():
            texts.pop()
        columns = tuple(mapping.column(text) for text in texts)
        unknown = [
            text
            for text, column in zip(texts, columns, strict=True)
            if column is None and not mapping.ignores(text)
        ]
        if unknown:
            named = ", ".join(_shown(text) or "（无标题 no header）" for text in unknown[:10])
            raise WrongHeaders(
                f"不认识这些列 these columns are not known to {mapping.name}:"
                f" {named}。{_expected(mapping)}"
            )
        targets = [column.to for column in columns if column is not None]
        if twice := sorted(
            {
                column.headers[0]
                for column in columns
                if column is not None and targets.count(column.to) > 1
            }
        ):
            raise WrongHeaders(
                "这些列出现了两次 these columns stand there twice:"
                f" {', '.join(twice)}。{_expected(mapping)}"
            )
        if missing := [
            column.headers[0]
            for column in mapping.columns
            if column.required and column.to not in targets
        ]:
            raise WrongHeaders(
                f"缺少这些列 these columns are missing: {', '.join(missing)}。{_expected(mapping)}"
            )
        return cls(columns, any(plain(text) == plain(ERROR_HEADER) for text in texts))


def _expected(mapping: Mapping) -> str:
    """The columns a file may have, those marked * must be there, and where the template is."""
    columns = ", ".join(
        f"{column.headers[0]}{'*' if column.required else ''}" for column in mapping.columns
    )
    return (
        f"应有的列（* 必填） columns it may have (* needed): {columns}。模板 template: GET"
        f" /v1/mappings/{mapping.name}/template"
    )


def fits(names: Sequence[Cell], mapping: Mapping) -> bool:
    """Whether these are headers of the mapping's."""
    try:
        Headers.of(names, mapping)
    except WrongHeaders:
        return False
    return True


def _shown(header: str) -> str:
    """A header as it may be repeated: short, and nothing in it that cannot be seen."""
    return "".join(c if c.isprintable() else "?" for c in header[:40])


def values_of(row: Row, headers: Headers) -> tuple[Values, Rejected | None]:
    """The row's values by target, and what is wrong with its other cells.

    A problem's field is the column's header.
    """
    values: Values = {}
    wrong: list[tuple[WrongCell, str]] = []
    for column, cell in zip(
        headers.columns, (*row.cells, *[None] * len(headers.columns)), strict=False
    ):
        if column is None:
            continue
        try:
            value = value_of(unmarked(cell) if headers.is_ours else cell, column)
        except WrongCell as error:
            wrong.append((error, column.headers[0]))
        else:
            if value is not None:
                values[column.to] = value
    beyond = [cell for cell in row.cells[len(headers.columns) :] if cell not in (None, "")]
    if beyond:
        wrong.append(
            (
                WrongCell(
                    RefusalReason.INVALID_FIELD,
                    "there are more cells than headers: a separator inside a cell needs quotes"
                    " around it",
                ),
                "",
            )
        )
    if not wrong:
        return values, None
    reasons = [error.reason for error, _ in wrong]
    reason = RefusalReason.DAMAGED_NUMBER if RefusalReason.DAMAGED_NUMBER in reasons else reasons[0]
    return values, Rejected(
        reason,
        "Cells of this row are not right.",
        tuple(FieldProblem(header, str(error)) for error, header in wrong),
    )


def is_empty(row: Row) -> bool:
    """Whether nothing stands in the row."""
    return all(
        cell is None or (isinstance(cell, str) and not trimmed(cell).strip()) for cell in row.cells
    )


def warnings_of(row: Row, headers: Headers) -> tuple[FieldProblem, ...]:
    """What is read of the row otherwise than it is written, by header."""
    cells = zip(headers.columns, row.cells, strict=False)
    return tuple(
        FieldProblem(column.headers[0], TAKEN_OFF)
        for column, cell in cells
        if column is not None
        and isinstance(cell, str)
        and not cell.isprintable()
        and trimmed(cell) != cell
    )


def household_key(values: Values) -> bytes | None:
    """Which household a member's row belongs to, in few bytes.

    None where the row does not say, as in the lower rows of merged cells.
    """
    return _hash([values[to] for to in SUBJECT]) if all(to in values for to in SUBJECT) else None


def unique_key(values: Dict[str, str | bool], mapping: Mapping) -> bytes | None:
    """What a second row may not repeat.

    None where the mapping names nothing, or the row leaves it empty. Whose it is may be left empty.
    """
    parts = [values.get(to) for to in mapping.unique]
    is_named = bool(parts) and all(
        values.get(to) is not None for to in mapping.unique if to not in _WHOSE
    )
    return _hash(parts)[:8] if is_named else None


def content_key(values: Dict[str, str | bool]) -> bytes:
    """What a row without a name is known by: all it says."""
    return _hash(sorted(values.items()))[:8]


def event_of(
    rows: Sequence[Values], mapping: Mapping, agency: str, as_of: datetime, name: str
) -> dict[str, JsonValue] | Rejected:
    """The event of one row, or of the rows of one household.

    `name` is the event's id where the row has none of its own: the upload and the row. `as_of` is
    when the file's snapshot was taken, or when it was sent: the event's time, where no column says
    it. The day a row speaks of decides its month and window only, so that a correction counts
    whatever day it moves a bill to.
    """
    first: Values = {**mapping.fixed, **rows[0]}
    if (differing := _differing(rows, mapping)) is not None:
        return differing
    data: dict[str, JsonValue] = {}
    for to, value in first.items():
        if to.startswith("/data/"):
            _set(data, to.split("/")[2:], value)
    if mapping.rows is RowsAre.MEMBER:
        data["members"] = [
            {
                to.removeprefix("/member/"): value
                for to, value in row.items()
                if to.startswith("/member/")
            }
            for row in rows
        ]
    if mapping.kind == "HouseholdRegistered":
        data |= {
            "authority": first.get("/county"),
            "register_number": first.get("/register_number"),
        }
    day = first.get("/time")
    event: dict[str, JsonValue] = {
        "specversion": "1.0",
        "id": str(first.get("/id") or name),
        "source": f"/agencies/{agency}/files/{mapping.name}",
        "type": event_type(mapping.kind),
        "time": as_of.isoformat() if day is None else f"{day}T00:00:00+08:00",
        "data": data,
    }
    if all(to in first for to in SUBJECT):
        event["subject"] = f"{first['/county']}/{first['/register_number']}"
    return event


def _differing(rows: Sequence[Values], mapping: Mapping) -> Rejected | None:
    """Rows of one household must agree on what is the household's."""
    if len(rows) == 1:
        return None
    shared = [
        {to: value for to, value in row.items() if not to.startswith("/member/")} for row in rows
    ]
    odd = sorted(
        {
            to
            for row in shared
            for to in row.keys() | shared[0].keys()
            if row.get(to) != shared[0].get(to)
        }
    )
    if not odd:
        return None
    headers = {column.to: column.headers[0] for column in mapping.columns}
    problems = tuple(
        FieldProblem(headers.get(to, to), "the rows of one household say different things")
        for to in odd
    )
    return Rejected(
        RefusalReason.INVALID_FIELD, "The rows of this household do not agree.", problems
    )


def _set(data: dict[str, JsonValue], path: Sequence[str], value: JsonValue) -> None:
    *groups, last = path
    for group in groups:
        inner = data.setdefault(group, {})
        if not isinstance(inner, dict):
            raise TypeError(f"{group} is a value and a group at once")
        data = inner
    data[last] = value


def _hash(value: object) -> bytes:
    return hashlib.blake2b(
        json.dumps(value, sort_keys=True, ensure_ascii=False).encode(), digest_size=16
    ).digest()
