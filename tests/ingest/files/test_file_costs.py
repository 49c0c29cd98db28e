"""What a file costs follows its size.

Four times as much of anything takes about four times as long, and nothing grows without bound.
"""

import gc
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from foothold_ingest.files.child import FREE_TEXT, TEXT_PER_BYTE, in_proportion, lines
from foothold_ingest.files.mappings import parse, shipped
from foothold_ingest.files.row import Refused
from foothold_ingest.rules.judgement import FieldProblem, Rejected
from foothold_ingest.rules.rows.cells import Cell
from foothold_ingest.rules.rows.items import Gatherer, Item, Scatter, problems_of
from foothold_ingest.rules.rows.rows import Headers, Row, values_of
from foothold_schemas.wire.quarantine import RefusalReason

HOUSEHOLDS = parse(shipped()["households"])
BILLS = parse(shipped()["settled-bills"])
AS_OF = datetime(2026, 1, 20, 1, tzinfo=UTC)
HEADERS = ["县区代码", "户编号", "村代码", "户类型", "住址", "成员证件号码"]
NUMBER = "11010519491231002X"


def house(name: str | None, address: str = "示例村1号") -> tuple[Cell, ...]:
    return ("370302" if name else None, name, "370302104201", "一般农户", address, NUMBER)


def read(rows: list[tuple[Cell, ...]]) -> list[Item]:
    """As the worker reads a file of households, with what is told of each refused row."""
    headers = Headers.of(HEADERS, HOUSEHOLDS)
    numbered = [Row(n, cells) for n, cells in enumerate(rows, start=2)]
    scatter = Scatter(headers)
    for row in numbered:
        scatter.take(row)
    gatherer = Gatherer(headers, HOUSEHOLDS, "clinic", AS_OF, "f1", frozenset(scatter.scattered))
    items = [item for row in numbered for item in gatherer.take(row)] + list(gatherer.rest())
    for item in items:
        if isinstance(item.outcome, Rejected):
            problems_of(item, item.outcome, HOUSEHOLDS)
    return items


def long_row(n: int) -> None:
    values_of(Row(2, tuple("长" * n for _ in HEADERS)), Headers.of(HEADERS, HOUSEHOLDS))


def wide_row(n: int) -> None:
    values_of(Row(2, ("x",) * n), Headers.of(HEADERS, HOUSEHOLDS))


def many_problems(n: int) -> None:
    rows = tuple(Row(k, ()) for k in range(n))
    fields = (
        tuple(FieldProblem(f"/data/members/{k}/resident_number", "p") for k in range(n))
        + (FieldProblem("/data/area", "q"),) * n
    )
    problems_of(Item(rows, {}), Rejected(RefusalReason.BAD_NUMBER, "d", fields), HOUSEHOLDS)


COSTS: dict[str, tuple[Callable[[int], object], int]] = {
    "rows of one household": (lambda n: read([house("H1")] * n), 600),
    "rows that name no household": (lambda n: read([house(None)] * n), 600),
    "distinct households": (lambda n: read([house(f"H{k}") for k in range(n)]), 600),
    "households whose rows stand apart": (
        lambda n: read([house(f"H{k % (n // 2)}") for k in range(n)]),
        600,
    ),
    "rows that disagree": (lambda n: read([house("H1", f"村{k}") for k in range(n)]), 600),
    "rows with a bad cell": (lambda n: read([house("H1", "a\x01")] * n), 600),
    "one long text in every row": (lambda n: read([house(None, "长" * 4_000)] * n), 300),
    "long cells": (long_row, 100_000),
    "many columns": (wide_row, 100_000),
    "problems of one item": (many_problems, 5_000),
}


