"""From where a household stands and where it should stand to its transitions: enter and leave freely, each step with its reason."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import msgspec

from foothold_risk.rules.assess import IS_LEAD, Assessment, Target
from foothold_risk.rules.events import MOST_HAD, TOLD_BY_EVENT, joined, saw_of, unseen
from foothold_risk.rules.household import Event, Household, Left, Position, answered, report_key
from foothold_risk.rules.leaving import Condition, disputes, risks_of, unmet
from foothold_risk.rules.words import added, dismissal, exemption, in_force, is_below
from foothold_schemas.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.findings import FindingKind
from foothold_schemas.saw import Saw
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
        is_due=position.is_due and not unmet(position, assessment),
        had=_had(position, assessment),
        words=in_force(position.words, assessment.view.day),
        answered=_still_reported(position, assessment.view.household),
    ), tuple(moves)


def _still_reported(position: Position, household: Household) -> tuple[bytes, ...]:
    """What people have looked into, as long as it is reported."""
    if not position.answered:
        return ()
    reported = {report_key(r) for r in household.reports}
    return tuple(key for key in position.answered if key in reported)


def _had(position: Position, assessment: Assessment) -> tuple[Event, ...]:
    """The events the case has had. A new case begins with those it is opened for; without one nothing is told, so nothing is added."""
    events = [e for g in assessment.speaking if g.kind in TOLD_BY_EVENT for e in g.events]
    return joined(position.had, events, MOST_HAD) if events and position.is_in_episode else position.had


def _causes(position: Position, assessment: Assessment) -> tuple[FindingKind, ...]:
    if position.status is not Status.GROUP:
        return position.causes
    return (*position.causes, *(k for k in risks_of(assessment) if k not in position.causes))


def decide(position: Position, assessment: Assessment, decided: CaseDecided) -> Decided | tuple[Condition, ...]:
    """What people's decision does; or the conditions that are not met, and then it is no decision.

    Of a dismissal the words stand in the position already, so what still speaks came while they decided.
    """
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
        case Decision.DISMISSED if not position.is_identified and position.episode:
            return _dismissed(position, assessment, decided)
        case _:
            return (Condition(UnmetKind.DOES_NOT_FIT),)


def _dismissed(position: Position, assessment: Assessment, decided: CaseDecided) -> Decided | tuple[Condition, ...]:
    """Out, unless something came while they decided. What ended by itself meanwhile is covered if it comes back, where they say what they saw."""
    if position.is_in_episode:
        return news_in(assessment) or _done(_dismiss(position, assessment))
    return Decided(position) if decided.saw else (Condition(UnmetKind.DOES_NOT_FIT),)


def news_in(assessment: Assessment) -> tuple[Condition, ...]:
    """The findings people have not seen, or not as they are now."""
    return tuple(Condition(UnmetKind.NEWS, finding=g.kind) for g in assessment.speaking if g.kind in IS_LEAD)


def dismiss(position: Position, assessment: Assessment, decided: CaseDecided) -> Position:
    """With people's word on every finding they saw: by what the page showed, else by what is known now."""
    household, policy = assessment.view.household, assessment.view.policy
    saw = _shown(assessment, decided.saw)
    reports = next((s for s in saw if s.finding is FindingKind.RISK_REPORTED), None)
    names = [] if reports is None else [e.name for e in reports.events]
    position = answered(household, position, None if decided.saw is None or _is_cut(reports) else names)
    words = (dismissal(s, decided, policy) for s in saw if s.finding in IS_LEAD and s.finding is not FindingKind.RISK_REPORTED)
    return msgspec.structs.replace(position, words=added(position.words, words))


def exempt(position: Position, assessment: Assessment, word: FindingExempted) -> Position | tuple[Condition, ...]:
    """With people's word that a finding is harmless; or what is not met: it must hold today, and be something people look into.

    A report that was found harmless is answered: it does not come back when the day has passed.
    """
    saw = next((s for s in _shown(assessment, None) if s.finding is word.finding and s.finding in IS_LEAD), None)
    if saw is None or (word.saw is not None and word.saw.finding is not word.finding):
        return (Condition(UnmetKind.DOES_NOT_FIT),)
    saw = word.saw or saw
    if saw.finding is FindingKind.RISK_REPORTED:
        return answered(assessment.view.household, position, None if word.saw is None or _is_cut(saw) else [e.name for e in saw.events])
    return msgspec.structs.replace(position, words=added(position.words, [exemption(saw, word)]))


def _shown(assessment: Assessment, saw: tuple[Saw, ...] | None) -> tuple[Saw, ...]:
    below = is_below(assessment.view)
    return tuple(saw_of(g, is_below=below) for g in assessment.grounds) if saw is None else saw


def _is_cut(saw: Saw | None) -> bool:
    """Whether more was there than is named; nobody reads a hundred reports one by one, so all that are known count as seen."""
    return saw is not None and saw.events_total > len(saw.events)


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
    """Out, whatever cannot be known just now: what is left is watched at most."""
    is_group = position.status is not Status.WATCH
    target = assessment.target
    is_watched = target.status is Status.WATCH and not target.is_lead
    step = _make(
        Movement.EXITED if is_group else Movement.UNWATCHED,
        position,
        assessment,
        **_out(Target(Status.WATCH if is_watched else Status.CLEAR)),
    )
    after = msgspec.structs.replace(step.after, findings=tuple(k for k in assessment.kinds if k not in IS_LEAD))
    return _because(dataclasses.replace(step, after=after), ExitReason.DISMISSED)


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
        changes = {**_grouped(target), **_episode(position), "spell": position.spell + 1, "causes": (), "eliminated": ()}
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
    """`grade_fell` for each fall, `worsened` when a finding or another event came, `eased` when one only went; a mere change of figures is nothing."""
    if _has_fallen_anew(position, assessment):
        yield _make(Movement.GRADE_FELL, position, assessment, **changes)
    elif set(assessment.kinds) - set(position.findings) or _kinds_of_news(position, assessment):
        yield _make(Movement.WORSENED, position, assessment, **changes)
    elif set(position.findings) - set(assessment.kinds):
        yield _make(Movement.EASED, position, assessment, **changes)


def _has_fallen_anew(position: Position, assessment: Assessment) -> bool:
    """Whether a review nobody has been told of graded the household lower."""
    return FindingKind.GRADE_FELL in _kinds_of_news(position, assessment)


def _kinds_of_news(position: Position, assessment: Assessment) -> set[FindingKind]:
    """The findings of which something happened that the case has not had, or that grew worse."""
    share = assessment.view.policy.material_share
    return {g.kind for g in assessment.speaking if g.kind in TOLD_BY_EVENT and unseen(g.events, position.had, share)}


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
    return {} if position.is_in_episode else {"episode": position.episode + 1, "had": ()}


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
