"""Danger and urgency are two different things.

The tests cover what danger asks for, who dismisses such a case, and which case is urgent for
people.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from foothold_alerts.jobs.clocks import are_soon
from foothold_alerts.rules.acts.act import Acted, StepContext, act
from foothold_alerts.rules.acts.two import TwoNo
from foothold_alerts.rules.case import BEFORE_IDENTIFIED, Case, CloseReason, Consent, Role, Stage
from foothold_alerts.rules.deadlines import Standing, deadlines_of
from foothold_alerts.rules.relief.causes import NOTHING
from foothold_alerts.rules.respond import respond
from foothold_alerts.rules.workflow import Limit, Unit, Workflow
from foothold_alerts.workflows import SHIPPED, load
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Movement
from tests.support.alerts import WEEKENDS, WORKFLOW, case, transition

LEARNED = datetime(2026, 6, 10, 4, tzinfo=UTC)
LATER = LEARNED + timedelta(hours=30)
TODAY = date(2026, 6, 10)


def after(before: Case | None, **changes: Any) -> Case:  # noqa: ANN401
    latest = transition(
        "0",
        1,
        FindingKind.DISASTER_LOSS,
        **({"learned_at": LEARNED, "open_day": TODAY, "is_urgent": True} | changes),
    )
    moved = respond(before, latest, NOTHING, WORKFLOW, WEEKENDS).case
    assert moved is not None
    return moved


def looks(held: Case, workflow: Workflow = WORKFLOW) -> list[datetime]:
    return [
        d.due_at
        for d in deadlines_of(Standing(held, (), {}, ()), workflow, WEEKENDS)
        if d.kind == "look"
    ]


def dismissed(before: Case, by: str, reason: CloseReason = CloseReason.CAN_COPE) -> Acted | TwoNo:
    step = WORKFLOW.step("dismiss")
    assert step is not None
    outcome = act(
        before, step, Role.COUNTY, WORKFLOW, StepContext(TODAY, WEEKENDS, reason=reason, by=by)
    )
    assert isinstance(outcome, Acted | TwoNo)
    return outcome


def first_word(before: Case, by: str, reason: CloseReason = CloseReason.CAN_COPE) -> Case:
    outcome = dismissed(before, by, reason)
    assert isinstance(outcome, Acted)
    assert (outcome.is_first_word, outcome.says, outcome.case.stage) == (True, None, before.stage)
    return outcome.case


def test_danger_is_looked_at_within_24_hours_of_being_known_whatever_the_group_says_later() -> None:
    calmer = after(after(None), movement=Movement.MOVED, is_urgent=False)

    assert looks(after(None)) == [LEARNED + timedelta(hours=24)] == looks(calmer)
    assert looks(after(None, is_urgent=False)) == []


def test_the_next_danger_asks_for_another_look_and_never_puts_off_the_first() -> None:
    worse: dict[str, Any] = {"movement": Movement.WORSENED, "learned_at": LATER}
    looked = replace(after(None), looked_at=LEARNED)

    assert looks(after(after(None), **worse)) == [LEARNED + timedelta(hours=24)]
    assert looks(looked) == []
    assert looks(after(looked, **worse)) == [LATER + timedelta(hours=24)]
    assert looks(after(looked, movement=Movement.EASED, learned_at=LATER)) == []


def test_an_identified_household_in_danger_is_looked_at_as_well() -> None:
    identified = case(Stage.IDENTIFIED, identified_on=date(2026, 6, 1))

    assert looks(after(identified, movement=Movement.WORSENED, is_identified=True)) == [
        LEARNED + timedelta(hours=24)
    ]


@pytest.mark.parametrize("stage", sorted(BEFORE_IDENTIFIED - {Stage.LEAD}))
def test_who_verified_has_looked_and_who_only_took_the_case_has_not(stage: Stage) -> None:
    held = replace(after(None), consent=Consent.GIVEN)
    for name in ("take", "verify", "post", "end_notice", "agree"):
        if held.stage is stage:
            break
        step = WORKFLOW.step(name)
        assert step is not None
        day = date(2026, 6, 29) if name in ("end_notice", "agree") else TODAY
        outcome = act(held, step, Role.COUNTY, WORKFLOW, StepContext(day, WEEKENDS, now=LATER))
        assert isinstance(outcome, Acted), (name, outcome)
        held = outcome.case

    assert looks(held) == ([LEARNED + timedelta(hours=24)] if stage is Stage.VERIFYING else [])


def test_a_case_that_ever_was_in_danger_is_dismissed_by_two_people() -> None:
    calmer = after(replace(after(None), looked_at=LATER), movement=Movement.EASED, is_urgent=False)
    waiting = first_word(calmer, "zhang")
    done = dismissed(waiting, "li")

    assert dismissed(waiting, "zhang") is TwoNo.SAME_PERSON
    assert isinstance(done, Acted)
    assert (done.case.stage, done.case.close_reason, done.case.proposed_by) == (
        Stage.DISMISSED,
        CloseReason.CAN_COPE,
        None,
    )


def test_one_is_enough_where_there_never_was_danger() -> None:
    done = dismissed(after(None, is_urgent=False), "zhang")

    assert isinstance(done, Acted)
    assert done.case.stage is Stage.DISMISSED


def test_another_reason_begins_anew_and_so_does_whatever_happened_meanwhile() -> None:
    waiting = first_word(after(None), "zhang")
    other = first_word(waiting, "li", CloseReason.DATA_WRONG)
    news = after(waiting, movement=Movement.WORSENED, learned_at=LATER)
    step = WORKFLOW.step("take")
    assert step is not None
    gone_on = act(waiting, step, Role.COUNTY, WORKFLOW, StepContext(TODAY, WEEKENDS))

    assert (other.proposed_by, dismissed(other, "li", CloseReason.DATA_WRONG)) == (
        "li",
        TwoNo.SAME_PERSON,
    )
    assert (waiting.proposed_by, news.proposed_by) == ("zhang", None)
    assert isinstance(gone_on, Acted)
    assert gone_on.case.proposed_by is None


def test_urgent_is_what_ends_within_48_hours_or_has_passed() -> None:
    def ends_in(hours: float) -> bool:
        return are_soon([LEARNED + timedelta(hours=hours)], WORKFLOW.limits.urgent_hours, LEARNED)

    assert [ends_in(hours) for hours in (-5, 0, 24, 48, 48.1)] == [True, True, True, True, False]
    assert not are_soon([], WORKFLOW.limits.urgent_hours, LEARNED)


def test_a_countys_workflow_from_before_goes_on_with_the_usual_limits_and_its_own_hold(
    tmp_path: Path,
) -> None:
    file = yaml.safe_load((SHIPPED / "monitoring-1.yaml").read_text(encoding="utf-8"))
    old = {name: value for name, value in file.items() if name != "urgent"} | {
        "limits": {n: v for n, v in file["limits"].items() if n != "look"}
    }
    (tmp_path / "monitoring-1.yaml").write_text(yaml.safe_dump(old), encoding="utf-8")
    before = load(tmp_path).newest
    own = {"count": 6, "unit": "hours", "confidence": "I", "reference": "the county's own rule"}
    changed = old | {
        "urgent": {"within_hours": 12, "confidence": "I", "reference": "the county's own rule"},
        "limits": old["limits"] | {"look": own},
    }
    (tmp_path / "monitoring-1.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    now = load(tmp_path).newest

    assert (before.limits.look, before.limits.urgent_hours) == (Limit(24, Unit.HOURS), 48)
    assert (looks(after(None), now), now.limits.urgent_hours) == (
        [LEARNED + timedelta(hours=6)],
        12,
    )
