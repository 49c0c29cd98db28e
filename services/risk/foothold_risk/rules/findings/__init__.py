"""One file per finding.

Each says in code what its policy sentence says in words; `ALL` is the order in which people read
them.
"""

from foothold_risk.rules.findings import (
    area_struck,
    disaster_loss,
    education_cost_high,
    grade_fell,
    guarantee_missing,
    income_below_line,
    income_dropped,
    project_underpaid,
    rigid_spending_ratio,
    risk_reported,
    self_paid_high,
    self_paid_ratio,
    single_stay_high,
    work_lost,
)

ALL = (
    income_below_line.RULE,
    income_dropped.RULE,
    work_lost.RULE,
    project_underpaid.RULE,
    disaster_loss.RULE,
    self_paid_high.RULE,
    single_stay_high.RULE,
    self_paid_ratio.RULE,
    rigid_spending_ratio.RULE,
    education_cost_high.RULE,
    guarantee_missing.RULE,
    grade_fell.RULE,
    risk_reported.RULE,
    area_struck.RULE,
)
