"""Tests more findings, each at its boundary: one fen below, on and above.

They are the findings about income, work, projects, stays, schooling, guarantees and grades.
"""

from datetime import date
from typing import Any

import pytest

from foothold_risk.messages.evidence import evidence
from foothold_risk.rules import findings
from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HomeState
from foothold_schemas.facts.register import Member, ProjectShare
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen
from tests.support.made.build import (
    checked,
    claim,
    disaster,
    graded,
    household,
    income,
    judged,
    registered,
    spending,
    step,
)
from tests.support.made.rules import ALL_IN_FORCE


def kinds(*facts: Any, day: date = date(2026, 6, 10)) -> tuple[FindingKind, ...]:  # noqa: ANN401
    return judged(household(*facts), day, ALL_IN_FORCE).kinds


@pytest.mark.parametrize(
    ("before", "now", "is_found"),
    [
        ("10000.00", "5000.00", True),
        ("10000.00", "5000.01", False),
        ("10000.00", "4999.99", True),
        ("4000.00", "2000.00", True),
        ("3999.99", "1999.99", True),
        ("3999.98", "1999.99", False),
        ("0.00", "-9000.00", False),
        ("-1.00", "-9000.00", False),
        ("100000.00", "-1.00", True),
    ],
    ids=[
        "on",
        "a fen above",
        "a fen below",
        "amount on",
        "amount on again",
        "amount a fen short",
        "no income before",
        "a loss before",
        "into a loss",
    ],
)
def test_income_has_dropped_by_the_percentage_and_the_amount(
    before: str, now: str, *, is_found: bool
) -> None:
    assert is_found == (
        FindingKind.INCOME_DROPPED in kinds(income(before, "before", month="2025-05"), income(now))
    )


def test_income_is_not_compared_with_a_year_nobody_has_heard_of() -> None:
    partly = [income("2000", f"m{n}", month=f"2025-{n:02d}", yearly=False) for n in range(1, 6)]

    assert FindingKind.INCOME_DROPPED not in kinds(income("100"))
    assert FindingKind.INCOME_DROPPED not in kinds(*partly, income("100"))


def test_two_wages_in_one_month_because_pay_day_moved_are_neither_surge_nor_drop() -> None:
    before = income("24000", "before", month="2025-05")
    wages = [
        income("2000", f"w{n}", month=f"2025-{n:02d}" if n > 5 else f"2026-{n:02d}", yearly=False)
        for n in (*range(6, 13), *range(1, 4))
    ]
    twice = [
        income("2000", "april", month="2026-05", yearly=False),
        income("2000", "may", month="2026-05", yearly=False),
    ]
    quiet = income("0", "nothing", month="2026-04", yearly=False)

    assert kinds(before, *wages, *twice, quiet) == ()


@pytest.mark.parametrize(
    ("last", "is_found"), [("2026-02", True), ("2026-03", False), ("2026-01", True)]
)
def test_work_is_lost_after_three_whole_months_without_the_earners_wage(
    last: str, *, is_found: bool
) -> None:
    heard = income("20000", "land", category="operating")
    wages = [
        income("3000", f"w{m}", month=m, yearly=False, person_ref="p0")
        for m in ("2025-12", "2026-01", "2026-02", "2026-03")
        if m <= last
    ]

    assert is_found == (FindingKind.WORK_LOST in kinds(heard, *wages))


def test_nobody_has_lost_work_who_left_the_household_or_never_had_a_wage() -> None:
    heard = income("20000", "land", category="operating")
    gone = registered([Member(person_ref="p0", left_on=date(2026, 3, 1)), Member(person_ref="p1")])

    assert FindingKind.WORK_LOST not in kinds(
        gone, heard, income("3000", "w", month="2026-01", yearly=False, person_ref="p0")
    )
    assert FindingKind.WORK_LOST not in kinds(heard)
    assert FindingKind.WORK_LOST not in kinds(
        heard, income("3000", "unnamed", month="2026-01", yearly=False)
    )


@pytest.mark.parametrize(
    ("paid", "invested_on", "is_found"),
    [
        ("699.99", date(2024, 1, 1), True),
        ("700.00", date(2024, 1, 1), False),
        ("0.00", date(2024, 1, 1), True),
        ("699.99", date(2025, 5, 31), True),
        ("599.99", date(2025, 6, 1), True),
        ("600.00", date(2025, 6, 1), False),
        ("599.99", date(2025, 6, 2), False),
        ("0.00", date(2015, 12, 31), False),
    ],
    ids=[
        "a fen short",
        "on",
        "nothing",
        "the last day of seven percent",
        "a whole year at six",
        "on at six",
        "a day short of a year",
        "before any guarantee",
    ],
)
def test_a_project_pays_its_guaranteed_yield_on_a_whole_year(
    paid: str, invested_on: date, *, is_found: bool
) -> None:
    home = registered(
        projects=[
            ProjectShare(
                project="tanxishan", invested=Fen.parse("10000.00"), invested_on=invested_on
            )
        ]
    )

    assert is_found == (
        FindingKind.PROJECT_UNDERPAID
        in kinds(
            home, income("9000"), income(paid, "dividend", category="property", project="tanxishan")
        )
    )


