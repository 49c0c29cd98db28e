"""Incidents: something struck a whole area. Whom it may have hit follows from hazard, severity and what the household lives on; nobody is flagged by it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec

from foothold_risk.rules.figures import View
from foothold_risk.rules.policy import Exposure, PolicyOfDay
from foothold_schemas.facts import AreaStruck, Hazard, IncomeCategory, Severity
from foothold_schemas.values import Standing


class Incident(msgspec.Struct, frozen=True):
    """As its agency said it last: `said_at` is that statement's own time. `last_day` None: it goes on."""

    area: str
    hazard: Hazard
    severity: Severity
    first_day: date
    said_at: datetime
    last_day: date | None = None
    is_withdrawn: bool = False

    def stands_on(self, day: date) -> bool:
        """Whether it has begun, is not over, and was no mistake."""
        return not self.is_withdrawn and self.first_day <= day and (self.last_day is None or day <= self.last_day)


class Look(msgspec.Struct, frozen=True):
    """Households of an area to look at again, by key, those after `after` still to come; `fact_id`, `learned_at` and `trace` are of what made risk look."""

    area: str
    fact_id: str
    learned_at: datetime
    after: str = ""
    trace: str = ""


Incidents = Mapping[str, Incident]
"""Agency and its own number of the incident → the incident."""


def name_of(agency: str, struck: AreaStruck) -> str:
    """Which incident it is: an agency's number means nothing beside another agency's."""
    return f"{agency}/{struck.incident}"


def note(incidents: Incidents, agency: str, struck: AreaStruck, said_at: datetime) -> dict[str, Incident]:
    """With what was said; an older statement of the same incident changes nothing, whenever it comes."""
    name = name_of(agency, struck)
    before = incidents.get(name)
    if before is not None and before.said_at >= said_at:
        return dict(incidents)
    now = Incident(struck.area, struck.hazard, struck.severity, struck.first_day, said_at, struck.last_day, struck.is_withdrawn)
    return {**incidents, name: now}


def touched(before: Incidents, after: Incidents) -> list[str]:
    """The areas in which something is different."""
    names = sorted({*before, *after})
    changed = (name for name in names if before.get(name) != after.get(name))
    return sorted({incident.area for name in changed for known in (before, after) if (incident := known.get(name)) is not None})


def queued(looks: Sequence[Look], more: Iterable[Look]) -> tuple[Look, ...]:
    """With more areas to look at; an area that waits or is under way begins anew."""
    new = {look.area: look for look in more}
    return (*(look for look in looks if look.area not in new), *new.values())


def turning(incidents: Incidents, before: date, after: date) -> list[str]:
    """The areas of incidents that begin or end by time alone between two days."""
    return sorted({i.area for i in incidents.values() if i.stands_on(before) is not i.stands_on(after)})


def hitting(incidents: Incidents, view: View, policy: PolicyOfDay) -> list[tuple[str, Incident, Exposure]]:
    """The incidents that may have hit the household, in the order of their names, and why. Where policy does not say whom, everybody there."""
    found = []
    for name, incident in sorted(incidents.items()):
        if view.register.area.startswith(incident.area) and incident.stands_on(view.day):
            exposure = next((e for e in _exposures(incident, policy) if _is_exposed(e, view)), None)
            if exposure is not None:
                found.append((name, incident, exposure))
    return found


def _exposures(incident: Incident, policy: PolicyOfDay) -> Iterable[Exposure]:
    if policy.incidents_impact is None:
        return (Exposure.EVERYBODY,)
    rows = (row for row in policy.incidents_impact.value if incident.hazard in row.hazards and incident.severity in row.severities)
    return (exposure for row in rows for exposure in row.exposures)


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
