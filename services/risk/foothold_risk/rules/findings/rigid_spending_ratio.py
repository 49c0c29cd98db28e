"""Rigid spending, the own shares of the rolling year, is strictly above a share of net income.

Compared on integers, never on a rounded ratio.
"""

from foothold_risk.rules.findings.finding import (
    MEDICAL,
    SPENDING,
    Finding,
    Rule,
    Share,
    percent_text,
    spending_window,
    weightiest,
)
from foothold_risk.rules.household.facts import Claim, Spending
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import SHARE_SCALE, Value
from foothold_schemas.facts.checks import SpendingCategory
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence


def find(view: HouseholdOnDay) -> Finding[Share] | None:
    """Compare all own shares with one share of net income.

    Then compare medical and accident alone with another share.
    """
    accidents = tuple(s for s in view.spendings if s.category is SpendingCategory.ACCIDENT)
    return _above(
        view, (*view.claims, *view.spendings), view.policy.rigid_spending_ratio_share
    ) or _above(view, (*view.claims, *accidents), view.policy.rigid_spending_ratio_medical_share)


def _above(
    view: HouseholdOnDay, spent: tuple[Claim | Spending, ...], share: Value[int] | None
) -> Finding[Share] | None:
    """Own shares x 10,000 > net x share.

    No net income and some spending: true. Income not heard: unknown, so nothing is found.
    """
    own = sum(s.own_share for s in spent)
    if share is None or view.net is None or own <= 0 or own * SHARE_SCALE <= view.net * share.value:
        return None
    threshold = view.net * share.value // SHARE_SCALE
    return Finding(
        FindingKind.RIGID_SPENDING_RATIO,
        Share(Fen(own), Fen(threshold), Fen(view.net), share.value),
        spending_window(view.day),
        share,
        weightiest(spent),
    )


def explain(finding: Finding[Share], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say both amounts and the share policy sets."""
    window = spending_window(view.day)
    spent, net = finding.measure.value, finding.measure.of
    percent = percent_text(finding.measure.share)
    is_all = finding.policy == view.policy.rigid_spending_ratio_share
    what = (
        ("医疗等刚性支出", "Rigid spending")
        if is_all
        else ("医疗和意外支出", "Medical and accident spending")
    )
    return Sentence(
        zh=(
            f"{window.first}至{window.last}{what[0]}自付{spent}{currency.zh}，"
            f"超过家庭年纯收入{net}{currency.zh}的{percent}。"
        ),
        en=(
            f"{what[1]} paid by the household from {window.first} to {window.last} is {spent}"
            f" {currency.en}, above {percent} of its net income of {net} {currency.en}."
        ),
    )


RULE = Rule(
    FindingKind.RIGID_SPENDING_RATIO,
    is_risk=True,
    is_shock=True,
    needs_income=True,
    find=find,
    explain=explain,
    feeds=MEDICAL | SPENDING,
)
