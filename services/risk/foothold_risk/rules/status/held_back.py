"""Remembers that a correction took a case's ground while something held the household back.

A refused authorisation, a doubt who belongs to it, a month or feed that is not heard, a leaving
that may be a slip: while one of them stands no group or lead ends, so a correction that came
meanwhile has to be remembered until the household is freed, and ends its case then.

Whether a correction took the ground is asked of the facts without and with it, as if nothing held
the household back. Nothing of that is shown, and one bit is kept.
"""

from datetime import date

from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.context.heard import ALWAYS, Heard, Span
from foothold_risk.rules.context.incidents import Incidents
from foothold_risk.rules.context.silence import spoken_by_all
from foothold_risk.rules.household.facts import Register
from foothold_risk.rules.household.household import Household, Position, fresh
from foothold_risk.rules.policy import Policy, PolicyOfDay
from foothold_risk.rules.status.assess import Assessment, Target, assess
from foothold_risk.rules.status.slips import stood_before, thawed
from foothold_schemas.messages.transitions import Status


def takes_ground(
    before: Household | None,
    now: Household,
    day: date,
    policy: Policy,
    incidents: Incidents,
    *,
    is_correction: bool,
) -> bool:
    """Whether a correction has taken what a held case rests on, this one or one before it.

    `before`: the household without the fact that made risk look; None where an incident did, and
    then what is gone counts as gone by it. `is_correction`: of that fact or incident.
    """
    was_taken, stood = now.position.is_corrected, standing_behind(now)
    if stood is None or not (was_taken or is_correction):
        return False

    def target_of(household: Household) -> Target | None:
        household = _by_entry_of(stood, household, day)
        entry = household.register
        place = None if entry is None else policy.place(entry.area)
        if entry is None or place is None:
            return None
        return _freely(household, stood, entry, day, place.on(day), incidents)

    target = target_of(now)
    if target is None or target.is_natural or was_taken:
        return was_taken and (target is None or target.is_natural or not _keeps(stood, target))
    was = None if before is None else target_of(before)
    return not _keeps(stood, target) and (was is None or _keeps(stood, was))


def standing_behind(household: Household) -> Position | None:
    """The case that would stand if nothing held the household back.

    None where there is none, or where it recovers: what lost its ground before any correction came
    leaves in time.
    """
    position = household.position
    position = stood_before(position) or position
    position = thawed(position) or position
    stands = position.status is Status.GROUP or (
        position.is_lead and position.status is Status.WATCH
    )
    return position if stands else None


def is_held_back(position: Position, assessment: Assessment) -> bool:
    """Whether it still stands only by what holds it back, so that no correction can end it yet."""
    if assessment.view.is_withheld or position.frozen:
        return True
    if not position.is_in_episode:
        return position.slip is not None and position.slip.is_natural
    is_unsure = bool(assessment.view.household.disputed or assessment.held)
    is_unsure = is_unsure or assessment.view.net_per_head is None
    return is_unsure and position.status is not Status.RECOVERING


def is_freed(position: Position, target: Target) -> bool:
    """Whether nothing keeps the group or lead any more."""
    return position.is_in_episode and not _keeps(position, target)


def _keeps(position: Position, target: Target) -> bool:
    is_group = target.status is Status.GROUP
    return is_group if position.status is Status.GROUP else is_group or target.is_lead


def _by_entry_of(stood: Position, household: Household, day: date) -> Household:
    """The household by the entry by which it stood: a later one may be what holds it back.

    By its last one where that entry was taken back; by the one before where nobody is left of it.
    """
    entries = household.all_entries
    at = next((n for n, e in enumerate(entries) if e.fact_id == stood.entry), len(entries) - 1)
    while at > 0 and not any(m.is_here(day) for m in entries[at].members):
        at -= 1
    return household if at < 0 else fresh(household, register=entries[at], entries=entries[:at])


def _freely(
    household: Household,
    stood: Position,
    entry: Register,
    day: date,
    policy: PolicyOfDay,
    incidents: Incidents,
) -> Target:
    """Where the household should stand if it had not refused, were in no doubt and all heard."""
    freed = fresh(household, position=stood, tickets=())
    heard: Heard = {
        f"{agency}|IncomeReported|{entry.area[:6]}": (Span(ALWAYS, month_of(day)),)
        for agency in policy.feeds
    }
    return assess(
        freed, entry, day, policy, heard, spoken_by_all(day, policy, entry.area), incidents
    ).target
