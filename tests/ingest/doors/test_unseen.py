"""Characters that nobody sees are never stored.

They are taken off the ends of a text and reported, and refused inside it by name; what belongs to a
name stays.
"""

import json
import sys
import unicodedata
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foothold_ingest.files.mappings import parse, shipped
from foothold_ingest.rules.accept import accept
from foothold_ingest.rules.judgement import Accepted, Caller, Clock, Rejected, Unplaced
from foothold_ingest.rules.rows.cells import WrongCell, value_of
from foothold_ingest.rules.rows.items import Gatherer
from foothold_ingest.rules.rows.mapping import CellKind, Column
from foothold_ingest.rules.rows.rows import Headers, Row
from foothold_ingest.rules.unseen import INSIDE, TAKEN_OFF, Seen
from foothold_schemas.characters import has_unseen, is_unseen, trimmed
from foothold_schemas.facts.sent import AGENCY_KINDS
from tests.support.made.models import SCHEMAS, nodes
from tests.support.made.regions import deployment
from tests.support.made.ugly import example, put

NOW: Final = datetime(2026, 6, 10, 4, tzinfo=UTC)
KEPT_FORMATS: Final = "\u200c\u200d"
UNSEEN: Final = [
    c
    for c in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(c) == "Cf" and is_unseen(c)
]
FORBIDDEN: Final = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
"""Refused before, wherever they stand: strict JSON holds none."""
SENT: Final = [c for c in UNSEEN if c not in FORBIDDEN]
NAMES: Final = (
    "张𬱖",
    "王\U00030edd",
    "葛\U000e0100",
    "می\u200cخواهم",
    "क्\u200dष",
    "欧阳 娜娜",
    "买买提·艾力",
    "é",
    "☂\ufe0f",
    "\U0002ebf0",
)
SAMPLES: Final = (
    "\u200b",
    "\ufeff",
    "\u00ad",
    "\u200e",
    "\u200f",
    "\u061c",
    "\u2060",
    "\U000e0041",
    "\ufff9",
)


def judged(event: dict[str, Any], kind: str) -> Accepted | Unplaced | Rejected:
    caller = Caller("clinic", is_operator=False, kinds=(kind,))
    return accept(event, caller, Clock(NOW, NOW.date(), NOW), deployment(b"s" * 32))


def test_the_samples_are_of_the_kind() -> None:
    assert set(SAMPLES) <= set(SENT)
    assert not any(map(is_unseen, KEPT_FORMATS))


@pytest.mark.parametrize("name", NAMES)
def test_what_belongs_to_a_name_stays(name: str) -> None:
    seen = Seen()

    assert seen.data({"name": name}) == {"name": name}
    assert (seen.warnings, seen.problems) == ([], [])


@settings(max_examples=300)
@given(
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(SENT) | st.sampled_from(" \u3000"), max_size=4),
    st.lists(st.sampled_from(SENT), min_size=1, max_size=4),
)
def test_ends_are_taken_off_and_told_and_the_middle_is_refused(
    name: str, before: list[str], after: list[str]
) -> None:
    ends, middle = Seen(), Seen()
    dirty = "".join(before) + name + "".join(after)

    assert ends.data({"name": dirty})["name"].strip() == name
    assert [(w.field, w.problem) for w in ends.warnings] == [("/data/name", TAKEN_OFF)]
    middle.data({"name": f"{name}{''.join(after)}{name}"})
    assert [(p.field, p.problem) for p in middle.problems] == [("/data/name", INSIDE)]


@given(st.text(st.characters(categories=("Cf", "Lo", "Zs", "Mn")), max_size=12))
def test_trimming_twice_is_trimming_once_and_leaves_nothing_unseen_at_the_ends(text: str) -> None:
    once = trimmed(text)

    assert trimmed(once) == once
    assert not once or not (is_unseen(once[0]) or is_unseen(once[-1]))
    assert has_unseen(once) == any(map(is_unseen, once))


def test_a_joiner_before_a_name_joins_nothing_and_would_hide_the_surname() -> None:
    assert trimmed("\u200d张") == "张"


TEXTS: Final = [
    pytest.param(kind, path, id=f"{kind}{path}")
    for kind in AGENCY_KINDS
    for path, node in nodes(SCHEMAS[f"data.{kind}"], SCHEMAS[f"data.{kind}"])
    if node.get("type") == "string"
]


@pytest.mark.parametrize(("kind", "path"), TEXTS)
def test_no_field_of_any_kind_keeps_what_nobody_sees(kind: str, path: str) -> None:
    for unseen in SAMPLES:
        event = example(kind, 0, "/agencies/clinic")
        steps = ("data", *(0 if step == "*" else step for step in path.split("/")[1:]))
        put(event, steps, f"张{unseen}三")
        inside = judged(event, kind)
        assert isinstance(inside, Rejected)
        assert unseen not in json.dumps(
            [inside.detail, *(f.problem for f in inside.fields)], ensure_ascii=False
        )
        put(event, steps, f"{unseen}张三{unseen}")
        ends = judged(event, kind)
        if not isinstance(ends, Rejected):
            assert unseen not in ends.record.model_dump_json()
            assert TAKEN_OFF in [w.problem for w in ends.warnings]


@pytest.mark.parametrize("kind", CellKind)
@pytest.mark.parametrize("unseen", SAMPLES)
def test_a_cell_is_read_without_what_nobody_sees_at_its_ends(kind: CellKind, unseen: str) -> None:
    texts = {
        CellKind.AMOUNT: "12.50",
        CellKind.DAY: "2026-01-05",
        CellKind.MONTH: "2026-01",
        CellKind.YES_NO: "是",
        CellKind.CHOICE: "住院",
    }
    text = texts.get(kind, "张三")
    column = Column(
        headers=("h",),
        to="/data/x",
        kind=kind,
        choices={"住院": "inpatient"} if kind is CellKind.CHOICE else {},
    )

    assert value_of(f"{unseen}{text} {unseen}", column) == value_of(text, column)
    assert value_of(unseen, column) is None
    with pytest.raises(WrongCell, match=INSIDE[:8]):
        value_of(f"{text}{unseen}{text}", column)


def test_the_sender_of_a_file_is_told_by_row_and_header_and_headers_may_hold_them_too() -> None:
    mapping = parse(shipped()["settled-bills"])
    names = ("\ufeff结算单号", "证件号码\u200b", "结算\u00ad日期", "就医类别", "总费用")
    gatherer = Gatherer(Headers.of(names, mapping), mapping, "clinic", NOW, "f1")
    (item,) = gatherer.take(
        Row(7, ("C1\u200b", "11010519491231002X", "2026-01-05", "住院", "\ufeff1.00"))
    )

    assert isinstance(item.outcome, dict)
    assert [(w.field, w.problem) for w in item.warnings[7]] == [
        ("结算单号", TAKEN_OFF),
        ("总费用", TAKEN_OFF),
    ]
