"""Which deadlines a case has, from where it stands; and which measures suit which risk."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from foothold_alerts.rules.acts.plan import PlanNo, not_on, not_visited, suits
from foothold_alerts.rules.case import Case, ReliefKind, ReliefStatus, Stage
from foothold_alerts.rules.deadlines import DeadlineKind, Helped, Standing, deadlines_of
from foothold_alerts.rules.relief.relief import Relief
from foothold_schemas.facts.decisions import MeasureKind
from foothold_schemas.findings import FindingKind
from tests.support.alerts import WEEKENDS, WORKFLOW, case

DUE = datetime(2026, 6, 11, 5, tzinfo=UTC)
ILL, STORM = FindingKind.SELF_PAID_HIGH, FindingKind.DISASTER_LOSS


def due(
    held: Case,
    risks: Sequence[FindingKind] = (),
    relief: Relief | None = None,
    helped: Sequence[Helped] = (),
) -> dict[str, datetime]:
    standing = Standing(held, risks, {} if relief is None else {7: (relief, DUE)}, helped)
    return {
        f"{d.kind.value} {d.subject}".strip(): d.due_at
        for d in deadlines_of(standing, WORKFLOW, WEEKENDS)
    }


@pytest.mark.parametrize("stage", Stage)
def test_a_case_is_to_be_settled_until_it_is_identified_or_over(stage: Stage) -> None:
    is_before = stage.value in (
        "lead",
        "verifying",
        "village_review",
        "public_notice",
        "township_review",
        "county_decision",
    )

    assert due(case(stage)) == (
        {"settle": datetime(2026, 6, 16, 16, tzinfo=UTC)} if is_before else {}
    )


def test_a_first_measure_ten_days_after_identification_and_one_for_each_risk_after_thirty() -> None:
    identified = case(Stage.IDENTIFIED, identified_on=date(2026, 6, 10))
    first, month = datetime(2026, 6, 20, 16, tzinfo=UTC), datetime(2026, 7, 10, 16, tzinfo=UTC)
    health = Helped(MeasureKind.HEALTH, frozenset({ILL}))

    assert due(identified, [ILL, STORM]) == {
        "first_measure": first,
        "measure self_paid_high": month,
        "measure disaster_loss": month,
    }
    assert due(identified, [ILL, STORM], helped=[health]) == {"measure disaster_loss": month}
    # answers no illness
    assert due(identified, [ILL], helped=[Helped(MeasureKind.INDUSTRY, frozenset({ILL}))]) == {
        "measure self_paid_high": month
    }


@pytest.mark.parametrize(
    ("kind", "status", "what"),
    [
        (ReliefKind.EMERGENCY, ReliefStatus.PROPOSED, "relief 7"),
        (ReliefKind.EMERGENCY, ReliefStatus.DECIDED, "relief 7"),
        (ReliefKind.EMERGENCY, ReliefStatus.PAID, "papers 7"),
        (ReliefKind.SPENDING, ReliefStatus.CHECKED, "relief 7"),
        (ReliefKind.SPENDING, ReliefStatus.PAID, ""),
        (ReliefKind.EMERGENCY, ReliefStatus.SETTLED, ""),
        (ReliefKind.EMERGENCY, ReliefStatus.WITHDRAWN, ""),
    ],
)
def test_relief_is_due_until_it_is_paid_and_an_advance_owes_papers_until_they_come(
    kind: ReliefKind, status: ReliefStatus, what: str
) -> None:
    relief = Relief(kind, STORM, status, papers_due_on=date(2026, 6, 15))
    expected = {"relief 7": DUE, "papers 7": datetime(2026, 6, 15, 16, tzinfo=UTC)}

    assert due(case(Stage.ELIMINATED), relief=relief) == {
        name: at for name, at in expected.items() if name == what
    }


@pytest.mark.parametrize(
    ("measure", "against", "department", "why"),
    [
        (MeasureKind.HEALTH, {ILL}, "health bureau", None),
        (MeasureKind.HEALTH, {ILL, STORM}, "health bureau", None),
        (MeasureKind.INDUSTRY, {STORM}, "agriculture", None),
        (MeasureKind.INDUSTRY, {ILL}, "agriculture", PlanNo.FITS_NOT),
        (MeasureKind.HEALTH, set(), "health bureau", PlanNo.RISK),
        (MeasureKind.HEALTH, {FindingKind.GRADE_FELL}, "health bureau", PlanNo.RISK),
        (MeasureKind.HEALTH, {ILL}, "", PlanNo.DEPARTMENT),
    ],
)
def test_a_measure_is_of_a_department_and_answers_a_risk_the_household_has(
    measure: MeasureKind, against: set[FindingKind], department: str, why: PlanNo | None
) -> None:
    assert suits(measure, against, {ILL, STORM}, department) is why


def test_nothing_is_written_down_before_it_happened_and_a_visit_once_with_what_was_seen() -> None:
    today, tomorrow = date(2026, 6, 10), date(2026, 6, 11)

    assert [not_on(day, today) for day in (today - timedelta(days=40), today, tomorrow)] == [
        None,
        None,
        PlanNo.DAY,
    ]
    assert not_visited(today, today, "roof leaks", was_there=False) is None
    assert not_visited(tomorrow, today, "", was_there=True) is PlanNo.DAY
    assert not_visited(today, today, "", was_there=True) is PlanNo.NOTE
    assert not_visited(today, today, "roof leaks", was_there=True) is PlanNo.TWICE


def test_the_kinds_of_deadline_are_those_a_case_can_have() -> None:
    assert {kind.value for kind in DeadlineKind} == {
        "look",
        "settle",
        "first_measure",
        "measure",
        "relief",
        "papers",
    }
