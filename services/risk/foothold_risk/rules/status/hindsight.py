"""Works out what a late fact would have changed.

With it, the household would not have left its group on the day it did. It is reported once, for
people; nothing is rewritten.
"""

from datetime import date

import msgspec

from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.context.heard import Heard
from foothold_risk.rules.household.facts import Member, Register
from foothold_risk.rules.household.household import Household, Position, fresh
from foothold_risk.rules.policy import Place
from foothold_risk.rules.status.assess import Assessment, assess
from foothold_risk.rules.status.movement import Move
from foothold_schemas.messages.transitions import Movement, Status

REACHES_BACK = 13
"""Months: of the 25 that are kept, an income window needs the twelve before its day."""


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
    known = _up_to(household, day)
    return (
        None if known.register is None else assess(known, known.register, day, place.on(day), heard)
    )


def _up_to(household: Household, day: date) -> Household:
    """The household without what was seen of it after the day.

    Incomes, bills and disasters carry their months and days, and count by them. A check, a review
    and what an entry tells of a member's insurance or school hold from their day on only.
    """
    return fresh(
        household,
        position=Position(),
        register=_register_of(household, day),
        checks=tuple(c for c in household.checks if c.day <= day),
        gradings=tuple(g for g in household.gradings if g.day <= day),
        reports=tuple(r for r in household.reports if r.day <= day),
        assets=tuple(a for a in household.assets if a.day <= day),
    )


def _register_of(household: Household, day: date) -> Register | None:
    """The latest entry, which knows best who belonged to the household on which day.

    Of their insurance and school it says what the entry of that day said, nothing without one.
    """
    latest = household.register
    if latest is None or latest.day <= day:
        return latest
    then = next((e for e in reversed(household.all_entries) if e.day <= day), None)
    members_then = {} if then is None else {m.person_ref: m for m in then.members}
    return msgspec.structs.replace(
        latest,
        members=tuple(
            _as_told(member, members_then.get(member.person_ref)) for member in latest.members
        ),
    )


def _as_told(member: Member, then: Member | None) -> Member:
    """The member with what was told of insurance and school, None where nothing was."""
    is_insured, at_school = (None, None) if then is None else (then.is_insured, then.at_school)
    return msgspec.structs.replace(member, is_insured=is_insured, at_school=at_school)
