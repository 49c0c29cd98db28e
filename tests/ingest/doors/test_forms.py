"""What a text must look like is told in words, and what clerks really write is taken."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_ingest.rules.accept import accept
from foothold_ingest.rules.judgement import Accepted, Caller, Clock, Rejected
from foothold_ingest.rules.rows.row_words import chinese_of
from foothold_ingest.rules.words import FORMS
from foothold_risk.rules.items import item_key
from foothold_schemas.values import AMOUNT_PATTERN, ITEM_PATTERN, MONTH_PATTERN
from tests.support.made.regions import deployment
from tests.support.running.parts import ROOT

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)
CLOCK = Clock(now=NOW, today=date(2026, 7, 1), recorded=NOW)
AGENCY = Caller("statistics", is_operator=False)
WITH_VALIDATORS = {AMOUNT_PATTERN, MONTH_PATTERN}


def patterns(schema: Any) -> Iterator[str]:  # noqa: ANN401 - a JSON Schema
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for value in schema.values():
            yield from patterns(value)
    if isinstance(schema, list):
        for value in schema:
            yield from patterns(value)


def test_every_pattern_a_sender_can_meet_has_words() -> None:
    files = [
        *(ROOT / "schemas/json").glob("data.*.schema.json"),
        ROOT / "schemas/json/cloudevent.schema.json",
    ]
    met = {pattern for path in files for pattern in patterns(json.loads(path.read_text("utf-8")))}

    assert met - WITH_VALIDATORS == set(FORMS)
    assert all(chinese_of(f"this is written with {form.en}") == form.zh for form in FORMS.values())


def sent(**data: str) -> Accepted | Rejected:
    event = json.loads((ROOT / "schemas/examples/events/IncomeReported.json").read_text("utf-8"))
    judged = accept(event | {"data": event["data"] | data}, AGENCY, CLOCK, deployment())
    assert isinstance(judged, Accepted | Rejected)
    return judged


@pytest.mark.parametrize(
    "item",
    [
        "务工收入（外出）",
        "种植、养殖",
        "农机（租赁）/ 运输",
        "土地流转·2026",
        "奖金(年终)",
        "工资+奖金",
    ],
)
def test_an_item_as_clerks_write_it_is_taken(item: str) -> None:
    assert isinstance(sent(item=item), Accepted)


@given(st.from_regex(ITEM_PATTERN, fullmatch=True))
def test_whatever_the_form_allows_is_taken_and_can_be_folded(item: str) -> None:
    judged = sent(item=item)

    assert isinstance(judged, Accepted), judged
    assert item_key(item)


def test_a_refusal_says_the_form_and_no_regular_expression() -> None:
    judged = sent(item="工资\u0007", statement_number="淄民〔2026〕12号")

    assert isinstance(judged, Rejected)
    assert [problem.field for problem in judged.fields] == ["/data/item", "/data/statement_number"]
    assert not any(re.search(r"[\^\[\]{}]", problem.problem) for problem in judged.fields)
    assert "letters, digits" in judged.fields[1].problem
