"""What a person may do with a case, and what it leads to."""

from dataclasses import dataclass, replace
from enum import StrEnum

from foothold_alerts.rules.case import DISMISS_REASONS, OPEN, Case, CloseReason, Stage


class Action(StrEnum):
    """The buttons of a case page."""

    TAKE = "take"
    VERIFY = "verify"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class NotNow:
    """The action does not fit the case as it stands."""

    stage: Stage


def act(case: Case, action: Action, reason: CloseReason | None = None) -> Case | NotNow:
    """The case after the action, or NotNow."""
    match action, case.stage:
        case Action.TAKE, Stage.LEAD:
            return replace(case, stage=Stage.VERIFYING)
        case Action.VERIFY, Stage.VERIFYING:
            return replace(case, stage=Stage.VERIFIED)
        case Action.DISMISS, stage if stage in OPEN and reason in DISMISS_REASONS:
            return replace(case, stage=Stage.DISMISSED, close_reason=reason)
        case _:
            return NotNow(case.stage)
