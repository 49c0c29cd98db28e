from datetime import date
from typing import Any

import pytest

from foothold_risk.rules import findings
from foothold_schemas.facts.facts import HomeState, WorkerState
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Standing
from tests.support.made.build import (
    claim,
    disaster,
    household,
    income,
    judged,
    policy,
    registered,
    value,
)

SWITCHED_ON = value("self_paid_high.in_scope_only", amount=True)


@pytest.mark.parametrize(
    ("net", "is_found"), [("7299.99", True), ("7300.00", False), ("7300.01", False)]
)
def test_income_is_below_the_line_only_strictly(net: str, *, is_found: bool) -> None:
    assert is_found == (FindingKind.INCOME_BELOW_LINE in judged(household(income(net))).kinds)


@pytest.mark.parametrize(
    ("standing", "paid", "is_found"),
    [
        (Standing.EX_POOR, "4999.99", False),
        (Standing.EX_POOR, "5000.00", True),
        (Standing.ORDINARY, "5000.00", False),
        (Standing.ORDINARY, "19999.99", False),
        (Standing.ORDINARY, "20000.00", True),
        (Standing.ORDINARY, "20000.01", True),
    ],
)
def test_self_paid_is_high_from_the_amount_of_the_households_standing_on(
    standing: Standing, paid: str, *, is_found: bool
) -> None:
    home = household(registered(standing=standing), income("90000"), claim(paid))

    assert is_found == (FindingKind.SELF_PAID_HIGH in judged(home).kinds)


def test_five_bills_are_found_together_when_their_sum_crosses_not_one_by_one() -> None:
    home = household(income("90000"))
    crossing = []
    for n in range(5):
        home = household(
            registered(),
            income("90000"),
            *(claim("5000", f"c{k}", day=date(2026, 3, 10 + k)) for k in range(n + 1)),
        )
        crossing.append(FindingKind.SELF_PAID_HIGH in judged(home).kinds)

    assert crossing == [False, False, False, True, True]


def test_what_payers_covered_is_not_self_paid() -> None:
    assert (
        FindingKind.SELF_PAID_HIGH
        not in judged(household(income("90000"), claim("30000", paid="10000.01"))).kinds
    )


def test_where_policy_counts_only_compliant_spending_the_part_out_of_scope_is_left_out() -> None:
    home = household(income("90000"), claim("30000", in_scope="19999.99"))

    assert FindingKind.SELF_PAID_HIGH in judged(home).kinds
    assert (
        FindingKind.SELF_PAID_HIGH
        not in judged(home, rules=policy(self_paid_high_in_scope_only=SWITCHED_ON)).kinds
    )


def test_a_bill_whose_payers_covered_all_that_is_in_scope_has_nothing_left_in_scope() -> None:
    (bill,) = household(claim("30000", paid="20000", in_scope="20000")).claims

    assert (bill.self_paid(in_scope_only=True), bill.self_paid(in_scope_only=False)) == (
        0,
        1_000_000,
    )


@pytest.mark.parametrize(
    ("spent", "is_found"), [("6999.99", False), ("7000.00", False), ("7000.01", True)]
)
def test_the_share_of_rigid_spending_must_be_strictly_above_policy(
    spent: str, *, is_found: bool
) -> None:
    assert is_found == (
        FindingKind.RIGID_SPENDING_RATIO in judged(household(income("10000"), claim(spent))).kinds
    )


def test_a_share_that_rounding_would_hide_is_found_because_integers_are_compared() -> None:
    rules = policy(rigid_spending_ratio_share=value("rigid_spending_ratio.share", 1_000))

    assert (
        FindingKind.RIGID_SPENDING_RATIO
        in judged(household(income("10000.00"), claim("1000.01")), rules=rules).kinds
    )


@pytest.mark.parametrize("net", ["0", "-500"])
def test_any_rigid_spending_is_too_much_where_net_income_is_not_above_zero(net: str) -> None:
    assert FindingKind.RIGID_SPENDING_RATIO in judged(household(income(net), claim("0.01"))).kinds


def test_without_heard_income_the_share_is_unknown_and_nothing_is_found() -> None:
    assert judged(household(claim("9000"))).kinds == ()


@pytest.mark.parametrize(
    ("what", "is_found"),
    [
        ({"home": HomeState.DESTROYED}, True),
        ({"home": HomeState.BADLY_DAMAGED}, True),
        ({"home": HomeState.DAMAGED}, False),
        ({"home": HomeState.UNHURT, "main_worker": WorkerState.DEAD}, True),
        ({"home": HomeState.UNHURT, "main_worker": WorkerState.DISABLED}, True),
        ({"home": HomeState.UNHURT, "main_worker": WorkerState.UNHURT}, False),
        ({"home": HomeState.DESTROYED, "is_verified": False}, False),
    ],
)
def test_a_disaster_counts_when_verified_and_its_damage_stands_on_the_list(
    what: dict[str, Any], *, is_found: bool
) -> None:
    assert is_found == (
        FindingKind.DISASTER_LOSS in judged(household(income("9000"), disaster(**what))).kinds
    )


def test_a_dead_worker_is_said_in_words() -> None:
    assessment = judged(
        household(income("9000"), disaster(home=HomeState.UNHURT, main_worker=WorkerState.DEAD))
    )
    (loss,) = assessment.findings
    sentence = findings.disaster_loss.RULE.explain(loss, assessment.view, policy().currency)

    assert (sentence.zh, sentence.en) == (
        "2026-06-09遭受风暴，主要劳动力死亡。",
        "Struck by storm on 2026-06-09: the main worker is dead.",
    )


def test_a_rule_whose_value_is_not_in_force_finds_nothing() -> None:
    nothing = policy(
        self_paid_high_ex_poor=None,
        self_paid_high_ordinary=None,
        rigid_spending_ratio_share=None,
        disaster_loss_home=None,
        disaster_loss_worker=None,
    )
    home = household(income("9000"), claim("90000"), disaster(main_worker=WorkerState.DEAD))

    assert judged(home, rules=nothing).kinds == ()


def test_each_finding_names_the_facts_it_rests_on_the_weightiest_first() -> None:
    home = household(income("90000"), claim("1000", "small"), claim("30000", "large"))
    by_kind = {f.kind: f for f in judged(home).findings}

    assert [c.own_share for c in by_kind[FindingKind.SELF_PAID_HIGH].facts] == [3_000_000, 100_000]  # type: ignore[union-attr]


def test_every_kind_of_finding_has_exactly_one_rule() -> None:
    assert sorted(FindingKind) == sorted(rule.kind for rule in findings.ALL)
