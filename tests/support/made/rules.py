"""A policy with every rule in force, each number its own, so that a test sees which one decided."""

from datetime import date

from foothold_risk.rules.policy import Band, Cover, Exposure, Reach, Yield
from foothold_schemas.facts.checks import Asset, Grade, Guarantee
from foothold_schemas.facts.facts import Hazard, Severity
from foothold_schemas.facts.reports import ReportRoute
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Sentence
from tests.support.made.build import policy, value

INCOME_COVER = Cover(
    "income_cover",
    Sentence(zh="收入保", en="income cover"),
    frozenset({FindingKind.INCOME_DROPPED, FindingKind.WORK_LOST}),
)
ALL_IN_FORCE = policy(
    income_dropped_percent=value("income_dropped.percent", 5_000),
    income_dropped_amount=value("income_dropped.amount", 200_000),
    work_lost_months=value("work_lost.months", 3),
    project_underpaid_yield=value(
        "project_underpaid.yield", (Yield(date(2016, 1, 1), 700), Yield(date(2025, 6, 1), 600))
    ),
    disaster_loss_share=value("disaster_loss.share", 3_000),
    single_stay_high_identified=value("single_stay_high.identified", 600_000),
    single_stay_high_others=value("single_stay_high.others", 1_000_000),
    disposable_income=value("disposable_income", 2_000_000),
    self_paid_ratio_share=value("self_paid_ratio.share", 5_000),
    rigid_spending_ratio_medical_share=value("rigid_spending_ratio.medical_share", 6_000),
    education_cost_high_amount=value("education_cost_high.amount", 1_000_000),
    guarantee_missing_guarantees=value("guarantee_missing.guarantees", frozenset(Guarantee)),
    child_age_from=value("child.age_from", 6),
    child_age_below=value("child.age_below", 16),
    grade_fell_in_force=value("grade_fell.in_force", amount=True),
    risk_reported_routes=value("risk_reported.routes", frozenset(ReportRoute)),
    ladder_weights=value("ladder.weights", (3_000, 2_000, 1_000, 1_500, 2_500)),
    ladder_bands=value(
        "ladder.bands",
        (
            Band(Grade.D, 0, 35),
            Band(Grade.C, 35, 60),
            Band(Grade.B, 60, 80),
            Band(Grade.A, 80, 100),
        ),
    ),
    city_supplement_share=value("city_supplement.share", 8_000),
    city_supplement_above=value("city_supplement.above", 2_000_000),
    city_supplement_cap_inpatient=value("city_supplement.cap_inpatient", 100_000_000),
    city_supplement_cap_special_drugs=value("city_supplement.cap_special_drugs", 100_000_000),
    covers_known=value("covers.known", (INCOME_COVER,)),
    own_share_target=value("own_share.target", 1_000),
    negative_list_assets=value("negative_list.assets", frozenset({Asset.CAR, Asset.TOWN_HOUSE})),
    incidents_self_evident=value(
        "incidents.self_evident",
        (Reach(frozenset(Hazard), frozenset(Severity), (Exposure.EVERYBODY,)),),
    ),
    forecast_months=value("forecast.months", (1, 3, 6)),
)