def seconds(work: Callable[[int], object], n: int) -> float:
    """The processor's seconds for one run."""
    began = time.process_time()
    work(n)
    return time.process_time() - began


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Without the collector, which walks the whole process whenever it runs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("name", COSTS)
def test_four_times_as_much_takes_less_than_eight_times_as_long(name: str) -> None:
    work, n = COSTS[name]
    pairs = [(seconds(work, n // 2), seconds(work, 2 * n)) for _ in range(4)]
    few, many = (min(times) for times in zip(*pairs, strict=True))

    assert many < 8 * few + 0.002


@pytest.mark.parametrize("name", ["H1", None])
def test_a_group_ends_at_61_rows_and_none_of_it_makes_an_entry_whatever_follows(
    name: str | None,
) -> None:
    items = read([house("H0")] + [house(name)] * 150 if name else [house(None)] * 150)
    groups = items[1:] if name else items

    assert max(len(item.rows) for item in items) == 61
    assert [isinstance(item.outcome, Rejected) and item.is_part for item in groups] == [True] * len(
        groups
    )
    assert [row.number for item in items for row in item.rows] == list(
        range(2, 2 + sum(len(item.rows) for item in items))
    )


def test_a_household_of_60_rows_is_taken_and_one_of_61_refused_by_name() -> None:
    sixty, sixty_one = read([house("H1")] * 60), read([house("H1")] * 61)

    assert [isinstance(item.outcome, dict) for item in sixty] == [True]
    assert [item.outcome.detail for item in sixty_one if isinstance(item.outcome, Rejected)] == [
        "A household has at most 60 rows."
    ]


def test_the_household_after_one_that_is_too_large_is_taken() -> None:
    items = read([house("H1")] * 200 + [house("H2")])

    assert isinstance(items[-1].outcome, dict)


def test_a_file_that_repeats_long_texts_out_of_proportion_is_refused_and_others_are_not() -> None:
    line: dict[str, object] = {"row": 2, "cells": ["x" * 8_000] * 100, "at": 0.1}
    many = FREE_TEXT // 800_000

    assert len(list(in_proportion(iter([line] * many), 0))) == many
    assert (
        len(list(in_proportion(iter([line] * (many + 20)), 21 * 800_000 // TEXT_PER_BYTE)))
        == many + 20
    )
    with pytest.raises(Refused, match="out of all proportion"):
        list(in_proportion(iter([line] * (many + 2)), 0))


@pytest.mark.parametrize(
    "cells",
    [
        ("x" * 100_000,),
        ("长" * 100_000,),
        ("ab",) * 3,
        ("长" * 9_000,) * 200,
        ("a", None, True, "b" * 70_000, "c"),
    ],
)
def test_a_cut_row_is_no_longer_than_it_may_be_and_a_beginning_of_the_row(
    cells: tuple[Cell, ...],
) -> None:
    row = Row(2, cells)
    cut = row.cut(65_536)

    assert len(cut.cells) == len(cells)
    assert sum(len(cell.encode()) for cell in cut.cells if isinstance(cell, str)) <= 65_536
    assert all(
        cell is None or cell == whole or str(whole).startswith(str(cell))
        for cell, whole in zip(cut.cells, cells, strict=True)
    )


@pytest.mark.parametrize("filling", ["y" * 1000, "y" * 999 + ">"])
@pytest.mark.parametrize(("megabytes", "is_read"), [(0, True), (3, False)])
def test_a_tag_of_megabytes_is_refused_before_it_is_read_whole(
    tmp_path: Path,
    filling: str,
    megabytes: int,
    is_read: bool,  # noqa: FBT001 - a table
) -> None:
    whole, bent = tmp_path / "whole.xlsx", tmp_path / "bent.xlsx"
    book = Workbook()
    book.active.append(["户编号", "金额"])  # type: ignore[union-attr]  # a new workbook has a sheet
    book.save(whole)
    with (
        zipfile.ZipFile(whole) as source,
        zipfile.ZipFile(bent, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            row = f'<row x="{filling * (1000 * megabytes)}"/></sheetData>'.encode()
            target.writestr(name, source.read(name).replace(b"</sheetData>", row))

    with bent.open("rb") as file:
        if is_read:
            assert any("cells" in line for line in lines(file))
            return
        with pytest.raises(Refused, match="a tag of a megabyte"):
            list(lines(file))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-7", "no-such-encoding"])
def test_a_part_in_an_encoding_expat_cannot_read_is_refused_in_words(
    tmp_path: Path, encoding: str
) -> None:
    book = tmp_path / "book.xlsx"
    with zipfile.ZipFile(book, "w") as target:
        target.writestr(
            "[Content_Types].xml", f'<?xml version="1.0" encoding="{encoding}"?><Types/>'
        )

    with (
        book.open("rb") as file,
        pytest.raises(Refused, match="in an encoding no spreadsheet program writes"),
    ):
        list(lines(file))
