"""From where a household stands and where it should stand to its transitions: enter and leave freely, each step with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import assert_never

import msgspec

from foothold_risk.rules.assess import Assessment, Target
from foothold_risk.rules.calendar import add_months
from foothold_risk.rules.household import Position
from foothold_schemas.transitions import ExitReason, FindingKind, Movement, Status


@dataclass(frozen=True, slots=True)
class Move:
    """One transition: the movement, where the household stood and stands, and what changed."""

    movement: Movement
    before: Position
    after: Position
    exit_reason: ExitReason | None = None
    added: tuple[FindingKind, ...] = ()
    gone: tuple[FindingKind, ...] = ()

    @property
    def is_episode_over(self) -> bool:
        """The case has nothing left to rest on."""
        return self.before.is_in_episode and not self.after.is_in_episode


def earliest_exit(clear_since: date, months: int) -> date:
    """The first open day on which a signal clear since then may end: so many whole months later, clamped at the month's end."""
    return add_months(clear_since, months)


def move(position: Position, assessment: Assessment) -> tuple[Position, tuple[Move, ...]]:
    """All transitions of one assessment, in order. The position carries the findings even when nothing moves."""
    moves: list[Move] = []
    for step in _steps(position, assessment):
        moves.append(step)
        position = step.after
    return msgspec.structs.replace(position, findings=assessment.kinds), tuple(moves)


def _steps(position: Position, assessment: Assessment) -> Iterator[Move]:
    match position.status:
        case Status.GROUP | Status.RECOVERING if assessment.target.is_natural:
            yield _exit(position, assessment, ExitReason.NATURAL)
        case Status.GROUP:
            yield from _from_group(position, assessment)
        case Status.RECOVERING:
            yield from _from_recovering(position, assessment)
        case Status.WATCH | Status.CLEAR:
            yield from _from_outside(position, assessment)
        case _:
            assert_never(position.status)


def _from_group(position: Position, assessment: Assessment) -> Iterator[Move]:
    """Still in it, in another one, or clear from today on."""
    target = assessment.target
    if target.status is not Status.GROUP:
        yield _make(Movement.RECOVERING, position, assessment, status=Status.RECOVERING, clear_since=assessment.view.day)
    elif target.group is not position.group:
        yield _make(Movement.MOVED, position, assessment, **_grouped(target))
    else:
        yield from _changed_findings(position, assessment, is_urgent=target.is_urgent)


def _from_recovering(position: Position, assessment: Assessment) -> Iterator[Move]:
    """Back in the same spell, or out once clear long enough; unknown income keeps it waiting."""
    target, day = assessment.target, assessment.view.day
    if target.status is Status.GROUP:
        yield _make(Movement.RELAPSED, position, assessment, **_grouped(target), clear_since=None, times_wavered=position.times_wavered + 1)
        return
    is_known = target.status is not Status.RECOVERING
    if is_known and position.clear_since is not None and day >= earliest_exit(position.clear_since, assessment.view.policy.exit_signal_months):
        yield _exit(position, assessment, ExitReason.CLEARED)


def _from_outside(position: Position, assessment: Assessment) -> Iterator[Move]:
    """Entry at once, any day, any number of times; or watched, or no longer."""
    target = assessment.target
    if target.status is Status.GROUP:
        yield _make(Movement.ENTERED, position, assessment, **_grouped(target), spell=position.spell + 1, **_episode(position))
    elif target.status is Status.WATCH and (position.status is Status.CLEAR or position.is_lead is not target.is_lead):
        more = _episode(position) if target.is_lead else {}
        yield _make(Movement.WATCHED, position, assessment, status=Status.WATCH, is_lead=target.is_lead, is_urgent=False, **more)
    elif target.status is Status.WATCH:
        yield from _changed_findings(position, assessment) if position.is_lead else ()
    elif position.status is Status.WATCH:
        yield _make(Movement.UNWATCHED, position, assessment, status=Status.CLEAR, is_lead=False, is_urgent=False)


def _changed_findings(position: Position, assessment: Assessment, **changes: object) -> Iterator[Move]:
    """`worsened` when a finding came, `eased` when one only went; a mere change of figures is no transition."""
    if set(assessment.kinds) - set(position.findings):
        yield _make(Movement.WORSENED, position, assessment, **changes)
    elif set(position.findings) - set(assessment.kinds):
        yield _make(Movement.EASED, position, assessment, **changes)


def _exit(position: Position, assessment: Assessment, reason: ExitReason) -> Move:
    """Out of the group; what remains of a lead stays a lead of the same episode."""
    target = assessment.target
    done = _make(
        Movement.EXITED,
        position,
        assessment,
        status=Status.CLEAR if target.is_natural else target.status,
        group=None,
        is_lead=target.is_lead,
        is_urgent=False,
        clear_since=None,
        times_wavered=0,
    )
    return Move(done.movement, done.before, done.after, reason, done.added, done.gone)


def _grouped(target: Target) -> dict[str, object]:
    return {"status": Status.GROUP, "group": target.group, "is_lead": True, "is_urgent": target.is_urgent}


def _episode(position: Position) -> dict[str, object]:
    """A new episode begins with the first lead or group after both were gone."""
    return {} if position.is_in_episode else {"episode": position.episode + 1}


def _make(movement: Movement, before: Position, assessment: Assessment, **changes: object) -> Move:
    kinds = assessment.kinds
    after = msgspec.structs.replace(before, number=before.number + 1, findings=kinds, **changes)
    return Move(
        movement,
        before,
        after,
        added=tuple(k for k in kinds if k not in before.findings),
        gone=tuple(k for k in before.findings if k not in kinds),
    )