def test_the_project_that_owes_most_is_named() -> None:
    shares = [
        ProjectShare(project=name, invested=Fen.parse(invested), invested_on=date(2024, 1, 1))
        for name, invested in (("small", "900"), ("big", "9000"))
    ]
    home = household(registered(projects=shares), income("9000"))

    (underpaid,) = (
        f
        for f in judged(home, rules=ALL_IN_FORCE).findings
        if f.kind is FindingKind.PROJECT_UNDERPAID
    )
    assert underpaid.project == "big"


def test_what_is_owed_still_counts_and_of_equals_the_first_of_the_register_is_named() -> None:
    def share(name: str, invested: str) -> ProjectShare:
        return ProjectShare(
            project=name, invested=Fen.parse(invested), invested_on=date(2024, 1, 1)
        )

    def named(shares: list[ProjectShare], *paid: FactRecord) -> str | None:
        home = household(registered(projects=shares), income("9000"), *paid)
        return next(
            f.project
            for f in judged(home, rules=ALL_IN_FORCE).findings
            if f.kind is FindingKind.PROJECT_UNDERPAID
        )

    nearly_paid = income("600", "dividend", category="property", project="large")
    assert named([share("large", "9000"), share("small", "900")], nearly_paid) == "small"
    assert named([share("one", "900"), share("other", "900")]) == "one"


def test_a_project_that_paid_nothing_rests_on_the_register_entry() -> None:
    home = registered(
        projects=[
            ProjectShare(
                project="qihe", invested=Fen.parse("10000.00"), invested_on=date(2024, 1, 1)
            )
        ]
    )
    (finding,) = (
        f
        for f in judged(household(home, income("9000")), rules=ALL_IN_FORCE).findings
        if f.kind is FindingKind.PROJECT_UNDERPAID
    )

    assert [evidence(fact).kind for fact in finding.facts] == ["HouseholdRegistered"]


@pytest.mark.parametrize(
    ("first", "second", "stay", "is_found"),
    [
        ("10000.00", "0.00", "s1", False),
        ("10000.01", "0.00", "s1", True),
        ("6000.00", "4000.01", "s1", True),
        ("6000.00", "4000.01", None, False),
    ],
    ids=["on", "a fen above", "two settlements of one stay", "two stays"],
)
def test_one_stay_is_judged_by_itself_after_all_cover(
    first: str, second: str, stay: str | None, *, is_found: bool
) -> None:
    facts = (income("90000"), claim(first, "a", stay=stay), claim(second, "b", stay=stay))

    assert is_found == (FindingKind.SINGLE_STAY_HIGH in kinds(*facts))
    assert FindingKind.SINGLE_STAY_HIGH not in kinds(
        income("90000"), claim("99999", setting="outpatient")
    )


@pytest.mark.parametrize(("bill", "is_found"), [("10000.00", False), ("10000.01", True)])
def test_one_persons_self_paid_must_be_above_half_of_the_local_disposable_income(
    bill: str, *, is_found: bool
) -> None:
    assert is_found == (
        FindingKind.SELF_PAID_RATIO in kinds(income("90000"), claim(bill, person_ref="p0"))
    )


def test_the_bills_of_two_people_are_not_added_and_a_bill_that_names_nobody_is_nobodys() -> None:
    two = (claim("6000", "a", person_ref="p0"), claim("6000", "b", person_ref="p1"))

    assert FindingKind.SELF_PAID_RATIO not in kinds(income("90000"), *two)
    assert FindingKind.SELF_PAID_RATIO not in kinds(income("90000"), claim("19000"))


def test_rigid_spending_adds_schooling_and_medical_alone_has_a_share_of_its_own() -> None:
    assert FindingKind.RIGID_SPENDING_RATIO in kinds(
        income("10000"), claim("3000"), spending("4000.01")
    )
    assert FindingKind.RIGID_SPENDING_RATIO not in kinds(
        income("10000"), claim("3000"), spending("4000.00")
    )
    assert FindingKind.RIGID_SPENDING_RATIO in kinds(income("10000"), claim("6000.01"))
    assert FindingKind.RIGID_SPENDING_RATIO not in kinds(
        income("10000"), claim("3000"), spending("9000", category="other")
    )
    assert FindingKind.RIGID_SPENDING_RATIO in kinds(
        income("10000"), claim("3000"), spending("3000.01", category="accident")
    )


@pytest.mark.parametrize(
    ("total", "aid", "day", "is_found"),
    [
        ("10000.00", "0", date(2025, 9, 1), False),
        ("10000.01", "0", date(2025, 9, 1), True),
        ("10000.01", "0", date(2025, 8, 31), False),
        ("12000.00", "2000.00", date(2026, 3, 1), False),
        ("12000.01", "2000.00", date(2026, 6, 10), True),
    ],
    ids=[
        "on",
        "a fen above, first day",
        "the last day of the year before",
        "after aid on",
        "after aid above, today",
    ],
)
def test_schooling_counts_after_aid_within_its_school_year(
    total: str, aid: str, day: date, *, is_found: bool
) -> None:
    assert is_found == (
        FindingKind.EDUCATION_COST_HIGH
        in kinds(income("90000"), spending(total, covered=aid, day=day))
    )


