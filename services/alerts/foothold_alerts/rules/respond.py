"""From a transition to what people get to do.

A case is opened, changed or closed, and relief is proposed. Money is never paid here.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from foothold_alerts.rules.acts.pause import ends_on, released, settle_on, taken_up
from foothold_alerts.rules.acts.two import taken_back
from foothold_alerts.rules.case import (
    BEFORE_IDENTIFIED,
    OPEN,
    SINCE_IDENTIFIED,
    Case,
    CloseReason,
    Proposal,
    ReliefKind,
    Stage,
)
from foothold_alerts.rules.days import WorkDays, due_at, last_day
from foothold_alerts.rules.relief.causes import RELIEF, Cause, Relieved, causes_of
from foothold_alerts.rules.relief.ground import bounds, text_of
from foothold_alerts.rules.workflow import Workflow
from foothold_schemas.facts.decisions import Decision
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status, Transition
from foothold_schemas.values import Sentence

_REVERSE: Final = frozenset(
    {
        Movement.RELAPSED,
        Movement.WORSENED,
        Movement.ROLLED_BACK,
        Movement.REFLAGGED,
        Movement.GRADE_FELL,
    }
)
_NEWS: Final = _REVERSE | {Movement.ENTERED, Movement.MOVED, Movement.WATCHED}
_CLOSED_BY: Final = {
    ExitReason.CLEARED: CloseReason.SIGNAL_ENDED,
    ExitReason.ELIMINATED: CloseReason.ELIMINATED,
    ExitReason.DISMISSED: CloseReason.DISMISSED,
    ExitReason.EXEMPTED: CloseReason.DISMISSED,
    ExitReason.NATURAL: CloseReason.NATURAL,
    ExitReason.CORRECTED: CloseReason.CORRECTED,
}


_BY_ITSELF: Final = frozenset({CloseReason.SIGNAL_ENDED, CloseReason.CORRECTED})
"""What ended so, and wavers, goes on where it stood."""
_CALLS_WITHOUT_GROUP: Final = frozenset({FindingKind.DISASTER_LOSS, FindingKind.GRADE_FELL})
_ENDS: Final = {
    CloseReason.ELIMINATED: Stage.ELIMINATED,
    CloseReason.NATURAL: Stage.NATURAL,
    CloseReason.DISMISSED: Stage.DISMISSED,
}

_TAKEN_BACK: Final = {
    Decision.IDENTIFIED: (Stage.IDENTIFIED, Stage.COUNTY_DECISION),
    Decision.ELIMINATED: (Stage.ELIMINATED, Stage.IDENTIFIED),
    Decision.NOT_MARKED: (Stage.NOT_MARKED, Stage.IDENTIFIED),
    Decision.DISMISSED: (Stage.DISMISSED, Stage.VERIFYING),
    Decision.REOPENED: (Stage.VERIFYING, Stage.DISMISSED),
    Decision.ROLLED_BACK: (Stage.IDENTIFIED, Stage.VERIFYING),
}
"""Decision -> the stage it led to, and the one from which it is decided again."""


class Action(StrEnum):
    """What became of the case, as the audit and the metrics have it."""

    OPENED = "opened"
    REOPENED = "reopened"
    UPDATED = "updated"
    CLOSED = "closed"
    NOTED = "noted"
    RESTORED = "restored"
    """A slip in the register closed the case: it stands again as it stood, and what ended with it
    goes on."""
    REVIEW = "review"
    """A note on a decision of the past: the case stays as it is, and a person looks."""
    NOT_CARRIED_OUT = "not_carried_out"


@dataclass(frozen=True, slots=True)
class Response:
    """What becomes of the case.

    `action` goes into the audit; `withdraws` ends proposals nobody has paid, save those for the
    causes it `keeps`.

    `kept_events`: of these only what is for these events; empty: all of it.
    `goes_on`: the case takes up what ended with it; a proposal for what had been withdrawn is that
    relief again, where people had come with it.
    """

    case: Case | None
    action: Action
    proposals: tuple[Proposal, ...] = ()
    withdraws: bool = False
    keeps: frozenset[FindingKind] = frozenset()
    goes_on: bool = False
    kept_events: frozenset[str] = frozenset()


def respond(
    case: Case | None,
    transition: Transition,
    relieved: Relieved,
    workflow: Workflow,
    calendar: WorkDays,
) -> Response:
    """The response to one transition. `relieved`: for what relief stands proposed or was paid.

    `workflow`: the case's own version, the newest where a case begins.
    """
    response = _respond(case, transition, relieved, workflow, calendar)
    if response.case is None or response.case is case:
        return response
    return replace(response, case=_in_danger(released(taken_back(response.case)), case, transition))


def _in_danger(after: Case, before: Case | None, transition: Transition) -> Case:
    """Since when the household has been in danger, with the look that asks for.

    What falls due for one danger is not put off by the next.
    """
    if not transition.is_urgent or transition.is_episode_over:
        return after
    if transition.is_told is False and after.urgent_at is not None:  # it wavers on the same ground
        return after
    is_new = (
        before is None
        or not before.is_urgent
        or before.stage not in OPEN
        or transition.movement in _NEWS
    )
    is_waiting = after.urgent_at is not None and after.looked_at is None
    return (
        replace(after, urgent_at=transition.learned_at, looked_at=None)
        if is_new and not is_waiting
        else after
    )


@dataclass(frozen=True, slots=True)
class _Lead:
    """A transition that makes or keeps a lead, and the relief it proposes."""

    transition: Transition
    proposals: tuple[Proposal, ...]
    workflow: Workflow
    calendar: WorkDays

    @property
    def first_stage(self) -> Stage:
        """Where a case stands that begins with it."""
        return _first_stage(self.transition)

    @property
    def due_on(self) -> date:
        """The day by which the case should be settled."""
        return last_day(self.transition.open_day, self.workflow.limits.settle, self.calendar)


def _respond(
    case: Case | None,
    transition: Transition,
    relieved: Relieved,
    workflow: Workflow,
    calendar: WorkDays,
) -> Response:
    if transition.movement is Movement.REFUSED:
        return _take_back(case, transition)
    if transition.is_episode_over:
        return _close(case, transition)
    if transition.movement is Movement.WOULD_HAVE:
        return Response(case, Action.REVIEW)
    if not transition.is_lead:
        return Response(case, Action.NOTED)
    is_back = _is_back(case, transition)
    proposals = _proposals(transition, relieved, workflow, calendar, is_back=is_back)
    lead = _Lead(transition, proposals, workflow, calendar)
    if case is None:
        return _open(lead)
    return _go_back(case, lead) if is_back else _go_on(case, lead)


def _open(lead: _Lead) -> Response:
    transition = lead.transition
    opened = Case(
        household_id=transition.household_id,
        episode=transition.episode,
        stage=lead.first_stage,
        identified_on=transition.open_day if transition.is_identified else None,
        is_urgent=transition.is_urgent,
        group=transition.group,
        opened_on=transition.open_day,
        due_on=lead.due_on,
        workflow=lead.workflow.version,
        settle_from=transition.open_day,
    )
    return Response(opened, Action.OPENED, lead.proposals)


def _go_back(case: Case, lead: _Lead) -> Response:
    """The case ended by itself or by a correction, and goes on where it stood."""
    stage = _stage(case.closed_at or lead.first_stage, lead.transition)
    back = _reopened_at(stage, _moved(case, lead.transition))
    taken = taken_up(back, lead.transition.open_day, lead.workflow, lead.calendar)
    return Response(taken, Action.REOPENED, lead.proposals, goes_on=True)


def _go_on(case: Case, lead: _Lead) -> Response:
    """The case as the transition leaves it: restored, begun anew, corrected, or as it was."""
    transition = lead.transition
    changed = _moved(case, transition)
    if transition.movement is Movement.RESTORED:
        return Response(
            _restored(changed, case, lead), Action.RESTORED, lead.proposals, goes_on=True
        )
    if case.stage not in OPEN and _begins_anew(transition):
        return _begin_anew(changed, lead)
    if transition.exit_reason is ExitReason.CORRECTED:
        return _correct(changed, lead)
    return Response(changed, Action.UPDATED, lead.proposals, goes_on=_only_wavers(transition))


def _moved(case: Case, transition: Transition) -> Case:
    """The case with the household's group, urgency and stage after the transition."""
    identified_on = transition.open_day if transition.is_identified else None
    return replace(
        case,
        stage=_stage(case.stage, transition),
        is_urgent=transition.is_urgent,
        group=transition.group,
        is_recovering=transition.status is Status.RECOVERING,
        identified_on=case.identified_on or identified_on,
    )


