"""The first sheet that fits is read, whatever stands before it.

What the workbook offers besides, and what it hides, is named.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from functools import partial
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from foothold_ingest.files.mappings import parse, shipped
from foothold_ingest.files.reading import NOTES, reading
from foothold_ingest.rules.rows.rows import Row, fits
from tests.support.made.files import BILL_HEADERS, as_book, as_csv, bill

BILLS: Final = parse(shipped()["settled-bills"])
TABLE: Final = (BILL_HEADERS, bill("C1"), bill("C2"))
INSTRUCTIONS: Final = (("填表说明",), ("请勿合并单元格",))


def read(content: bytes) -> tuple[list[Row], list[str]]:
    async def _read() -> tuple[list[Row], list[str]]:
        with tempfile.TemporaryFile() as file:
            file.write(content)
            async with reading(file, partial(fits, mapping=BILLS)) as sheet:
                return [row async for row in sheet.rows()], sheet.notes

    return asyncio.run(_read())


def names(rows: Sequence[Row]) -> list[object]:
    return [row.cells[0] for row in rows if row.cells]


def test_an_instruction_sheet_first_is_passed_over_and_named_with_the_others_not_read() -> None:
    rows, notes = read(
        as_book(
            {"说明": INSTRUCTIONS, "Sheet2": (), "账单": TABLE, "Sheet3": (("x",),), "旧": TABLE},
            states={"旧": "hidden"},
        )
    )

    assert names(rows) == [BILL_HEADERS[0], "C1", "C2"]
    assert notes == ["未读取的工作表 not read: 说明, Sheet3, 旧（隐藏 hidden）"]


def test_a_sheet_that_cannot_be_seen_is_never_the_one_that_is_read() -> None:
    rows, notes = read(
        as_book({"旧": TABLE, "新": (BILL_HEADERS, bill("C9"))}, states={"旧": "veryHidden"})
    )

    assert names(rows) == [BILL_HEADERS[0], "C9"]
    assert notes == ["未读取的工作表 not read: 旧（隐藏 hidden）"]


def test_a_second_sheet_that_fits_is_named_and_notes_of_our_own_template_are_not() -> None:
    rows, notes = read(as_book({"一月": TABLE, "二月": TABLE, NOTES: INSTRUCTIONS}))

    assert len(rows) == 3
    assert notes == ["未读取的工作表 not read: 二月"]


def test_where_no_sheet_fits_the_first_is_read_so_that_its_headers_are_what_is_told() -> None:
    rows, _ = read(as_book({"甲": (("a", "b"),), "乙": (("c",),)}))

    assert names(rows) == ["a"]


def test_hidden_rows_and_columns_are_read_and_named_where_they_hold_something() -> None:
    rows, notes = read(as_book({"账单": TABLE}, hidden=(2, 9, "C", "K")))

    assert names(rows) == [BILL_HEADERS[0], "C1", "C2"]
    assert notes == [
        "隐藏的行也已读取（共 1 行） hidden rows were read too: 2",
        "隐藏的列也已读取 hidden columns were read too: C",
    ]


def test_a_text_file_has_nothing_to_name() -> None:
    rows, notes = read(as_csv(BILL_HEADERS, [bill("C1")]))

    assert (len(rows), notes) == (2, [])


SHEETS: Final = st.lists(st.sampled_from(["table", "other", "empty"]), min_size=1, max_size=5)


@settings(max_examples=8, deadline=None)
@given(SHEETS)
def test_every_sheet_that_holds_something_is_read_or_named(kinds: list[str]) -> None:
    content = {"table": TABLE, "other": INSTRUCTIONS, "empty": ()}
    rows, notes = read(as_book({f"S{n}": content[kind] for n, kind in enumerate(kinds)}))

    place = kinds.index("table") if "table" in kinds else 0
    others = [f"S{n}" for n, kind in enumerate(kinds) if kind != "empty" and n != place]
    assert len(rows) == len(content[kinds[place]])
    assert notes == ([f"未读取的工作表 not read: {', '.join(others)}"] if others else [])
