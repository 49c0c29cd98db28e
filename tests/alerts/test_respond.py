"""What a transition makes people do: a case opened, changed, closed.

Relief proposed with its deadline.
"""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from foothold_alerts.rules.case import Case, CloseReason, ReliefKind, Stage
from foothold_alerts.rules.relief.causes import NOTHING, RELIEF, Cause
from foothold_alerts.rules.respond import Response
from foothold_alerts.rules.respond import respond as respond_to
from foothold_schemas.facts.decisions import Decision
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status, Transition
from foothold_schemas.values import Group
from tests.support.alerts import WEEKENDS, WORKFLOW, case
from tests.support.alerts import transition as moved

LEARNED = datetime(2026, 6, 10, 4, tzinfo=UTC)


def transition(*rules: FindingKind, **changes: Any) -> Transition:  # noqa: ANN401
    given: dict[str, object] = {"learned_at": LEARNED, "open_day": date(2026, 6, 10), **changes}
    news = moved("0", 1, *rules, **given)
    return news if rules else news.model_copy(update={"findings": ()})


def respond(before: Case | None, news: Transition, helped: frozenset[FindingKind]) -> Response:
    relieved = NOTHING
    for cause in helped:
        relieved = relieved.with_cause(Cause(cause), news.open_day.year)
    return respond_to(before, news, relieved, WORKFLOW, WEEKENDS)


def test_entering_opens_a_case_to_be_settled_fifteen_days_later_not_counting_the_first() -> None:
    response = respond(None, transition(FindingKind.RIGID_SPENDING_RATIO), frozenset())

    assert response.case is not None
    assert ("opened", Stage.LEAD, date(2026, 6, 25)) == (
        response.action,
        response.case.stage,
        response.case.due_on,
    )


def test_a_disaster_calls_for_emergency_relief_exactly_24_hours_after_we_learned_of_it() -> None:
    response = respond(None, transition(FindingKind.DISASTER_LOSS), frozenset())

    assert [(ReliefKind.EMERGENCY, datetime(2026, 6, 11, 4, tzinfo=UTC))] == [
        (p.kind, p.due_at) for p in response.proposals
    ]


def test_spending_calls_for_spending_relief_by_the_end_of_the_day_the_case_is_due() -> None:
    response = respond(None, transition(FindingKind.SELF_PAID_HIGH), frozenset())

    assert [(ReliefKind.SPENDING, datetime(2026, 6, 25, 16, tzinfo=UTC))] == [
        (p.kind, p.due_at) for p in response.proposals
    ]


@pytest.mark.parametrize("cause", sorted(RELIEF))
def test_relief_for_one_cause_is_proposed_once_a_year(cause: FindingKind) -> None:
    response = respond(None, transition(cause), frozenset({cause}))

    assert response.proposals == ()


def test_income_alone_calls_for_no_relief() -> None:
    assert respond(None, transition(FindingKind.INCOME_BELOW_LINE), frozenset()).proposals == ()


def test_a_lead_without_group_gets_no_spending_relief_but_a_disaster_is_helped_first() -> None:
    lead = {"group": None, "status": Status.WATCH, "movement": Movement.WATCHED}

    assert (
        respond(None, transition(FindingKind.RIGID_SPENDING_RATIO, **lead), frozenset()).proposals
        == ()
    )
    assert (
        len(respond(None, transition(FindingKind.DISASTER_LOSS, **lead), frozenset()).proposals)
        == 1
    )


@pytest.mark.parametrize("movement", [Movement.WORSENED, Movement.RELAPSED])
def test_a_reverse_movement_starts_relief_by_its_cause(movement: Movement) -> None:
    worse = transition(
        FindingKind.RIGID_SPENDING_RATIO, movement=movement, group=None, status=Status.WATCH
    )

    assert len(respond(case(), worse, frozenset()).proposals) == 1


@pytest.mark.parametrize("movement", [Movement.RECOVERING, Movement.EASED])
def test_getting_better_proposes_nothing(movement: Movement) -> None:
    better = transition(FindingKind.RIGID_SPENDING_RATIO, movement=movement)

    assert respond(case(), better, frozenset()).proposals == ()