def _begins_anew(transition: Transition) -> bool:
    """Whether it opens a closed case: news, or a recovery people were told of.

    The latter is of a household that had refused, whose case people dismissed and of which they
    had seen nothing.
    """
    is_told_anew = transition.movement is Movement.RECOVERING and transition.is_told is True
    return transition.movement in _NEWS or is_told_anew


def _begin_anew(changed: Case, lead: _Lead) -> Response:
    anew = replace(
        changed,
        stage=lead.first_stage,
        close_reason=None,
        due_on=lead.due_on,
        settle_from=lead.transition.open_day,
        stood_still=(),
        held_pause=None,
    )
    return Response(anew, Action.REOPENED, lead.proposals)


def _correct(changed: Case, lead: _Lead) -> Response:
    """The case goes on, but what rested on the wrong data is proposed no longer."""
    keeps = frozenset(f.rule for f in lead.transition.findings)
    if lead.transition.movement is Movement.EXITED:  # its group is gone, and it is a lead
        keeps &= _CALLS_WITHOUT_GROUP
    return Response(
        changed,
        Action.UPDATED,
        lead.proposals,
        withdraws=True,
        keeps=keeps,
        kept_events=_events_of(lead.transition, keeps),
    )


def _first_stage(transition: Transition) -> Stage:
    return Stage.IDENTIFIED if transition.is_identified else Stage.LEAD


