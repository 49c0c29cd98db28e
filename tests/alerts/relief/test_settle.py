"""Tests what of a relief is to come back.

It is the least of its bounds, whatever changes them, until it came back or was waived.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from foothold_alerts.cases.settling import Heard, with_borne
from foothold_alerts.rules.case import ReliefKind, ReliefStatus, Role
from foothold_alerts.rules.relief.causes import NOTHING
from foothold_alerts.rules.relief.relief import (
    Actor,
    Relief,
    ReliefAct,
    ReliefRefusal,
    may,
    relieve,
)
from foothold_alerts.rules.relief.settle import borne, settled
from foothold_alerts.rules.respond import respond
from foothold_alerts.rules.workflow import Limits
from foothold_alerts.workflows import SHIPPED, load
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence
from tests.support.alerts import WEEKENDS, WORKFLOW, transition

LIMITS = WORKFLOW.limits
NOON = datetime(2026, 6, 10, 4, tzinfo=UTC)
PAID_ON = date(2026, 6, 10)
OWN = replace(LIMITS, ceiling_fen=500_000, scale={ReliefKind.EMERGENCY: 200_000})
DECIDED = Relief(
    ReliefKind.EMERGENCY, FindingKind.DISASTER_LOSS, ReliefStatus.DECIDED, 300_000, "zhang"
)
PAID = replace(DECIDED, status=ReliefStatus.PAID, paid_by="li", paid_on=PAID_ON)


def hand(by: str = "zhang", role: Role = Role.COUNTY, **more: Any) -> Actor:  # noqa: ANN401
    return Actor(by, role, NOON, today=PAID_ON, **more)


def outlay(day: str, amount: str | None, kind: str = "disaster") -> dict[str, str]:
    return {"day": day, "kind": kind} | ({} if amount is None else {"amount": amount})


some = st.none() | st.integers(0, 400_000)


@given(some, some, some, some, st.integers(1, 400_000))
def test_allowed_is_the_least_of_what_is_known_and_the_rest_is_to_settle(
    actual: int | None, own: int | None, scale: int | None, ceiling: int | None, amount: int
) -> None:
    limits = replace(
        LIMITS, ceiling_fen=ceiling, scale={} if scale is None else {ReliefKind.EMERGENCY: scale}
    )
    after = settled(replace(PAID, amount=amount, actual=actual, borne=own), limits)
    known = sorted(bound for bound in (actual, own, scale, ceiling) if bound is not None)

    assert (after.allowed, after.open) == (
        (known[0], max(0, amount - known[0])) if known else (None, 0)
    )


@pytest.mark.parametrize(
    ("cause", "outlays", "expected"),
    [
        (FindingKind.DISASTER_LOSS, [outlay("2026-06-01", "42000.00")], 4_200_000),
        (FindingKind.DISASTER_LOSS, [outlay("2026-06-01", None)], None),
        (FindingKind.DISASTER_LOSS, [], 0),
        (FindingKind.DISASTER_LOSS, [outlay("2026-06-01", "100.00", "medical")], 0),
        (
            FindingKind.SELF_PAID_HIGH,
            [outlay("2026-02-01", "100.00", "medical"), outlay("2026-06-10", "0.50", "medical")],
            10_050,
        ),
        (
            FindingKind.SELF_PAID_HIGH,
            [outlay("2026-06-11", "100.00", "medical"), outlay("2025-06-09", "7.00", "medical")],
            0,
        ),
        (
            FindingKind.EDUCATION_COST_HIGH,
            [outlay("2026-03-01", "9.00", "education"), outlay("2026-03-01", "5.00", "medical")],
            900,
        ),
        (
            FindingKind.RIGID_SPENDING_RATIO,
            [outlay("2026-03-01", "9.00", "education"), outlay("2026-03-01", "5.00", "accident")],
            1_400,
        ),
        (FindingKind.GRADE_FELL, [], None),
    ],
)
def test_what_was_borne_is_of_the_cause_and_of_the_year_before_the_payment(
    cause: FindingKind, outlays: list[dict[str, str]], expected: int | None
) -> None:
    assert borne(cause, outlays, PAID_ON) == expected


FIRE, FLOOD = "fire 2026-06-01", "flood 2026-06-03"


@pytest.mark.parametrize(
    ("event", "outlays", "expected"),
    [
        (
            FIRE,
            [
                outlay("2026-06-01", "1000.00") | {"event": FIRE},
                outlay("2026-06-03", "50000.00") | {"event": FLOOD},
            ],
            100_000,
        ),
        (FIRE, [outlay("2026-06-03", "50000.00") | {"event": FLOOD}], 0),
        (FIRE, [outlay("2026-06-01", "50000.00") | {"event": "flood 2026-06-01"}], 0),
        (
            FIRE,
            [
                outlay("2026-06-01", "1000.00") | {"event": FIRE},
                outlay("2026-06-03", None) | {"event": FLOOD},
            ],
            100_000,
        ),
        (FIRE, [outlay("2026-06-01", "1000.00"), outlay("2026-06-03", "50000.00")], 100_000),
        (
            None,
            [
                outlay("2026-06-01", "1000.00") | {"event": FIRE},
                outlay("2026-06-03", "2.00") | {"event": FLOOD},
            ],
            100_200,
        ),
    ],
)
def test_relief_for_one_disaster_is_measured_on_that_disaster(
    event: str | None, outlays: list[dict[str, str]], expected: int
) -> None:
    assert borne(FindingKind.DISASTER_LOSS, outlays, PAID_ON, event) == expected


@pytest.mark.parametrize(
    ("after", "expected"), [(None, 2_800_000), (date(2025, 12, 20), 300_000), (date(2026, 1, 5), 0)]
)
def test_relief_for_new_bills_is_measured_on_the_bills_after_the_last(
    after: date | None, expected: int
) -> None:
    bills = [
        outlay("2025-12-20", "25000.00", "medical"),
        outlay("2026-01-05", "3000.00", "medical"),
    ]

    assert (
        borne(FindingKind.SELF_PAID_HIGH, bills, date(2026, 1, 10), bills_after=after) == expected
    )


def test_a_bill_that_is_old_by_now_is_no_correction() -> None:
    held = with_borne(PAID, Heard(3, PAID_ON, [outlay("2026-06-01", "3000.00")]))

    assert held.borne == 300_000
    assert (
        with_borne(held, Heard(4, date(2027, 5, 1), [outlay("2026-06-01", "3000.00")])).borne
        == 300_000
    )
    assert with_borne(held, Heard(9, date(2028, 1, 1), [])).borne == 300_000
    assert with_borne(held, None).borne == 300_000
    assert with_borne(held, Heard(4, date(2026, 7, 1), [])).borne == 0


def test_it_is_open_until_all_of_it_came_back_or_the_county_waives_the_rest_with_a_reason() -> None:
    owed = settled(replace(PAID, borne=100_000), LIMITS)
    part = relieve(
        owed, ReliefAct.CAME_BACK, hand(role=Role.VILLAGE, amount=150_000), LIMITS, WEEKENDS
    )

    assert owed.open == 200_000
    assert isinstance(part, Relief)
    assert part.open == 50_000
    assert (
        relieve(part, ReliefAct.CAME_BACK, hand(amount=50_001), LIMITS, WEEKENDS)
        is ReliefRefusal.MORE_THAN_OPEN
    )
    assert relieve(part, ReliefAct.CAME_BACK, hand(), LIMITS, WEEKENDS) is ReliefRefusal.AMOUNT
    assert (
        relieve(part, ReliefAct.WAIVE, hand(role=Role.TOWNSHIP, note="poor"), LIMITS, WEEKENDS)
        is ReliefRefusal.ROLE
    )
    assert relieve(part, ReliefAct.WAIVE, hand(), LIMITS, WEEKENDS) is ReliefRefusal.NOTE
    waived = relieve(
        part, ReliefAct.WAIVE, hand(note="the household has nothing left"), LIMITS, WEEKENDS
    )
    assert isinstance(waived, Relief)
    assert (waived.open, waived.waived) == (0, 50_000)
    assert (
        relieve(waived, ReliefAct.CAME_BACK, hand(amount=1), LIMITS, WEEKENDS)
        is ReliefRefusal.STATUS
    )
    # a further correction opens it again
    assert settled(replace(waived, borne=50_000), LIMITS).open == 50_000


def test_the_buttons_of_settling_are_there_while_something_is_open() -> None:
    owed = settled(replace(PAID, borne=100_000), LIMITS)

    assert [ReliefAct.CAME_BACK in may(relief, Role.VILLAGE) for relief in (PAID, owed)] == [
        False,
        True,
    ]
    assert [ReliefAct.WAIVE in may(owed, role) for role in (Role.TOWNSHIP, Role.COUNTY)] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("amount", "limits", "note", "why"),
    [
        (10_000_000, LIMITS, "", None),
        (10_000_001, LIMITS, "a whole street", ReliefRefusal.ABOVE_HARD_LIMIT),
        (9_999_999_900, LIMITS, "x", ReliefRefusal.ABOVE_HARD_LIMIT),
        (500_001, OWN, "x", ReliefRefusal.ABOVE_CEILING),
        (200_001, OWN, "", ReliefRefusal.ABOVE_SCALE),
        (200_001, OWN, "two homes in one", None),
        (200_000, OWN, "", None),
    ],
)
@pytest.mark.parametrize("act", [ReliefAct.DECIDE, ReliefAct.AMEND])
def test_no_amount_passes_the_hard_limit_and_one_above_the_scale_has_a_reason(
    amount: int, limits: Limits, note: str, why: ReliefRefusal | None, act: ReliefAct
) -> None:
    before = replace(
        DECIDED, status=ReliefStatus.PROPOSED if act is ReliefAct.DECIDE else ReliefStatus.DECIDED
    )
    outcome = relieve(before, act, hand(amount=amount, note=note), limits, WEEKENDS)

    assert outcome is why if why is not None else isinstance(outcome, Relief)


def test_an_amended_amount_is_a_new_decision_and_who_made_it_does_not_pay_it() -> None:
    amended = relieve(DECIDED, ReliefAct.AMEND, hand("li", amount=100), LIMITS, WEEKENDS)

    assert isinstance(amended, Relief)
    assert (amended.status, amended.amount, amended.decided_by) == (ReliefStatus.DECIDED, 100, "li")
    assert (
        relieve(amended, ReliefAct.PAY, hand("li"), LIMITS, WEEKENDS) is ReliefRefusal.SAME_PERSON
    )
    assert isinstance(relieve(amended, ReliefAct.PAY, hand("zhang"), LIMITS, WEEKENDS), Relief)
    assert (
        relieve(PAID, ReliefAct.AMEND, hand("li", amount=100), LIMITS, WEEKENDS)
        is ReliefRefusal.STATUS
    )
    township = relieve(
        DECIDED,
        ReliefAct.AMEND,
        hand("li", Role.TOWNSHIP, amount=LIMITS.township_fen + 1),
        LIMITS,
        WEEKENDS,
    )
    assert township is ReliefRefusal.ABOVE_TOWNSHIP


def test_limits_of_another_currency_are_neither_compared_nor_printed_beside_the_figures() -> None:
    dong = transition("0", 1, FindingKind.SELF_PAID_HIGH).policy.model_copy(
        update={"currency": Sentence(zh="千盾", en="thousand dong")}
    )
    (explained,) = (
        p.explained
        for p in respond(
            None,
            transition("0", 1, FindingKind.SELF_PAID_HIGH, policy=dong),
            NOTHING,
            WORKFLOW,
            WEEKENDS,
        ).proposals
    )
    given = hand(amount=1, currency="thousand dong")

    assert (
        relieve(
            replace(DECIDED, status=ReliefStatus.PROPOSED),
            ReliefAct.DECIDE,
            given,
            LIMITS,
            WEEKENDS,
        )
        is ReliefRefusal.CURRENCY
    )
    assert str(Fen(LIMITS.township_fen)) not in explained.zh + explained.en
    assert isinstance(
        relieve(
            replace(DECIDED, status=ReliefStatus.PROPOSED),
            ReliefAct.DECIDE,
            hand(amount=1, currency="yuan"),
            LIMITS,
            WEEKENDS,
        ),
        Relief,
    )


AMOUNT = {"count": 5000, "confidence": "I", "reference": "the county's own rule"}
DONG = {"zh": "千盾", "en": "thousand dong"}
MIXED: dict[str, tuple[dict[str, object], list[str]]] = {
    "township_yuan is in yuan and the file's currency is thousand dong": ({"currency": DONG}, []),
    "relief.ceiling is in thousand dong and the file's currency is yuan": (
        {"relief": {"ceiling": AMOUNT | {"currency": DONG}}},
        [],
    ),
    "relief.scale.emergency is in thousand dong": (
        {"relief": {"scale": {"emergency": AMOUNT | {"currency": DONG}}}},
        [],
    ),
    "write what a township decides alone once": ({}, ["township_yuan"]),
    "above relief.hard_limit": ({"relief": {"hard_limit": AMOUNT | {"count": 2999}}}, []),
}


@pytest.mark.parametrize("complaint", MIXED)
def test_a_workflow_whose_amounts_are_in_two_currencies_is_refused_by_name(
    complaint: str, tmp_path: Path
) -> None:
    changed, without = MIXED[complaint]
    file = yaml.safe_load((SHIPPED / "monitoring-1.yaml").read_text(encoding="utf-8")) | changed
    (tmp_path / "monitoring-1.yaml").write_text(
        yaml.safe_dump({k: v for k, v in file.items() if k not in without}), encoding="utf-8"
    )

    with pytest.raises(ValidationError, match=complaint):
        load(tmp_path)


def test_a_workflow_in_another_currency_and_one_from_before_are_read(tmp_path: Path) -> None:
    file = yaml.safe_load((SHIPPED / "monitoring-1.yaml").read_text(encoding="utf-8"))
    old = {name: value for name, value in file.items() if name not in ("currency", "relief")}
    own = {name: value for name, value in file.items() if name != "township_yuan"}
    own |= {
        "version": 2,
        "currency": DONG,
        "township": AMOUNT,
        "relief": {"ceiling": AMOUNT | {"count": 9000}, "scale": {"spending": AMOUNT}},
    }
    for version, content in ((1, old), (2, own)):
        (tmp_path / f"monitoring-{version}.yaml").write_text(
            yaml.safe_dump(content, allow_unicode=True), encoding="utf-8"
        )
    first, second = (load(tmp_path).of(version).limits for version in (1, 2))

    assert (
        first.currency,
        first.township_fen,
        first.hard_limit_fen,
        first.ceiling_fen,
        first.scale,
    ) == (("元", "yuan"), 300_000, 10_000_000, None, {})
    assert (second.currency, second.township_fen, second.ceiling_fen, second.scale) == (
        ("千盾", "thousand dong"),
        500_000,
        900_000,
        {ReliefKind.SPENDING: 500_000},
    )
