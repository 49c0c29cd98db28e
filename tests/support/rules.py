"""A policy with every rule in force, each number its own, so that a test sees which one decided."""

from foothold_schemas.checks import Guarantee
from tests.support.build import policy, value

ALL_IN_FORCE = policy(
    income_dropped_percent=value("income_dropped.percent", 5_000),
    income_dropped_amount=value("income_dropped.amount", 200_000),
    work_lost_months=value("work_lost.months", 3),
    project_underpaid_yield=value("project_underpaid.yield", 700),
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
)
