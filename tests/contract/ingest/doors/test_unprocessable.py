"""An event on which a rule raises is refused alone, whoever asks.

A dry run and the door itself give one answer.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from foothold_ingest.build import Built
from foothold_ingest.console.report import Reports, Written
from foothold_ingest.doors.http import Door, make_app
from foothold_ingest.rules.accept import accept
from foothold_ingest.rules.judgement import Accepted, Caller, Clock, Rejected, Unplaced
from foothold_ingest.rules.people.placing import place_of
from foothold_ingest.settings import DayClock
from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from tests.support.running.asgi import Answer, call
from tests.support.running.clerk import AGENCY
from tests.support.running.parts import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

BATCH = (b"content-type", b"application/cloudevents-batch+json")
SINGLE = (b"content-type", b"application/cloudevents+json")
PERSON = "11010519491231002X"
REAL = accept


def planted(event: Mapping[str, object], *rest: Any) -> Accepted | Unplaced | Rejected:  # noqa: ANN401 - as the rule has them
    """A rule with a defect at events of this name."""
    if str(event.get("id")).startswith("planted"):
        raise KeyError(f"{PERSON} is what was sent")
    return REAL(event, *rest)


def example(kind: str, event_id: str, agency: str = AGENCY) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(
        (ROOT / f"schemas/examples/events/{kind}.json").read_text()
    )
    return envelope | {
        "id": event_id,
        "source": f"/agencies/{agency}",
        "time": "2026-01-20T09:00:00+08:00",
    }


def income(event_id: str) -> dict[str, Any]:
    envelope = example("IncomeReported", event_id)
    return envelope | {"data": envelope["data"] | {"earned_month": "2025-12"}}


class Doors:
    """The HTTP door as an agency, or as the operator."""

    def __init__(self, ingest: Built, key: str, clock: DayClock) -> None:
        self.app = make_app(
            Door(
                agencies=ingest.agencies,
                intake=ingest.intake,
                days=ingest.days,
                metrics=ingest.metrics,
                day_clock=clock,
            )
        )
        self.key = (b"authorization", f"Bearer {key}".encode())

    async def post(self, body: object, query: bytes = b"") -> Answer:
        kind = BATCH if isinstance(body, list) else SINGLE
        return await call(
            self.app, "POST", b"/v1/events", query, (self.key, kind), json.dumps(body).encode()
        )


async def doors(
    ingest: Built, *, is_operator: bool = False, clock: DayClock = DayClock.MANUAL
) -> Doors:
    name = "foothold-operator" if is_operator else AGENCY
    return Doors(
        ingest,
        await ingest.register.add(name, is_operator=is_operator, by="op", now=datetime.now(UTC)),
        clock,
    )


async def test_an_event_on_which_a_rule_raises_is_refused_alone_and_told_without_a_value(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = await doors(ingest)
    monkeypatch.setattr("foothold_ingest.intake.intake.accept", planted)
    with capture_logs() as logs:
        batch = await door.post([income("good-1"), income("planted-1"), income("good-2")])
        single = await door.post(income("planted-2"))
        dry = await door.post([income("good-3"), income("planted-3")], b"dry_run=true")
    results = json.loads(batch.body)["results"]
    refusals = [line for line in logs if line["event"] == "ingest.unprocessable"]
    counted = ingest.metrics.registry.get_sample_value(
        "foothold_ingest_facts_total",
        {"kind": "IncomeReported", "outcome": "unprocessable", "door": "http"},
    )

    assert (batch.status, [result["status"] for result in results]) == (207, [202, 422, 202])
    assert results[1]["problem"]["type"] == "urn:foothold:problem:unprocessable"
    assert (single.status, json.loads(single.body)["type"]) == (
        422,
        "urn:foothold:problem:unprocessable",
    )
    assert [result["status"] for result in json.loads(dry.body)["results"]] == [202, 422]
    assert [
        (line["kind"], line["where"][-1], any("planted" in step for step in line["where"]))
        for line in refusals
    ] == [("IncomeReported", "KeyError", True)] * 3
    assert PERSON not in str(logs)
    assert [line for line in logs if "exc_info" in line] == []  # its words would be written out
    assert counted == 2


async def test_where_a_person_belongs_may_raise_as_well(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = await doors(ingest)

    def nowhere(*_: object) -> None:
        raise ZeroDivisionError

    event = income("by-number")
    del event["subject"]
    event["data"] = {
        name: value for name, value in event["data"].items() if name != "person_ref"
    } | {"resident_number": PERSON}
    monkeypatch.setattr("foothold_ingest.intake.intake.place_of", nowhere)
    broken = await door.post([event, income("beside-it")])
    monkeypatch.setattr("foothold_ingest.intake.intake.place_of", place_of)
    mended = await door.post(event)

    assert [result["status"] for result in json.loads(broken.body)["results"]] == [422, 202]
    assert (mended.status, json.loads(mended.body)["held"]) == (202, True)


async def test_a_clerks_report_is_refused_with_words_and_a_reader_sees_the_exception(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = Reports(
        agencies=ingest.agencies, intake=ingest.intake, people=ingest.people, days=ingest.days
    )
    monkeypatch.setattr("foothold_ingest.intake.intake.accept", planted)
    now = datetime.now(UTC)
    clock: Clock = ingest.days.clock(now)
    refused = await reports.take(
        AGENCY, Written("planted-4", "", PERSON, "self", "illness", "2026-01-20"), now
    )

    assert isinstance(refused, Rejected)
    assert refused.reason == "unprocessable"
    with pytest.raises(KeyError):
        await ingest.intake.judge([income("planted-5")], Caller(AGENCY, is_operator=False), clock)


def day(event_id: str, opened: str, *, is_quiet: bool = False) -> dict[str, Any]:
    return example("DayOpened", event_id, "foothold-operator") | {
        "data": {"day": opened, "is_quiet": is_quiet}
    }


DAYS = {
    "far ahead": [day("d", "2099-01-01")],
    "the last of all": [day("d", "2200-12-31")],
    "the next": [day("d", "2026-01-21")],
    "the same again": [day("d", "2026-01-20")],
    "before": [day("d", "2025-01-01")],
    "quiet, though days are open": [day("d", "2026-01-21", is_quiet=True)],
    "one after the other": [day("a", "2026-12-31"), day("b", "2027-12-31")],
    "the second first": [day("a", "2027-12-31"), day("b", "2026-12-31")],
    "among others": [
        day("a", "2099-01-01"),
        example("AuthorisationGiven", "x", "foothold-operator"),
        day("b", "2026-01-22"),
    ],
}


@pytest.mark.parametrize("clock", DayClock)
@pytest.mark.parametrize("name", DAYS)
async def test_a_dry_run_of_days_says_what_the_door_then_says(
    ingest: Built, name: str, clock: DayClock
) -> None:
    door = await doors(ingest, is_operator=True, clock=clock)
    before = ingest.days.last
    dry = json.loads((await door.post(DAYS[name], b"dry_run=true")).body)
    untouched = ingest.days.last
    real = json.loads((await door.post(DAYS[name])).body)

    def answers(body: dict[str, Any]) -> list[tuple[int, object]]:
        return [
            (result["status"], result.get("problem", {}).get("type")) for result in body["results"]
        ]

    assert answers(dry) == answers(real)
    assert [dry["accepted"], dry["refused"]] == [real["accepted"], real["refused"]]
    assert untouched == before


async def test_a_single_day_is_refused_alike_in_the_dry_run_and_for_good(ingest: Built) -> None:
    door = await doors(ingest, is_operator=True)
    dry, real = (
        await door.post(day("far", "2099-01-01"), b"dry_run=true"),
        await door.post(day("far", "2099-01-01")),
    )

    assert (dry.status, real.status) == (409, 409)
    assert json.loads(dry.body) | {"trace_id": ""} == json.loads(real.body) | {"trace_id": ""}


@pytest.mark.parametrize("kind", [*AGENCY_KINDS, *OPERATOR_KINDS])
async def test_of_every_kind_the_dry_run_gives_the_doors_answer(ingest: Built, kind: str) -> None:
    agency = "foothold-operator" if kind in OPERATOR_KINDS else AGENCY
    door = await doors(ingest, is_operator=kind in OPERATOR_KINDS)
    events = [
        example(kind, "one", agency),
        example(kind, "two", agency) | {"time": "2099-01-01T00:00:00Z"},
        example(kind, "three", "another"),
    ]
    dry, real = (
        json.loads((await door.post(events, b"dry_run=true")).body),
        json.loads((await door.post(events)).body),
    )

    assert [result["status"] for result in dry["results"]] == [
        result["status"] for result in real["results"]
    ]


async def test_what_was_read_as_empty_is_told_beside_the_acceptance_also_in_the_dry_run(
    ingest: Built,
) -> None:
    door = await doors(ingest)
    entry = example("HouseholdRegistered", "for-ever")
    entry["data"]["members"][0]["left_on"] = "9999-12-31"
    dry, single, batch = (
        await door.post(entry, b"dry_run=true"),
        await door.post(entry),
        await door.post([entry]),
    )

    assert [answer.status for answer in (dry, single, batch)] == [200, 202, 202]
    for accepted in (
        json.loads(dry.body)["results"][0],
        json.loads(single.body),
        json.loads(batch.body)["results"][0],
    ):
        assert [warning["field"] for warning in accepted["warnings"]] == ["/data/members/0/left_on"]
