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

from foothold_risk.rules.calendar import day_of_microseconds, first_day, month_of
from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.context.heard import ALWAYS, Heard, Span
from foothold_risk.rules.context.incidents import Incidents
from foothold_risk.rules.context.silence import spoken_by_all
from foothold_risk.rules.household.facts import Register
from foothold_risk.rules.household.household import Household, Position, fresh
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.assess import IS_RISK, IS_SHOCK, Assessment, Target, assess
from foothold_risk.rules.status.past import REACHES_BACK, up_to
from foothold_risk.rules.status.slips import is_named, name_of, stood_before, thawed
from foothold_risk.rules.status.taken_back import MOST_DAYS, changed_days
from foothold_risk.rules.status.words import is_below
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Status


@dataclass(frozen=True, slots=True)
class Scales:
    """What is weighed by: the open day, the policies and what struck whole areas."""

    day: date
    policy: Policy
    incidents: Incidents

    def is_ground_taken(
        self, before: Household | None, now: Household, *, is_correction: bool
    ) -> bool:
        """Whether a correction has taken what the case rests on, this one or one before it.

        A group rests on what it stands on today, and on what it entered by: as long as the entry
        was right, by what is known now, what went later went by time.

        `before`: the household without the fact that made risk look; None where an incident did,
        and then what is gone counts as gone by it. `is_correction`: of that fact or incident.
        """
        was_taken, stood = now.position.is_corrected, standing_behind(now)
        if stood is None:
            return False
        free = _FreeHousehold(stood, self)
        if _is_entry_mended(now, free):
            return True
        return (was_taken or is_correction) and _is_taken(before, now, free)


def _is_taken(before: Household | None, now: Household, free: "_FreeHousehold") -> bool:
    """Whether what is known now, or was taken before, leaves nothing the case rests on."""
    was_taken, stood = now.position.is_corrected, free.stood
    days = _of_entry(stood, before, now, free.scales.day)
    its = free.by_entry(now)
    looked = free.look(its)
    if looked is None or looked.target.is_natural:
        return was_taken
    ground = None if _keeps(stood, looked.target) else free.ground_of_entry(its, days)
    if was_taken or ground is None or ground.is_right:
        return was_taken and ground is not None and not ground.is_right
    if before is None:
        return stood.status is not Status.RECOVERING or FindingKind.AREA_STRUCK in stood.causes
    before_its = free.by_entry(before)
    was = free.look(before_its)
    return (
        was is None
        or _keeps(stood, was.target)
        or free.ground_of_entry(before_its, days).has_more_than(ground)
    )


def _is_entry_mended(now: Household, free: "_FreeHousehold") -> bool:
    """Whether this is the look at a register entry that mends the one by which a group began.

    By the entry before that one no group had begun, nor by this one. Where no entry was before,
    nobody knows what the household was until then.
    """
    entry, stood = now.register, free.stood
    is_in_spell = stood.status in (Status.GROUP, Status.RECOVERING)
    if not is_in_spell or entry is None or is_named(stood.entry, entry):
        return False
    looked = free.look(now)
    if looked is None or looked.target.is_natural or _keeps(stood, looked.target):
        return False
    earlier = _before_wrong_entry(now, stood, free.scales.day, looked.view.policy.days_of_slip)
    if earlier is None or stood.entered_on is None:
        return False
    without = fresh(now, register=earlier, entries=())
    days = (stood.entered_on,)
    return not any(free.ground_of_entry(by, days).is_right for by in (without, now))


def _before_wrong_entry(
    now: Household, stood: Position, day: date, days_of_slip: int
) -> Register | None:
    """The entry before the one by which a group began, if that may be a slip.

    The group began as the wrong entry was learned, or with the month from which its heads count,
    and that is no longer ago than the days.
    """
    entered_on = stood.entered_on
    known = [e for e in now.entries if entered_on is not None and _learned_on(e) <= entered_on]
    if not known:
        return None
    wrong, learned_on = known[-1], _learned_on(known[-1])
    began_with_it = entered_on in (learned_on, first_day(month_of(learned_on) + 1))
    if not began_with_it or (day - learned_on).days > days_of_slip:
        return None
    others = (e for e in reversed(known[:-1]) if not is_named(name_of(wrong), e))
    return next(others, None)


