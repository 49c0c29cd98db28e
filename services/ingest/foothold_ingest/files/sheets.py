"""Sheets that are sent back.

They are the rows that were not taken with a column for what is wrong, and templates that open right
in a spreadsheet.
"""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import date
from tempfile import TemporaryFile
from typing import IO, Final

from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from sqlalchemy import RowMapping

from foothold_ingest.rules.rows.cells import Cell, Number, inert
from foothold_ingest.rules.rows.mapping import ERROR_HEADER, CellKind, Mapping
from foothold_ingest.rules.rows.rows import Row
from foothold_ingest.rules.words import sentence

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv; charset=utf-8"
_KINDS: Final = {
    CellKind.TEXT: "文本 text",
    CellKind.AMOUNT: "金额，两位小数 amount",
    CellKind.DAY: "日期 2026-01-31 day",
    CellKind.MONTH: "月份 2026-01 month",
    CellKind.YES_NO: "是 / 否 yes or no",
    CellKind.CHOICE: "从列表选 one of",
}


async def errors_as_csv(
    headers: Sequence[str], problems: AsyncIterator[tuple[RowMapping, Row]]
) -> AsyncIterator[bytes]:
    """UTF-8 with a mark, which spreadsheets open right."""
    yield b"\xef\xbb\xbf" + _csv_line([*headers, ERROR_HEADER])
    async for problem, row in problems:
        cells = [_text(cell) for cell in row.cells]
        yield _csv_line(
            [*(inert(cell) for cell in _filled(cells, len(headers))), _problem_text(problem)]
        )


async def errors_as_workbook(
    headers: Sequence[str], problems: AsyncIterator[tuple[RowMapping, Row]]
) -> IO[bytes]:
    """An open file on disk, at its beginning.

    Every cell is text, so that no digit is lost and no formula runs.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("错误 errors")
    sheet.append([_written(sheet, text) for text in [*headers, ERROR_HEADER]])
    async for problem, row in problems:
        cells = [_text(cell) for cell in row.cells]
        sheet.append(
            [
                _written(sheet, text)
                for text in [*_filled(cells, len(headers)), _problem_text(problem)]
            ]
        )
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return file


def template(mapping: Mapping) -> bytes:
    """Return a workbook to fill in.

    It has headers over columns formatted as text, and a second sheet that says what belongs where.
    """
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise AssertionError("a new workbook has a sheet")
    sheet.title = mapping.title.zh[:31]
    notes = book.create_sheet("说明 notes")
    notes.append(
        [
            "列 column",
            "必填 required",
            "内容 content",
            "可选值 choices",
            "示例 example",
            "其他写法 also known as",
        ]
    )
    for place, column in enumerate(mapping.columns, start=1):
        cell = sheet.cell(row=1, column=place, value=column.headers[0])
        cell.font, cell.fill = Font(bold=column.required), PatternFill("solid", fgColor="DDEBF7")
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = max(14, 2 * len(column.headers[0]) + 4)
        sheet.column_dimensions[letter].number_format = (
            "0.00" if column.kind is CellKind.AMOUNT else "@"
        )
        also = "、".join(column.headers[1:])
        notes.append(
            [
                column.headers[0],
                "是 yes" if column.required else "",
                _KINDS[column.kind],
                "、".join(column.choices),
                column.example,
                also,
            ]
        )
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEF", (20, 14, 26, 40, 24, 36), strict=True):
        notes.column_dimensions[letter].width = width
        notes[f"{letter}1"].font = Font(bold=True)
    for row in notes.iter_rows(min_row=2):
        for cell in row:
            cell.number_format = "@"
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _written(sheet: WriteOnlyWorksheet, text: str) -> SheetCell:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # openpyxl takes a leading = for a formula
    cell.number_format = "@"
    return cell


def _problem_text(problem: RowMapping) -> str:
    reason = sentence(problem["reason"])
    return f"{reason.zh} {reason.en}: {problem['detail']}"


def _filled(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def _text(cell: Cell) -> str:
    match cell:
        case Number(digits):
            return digits
        case bool():
            return "是" if cell else "否"
        case date():
            return cell.isoformat()
        case _:
            return cell or ""


def _csv_line(cells: Sequence[str]) -> bytes:
    held = io.StringIO()
    csv.writer(held).writerow(cells)
    return held.getvalue().encode()
