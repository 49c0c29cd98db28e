"""The door's judgement: who may say what, about which time, in which words."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from foothold_ingest.rules.accept import accept, fact_id, household_id
from foothold_ingest.rules.judgement import Accepted, Caller, Clock, Rejected, Unplaced
from foothold_schemas.wire.quarantine import RefusalReason
from tests.support.made.regions import deployment

NOW = datetime(2026, 6, 10, 4, tzinfo=UTC)
CLOCK = Clock(now=NOW, today=date(2026, 6, 10), recorded=NOW)
SECRET = b"s" * 32
AGENCY = Caller("statistics", is_operator=False)
OPERATOR = Caller("foothold-operator", is_operator=True)


def event(**changes: Any) -> dict[str, object]:  # noqa: ANN401
    data: dict[str, object] = {
        "category": "wage",
        "item": "salary",
        "amount": "100.00",
        "earned_month": "2026-05",
    } | changes.pop("data", {})
    data = {name: value for name, value in data.items() if value is not None}
    base = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/agencies/statistics",
        "type": "foothold.IncomeReported.v1",
        "time": "2026-06-10T11:59:00+08:00",
        "subject": "370399/V1",
        "data": data,
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


def judge(
    given: dict[str, object], caller: Caller = AGENCY, clock: Clock = CLOCK
) -> Accepted | Unplaced | Rejected:
    return accept(given, caller, clock, deployment(SECRET))


def test_a_good_event_becomes_a_fact_of_its_household_with_both_clocks() -> None:
    accepted = judge(event())

    assert isinstance(accepted, Accepted)
    record = accepted.record
    assert (household_id(SECRET, "370399", "V1"), fact_id("/agencies/statistics", "e-1")) == (
        record.household_id,
        record.fact_id,
    )
    assert (datetime(2026, 6, 10, 3, 59, tzinfo=UTC), NOW, "statistics") == (
        record.time,
        record.recorded_time,
        record.agency,
    )


@pytest.mark.parametrize(
    ("given", "reason", "field"),
    [
        (event(specversion="0.3"), RefusalReason.INVALID_ENVELOPE, "/specversion"),
        (event(id=""), RefusalReason.INVALID_ENVELOPE, "/id"),
        (event(id=7), RefusalReason.INVALID_ENVELOPE, "/id"),
        (event(time="2026-06-10T12:00:00"), RefusalReason.INVALID_ENVELOPE, "/time"),
        (event(time=1_780_000_000), RefusalReason.INVALID_ENVELOPE, "/time"),
        (event(time="yesterday"), RefusalReason.INVALID_ENVELOPE, "/time"),
        (event(data_base64="e30="), RefusalReason.INVALID_ENVELOPE, "/data_base64"),
        (event(datacontenttype="text/xml"), RefusalReason.MEDIA_TYPE, "/datacontenttype"),
        (event(type="foothold.IncomeReported.v2"), RefusalReason.UNKNOWN_KIND, "/type"),
        (event(type="IncomeReported"), RefusalReason.UNKNOWN_KIND, "/type"),
        (event(type="foothold.PolicyAdopted.v1"), RefusalReason.KIND_NOT_ALLOWED, "/type"),
        (event(source="/agencies/bank"), RefusalReason.FOREIGN_SOURCE, "/source"),
        (event(source="/agencies/statistics-2"), RefusalReason.FOREIGN_SOURCE, "/source"),
        (event(subject=None), RefusalReason.BAD_SUBJECT, "/subject"),
        (event(subject="V1"), RefusalReason.BAD_SUBJECT, "/subject"),
        (event(data={"amount": 100}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"amount": 100.5}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"amount": "100.005"}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"amount": "1_000"}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"amount": "１００"}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"amount": "1e3"}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"amount": ""}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"amount": "100\n"}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"amount": None}), RefusalReason.INVALID_FIELD, "/data/amount"),
        (event(data={"category": "lottery"}), RefusalReason.INVALID_FIELD, "/data/category"),
        (
            event(data={"earned_month": "2026-13"}),
            RefusalReason.INVALID_FIELD,
            "/data/earned_month",
        ),
        (event(data={"amout": "1.00"}), RefusalReason.UNKNOWN_FIELD, "/data/amout"),
        (event(time="2026-06-10T12:05:01+08:00"), RefusalReason.FUTURE_TIME, "/time"),
        (event(data={"earned_month": "2026-07"}), RefusalReason.FUTURE_TIME, "/data/earned_month"),
        (event(data={"earned_month": "2024-04"}), RefusalReason.TOO_OLD, "/data/earned_month"),
    ],
)
def test_a_bad_event_is_refused_with_its_reason_and_the_field(
    given: dict[str, object], reason: RefusalReason, field: str
) -> None:
    rejected = judge(given)

    assert isinstance(rejected, Rejected)
    assert reason == rejected.reason
    assert field in [f.field for f in rejected.fields]
    assert rejected.detail.endswith(".")


@pytest.mark.parametrize(
    "given",
    [
        event(time="2026-06-10T12:05:00+08:00"),
        event(data={"earned_month": "2024-05"}),
        event(data={"earned_month": "2026-06"}),
        event(source="/agencies/statistics/office-3"),
        event(traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        event(data={"amount": "-0.5"}),
    ],
    ids=[
        "five minutes ahead",
        "25 months back",
        "this month",
        "a path below the agency",
        "an extension attribute",
        "a negative amount",
    ],
)
def test_what_is_just_inside_is_accepted(given: dict[str, object]) -> None:
    assert isinstance(judge(given), Accepted)


def test_a_refusal_never_repeats_what_was_sent() -> None:
    rejected = judge(event(data={"item": "110105194912310 02X", "amount": "zhang-san"}))

    assert isinstance(rejected, Rejected)
    assert "11010" not in repr(rejected)
    assert "zhang" not in repr(rejected)


@pytest.mark.parametrize("name", ["11010519491231002X", "张三", "a" * 60, "x y"])
def test_a_name_that_may_be_personal_is_not_repeated_either(name: str) -> None:
    in_data, in_envelope = judge(event(data={name: "1"})), judge(event() | {name: "1"})

    assert isinstance(in_data, Rejected)
    assert isinstance(in_envelope, Rejected)
    assert name not in repr((in_data, in_envelope))
    assert "/data/(withheld)" in [f.field for f in in_data.fields]


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        ("MedicalClaimSettled", {"settled_on": "2026-06-11"}, "/data/settled_on"),
        ("DisasterStruck", {"struck_on": "2026-06-11"}, "/data/struck_on"),
    ],
)
def test_days_end_with_today_in_shanghai(kind: str, data: dict[str, str], field: str) -> None:
    bodies: dict[str, dict[str, object]] = {
        "MedicalClaimSettled": {"claim_number": "c", "setting": "inpatient", "total": "1.00"},
        "DisasterStruck": {"hazard": "flood", "is_verified": True},
    }
    given = event(type=f"foothold.{kind}.v1") | {"data": {**bodies[kind], **data}}
    rejected = judge(given)

    assert isinstance(rejected, Rejected)
    assert (RefusalReason.FUTURE_TIME, field) == (rejected.reason, rejected.fields[0].field)


def test_after_midnight_in_shanghai_the_new_day_is_today() -> None:
    late = datetime(2026, 6, 10, 16, 30, tzinfo=UTC)
    given = event(type="foothold.DisasterStruck.v1") | {
        "data": {"hazard": "flood", "struck_on": "2026-06-11", "is_verified": True}
    }

    assert isinstance(
        judge(given, clock=Clock(now=late, today=date(2026, 6, 11), recorded=late)), Accepted
    )


def test_a_register_entry_must_name_the_household_of_its_subject() -> None:
    entry = {
        "authority": "370399",
        "register_number": "V2",
        "area": "370399101201",
        "standing": "ordinary",
        "members": [{"person_ref": "p1"}],
    }
    rejected = judge(event(type="foothold.HouseholdRegistered.v1") | {"data": entry})

    assert isinstance(rejected, Rejected)
    assert rejected.reason == RefusalReason.BAD_SUBJECT


def test_what_concerns_everybody_has_no_household_and_goes_everywhere() -> None:
    accepted = judge(
        event(type="foothold.FeedHeard.v1", subject=None)
        | {"data": {"feed": "IncomeReported", "area": "370399", "through_month": "2026-05"}}
    )

    assert isinstance(accepted, Accepted)
    assert None is accepted.record.household_id


STRUCK = {
    "incident": "flood-1",
    "area": "370399101",
    "hazard": "flood",
    "severity": "II",
    "first_day": "2026-06-01",
}


def test_an_incident_goes_everywhere_and_what_is_wrong_with_it_is_named() -> None:
    accepted = judge(event(type="foothold.AreaStruck.v1", subject=None) | {"data": STRUCK})
    backwards = judge(
        event(type="foothold.AreaStruck.v1", subject=None)
        | {"data": STRUCK | {"last_day": "2026-05-31"}}
    )
    nowhere = judge(
        event(type="foothold.AreaStruck.v1", subject=None) | {"data": STRUCK | {"area": "379999"}}
    )

    assert isinstance(accepted, Accepted)
    assert None is accepted.record.household_id
    assert isinstance(backwards, Rejected)
    assert "last_day lies before first_day" in backwards.fields[0].problem
    assert isinstance(nowhere, Rejected)
    assert nowhere.reason == RefusalReason.UNKNOWN_AREA


def test_an_operator_opens_days_and_may_say_nothing_else() -> None:
    opened = event(
        type="foothold.DayOpened.v1", source="/agencies/foothold-operator", subject=None
    ) | {"data": {"day": "2026-06-11"}}

    assert isinstance(judge(opened, OPERATOR), Accepted)
    refused = judge(event(source="/agencies/foothold-operator"), OPERATOR)
    assert isinstance(refused, Rejected)
    assert refused.reason == RefusalReason.KIND_NOT_ALLOWED


def test_household_ids_hang_on_the_secret_and_on_nothing_else() -> None:
    ids = {
        household_id(secret, "370399", number)
        for secret in (b"a" * 32, b"b" * 32)
        for number in ("V1", "V2")
    }

    assert len(ids) == 4
    assert household_id(b"a" * 32, "370399", "V1") in ids


def test_with_days_by_hand_the_open_day_bounds_the_facts_and_recording_keeps_real_time() -> None:
    clock = Clock(now=NOW, today=date(2025, 1, 10), recorded=NOW)
    future = judge(event(data={"earned_month": "2025-02"}), clock=clock)
    good = judge(
        event(time="2025-01-09T12:00:00+08:00", data={"earned_month": "2024-12"}), clock=clock
    )

    assert isinstance(future, Rejected)
    assert isinstance(good, Accepted)
    assert good.record.recorded_time == NOW
    assert timedelta(0) == NOW - clock.now