def _reopened_at(stage: Stage, case: Case) -> Case:
    return replace(case, stage=stage, close_reason=None, closed_on=None, closed_at=None)


def _events_of(transition: Transition, findings: frozenset[FindingKind]) -> frozenset[str]:
    """What these findings rest on today, by name; empty where not every event is named."""
    seen = [saw for saw in transition.saw if saw.finding in findings]
    is_cut = any(saw.events_total > len(saw.events) for saw in seen)
    return frozenset() if is_cut else frozenset(event.name for saw in seen for event in saw.events)


def _is_back(case: Case | None, transition: Transition) -> bool:
    """Whether a case that ended by itself or by a correction goes on.

    It goes on at its stage, with its clocks and the relief nobody had paid.
    """
    if case is None or not transition.is_wavering or transition.movement not in _NEWS:
        return False
    return case.stage is Stage.CLOSED and case.close_reason in _BY_ITSELF


def _stage(stage: Stage, transition: Transition) -> Stage:
    """Return the stage at which people stand once risk has moved.

    It is identified wherever that was decided, elimination to be reviewed, or no longer.
    """
    if stage in BEFORE_IDENTIFIED:
        return Stage.IDENTIFIED if transition.is_identified else stage
    if stage not in SINCE_IDENTIFIED:
        return stage
    match transition.movement:
        case Movement.EXIT_DUE:
            return Stage.ELIMINATION_REVIEW
        case Movement.NOT_MARKED:
            return Stage.NOT_MARKED
        case Movement.RELAPSED:
            return Stage.IDENTIFIED
        case _:
            return stage


