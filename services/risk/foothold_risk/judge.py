"""Brings one household to the open day: figures, findings, moves, transitions, view. Reads nothing and writes nothing."""

from dataclasses import dataclass

import msgspec

from foothold_risk.households import Control
from foothold_risk.publish import Cause, transition
from foothold_risk.rules.assess import assess
from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.fold import forget_old
from foothold_risk.rules.household import Household
from foothold_risk.rules.movement import move
from foothold_risk.rules.policy import Policy
from foothold_risk.views import digest, view_of
from foothold_schemas.transitions import Transition


@dataclass(frozen=True, slots=True)
class Judged:
    """The household as of the open day, what is said of it, and its view if that changed (empty: remove it)."""

    household: Household
    said: tuple[Transition, ...] = ()
    view: bytes | None = None


def judge(household_id: str, household: Household, control: Control, policy: Policy | None, cause: Cause) -> Judged:
    """Untouched while unregistered, before go-live, or without a policy."""
    day, register = control.open_day, household.register
    if day is None or register is None or policy is None:
        return Judged(household)
    if household.as_of is not None and month_of(household.as_of) != month_of(day):
        household = forget_old(household, day)
    assessment = assess(household, register, day, policy, control.heard)
    position, moves = move(household.position, assessment)
    view = view_of(household_id, position, assessment, policy)
    seen = digest(view)
    return Judged(
        msgspec.structs.replace(household, position=position, as_of=day, view=seen),
        tuple(transition(household_id, m, assessment, policy, cause) for m in moves),
        view if seen != household.view else None,
    )
