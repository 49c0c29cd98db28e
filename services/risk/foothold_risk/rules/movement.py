"""From where a household stands and where it should stand to its transitions: enter and leave freely, each step with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import msgspec

from foothold_risk.rules.assess import IS_LEAD, Assessment, Target
from foothold_risk.rules.exempt import exemption_of
from foothold_risk.rules.household import Left, Position, answered
from foothold_risk.rules.leaving import Condition, disputes, risks_of, unmet
from foothold_schemas.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.findings import FindingKind
from foothold_schemas.transitions import ExitReason, Movement, Status
from foothold_schemas.views import UnmetKind


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


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision carried out: where the household stands after it, and what is said."""

    position: Position
    moves: tuple[Move, ...] = ()


def move(position: Position, assessment: Assessment, ended_by: ExitReason | None = None) -> tuple[Position, tuple[Move, ...]]:
    """All transitions of one assessment, in order. The position carries the findings and the spell's causes even when nothing moves.

    `ended_by`: what made risk look corrected facts, or people found a finding harmless. A group or a lead that rested on it ends at once.
    """
    moves: list[Move] = []
    for step in _ended(position, assessment, ended_by) if ended_by is not None else _steps(position, assessment):
        moves.append(step)
        position = step.after
    kinds = assessment.kinds
    return msgspec.structs.replace(
        position,
        findings=kinds,
        causes=_causes(position, assessment),
        dismissed=tuple(k for k in position.dismissed if k in kinds),
        is_due=position.is_due and not unmet(position, assessment),
        fell=_fallen(position, assessment),
        exemptions=assessment.exemptions,
        answered=tuple(r.fact_id for r in assessment.view.household.reports if r.fact_id in position.answered),
    ), tuple(moves)


def _causes(position: Position, assessment: Assessment) -> tuple[FindingKind, ...]:
    if position.status is not Status.GROUP:
        return position.causes
    return (*position.causes, *(k for k in risks_of(assessment) if k not in position.causes))


def decide(position: Position, assessment: Assessment, decided: CaseDecided) -> Decided | tuple[Condition, ...]:
    """What people's decision does; or the conditions that are not met, and then it is no decision."""
    if disputed := disputes(assessment):
        return disputed
    is_in_spell = position.status in (Status.GROUP, Status.RECOVERING)
    match decided.decision:
        case Decision.IDENTIFIED if is_in_spell:
            return Decided(msgspec.structs.replace(position, identified_on=position.identified_on or decided.decided_on))
        case Decision.ELIMINATED if position.status is Status.RECOVERING and position.is_identified:
            return unmet(position, assessment) or _done(_exit(position, assessment, ExitReason.ELIMINATED))
        case Decision.NOT_MARKED if position.status is Status.RECOVERING and position.is_identified:
            return Decided(position) if position.is_not_marked else _done(_make(Movement.NOT_MARKED, position, assessment, is_not_marked=True))
        case Decision.DISMISSED if position.is_in_episode and not position.is_identified:
            return _done(_dismiss(position, assessment))
        case Decision.IDENTIFIED | Decision.ELIMINATED | Decision.NOT_MARKED | Decision.DISMISSED:
            return (Condition(UnmetKind.DOES_NOT_FIT),)
        case _:
            assert_never(decided.decision)


def exempt(position: Position, assessment: Assessment, word: FindingExempted) -> Position | tuple[Condition, ...]:
    """With people's word that a finding is harmless; or what is not met: it must hold today, and be something people look into.

    A report that was found harmless is answered: it does not come back when the day has passed.
    """
    found = next((f for f in assessment.found if f.kind is word.finding and f.kind in IS_LEAD), None)
    if found is None:
        return (Condition(UnmetKind.DOES_NOT_FIT),)
    if found.kind is FindingKind.RISK_REPORTED:
        return answered(assessment.view.household, position)
    others = (e for e in position.exemptions if e.kind is not word.finding)
    return msgspec.structs.replace(position, exemptions=(*others, exemption_of(found, word)))


def freeze(position: Position, assessment: Assessment) -> tuple[Position, tuple[Move, ...]]:
    """The household refused its authorisation: an open case, or what it tells itself, is the village's lead, and nothing else is said."""
    is_told = bool(assessment.view.household.unanswered)
    if (not position.is_in_episode and not is_told) or (position.is_in_episode and position.status is Status.WATCH and not position.findings):
        return position, ()
    stands = {"status": Status.WATCH, "group": None, "is_lead": True, "is_urgent": False, "clear_since": None, **_episode(position)}
    lead = _make(Movement.WATCHED, position, assessment, **stands)
    after = msgspec.structs.replace(lead.after, findings=())
    return after, (Move(lead.movement, lead.before, after, gone=lead.before.findings),)


def _done(step: Move) -> Decided:
    return Decided(step.after, (step,))


def _dismiss(position: Position, assessment: Assessment) -> Move:
    is_group = position.status is not Status.WATCH
    target = assessment.target
    is_watched = bool(assessment.kinds) or (target.status is Status.WATCH and not target.is_lead)
    step = _make(
        Movement.EXITED if is_group else Movement.UNWATCHED,
        position,
        assessment,
        **_out(Target(Status.WATCH if is_watched else Status.CLEAR)),
        dismissed=assessment.kinds,
    )
    return _because(step, ExitReason.DISMISSED)


def _because(step: Move, reason: ExitReason) -> Move:
    """The same step with its reason."""
    return Move(step.movement, step.before, step.after, reason, step.added, step.gone)