def _take_back(case: Case | None, transition: Transition) -> Response:
    """Take the case back when what people decided did not hold when risk heard of it.

    The case goes back to where it can be decided again, unless it has gone on since.
    """
    decided, again = (
        _TAKEN_BACK[transition.refused] if transition.refused is not None else (None, Stage.LEAD)
    )
    if case is None or case.stage is not decided:
        return Response(case, Action.NOTED)
    is_recovering = transition.status is Status.RECOVERING
    identified_on = case.identified_on if transition.is_identified else None
    over = CloseReason.DISMISSED if again is Stage.DISMISSED else None
    back = replace(
        case, stage=again, close_reason=over, identified_on=identified_on, group=transition.group
    )
    return Response(
        replace(back, is_urgent=transition.is_urgent, is_recovering=is_recovering),
        Action.NOT_CARRIED_OUT,
    )


def _restored(changed: Case, case: Case, lead: _Lead) -> Case:
    """Return the case at the stage it stood at when the register made a slip.

    It gets the days back that it stood still.
    """
    if case.stage in OPEN or case.closed_on is None:
        return changed
    today = lead.transition.open_day
    back = _reopened_at(case.closed_at or lead.first_stage, changed)
    since = case.closed_on
    # it stood still before the slip, and the pause goes on behind it
    if case.held_pause is not None:
        back = taken_up(back, today, lead.workflow, lead.calendar)
        if back.paused_on is not None:
            return back
        since = max(since, min(ends_on(case.held_pause.since, lead.workflow), today))
    back = replace(back, stood_still=(*back.stood_still, (since, today)))
    return replace(back, due_on=settle_on(back, lead.workflow, lead.calendar))


def _close(case: Case | None, transition: Transition) -> Response:
    if case is None:
        return Response(None, Action.NOTED)
    reason = (
        CloseReason.SIGNAL_ENDED
        if transition.exit_reason is None
        else _CLOSED_BY[transition.exit_reason]
    )
    stage = (
        case.stage
        if case.stage in (Stage.DISMISSED, Stage.ELIMINATED)
        else _ENDS.get(reason, Stage.CLOSED)
    )
    closed = replace(
        case,
        stage=stage,
        close_reason=case.close_reason or reason,
        group=None,
        is_urgent=False,
        is_recovering=False,
        closed_on=transition.open_day,
        closed_at=case.stage if case.stage in OPEN else case.closed_at,
        held_pause=None if case.stage in OPEN else case.held_pause,
    )
    return Response(closed, Action.CLOSED, withdraws=True)


def _proposals(
    transition: Transition,
    relieved: Relieved,
    workflow: Workflow,
    calendar: WorkDays,
    *,
    is_back: bool,
) -> tuple[Proposal, ...]:
    """Return the relief for a household in a group, a reverse movement or a disaster.

    There is one proposal for what happened.

    What only wavers proposes nothing, save what was withdrawn when it ended.
    """
    if transition.movement not in _NEWS | {Movement.RESTORED}:
        return ()
    is_entitled = transition.group is not None or transition.movement in _REVERSE
    return tuple(
        Proposal(
            kind=RELIEF[cause.finding],
            cause=cause.finding,
            due_at=_due(RELIEF[cause.finding], transition, workflow, calendar),
            explained=_bounds(cause, transition, workflow),
            event=cause.event,
            bills_until=cause.bills_until,
        )
        for cause in causes_of(transition, relieved)
        if (is_entitled or cause.finding is FindingKind.DISASTER_LOSS)
        and (is_back or not _only_wavers(transition) or relieved.goes_on(cause))
    )


def _only_wavers(transition: Transition) -> bool:
    return (
        transition.is_wavering
        and not transition.is_told
        and transition.movement is not Movement.RESTORED
    )


def _bounds(cause: Cause, transition: Transition, workflow: Workflow) -> Sentence:
    finding = next(f for f in transition.findings if f.rule is cause.finding)
    return bounds(text_of(cause, finding), transition.policy.currency, workflow.limits)


def _due(
    kind: ReliefKind, transition: Transition, workflow: Workflow, calendar: WorkDays
) -> datetime:
    """Emergency relief: exact hours after we learned of it.

    Spending relief: the end of the day by which the case should be settled.
    """
    return due_at(
        transition.learned_at, transition.open_day, workflow.limits.relief(kind), calendar
    )
