"""A case as the rules see it: whose it is, where it stands, what is due. Immutable."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Group, Sentence


class Stage(StrEnum):
    """How far people have come with a case; `workflows/` says by which steps."""

    LEAD = "lead"
    VERIFYING = "verifying"
    VILLAGE_REVIEW = "village_review"
    PUBLIC_NOTICE = "public_notice"
    TOWNSHIP_REVIEW = "township_review"
    COUNTY_DECISION = "county_decision"
    IDENTIFIED = "identified"
    NOT_MARKED = "not_marked"
    ELIMINATION_REVIEW = "elimination_review"
    ELIMINATED = "eliminated"
    DISMISSED = "dismissed"
    NATURAL = "natural"
    CLOSED = "closed"


BEFORE_IDENTIFIED = frozenset(
    {
        Stage.LEAD,
        Stage.VERIFYING,
        Stage.VILLAGE_REVIEW,
        Stage.PUBLIC_NOTICE,
        Stage.TOWNSHIP_REVIEW,
        Stage.COUNTY_DECISION,
    }
)
SINCE_IDENTIFIED = frozenset({Stage.IDENTIFIED, Stage.NOT_MARKED, Stage.ELIMINATION_REVIEW})
OPEN = BEFORE_IDENTIFIED | SINCE_IDENTIFIED


class Role(StrEnum):
    """Whose step it is. A person of one level acts inside the area of the account only."""

    VILLAGE = "village"
    TOWNSHIP = "township"
    COUNTY = "county"


class Consent(StrEnum):
    """The household's word on whether its data may be compared further."""

    GIVEN = "given"
    REFUSED = "refused"


class CloseReason(StrEnum):
    """Why nothing more is to do.

    The first five come from risk, the others from a person at the desk.
    """

    SIGNAL_ENDED = "signal_ended"
    ELIMINATED = "risk_eliminated"
    DISMISSED = "case_dismissed"
    NATURAL = "natural_exit"
    CORRECTED = "corrected"
    DATA_WRONG = "data_wrong"
    CAN_COPE = "can_cope"
    ALREADY_HELPED = "already_helped"
    REPEATED = "repeated"
    NOT_HERE = "not_here"


DISMISS_REASONS = (
    CloseReason.DATA_WRONG,
    CloseReason.CAN_COPE,
    CloseReason.ALREADY_HELPED,
    CloseReason.REPEATED,
    CloseReason.NOT_HERE,
)


class ReliefKind(StrEnum):
    """The two types of temporary relief."""

    EMERGENCY = "emergency"
    SPENDING = "spending"


class ReliefStatus(StrEnum):
    """A proposal never pays: a person does, or it is withdrawn."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    CHECKED = "checked"
    DECIDED = "decided"
    PAID = "paid"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused_relief"


UNPAID = frozenset(
    {ReliefStatus.PROPOSED, ReliefStatus.APPLIED, ReliefStatus.CHECKED, ReliefStatus.DECIDED}
)
"""Ended when the case is."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that ended with its case, to be taken up if the case goes on."""

    since: date
    reason: str | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Signed:
    """Who does something with a case, in which role, and what they wrote about it."""

    by: str
    role: Role
    note: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One episode of one household. `due_on` is the last day on which it should be settled.

    `workflow`: the version of the steps it goes by, for as long as it runs. `notice_on`: the day
    its public notice was posted.
    `settle_from`: when the time to settle began, where that is not the day it was opened;
    `stood_still`: when it stood still since, each with the day on which it ran again. `paused_on`,
    `paused_by`: since when it stands still, and by whose word. `urgent_at`: since when it has been
    in danger, empty where it never was in this episode; `looked_at`: when somebody looked since.
    `proposed_by`, `proposed_what`: the first of two people who must say the same (`two.py`).
    `closed_on`, `closed_at`: the day risk ended it, and the stage it stood at then;
    `held_pause`: the pause it stood in then.
    """

    household_id: str
    episode: int
    stage: Stage
    is_urgent: bool
    group: Group | None
    opened_on: date
    due_on: date
    close_reason: CloseReason | None = None
    is_recovering: bool = False
    workflow: int = 1
    consent: Consent | None = None
    notice_on: date | None = None
    identified_on: date | None = None
    paused_on: date | None = None
    pause_reason: str | None = None
    urgent_at: datetime | None = None
    looked_at: datetime | None = None
    proposed_by: str | None = None
    proposed_what: str | None = None
    closed_on: date | None = None
    closed_at: Stage | None = None
    settle_from: date | None = None
    stood_still: tuple[tuple[date, date], ...] = ()
    paused_by: str | None = None
    held_pause: "Pause | None" = None

    @property
    def counted_from(self) -> date:
        """The day the time to settle is counted from, itself not counted."""
        return self.settle_from or self.opened_on

    @property
    def case_id(self) -> str:
        """The same for the same episode, whoever computes it."""
        return f"{self.household_id}-e{self.episode}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Temporary relief for one cause.

    It has the instant by which it should be paid, and what bounds its amount.

    `event`: which event of the finding it is for; `bills_until`: the day of the newest bill it is
    for.
    """

    kind: ReliefKind
    cause: FindingKind
    due_at: datetime
    explained: Sentence
    event: str | None = None
    bills_until: date | None = None
