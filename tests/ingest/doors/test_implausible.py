"""What can hardly be is taken with a warning.

Of every day, month and amount somebody has decided what would be odd about it.
"""

from typing import Any

import pytest

from foothold_ingest.rules.implausible import PLAUSIBLE, Odd
from foothold_ingest.rules.judgement import Accepted
from tests.ingest.files.test_forever import CLOCK, KINDS, dated, event, judge
from tests.support.made.models import SCHEMAS, nodes


def amounts(kind: str) -> set[str]:
    schema = SCHEMAS[f"data.{kind}"]
    return {
        path for path, node in nodes(schema, schema) if node.get("pattern", "").startswith("^-?")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_of_every_day_month_and_amount_somebody_has_decided_what_would_be_odd(kind: str) -> None:
    assert (dated(kind) | amounts(kind)) - set(PLAUSIBLE) == set()


def test_nothing_is_decided_of_what_is_not_there() -> None:
    assert set(PLAUSIBLE) - set().union(*(dated(kind) | amounts(kind) for kind in KINDS)) == set()


MEMBER = {"person_ref": "p0", "birth_month": "2000-05"}
SHARE = {"project": "orchard", "invested": "10.00", "invested_on": "2025-01-01"}


@pytest.mark.parametrize(
    ("kind", "data", "field", "odd"),
    [
        (
            "HouseholdRegistered",
            {"members": [MEMBER | {"birth_month": "2026-08"}]},
            "/data/members/0/birth_month",
            Odd.UNBORN,
        ),
        (
            "HouseholdRegistered",
            {"members": [MEMBER | {"birth_month": "1905-12"}]},
            "/data/members/0/birth_month",
            Odd.TOO_OLD,
        ),
        (
            "HouseholdRegistered",
            {"members": [MEMBER | {"left_on": "2000-04-30"}]},
            "/data/members/0/left_on",
            Odd.BEFORE_BIRTH,
        ),
        (
            "HouseholdRegistered",
            {"members": [MEMBER | {"joined_on": "1999-01-01"}]},
            "/data/members/0/joined_on",
            Odd.BEFORE_BIRTH,
        ),
        (
            "HouseholdRegistered",
            {"projects": [SHARE | {"invested_on": "2026-07-01"}]},
            "/data/projects/0/invested_on",
            Odd.LATER,
        ),
        (
            "HouseholdRegistered",
            {"projects": [SHARE | {"invested": "0.00"}]},
            "/data/projects/0/invested",
            Odd.ZERO,
        ),
        (
            "HouseholdRegistered",
            {
                "covers": [
                    {"cover": "city_supplement", "person_ref": "stranger", "from_day": "2026-01-01"}
                ]
            },
            "/data/covers/0/person_ref",
            Odd.NOT_A_MEMBER,
        ),
        ("IncomeReported", {"amount": "0"}, "/data/amount", Odd.ZERO),
        ("IncomeReported", {"earned_month": "2026-07"}, "/data/earned_month", Odd.LATER),
        ("IncomeReported", {"until_month": "2026-02"}, "/data/until_month", Odd.ENDS_FIRST),
        (
            "MedicalClaimSettled",
            {"total": "0.00", "in_scope": "0.00", "paid": {}},
            "/data/total",
            Odd.ZERO,
        ),
        ("MedicalClaimSettled", {"settled_on": "2026-07-01"}, "/data/settled_on", Odd.LATER),
        ("SpendingReported", {"spent_on": "2026-07-01"}, "/data/spent_on", Odd.LATER),
        ("DisasterStruck", {"loss": "0.00"}, "/data/loss", Odd.ZERO),
        ("GuaranteeChecked", {"checked_on": "2026-07-01"}, "/data/checked_on", Odd.LATER),
        ("ReliefPaid", {"amount": "0.00"}, "/data/amount", Odd.ZERO),
    ],
)
def test_what_can_hardly_be_is_taken_and_told_by_its_field(
    kind: str, data: dict[str, Any], field: str, odd: Odd
) -> None:
    sent = event(kind) | {"time": "2026-06-10T09:00:00+08:00"}
    plain = (
        {"members": [MEMBER], "covers": [], "projects": []} if kind == "HouseholdRegistered" else {}
    )
    sent["data"] = (
        sent["data"] | plain | ({"earned_month": "2026-04"} if kind == "IncomeReported" else {})
    )
    usual, judged = judge(sent), judge(sent | {"data": sent["data"] | data})

    assert CLOCK.today.isoformat() == "2026-07-01"
    assert isinstance(usual, Accepted)
    assert usual.warnings == ()
    assert isinstance(judged, Accepted), judged
    assert [(w.field, w.problem) for w in judged.warnings] == [(field, odd.value)]
    assert all("\u4e00" <= w.problem[0] <= "\u9fff" for w in judged.warnings), "Chinese first"


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_examples_say_is_not_odd(kind: str) -> None:
    judged = judge(event(kind))

    assert not isinstance(judged, Accepted) or judged.warnings == ()
