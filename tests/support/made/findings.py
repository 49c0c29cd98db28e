"""One finding of a household with every rule in force, and what it says."""

from foothold_risk.rules import findings
from foothold_risk.rules.findings.finding import Finding, Measure
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.findings import FindingKind
from tests.support.made.build import (
    household,
    income,
    judged,
)
from tests.support.made.rules import ALL_IN_FORCE

PLENTY = income("90000", "plenty")


def finding_of(kind: FindingKind, *facts: FactRecord) -> tuple[Finding[Measure], Assessment]:
    """The finding, and the assessment it is part of."""
    assessment = judged(household(*facts), rules=ALL_IN_FORCE)
    return next(f for f in assessment.findings if f.kind is kind), assessment


def sentence_of(seen: Finding[Measure], assessment: Assessment) -> tuple[str, str]:
    """In both languages."""
    sentence = next(r for r in findings.ALL if r.kind is seen.kind).explain(
        seen, assessment.view, ALL_IN_FORCE.currency
    )
    return sentence.zh, sentence.en
