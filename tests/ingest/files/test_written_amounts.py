"""Reads amounts and days as people type them in Chinese offices.

Separators stand where they belong, digits may be full-width, and nothing is guessed.
"""

from datetime import date
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_ingest.rules.rows.cells import WrongCell, value_of
from foothold_ingest.rules.rows.mapping import CellKind, Column

WIDE: Final = str.maketrans("0123456789,.-/", "０１２３４５６７８９，．－／")
CENTS: Final = st.integers(-(10**14), 10**14)


def column(kind: CellKind) -> Column:
    return Column(headers=("h",), to="/data/x", kind=kind)


@given(CENTS, st.booleans())
def test_an_amount_is_the_same_with_separators_and_in_full_width(cents: int, wide: bool) -> None:  # noqa: FBT001 - generated
    units, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    written = f"{sign}{units:,}.{rest:02d}"

    assert (
        value_of(written.translate(WIDE) if wide else written, column(CellKind.AMOUNT))
        == f"{sign}{units}.{rest:02d}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "1,23,4",
        "1,2345",
        ",123",
        "1234,567",
        "1,,234",
        "1.234,50",
        "12,34",
        "1,234,",
        "31400,00",
        "１，２３",
        "1,234.5,6",
    ],
)
def test_separators_in_wrong_places_are_no_amount(text: str) -> None:
    with pytest.raises(WrongCell, match="31400"):
        value_of(text, column(CellKind.AMOUNT))


@given(
    st.dates(date(1900, 1, 1), date(2200, 12, 31)),
    st.sampled_from(
        [
            "{0:%Y}-{0:%m}-{0:%d}",
            "{0:%Y}/{0.month}/{0.day}",
            "{0:%Y}年{0.month}月{0.day}日",
            "{0:%Y%m%d}",
        ]
    ),
)
def test_a_day_in_full_width_is_that_day(day: date, form: str) -> None:
    assert value_of(form.format(day).translate(WIDE), column(CellKind.DAY)) == day.isoformat()


@pytest.mark.parametrize("text", ["２０２６年１月", "２０２６－０１", "２０２６０１"])
def test_a_month_in_full_width_is_that_month(text: str) -> None:
    assert value_of(text, column(CellKind.MONTH)) == "2026-01"


@pytest.mark.parametrize("text", ["②", "1²", "٣", "½", "1e3"])
def test_other_signs_for_digits_are_left_for_the_door_to_refuse(text: str) -> None:
    assert value_of(text, column(CellKind.AMOUNT)) == text
