"""Files as agencies' systems make them."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from foothold_ingest.files import child
from foothold_ingest.rules.rows.cells import cell_of
from foothold_ingest.rules.rows.rows import Row

NUMBER = "11010519491231002X"
OLD_NUMBER = "110105491231002"
BILL_HEADERS = ("结算单号", "证件号码", "结算日期", "就医类别", "总费用", "姓名")
HOUSE_HEADERS = ("县区代码", "户编号", "村代码", "户类型", "住址", "户主姓名", "成员证件号码")


def bill(
    name: str,
    number: str = NUMBER,
    day: str = "2026-01-10",
    total: str = "100.00",
    who: str = "张𬱖",
) -> list[str]:
    """A row of settled-bills."""
    return [name, number, day, "住院", total, who]


def house(
    name: str, number: str = NUMBER, address: str = "示例村1号", county: str = "370302"
) -> list[str]:
    """A row of households."""
    return [county, name, f"{county}104201", "一般农户", address, "王建国", number]


def as_csv(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> bytes:
    """Text as an old system exports it."""
    held = io.StringIO()
    csv.writer(held, delimiter=delimiter).writerows([headers, *rows])
    return held.getvalue().encode(encoding)


def as_xlsx(
    headers: Sequence[object], rows: Sequence[Sequence[object]], merged: str | None = None
) -> bytes:
    """A workbook."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (headers, *rows):
        sheet.append(list(row))
    if merged is not None:
        sheet.merge_cells(merged)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def repacked(workbook: bytes, changes: dict[str, bytes]) -> bytes:
    """The workbook with parts of its archive replaced or added."""
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            new.writestr(part.filename, changes.get(part.filename, old.read(part.filename)))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return held.getvalue()


def lines_of(content: bytes) -> list[dict[str, Any]]:
    """What the reading process writes of a file."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return [json.loads(json.dumps(line)) for line in child.lines(file)]


def rows_of(content: bytes) -> list[Row]:
    """The rows of a file, the headers first, as they come out of the reading process."""
    return [
        Row(line["row"], tuple(cell_of(cell) for cell in line["cells"]))
        for line in lines_of(content)
        if "row" in line
    ]


def as_book(
    sheets: dict[str, Sequence[Sequence[object]]],
    *,
    states: dict[str, str] | None = None,
    hidden: Sequence[str | int] = (),
) -> bytes:
    """A workbook of several sheets.

    Rows (numbers) and columns (letters) of each that are hidden.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = (states or {}).get(name, "visible")
        for row in rows:
            sheet.append(list(row))
        for place in hidden:
            if isinstance(place, int):
                sheet.row_dimensions[place].hidden = True
            else:
                sheet.column_dimensions[place].hidden = True
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()
