"""Works out what a late fact would have changed.

With it, the household would not have left its group on the day it did. It is reported once, for
people; nothing is rewritten.
"""

from datetime import date

import msgspec

from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.context.heard import Heard
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import Place
from foothold_risk.rules.status.assess import Assessment, assess
from foothold_risk.rules.status.past import REACHES_BACK, up_to
from foothold_risk.rules.status.steps import Move
from foothold_schemas.messages.transitions import Movement, Status


def review(
    before: Household, after: Household, day: date, place: Place, heard: Heard
) -> tuple[Assessment, Move] | None:
    """Figures and findings as of the day the household left, and the note.

    None while the facts that came since then change nothing.

    `after`: the household with the fact and its position of today. Both looks use what is known
    now, so nothing but the fact can differ.
    """
    left = after.position.left
    # what comes on the day itself is not late
    if left is None or day == left.day or month_of(day) - month_of(left.day) > REACHES_BACK:
        return None
    then = _as_of(after, left.day, place, heard)
    if then is None or then.target.status is not Status.GROUP:
        return None
    was = _as_of(before, left.day, place, heard)
    if was is not None and was.target.status is Status.GROUP:
        return None
    numbered = msgspec.structs.replace(after.position, number=after.position.number + 1, left=None)
    return then, Move(Movement.WOULD_HAVE, after.position, numbered)


def _as_of(household: Household, day: date, place: Place, heard: Heard) -> Assessment | None:
    """Return the assessment of a day gone by, from the facts of up to that day alone.

    There is no position, so nothing is held and nothing dismissed.
    """
    known = up_to(household, day)
    if known.register is None:
        return None
    return assess(known, known.register, DayContext(day, place.on(day), heard))
