"""Totals and signatures below a list, or in the middle of it, are told alone and wait for nobody.

Every household is taken as it stands without them.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foothold_ingest.files.batches import BATCH, batches
from foothold_ingest.files.mappings import parse, shipped
from foothold_ingest.rules.judgement import Rejected
from foothold_ingest.rules.rows.cells import Cell
from foothold_ingest.rules.rows.items import Footer, Gatherer, Item, Scatter
from foothold_ingest.rules.rows.mapping import Mapping
from foothold_ingest.rules.rows.rows import Headers, Row, is_empty
from foothold_schemas.wire.quarantine import RefusalReason

HOUSEHOLDS: Final = parse(shipped()["households"])
HEADERS: Final = [column.headers[0] for column in HOUSEHOLDS.columns]
PERSON: Final = HEADERS.index("成员证件号码")
AS_OF: Final = datetime(2026, 1, 20, 1, tzinfo=UTC)
NUMBERS: Final = ("11010519491231002X", "110105491231002")


def row(**cells: Cell) -> list[Cell]:
    places = {
        "county": 0,
        "home": 1,
        "area": 2,
        "standing": 3,
        "head": 4,
        "person": PERSON,
        "joined": PERSON + 1,
    }
    values: list[Cell] = [None] * len(HEADERS)
    for name, cell in cells.items():
        values[places[name]] = cell
    return values


def member(home: str, person: str = NUMBERS[0]) -> list[Cell]:
    return row(county="370302", home=home, area="370302104201", standing="一般农户", person=person)


def merged(person: Cell) -> list[Cell]:
    """A lower row of merged cells."""
    return row(area="370302104201", standing="一般农户", person=person)


FOOTERS: Final = (
    row(county="合计", person="4人"),
    row(county="合　计", home="3户"[:0]),
    row(home="总计", person="4"),
    row(head="小计：4 人", person="4"),
    row(county="Total", person="4"),
    row(county="本页小计", person="共4人"),
    row(county="制表人：张三"),
    row(area="审核：李四", standing="2026年1月"),
    row(person="合计4人"),
    row(county="370302", home="合计", person="4人"),
    row(county="审核：李四", home="2026年1月"),
)
BLANK: Final = row()


def gathered(rows: Sequence[Sequence[Cell]]) -> list[Item]:
    headers = Headers.of(HEADERS, HOUSEHOLDS)
    scatter = Scatter(headers)
    numbered = [
        row for n, cells in enumerate(rows, start=2) if not is_empty(row := Row(n, tuple(cells)))
    ]
    for row in numbered:
        scatter.take(row)
    gatherer = Gatherer(headers, HOUSEHOLDS, "clinic", AS_OF, "f1", frozenset(scatter.scattered))
    return [item for row in numbered for item in gatherer.take(row)] + list(gatherer.rest())


def homes(items: Sequence[Item]) -> list[tuple[object, int]]:
    """The households that make an entry, and how many members each has."""
    events = [item.outcome for item in items if isinstance(item.outcome, dict)]
    return [
        (event["subject"], len(event["data"]["members"]))
        for event in events
        if isinstance(event["data"], dict) and isinstance(event["data"]["members"], list)
    ]


def footers(items: Sequence[Item]) -> list[int]:
    return [item.rows[0].number for item in items if isinstance(item.outcome, Footer)]


HOUSES: Final = st.lists(st.integers(1, 3), min_size=1, max_size=5)
BETWEEN: Final = st.lists(st.sampled_from([*FOOTERS, BLANK]), max_size=3)


@settings(max_examples=300, deadline=None)
@given(sizes=HOUSES, data=st.data())
def test_whatever_stands_between_and_below_households_is_taken_out_of_them(
    sizes: list[int], data: st.DataObject
) -> None:
    rows: list[list[Cell]] = []
    alone: list[int] = []
    for place, size in enumerate(sizes):
        for person in range(size):
            rows.append(member(f"H{place}", NUMBERS[person % 2]))
            for other in data.draw(BETWEEN):
                rows.append(other)
                alone += [len(rows) + 1] if other is not BLANK else []
    items = gathered(rows)

    assert homes(items) == [(f"370302/H{place}", size) for place, size in enumerate(sizes)]
    assert sorted(footers(items)) == alone


def test_a_row_that_may_be_a_member_is_no_footer_and_no_household_is_taken_without_it() -> None:
    for cell in ("不详", "3.7E+17", "4人"):
        items = gathered([member("H1"), merged(cell)])
        assert [[part.number for part in item.rows] for item in items] == [[2, 3]], cell
    joined = gathered([member("H1"), row(joined="2020-01-01")])
    assert [isinstance(item.outcome, Rejected) for item in joined] == [True]
    assert footers(joined) == []


def test_a_household_that_goes_on_below_too_many_such_rows_is_refused_from_its_first_row() -> None:
    items = gathered([member("H1"), *[FOOTERS[0]] * 61, member("H1", NUMBERS[1]), member("H2")])

    assert homes(items) == [("370302/H2", 1)]
    assert len(footers(items)) == 61


@pytest.mark.parametrize("size", [BATCH - 1, BATCH, BATCH + 1])
def test_no_batch_ends_inside_a_household_so_that_work_goes_on_after_it(size: int) -> None:
    def item(*numbers: int) -> Item:
        return Item(
            tuple(Row(n, ("x",)) for n in numbers), Rejected(RefusalReason.INVALID_FIELD, "x")
        )

    async def items() -> AsyncIterator[Item]:
        for n in range(1, size):
            yield item(n)
        yield item(size, size + 2)
        yield item(size + 1)
        yield item(size + 3)

    async def read() -> list[list[Item]]:
        return [batch async for batch in batches(items(), 0)]

    read_batches = asyncio.run(read())
    ends = [max(household.rows[-1].number for household in batch) for batch in read_batches]
    begins = [min(household.rows[0].number for household in batch) for batch in read_batches]
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False))
    assert sum(len(batch) for batch in read_batches) == size + 2


INCOMES: Final = parse(shipped()["incomes"])
BILLS: Final = parse(shipped()["settled-bills"])


def alone(mapping: Mapping, **cells: Cell) -> Item:
    """One row of a list of events, its cells by target without `/data/`."""
    headers = [column.headers[0] for column in mapping.columns]
    values: list[Cell] = [None] * len(headers)
    for name, cell in cells.items():
        targets = [column.to.removeprefix("/data/").strip("/") for column in mapping.columns]
        values[targets.index(name)] = cell
    gatherer = Gatherer(Headers.of(headers, mapping), mapping, "clinic", AS_OF, "f1")
    (item,) = gatherer.take(Row(2, tuple(values)))
    return item


@pytest.mark.parametrize("mapping", [INCOMES, BILLS], ids=lambda mapping: mapping.name)
@pytest.mark.parametrize(
    "cells",
    [
        {"county": "合计"},
        {"resident_number": "合　计", "register_number": "12笔"},
        {"register_number": "总计：12"},
        {"county": "Total", "resident_number": "12"},
        {"resident_number": "制表人：张三"},
        {"county": "审核：李四", "register_number": "2026年1月"},
        {"county": "单位负责人（签字）：", "resident_number": "经办人：王五"},
    ],
    ids=str,
)
def test_a_total_or_signature_below_a_list_of_events_is_no_data(
    mapping: Mapping, cells: dict[str, Cell]
) -> None:
    assert isinstance(alone(mapping, **cells).outcome, Footer)


@pytest.mark.parametrize(
    "cells",
    [
        {"amount": "100.00"},  # whose it is was forgotten
        {"resident_number": "110105491231002", "item": "合计"},
        {"county": "370302", "register_number": "H1", "item": "合计"},
        {"county": "370302", "item": "salary"},
        {"resident_number": "3.7E+17", "item": "salary"},
    ],
    ids=str,
)
def test_a_row_of_somebody_that_was_filled_in_badly_goes_back_to_be_mended(
    cells: dict[str, Cell],
) -> None:
    assert isinstance(alone(INCOMES, **cells).outcome, Rejected)


def test_a_row_that_can_be_read_is_taken_whatever_its_item_is_called() -> None:
    item = alone(
        INCOMES,
        resident_number=NUMBERS[0],
        category="工资性",
        item="合计",
        amount="100.00",
        earned_month="2026-01",
    )

    assert isinstance(item.outcome, dict)
