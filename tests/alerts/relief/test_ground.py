"""What a proposal says of its ground: what holds today, with what it was proposed for."""

from datetime import date

import pytest

from foothold_alerts.rules.relief.causes import NOTHING, RELIEF, Cause
from foothold_alerts.rules.relief.ground import Ground, Today, ground
from foothold_alerts.rules.respond import respond
from foothold_schemas.facts.saw import Saw, SeenEvent
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Finding
from foothold_schemas.values import Sentence
from tests.support.alerts import WEEKENDS, WORKFLOW, transition

BILLS = Cause(FindingKind.SELF_PAID_HIGH, bills_until=date(2026, 6, 9))


def sentence(text: str) -> Sentence:
    return Sentence(zh=text, en=text)


def finding(rule: FindingKind, text: str, quiet_until: date | None = None) -> Finding:
    (example,) = transition("a", 1, rule).findings
    return example.model_copy(update={"reason": sentence(text), "quiet_until": quiet_until})


def ground_of(cause: Cause, *findings: Finding, saw: tuple[Saw, ...] = ()) -> Ground:
    """Of a proposal over 25,000 yuan of bills."""
    opened = transition("a", 1, cause.finding)
    opened = opened.model_copy(update={"findings": (finding(cause.finding, "25000"),)})
    (proposal,) = respond(None, opened, NOTHING, WORKFLOW, WEEKENDS).proposals
    household = Today(findings, saw, opened.policy.currency)
    return ground(cause, proposal.explained, household, WORKFLOW.limits)


@pytest.mark.parametrize("rule", RELIEF)
def test_what_stands_as_it_was_is_told_once(rule: FindingKind) -> None:
    stands = ground_of(Cause(rule), finding(rule, "25000"))

    assert (stands.before, stands.is_gone) == (None, False)
    assert stands.now is not None
    assert "25000" in stands.now.zh


@pytest.mark.parametrize("rule", RELIEF)
def test_a_ground_that_changed_is_told_as_it_is_with_what_was_proposed(rule: FindingKind) -> None:
    stands = ground_of(Cause(rule), finding(rule, "31000"))

    assert stands.now is not None
    assert stands.before is not None
    assert ("31000" in stands.now.zh, "25000" in stands.now.zh) == (True, False)
    assert "25000" in stands.before.zh


@pytest.mark.parametrize("rule", RELIEF)
@pytest.mark.parametrize(
    "findings",
    [
        (),
        (finding(FindingKind.WORK_LOST, "no wages"),),
    ],
    ids=["nothing is found", "another kind is found"],
)
def test_a_ground_that_went_is_told_as_gone(
    rule: FindingKind, findings: tuple[Finding, ...]
) -> None:
    stands = ground_of(Cause(rule), *findings)

    assert (stands.now, stands.is_gone) == (None, True)
    assert stands.before is not None


@pytest.mark.parametrize("rule", RELIEF)
def test_a_finding_people_found_harmless_is_no_ground(rule: FindingKind) -> None:
    assert ground_of(Cause(rule), finding(rule, "25000", date(2026, 12, 1))).is_gone


def test_relief_for_bills_rests_on_any_finding_of_bills_that_holds() -> None:
    stay = finding(FindingKind.SINGLE_STAY_HIGH, "one stay of 12000")
    stands = ground_of(BILLS, stay)

    assert stands.now is not None
    assert "one stay of 12000" in stands.now.zh
    assert ground_of(BILLS, finding(FindingKind.DISASTER_LOSS, "fire")).is_gone


@pytest.mark.parametrize("rule", [FindingKind.DISASTER_LOSS, FindingKind.GRADE_FELL])
def test_another_event_of_the_same_finding_is_no_ground(rule: FindingKind) -> None:
    cause, other = Cause(rule, "fire 2026-06-09"), finding(rule, "a flood")

    def saw(*names: str, total: int = 1) -> tuple[Saw, ...]:
        events = tuple(SeenEvent(name=name) for name in names)
        return (Saw(finding=rule, events=events, events_total=total),)

    assert ground_of(cause, other, saw=saw("flood 2026-06-20")).is_gone
    assert not ground_of(cause, other, saw=saw("fire 2026-06-09", "flood 2026-06-20")).is_gone
    # more happened than is named: nobody can say that it went
    assert not ground_of(cause, other, saw=saw("flood 2026-06-20", total=120)).is_gone
