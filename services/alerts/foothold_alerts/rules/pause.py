"""Pausing the time to settle: for a reason of the workflow's list only, and never once the household is identified. Help does not pause."""

from dataclasses import replace
from datetime import date
from enum import StrEnum

from foothold_alerts.rules.case import BEFORE_IDENTIFIED, Case, Role
from foothold_alerts.rules.workflow import Workflow


class PauseNo(StrEnum):
    """Why not."""

    REASON = "reason"
    ROLE = "role"


def pause(case: Case, reason: str, role: Role, today: date, workflow: Workflow) -> Case | PauseNo | None:
    """The case, its time standing still; None: it does not fit the case as it stands."""
    if case.stage not in BEFORE_IDENTIFIED or case.paused_on is not None:
        return None
    if role is Role.VILLAGE:
        return PauseNo.ROLE
    return replace(case, paused_on=today, pause_reason=reason) if reason in workflow.pauses else PauseNo.REASON


def resume(case: Case, today: date) -> Case | None:
    """The case with as many days more as it stood still; None: it was not paused."""
    if case.paused_on is None:
        return None
    return replace(case, due_on=case.due_on + (today - case.paused_on), paused_on=None, pause_reason=None)


def released(case: Case) -> Case:
    """A case that is identified or over waits for nothing any more, so nothing stands still."""
    return case if case.paused_on is None or case.stage in BEFORE_IDENTIFIED else replace(case, paused_on=None, pause_reason=None)
