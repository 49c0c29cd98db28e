"""The steps of a case are taken in their order, by whom they belong to.

They are taken only when what they need is there.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from foothold_alerts.rules.acts.act import Acted, Missing, StepContext, WrongRole, WrongStage, act
from foothold_alerts.rules.acts.two import TwoNo
from foothold_alerts.rules.case import (
    BEFORE_IDENTIFIED,
    DISMISS_REASONS,
    Case,
    CloseReason,
    Consent,
    Role,
    Stage,
)
from foothold_alerts.rules.workflow import Announcement, Limit, Need, Step, Unit
from foothold_alerts.workflows import SHIPPED, load
from tests.support.alerts import WEEKENDS, WORKFLOW, case

TODAY = date(2026, 6, 10)
GIVEN = StepContext(TODAY, WEEKENDS)


def step(name: str) -> Step:
    known_step = WORKFLOW.step(name)
    assert known_step is not None
    return known_step


def go(
    before: Case, name: str, role: Role = Role.COUNTY, given: StepContext = GIVEN
) -> Acted | WrongStage | WrongRole | Missing | TwoNo:
    return act(before, step(name), role, WORKFLOW, given)


def test_the_way_from_lead_to_eliminated_step_by_step_and_what_risk_is_told() -> None:
    standing, announcements = case(), []
    for name, day in (
        ("take", TODAY),
        ("consent", TODAY),
        ("verify", TODAY),
        ("post", TODAY),
        ("end_notice", date(2026, 6, 16)),
        ("agree", TODAY),
        ("identify", date(2026, 6, 18)),
    ):
        acted = go(standing, name, given=StepContext(day, WEEKENDS))
        assert isinstance(acted, Acted), (name, acted)
        standing = acted.case
        announcements.append(acted.says)
    assert (standing.stage, standing.consent, standing.notice_on, standing.identified_on) == (
        Stage.IDENTIFIED,
        Consent.GIVEN,
        TODAY,
        date(2026, 6, 18),
    )
    assert [says for says in announcements if says] == [
        Announcement.CONSENT_GIVEN,
        Announcement.IDENTIFIED,
    ]

    done = go(case(Stage.ELIMINATION_REVIEW), "eliminate")
    assert isinstance(done, Acted)
    assert (done.case.stage, done.case.close_reason, done.says) == (
        Stage.ELIMINATED,
        CloseReason.ELIMINATED,
        Announcement.ELIMINATED,
    )


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("identify", Stage.COUNTY_DECISION),
        ("eliminate", Stage.ELIMINATION_REVIEW),
        ("hold", Stage.ELIMINATION_REVIEW),
        ("dismiss", Stage.VERIFYING),
    ],
)
def test_nobody_decides_while_a_member_is_in_doubt_and_everything_else_goes_on(
    name: str, stage: Stage
) -> None:
    given = StepContext(TODAY, WEEKENDS, reason=CloseReason.CAN_COPE, note="why")

    assert go(case(stage), name, given=replace(given, is_disputed=True)) == Missing(
        Need.MEMBERS_CLEAR
    )
    assert isinstance(go(case(stage), name, given=given), Acted)
    assert isinstance(go(case(), "take", given=replace(given, is_disputed=True)), Acted)


def test_a_mere_lead_cannot_be_identified_and_elimination_can_be_proposed_a_second_time() -> None:
    assert go(case(Stage.COUNTY_DECISION, group=None), "identify") == Missing(Need.GROUP)
    assert go(
        case(Stage.IDENTIFIED), "review", given=StepContext(TODAY, WEEKENDS, unmet=1)
    ) == Missing(Need.NOTHING_UNMET)
    proposed = go(case(Stage.IDENTIFIED), "review", Role.TOWNSHIP)
    assert isinstance(proposed, Acted)
    assert (proposed.case.stage, proposed.says) == (Stage.ELIMINATION_REVIEW, None)


@pytest.mark.parametrize("consent", [None, Consent.REFUSED])
def test_without_the_households_consent_nothing_goes_beyond_verifying(
    consent: Consent | None,
) -> None:
    assert go(case(Stage.VERIFYING, consent=consent), "verify") == Missing(Need.CONSENT)


@pytest.mark.parametrize(
    ("day", "is_over"),
    [(date(2026, 6, 10), False), (date(2026, 6, 15), False), (date(2026, 6, 16), True)],
)
def test_a_public_notice_stands_for_five_days_without_the_day_of_posting(
    day: date, *, is_over: bool
) -> None:
    outcome = go(
        case(Stage.PUBLIC_NOTICE, notice_on=TODAY), "end_notice", given=StepContext(day, WEEKENDS)
    )

    assert (
        isinstance(outcome, Acted)
        if is_over
        else outcome == Missing(Need.NOTICE_OVER, date(2026, 6, 15))
    )


@pytest.mark.parametrize(
    ("stage", "name", "role"),
    [
        (Stage.COUNTY_DECISION, "identify", Role.TOWNSHIP),
        (Stage.TOWNSHIP_REVIEW, "agree", Role.VILLAGE),
        (Stage.ELIMINATION_REVIEW, "eliminate", Role.TOWNSHIP),
    ],
)
def test_a_step_of_another_role_is_not_taken(stage: Stage, name: str, role: Role) -> None:
    outcome = go(case(stage), name, role)

    assert isinstance(outcome, WrongRole)
    assert role not in outcome.roles


def test_nothing_is_declared_eliminated_while_a_condition_of_leaving_is_unmet() -> None:
    assert go(
        case(Stage.ELIMINATION_REVIEW), "eliminate", given=StepContext(TODAY, WEEKENDS, unmet=1)
    ) == Missing(Need.NOTHING_UNMET)


@pytest.mark.parametrize("reason", CloseReason)
@pytest.mark.parametrize("stage", sorted(BEFORE_IDENTIFIED))
def test_a_case_is_dismissed_only_with_a_reason_of_the_list_and_never_once_identified(
    stage: Stage, reason: CloseReason
) -> None:
    outcome = go(case(stage), "dismiss", Role.VILLAGE, StepContext(TODAY, WEEKENDS, reason=reason))

    if reason in DISMISS_REASONS:
        assert isinstance(outcome, Acted)
        assert (outcome.case.stage, outcome.case.close_reason, outcome.says) == (
            Stage.DISMISSED,
            reason,
            Announcement.DISMISSED,
        )
    else:
        assert outcome == Missing(Need.REASON)
    assert isinstance(
        go(case(Stage.IDENTIFIED), "dismiss", given=StepContext(TODAY, WEEKENDS, reason=reason)),
        WrongStage,
    )


@pytest.mark.parametrize("name", ["send_back", "hold", "go_on"])
def test_turning_back_needs_to_be_explained(name: str) -> None:
    stage = next(iter(step(name).sources))

    assert go(case(stage), name) == Missing(Need.NOTE)
    assert isinstance(
        go(case(stage), name, given=StepContext(TODAY, WEEKENDS, note="because")), Acted
    )


@pytest.mark.parametrize("stage", Stage)
def test_a_step_is_taken_from_its_stages_only(stage: Stage) -> None:
    for candidate in WORKFLOW.steps:
        outcome = act(
            case(stage, consent=Consent.GIVEN),
            candidate,
            Role.COUNTY,
            WORKFLOW,
            StepContext(TODAY, WEEKENDS, reason=CloseReason.CAN_COPE, note="x"),
        )
        assert isinstance(outcome, Acted) == (stage in candidate.sources)


def test_the_shipped_limits_are_those_of_policy() -> None:
    limits = WORKFLOW.limits

    assert (limits.settle, limits.notice, limits.papers) == (
        Limit(15, Unit.DAYS),
        Limit(5, Unit.DAYS),
        Limit(5, Unit.DAYS),
    )
    assert (limits.emergency, limits.township_fen, limits.visits_a_month) == (
        Limit(24, Unit.HOURS),
        300_000,
        2,
    )
    assert (limits.first_measure, limits.measure) == (Limit(10, Unit.DAYS), Limit(30, Unit.DAYS))


FIRST: dict[str, object] = {
    "name": "again",
    "zh": "一",
    "en": "one",
    "from": ["lead"],
    "roles": ["county"],
}
BROKEN: dict[str, tuple[set[str], list[dict[str, object]]]] = {
    "no step leads out of not_marked": ({"go_on", "review"}, []),
    "steps that stand twice: again": (set(), [FIRST, FIRST]),
    "begins at a stage that is over": (set(), [FIRST | {"from": ["closed"]}]),
    "Extra inputs are not permitted": (set(), [FIRST | {"colour": "red"}]),
}
"""Complaint → the steps that are left out, and those that are added."""


@pytest.mark.parametrize("complaint", BROKEN)
def test_a_workflow_that_is_not_clear_or_leads_nowhere_is_refused(
    complaint: str, tmp_path: Path
) -> None:
    file = yaml.safe_load((SHIPPED / "monitoring-1.yaml").read_text(encoding="utf-8"))
    without, added = BROKEN[complaint]
    file["steps"] = [s for s in file["steps"] if s["name"] not in without] + added
    (tmp_path / "monitoring-1.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")

    with pytest.raises(ValidationError, match=complaint):
        load(tmp_path)


def test_a_running_case_keeps_its_version_and_a_version_that_is_gone_is_said(
    tmp_path: Path,
) -> None:
    file = yaml.safe_load((SHIPPED / "monitoring-1.yaml").read_text(encoding="utf-8"))
    for version in (1, 2):
        (tmp_path / f"monitoring-{version}.yaml").write_text(
            yaml.safe_dump(file | {"version": version}), encoding="utf-8"
        )
    both = load(tmp_path)

    assert (both.newest.version, both.of(1).version) == (2, 1)
    with pytest.raises(ValueError, match="has the number of another version"):
        load(SHIPPED, tmp_path)
    (tmp_path / "monitoring-1.yaml").unlink()
    assert load(SHIPPED, tmp_path).newest.version == 2
    with pytest.raises(LookupError, match="version 3 is gone"):
        both.of(3)
    (tmp_path / "monitoring-2.yaml").rename(tmp_path / "monitoring-3.yaml")
    with pytest.raises(ValueError, match="says that it is version 2"):
        load(tmp_path)
