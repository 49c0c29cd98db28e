"""A household's plan: at least one measure against each risk, that fits it.

Development for those who can work.
"""

from collections.abc import Set as AbstractSet
from datetime import date
from enum import StrEnum

from foothold_schemas.facts.decisions import MeasureKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.measures import answers


class PlanNo(StrEnum):
    """Why a measure or a visit is not taken down."""

    RISK = "risk"
    FITS_NOT = "fits_not"
    DEPARTMENT = "department"
    DAY = "day"
    NOTE = "note"
    TWICE = "twice"


def suits(
    measure: MeasureKind,
    against: AbstractSet[FindingKind],
    risks: AbstractSet[FindingKind],
    department: str,
) -> PlanNo | None:
    """Why the measure does not suit the household; None: it does. `risks`: those that hold now."""
    if not against or not against <= risks:
        return PlanNo.RISK
    if not any(answers(measure, risk) for risk in against):
        return PlanNo.FITS_NOT
    return None if department else PlanNo.DEPARTMENT


def not_on(day: date, today: date) -> PlanNo | None:
    """Why nothing can have happened on the day; None: it can.

    Nobody writes down today what will be.
    """
    return PlanNo.DAY if day > today else None


def not_visited(day: date, today: date, note: str, *, was_there: bool) -> PlanNo | None:
    """Why the visit is not taken down; None: it is.

    `was_there`: the same person's visit of that day stands already.
    """
    if (no := not_on(day, today)) is not None:
        return no
    if not note:
        return PlanNo.NOTE
    return PlanNo.TWICE if was_there else None
