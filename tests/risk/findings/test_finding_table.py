"""Tests who counts, and what the table of findings says.

Every finding explains itself and can be shown.
"""

from datetime import UTC, date, datetime

import pytest

from foothold_risk.messages.evidence import evidence
from foothold_risk.rules import findings
from foothold_risk.rules.context.incidents import Incident
from foothold_risk.rules.money.months import by_month
from foothold_risk.rules.policy import Heads, PolicyOfDay
from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.facts import Hazard, HomeState, Severity
from foothold_schemas.facts.register import Absence, Member, ProjectShare
from foothold_schemas.facts.reports import Concern
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen
from tests.support.made.build import (
    AREA,
    OPEN_DAY,
    checked,
    claim,
    disaster,
    graded,
    household,
    income,
    judged,
    policy,
    registered,
    reported,
    spending,
    step,
    value,
)
from tests.support.made.rules import ALL_IN_FORCE

FLOOD = {
    "a/flood": Incident(AREA, Hazard.FLOOD, Severity.I, OPEN_DAY, datetime(2026, 6, 10, tzinfo=UTC))
}


@pytest.mark.parametrize("absence", Absence)
def test_conscripts_prisoners_and_the_missing_are_shown_and_not_counted(absence: Absence) -> None:
    home = registered([Member(person_ref="p0"), Member(person_ref="p1", absence=absence)])
    view = judged(household(home, income("9000"))).view

    assert (view.head_months, len(view.register.here(view.day))) == (12, 2)


def test_where_policy_counts_those_who_share_the_budget_a_split_register_counts_as_one() -> None:
    sharing = policy(heads_basis=value("heads.basis", Heads.SHARING))
    split = [
        Member(person_ref="p0"),
        Member(person_ref="p1", is_registered=False),
        Member(person_ref="p2", is_registered=False, shares_budget=False),
    ]
    home = household(registered(split), income("9000"))

    assert judged(home, rules=sharing).view.head_months == 24
    assert judged(home).view.head_months == 12


def test_who_left_in_march_and_came_back_in_may_counts_in_each_interval() -> None:
    child = [
        Member(person_ref="c", left_on=date(2026, 3, 10)),
        Member(person_ref="c", joined_on=date(2026, 5, 2)),
    ]
    view = judged(household(registered([Member(person_ref="p0"), *child]), income("9000"))).view

    assert view.head_months == 12 + 9 + 1


def test_every_finding_explains_itself_in_both_languages_and_can_show_all_its_facts() -> None:
    people = [
        Member(person_ref="p0"),
        Member(person_ref="p1", birth_month="2015-01", at_school=False),
    ]
    shares = [
        ProjectShare(project="qihe", invested=Fen.parse("10000.00"), invested_on=date(2024, 1, 1))
    ]
    home = household(
        registered(people, projects=shares),
        income("40000", "before", month="2025-05", until_month="2025-05"),
        income("6000", "land", category="operating", expense="500"),
        income("3000", "wage", month="2026-01", yearly=False, person_ref="p0"),
        claim("25000", person_ref="p0"),
        spending("12000"),
        disaster(),
        checked(Guarantee.HOUSING, is_met=False),
        graded(Grade.B, "g1", day=date(2025, 11, 30)),
        graded(Grade.C, "g2", day=date(2026, 5, 30)),
        reported(Concern.ILLNESS),
    )
    assessment = judged(home, rules=ALL_IN_FORCE, incidents=FLOOD)

    assert tuple(FindingKind) == assessment.kinds
    for rule, finding in zip(findings.ALL, assessment.findings, strict=True):
        sentence = rule.explain(finding, assessment.view, ALL_IN_FORCE.currency)
        assert sentence.zh.endswith("。")
        assert sentence.en.endswith(".")
        assert finding.policy.reference
        assert all(evidence(fact).text.zh for fact in finding.facts)


def test_a_rule_whose_values_are_not_in_force_finds_nothing() -> None:
    required = {
        "exit_signal_months",
        "exit_stable_months",
        "exit_min_months_since_identified",
        "monitoring_line",
        "feeds_required",
    }
    nothing = policy(**dict.fromkeys(set(PolicyOfDay.__dataclass_fields__) - required))
    home = household(
        income("40000", "before", month="2025-05", until_month="2025-05"),
        income("9000"),
        claim("90000", person_ref="p0"),
        spending("90000"),
        disaster(loss="9000"),
    )

    assert judged(home, rules=nothing, incidents=FLOOD).kinds == ()


