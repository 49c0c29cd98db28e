"""Brings a household to the present, with people's word if there is one.

It is looked at from where it stands, and from where it stands again after a slip or a refused
authorisation; what people say is carried out on what that comes to. Of one that refused its
authorisation nothing is computed: its open case is the village's lead.
"""

import dataclasses
from dataclasses import dataclass

from msgspec.structs import replace

from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.household.facts import Register
from foothold_risk.rules.household.household import Answer, Household, Position, answered_by, fresh
from foothold_risk.rules.status.assess import Assessment, assess
from foothold_risk.rules.status.deciding import (
    DOES_NOT_FIT,
    DecisionEffect,
    decide,
    dismiss,
    dismissed,
    ended_meanwhile,
    exempt,
    freeze,
    news_in,
    refuse,
    reopen,
)
from foothold_risk.rules.status.leaving import Condition
from foothold_risk.rules.status.movement import move, restored
from foothold_risk.rules.status.slips import leads_to, thawed, undone, undone_before
from foothold_risk.rules.status.steps import Move
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.messages.transitions import ExitReason
from foothold_schemas.messages.views import UnmetKind


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the household stands, how it got there, and what it was judged by."""

    position: Position
    moves: tuple[Move, ...]
    assessment: Assessment
    refused: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """A household looked at on a day, from wherever it stands.

    `earlier`: its last register entry that said something else, if the same county serves it.
    """

    household: Household
    register: Register
    context: DayContext
    earlier: Register | None = None

    def at(self, position: Position) -> Assessment:
        """How it looks from there."""
        return self._by(self.register, position)

    def rests_on_entry(self, before: Position) -> bool:
        """Whether it would stand where it stood still, had its register entry not changed."""
        if self.earlier is None:
            return False
        return leads_to(before, self._by(self.earlier, before).target)

    def _by(self, entry: Register, position: Position) -> Assessment:
        return assess(fresh(self.household, position=position), entry, self.context)


def bring_to_present(
    examination: Examination, cause: Cause, decided: CaseDecided | FindingExempted | None
) -> Outcome:
    """Where the household stands today, by its facts and by what people decided."""
    if isinstance(decided, FindingExempted):
        return _exempted(examination, decided)
    assessment, stood = _looked(examination)
    position = examination.household.position
    moved = move(position, assessment, cause.ends, stood, examination.rests_on_entry)
    now = Outcome(*moved, assessment)
    if decided is None:
        return now
    recorded = cause.version
    answer = Answer(decided.decided_on, recorded.recorded_us, recorded.place)
    return _carried_out(examination, now, decided, answer)


def _looked(examination: Examination) -> tuple[Assessment, Position | None]:
    """How it looks where it stands.

    And, where it stands again as before a slip or a refused authorisation, how it looks from there.

    In doubt who belongs to it no group begins, so what was frozen waits until the doubt is settled.
    """
    household = examination.household
    position = household.position
    stood = None if household.disputed else thawed(position)
    if stood is None:
        assessment = examination.at(position)
        stood = undone(position, assessment)
        if stood is None:
            return assessment, None
        stood = undone_before(position, stood, examination.at(stood)) or stood
        # given while the slip stood
        stood = stood if household.disputed else thawed(stood) or stood
    return examination.at(stood), stood


def _exempted(examination: Examination, word: FindingExempted) -> Outcome:
    """A finding is harmless as people saw it; where it says more today, that is news and stays."""
    position = examination.household.position
    assessment = examination.at(position)
    covered = exempt(position, assessment, word)
    if not isinstance(covered, Position):
        return Outcome(*move(position, assessment), assessment, covered)
    assessment = examination.at(covered)
    refused = tuple(c for c in news_in(assessment) if c.finding is word.finding)
    return Outcome(
        *move(covered, assessment, None if refused else ExitReason.EXEMPTED), assessment, refused
    )


def _carried_out(
    examination: Examination, now: Outcome, decided: CaseDecided, answer: Answer
) -> Outcome:
    """What people decided, if it holds today.

    They look into what was reported before they decide.
    """
    if decided.decision is Decision.REOPENED:
        return _reopened(examination, now, decided)
    is_dismissal = decided.decision is Decision.DISMISSED and not now.position.is_identified
    standing = (
        dismiss(now.position, now.assessment, decided)
        if is_dismissal
        else answered_by(examination.household, now.position, answer)
    )
    looked = examination.at(standing)
    outcome = decide(standing, looked, decided)
    if isinstance(outcome, DecisionEffect):
        return Outcome(outcome.position, (*now.moves, *outcome.moves), looked)
    if not any(c.kind is UnmetKind.NEWS for c in outcome):
        return Outcome(*refuse(now.position, now.moves, decided), now.assessment, outcome)
    # what they saw is covered, and what they did not see stays with them
    position, more = move(standing, looked)
    return Outcome(*refuse(position, (*now.moves, *more), decided), looked, outcome)


def _reopened(examination: Examination, now: Outcome, decided: CaseDecided) -> Outcome:
    """What the dismissal covered speaks again, today or when it returns.

    Where nothing of it is left to look into, the case has ended by itself. Where there is no
    dismissal to take back, people are told so.
    """
    standing = reopen(now.position, now.assessment, decided)
    if standing is None:
        return Outcome(
            *refuse(now.position, now.moves, decided),
            now.assessment,
            DOES_NOT_FIT,
        )
    looked = examination.at(standing)
    position, moves = move(standing, looked)
    if not position.is_in_episode:
        step = ended_meanwhile(position, looked)
        return Outcome(step.after, (*now.moves, *moves, step), looked)
    position = replace(position, told_on=looked.view.day if moves else position.told_on)
    return Outcome(
        position,
        (*now.moves, *(dataclasses.replace(m, is_decided=True, is_told=True) for m in moves)),
        looked,
    )


def withhold(
    household: Household, assessment: Assessment, decided: CaseDecided | FindingExempted | None
) -> Outcome:
    """A household that refused its authorisation.

    Nothing is computed of it but whether anybody of it is left.
    """
    position, stood = household.position, undone(household.position, assessment)
    moves: tuple[Move, ...]
    if assessment.target.is_natural:
        position, moves = move(position, assessment)
    elif stood is not None:
        step = restored(position, stood)
        position, more = freeze(step.after, assessment)
        moves = (step, *more)
    elif isinstance(decided, CaseDecided) and decided.decision is Decision.REOPENED:
        position, moves = freeze(reopen(position, assessment, decided) or position, assessment)
        if position.is_in_episode and not household.position.is_in_episode:
            return Outcome(
                position,
                tuple(dataclasses.replace(m, is_decided=True, is_told=True) for m in moves),
                assessment,
            )
    else:
        position, moves = freeze(position, assessment)
    outcome = None if decided is None else _decided(household, position, assessment, decided)
    if isinstance(outcome, DecisionEffect):
        return Outcome(outcome.position, (*moves, *outcome.moves), assessment)
    if outcome and isinstance(decided, CaseDecided):
        position, moves = refuse(position, moves, decided)
    return Outcome(position, moves, assessment, outcome or ())


def _decided(
    household: Household,
    position: Position,
    assessment: Assessment,
    word: CaseDecided | FindingExempted,
) -> DecisionEffect | tuple[Condition, ...]:
    """Apply people's decision to a household nothing is computed of.

    All that fits is that its lead came to nothing.
    """
    if isinstance(word, FindingExempted) or word.decision is not Decision.DISMISSED:
        return DOES_NOT_FIT
    return decide(dismissed(household, position, position.episode), assessment, word)
