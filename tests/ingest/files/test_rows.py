"""A file's rows become events by the mapping, the same ones each time.

What is wrong with a row is said by its header.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml

from foothold_ingest.files.mappings import WrongMapping, parse, shipped
from foothold_ingest.rules.judgement import FieldProblem, Rejected
from foothold_ingest.rules.rows.cells import Cell, Number, WrongCell, cell_of, inert, kept, value_of
from foothold_ingest.rules.rows.items import Gatherer, Item, Repeat, Scatter, problems_of
from foothold_ingest.rules.rows.mapping import ERROR_HEADER, CellKind, Column, Mapping
from foothold_ingest.rules.rows.rows import Headers, Row, WrongHeaders, unique_key, values_of
from foothold_schemas.wire.quarantine import RefusalReason

BILLS, INCOMES, HOUSEHOLDS = (
    parse(shipped()[name]) for name in ("settled-bills", "incomes", "households")
)
AS_OF = datetime(2026, 1, 20, 1, tzinfo=UTC)
NUMBER = "11010519491231002X"
BILL_HEADERS = ["结算单号", "身份证号", "结算日期", "就医类别", "总费用"]
HOUSE_HEADERS = ["县区代码", "户编号", "村代码", "户类型", "成员证件号码"]


def column(kind: CellKind, to: str = "/data/x") -> Column:
    return Column(
        headers=("h",),
        to=to,
        kind=kind,
        choices={"住院": "inpatient"} if kind is CellKind.CHOICE else {},
    )


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (CellKind.TEXT, " 0042 ", "0042"),
        (CellKind.AMOUNT, "31400.00", "31400.00"),
        (CellKind.AMOUNT, Number("31400"), "31400.00"),
        (CellKind.AMOUNT, Number("0.30000000000000004"), "0.30"),
        (CellKind.AMOUNT, Number("-12.5"), "-12.50"),
        (CellKind.AMOUNT, Number("1e+05"), "100000.00"),
        (CellKind.DAY, date(2026, 1, 5), "2026-01-05"),
        (CellKind.DAY, "2026-1-5", "2026-01-05"),
        (CellKind.DAY, "2026/01/05", "2026-01-05"),
        (CellKind.DAY, "2026年1月5日", "2026-01-05"),
        (CellKind.DAY, "20260105", "2026-01-05"),
        (CellKind.MONTH, "2026年1月", "2026-01"),
        (CellKind.MONTH, "202601", "2026-01"),
        (CellKind.MONTH, date(2026, 1, 1), "2026-01"),
        (CellKind.YES_NO, "是", True),
        (CellKind.YES_NO, "否", False),
        (CellKind.YES_NO, False, False),
        (CellKind.CHOICE, "住院", "inpatient"),
        (CellKind.CHOICE, "inpatient", "inpatient"),
        (CellKind.TEXT, "   ", None),
        (CellKind.AMOUNT, None, None),
    ],
)
def test_a_cell_is_read_as_its_column_says(kind: CellKind, cell: Cell, value: object) -> None:
    assert value_of(cell, column(kind)) == value
    assert cell_of(kept(cell)) == cell


@pytest.mark.parametrize(
    ("kind", "cell", "reason"),
    [
        (CellKind.TEXT, Number("3.70302194912310E+17"), RefusalReason.DAMAGED_NUMBER),
        (CellKind.TEXT, Number("42"), RefusalReason.DAMAGED_NUMBER),
        (CellKind.TEXT, date(2026, 1, 1), RefusalReason.DAMAGED_NUMBER),
        (CellKind.TEXT, "3.70302E+17", RefusalReason.DAMAGED_NUMBER),
        (CellKind.TEXT, "坏\ufffd字", RefusalReason.INVALID_FIELD),
        (CellKind.TEXT, "a\u202eb", RefusalReason.CONTROL_CHARACTER),
        (CellKind.AMOUNT, Number("0.005"), RefusalReason.INVALID_FIELD),
        (CellKind.AMOUNT, Number(""), RefusalReason.INVALID_FIELD),
        (CellKind.AMOUNT, Number("1e+300"), RefusalReason.INVALID_FIELD),
        (CellKind.AMOUNT, Number("inf"), RefusalReason.INVALID_FIELD),
        (CellKind.AMOUNT, Number("nan"), RefusalReason.INVALID_FIELD),
        (CellKind.DAY, "5.1.2026", RefusalReason.INVALID_FIELD),
        (CellKind.DAY, "2026-02-30", RefusalReason.INVALID_FIELD),
        (CellKind.DAY, Number("46027"), RefusalReason.INVALID_FIELD),
        (CellKind.MONTH, "January", RefusalReason.INVALID_FIELD),
        (CellKind.YES_NO, "maybe", RefusalReason.INVALID_FIELD),
        (CellKind.CHOICE, "出院", RefusalReason.INVALID_FIELD),
    ],
)
def test_a_cell_that_could_be_two_things_is_neither(
    kind: CellKind, cell: Cell, reason: RefusalReason
) -> None:
    with pytest.raises(WrongCell) as wrong:
        value_of(cell, column(kind))

    assert wrong.value.reason is reason


@pytest.mark.parametrize("text", ["370302194912310000", "123E45", "1e5"])
def test_a_text_of_digits_is_damaged_only_where_it_stands_as_spreadsheets_write_long_numbers(
    text: str,
) -> None:
    assert value_of(text, column(CellKind.TEXT, "/data/claim_number")) == text


def gathered(
    mapping: Mapping, headers: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> list[Item]:
    known = Headers.of(list(headers), mapping)
    scatter = Scatter(known)
    numbered = [Row(n, tuple(cells)) for n, cells in enumerate(rows, start=2)]
    if mapping is HOUSEHOLDS:
        for row in numbered:
            scatter.take(row)
    gatherer = Gatherer(known, mapping, "clinic", AS_OF, "f1", frozenset(scatter.scattered))
    return [item for row in numbered for item in gatherer.take(row)] + list(gatherer.rest())


def bill(
    name: str, total: str = "100.00", day: Cell = "2026-01-10", setting: str = "住院"
) -> list[Cell]:
    return [name, NUMBER, day, setting, total]


def event(item: Item) -> dict[str, Any]:
    assert isinstance(item.outcome, dict)
    return item.outcome


def test_a_row_becomes_the_event_it_says_as_of_its_file_whatever_day_it_speaks_of() -> None:
    (item,) = gathered(BILLS, BILL_HEADERS, [bill("C1")])

    envelope = event(item)
    assert (envelope["type"], envelope["source"], envelope["time"]) == (
        "foothold.MedicalClaimSettled.v1",
        "/agencies/clinic/files/settled-bills",
        AS_OF.isoformat(),
    )
    assert envelope["data"] == {
        "claim_number": "C1",
        "resident_number": NUMBER,
        "settled_on": "2026-01-10",
        "setting": "inpatient",
        "total": "100.00",
    }
    assert "subject" not in envelope


def test_the_same_file_gives_the_same_ids_and_equal_rows_are_told_apart_by_their_order() -> None:
    row = [NUMBER, "工资性", "salary", "1000.00", "2026-01"]
    headers = ["身份证号", "收入类别", "项目", "金额", "所属月份"]
    first, again = (
        gathered(INCOMES, headers, [row, row, [*row[:3], "1000.01", row[4]]]),
        gathered(INCOMES, headers, [row, row]),
    )

    ids = [event(item)["id"] for item in first]
    assert len(set(ids)) == 3
    assert [event(item)["id"] for item in again] == ids[:2]
    assert [item.occurrence for item in first] == [0, 1, 0]
    assert [item.name for item in again] == [item.name for item in first[:2]]
    assert len({item.name for item in first}) == 3


def test_a_second_row_with_the_same_claim_number_is_a_repeat_of_the_first() -> None:
    items = gathered(BILLS, BILL_HEADERS, [bill("C1"), bill("C2"), bill("C1", "200.00")])

    assert [item.outcome for item in items if isinstance(item.outcome, Repeat)] == [Repeat(2)]
    assert unique_key({}, INCOMES) is None


def test_headers_match_however_written_and_the_error_column_of_rows_sent_back_is_known() -> None:
    headers = Headers.of(
        [
            "结算单号",
            " resident number ",
            "Settled On",
            "SETTING",
            "Ｔｏｔａｌ",
            "姓名",
            "错误 error",
            "",
        ],
        BILLS,
    )

    assert [c and c.to for c in headers.columns] == [
        "/data/claim_number",
        "/data/resident_number",
        "/data/settled_on",
        "/data/setting",
        "/data/total",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ([*BILL_HEADERS, "血型"], "not known to settled-bills: 血型"),
        (["\ufeff结算单号"[1:], "结算日期", "就医类别"], "missing: 总费用"),
        ([*BILL_HEADERS, "证件号码"], "twice: 证件号码"),
        ([*BILL_HEADERS[:2], "", *BILL_HEADERS[2:]], "no header"),
        ([], "missing: 结算单号"),
    ],
)
def test_a_file_whose_headers_do_not_fit_is_refused_whole_with_their_names(
    headers: list[str], says: str
) -> None:
    with pytest.raises(WrongHeaders, match=says.replace("(", r"\(").replace(")", r"\)")):
        Headers.of(headers, BILLS)


def house(number: str | None, person: Cell = NUMBER, village: str = "370302104201") -> list[Cell]:
    return ["370302", number, village, "一般农户", person]


def test_the_rows_of_a_household_become_one_entry() -> None:
    first, second = gathered(
        HOUSEHOLDS, HOUSE_HEADERS, [house("H1"), house("H1", "110105491231002"), house("H2")]
    )

    assert [row.number for row in first.rows] == [2, 3]
    assert event(first)["subject"] == "370302/H1"
    assert event(first)["data"]["members"] == [
        {"resident_number": NUMBER},
        {"resident_number": "110105491231002"},
    ]
    assert event(second)["time"] == AS_OF.isoformat()


def test_a_household_with_one_wrong_row_is_refused_whole_since_a_member_would_be_missing() -> None:
    rows = [
        house("H1"),
        house("H1", Number("3.7E+17")),
        house("H2"),
        house(None, "110105491231002"),
    ]
    first, second = gathered(HOUSEHOLDS, HOUSE_HEADERS, rows)

    assert isinstance(first.outcome, Rejected)
    problems = problems_of(first, first.outcome, HOUSEHOLDS)
    assert [problem.reason for problem in problems] == [RefusalReason.DAMAGED_NUMBER] * 2
    assert "Row 3" in problems[0].detail
    assert problems[1].fields[0].field == "成员证件号码"
    assert (isinstance(second.outcome, Rejected), [row.number for row in second.rows]) == (
        True,
        [4, 5],
    )


def test_households_whose_rows_stand_apart_are_refused_from_the_first_row_on() -> None:
    items = gathered(
        HOUSEHOLDS, HOUSE_HEADERS, [house("H1"), house("H2"), house("H1", "110105491231002")]
    )

    assert [isinstance(item.outcome, Rejected) for item in items] == [True, False, True]


def test_rows_of_a_household_that_disagree_name_the_column() -> None:
    (item,) = gathered(
        HOUSEHOLDS, HOUSE_HEADERS, [house("H1"), house("H1", "110105491231002", "370302104202")]
    )

    assert isinstance(item.outcome, Rejected)
    assert [f.field for f in item.outcome.fields] == ["村代码"]


def test_what_the_door_says_of_a_field_is_told_by_the_header_in_the_members_own_row() -> None:
    (item,) = gathered(HOUSEHOLDS, HOUSE_HEADERS, [house("H1"), house("H1", "110105491231003")])
    refused = Rejected(
        RefusalReason.BAD_NUMBER,
        "d",
        (FieldProblem("/data/members/1/resident_number", "p"), FieldProblem("/data/area", "q")),
    )

    first, second = (problem.fields for problem in problems_of(item, refused, HOUSEHOLDS))
    assert [f.field for f in first] == ["村代码"]
    assert [f.field for f in second] == ["成员证件号码", "村代码"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "Lottery"}, "kind Lottery is not known"),
        ({"unique": ["/data/nothing"]}, "unique names /data/nothing"),
        ({"coluns": []}, "coluns: Extra inputs"),
        (
            {
                "columns": [
                    {"headers": ["a"], "to": "/data/total"},
                    {"headers": ["b"], "to": "/data/total"},
                ]
            },
            "more than one column goes to /data/total",
        ),
        (
            {
                "columns": [
                    {"headers": ["A"], "to": "/data/total"},
                    {"headers": ["a "], "to": "/data/x"},
                ]
            },
            "the header a stands for more than one",
        ),
        ({"columns": [{"headers": ["a"], "to": "/elsewhere"}]}, "columns/0/to"),
        ({"columns": [{"headers": ["a"], "to": "/data/x", "kind": "choice"}]}, "choices"),
        (
            {"rows": "member", "columns": [{"headers": ["a"], "to": "/data/x"}]},
            "columns for /county",
        ),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_with_the_place(
    change: dict[str, object], says: str
) -> None:
    mapping = yaml.safe_load(shipped()["settled-bills"]) | change
    if "columns" in change and "unique" not in change:
        mapping["unique"] = []
    with pytest.raises(WrongMapping) as wrong:
        parse(yaml.safe_dump(mapping, allow_unicode=True))

    assert says in str(wrong.value)


@pytest.mark.parametrize("text", ["=1+1", "+86 533 2345678", "-", "@村口", "-5.00", "a=b", "'"])
def test_what_is_given_out_can_be_sent_back_as_it_is(text: str) -> None:
    names = [*BILL_HEADERS, ERROR_HEADER]
    known = Headers.of(names, BILLS)
    back = values_of(Row(2, ("C1", None, None, None, inert(text), "words")), known)
    plain = values_of(Row(2, ("C1", None, None, None, text)), Headers.of(BILL_HEADERS, BILLS))
    marked = values_of(Row(2, ("C1", None, None, None, "'=1")), Headers.of(BILL_HEADERS, BILLS))

    assert back == plain
    assert marked[1] is not None