def test_being_watched_for_income_alone_opens_no_case() -> None:
    watched = transition(movement=Movement.WATCHED, status=Status.WATCH, group=None, is_lead=False)

    assert (
        respond(None, watched, frozenset()).case,
        respond(None, watched, frozenset()).action,
    ) == (None, "noted")


@pytest.mark.parametrize(
    ("reason", "ended"),
    [(ExitReason.CLEARED, CloseReason.SIGNAL_ENDED), (ExitReason.NATURAL, CloseReason.NATURAL)],
)
def test_when_the_episode_is_over_the_case_closes_with_its_reason_and_unpaid_proposals_end(
    reason: ExitReason, ended: CloseReason
) -> None:
    gone = transition(
        movement=Movement.EXITED,
        exit_reason=reason,
        is_lead=False,
        is_episode_over=True,
        group=None,
        status=Status.CLEAR,
    )
    response = respond(case(Stage.VERIFYING), gone, frozenset())

    assert response.case is not None
    assert (Stage.NATURAL if ended is CloseReason.NATURAL else Stage.CLOSED, ended, True) == (
        response.case.stage,
        response.case.close_reason,
        response.withdraws,
    )


@pytest.mark.parametrize(
    ("finding", "kept"),
    [
        (FindingKind.DISASTER_LOSS, [FindingKind.DISASTER_LOSS]),
        (FindingKind.GRADE_FELL, [FindingKind.GRADE_FELL]),
        (FindingKind.SELF_PAID_HIGH, []),
    ],
)
def test_a_correction_that_leaves_a_lead_keeps_the_case_and_what_a_disaster_or_review_calls_for(
    finding: FindingKind, kept: list[FindingKind]
) -> None:
    corrected = transition(
        finding,
        movement=Movement.EXITED,
        exit_reason=ExitReason.CORRECTED,
        status=Status.WATCH,
        group=None,
        is_lead=True,
        is_episode_over=False,
    )
    response = respond(case(), corrected, frozenset())

    assert response.case is not None
    assert (response.case.stage, response.case.group, response.action) == (
        Stage.LEAD,
        None,
        "updated",
    )
    assert (response.withdraws, sorted(response.keeps), list(response.proposals)) == (
        True,
        kept,
        [],
    )


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ({"is_episode_over": True, "is_lead": False, "exit_reason": ExitReason.NATURAL}, None),
        ({"is_identified": True}, None),
        ({}, date(2026, 6, 8)),
    ],
)
def test_time_stands_still_only_as_long_as_the_case_waits_for_people(
    changes: dict[str, Any], since: date | None
) -> None:
    waiting = case(Stage.VERIFYING, paused_on=date(2026, 6, 8), pause_reason="in_hospital")

    response = respond(waiting, transition(FindingKind.SELF_PAID_HIGH, **changes), frozenset())

    assert response.case is not None
    assert (response.case.paused_on, response.case.pause_reason is None) == (since, since is None)


def test_the_end_of_what_never_was_a_case_is_only_noted() -> None:
    gone = transition(
        movement=Movement.UNWATCHED,
        is_lead=False,
        is_episode_over=True,
        group=None,
        status=Status.CLEAR,
    )

    assert (respond(None, gone, frozenset()).case, respond(None, gone, frozenset()).action) == (
        None,
        "noted",
    )


def test_a_case_is_known_by_household_and_episode() -> None:
    assert case().case_id == "0" * 32 + "-e1"


def test_a_case_a_person_dismissed_keeps_the_persons_reason_when_the_signal_ends() -> None:
    gone = transition(
        movement=Movement.UNWATCHED,
        is_lead=False,
        is_episode_over=True,
        group=None,
        status=Status.CLEAR,
    )
    response = respond(
        case(Stage.DISMISSED, close_reason=CloseReason.DATA_WRONG), gone, frozenset()
    )

    assert response.case is not None
    assert (response.case.stage, response.case.close_reason) == (
        Stage.DISMISSED,
        CloseReason.DATA_WRONG,
    )


