"""Taking back: whose it is, what it needs, and where the case stands afterwards."""

from datetime import UTC, date, datetime

import pytest

from foothold_alerts.rules.acts.back import Back, BackNo, reopen, roll_back
from foothold_alerts.rules.acts.two import TwoNo
from foothold_alerts.rules.case import Case, CloseReason, Role, Signed, Stage
from foothold_schemas.facts.decisions import Decision
from tests.support.alerts import case

DAY = date(2026, 6, 10)


def again(
    held: Case, by: str = "li", role: Role = Role.TOWNSHIP, note: str = "seen"
) -> Back | BackNo | TwoNo | None:
    return reopen(held, Signed(by, role, note), DAY)


def back(
    held: Case,
    by: str = "li",
    role: Role = Role.COUNTY,
    note: str = "seen",
    *,
    is_disputed: bool = False,
) -> Back | BackNo | TwoNo | None:
    return roll_back(held, Signed(by, role, note), DAY, is_disputed=is_disputed)


def test_a_dismissal_is_taken_back_by_the_township_with_a_note_and_the_case_checked_anew() -> None:
    dismissed = case(Stage.DISMISSED, close_reason=CloseReason.CAN_COPE)
    done = again(dismissed)

    assert isinstance(done, Back)
    assert (done.decision, done.case.stage, done.case.close_reason, done.case.due_on) == (
        Decision.REOPENED,
        Stage.VERIFYING,
        None,
        DAY,
    )
    assert (again(dismissed, role=Role.VILLAGE), again(dismissed, note="")) == (
        BackNo.ROLE,
        BackNo.NOTE,
    )
    assert again(case(Stage.CLOSED)) is again(case(Stage.LEAD)) is None


def test_where_there_was_danger_two_people_take_a_dismissal_back() -> None:
    first = again(case(Stage.DISMISSED, urgent_at=datetime(2026, 6, 1, tzinfo=UTC)))
    assert isinstance(first, Back)
    second = again(first.case, "wang")

    assert (first.decision, again(first.case), isinstance(second, Back) and second.decision) == (
        None,
        TwoNo.SAME_PERSON,
        Decision.REOPENED,
    )


@pytest.mark.parametrize(
    ("stage", "after"), [(Stage.ELIMINATED, Stage.ELIMINATED), (Stage.VERIFYING, Stage.IDENTIFIED)]
)
def test_an_elimination_is_rolled_back_by_two_people_of_the_county(
    stage: Stage, after: Stage
) -> None:
    first = back(case(stage))
    assert isinstance(first, Back)
    second = back(first.case, "wang")
    assert isinstance(second, Back)

    assert (first.decision, first.case.stage, back(first.case)) == (None, stage, TwoNo.SAME_PERSON)
    assert (second.decision, second.case.stage, second.case.proposed_by) == (
        Decision.ROLLED_BACK,
        after,
        None,
    )
    assert back(case(stage), role=Role.TOWNSHIP) is BackNo.ROLE
    assert back(case(stage), note="") is BackNo.NOTE
    assert back(case(stage), is_disputed=True) is BackNo.MEMBER_DISPUTED
    assert back(case(Stage.IDENTIFIED)) is None
