"""The rules that can find something, by name."""

from enum import StrEnum


class FindingKind(StrEnum):
    """One rule each, one file each in risk; the order in which people read them."""

    INCOME_BELOW_LINE = "income_below_line"
    INCOME_DROPPED = "income_dropped"
    WORK_LOST = "work_lost"
    PROJECT_UNDERPAID = "project_underpaid"
    DISASTER_LOSS = "disaster_loss"
    SELF_PAID_HIGH = "self_paid_high"
    SINGLE_STAY_HIGH = "single_stay_high"
    SELF_PAID_RATIO = "self_paid_ratio"
    RIGID_SPENDING_RATIO = "rigid_spending_ratio"
    EDUCATION_COST_HIGH = "education_cost_high"
    GUARANTEE_MISSING = "guarantee_missing"
    GRADE_FELL = "grade_fell"
    RISK_REPORTED = "risk_reported"
    AREA_STRUCK = "area_struck"