def _ended(position: Position, assessment: Assessment, reason: ExitReason) -> Iterator[Move]:
    """Out at once where the ground is gone today. A household already recovering lost its ground by time, so it waits like any other.

    Whom people identified leaves by their declaring the risk eliminated, not by a finding being harmless.
    """
    target = assessment.target
    is_theirs = reason is ExitReason.EXEMPTED and position.is_identified
    if position.status is Status.GROUP and target.status is not Status.GROUP and not target.is_natural and not is_theirs:
        yield _exit(position, assessment, reason)
    else:
        for step in _steps(position, assessment):
            is_end = step.movement is Movement.UNWATCHED and position.is_lead
            yield _because(step, reason) if is_end else step


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
    """Back in the same spell, or out once nothing keeps it; unknown income keeps it waiting. The identified wait for people."""
    target = assessment.target
    if target.status is Status.RECOVERING:  # in doubt who belongs to it: it waits, and news is told
        yield from _changed_findings(position, assessment)
        return
    if target.status is Status.GROUP:
        back = {**_grouped(target), "clear_since": None, "is_due": False, "is_not_marked": False}
        yield _make(Movement.RELAPSED, position, assessment, **back, times_wavered=position.times_wavered + 1)
        return
    if _has_fallen_anew(position, assessment):
        fell = _make(Movement.GRADE_FELL, position, assessment)
        yield fell
        position = fell.after
    conditions = unmet(position, assessment)
    if not position.is_identified:
        if not conditions:
            yield _exit(position, assessment, ExitReason.CLEARED)
    elif not conditions and not position.is_due:
        yield _make(Movement.EXIT_DUE, position, assessment, is_due=True, is_not_marked=False)
    elif [c.kind for c in conditions] == [UnmetKind.NOBODY_CAN_WORK] and not position.is_not_marked:
        yield _make(Movement.NOT_MARKED, position, assessment, is_not_marked=True)


def _from_outside(position: Position, assessment: Assessment) -> Iterator[Move]:
    """Entry at once, any day, any number of times; or watched, or no longer."""
    target = assessment.target
    if target.status is Status.GROUP:
        changes = {**_grouped(target), **_episode(position), "spell": position.spell + 1, "causes": (), "eliminated": (), "dismissed": ()}
        yield _make(_entry(position, assessment), position, assessment, **changes)
    elif target.status is Status.WATCH and (position.status is Status.CLEAR or position.is_lead is not target.is_lead):
        more = _episode(position) if target.is_lead else {}
        fell = target.is_lead and _has_fallen_anew(position, assessment)
        movement = Movement.GRADE_FELL if fell else Movement.WATCHED
        yield _make(movement, position, assessment, status=Status.WATCH, is_lead=target.is_lead, is_urgent=False, **more)
    elif target.status is Status.WATCH:
        yield from _changed_findings(position, assessment) if position.is_lead else ()
    elif position.status is Status.WATCH:
        yield _make(Movement.UNWATCHED, position, assessment, status=Status.CLEAR, is_lead=False, is_urgent=False)


def _entry(position: Position, assessment: Assessment) -> Movement:
    """After people declared a risk eliminated: the same cause again rolls that back, a new one flags the household again."""
    if not position.eliminated:
        return Movement.ENTERED
    return Movement.ROLLED_BACK if set(position.eliminated) & set(assessment.kinds) else Movement.REFLAGGED


def _changed_findings(position: Position, assessment: Assessment, **changes: object) -> Iterator[Move]:
    """`grade_fell` for each fall, `worsened` when a finding came, `eased` when one only went; a mere change of figures is no transition."""
    if _has_fallen_anew(position, assessment):
        yield _make(Movement.GRADE_FELL, position, assessment, **changes)
    elif set(assessment.kinds) - set(position.findings):
        yield _make(Movement.WORSENED, position, assessment, **changes)
    elif set(position.findings) - set(assessment.kinds):
        yield _make(Movement.EASED, position, assessment, **changes)


def _has_fallen_anew(position: Position, assessment: Assessment) -> bool:
    """Whether a review nobody has been told of graded the household lower."""
    return _fallen(position, assessment) != position.fell


def _fallen(position: Position, assessment: Assessment) -> bytes:
    return next((f.facts[0].fact_id for f in assessment.found if f.kind is FindingKind.GRADE_FELL), position.fell)


def _exit(position: Position, assessment: Assessment, reason: ExitReason) -> Move:
    """Out of the group; what remains of a lead stays a lead of the same episode."""
    eliminated = position.causes if reason is ExitReason.ELIMINATED else ()
    is_settled = reason in (ExitReason.CLEARED, ExitReason.ELIMINATED)
    left = Left(assessment.view.day, position.group, position.episode) if is_settled and position.group is not None else position.left
    done = _make(Movement.EXITED, position, assessment, **_out(assessment.target), eliminated=eliminated, left=left)
    return _because(done, reason)


def _out(target: Target) -> dict[str, object]:
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
    }


def _grouped(target: Target) -> dict[str, object]:
    return {"status": Status.GROUP, "group": target.group, "is_lead": True, "is_urgent": target.is_urgent}


def _episode(position: Position) -> dict[str, object]:
    """A new episode begins with the first lead or group after both were gone."""
    return {} if position.is_in_episode else {"episode": position.episode + 1}


def refuse(position: Position, moves: tuple[Move, ...]) -> tuple[Position, tuple[Move, ...]]:
    """What people decided is not carried out, and they are told: nothing changes but the number. Nobody is told of a household without an episode."""
    if not position.episode:
        return position, moves
    after = msgspec.structs.replace(position, number=position.number + 1)
    return after, (*moves, Move(Movement.REFUSED, position, after))


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