TABLE = {
    FindingKind.INCOME_BELOW_LINE: "",
    FindingKind.INCOME_DROPPED: "risk, shock",
    FindingKind.WORK_LOST: "risk, shock",
    FindingKind.PROJECT_UNDERPAID: "risk",
    FindingKind.DISASTER_LOSS: "risk, shock",
    FindingKind.SELF_PAID_HIGH: "risk, shock",
    FindingKind.SINGLE_STAY_HIGH: "risk, shock",
    FindingKind.SELF_PAID_RATIO: "risk, shock",
    FindingKind.RIGID_SPENDING_RATIO: "risk, shock",
    FindingKind.EDUCATION_COST_HIGH: "risk",
    FindingKind.GUARANTEE_MISSING: "risk",
    FindingKind.GRADE_FELL: "risk",
    FindingKind.RISK_REPORTED: "",
    FindingKind.AREA_STRUCK: "risk, shock",
}
"""Policy's table of findings, as it is written."""


def test_what_counts_as_risk_and_what_as_shock_is_policys_table() -> None:
    written = {
        rule.kind: ", ".join(
            word for word, holds in (("risk", rule.is_risk), ("shock", rule.is_shock)) if holds
        )
        for rule in findings.ALL
    }

    assert written == TABLE


INCOME_FINDINGS = {
    FindingKind.INCOME_BELOW_LINE,
    FindingKind.INCOME_DROPPED,
    FindingKind.WORK_LOST,
    FindingKind.PROJECT_UNDERPAID,
    FindingKind.RIGID_SPENDING_RATIO,
}


def test_findings_about_income_wait_while_income_is_not_heard_and_the_others_are_judged() -> None:
    assert {rule.kind for rule in findings.ALL if rule.needs_income} == INCOME_FINDINGS


def test_a_loss_is_not_held_where_policy_knows_no_share_for_it() -> None:
    flood = disaster(home=HomeState.BADLY_DAMAGED, loss="9000", day=date(2026, 5, 9))
    home, _ = step(household(income("10000"), flood), rules=ALL_IN_FORCE)
    no_list = policy(disaster_loss_home=None, disaster_loss_worker=None)

    assert FindingKind.DISASTER_LOSS not in judged(home, date(2026, 7, 1), no_list).held


def test_the_months_are_the_windows_twelve_and_the_running_one_and_add_up() -> None:
    home = household(
        income("1200", month="2026-05"),
        income("50", "june", month="2026-06", yearly=False),
        income("70", "relief", month="2026-05", yearly=False, item="emergency_relief"),
        claim("30"),
        spending("20", day=date(2026, 6, 10)),
        spending("90", "other", day=date(2026, 6, 10), category="other"),
    )
    assessment = judged(home)
    months = by_month(assessment.view)

    assert [m.is_running for m in months] == [False] * 12 + [True]
    assert sum(m.net or 0 for m in months if not m.is_running) == assessment.view.net == 120_000
    assert [m.own_shares for m in months if m.own_shares] == [3_000, 2_000]
    assert months[-1].net == 5_000


def test_what_was_earned_in_a_month_that_has_not_begun_is_in_none_of_the_months() -> None:
    """Facts of the next month come before the county has opened its first day."""
    months = by_month(
        judged(household(income("12"), income("7", "ahead", month="2026-07", yearly=False))).view
    )

    assert (len(months), sum(m.net or 0 for m in months)) == (13, 1_200)


def test_the_running_month_shows_what_was_paid_up_to_the_open_day_itself() -> None:
    facts = (
        claim("30", "bill", day=OPEN_DAY),
        spending("20", "cost", day=OPEN_DAY),
        spending("5", "other", day=OPEN_DAY, category="other"),
    )
    last = by_month(
        judged(
            household(income("12"), income("7", "now", month="2026-06", yearly=False), *facts)
        ).view
    )[-1]

    assert (last.net, last.own_shares, last.is_running) == (700, 5_000, True)
