"""What an event may replace or take back: only the sender's own facts, by the sender's own ids."""

from typing import Any

import pytest

from foothold_ingest.rules.accept import fact_id
from foothold_ingest.rules.judgement import Accepted, Rejected
from foothold_schemas.wire.quarantine import RefusalReason
from tests.ingest.doors.test_accept import event, judge

SOURCE = "/agencies/statistics"


def retraction(*events: str, **changes: Any) -> dict[str, object]:  # noqa: ANN401
    envelope = event(type="foothold.FactsRetracted.v1", **changes)
    return envelope | {"data": {"events": list(events), "reason": "entered_in_error"}}


def withdrawn(given: dict[str, object]) -> tuple[str, ...]:
    accepted = judge(given)
    assert isinstance(accepted, Accepted), accepted
    return accepted.record.withdraws


def test_an_amendment_withdraws_the_facts_it_names_and_stands_itself() -> None:
    assert withdrawn(event(amends="old-1")) == (fact_id(SOURCE, "old-1"),)
    assert withdrawn(event(amends="b a")) == tuple(
        sorted((fact_id(SOURCE, "a"), fact_id(SOURCE, "b")))
    )
    assert withdrawn(event()) == ()


def test_a_retraction_withdraws_the_facts_it_names() -> None:
    assert withdrawn(retraction("old-1")) == (fact_id(SOURCE, "old-1"),)
    assert len(withdrawn(retraction(*(f"old-{n}" for n in range(20))))) == 20


def test_only_facts_of_the_same_source_can_be_meant() -> None:
    assert withdrawn(event(amends="old-1", source=f"{SOURCE}/office-3")) == (
        fact_id(f"{SOURCE}/office-3", "old-1"),
    )


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        (event(amends="e-1"), "/amends", "cannot correct itself"),
        (retraction("e-1"), "/data/events", "cannot correct itself"),
        (event(amends="a a"), "/amends", "stands twice"),
        (retraction("a", "a"), "/data/events", "stands twice"),
        (event(amends=""), "/amends", ""),
        (event(amends="a  b"), "/amends", ""),
        (event(amends=" ".join(f"a{n}" for n in range(21))), "/amends", ""),
        (event(amends="甲"), "/amends", ""),
        (event(amends=["a"]), "/amends", ""),
        (retraction(), "/data/events", ""),
        (retraction(*(f"old-{n}" for n in range(21))), "/data/events", ""),
        (retraction("a b"), "/data/events/0", ""),
        (retraction("x", amends="a"), "/data/events", "this kind amends nothing"),
    ],
)
def test_a_correction_that_is_not_clear_is_refused_with_the_field(
    given: dict[str, object], field: str, says: str
) -> None:
    rejected = judge(given)

    assert isinstance(rejected, Rejected)
    assert rejected.reason in (RefusalReason.INVALID_FIELD, RefusalReason.INVALID_ENVELOPE)
    assert field in [f.field for f in rejected.fields]
    assert any(says in f.problem for f in rejected.fields)


def test_a_register_entry_and_a_feed_amend_nothing_and_are_told_why() -> None:
    entry = {
        "authority": "370399",
        "register_number": "V1",
        "area": "370399101201",
        "standing": "ordinary",
        "members": [{"person_ref": "a"}],
    }
    feed = {"feed": "IncomeReported", "area": "370399", "through_month": "2026-05"}
    struck = {
        "incident": "f-1",
        "area": "370399",
        "hazard": "flood",
        "severity": "II",
        "first_day": "2026-06-01",
    }
    for kind, data in (("HouseholdRegistered", entry), ("FeedHeard", feed), ("AreaStruck", struck)):
        rejected = judge(event(type=f"foothold.{kind}.v1", amends="old") | {"data": data})
        assert isinstance(rejected, Rejected)
        assert "replaced by a newer one" in rejected.fields[0].problem


def test_a_negative_bill_is_refused_and_told_how_to_take_a_bill_back() -> None:
    bill = {
        "claim_number": "c-1",
        "settled_on": "2026-06-01",
        "setting": "inpatient",
        "total": "-20000.00",
    }
    rejected = judge(event(type="foothold.MedicalClaimSettled.v1") | {"data": bill})

    assert isinstance(rejected, Rejected)
    assert "FactsRetracted" in rejected.fields[0].problem
