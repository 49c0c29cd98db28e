"""A register's 9999-12-31 is read as empty where a field says until when, and the sender is told.

Everywhere else it is refused by name.
"""

import copy
import json
import re
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from foothold_ingest.rules.accept import accept, place
from foothold_ingest.rules.forever import UNTIL, without_forever
from foothold_ingest.rules.judgement import Accepted, Caller, Clock, Place, Rejected, Unplaced
from foothold_schemas.facts.register import HouseholdRegistered
from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from tests.support.made.models import SCHEMAS, nodes
from tests.support.made.regions import deployment
from tests.support.running.parts import ROOT

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)
CLOCK = Clock(now=NOW, today=date(2026, 7, 1), recorded=NOW)
KINDS = (*AGENCY_KINDS, *OPERATOR_KINDS)

NO_END: dict[str, str] = {
    "/birth_month": "a person is born once",
    "/joined_on": "a beginning",
    "/from_day": "a beginning",
    "/first_day": "a beginning",
    "/from_month": "a beginning",
    "/invested_on": "it happened",
    "/earned_month": "it happened",
    "/settled_on": "it happened",
    "/spent_on": "it happened",
    "/struck_on": "it happened",
    "/checked_on": "it happened",
    "/graded_on": "it happened",
    "/reported_on": "it happened",
    "/signed_on": "it happened",
    "/refused_on": "it happened",
    "/decided_on": "it happened",
    "/exempted_on": "it happened",
    "/delivered_on": "it happened",
    "/paid_on": "it happened",
    "/heard_on": "it happened",
    "/day": "the day that begins",
    "/through_month": "the last month a feed has sent everything of, which is over",
    "/last": "the last day on which somebody said so",
    "/newest_on": "the day of a bill",
    "/until": "an exemption ends within a year of its own day, so none is for ever",
}
"""Days and months that are no end, or an end that cannot be left open, by the end of their path:
and why."""
MEANS_UNTIL = re.compile(r"until|left|last|expire|end|through|valid", re.IGNORECASE)


def dated(kind: str) -> set[str]:
    """The paths of a kind's days, months and moments."""
    schema = SCHEMAS[f"data.{kind}"]
    months = {path for path, node in nodes(schema, schema) if "2200" in node.get("pattern", "")}
    return months | {
        path for path, node in nodes(schema, schema) if node.get("format") in ("date", "date-time")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_of_every_day_and_month_a_sender_may_write_somebody_has_decided_whether_it_may_be_for_ever(
    kind: str,
) -> None:
    undecided = {
        path
        for path in dated(kind) - set(UNTIL.get(kind, ()))
        if f"/{path.rsplit('/', 1)[1]}" not in NO_END
    }
    by_name = {path for path in dated(kind) if MEANS_UNTIL.search(path.rsplit("/", 1)[1])} - set(
        UNTIL.get(kind, ())
    )

    assert undecided == set()
    assert {f"/{path.rsplit('/', 1)[1]}" for path in by_name} <= {
        "/through_month",
        "/until",
        "/last",
    }
    assert set(UNTIL.get(kind, ())) <= dated(kind)


def event(kind: str) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(
        (ROOT / f"schemas/examples/events/{kind}.json").read_text()
    )
    return example


def put(data: Any, path: str, value: object) -> str:  # noqa: ANN401 - JSON
    """Write a value where the path leads, and return the pointer.

    The path leads to the first place of a list, and through objects the example lacks.
    """
    steps: list[str | int] = [0 if step == "*" else step for step in path.split("/")[1:]]
    for step, following in pairwise(steps):
        if isinstance(step, str) and not data.get(step):
            data[step] = [{}] if following == 0 else {}
        data = data[step]
    data[steps[-1]] = value
    return "/data/" + "/".join(map(str, steps))


def judge(sent: dict[str, Any]) -> Accepted | Unplaced | Rejected:
    agency = sent["source"].split("/")[2]
    return accept(
        sent, Caller(agency, is_operator=agency == "foothold-operator"), CLOCK, deployment()
    )


PATHS = [(kind, path) for kind, paths in UNTIL.items() for path in paths]


@pytest.mark.parametrize(("kind", "path"), PATHS)
@pytest.mark.parametrize("forever", ["9999-12-31", "9999-01-01", "9999-12-30"])
def test_for_ever_is_read_as_empty_and_the_sender_is_told_of_the_field(
    kind: str, path: str, forever: str
) -> None:
    sent = event(kind)
    pointer = put(sent["data"], path, forever[:7] if path.endswith("month") else forever)
    before, judged = copy.deepcopy(sent), judge(sent)

    assert isinstance(judged, Accepted)
    assert [w.field for w in judged.warnings] == [pointer]
    assert "9999" not in judged.record.model_dump_json()
    assert sent == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("year", ["0001", "1899", "2201", "9998", "9999"])
def test_every_other_day_and_month_outside_our_years_is_refused_by_its_name(
    kind: str, year: str
) -> None:
    optional = {
        path for path in dated(kind) if year != "9999" or path not in UNTIL.get(kind, ())
    } - {"/feeds/*/heard_on"}
    for path in sorted(optional):
        sent = event(kind)
        pointer = put(
            sent["data"], path, f"{year}-12" if path.endswith("month") else f"{year}-12-31"
        )
        judged = judge(sent)
        assert isinstance(judged, Rejected), path
        assert pointer in {f.field for f in judged.fields}, path
        assert "outside 1900-2200" in str(judged.fields), path


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+08:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-08:00",
        "1794880800",
    ],
)
def test_a_time_outside_our_years_is_refused_and_not_calculated_with(at: str) -> None:
    judged = judge(event("IncomeReported") | {"time": at})

    assert isinstance(judged, Rejected)
    assert [f.field for f in judged.fields] == ["/time"]


def test_without_a_value_for_ever_the_data_is_the_very_same_and_nothing_is_told() -> None:
    data = event("HouseholdRegistered")["data"]

    assert without_forever("HouseholdRegistered", data) == (data, ())
    assert without_forever("HouseholdRegistered", data)[0] is data


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"members": 5},
        {"members": [None, [], "9999-12-31", {"left_on": {"9999-12-31": 1}}]},
        {"members": {"left_on": "9999-12-31"}},
    ],
)
def test_data_of_another_shape_is_left_to_the_model(data: dict[str, Any]) -> None:
    assert without_forever("HouseholdRegistered", data) == (data, ())


def test_a_member_who_stays_for_ever_is_still_there_and_the_warning_goes_along_by_number() -> None:
    entry = event("HouseholdRegistered")
    entry["data"]["members"][1]["left_on"] = "9999-12-31"
    judged = judge(entry)
    income = event("IncomeReported")
    del income["subject"]
    income["data"] |= {"until_month": "9999-12", "resident_number": "11010519491231002X"}
    income["data"].pop("person_ref", None)
    unplaced = judge(income)
    assert isinstance(unplaced, Unplaced)
    placed = place(unplaced, Place("a" * 32, "370399"), Caller("statistics", is_operator=False))

    assert isinstance(judged, Accepted)
    assert isinstance(judged.record.data, HouseholdRegistered)
    assert judged.record.data.members[1].left_on is None
    assert isinstance(placed, Accepted)
    assert [w.field for w in placed.warnings] == ["/data/until_month"]
