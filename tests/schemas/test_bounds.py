"""Whatever a sender chooses has an end: days and moments, counts, lists.

Walked from the models, so that a new field fails until it has its bounds.
"""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from foothold_schemas.values import FIRST_YEAR, LAST_YEAR, MONTH_PATTERN, Day, Moment, Month
from foothold_schemas.wire.codec import Unreadable, decode_fact
from foothold_schemas.wire.quarantine import moment_of
from tests.support.made.models import SCHEMAS, nodes
from tests.support.running.parts import ROOT

DOORS = (
    "cloudevent",
    "relief-facts.v1",
    "household-facts.v1",
    *(f"data.{kind}" for kind in (*AGENCY_KINDS, *OPERATOR_KINDS)),
)
"""What somebody outside sends, and what it becomes in the log."""
OURS = {"/withdraws": "made of ids in `amends` and `events`, which have an end"}
"""Lists nobody outside fills, by the end of their path."""


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_day_and_moment_of_every_message_lies_where_people_live(name: str) -> None:
    dated = [
        (path, node)
        for path, node in nodes(SCHEMAS[name], SCHEMAS[name])
        if node.get("format") in ("date", "date-time")
    ]

    assert [
        path for path, node in dated if not {"formatMinimum", "formatMaximum"} <= node.keys()
    ] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_month_of_every_message_ends_where_days_do(name: str) -> None:
    def is_month(path: str, node: dict[str, Any]) -> bool:
        return node.get("type") == "string" and ("month" in path.rstrip("/*").rsplit("/", 1)[-1])

    months = [
        (path, node) for path, node in nodes(SCHEMAS[name], SCHEMAS[name]) if is_month(path, node)
    ]

    assert [path for path, node in months if node.get("pattern") != MONTH_PATTERN] == []


@pytest.mark.parametrize("name", DOORS)
def test_every_number_a_sender_chooses_has_two_ends(name: str) -> None:
    numbers = [
        (path, node)
        for path, node in nodes(SCHEMAS[name], SCHEMAS[name])
        if node.get("type") in ("integer", "number")
    ]

    assert [path for path, node in numbers if not {"minimum", "maximum"} <= node.keys()] == []


@pytest.mark.parametrize("name", DOORS)
def test_every_list_a_sender_fills_has_an_end(name: str) -> None:
    lists = [
        (path, node)
        for path, node in nodes(SCHEMAS[name], SCHEMAS[name])
        if node.get("type") == "array"
    ]

    assert [path for path, node in lists if "maxItems" not in node and path not in OURS] == []


@given(st.dates() | st.sampled_from((date.min, date.max)))
def test_a_day_is_taken_if_and_only_if_its_year_is_one_in_which_people_live(day: date) -> None:
    for sent in (day, day.isoformat()):
        try:
            taken: date | None = TypeAdapter(Day).validate_python(sent)
        except ValidationError:
            taken = None
        assert taken == (day if FIRST_YEAR <= day.year <= LAST_YEAR else None)


OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


EDGES = OFFSETS.flatmap(
    lambda zone: st.sampled_from(
        (datetime(1, 1, 1, tzinfo=zone), datetime(9999, 12, 31, 23, 59, 59, tzinfo=zone))
    )
)


@given(st.datetimes(timezones=OFFSETS | st.just(UTC)) | EDGES)
def test_whatever_moment_is_taken_can_be_calculated_with(moment: datetime) -> None:
    for sent in (moment, moment.isoformat()):
        try:
            taken = TypeAdapter(Moment).validate_python(sent)
        except ValidationError:
            assert not FIRST_YEAR <= moment.year <= LAST_YEAR
        else:
            assert taken == moment
            assert taken.astimezone(timezone(timedelta(hours=14))) + timedelta(
                days=800
            ) > taken.astimezone(UTC)


@pytest.mark.parametrize(
    "text",
    [
        "1794880800",
        "1794880800.5",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01t00:00:00z",
        "2026-01-01T00:00Z",
        "2026-01-01T00Z",
        "20260101T000000Z",
        "2026-W01-1T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:59:60Z",
        "2026-01-01T00:00:00+0800",
        "2026-01-01T00:00:00+08",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00 +08:00",
        "２０２６-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
        "1899-12-31T23:59:59Z",
        "2201-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "now",
        "",
    ],
)
def test_what_is_no_rfc_3339_moment_of_our_years_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123456+08:00",
        "1900-01-01T00:00:00+14:00",
        "2200-12-31T23:59:59-12:00",
    ],
)
def test_rfc_3339_is_taken_up_to_the_last_second_of_our_years(text: str) -> None:
    assert TypeAdapter(Moment).validate_python(text) == datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("1900-01", True),
        ("2200-12", True),
        ("1899-12", False),
        ("2201-01", False),
        ("9999-12", False),
        ("2026-13", False),
    ],
)
def test_a_month_is_bounded_as_a_day_is(text: str, *, is_taken: bool) -> None:
    try:
        TypeAdapter(Month).validate_python(text)
    except ValidationError:
        assert not is_taken
    else:
        assert is_taken


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_record_of_any_timestamp_can_be_set_aside(timestamp_ms: int) -> None:
    assert TypeAdapter(Moment).validate_python(moment_of(timestamp_ms)).astimezone(
        timezone(timedelta(hours=8))
    ) >= datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"joined_on":"2014-06-20"', b'"left_on":"9999-12-31"'),
        (b'"time":"2026', b'"time":"0001'),
        (b'"recorded_time":"2026', b'"recorded_time":"9999'),
    ],
)
def test_a_value_that_stands_in_the_log_from_before_is_set_aside_and_not_calculated_with(
    old: bytes, new: bytes
) -> None:
    example = json.loads(
        (ROOT / "schemas/examples/household-facts.v1/HouseholdRegistered.json").read_bytes()
    )
    text = json.dumps(example, separators=(",", ":")).encode()
    assert decode_fact(text).id
    with pytest.raises(Unreadable) as error:
        decode_fact(text.replace(old, new))

    assert error.value.reason == "invalid_field"
