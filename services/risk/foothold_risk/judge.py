"""Brings one household to the open day: figures, findings, moves, transitions. Reads nothing and writes nothing."""

from datetime import datetime

import msgspec

from foothold_risk.households import Control
from foothold_risk.publish import transition
from foothold_risk.rules.assess import assess
from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.fold import forget_old
from foothold_risk.rules.household import Household
from foothold_risk.rules.movement import move
from foothold_risk.rules.policy import Policy
from foothold_schemas.transitions import Transition


def judge(
    household_id: str, household: Household, control: Control, policy: Policy | None, caused_by: str, learned_at: datetime
) -> tuple[Household, list[Transition]]:
    """The household as of the open day and its transitions; untouched while unregistered, before go-live, or without a policy."""
    day, register = control.open_day, household.register
    if day is None or register is None or policy is None:
        return household, []
    if household.as_of is not None and month_of(household.as_of) != month_of(day):
        household = forget_old(household, day)
    assessment = assess(household, register, day, policy, control.heard)
    position, moves = move(household.position, assessment)
    judged = msgspec.structs.replace(household, position=position, as_of=day)
    said = [transition(household_id=household_id, move=m, assessment=assessment, policy=policy, caused_by=caused_by, learned_at=learned_at) for m in moves]
    return judged, said
