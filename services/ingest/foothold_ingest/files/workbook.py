"""The cells of a workbook, and what it only seems to hold.

A formula whose value no program has stored is no value.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import IO, Any, Final
from xml.etree.ElementTree import Element
from xml.parsers import expat

from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from foothold_ingest.files.row import MAX_CELL, MAX_COLUMNS, CellOut, Refused
from foothold_ingest.rules.rows.unread import ERROR_TEXT, FORMULA_TEXT, is_unread

MAX_SHEETS: Final = 50
"""So many sheets are looked at; further ones are named."""
MAX_HEADER: Final = 200
LOOKED_AT: Final = 100
SHOWN: Final = 20
_AREAS: Final = ("array", "dataTable")
"""Formulas whose values stand in more cells than their own."""


class Book:
    """An open workbook. `hidden`: what is not shown among the rows that were read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._is_uncalculated = _asks_to_calculate(file)
        file.seek(0)
        self._sheets: list[Any] = load_workbook(
            file, read_only=True, data_only=True, keep_links=False
        ).worksheets
        self.hidden = Hidden()

    @property
    def first(self) -> int:
        """The place of the first sheet that can be seen."""
        return next(
            place for place, sheet in enumerate(self._sheets) if sheet.sheet_state == "visible"
        )

    def sheets(self) -> list[dict[str, object]]:
        """Return the sheets that hold anything.

        They have their place, name, whether they can be seen, and the beginnings of their headers.
        """
        return [
            sheet
            for place in range(len(self._sheets))
            if (sheet := self._described(place)) is not None
        ]

    def _described(self, place: int) -> dict[str, object] | None:
        sheet, headers = self._sheets[place], None
        if place < MAX_SHEETS:
            rows = islice(
                rows_of(sheet, Hidden(), is_uncalculated=self._is_uncalculated), LOOKED_AT
            )
            cells = [row for _, row in rows]
            if not any(cells):
                return None
            headers = [cell[:MAX_HEADER] if isinstance(cell, str) else None for cell in cells[0]]
        return {
            "place": place,
            "name": sheet.title[:MAX_HEADER],
            "is_visible": sheet.sheet_state == "visible",
            "headers": headers,
        }

    def rows(self, place: int) -> Iterator[tuple[int, list[CellOut], float]]:
        """Number, cells and share of the sheet for each row; raise Refused."""
        sheet = self._sheets[place]
        # what a workbook says of its size may be wrong, and is good for a progress bar only
        last = sheet.max_row
        for number, cells in rows_of(sheet, self.hidden, is_uncalculated=self._is_uncalculated):
            yield number, cells, min(1.0, number / last) if last else 0.0


@dataclass(slots=True)
class Hidden:
    """Rows (the first of them) and columns that hold something and are not shown."""

    rows: list[int] = field(default_factory=list)
    count: int = 0
    columns: set[int] = field(default_factory=set)


def rows_of(
    sheet: Any,  # noqa: ANN401 - see _Parser
    hidden: Hidden,
    *,
    is_uncalculated: bool,
) -> Iterator[tuple[int, list[CellOut]]]:
    """The rows that stand in the sheet, the first one also where nothing does; raise Refused."""
    before = 0
    with sheet._get_source() as source:  # noqa: SLF001 - see _Parser
        parser = _Parser(source, sheet, hidden, is_uncalculated=is_uncalculated)
        for number, cells in parser.parse():
            if number <= before:
                raise Refused(
                    f"the rows of the workbook do not stand in order (row {number}); open it, save"
                    " it as .xlsx, and send it again"
                )
            if not before and number > 1:
                yield 1, []
            before = number
            yield number, parser.written(number, cells)


