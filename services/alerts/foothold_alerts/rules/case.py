"""A case as the rules see it: whose it is, where it stands, what is due. Immutable."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Group


class Stage(StrEnum):
    """How far people have come with a case."""

    LEAD = "lead"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    DISMISSED = "dismissed"
    CLOSED = "closed"


OPEN = frozenset({Stage.LEAD, Stage.VERIFYING, Stage.VERIFIED})


class CloseReason(StrEnum):
    """Why nothing more is to do. The first five come from risk, the others from a person at the desk."""

    SIGNAL_ENDED = "signal_ended"
    ELIMINATED = "eliminated"
    DISMISSED = "case_dismissed"
    NATURAL = "natural"
    CORRECTED = "corrected"
    DATA_WRONG = "data_wrong"
    CAN_COPE = "can_cope"
    ALREADY_HELPED = "already_helped"
    REPEATED = "repeated"
    NOT_HERE = "not_here"


DISMISS_REASONS = (CloseReason.DATA_WRONG, CloseReason.CAN_COPE, CloseReason.ALREADY_HELPED, CloseReason.REPEATED, CloseReason.NOT_HERE)


class ReliefKind(StrEnum):
    """The two types of temporary relief."""

    EMERGENCY = "emergency"
    SPENDING = "spending"


class ReliefStatus(StrEnum):
    """A proposal never pays: a person does, or it is withdrawn."""

    PROPOSED = "proposed"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Case:
    """One episode of one household. `due_on` is the last day on which it should be settled."""

    household_id: str
    episode: int
    stage: Stage
    is_urgent: bool
    group: Group | None
    opened_on: date
    due_on: date
    close_reason: CloseReason | None = None
    is_recovering: bool = False

    @property
    def case_id(self) -> str:
        """The same for the same episode, whoever computes it."""
        return f"{self.household_id}-e{self.episode}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Temporary relief for one cause, with the instant by which it should be paid."""

    kind: ReliefKind
    cause: FindingKind
    due_at: datetime
