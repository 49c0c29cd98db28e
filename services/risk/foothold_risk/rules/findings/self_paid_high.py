"""Cumulative self-paid medical spending in the rolling year is too high.

It is at or above the amount for the household's standing.
"""

from foothold_risk.rules.findings.finding import (
    MEDICAL,
    Finding,
    Money,
    Rule,
    spending_window,
    weightiest,
)
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence, Standing


def find(view: HouseholdOnDay) -> Finding[Money] | None:
    """Sum of self-paid >= amount; the sum counts, not the single bill."""
    is_ex_poor = view.register.standing is Standing.EX_POOR
    threshold = (
        view.policy.self_paid_high_ex_poor if is_ex_poor else view.policy.self_paid_high_ordinary
    )
    self_paid = sum(c.self_paid(in_scope_only=view.policy.in_scope_only) for c in view.claims)
    if threshold is None or self_paid < threshold.value:
        return None
    return Finding(
        FindingKind.SELF_PAID_HIGH,
        Money(Fen(self_paid), Fen(threshold.value)),
        spending_window(view.day),
        threshold,
        weightiest(view.claims),
    )


def explain(finding: Finding[Money], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say what was added up and what it reached."""
    window = spending_window(view.day)
    value, threshold = finding.measure.value, finding.measure.threshold
    return Sentence(
        zh=(
            f"{window.first}至{window.last}合规自付医疗支出累计{value}{currency.zh}，"
            f"达到{threshold}{currency.zh}。"
        ),
        en=(
            f"Self-paid medical spending from {window.first} to {window.last} adds up to {value}"
            f" {currency.en}, reaching {threshold} {currency.en}."
        ),
    )


RULE = Rule(
    FindingKind.SELF_PAID_HIGH,
    is_risk=True,
    is_shock=True,
    needs_income=False,
    find=find,
    explain=explain,
    feeds=MEDICAL,
)