class _Parser(WorkSheetParser):
    """Knows which cells hold a formula without a value.

    Those that a formula above them should have filled are remembered by column.

    The library's own reader tells no formula without a value from an empty cell, so its parser is
    used directly.
    """

    def __init__(
        self,
        source: IO[bytes],
        sheet: Any,  # noqa: ANN401
        hidden: Hidden,
        *,
        is_uncalculated: bool,
    ) -> None:
        book, strings = sheet.parent, sheet._shared_strings  # noqa: SLF001
        formats = {
            "date_formats": book._date_formats,  # noqa: SLF001
            "timedelta_formats": book._timedelta_formats,  # noqa: SLF001
        }
        super().__init__(source, strings, data_only=True, epoch=book.epoch, **formats)
        self._is_uncalculated = is_uncalculated
        self._hidden = hidden
        self._hidden_columns: set[int] = set()
        self._is_row_hidden = False
        self._unfilled: dict[int, tuple[int, int]] = {}

    def parse_column_dimensions(self, col: Any) -> None:  # noqa: ANN401 - an element
        """Which columns are not shown; nothing else about them matters here."""
        if _is_true(col.get("hidden")):
            self._hidden_columns |= set(
                range(int(col.get("min", "1")), min(int(col.get("max", "1")), MAX_COLUMNS) + 1)
            )

    def parse_row(self, row: Any) -> tuple[int, list[dict[str, Any]]]:  # noqa: ANN401 - an element
        """Whether the row is shown stands in its own element."""
        self._is_row_hidden = _is_true(row.get("hidden"))
        parsed: tuple[int, list[dict[str, Any]]] = super().parse_row(row)
        return parsed

    def _note_hidden(self, number: int, row: list[CellOut]) -> None:
        if self._is_row_hidden and row:
            self._hidden.count += 1
            self._hidden.rows += [number] if self._hidden.count <= SHOWN else []
        self._hidden.columns |= {
            column
            for column in self._hidden_columns
            if column <= len(row) and row[column - 1] is not None
        }

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """The cell, of the type `unread` where its formula has no value."""
        cell: dict[str, Any] = super().parse_cell(element)
        formula = element.find(FORMULA_TAG)
        if formula is not None and (self._is_uncalculated or _is_without_value(element)):
            cell |= {"value": FORMULA_TEXT, "data_type": "unread"}
            if formula.get("t") in _AREAS and (area := formula.get("ref")):
                self._note(area)
        return cell

    def _note(self, area: str) -> None:
        first_column, first_row, last_column, last_row = (
            part or 0 for part in range_boundaries(area)
        )
        for column in range(first_column, min(last_column, MAX_COLUMNS + 1) + 1):
            first, last = self._unfilled.get(column, (first_row, 0))
            self._unfilled[column] = (
                min(first, first_row) if first_row <= last else first_row,
                max(last, last_row),
            )

    def written(self, number: int, cells: list[dict[str, Any]]) -> list[CellOut]:
        """The row's cells by their places, the empty ones at its end left out."""
        row: list[CellOut] = []
        for cell in cells:
            place = cell["column"]
            if place <= MAX_COLUMNS + 1:
                row += [None] * (place - len(row))
                row[place - 1] = _cell(cell["value"], is_error=cell["data_type"] == "e")
        for column, (first, last) in self._unfilled.items():
            if first <= number <= last:
                row += [None] * (column - len(row))
                if row[column - 1] is None or self._is_uncalculated:
                    row[column - 1] = FORMULA_TEXT
        while row and row[-1] is None:
            row.pop()
        self._note_hidden(number, row)
        return row


def _is_true(text: str | None) -> bool:
    return (text or "").lower() in ("1", "true")


def _is_without_value(element: Element) -> bool:
    """A text may be stored as empty; a number may not."""
    value = element.find(VALUE_TAG)
    return value is None or (not value.text and element.get("t", "n") != "str")


def _asks_to_calculate(file: IO[bytes]) -> bool:
    """Whether the writing program left all calculating to whoever opens the workbook.

    Values it stored are place-holders, 0 for the most part.
    """
    asked: list[bool] = []

    def note(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "calcPr":
            asked.append(_is_true(attributes.get("fullCalcOnLoad")))

    with zipfile.ZipFile(file) as archive:
        for part in archive.namelist():
            if part.lower().endswith("workbook.xml"):
                parser = expat.ParserCreate()
                parser.StartElementHandler = note
                parser.Parse(archive.read(part), True)  # noqa: FBT003 - expat takes it by place
    return any(asked)


def _cell(value: object, *, is_error: bool) -> CellOut:  # noqa: PLR0911 - a line per type
    match value:
        case None | bool():
            return value
        case _ if is_error:
            return value if isinstance(value, str) and is_unread(value) else ERROR_TEXT
        case str():
            return value[: MAX_CELL + 1]
        case datetime():
            return (
                {"d": value.date().isoformat()}
                if value.time() == value.time().min
                else {"t": value.isoformat()}
            )
        case date():
            return {"d": value.isoformat()}
        case int() | float():
            return {"n": repr(value)}
        case _:
            return {"t": str(value)}