@pytest.mark.parametrize(
    ("born", "at_school", "is_found"),
    [
        ("2020-06", False, True),
        ("2020-07", False, False),
        ("2010-07", False, True),
        ("2010-06", False, False),
        ("2015-01", True, False),
        ("2015-01", None, False),
    ],
    ids=[
        "six this month",
        "not yet six",
        "still fifteen",
        "sixteen this month",
        "at school",
        "not told",
    ],
)
def test_a_child_of_school_age_out_of_school_is_a_missing_guarantee(
    born: str,
    at_school: bool | None,  # noqa: FBT001
    *,
    is_found: bool,
) -> None:
    home = registered(
        [Member(person_ref="p0"), Member(person_ref="p1", birth_month=born, at_school=at_school)]
    )

    assert is_found == (FindingKind.GUARANTEE_MISSING in kinds(home, income("90000")))


def test_the_last_check_of_a_guarantee_counts_and_who_has_no_insurance_is_missing_one() -> None:
    bad = checked(Guarantee.HOUSING, "bad", is_met=False, day=date(2026, 4, 1))
    good = checked(Guarantee.HOUSING, "good", is_met=True, day=date(2026, 4, 2))

    assert FindingKind.GUARANTEE_MISSING in kinds(income("90000"), bad)
    assert FindingKind.GUARANTEE_MISSING not in kinds(income("90000"), good, bad)
    assert FindingKind.GUARANTEE_MISSING in kinds(
        registered([Member(person_ref="p0", is_insured=False)]), income("90000")
    )


def test_a_guarantee_that_was_met_and_is_lost_endangers_living_together_with_a_shock() -> None:
    lost = (
        checked(Guarantee.WATER, "met", is_met=True, day=date(2026, 1, 1)),
        checked(Guarantee.WATER, "lost", is_met=False, day=date(2026, 6, 1)),
    )
    shock = disaster(home=HomeState.BADLY_DAMAGED)

    assert (
        judged(household(income("90000"), *lost, shock), rules=ALL_IN_FORCE).target.group
        == "sudden_hardship"
    )
    assert (
        judged(household(income("90000"), lost[1], shock), rules=ALL_IN_FORCE).target.group is None
    )
    assert judged(household(income("90000"), *lost), rules=ALL_IN_FORCE).target.group is None


@pytest.mark.parametrize(
    ("before", "now", "is_found"),
    [
        (Grade.B, Grade.C, True),
        (Grade.B, Grade.A, False),
        (Grade.C, Grade.C, False),
        (Grade.A, Grade.D, True),
    ],
)
def test_a_grade_has_fallen_when_the_last_review_is_lower_than_the_one_before(
    before: Grade, now: Grade, *, is_found: bool
) -> None:
    reviews = (
        graded(now, "now", day=date(2026, 5, 30)),
        graded(before, "before", day=date(2025, 11, 30)),
    )

    assert is_found == (FindingKind.GRADE_FELL in kinds(income("90000"), *reviews))


def test_the_sentence_of_a_fall_names_the_lowest_score_the_strategy_and_an_odd_jump() -> None:
    def sentence(*, is_explained: bool) -> str:
        reviews = (
            graded(Grade.A, "before", day=date(2025, 11, 30)),
            graded(Grade.C, "now", day=date(2026, 5, 30), is_explained=is_explained),
        )
        assessment = judged(household(income("90000"), *reviews), rules=ALL_IN_FORCE)
        (fall,) = assessment.findings
        return findings.grade_fell.RULE.explain(fall, assessment.view, ALL_IN_FORCE.currency).zh

    plain = "2026-05-30评定等级由A降为C（健康得分最低，20），帮扶方式：帮。"
    assert sentence(is_explained=True) == plain
    assert sentence(is_explained=False) == plain + "一次下降超过一级而未说明理由，请核实。"


@pytest.mark.parametrize(("loss", "is_found"), [("3000.00", True), ("2999.99", False)])
def test_losses_that_reach_the_share_of_income_are_a_disaster_finding(
    loss: str, *, is_found: bool
) -> None:
    assert is_found == (
        FindingKind.DISASTER_LOSS
        in kinds(income("10000"), disaster(home=HomeState.UNHURT, loss=loss))
    )


def test_a_loss_comparable_with_nothing_keeps_what_was_found_and_finds_nothing_new() -> None:
    flood = disaster(home=HomeState.UNHURT, loss="9000", day=date(2026, 5, 9))
    home, _ = step(household(income("10000", until_month="2026-05"), flood), rules=ALL_IN_FORCE)

    assert FindingKind.DISASTER_LOSS in judged(home, date(2026, 7, 1), ALL_IN_FORCE).held
    assert kinds(flood) == ()
