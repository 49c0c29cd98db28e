"""One step of a household: what it is, and what begins, goes on or ends with it."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from foothold_risk.rules.household.household import Left, Position
from foothold_risk.rules.status.assess import Assessment, Target
from foothold_risk.rules.status.wavering import (
    ended_now,
    has_bill_of_its_own,
    is_found_again,
    is_news,
    kinds_of_news,
    with_last,
)
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status

NOTHING_FROZEN: Final = MappingProxyType(
    {"frozen": b"", "identified_on": None, "causes": (), "is_due": False}
)
"""Whoever left for good or moved away comes back as another case: no group or identification of
before waits for it."""
GOING_ON: Final = frozenset(
    {
        *(Movement.MOVED, Movement.WORSENED, Movement.EASED, Movement.RECOVERING),
        *(Movement.RELAPSED, Movement.ROLLED_BACK, Movement.GRADE_FELL),
    }
)
"""Movements of a case that goes on; a reason says what happened to its ground."""


@dataclass(frozen=True, slots=True)
class Move:
    """One transition: the movement, where the household stood and stands, and what changed.

    `is_told`: whether people are to be told; None where that is not asked of such a movement.
    `is_decided`: it carries people's decision out.
    """

    movement: Movement
    before: Position
    after: Position
    exit_reason: ExitReason | None = None
    added: tuple[FindingKind, ...] = ()
    gone: tuple[FindingKind, ...] = ()
    is_told: bool | None = None
    is_decided: bool = False

    @property
    def is_episode_over(self) -> bool:
        """The case has nothing left to rest on."""
        return self.before.is_in_episode and not self.after.is_in_episode


def because(step: Move, reason: ExitReason) -> Move:
    """The same step with its reason."""
    return dataclasses.replace(step, exit_reason=reason)


def make(movement: Movement, before: Position, assessment: Assessment, **changes: object) -> Move:
    """One step, with what came and went, and whether people are to be told."""
    kinds = assessment.kinds
    after = replace(before, number=before.number + 1, findings=kinds, **changes)
    is_told = is_news(movement, before, after, assessment)
    was_grouped, was_urgent = (
        after.was_grouped or after.status is Status.GROUP,
        after.was_urgent or after.is_urgent,
    )
    after = replace(after, was_grouped=was_grouped, was_urgent=was_urgent)
    return Move(
        movement,
        before,
        replace(after, told_on=assessment.view.day) if is_told else after,
        added=tuple(k for k in kinds if k not in before.findings),
        gone=tuple(k for k in before.findings if k not in kinds),
        is_told=is_told,
    )


def exit_from(position: Position, assessment: Assessment, reason: ExitReason) -> Move:
    """Out of the group; what remains of a lead stays a lead of the same episode."""
    changes = out_to(assessment.target)
    if reason is ExitReason.ELIMINATED:  # remembered until people identify it again
        changes |= {"eliminated": position.causes, "eliminated_from": position.group}
    if reason in (ExitReason.CLEARED, ExitReason.ELIMINATED) and position.group is not None:
        changes["left"] = Left(assessment.view.day, position.group, position.episode)
    changes["ended"] = ended_now(
        position, assessment, is_by_itself=reason in (ExitReason.CLEARED, ExitReason.CORRECTED)
    )
    return because(make(Movement.EXITED, position, assessment, **changes), reason)


def out_to(target: Target) -> dict[str, object]:
    """What ends with a group or lead."""
    return {
        "status": Status.CLEAR if target.is_natural else target.status,
        "group": None,
        "is_lead": target.is_lead,
        "is_urgent": False,
        "clear_since": None,
        "times_wavered": 0,
        "identified_on": None,
        "causes": (),
        "is_due": False,
        "is_not_marked": False,
        "is_rolled_back": False,
    }


def grouped(target: Target) -> dict[str, object]:
    """Where a group begins or goes on."""
    return {
        "status": Status.GROUP,
        "group": target.group,
        "is_lead": True,
        "is_urgent": target.is_urgent,
    }


def episode_of(position: Position) -> dict[str, object]:
    """A new episode begins with the first lead or group after both were gone.

    It has had nothing yet.
    """
    if position.is_in_episode:
        return {}
    begun: dict[str, object] = {
        "episode": position.next_episode,
        "earlier": with_last(position),
        "had": (),
        "bills": (),
        "woken": (),
        "was_grouped": False,
        "was_urgent": False,
        "is_corrected": False,
    }
    return (
        begun
        | {"times_wavered": 0, "wavered_on": None, "moved_on": None}
        | {
            "returned_on": None,
            "ended": None,
        }
    )


def changed_findings(
    position: Position, assessment: Assessment, **changes: object
) -> Iterator[Move]:
    """What changed findings are told as; a mere change of figures is nothing.

    `grade_fell` for each fall, `worsened` when a finding, another event, a bill that weighs or
    danger came, `eased` when a finding or danger only went. What people declared eliminated and is
    found again is `rolled_back`, wherever the household stands.
    """
    news, more = kinds_of_news(position, assessment), set(assessment.kinds) - set(position.findings)
    # in doubt who belongs to it the group stays as it is, so nothing else tells of its danger
    is_urgent = bool(changes.get("is_urgent", position.is_urgent))
    has_danger_come = is_urgent and not position.is_urgent
    has_danger_gone = position.is_urgent and not is_urgent
    if is_found_again(position, assessment):
        yield make(Movement.ROLLED_BACK, position, assessment, **changes)
    elif FindingKind.GRADE_FELL in news:
        yield make(Movement.GRADE_FELL, position, assessment, **changes)
    elif more or news or has_bill_of_its_own(position, assessment) or has_danger_come:
        yield make(Movement.WORSENED, position, assessment, **changes)
    elif set(position.findings) - set(assessment.kinds) or has_danger_gone:
        yield make(Movement.EASED, position, assessment, **changes)
