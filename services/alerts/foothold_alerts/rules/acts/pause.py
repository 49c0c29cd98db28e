"""Pausing the time to settle.

It is for a reason of the workflow's list only, and never once the household is identified. Help
does not pause.

Time stands still from the day of the pause to the day before it is taken up again, as what it is
counted in: working days as working days. A pause that lasts too long ends by itself, and so does
one whose author may not pause there any more.
"""

from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

from foothold_alerts.rules.case import BEFORE_IDENTIFIED, OPEN, Case, Pause, Role, Signed
from foothold_alerts.rules.days import WorkDays, last_day
from foothold_alerts.rules.workflow import Workflow


class PauseNo(StrEnum):
    """Why not."""

    REASON = "reason"
    ROLE = "role"


def pause(
    case: Case, reason: str, signed: Signed, today: date, workflow: Workflow
) -> Case | PauseNo | None:
    """The case, its time standing still; None: it does not fit the case as it stands."""
    if case.stage not in BEFORE_IDENTIFIED or case.paused_on is not None:
        return None
    if signed.role is Role.VILLAGE:
        return PauseNo.ROLE
    return (
        replace(case, paused_on=today, pause_reason=reason, paused_by=signed.by)
        if reason in workflow.pauses
        else PauseNo.REASON
    )


def resume(case: Case, today: date, workflow: Workflow, calendar: WorkDays) -> Case | None:
    """The case with its time running again, counted anew without what stood still.

    None: it was not paused.
    """
    if case.paused_on is None:
        return None
    again = min(today, ends_on(case.paused_on, workflow))
    still = (
        (*case.stood_still, (case.paused_on, again)) if again > case.paused_on else case.stood_still
    )
    after = replace(case, stood_still=still, paused_on=None, pause_reason=None, paused_by=None)
    return (
        replace(after, due_on=settle_on(after, workflow, calendar))
        if still != case.stood_still
        else after
    )


def ends_on(paused_on: date, workflow: Workflow) -> date:
    """The day on which time runs again at the latest."""
    return paused_on + timedelta(days=workflow.limits.pause_days)


def settle_on(case: Case, workflow: Workflow, calendar: WorkDays) -> date:
    """Return the last day on which the case should be settled.

    It follows from when the case is counted and what stood still since.
    """
    return last_day(case.counted_from, workflow.limits.settle, calendar, case.stood_still)


def released(case: Case) -> Case:
    """A case that is identified or over waits for nothing any more, so nothing stands still.

    One that is over keeps its pause for if it goes on.
    """
    if case.paused_on is None or case.stage in BEFORE_IDENTIFIED:
        return case
    held = None if case.stage in OPEN else Pause(case.paused_on, case.pause_reason, case.paused_by)
    return replace(case, paused_on=None, pause_reason=None, paused_by=None, held_pause=held)


def taken_up(case: Case, today: date, workflow: Workflow, calendar: WorkDays) -> Case:
    """A case that goes on, in the pause it stood in.

    Of one that would have ended by now the days come back.
    """
    held = case.held_pause
    if held is None:
        return case
    after = replace(
        case, paused_on=held.since, pause_reason=held.reason, paused_by=held.by, held_pause=None
    )
    if case.stage in BEFORE_IDENTIFIED and ends_on(held.since, workflow) > today:
        return after
    return resume(after, today, workflow, calendar) or after
