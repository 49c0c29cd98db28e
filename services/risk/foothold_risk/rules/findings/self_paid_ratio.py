"""One person's self-paid medical spending in the rolling year is above a share.

The share is of last year's local disposable income per head.
"""

from collections import defaultdict

from foothold_risk.rules.findings.finding import (
    MEDICAL,
    Finding,
    Rule,
    Share,
    percent_text,
    spending_window,
    weightiest,
)
from foothold_risk.rules.household.facts import Claim
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence


def find(view: HouseholdOnDay) -> Finding[Share] | None:
    """Self-paid of one person x 10,000 > disposable income x share.

    A bill that names nobody is nobody's.
    """
    share, income = view.policy.self_paid_ratio_share, view.policy.disposable_income
    if share is None or income is None:
        return None
    people: defaultdict[str, list[Claim]] = defaultdict(list)
    for claim in view.claims:
        if claim.person_ref is not None:
            people[claim.person_ref].append(claim)
    if not people:
        return None
    sums = {
        person: sum(c.self_paid(in_scope_only=view.policy.in_scope_only) for c in claims)
        for person, claims in people.items()
    }
    worst = max(sums, key=lambda person: (sums[person], person))
    if sums[worst] * SHARE_SCALE <= income.value * share.value:
        return None
    threshold = income.value * share.value // SHARE_SCALE
    return Finding(
        FindingKind.SELF_PAID_RATIO,
        Share(Fen(sums[worst]), Fen(threshold), Fen(income.value), share.value),
        spending_window(view.day),
        share,
        weightiest(people[worst]),
    )


def explain(finding: Finding[Share], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say both amounts and the share."""
    window, value, local = spending_window(view.day), finding.measure.value, finding.measure.of
    percent = percent_text(finding.measure.share)
    return Sentence(
        zh=(
            f"{window.first}至{window.last}一名成员合规自付医疗支出{value}{currency.zh}，"
            f"超过当地人均可支配收入{local}{currency.zh}的{percent}。"
        ),
        en=(
            f"One member's self-paid medical spending from {window.first} to {window.last} is"
            f" {value} {currency.en}, above {percent} of the local disposable income per head of"
            f" {local} {currency.en}."
        ),
    )


RULE = Rule(
    FindingKind.SELF_PAID_RATIO,
    is_risk=True,
    is_shock=True,
    needs_income=False,
    find=find,
    explain=explain,
    feeds=MEDICAL,
)
