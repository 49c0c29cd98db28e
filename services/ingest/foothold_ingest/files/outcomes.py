"""What becomes of a file's rows: as the store keeps it, and in words."""

from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from foothold_ingest.rules.judgement import Accepted, Held, Judgement, Rejected
from foothold_ingest.rules.rows.cells import cell_of, kept
from foothold_ingest.rules.rows.items import SHOWN, Footer, Item, Repeat, Unjudged, problems_of
from foothold_ingest.rules.rows.mapping import Mapping
from foothold_ingest.rules.rows.row_words import in_both
from foothold_ingest.rules.rows.rows import Row
from foothold_ingest.rules.statements import Difference
from foothold_schemas.wire.quarantine import RefusalReason


class Problem(NamedTuple):
    """A row that was not taken."""

    row: Row
    reason: str
    detail: str


class Warned(NamedTuple):
    """A row that was taken, and what of it was read otherwise than it was written."""

    row: int
    detail: str


class Aside(NamedTuple):
    """Rows for the quarantine, with what makes their event again.

    Those that are a part of a household never do.
    """

    rows: tuple[Row, ...]
    occurrence: int
    reason: str
    detail: str
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch of rows came to."""

    rows_done: int
    share: float
    counts: dict[str, int]
    problems: Sequence[Problem]
    asides: Sequence[Aside]
    warnings: Sequence[Warned] = ()
    changes: Lookup[int, Sequence[Difference]] = field(default_factory=dict)


def as_json(row: Row) -> list[object]:
    """A row as it is kept: its number, then its cells."""
    return [row.number, [kept(cell) for cell in row.cells]]


def from_json(stored: Sequence[Any]) -> Row:
    """The row that was kept."""
    number, cells = stored
    return Row(number, tuple(cell_of(cell) for cell in cells))


def warnings_of(item: Item, judged: Judgement | Unjudged, mapping: Mapping) -> list[Warned]:
    """What of the item's rows was read otherwise than written, by the headers of the file."""
    if not isinstance(judged, Accepted | Held) or not (judged.warnings or item.warnings):
        return []
    by_row = problems_of(item, Rejected(RefusalReason.INVALID_FIELD, "", judged.warnings), mapping)
    both = [
        replace(warning, fields=(*item.warnings.get(row.number, ()), *warning.fields))
        for row, warning in zip(item.rows, by_row, strict=True)
    ]
    return [
        Warned(row.number, words(warning))
        for row, warning in zip(item.rows, both, strict=True)
        if warning.fields
    ]


def words(refused: Rejected) -> str:
    """What is wrong with a row, Chinese first: the fields by their headers, or the whole."""
    problems = ((f.field, in_both(f.problem, refused.reason)) for f in refused.fields[:SHOWN])
    named = "; ".join(f"{field}: {problem}" if field else problem for field, problem in problems)
    return named or in_both(refused.detail, refused.reason)


def name_of(judgement: Judgement | Unjudged) -> str:
    """The count it goes into."""
    match judgement:
        case Accepted():
            return "accepted"
        case Held():
            return "held"
        case Repeat():
            return "repeated"
        case Footer():
            return "footers"
        case Rejected():
            return "refused"
