"""Tests what relief is for.

It is for each disaster and each fallen review by itself, for bills once a year, and for nothing
that only wavers.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from foothold_alerts.rules.acts.pause import ends_on, resume
from foothold_alerts.rules.case import CloseReason, Stage
from foothold_alerts.rules.relief.causes import NOTHING, Cause, Relieved, causes_of
from foothold_alerts.rules.respond import respond
from foothold_schemas.facts.saw import Saw, SeenEvent
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status, Transition
from foothold_schemas.values import Sentence
from tests.support.alerts import WEEKENDS, WORKFLOW, case
from tests.support.alerts import transition as moved

STORM, BILL, STAY, REVIEW = (
    FindingKind.DISASTER_LOSS,
    FindingKind.SELF_PAID_HIGH,
    FindingKind.SINGLE_STAY_HIGH,
    FindingKind.GRADE_FELL,
)
DAY = date(2026, 6, 10)


def transition(*saw: Saw, day: date = DAY, **changes: object) -> Transition:
    news = moved(
        "0",
        1,
        *(seen.finding for seen in saw),
        learned_at=datetime(2026, 6, 10, 4, tzinfo=UTC),
        open_day=day,
    )
    return news.model_copy(update={"saw": saw, **changes})


def storm(*names: str) -> Saw:
    return Saw(
        finding=STORM, events=tuple(SeenEvent(name=name) for name in names), events_total=len(names)
    )


def test_each_disaster_is_a_cause_of_its_own() -> None:
    both = transition(storm("fire 2026-06-01", "flood 2026-06-09"))
    first, second = causes_of(both, NOTHING)

    assert [first.event, second.event] == ["fire 2026-06-01", "flood 2026-06-09"]
    assert list(causes_of(both, NOTHING.with_cause(first, 2026))) == [second]
    assert (
        list(
            causes_of(
                both.model_copy(update={"open_day": date(2027, 1, 2)}),
                NOTHING.with_cause(first, 2026).with_cause(second, 2026),
            )
        )
        == []
    )


def test_bills_and_costs_are_one_cause_a_year_and_a_new_year_needs_newer_bills() -> None:
    sums = (
        Saw(finding=BILL, newest_on=date(2026, 3, 15)),
        Saw(finding=STAY, newest_on=date(2026, 3, 10)),
    )
    (cause,) = causes_of(transition(*sums), NOTHING)
    relieved = NOTHING.with_cause(cause, 2026)
    newer = Saw(finding=BILL, newest_on=date(2027, 1, 3))

    assert cause == Cause(BILL, bills_until=date(2026, 3, 15))
    assert list(causes_of(transition(Saw(finding=STAY, newest_on=DAY)), relieved)) == []
    assert list(causes_of(transition(*sums, day=date(2027, 1, 2)), relieved)) == []
    assert list(causes_of(transition(newer, day=date(2027, 1, 4)), relieved)) == [
        Cause(BILL, bills_until=date(2027, 1, 3))
    ]


def test_a_review_that_fell_again_is_another_cause() -> None:
    fell = Saw(finding=REVIEW, events=(SeenEvent(name="review 2026-06-01"),), events_total=1)

    assert list(causes_of(transition(fell), Relieved(events=frozenset({"review 2025-12-01"})))) == [
        Cause(REVIEW, "review 2026-06-01")
    ]
    assert (
        list(causes_of(transition(fell), Relieved(events=frozenset({"review 2026-06-01"})))) == []
    )


@pytest.mark.parametrize("movement", [Movement.RELAPSED, Movement.MOVED, Movement.WATCHED])
def test_what_wavers_proposes_nothing_unless_there_is_news(movement: Movement) -> None:
    again = transition(storm("fire 2026-06-01"), movement=movement, is_wavering=True, is_told=False)

    assert respond(case(), again, NOTHING, WORKFLOW, WEEKENDS).proposals == ()
    assert (
        len(
            respond(
                case(), again.model_copy(update={"is_told": True}), NOTHING, WORKFLOW, WEEKENDS
            ).proposals
        )
        == 1
    )


def test_a_case_that_a_slip_closed_is_restored_at_its_stage_with_its_days() -> None:
    held = case(Stage.PUBLIC_NOTICE, notice_on=DAY)
    gone = transition(
        movement=Movement.EXITED,
        exit_reason="natural",
        is_lead=False,
        is_episode_over=True,
        group=None,
    )
    closed = respond(held, gone, NOTHING, WORKFLOW, WEEKENDS).case
    assert closed is not None
    back = transition(
        storm("fire 2026-06-01"),
        day=date(2026, 6, 13),
        movement=Movement.RESTORED,
        exit_reason="corrected",
    )
    response = respond(closed, back, NOTHING, WORKFLOW, WEEKENDS)

    assert response.case is not None
    assert (closed.stage, response.action, response.withdraws) == (Stage.NATURAL, "restored", False)
    assert (response.case.stage, response.case.notice_on, response.case.close_reason) == (
        Stage.PUBLIC_NOTICE,
        DAY,
        None,
    )
    assert (response.case.due_on - held.due_on).days == 3


OVER: dict[str, Any] = {
    "movement": Movement.EXITED,
    "is_lead": False,
    "is_episode_over": True,
    "group": None,
    "status": Status.CLEAR,
}
AGAIN: dict[str, Any] = {"movement": Movement.RELAPSED, "is_wavering": True, "is_told": False}


@pytest.mark.parametrize("reason", [ExitReason.CORRECTED, ExitReason.CLEARED, None])
@pytest.mark.parametrize("movement", [Movement.RELAPSED, Movement.WATCHED])
@pytest.mark.parametrize(
    "stage", [Stage.LEAD, Stage.VERIFYING, Stage.TOWNSHIP_REVIEW, Stage.COUNTY_DECISION]
)
def test_what_wavers_goes_on_at_its_stage_with_its_clocks_and_its_unpaid_relief(
    stage: Stage, movement: Movement, reason: ExitReason | None
) -> None:
    held = case(stage, stood_still=((date(2026, 6, 2), date(2026, 6, 4)),))
    closed = respond(
        held,
        transition(day=date(2026, 6, 15), exit_reason=reason, **OVER),
        NOTHING,
        WORKFLOW,
        WEEKENDS,
    )
    assert closed.case is not None
    assert (closed.case.stage, closed.withdraws) == (Stage.CLOSED, True)
    back = respond(
        closed.case,
        transition(
            storm("fire 2026-06-10"), day=date(2026, 6, 16), **AGAIN | {"movement": movement}
        ),
        NOTHING,
        WORKFLOW,
        WEEKENDS,
    )

    assert back.case is not None
    assert (back.action, back.case.stage, back.case.close_reason, back.case.closed_on) == (
        "reopened",
        stage,
        None,
        None,
    )
    assert (back.case.due_on, back.case.counted_from, back.case.stood_still) == (
        held.due_on,
        held.counted_from,
        held.stood_still,
    )
    assert [proposal.event for proposal in back.proposals] == ["fire 2026-06-10"]


def test_what_was_paid_for_already_is_not_proposed_again_by_wavering() -> None:
    closed = case(
        Stage.CLOSED, close_reason=CloseReason.CORRECTED, closed_on=DAY, closed_at=Stage.VERIFYING
    )
    paid = NOTHING.with_cause(Cause(STORM, "fire 2026-06-01"), 2026)

    assert (
        respond(
            closed, transition(storm("fire 2026-06-01"), **AGAIN), paid, WORKFLOW, WEEKENDS
        ).proposals
        == ()
    )


def test_what_people_ended_begins_anew() -> None:
    ended = case(
        Stage.DISMISSED,
        close_reason=CloseReason.CAN_COPE,
        closed_on=DAY,
        closed_at=Stage.TOWNSHIP_REVIEW,
    )
    again = respond(
        ended, transition(storm("fire 2026-06-01"), **AGAIN), NOTHING, WORKFLOW, WEEKENDS
    )

    assert again.case is not None
    assert (again.case.stage, again.case.settle_from, again.proposals) == (Stage.LEAD, DAY, ())


def test_relief_withdrawn_for_a_lead_goes_on_when_the_group_returns_and_nothing_new_does() -> None:
    both = transition(storm("fire 2026-06-01", "flood 2026-06-09"), **AGAIN)
    withdrawn = NOTHING.with_withdrawn((Cause(STORM, "fire 2026-06-01"),))
    response = respond(case(), both, withdrawn, WORKFLOW, WEEKENDS)

    assert ([proposal.event for proposal in response.proposals], response.goes_on) == (
        ["fire 2026-06-01"],
        True,
    )


def test_relief_for_bills_goes_on_whichever_finding_of_them_comes_first() -> None:
    withdrawn = NOTHING.with_withdrawn((Cause(BILL, bills_until=DAY),))

    assert withdrawn.goes_on(Cause(STAY))
    assert not withdrawn.goes_on(Cause(STORM, "fire 2026-06-01"))


@pytest.mark.parametrize(
    ("movement", "reason"),
    [
        (Movement.RESTORED, ExitReason.NATURAL),
        (Movement.RELAPSED, ExitReason.CORRECTED),
        (Movement.WATCHED, ExitReason.CLEARED),
    ],
)
def test_a_case_that_goes_on_stands_still_as_before(movement: Movement, reason: ExitReason) -> None:
    paused = case(Stage.VERIFYING, paused_on=DAY, pause_reason="in_hospital", paused_by="li")
    closed = respond(
        paused,
        transition(day=date(2026, 6, 12), exit_reason=reason, **OVER),
        NOTHING,
        WORKFLOW,
        WEEKENDS,
    ).case
    assert closed is not None
    back = respond(
        closed,
        transition(
            storm("fire 2026-06-01"), day=date(2026, 6, 14), **AGAIN | {"movement": movement}
        ),
        NOTHING,
        WORKFLOW,
        WEEKENDS,
    ).case
    assert back is not None
    ran_on = resume(back, date(2026, 6, 16), WORKFLOW, WEEKENDS)
    assert ran_on is not None

    assert (closed.paused_on, closed.pause_reason) == (None, None)
    assert (back.paused_on, back.pause_reason, back.paused_by, back.held_pause) == (
        DAY,
        "in_hospital",
        "li",
        None,
    )
    assert (ran_on.due_on - paused.due_on).days == 6


def test_a_pause_that_would_have_ended_while_the_slip_stood_gives_all_its_days_back() -> None:
    paused = case(Stage.VERIFYING, paused_on=DAY, pause_reason="in_hospital", paused_by="li")
    closed = respond(
        paused,
        transition(day=date(2026, 6, 12), exit_reason=ExitReason.NATURAL, **OVER),
        NOTHING,
        WORKFLOW,
        WEEKENDS,
    ).case
    assert closed is not None
    late = ends_on(DAY, WORKFLOW) + timedelta(days=10)
    back = respond(
        closed,
        transition(storm("fire 2026-06-01"), day=late, movement=Movement.RESTORED),
        NOTHING,
        WORKFLOW,
        WEEKENDS,
    ).case

    assert back is not None
    assert (back.paused_on, back.due_on - paused.due_on) == (None, late - DAY)


def test_two_disasters_of_one_day_have_each_their_own_sentence() -> None:
    struck = transition(storm("fire 2026-06-09", "flood 2026-06-09"))
    (finding,) = struck.findings
    proof = [
        finding.facts[0].model_copy(
            update={
                "day": date(2026, 6, 9),
                "event": f"{name} 2026-06-09",
                "text": Sentence(zh=name, en=name),
            }
        )
        for name in ("fire", "flood")
    ]
    both = struck.model_copy(
        update={"findings": (finding.model_copy(update={"facts": tuple(proof), "facts_total": 2}),)}
    )
    fire, flood = respond(None, both, NOTHING, WORKFLOW, WEEKENDS).proposals

    assert (fire.explained.en.split(": ")[1][:5], flood.explained.en.split(": ")[1][:5]) == (
        "fire ",
        "flood",
    )
