"""A household that was heard and earned nothing is said to have 0.00, never a fen more or less."""

import pytest

from foothold_risk.rules import findings
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HomeState
from foothold_schemas.findings import FindingKind
from tests.support.made.build import claim, disaster, household, income, judged
from tests.support.made.rules import ALL_IN_FORCE

NOTHING = income("0", "nothing")
CASES: dict[FindingKind, tuple[tuple[FactRecord, ...], str]] = {
    FindingKind.RIGID_SPENDING_RATIO: (
        (claim("0.01"),),
        "is 0.01 yuan, above 70% of its net income of 0.00 yuan.",
    ),
    FindingKind.DISASTER_LOSS: (
        (disaster(home=HomeState.UNHURT, loss="0.01"),),
        "losses of 0.01 yuan reach 30% of the net income of 0.00 yuan.",
    ),
    FindingKind.INCOME_DROPPED: (
        (income("40000", "before", month="2025-05"),),
        "is 0.00 yuan, down 40000.00 yuan from 40000.00 yuan a year earlier",
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_nothing_is_said_as_nothing(kind: FindingKind) -> None:
    facts, says = CASES[kind]
    assessment = judged(household(NOTHING, *facts), rules=ALL_IN_FORCE)
    finding = next(f for f in assessment.findings if f.kind is kind)
    sentence = next(r for r in findings.ALL if r.kind is kind).explain(
        finding, assessment.view, ALL_IN_FORCE.currency
    )

    assert says in sentence.en
    assert "0.00元" in sentence.zh
