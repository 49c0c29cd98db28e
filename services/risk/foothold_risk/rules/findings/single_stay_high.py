"""One hospital stay cost the household more than the amount for its standing.

The cost is after all layers of cover; the standing is the one in the work: identified or not.
"""

from collections import defaultdict

from foothold_risk.rules.findings.finding import (
    MEDICAL,
    MOST_NAMED,
    Finding,
    Money,
    Rule,
    and_more,
    spending_window,
    weightiest,
)
from foothold_risk.rules.household.facts import Claim
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_schemas.facts.facts import CareSetting
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence


def find(view: HouseholdOnDay) -> Finding[Money] | None:
    """Own share of one stay > amount.

    Settlements of one person that name the same stay are one; one without a stay's name is a stay
    of its own.
    """
    is_identified = view.household.position.is_identified
    threshold = (
        view.policy.single_stay_high_identified
        if is_identified
        else view.policy.single_stay_high_others
    )
    if threshold is None or not (stays := _stays(view)):
        return None
    cost, _, worst = max(
        (sum(c.own_share for c in claims), min(c.fact_id for c in claims), claims)
        for claims in stays
    )
    if cost <= threshold.value:
        return None
    return Finding(
        FindingKind.SINGLE_STAY_HIGH,
        Money(Fen(cost), Fen(threshold.value)),
        spending_window(view.day),
        threshold,
        weightiest(worst),
    )


def high(view: HouseholdOnDay) -> list[tuple[Claim, ...]]:
    """Every stay above the amount: its bills."""
    is_identified = view.household.position.is_identified
    threshold = (
        view.policy.single_stay_high_identified
        if is_identified
        else view.policy.single_stay_high_others
    )
    if threshold is None:
        return []
    return [stay for stay in _stays(view) if sum(c.own_share for c in stay) > threshold.value]


def _stays(view: HouseholdOnDay) -> list[tuple[Claim, ...]]:
    stays: defaultdict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in view.claims:
        if claim.setting is CareSetting.INPATIENT:
            stays[
                (claim.fact_id,) if claim.stay is None else (claim.person_ref, claim.stay)
            ].append(claim)
    return [tuple(claims) for claims in stays.values()]


def explain(finding: Finding[Money], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say what each such stay cost, the one settled last first, and the amount they passed."""
    threshold = finding.measure.threshold
    stays = sorted(
        ((max(c.day for c in bills), Fen(sum(c.own_share for c in bills))) for bills in high(view)),
        reverse=True,
    )
    zh = "、".join(
        f"一次住院（{last}结算）各方支付后自付{cost}{currency.zh}"
        for last, cost in stays[:MOST_NAMED]
    )
    en = "; another, ".join(
        f"settled on {last}, cost the household {cost} {currency.en}"
        for last, cost in stays[:MOST_NAMED]
    )
    others = and_more(len(stays), "次")
    each = ("均", " each") if len(stays) > 1 else ("", "")
    return Sentence(
        zh=f"{zh}{others.zh}，{each[0]}超过{threshold}{currency.zh}。",
        en=(
            f"One hospital stay, {en}{others.en} after all cover, more than {threshold}"
            f" {currency.en}{each[1]}."
        ),
    )


RULE = Rule(
    FindingKind.SINGLE_STAY_HIGH,
    is_risk=True,
    is_shock=True,
    needs_income=False,
    find=find,
    explain=explain,
    feeds=MEDICAL,
)