def _learned_on(entry: Register) -> date:
    return day_of_microseconds(entry.version.recorded_us)


@dataclass(frozen=True, slots=True)
class _GroundOfEntry:
    """What is known of the day on which a group began.

    `is_right`: a group rule held. `has_risk`, `is_below`: something was found, and income was below
    the line.
    """

    is_right: bool
    has_risk: bool = False
    is_below: bool = False

    def has_more_than(self, other: "_GroundOfEntry") -> bool:
        """Whether a part of the ground is there that the other lacks.

        What came late may have shown already that the group never began rightly; what is taken from
        it then is a part all the same.
        """
        is_more_found = self.has_risk and not other.has_risk
        return self.is_right or is_more_found or (self.is_below and not other.is_below)


@dataclass(frozen=True, slots=True)
class _FreeHousehold:
    """A household looked at as if it had not refused, were in no doubt and all heard.

    `stood`: the case that would stand.
    """

    stood: Position
    scales: Scales

    def by_entry(self, household: Household) -> Household:
        """The household by the entry by which it stood: a later one may be what holds it back.

        By its last one where that entry was taken back; by the one before where nobody is left of
        it, or another county serves it.
        """
        entries = household.all_entries
        last = len(entries) - 1
        named = (n for n in range(last, -1, -1) if is_named(self.stood.entry, entries[n]))
        at = next(named, last)
        while at > 0 and not self._is_here(entries[at]):
            at -= 1
        return household if at < 0 else fresh(household, register=entries[at], entries=entries[:at])

    def _is_here(self, entry: Register) -> bool:
        """Whether the policy serves it and somebody is left of it."""
        is_anybody = any(m.is_here(self.scales.day) for m in entry.members)
        return is_anybody and self.scales.policy.place(entry.area) is not None

    def look(self, household: Household) -> Assessment | None:
        """What would be found of it today."""
        return self._look_from(self.stood, household, self.scales.day)

    def ground_of_entry(self, household: Household, days: tuple[date, ...]) -> _GroundOfEntry:
        """What these facts say of the days, each by what is known of up to it.

        Of an entry of too long ago nothing can be said any more, so it was right; and so it was of
        a household that recovers and has no day of entry.
        """
        stood = self.stood
        if not days or month_of(self.scales.day) - month_of(days[0]) > REACHES_BACK:
            return _GroundOfEntry(is_right=bool(days) or stood.status is Status.RECOVERING)
        looks: list[Assessment] = []
        for day in days:
            known = _without_later_years(up_to(household, day), day)
            words = tuple(w for w in stood.words if w.since <= day)
            bare = Position(identified_on=_identified_by(stood, day), words=words)
            looked = self._look_from(bare, known, day)
            looks += () if looked is None else (looked,)
        return _GroundOfEntry(
            is_right=any(s.target.status is Status.GROUP for s in looks),
            has_risk=any((IS_RISK | IS_SHOCK) & set(s.kinds) for s in looks),
            is_below=any(is_below(s.view) for s in looks),
        )

    def _look_from(self, position: Position, household: Household, day: date) -> Assessment | None:
        """None where nothing is known of it, or no county of the policy serves it."""
        entry = household.register
        place = None if entry is None else self.scales.policy.place(entry.area)
        if entry is None or place is None:
            return None
        in_force = place.on(day)
        freed = fresh(household, position=position, tickets=())
        heard: Heard = {
            f"{agency}|IncomeReported|{entry.area[:6]}": (Span(ALWAYS, month_of(day)),)
            for agency in in_force.feeds
        }
        spoke = spoken_by_all(day, in_force, entry.area)
        return assess(freed, entry, DayContext(day, in_force, heard, spoke, self.scales.incidents))


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
