"""An incident that policy calls self-evident stands over the household's village.

Policy calls it self-evident for such households: they count as hit before each is checked.
"""

from typing import Final

from foothold_risk.rules.areas.exposure import exposure_to
from foothold_risk.rules.context.incidents import Incident
from foothold_risk.rules.findings.finding import MOST_NAMED, Finding, Rule, Words, and_more
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_schemas.facts.facts import Severity
from foothold_schemas.findings import FindingKind
from foothold_schemas.titles import title
from foothold_schemas.values import Sentence

_GRAVITY: Final = {severity: place for place, severity in enumerate(Severity)}


def find(view: HouseholdOnDay) -> Finding[Words] | None:
    """The gravest such incident, the newest first; none where policy calls nothing self-evident.

    It ends with the incident.
    """
    table, struck = view.policy.incidents_self_evident, hits(view)
    if table is None or not struck:
        return None
    struck.sort(key=lambda hit: (_GRAVITY[hit[1].severity], -hit[1].first_day.toordinal(), hit[0]))
    incidents = tuple(incident for _, incident in struck)
    worst = incidents[0]
    return Finding(
        FindingKind.AREA_STRUCK,
        Words(f"{worst.hazard.value} {worst.severity.value}", table.text, "incident"),
        None,
        table,
        incidents,
    )


def hits(view: HouseholdOnDay) -> list[tuple[str, Incident]]:
    """The incidents policy calls self-evident for this household, with their names."""
    table = view.policy.incidents_self_evident
    return (
        []
        if table is None
        else [
            (name, incident)
            for name, incident in view.struck
            if exposure_to(incident, view, table.value) is not None
        ]
    )


def explain(finding: Finding[Words], _view: HouseholdOnDay, _currency: Sentence) -> Sentence:
    """Say what struck where, since when, the newest first, and that nobody has looked yet."""
    struck = sorted(
        (fact for fact in finding.facts if isinstance(fact, Incident)),
        key=lambda incident: incident.first_day,
        reverse=True,
    )
    zh = "，".join(
        f"区域{i.area}自{i.first_day}发生{title(i.hazard).zh}（{i.severity}级）"
        for i in struck[:MOST_NAMED]
    )
    en = ", ".join(
        f"{i.hazard.value} (level {i.severity}) in {i.area} since {i.first_day}"
        for i in struck[:MOST_NAMED]
    )
    others = and_more(len(struck), "起")
    return Sentence(
        zh=f"{zh}{others.zh}，按政策视同已受影响，损失待逐户核实。",
        en=f"{en}{others.en}: by policy it is hit; its losses are still to be checked.",
    )


RULE = Rule(
    FindingKind.AREA_STRUCK,
    is_risk=True,
    is_shock=True,
    needs_income=False,
    find=find,
    explain=explain,
)
