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
class Known:
    """A value Foothold knows.

    It has how the value is read, whether every region in service must have it, and how an amount
    follows from a `base`.
    """

    read: Callable[[object], object]
    is_required: bool = False
    is_line: bool = False


KNOWN: Final[Mapping[str, Known]] = {
    "monitoring_line": Known(money, is_required=True, is_line=True),
    "dibao": Known(money),
    "poverty_standard": Known(money),
    "disposable_income": Known(money),
    "heads.basis": Known(heads),
    "feeds.required": Known(feeds, is_required=True),
    "feeds.rhythm": Known(rhythms),
    "income.one_off_items": Known(names, is_required=True),
    "income.items": Known(items),
    "claims.precedence": Known(feeds),
    "feeds.yearly_grace": Known(months),
    "income_dropped.percent": Known(share),
    "income_dropped.amount": Known(money),
    "work_lost.months": Known(some_months),
    "project_underpaid.yield": Known(yields),
    "disaster_loss.home": Known(homes),
    "disaster_loss.worker": Known(workers),
    "disaster_loss.share": Known(share),
    "self_paid_high.ex_poor": Known(money),
    "self_paid_high.ordinary": Known(money),
    "self_paid_high.in_scope_only": Known(switch),
    "single_stay_high.identified": Known(money),
    "single_stay_high.others": Known(money),
    "self_paid_ratio.share": Known(share),
    "rigid_spending_ratio.share": Known(share),
    "rigid_spending_ratio.medical_share": Known(share),
    "education_cost_high.amount": Known(money),
    "guarantee_missing.guarantees": Known(guarantees),
    "child.age_from": Known(age),
    "child.age_below": Known(age),
    "grade_fell.in_force": Known(switch),
    "risk_reported.routes": Known(routes),
    "ladder.weights": Known(weights),
    "ladder.bands": Known(bands),
    "city_supplement.share": Known(share),
    "city_supplement.above": Known(money),
    "city_supplement.cap_inpatient": Known(money),
    "city_supplement.cap_special_drugs": Known(money),
    "covers.known": Known(covers),
    "own_share.target": Known(share),
    "exemption.material_share": Known(share),
    "dismissal.days": Known(days),
    "wavering.days": Known(days),
    "register.slip_days": Known(days),
    "negative_list.assets": Known(assets),
    "forecast.months": Known(months_ahead),
    "incidents.impact": Known(reaches),
    "incidents.self_evident": Known(reaches),
    "regions.bands": Known(level_bands),
    "regions.keep_share": Known(share),
    "regions.least_households": Known(count),
    "regions.clusters": Known(clusters),
    "regions.priority": Known(areas),
    "exit.signal_months": Known(months, is_required=True),
    "exit.stable_months": Known(months, is_required=True),
    "exit.min_months_since_identified": Known(months, is_required=True),
}
"""Every value a policy file may hold."""

BASES: Final[Mapping[str, tuple[str, int]]] = {
    "multiple_of_dibao": ("dibao", 12),
    "multiple_of_poverty_standard": ("poverty_standard", 1),
    "share_of_disposable_income": ("disposable_income", 1),
}
"""A line that is not fixed: the value it is a multiple of, and by how many times a year that one is
paid."""
