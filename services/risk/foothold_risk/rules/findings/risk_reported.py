"""Somebody reported that the household may be in trouble, and people have not looked into it yet.

A lead by itself, never a risk.
"""

from typing import Final

from foothold_risk.rules.findings.finding import Finding, Rule, Words
from foothold_risk.rules.household.facts import Report
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_schemas.findings import FindingKind
from foothold_schemas.titles import title
from foothold_schemas.values import Sentence

_NAMED: Final = 3


def find(view: HouseholdOnDay) -> Finding[Words] | None:
    """Reports by the routes that count, the newest first."""
    counted = view.policy.risk_reported_routes
    if counted is None:
        return None
    waiting = tuple(r for r in view.household.unanswered if r.route in counted.value)
    if not waiting:
        return None
    concerns = sorted({r.concern.value for r in waiting})
    return Finding(
        FindingKind.RISK_REPORTED,
        Words(", ".join(concerns), counted.text, "concerns"),
        None,
        counted,
        waiting,
    )


def explain(finding: Finding[Words], _view: HouseholdOnDay, _currency: Sentence) -> Sentence:
    """The newest reports by name."""
    reports = [r for r in finding.facts if isinstance(r, Report)]
    named, more = reports[:_NAMED], len(reports) - _NAMED
    zh = "；".join(f"{r.day}{title(r.route).zh}（{title(r.concern).zh}）" for r in named)
    en = "; ".join(f"on {r.day} by {title(r.route).en} ({title(r.concern).en})" for r in named)
    others = (
        Sentence(zh=f"；另有{more}条", en=f"; {more} more") if more > 0 else Sentence(zh="", en="")
    )
    return Sentence(
        zh=f"有困难反映待核实：{zh}{others.zh}。",
        en=f"Trouble was reported and is to be checked: {en}{others.en}.",
    )


RULE = Rule(
    FindingKind.RISK_REPORTED,
    is_risk=False,
    is_shock=False,
    needs_income=False,
    find=find,
    explain=explain,
)
