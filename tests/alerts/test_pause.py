"""Time that stands still, for listed reasons; and what a public notice shows."""

from dataclasses import fields
from datetime import date

import pytest

from foothold_alerts.rules.act import Acted, Given, act
from foothold_alerts.rules.case import BEFORE_IDENTIFIED, Case, Role, Stage
from foothold_alerts.rules.deadlines import Standing, wanted
from foothold_alerts.rules.pause import PauseNo, pause, resume
from foothold_alerts.rules.public import ALLOWED, PublicNotice, public_notice
from tests.support.alerts import WEEKENDS, WORKFLOW, case

TODAY, LATER = date(2026, 6, 10), date(2026, 6, 18)
REASON = next(iter(WORKFLOW.pauses))


def paused(stage: Stage = Stage.VERIFYING) -> Case:
    held = pause(case(stage), REASON, Role.TOWNSHIP, TODAY, WORKFLOW)
    assert isinstance(held, Case)
    return held


def test_while_it_stands_still_nothing_is_due_and_afterwards_there_are_as_many_days_more() -> None:
    held = paused()
    again = resume(held, LATER)

    assert wanted(Standing(held, (), {}, ()), WORKFLOW, WEEKENDS) == ()
    assert again is not None
    assert (again.due_on, again.paused_on, again.pause_reason) == (date(2026, 6, 24), None, None)
    assert len(wanted(Standing(again, (), {}, ()), WORKFLOW, WEEKENDS)) == 1
    assert resume(again, LATER) is None


@pytest.mark.parametrize("stage", Stage)
def test_only_what_is_not_settled_yet_stands_still_and_only_once(stage: Stage) -> None:
    assert isinstance(pause(case(stage), REASON, Role.COUNTY, TODAY, WORKFLOW), Case) == (stage in BEFORE_IDENTIFIED)
    if stage in BEFORE_IDENTIFIED:
        assert pause(paused(stage), REASON, Role.COUNTY, TODAY, WORKFLOW) is None


def test_for_listed_reasons_only_and_not_by_the_village() -> None:
    assert pause(case(), "on_holiday", Role.COUNTY, TODAY, WORKFLOW) is PauseNo.REASON
    assert pause(case(), REASON, Role.VILLAGE, TODAY, WORKFLOW) is PauseNo.ROLE


def test_who_goes_on_with_the_case_has_ended_the_pause() -> None:
    step = WORKFLOW.step("take")
    assert step is not None
    outcome = act(paused(Stage.LEAD), step, Role.VILLAGE, WORKFLOW, Given(LATER, WEEKENDS))

    assert isinstance(outcome, Acted)
    assert (outcome.case.stage, outcome.case.paused_on, outcome.case.due_on) == (Stage.VERIFYING, None, date(2026, 6, 24))


def test_a_public_notice_has_its_fields_and_no_other_and_stands_at_its_stage_only() -> None:
    posted = case(Stage.PUBLIC_NOTICE, notice_on=TODAY)
    notice = public_notice(posted, "王建国", "370399101202", 3, WORKFLOW, WEEKENDS)

    assert notice is not None
    assert dict(notice.fields()) == {"head": "王建国", "village": "370399101202", "members": 3, "posted_on": TODAY, "stands_until": date(2026, 6, 15)}
    assert tuple(f.name for f in fields(PublicNotice)) == ALLOWED
    assert public_notice(case(Stage.TOWNSHIP_REVIEW, notice_on=TODAY), "x", "x", 1, WORKFLOW, WEEKENDS) is None
