"""Weighs whether a correction took the ground of a case, also while something holds it back.

A refused authorisation, a doubt who belongs to it, a month or feed that is not heard, a leaving
that may be a slip: while one of them stands no group or lead ends, so a correction that came
meanwhile has to be remembered until the household is freed, and ends its case then.

Whether a correction took the ground is asked of the facts without and with it, as if nothing held
the household back: of today, and of the day on which its group began. Nothing of that is shown, and
one bit is kept.
"""

from dataclasses import dataclass
from datetime import date

from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.context.heard import ALWAYS, Heard, Span
from foothold_risk.rules.context.incidents import Incidents
from foothold_risk.rules.context.silence import spoken_by_all
from foothold_risk.rules.household.household import Household, Position, fresh
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.assess import IS_RISK, IS_SHOCK, Assessment, Target, assess
from foothold_risk.rules.status.past import REACHES_BACK, up_to
from foothold_risk.rules.status.slips import is_named, stood_before, thawed
from foothold_risk.rules.status.taken_back import MOST_DAYS, changed_days
from foothold_risk.rules.status.words import is_below
from foothold_schemas.findings import FindingKind
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
    """Whether a correction has taken what the case rests on, this one or one before it.

    A group rests on what it stands on today, and on what it entered by: as long as the entry was
    right, by what is known now, what went later went by time.

    `before`: the household without the fact that made risk look; None where an incident did, and
    then what is gone counts as gone by it. `is_correction`: of that fact or incident.
    """
    was_taken, stood = now.position.is_corrected, standing_behind(now)
    if stood is None or not (was_taken or is_correction):
        return False
    days = _of_entry(stood, before, now, day)

    def target_of(household: Household) -> Target | None:
        looked = _freely(_by_entry_of(stood, household, day), stood, day, policy, incidents)
        return None if looked is None else looked.target

    def entry_of(household: Household) -> _Entry:
        its = _by_entry_of(stood, household, day)
        return _entry_by(its, stood, days, day, policy, incidents)

    target = target_of(now)
    if target is None or target.is_natural:
        return was_taken
    entry = None if _keeps(stood, target) else entry_of(now)
    if was_taken or entry is None or entry.is_right:
        return was_taken and entry is not None and not entry.is_right
    if before is None:
        return stood.status is not Status.RECOVERING or FindingKind.AREA_STRUCK in stood.causes
    was = target_of(before)
    return was is None or _keeps(stood, was) or entry_of(before).has_more_than(entry)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is known of the day on which a group began.

    `is_right`: a group rule held. `has_risk`, `is_below`: something was found, and income was below
    the line.
    """

    is_right: bool
    has_risk: bool = False
    is_below: bool = False

    def has_more_than(self, other: "_Entry") -> bool:
        """Whether a part of the ground is there that the other lacks.

        What came late may have shown already that the group never began rightly; what is taken from
        it then is a part all the same.
        """
        is_more_found = self.has_risk and not other.has_risk
        return self.is_right or is_more_found or (self.is_below and not other.is_below)


def standing_behind(household: Household) -> Position | None:
    """The case that would stand or recover if nothing held the household back; None without one."""
    position = household.position
    position = stood_before(position) or position
    position = thawed(position) or position
    stands = position.status in (Status.GROUP, Status.RECOVERING) or (
        position.is_lead and position.status is Status.WATCH
    )
    return position if stands else None


def _of_entry(
    stood: Position, before: Household | None, now: Household, day: date
) -> tuple[date, ...]:
    """The day on which its group began, and those since of which something is said otherwise.

    What of the ground of entry is put right only in its day is the ground it was.
    """
    if stood.status not in (Status.GROUP, Status.RECOVERING):
        return ()
    entered_on = stood.entered_on or stood.identified_on
    if entered_on is None:
        return ()
    since = sorted(d for d in changed_days(before, now) if entered_on < d < day)
    return (entered_on, *since[-MOST_DAYS:])


def _entry_by(
    household: Household,
    stood: Position,
    days: tuple[date, ...],
    today: date,
    policy: Policy,
    incidents: Incidents,
) -> _Entry:
    """What these facts say of the days, each by what is known of up to it.

    Of an entry of too long ago nothing can be said any more, so it was right; and so it was of a
    household that recovers and has no day of entry.
    """
    if not days or month_of(today) - month_of(days[0]) > REACHES_BACK:
        return _Entry(is_right=bool(days) or stood.status is Status.RECOVERING)
    looks: list[Assessment] = []
    for day in days:
        known = _without_later_years(up_to(household, day), day)
        words = tuple(w for w in stood.words if w.since <= day)
        bare = Position(identified_on=_identified_by(stood, day), words=words)
        looked = _freely(known, bare, day, policy, incidents)
        looks += () if looked is None else (looked,)
    return _Entry(
        is_right=any(s.target.status is Status.GROUP for s in looks),
        has_risk=any((IS_RISK | IS_SHOCK) & set(s.kinds) for s in looks),
        is_below=any(is_below(s.view) for s in looks),
    )


def _identified_by(stood: Position, day: date) -> date | None:
    identified_on = stood.identified_on
    return identified_on if identified_on is not None and identified_on < day else None


def _without_later_years(household: Household, day: date) -> Household:
    """Without the years that ended after the day: their share of a month is a guess from later."""
    month = month_of(day)
    known = tuple(i for i in household.incomes if i.months == 1 or i.last_month < month)
    return fresh(household, incomes=known) if len(known) < len(household.incomes) else household


def is_held_back(position: Position, assessment: Assessment) -> bool:
    """Whether it still stands only by what holds it back, so that no correction can end it yet."""
    if assessment.view.is_withheld or position.frozen:
        return True
    if not position.is_in_episode:
        return position.slip is not None and position.slip.is_natural
    is_unsure = bool(assessment.view.household.disputed or assessment.held)
    return is_unsure or assessment.view.net_per_head is None


def is_freed(position: Position, target: Target) -> bool:
    """Whether nothing keeps the group, the recovery or the lead any more."""
    is_waiting = target.status is Status.RECOVERING
    return position.is_in_episode and not is_waiting and not _keeps(position, target)


def _keeps(position: Position, target: Target) -> bool:
    is_group = target.status is Status.GROUP
    is_lead = position.status not in (Status.GROUP, Status.RECOVERING)
    return is_group or (is_lead and target.is_lead)


def _by_entry_of(stood: Position, household: Household, day: date) -> Household:
    """The household by the entry by which it stood: a later one may be what holds it back.

    By its last one where that entry was taken back; by the one before where nobody is left of it.
    """
    entries = household.all_entries
    last = len(entries) - 1
    at = next((n for n in range(last, -1, -1) if is_named(stood.entry, entries[n])), last)
    while at > 0 and not any(m.is_here(day) for m in entries[at].members):
        at -= 1
    return household if at < 0 else fresh(household, register=entries[at], entries=entries[:at])


def _freely(
    household: Household, stood: Position, day: date, policy: Policy, incidents: Incidents
) -> Assessment | None:
    """What would be found of it if it had not refused, were in no doubt and all heard.

    None where nothing is known of it, or no county of the policy serves it.
    """
    entry = household.register
    place = None if entry is None else policy.place(entry.area)
    if entry is None or place is None:
        return None
    in_force = place.on(day)
    freed = fresh(household, position=stood, tickets=())
    heard: Heard = {
        f"{agency}|IncomeReported|{entry.area[:6]}": (Span(ALWAYS, month_of(day)),)
        for agency in in_force.feeds
    }
    return assess(
        freed, entry, day, in_force, heard, spoken_by_all(day, in_force, entry.area), incidents
    )
