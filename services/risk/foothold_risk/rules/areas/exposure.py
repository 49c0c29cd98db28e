"""Incidents: something struck a whole area.

Whom it may have hit follows from hazard, severity and what the household lives on; nobody is
flagged by it.
"""

from typing import assert_never

from foothold_risk.rules.context.incidents import Incident
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import Exposure, PolicyOfDay, Reach
from foothold_schemas.facts.facts import IncomeCategory
from foothold_schemas.values import Standing


def hitting(view: HouseholdOnDay, policy: PolicyOfDay) -> list[tuple[str, Incident, Exposure]]:
    """The incidents that may have hit the household, in the order of their names, and why.

    Where policy does not say whom, everybody there.
    """
    table = None if policy.incidents_impact is None else policy.incidents_impact.value
    exposures = (
        (name, incident, exposure_to(incident, view, table)) for name, incident in view.struck
    )
    return [
        (name, incident, exposure) for name, incident, exposure in exposures if exposure is not None
    ]


def exposure_to(
    incident: Incident, view: HouseholdOnDay, table: tuple[Reach, ...] | None
) -> Exposure | None:
    """The first reason in the table for which the household is among those it hits.

    None: it is not. Without a table everybody there is.
    """
    if table is None:
        return Exposure.EVERYBODY
    rows = (
        row
        for row in table
        if incident.hazard in row.hazards and incident.severity in row.severities
    )
    return next(
        (exposure for row in rows for exposure in row.exposures if _is_exposed(exposure, view)),
        None,
    )


def _is_exposed(exposure: Exposure, view: HouseholdOnDay) -> bool:
    match exposure:
        case Exposure.EVERYBODY:
            return True
        case Exposure.EX_POOR:
            return view.register.standing is Standing.EX_POOR
        case Exposure.OPERATING:
            return _earns(view, IncomeCategory.OPERATING)
        case Exposure.WAGE:
            return _earns(view, IncomeCategory.WAGE)
        case _:
            assert_never(exposure)


def _earns(view: HouseholdOnDay, category: IncomeCategory) -> bool:
    return any(
        income.category is category and income.amount > 0 for income in view.household.incomes
    )