def test_a_dismissed_case_is_opened_again_when_it_gets_worse_and_not_when_it_eases() -> None:
    dismissed = case(Stage.DISMISSED, close_reason=CloseReason.CAN_COPE)
    worse = respond(
        dismissed, transition(FindingKind.DISASTER_LOSS, movement=Movement.WORSENED), frozenset()
    )
    eased = respond(dismissed, transition(movement=Movement.EASED), frozenset())

    assert worse.case is not None
    assert eased.case is not None
    assert (worse.action, worse.case.stage, worse.case.close_reason) == (
        "reopened",
        Stage.LEAD,
        None,
    )
    assert eased.case.stage == Stage.DISMISSED


def test_recovering_is_shown_on_the_case() -> None:
    response = respond(
        case(), transition(movement=Movement.RECOVERING, status=Status.RECOVERING), frozenset()
    )

    assert response.case is not None
    assert response.case.is_recovering


@pytest.mark.parametrize(
    "movement", [Movement.GRADE_FELL, Movement.ROLLED_BACK, Movement.REFLAGGED]
)
def test_every_reverse_movement_proposes_relief_at_once(movement: Movement) -> None:
    fallen = transition(FindingKind.GRADE_FELL, movement=movement, group=None, status=Status.WATCH)
    (proposal,) = respond(None, fallen, frozenset()).proposals

    assert (proposal.kind, proposal.cause) == (ReliefKind.SPENDING, FindingKind.GRADE_FELL)


@pytest.mark.parametrize(
    ("reason", "closed"),
    [
        (ExitReason.CLEARED, CloseReason.SIGNAL_ENDED),
        (ExitReason.ELIMINATED, CloseReason.ELIMINATED),
        (ExitReason.DISMISSED, CloseReason.DISMISSED),
        (ExitReason.NATURAL, CloseReason.NATURAL),
        (None, CloseReason.SIGNAL_ENDED),
    ],
)
def test_a_case_closes_for_the_reason_the_household_left(
    reason: ExitReason | None, closed: CloseReason
) -> None:
    gone = transition(
        movement=Movement.EXITED,
        is_lead=False,
        is_episode_over=True,
        group=None,
        exit_reason=reason,
    )
    response = respond(case(), gone, frozenset())

    assert response.case is not None
    assert (response.case.close_reason, response.withdraws) == (closed, True)


IDENTIFIED = {"is_identified": True, "group": Group.MARGINAL, "is_lead": True}


# risk did not let it go, and it is back
@pytest.mark.parametrize(
    ("stage", "movement", "after"),
    [
        (Stage.TOWNSHIP_REVIEW, Movement.WORSENED, Stage.IDENTIFIED),  # decided elsewhere
        (Stage.IDENTIFIED, Movement.EXIT_DUE, Stage.ELIMINATION_REVIEW),
        (Stage.NOT_MARKED, Movement.EXIT_DUE, Stage.ELIMINATION_REVIEW),
        (Stage.IDENTIFIED, Movement.NOT_MARKED, Stage.NOT_MARKED),
        (Stage.ELIMINATION_REVIEW, Movement.RELAPSED, Stage.IDENTIFIED),
        (Stage.ELIMINATION_REVIEW, Movement.GRADE_FELL, Stage.ELIMINATION_REVIEW),
        (Stage.IDENTIFIED, Movement.RECOVERING, Stage.IDENTIFIED),
        (
            Stage.ELIMINATED,
            Movement.RELAPSED,
            Stage.IDENTIFIED,
        ),
    ],
)
def test_an_identified_case_follows_where_the_household_stands(
    stage: Stage, movement: Movement, after: Stage
) -> None:
    response = respond(
        case(stage),
        transition(FindingKind.SELF_PAID_HIGH, movement=movement, **IDENTIFIED),
        frozenset(),
    )

    assert response.case is not None
    assert response.case.stage is after


