"""A formula whose value no program has stored is no value: the row comes back, whatever the column.

One with its value is read by it.
"""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foothold_ingest.files.mappings import parse, shipped
from foothold_ingest.rules.rows.cells import Cell, Number
from foothold_ingest.rules.rows.mapping import CellKind, Column
from foothold_ingest.rules.rows.rows import Headers, Row, values_of
from foothold_ingest.rules.rows.unread import FORMULA_TEXT, NO_VALUE, is_unread
from tests.support.made.files import as_csv, as_xlsx, repacked, rows_of

MAPPINGS: Final = {name: parse(text) for name, text in shipped().items()}
SHEET: Final = "xl/worksheets/sheet1.xml"
BOOK: Final = "xl/workbook.xml"
MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
UNSTORED: Final = {
    "nothing": "<c r='{at}'><f>1+1</f></c>",
    "an empty value": "<c r='{at}'><f>1+1</f><v></v></c>",
    "no text": "<c r='{at}' t='str'><f>A1</f></c>",
    "a shared formula": "<c r='{at}'><f t='shared' si='0'/></c>",
    "an array formula": "<c r='{at}'><f t='array' ref='{at}'>1+1</f></c>",
    "a table of values": "<c r='{at}'><f t='dataTable' ref='{at}' r1='A1'/></c>",
    "an error": "<c r='{at}' t='e'><f>1/0</f><v>#DIV/0!</v></c>",
    "an error nobody knows": "<c r='{at}' t='e'><v>?</v></c>",
}


def workbook(rows: Sequence[str], *, calculates: bool = False) -> bytes:
    sheet = f"<worksheet xmlns='{MAIN}'><sheetData>{''.join(rows)}</sheetData></worksheet>"
    blank = as_xlsx(["a"], [])
    parts = {SHEET: sheet.encode(), BOOK: _book(calculates=calculates)}
    return repacked(blank, parts)


def _book(*, calculates: bool) -> bytes:
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    asked = " fullCalcOnLoad='1'" if calculates else ""
    sheets = "<sheets><sheet name='Sheet' sheetId='1' r:id='rId1'/></sheets>"
    return (
        f"<workbook xmlns='{MAIN}' xmlns:r='{relation}'>{sheets}<calcPr"
        f" calcId='191029'{asked}/></workbook>".encode()
    )


def text_cell(at: str, text: str) -> str:
    return f"<c r='{at}' t='inlineStr'><is><t>{escape(text)}</t></is></c>"


def columns_of(headers: Sequence[str]) -> str:
    return (
        "<row r='1'>"
        + "".join(text_cell(f"{_letter(n)}1", header) for n, header in enumerate(headers))
        + "</row>"
    )


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def problems(cells: tuple[Cell, ...], headers: Headers) -> set[tuple[str, str]]:
    _, wrong = values_of(Row(2, cells), headers)
    return set() if wrong is None else {(f.field, f.problem) for f in wrong.fields}


EVERY_COLUMN: Final = [
    pytest.param(name, column, id=f"{name} {column.to}")
    for name, mapping in MAPPINGS.items()
    for column in mapping.columns
]


@pytest.mark.parametrize(("mapping", "column"), EVERY_COLUMN)
def test_a_formula_without_a_value_brings_the_row_back_whatever_the_column(
    mapping: str, column: Column
) -> None:
    headers = [c.headers[0] for c in MAPPINGS[mapping].columns]
    at = f"{_letter(headers.index(column.headers[0]))}2"
    for name, cell in UNSTORED.items():
        first, row = rows_of(
            workbook([columns_of(headers), f"<row r='2'>{cell.format(at=at)}</row>"])
        )
        assert (column.headers[0], NO_VALUE) in problems(
            row.cells, Headers.of(first.cells, MAPPINGS[mapping])
        ), name


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("<c r='A2'><f>1+1</f><v>2</v></c>", Number("2")),
        ("<c r='A2' t='str'><f>B1</f><v>x</v></c>", "x"),
        ("<c r='A2' t='str'><f>B1</f><v></v></c>", None),
        ("<c r='A2' t='b'><f>TRUE()</f><v>1</v></c>", True),
        ("<c r='A2'><f t='array' ref='A2:A3'>1+1</f><v>2</v></c>", Number("2")),
        ("<c r='A2' s='0'/>", None),
    ],
)
def test_a_formula_with_its_value_is_read_by_it(cell: str, read: Cell) -> None:
    row, _ = rows_of(
        workbook(
            [
                f"<row r='2'>{cell}{text_cell('B2', 'y')}</row>",
                f"<row r='3'>{text_cell('A3', 'z')}</row>",
            ]
        )
    )[1:]

    assert row.cells == (read, "y")


def test_where_the_program_left_calculating_to_whoever_opens_it_no_stored_value_counts() -> None:
    rows = [
        f"<row r='1'>{text_cell('A1', 'a')}</row>",
        "<row r='2'><c r='A2'><f>1+1</f><v>0</v></c><c r='B2'><v>7</v></c></row>",
    ]

    assert rows_of(workbook(rows, calculates=True))[1].cells == (FORMULA_TEXT, Number("7"))
    assert rows_of(workbook(rows))[1].cells == (Number("0"), Number("7"))


def test_a_formula_that_should_have_filled_other_cells_leaves_none_of_them_empty() -> None:
    rows = [
        "<row r='1'><c r='A1'><v>1</v></c></row>",
        "<row r='2'><c r='B2'><f t='array' ref='B2:C4'>X</f></c></row>",
    ]
    rows += [
        "<row r='3'><c r='A3'><v>1</v></c><c r='C3'><v>9</v></c></row>",
        "<row r='5'><c r='A5'><v>1</v></c></row>",
    ]

    read = {row.number: row.cells for row in rows_of(workbook(rows))}
    assert read == {
        1: (Number("1"),),
        2: (None, FORMULA_TEXT, FORMULA_TEXT),
        3: (Number("1"), FORMULA_TEXT, Number("9")),
        5: (Number("1"),),
    }


ERRORS: Final = (
    "#NULL!",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "#N/A",
    "#SPILL!",
    "#CALC!",
    "########",
    "Err:502",
    "=E2*0.7",
    "'=E2*0.7",
)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("kind", CellKind)
def test_an_error_or_a_formula_in_a_text_file_is_no_value_either(
    error: str, kind: CellKind
) -> None:
    column = next(c for m in MAPPINGS.values() for c in m.columns if c.kind is kind)
    mapping = next(m for m in MAPPINGS.values() if column in m.columns)
    names = [c.headers[0] for c in mapping.columns]
    first, row = rows_of(
        as_csv(names, [[error if name == column.headers[0] else "" for name in names]])
    )

    assert (column.headers[0], NO_VALUE) in problems(row.cells, Headers.of(first.cells, mapping))


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=20).filter(lambda text: not text.lstrip("'").startswith("=")),
    st.integers(0, 99),
)
def test_names_and_numbers_of_buildings_are_values(text: str, number: int) -> None:
    assert not is_unread(f"示例村{text}")
    assert not is_unread(f"#{number}楼")
    assert not is_unread(f"E{number}")


def test_rows_out_of_order_are_not_left_out_without_a_word() -> None:
    rows = [f"<row r='{n}'>{text_cell(f'A{n}', 'x')}</row>" for n in (1, 3, 2)]
    with pytest.raises(Exception, match="do not stand in order"):
        rows_of(workbook(rows))
