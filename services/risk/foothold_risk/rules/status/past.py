"""A household as of a day gone by, from all that is known now of up to that day."""

from datetime import date

import msgspec

from foothold_risk.rules.household.facts import Member, Register
from foothold_risk.rules.household.household import Household, Position, fresh

REACHES_BACK = 13
"""Months: of the 25 that are kept, an income window needs the twelve before its day."""


def up_to(household: Household, day: date) -> Household:
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