@pytest.mark.parametrize(
    ("decision", "stood", "again"),
    [
        (Decision.ELIMINATED, Stage.ELIMINATED, Stage.IDENTIFIED),
        (Decision.NOT_MARKED, Stage.NOT_MARKED, Stage.IDENTIFIED),
        (Decision.IDENTIFIED, Stage.IDENTIFIED, Stage.COUNTY_DECISION),
        (Decision.DISMISSED, Stage.DISMISSED, Stage.VERIFYING),
    ],
)
def test_a_decision_risk_did_not_carry_out_is_taken_back_to_be_decided_again(
    decision: Decision, stood: Stage, again: Stage
) -> None:
    refused = transition(
        FindingKind.SELF_PAID_HIGH,
        movement=Movement.REFUSED,
        refused=decision,
        group=Group.MARGINAL,
        status=Status.GROUP,
    )
    back = respond(
        case(stood, close_reason=CloseReason.ELIMINATED, group=None), refused, frozenset()
    )

    assert back.case is not None
    assert (back.action, back.case.stage, back.case.close_reason, back.case.group) == (
        "not_carried_out",
        again,
        None,
        Group.MARGINAL,
    )
    assert (back.proposals, back.withdraws) == ((), False)


def test_a_dismissal_that_could_not_be_taken_back_stands_with_its_reason() -> None:
    refused = transition(
        movement=Movement.REFUSED,
        refused=Decision.REOPENED,
        group=None,
        status=Status.CLEAR,
        is_lead=False,
    )
    back = respond(case(Stage.VERIFYING), refused, frozenset())

    assert back.case is not None
    assert (back.action, back.case.stage, back.case.close_reason) == (
        "not_carried_out",
        Stage.DISMISSED,
        CloseReason.DISMISSED,
    )


@pytest.mark.parametrize(("is_identified", "day"), [(True, date(2026, 6, 1)), (False, None)])
def test_whose_identification_was_not_carried_out_was_never_identified(
    is_identified: bool,  # noqa: FBT001 - a column of the table
    day: date | None,
) -> None:
    refused = transition(
        FindingKind.SELF_PAID_HIGH,
        movement=Movement.REFUSED,
        refused=Decision.ELIMINATED,
        is_identified=is_identified,
    )
    back = respond(case(Stage.ELIMINATED, identified_on=date(2026, 6, 1)), refused, frozenset())

    assert back.case is not None
    assert back.case.identified_on == day


@pytest.mark.parametrize("stage", [Stage.LEAD, Stage.ELIMINATION_REVIEW, Stage.CLOSED])
def test_a_case_that_has_gone_on_since_stays_where_it_is(stage: Stage) -> None:
    before = case(stage)
    response = respond(
        before, transition(movement=Movement.REFUSED, refused=Decision.ELIMINATED), frozenset()
    )

    assert (response.case, response.action) == (before, "noted")
    assert (
        respond(
            None, transition(movement=Movement.REFUSED, refused=Decision.ELIMINATED), frozenset()
        ).case
        is None
    )


def test_a_dismissed_household_that_people_hear_recovers_again_has_its_case_opened() -> None:
    dismissed = case(Stage.DISMISSED, close_reason=CloseReason.CAN_COPE)
    back = {"movement": Movement.RECOVERING, "status": Status.RECOVERING, "is_identified": True}

    noticed, silent = (
        respond(dismissed, transition(**back, is_told=is_told), frozenset())
        for is_told in (True, None)
    )

    assert noticed.case is not None
    assert silent.case is not None
    assert (noticed.action, noticed.case.stage, noticed.case.is_recovering) == (
        "reopened",
        Stage.IDENTIFIED,
        True,
    )
    assert (silent.action, silent.case.stage) == ("updated", Stage.DISMISSED)


def test_a_dismissal_taken_back_for_nothing_ends_the_case_which_goes_on_if_it_returns() -> None:
    opened_again = case(stage=Stage.VERIFYING)
    gone = transition(
        movement=Movement.UNWATCHED,
        status=Status.CLEAR,
        is_lead=False,
        is_episode_over=True,
        decided=Decision.REOPENED,
    )
    closed = respond(opened_again, gone, frozenset()).case
    assert closed is not None
    again = transition(
        FindingKind.GUARANTEE_MISSING,
        movement=Movement.WATCHED,
        is_wavering=True,
        is_told=False,
    )
    back = respond(closed, again, frozenset()).case

    assert (closed.stage, closed.close_reason) == (Stage.CLOSED, CloseReason.SIGNAL_ENDED)
    assert back is not None
    assert back.stage is Stage.VERIFYING
