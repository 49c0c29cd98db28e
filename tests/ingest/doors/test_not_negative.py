"""Sums below zero are refused at the door where they cannot be, by the field's name.

What entered before stays readable and stops nobody.
"""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from foothold_risk.messages.judge import Subject, judge
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.control import Control
from foothold_schemas.facts.facts import HomeState
from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.wire.codec import decode_fact, encode
from tests.support.made.build import OPEN_DAY, claim, disaster, household, income, registered
from tests.support.made.rules import ALL_IN_FORCE
from tests.support.made.versions import AT

DISASTER = {
    "kind": "DisasterStruck",
    "hazard": "fire",
    "struck_on": "2026-06-01",
    "is_verified": True,
}
BILL = {
    "kind": "MedicalClaimSettled",
    "claim_number": "c",
    "settled_on": "2026-06-01",
    "setting": "inpatient",
    "total": "10.00",
}
INCOME = {"kind": "IncomeReported", "category": "operating", "item": "crops", "amount": "10.00"}
SPENT = {"kind": "SpendingReported", "category": "education", "spent_on": "2026-06-01"}
ENTRY = {
    "kind": "HouseholdRegistered",
    "authority": "370399",
    "register_number": "V",
    "area": "370399101201",
    "standing": "ordinary",
}
SHARE = {"project": "orchard", "invested_on": "2025-01-01"}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (DISASTER | {"loss": "-5.00"}, "loss"),
        (BILL | {"total": "-5.00"}, ""),
        (BILL | {"in_scope": "-0.01"}, "in_scope"),
        *(
            (BILL | {"paid": {layer: "-0.01"}}, "paid")
            for layer in ("basic_insurance", "critical_illness", "hospital_reduction")
        ),
        *(
            (BILL | {"paid": {layer: "-0.01"}}, "paid")
            for layer in (
                "medical_assistance",
                "anti_poverty_insurance",
                "city_supplement",
                "other",
            )
        ),
        (INCOME | {"operating_expense": "-1.00"}, "operating_expense"),
        (SPENT | {"total": "-1.00"}, ""),
        (SPENT | {"total": "1.00", "covered": "-1.00"}, ""),
        (
            ENTRY | {"members": [{"person_ref": "p"}], "projects": [SHARE | {"invested": "-1.00"}]},
            "projects",
        ),
        (
            {
                "kind": "FeedHeard",
                "feed": "IncomeReported",
                "area": "370399",
                "from_month": "2026-06",
                "through_month": "2026-05",
            },
            "",
        ),
    ],
)
def test_what_cannot_be_below_zero_or_end_before_it_begins_is_refused_by_its_field(
    data: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        AGENCY_KINDS[data["kind"]].model_validate(data, extra="forbid")

    where = refused.value.errors()[0]["loc"]
    assert (where[0] if where else "") == field


@pytest.mark.parametrize(
    "data",
    [
        DISASTER | {"loss": "0.00"},
        BILL | {"in_scope": "0"},
        BILL | {"paid": {"other": "0.00"}},
        INCOME | {"amount": "-10.00"},
    ],
)
def test_nothing_is_no_sum_below_zero_and_a_year_may_end_in_a_loss(data: dict[str, Any]) -> None:
    assert AGENCY_KINDS[data["kind"]].model_validate(data, extra="forbid").kind == data["kind"]


def test_what_entered_before_is_read_judged_and_shown() -> None:
    loss = disaster("loss", home=HomeState.BADLY_DAMAGED, loss="-5.00", day=date(2026, 6, 1))
    bill = claim("6000.00", "c", in_scope="-1.00", paid="-100.00")
    facts = [decode_fact(encode(fact)) for fact in (registered(), income("7000.00"), loss, bill)]
    done = judge(
        Subject("a" * 32, household(*facts), Cause("b" * 32, AT)),
        Control(open_day=OPEN_DAY, bundle=ALL_IN_FORCE.bundle),
        ALL_IN_FORCE,
    )

    assert done.transitions
    assert done.view
