"""Temporary relief: who decides, who pays, what is owed, and what is to settle."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from foothold_alerts.rules.case import UNPAID, ReliefKind, ReliefStatus, Role
from foothold_alerts.rules.relief.relief import (
    Actor,
    Relief,
    ReliefAct,
    ReliefRefusal,
    may,
    relieve,
)
from foothold_schemas.findings import FindingKind
from tests.support.alerts import WEEKENDS, WORKFLOW

LIMITS = WORKFLOW.limits
NOON = datetime(2026, 6, 10, 4, tzinfo=UTC)
PROPOSED = Relief(ReliefKind.EMERGENCY, FindingKind.DISASTER_LOSS, ReliefStatus.PROPOSED)
SPENDING = Relief(ReliefKind.SPENDING, FindingKind.SELF_PAID_HIGH, ReliefStatus.PROPOSED)


def hand(by: str = "zhang", role: Role = Role.TOWNSHIP, **more: Any) -> Actor:  # noqa: ANN401
    return Actor(by, role, more.pop("now", NOON), **more)


def done(relief: Relief, act: ReliefAct, given: Actor) -> Relief:
    after = relieve(relief, act, given, LIMITS, WEEKENDS)
    assert isinstance(after, Relief), after
    return after


def test_an_advance_is_decided_by_one_paid_by_another_and_its_papers_follow() -> None:
    decided = done(PROPOSED, ReliefAct.DECIDE, hand(amount=300_000))
    paid = done(decided, ReliefAct.PAY, hand("li"))
    settled = done(paid, ReliefAct.PAPERS, hand("li", amount=250_001))

    assert (decided.amount, decided.decided_by, paid.paid_by, paid.papers_due_on) == (
        300_000,
        "zhang",
        "li",
        date(2026, 6, 15),
    )
    assert (settled.status, settled.actual) == (ReliefStatus.SETTLED, 250_001)


def test_spending_relief_is_applied_for_checked_decided_paid_followed_up_without_papers() -> None:
    steps = [
        (ReliefAct.APPLY, hand("wang", Role.VILLAGE)),
        (ReliefAct.CHECK, hand(note="seen at home")),
        (ReliefAct.DECIDE, hand(amount=100)),
        (ReliefAct.PAY, hand("li")),
        (ReliefAct.FOLLOW_UP, hand("wang", Role.VILLAGE, note="recovering")),
    ]
    relief, statuses = SPENDING, []
    for act, given in steps:
        relief = done(relief, act, given)
        statuses.append(relief.status.value)

    assert statuses == ["applied", "checked", "decided", "paid", "settled"]
    assert relief.papers_due_on is None


@pytest.mark.parametrize(
    ("amount", "role", "is_fine"),
    [(300_000, Role.TOWNSHIP, True), (300_001, Role.TOWNSHIP, False), (300_001, Role.COUNTY, True)],
)
def test_a_township_decides_alone_up_to_its_limit(
    amount: int, role: Role, *, is_fine: bool
) -> None:
    outcome = relieve(PROPOSED, ReliefAct.DECIDE, hand(role=role, amount=amount), LIMITS, WEEKENDS)

    assert isinstance(outcome, Relief) if is_fine else outcome is ReliefRefusal.ABOVE_TOWNSHIP


@pytest.mark.parametrize(
    ("role", "note", "is_fine"),
    [
        (Role.TOWNSHIP, "why", False),
        (Role.COUNTY, "", False),
        (Role.COUNTY, "the house burned a second time", True),
    ],
)
def test_while_papers_are_owed_only_the_county_decides_another_advance_and_says_why(
    role: Role, note: str, *, is_fine: bool
) -> None:
    outcome = relieve(
        PROPOSED,
        ReliefAct.DECIDE,
        hand("chen", role, amount=1, owed=True, note=note),
        LIMITS,
        WEEKENDS,
    )

    assert (
        (isinstance(outcome, Relief) and outcome.approved_by == "chen")
        if is_fine
        else outcome is ReliefRefusal.PAPERS_OWED
    )


def test_owed_papers_do_not_keep_spending_relief_away() -> None:
    checked = Relief(ReliefKind.SPENDING, FindingKind.SELF_PAID_HIGH, ReliefStatus.CHECKED)

    assert done(checked, ReliefAct.DECIDE, hand(amount=1, owed=True)).approved_by is None


def test_a_member_in_doubt_keeps_spending_relief_from_being_decided_and_never_an_advance() -> None:
    checked = Relief(ReliefKind.SPENDING, FindingKind.SELF_PAID_HIGH, ReliefStatus.CHECKED)
    given = hand(amount=1, is_disputed=True)

    assert (
        relieve(checked, ReliefAct.DECIDE, given, LIMITS, WEEKENDS) is ReliefRefusal.MEMBER_DISPUTED
    )
    assert done(PROPOSED, ReliefAct.DECIDE, given).status is ReliefStatus.DECIDED


@pytest.mark.parametrize(
    ("relief", "act", "given", "why"),
    [
        (PROPOSED, ReliefAct.DECIDE, hand(role=Role.VILLAGE, amount=1), ReliefRefusal.ROLE),
        (PROPOSED, ReliefAct.REFUSE, hand(role=Role.VILLAGE, note="x"), ReliefRefusal.ROLE),
        (PROPOSED, ReliefAct.DECIDE, hand(), ReliefRefusal.AMOUNT),
        (PROPOSED, ReliefAct.DECIDE, hand(amount=0), ReliefRefusal.AMOUNT),
        (PROPOSED, ReliefAct.APPLY, hand(), ReliefRefusal.STATUS),
        (PROPOSED, ReliefAct.REFUSE, hand(), ReliefRefusal.NOTE),
        (SPENDING, ReliefAct.DECIDE, hand(amount=1), ReliefRefusal.STATUS),
        (
            Relief(
                ReliefKind.EMERGENCY, FindingKind.DISASTER_LOSS, ReliefStatus.DECIDED, 1, "zhang"
            ),
            ReliefAct.PAY,
            hand("zhang"),
            ReliefRefusal.SAME_PERSON,
        ),
        (
            Relief(ReliefKind.EMERGENCY, FindingKind.DISASTER_LOSS, ReliefStatus.PAID, 1, "zhang"),
            ReliefAct.PAPERS,
            hand(),
            ReliefRefusal.AMOUNT,
        ),
        (
            Relief(ReliefKind.SPENDING, FindingKind.SELF_PAID_HIGH, ReliefStatus.APPLIED),
            ReliefAct.CHECK,
            hand(),
            ReliefRefusal.NOTE,
        ),
    ],
)
def test_what_does_not_fit_is_not_done(
    relief: Relief, act: ReliefAct, given: Actor, why: ReliefRefusal
) -> None:
    assert relieve(relief, act, given, LIMITS, WEEKENDS) is why


@pytest.mark.parametrize("kind", ReliefKind)
@pytest.mark.parametrize("status", ReliefStatus)
@pytest.mark.parametrize("role", Role)
def test_the_buttons_shown_are_those_that_may_be_pressed(
    kind: ReliefKind, status: ReliefStatus, role: Role
) -> None:
    relief = Relief(kind, FindingKind.DISASTER_LOSS, status, 1, "zhang")
    given = hand("li", role, amount=1, note="x")
    fits = [
        act
        for act in ReliefAct
        if isinstance(relieve(relief, act, given, LIMITS, WEEKENDS), Relief)
    ]

    assert sorted(may(relief, role)) == sorted(fits)
    assert status in UNPAID or ReliefAct.PAY not in fits


def test_the_day_of_payment_is_a_day_in_shanghai() -> None:
    decided = Relief(
        ReliefKind.EMERGENCY, FindingKind.DISASTER_LOSS, ReliefStatus.DECIDED, 1, "zhang"
    )
    late = done(decided, ReliefAct.PAY, hand("li", now=datetime(2026, 6, 10, 16, 30, tzinfo=UTC)))

    assert late.papers_due_on == date(2026, 6, 16)
