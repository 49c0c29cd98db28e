"""Incidents: something struck a whole area. Whom it may have hit follows from hazard, severity and what the household lives on; nobody is flagged by it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec
from msgspec.structs import replace

from foothold_risk.rules.calendar import until
from foothold_risk.rules.figures import View
from foothold_risk.rules.policy import Exposure, PolicyOfDay, Reach
from foothold_risk.rules.struck import Incident, Incidents, Indexed
from foothold_schemas.facts import AreaStruck, IncomeCategory
from foothold_schemas.values import Standing


class Look(msgspec.Struct, frozen=True):
    """Households of an area to look at again, by key, those after `after` still to come; `fact_id`, `learned_at` and `trace` are of what made risk look.

    `is_correction`: an incident was taken back or amended, so a ground that is gone now was a mistake.
    """

    area: str
    fact_id: str
    learned_at: datetime
    after: str = ""
    trace: str = ""
    is_correction: bool = False


def name_of(agency: str, struck: AreaStruck) -> str:
    """Which incident it is: an agency's number means nothing beside another agency's."""
    return f"{agency}/{struck.incident}"


def note(incidents: Incidents, agency: str, struck: AreaStruck, said_at: datetime, fact_id: bytes) -> Indexed:
    """With what was said; an older statement of the same incident changes nothing, whenever it comes."""
    name = name_of(agency, struck)
    before = incidents.get(name)
    if before is not None and before.said_at >= said_at:
        return Indexed(incidents)
    now = Incident(struck.area, struck.hazard, struck.severity, struck.first_day, said_at, until(struck.last_day), struck.is_withdrawn, fact_id)
    return Indexed({**incidents, name: now})


def touched(before: Incidents, after: Incidents) -> list[str]:
    """The areas in which something is different."""
    names = sorted({*before, *after})
    changed = (name for name in names if before.get(name) != after.get(name))
    return sorted({incident.area for name in changed for known in (before, after) if (incident := known.get(name)) is not None})


def queued(looks: Sequence[Look], more: Iterable[Look]) -> tuple[Look, ...]:
    """With more areas to look at; an area that waits or is under way begins anew, and what was a correction there stays one."""
    new = {look.area: look for look in more}
    corrected = {look.area for look in looks if look.is_correction}
    begun = (replace(look, is_correction=look.is_correction or look.area in corrected) for look in new.values())
    return (*(look for look in looks if look.area not in new), *begun)


def waiting(looks: Sequence[Look], household_id: str, area: str) -> list[Look]:
    """Those that have still to reach a household of this village."""
    return [look for look in looks if area.startswith(look.area) and household_id > look.after]


def turning(incidents: Incidents, before: date, after: date) -> list[str]:
    """The areas of incidents that begin or end by time alone between two days."""
    return sorted({i.area for i in incidents.values() if i.stands_on(before) is not i.stands_on(after)})


def corrects(before: Incidents, after: Incidents) -> bool:
    """Whether what was said of an incident before was wrong: it is taken back, or another area, hazard, severity or first day. An end is none."""
    return any(now.is_withdrawn or _what(was) != _what(now) for name, was in before.items() if (now := after[name]) != was)


def _what(incident: Incident) -> tuple[object, ...]:
    return incident.area, incident.hazard, incident.severity, incident.first_day


def hitting(view: View, policy: PolicyOfDay) -> list[tuple[str, Incident, Exposure]]:
    """The incidents that may have hit the household, in the order of their names, and why. Where policy does not say whom, everybody there."""
    table = None if policy.incidents_impact is None else policy.incidents_impact.value
    found = ((name, incident, exposure_to(incident, view, table)) for name, incident in view.struck)
    return [(name, incident, exposure) for name, incident, exposure in found if exposure is not None]


def exposure_to(incident: Incident, view: View, table: tuple[Reach, ...] | None) -> Exposure | None:
    """The first reason in the table for which the household is among those it hits; None: it is not. Without a table everybody there is."""
    if table is None:
        return Exposure.EVERYBODY
    rows = (row for row in table if incident.hazard in row.hazards and incident.severity in row.severities)
    return next((exposure for row in rows for exposure in row.exposures if _is_exposed(exposure, view)), None)


def _is_exposed(exposure: Exposure, view: View) -> bool:
    match exposure:
        case Exposure.EVERYBODY:
            return True
        case Exposure.EX_POOR:
            return view.register.standing is Standing.EX_POOR
        case Exposure.OPERATING:
            return _earns(view, IncomeCategory.OPERATING)
        case Exposure.WAGE:
            return _earns(view, IncomeCategory.WAGE)


def _earns(view: View, category: IncomeCategory) -> bool:
    return any(income.category is category and income.amount > 0 for income in view.household.incomes)
