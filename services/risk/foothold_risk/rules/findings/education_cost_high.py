"""Education costs of the running school year, after aid, are above an amount.

A school year begins on 1 September.
"""

from datetime import date
from typing import Final

from foothold_risk.rules.findings.finding import SPENDING, Finding, Money, Rule, weightiest
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_schemas.facts.checks import SpendingCategory
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence, Window

SEPTEMBER: Final = 9


def find(view: HouseholdOnDay) -> Finding[Money] | None:
    """Sum after aid > amount."""
    amount = view.policy.education_cost_high_amount
    if amount is None or not view.household.spendings:
        return None
    window = school_year(view.day)
    spent = [
        s
        for s in view.household.spendings
        if s.category is SpendingCategory.EDUCATION and window.first <= s.day <= window.last
    ]
    own = sum(s.own_share for s in spent)
    if own <= amount.value:
        return None
    return Finding(
        FindingKind.EDUCATION_COST_HIGH,
        Money(Fen(own), Fen(amount.value)),
        window,
        amount,
        weightiest(spent),
    )


def school_year(day: date) -> Window:
    """From 1 September up to the day."""
    return Window(
        first=date(day.year if day.month >= SEPTEMBER else day.year - 1, SEPTEMBER, 1), last=day
    )


def explain(finding: Finding[Money], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say what was spent and the amount it passed."""
    window, value = school_year(view.day), finding.measure.value
    threshold = finding.measure.threshold
    return Sentence(
        zh=(
            f"本学年（{window.first}起）扣除资助后教育支出{value}{currency.zh}，"
            f"超过{threshold}{currency.zh}。"
        ),
        en=(
            f"Education has cost {value} {currency.en} after aid since {window.first}, more than"
            f" {threshold} {currency.en} in a school year."
        ),
    )


RULE = Rule(
    FindingKind.EDUCATION_COST_HIGH,
    is_risk=True,
    is_shock=False,
    needs_income=False,
    find=find,
    explain=explain,
    feeds=SPENDING,
)
