"""What findings say and rest on at their edges."""

from datetime import date

import pytest

from foothold_risk.messages.evidence import evidence
from foothold_risk.rules import findings
from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import FeedHeard, HomeState, WorkerState
from foothold_schemas.facts.register import Member
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Window
from tests.support.made.build import (
    AREA,
    checked,
    claim,
    disaster,
    graded,
    heard,
    household,
    identity,
    income,
    judged,
    policy,
    registered,
    spending,
    value,
)
from tests.support.made.findings import PLENTY, finding_of, sentence_of
from tests.support.made.rules import ALL_IN_FORCE


def test_medical_and_accident_spending_alone_is_called_so() -> None:
    seen, assessment = finding_of(
        FindingKind.RIGID_SPENDING_RATIO,
        income("10000", "year"),
        claim("4000", "bill"),
        spending("2500", "fall", category="accident"),
    )

    assert (seen.measure.value, seen.measure.threshold, seen.policy.name) == (
        650_000,
        600_000,
        "rigid_spending_ratio.medical_share",
    )
    assert sentence_of(seen, assessment)[0].startswith(
        "2025-06-11至2026-06-10医疗和意外支出自付6500.00元，超过家庭年纯收入10000.00元的60%"
    )
    assert sentence_of(seen, assessment)[1].startswith(
        "Medical and accident spending paid by the household"
    )


def test_who_earned_nothing_and_was_heard_rests_on_the_register_entry() -> None:
    spoken = heard(FeedHeard(feed="IncomeReported", area=AREA, through_month="2026-05"))
    seen = judged(household(), rules=ALL_IN_FORCE, known=spoken).findings[0]

    assert (seen.kind, [evidence(f).kind for f in seen.facts]) == (
        FindingKind.INCOME_BELOW_LINE,
        ["HouseholdRegistered"],
    )


def test_a_drop_may_be_policy_by_percentage_alone_and_its_threshold_is_rounded_up() -> None:
    rules = policy(income_dropped_percent=value("income_dropped.percent", 5_000))
    assessment = judged(
        household(income("100.01", "before", month="2025-05"), income("50.00", "now")), rules=rules
    )
    seen = next(f for f in assessment.findings if f.kind is FindingKind.INCOME_DROPPED)

    assert (seen.measure.value, seen.measure.threshold) == (5_001, 5_001)


def test_no_wage_earner_means_no_lost_work_however_short_the_policy() -> None:
    rules = policy(work_lost_months=value("work_lost.months", 1))

    assert FindingKind.WORK_LOST not in judged(household(PLENTY), rules=rules).kinds


def test_out_of_school_rests_on_the_register_and_a_failed_check_alone_does_not() -> None:
    child = Member(person_ref="c", birth_month="2015-01", at_school=False)
    seen, assessment = finding_of(
        FindingKind.GUARANTEE_MISSING,
        registered([Member(person_ref="p0"), child]),
        PLENTY,
        checked(Guarantee.WATER, "water", is_met=False),
    )

    assert [evidence(f).kind for f in seen.facts] == ["GuaranteeChecked", "HouseholdRegistered"]
    assert sentence_of(seen, assessment) == (
        "保障未落实：义务教育、饮水安全。",
        "Not met: education, water.",
    )


@pytest.mark.parametrize(
    ("after", "is_explained", "asks"),
    [(Grade.C, False, False), (Grade.D, False, True), (Grade.D, True, False)],
)
def test_more_than_one_grade_at_once_without_a_reason_asks_for_a_check(
    after: Grade, *, is_explained: bool, asks: bool
) -> None:
    reviews = (
        graded(Grade.B, "spring", day=date(2025, 11, 30)),
        graded(after, "autumn", day=date(2026, 5, 30), is_explained=is_explained),
    )
    zh, en = sentence_of(*finding_of(FindingKind.GRADE_FELL, PLENTY, *reviews))

    assert ("请核实" in zh, "check it" in en) == (asks, asks)


def test_of_several_disasters_a_dead_worker_comes_first_then_a_home_then_a_disabled_one() -> None:
    home = disaster("home", home=HomeState.DESTROYED, day=date(2026, 6, 1))
    hurt = disaster(
        "hurt", home=HomeState.UNHURT, main_worker=WorkerState.DISABLED, day=date(2026, 6, 9)
    )
    dead = disaster(
        "dead", home=HomeState.UNHURT, main_worker=WorkerState.DEAD, day=date(2026, 5, 1)
    )
    damaged = disaster("damaged", home=HomeState.BADLY_DAMAGED, day=date(2026, 6, 2))

    def order(*facts: FactRecord) -> list[str]:
        seen, _ = finding_of(FindingKind.DISASTER_LOSS, PLENTY, *facts)
        return [
            name
            for f in seen.facts
            for name in ("home", "hurt", "dead", "damaged", "damaged2")
            if identity(name) == f.fact_id.hex()
        ]

    assert order(home, hurt, dead, damaged) == ["dead", "hurt", "home", "damaged"]
    assert order(
        damaged, disaster("damaged2", home=HomeState.BADLY_DAMAGED, day=date(2026, 6, 3))
    ) == ["damaged2", "damaged"]


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_losses_stand_by_weight_whatever_their_names(names: tuple[str, str]) -> None:
    small, large = (
        disaster(n, home=HomeState.UNHURT, loss=loss, day=day)
        for n, loss, day in zip(
            names, ("3000.00", "4000.00"), (date(2026, 5, 1), date(2026, 4, 1)), strict=True
        )
    )
    seen, _ = finding_of(FindingKind.DISASTER_LOSS, income("10000", "year"), small, large)

    assert [f.fact_id.hex() for f in seen.facts] == [large.fact_id, small.fact_id]


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 8, 31), date(2025, 9, 1)),
        (date(2026, 9, 1), date(2026, 9, 1)),
        (date(2026, 12, 31), date(2026, 9, 1)),
    ],
)
def test_a_school_year_begins_on_the_first_of_september(day: date, first: date) -> None:
    assert findings.education_cost_high.school_year(day) == Window(first=first, last=day)


def test_a_wage_of_nothing_is_no_wage_whenever_it_is_reported() -> None:
    wages = [
        income("3000", "w", month="2026-01", yearly=False, person_ref="p0"),
        income("0", "nothing", month="2026-05", yearly=False, person_ref="p0"),
    ]

    assert FindingKind.WORK_LOST in judged(household(PLENTY, *wages), rules=ALL_IN_FORCE).kinds
    assert (
        FindingKind.WORK_LOST
        not in judged(
            household(PLENTY, income("0", "n", month="2025-06", yearly=False, person_ref="p0")),
            rules=ALL_IN_FORCE,
        ).kinds
    )


def test_half_a_school_age_is_no_school_age() -> None:
    child = registered(
        [Member(person_ref="p0"), Member(person_ref="c", birth_month="2015-01", at_school=False)]
    )
    whole = {
        "child_age_from": value("child.age_from", 6),
        "child_age_below": value("child.age_below", 16),
    }
    guarantees = value("guarantee_missing.guarantees", frozenset(Guarantee))

    def is_found(**changes: object) -> bool:
        return (
            FindingKind.GUARANTEE_MISSING
            in judged(
                household(child, PLENTY),
                rules=policy(guarantee_missing_guarantees=guarantees, **changes),
            ).kinds
        )

    assert is_found(**whole)
    assert not any(is_found(**(whole | {name: None})) for name in whole)
