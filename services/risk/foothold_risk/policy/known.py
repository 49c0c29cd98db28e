"""The catalogue of the values a policy file may hold, and how each is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from foothold_risk.policy.read import (
    age,
    assets,
    days,
    feeds,
    guarantees,
    heads,
    homes,
    money,
    months,
    names,
    routes,
    share,
    some_months,
    switch,
    workers,
)
from foothold_risk.policy.regions import areas, clusters, count, level_bands, reaches
from foothold_risk.policy.tables import bands, covers, items, months_ahead, rhythms, weights, yields


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """A value Foothold knows.

    It has how the value is read, whether every region in service must have it, and how an amount
    follows from a `base`.
    """

    read: Callable[[object], object]
    is_required: bool = False
    is_line: bool = False


KNOWN: Final[Mapping[str, ValueSpec]] = {
    "monitoring_line": ValueSpec(money, is_required=True, is_line=True),
    "dibao": ValueSpec(money),
    "poverty_standard": ValueSpec(money),
    "disposable_income": ValueSpec(money),
    "heads.basis": ValueSpec(heads),
    "feeds.required": ValueSpec(feeds, is_required=True),
    "feeds.rhythm": ValueSpec(rhythms),
    "income.one_off_items": ValueSpec(names, is_required=True),
    "income.items": ValueSpec(items),
    "claims.precedence": ValueSpec(feeds),
    "feeds.yearly_grace": ValueSpec(months),
    "income_dropped.percent": ValueSpec(share),
    "income_dropped.amount": ValueSpec(money),
    "work_lost.months": ValueSpec(some_months),
    "project_underpaid.yield": ValueSpec(yields),
    "disaster_loss.home": ValueSpec(homes),
    "disaster_loss.worker": ValueSpec(workers),
    "disaster_loss.share": ValueSpec(share),
    "self_paid_high.ex_poor": ValueSpec(money),
    "self_paid_high.ordinary": ValueSpec(money),
    "self_paid_high.in_scope_only": ValueSpec(switch),
    "single_stay_high.identified": ValueSpec(money),
    "single_stay_high.others": ValueSpec(money),
    "self_paid_ratio.share": ValueSpec(share),
    "rigid_spending_ratio.share": ValueSpec(share),
    "rigid_spending_ratio.medical_share": ValueSpec(share),
    "education_cost_high.amount": ValueSpec(money),
    "guarantee_missing.guarantees": ValueSpec(guarantees),
    "child.age_from": ValueSpec(age),
    "child.age_below": ValueSpec(age),
    "grade_fell.in_force": ValueSpec(switch),
    "risk_reported.routes": ValueSpec(routes),
    "ladder.weights": ValueSpec(weights),
    "ladder.bands": ValueSpec(bands),
    "city_supplement.share": ValueSpec(share),
    "city_supplement.above": ValueSpec(money),
    "city_supplement.cap_inpatient": ValueSpec(money),
    "city_supplement.cap_special_drugs": ValueSpec(money),
    "covers.known": ValueSpec(covers),
    "own_share.target": ValueSpec(share),
    "exemption.material_share": ValueSpec(share),
    "dismissal.days": ValueSpec(days),
    "wavering.days": ValueSpec(days),
    "register.slip_days": ValueSpec(days),
    "negative_list.assets": ValueSpec(assets),
    "forecast.months": ValueSpec(months_ahead),
    "incidents.impact": ValueSpec(reaches),
    "incidents.self_evident": ValueSpec(reaches),
    "regions.bands": ValueSpec(level_bands),
    "regions.keep_share": ValueSpec(share),
    "regions.least_households": ValueSpec(count),
    "regions.clusters": ValueSpec(clusters),
    "regions.priority": ValueSpec(areas),
    "exit.signal_months": ValueSpec(months, is_required=True),
    "exit.stable_months": ValueSpec(months, is_required=True),
    "exit.min_months_since_identified": ValueSpec(months, is_required=True),
}
"""Every value a policy file may hold."""

BASES: Final[Mapping[str, tuple[str, int]]] = {
    "multiple_of_dibao": ("dibao", 12),
    "multiple_of_poverty_standard": ("poverty_standard", 1),
    "share_of_disposable_income": ("disposable_income", 1),
}
"""A line that is not fixed: the value it is a multiple of, and by how many times a year that one is
paid."""
