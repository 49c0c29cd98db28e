"""What happens to a household of which nothing is computed.

It refused its authorisation, so its data is compared with nothing: its open case is the village's
lead.
"""

import dataclasses

from foothold_risk.rules.household.household import Household, Position
from foothold_risk.rules.status.assess import Assessment
from foothold_risk.rules.status.deciding import (
    Decided,
    decide,
    dismissed,
    freeze,
    refuse,
    reopen,
)
from foothold_risk.rules.status.leaving import Condition
from foothold_risk.rules.status.movement import move, restored
from foothold_risk.rules.status.outcome import Outcome
from foothold_risk.rules.status.slips import undone
from foothold_risk.rules.status.steps import Move
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.messages.views import UnmetKind


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
    if isinstance(outcome, Decided):
        return Outcome(outcome.position, (*moves, *outcome.moves), assessment)
    if outcome and isinstance(decided, CaseDecided):
        position, moves = refuse(position, moves, decided)
    return Outcome(position, moves, assessment, outcome or ())


def _decided(
    household: Household,
    position: Position,
    assessment: Assessment,
    word: CaseDecided | FindingExempted,
) -> Decided | tuple[Condition, ...]:
    """Apply people's decision to a household nothing is computed of.

    All that fits is that its lead came to nothing.
    """
    if isinstance(word, FindingExempted) or word.decision is not Decision.DISMISSED:
        return (Condition(UnmetKind.DOES_NOT_FIT),)
    return decide(dismissed(household, position), assessment, word)
