"""Cells of every kind and ugliness become a value or a sentence.

The sentence is about what is wrong, and they become nothing else.
"""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_ingest.rules.rows.cells import Cell, Number, WrongCell, cell_of, kept, value_of
from foothold_ingest.rules.rows.mapping import CellKind, Column

UGLY = (
    "",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "1E+999999",
    "1E-999999",
    "0E+999999",
    "1e9999999999999999999",
    "-0",
    "1_0",
    "９",
    "9" * 5_000,
    "0x1",
    " 1",
)
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.dates(),
    st.text(max_size=60),
    st.sampled_from(UGLY),
    st.sampled_from(UGLY).map(Number),
    st.floats().map(lambda x: Number(str(x))),
)


def column(kind: CellKind) -> Column:
    return Column(
        headers=("h",),
        to="/data/resident_number",
        kind=kind,
        **({"choices": {"a": "b"}} if kind is CellKind.CHOICE else {}),
    )


@pytest.mark.parametrize("kind", CellKind)
@given(cell=CELLS)
def test_a_cell_is_read_or_refused_with_a_sentence(kind: CellKind, cell: Cell) -> None:
    with contextlib.suppress(WrongCell):
        assert value_of(cell, column(kind)) is None or cell is not None


@given(CELLS)
def test_a_cell_kept_with_a_refused_row_is_the_same_when_it_is_tried_again(cell: Cell) -> None:
    assert cell_of(kept(cell)) == cell


def test_a_month_has_four_digits_for_its_year_whatever_the_year() -> None:
    assert value_of(date(1, 2, 3), column(CellKind.MONTH)) == "0001-02"


@pytest.mark.parametrize(
    ("digits", "amount"),
    [("0E+999999", "0.00"), ("-0", "0.00"), ("12.5", "12.50"), ("1E+3", "1000.00")],
)
def test_a_number_is_read_as_a_spreadsheet_shows_it(digits: str, amount: str) -> None:
    assert str(value_of(Number(digits), column(CellKind.AMOUNT))).lstrip("-") == amount
