"""The second opinion on a household's whole log.

Day by day and fact by fact, what is said and to whom.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from foothold_schemas.facts.checks import (
    AssetsChecked,
    GuaranteeChecked,
    HouseholdGraded,
    SpendingReported,
)
from foothold_schemas.facts.decisions import CaseDecided, FindingExempted, MeasureDelivered
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import DisasterStruck, IncomeReported, MedicalClaimSettled
from foothold_schemas.facts.register import (
    HouseholdRegistered,
    Member,
    MembershipDisputed,
    TicketState,
)
from foothold_schemas.facts.reports import RiskReported
from tests.support.made.build import AREA
from tests.support.reference.arithmetic import LINE, is_here, last_of
from tests.support.reference.events import Ground, grounds
from tests.support.reference.moves import keeps, say
from tests.support.reference.opinion import RISKS, SHOCKS, Opinion, opinion
from tests.support.reference.people import answer, decide, exempt, late
from tests.support.reference.stand import OPEN, SLIP_DAYS, Course, Outbox, Recheck, Stand, Today
from tests.support.reference.statements import (
    age,
    bills,
    content,
    last_words,
    name_of,
    names_of_bills,
    newest,
    own_name,
    storms,
    told_by_another,
)
from tests.support.reference.taken_back import speaks_of, without

SHANGHAI = ZoneInfo("Asia/Shanghai")
GROUNDS = RISKS | SHOCKS


class SecondOpinion:
    """What it knows of one household, and where that stands."""

    def __init__(self) -> None:
        self.known: list[FactRecord] = []
        self.stand = Stand()
        self.entry: HouseholdRegistered | None = None
        """The register entry last looked at."""

    def day(self, day: date) -> list[Outbox]:
        """A new day."""
        self._weigh(self.known, day, is_correction=False)
        return self._keep(*say(self.stand, self._look(day)))

    def fact(self, fact: FactRecord, day: date) -> list[Outbox]:
        """Something that came."""
        before, self.known = self.known, [*self.known, fact]
        if newest(_counting(before)) is None:
            return self.day(day) if isinstance(fact.data, HouseholdRegistered) else []
        is_correction = bool(fact.withdraws) or corrects(
            _counting(before), _counting(self.known), fact
        )
        self._weigh(before, day, is_correction=is_correction)
        self.stand = answer(self.stand, self)
        if isinstance(fact.data, CaseDecided):
            return self._keep(*decide(self.stand, self._look(day), fact, self))
        if isinstance(fact.data, FindingExempted):
            return self._keep(*exempt(self.stand, self._look(day), fact.data))
        ends = "corrected" if is_correction else None
        if is_correction and newest(_counting(self.known)) is not None:
            now = _counting(self.known)
            self.stand = without(self.stand, _counting(before), now, day)
        steps = self._keep(*say(self.stand, self._look(day, ends)))
        return [*steps, *self._late(before, day)]

    @property
    def reports(self) -> list[FactRecord]:
        """The reports that count."""
        return [f for f in _counting(self.known) if isinstance(f.data, RiskReported)]

    def name_of(self, report: FactRecord) -> str:
        """What it was first told as."""
        return _first_names(self.known)[report.fact_id]

    def _weigh(self, before: list[FactRecord], day: date, *, is_correction: bool) -> None:
        """Whether a correction has taken what the case rests on, had nothing held it back.

        A doubt holds it, and a leaving that may be a slip of the register.
        """
        stand, was = self.stand, self.stand.is_corrected
        stood, slip = stand, stand.slip
        if stand.at not in OPEN and slip is not None and slip.is_natural:
            stood = replace(
                slip.before, words=stand.words, answered=stand.answered, decisions=stand.decisions
            )
        taken = False
        if stood.at in OPEN and (was or is_correction):
            now = self._free_target(self.known, stood, day)
            if now == "natural":
                taken = was
            elif not keeps(stood.at, now):
                taken = self._has_lost_entry(before, stood, day) and (
                    was
                    or keeps(stood.at, self._free_target(before, stood, day))
                    or self._had_more(before, stood, day)
                )
        if stood.at in OPEN and self._is_entry_mended(stood, day):
            taken = True
        self.stand = replace(stand, is_corrected=taken)

    def _is_entry_mended(self, stood: Stand, day: date) -> bool:
        """Whether this entry mends one of the last days by which alone the group began."""
        counting = _counting(self.known)
        entries = sorted((f for f in counting if isinstance(f.data, HouseholdRegistered)), key=age)
        before = [f for f in entries[-4:-1] if _learned_on(f) <= (stood.entered or date.min)]
        if stood.at == "lead" or not before or entries[-1].data == stood.entry:
            return False
        wrong = before[-1]
        others = [f for f in before if f.data != wrong.data]
        learned = _learned_on(wrong)
        if not others or (day - learned).days > SLIP_DAYS:
            return False
        if stood.entered not in (learned, last_of((learned.year, learned.month)) + timedelta(1)):
            return False
        look = self._look_at(counting, day, None)(stood)
        target = Course(stood, replace(look, is_in_doubt=False)).target
        if target == "natural" or keeps(stood.at, target):
            return False
        earlier = [f for f in counting if f not in entries or f == others[-1]]
        return not any(
            self._by(facts, stood, stood.entered).is_to_group for facts in (earlier, counting)
        )

    def _has_lost_entry(self, before: list[FactRecord], stood: Stand, day: date) -> bool:
        """By what is known now no group rule held when its group began.

        Nor on a later day of which something is said otherwise now.
        """
        days = _entry_days(before, self.known, stood, day)
        looks = [self._on_entry(self.known, stood, d, day) for d in days]
        return not any(look.target.startswith("group:") for look in looks)

    def _had_more(self, before: list[FactRecord], stood: Stand, day: date) -> bool:
        """By what was known before it had a part of the ground, a risk or the income, it lost."""
        days = _entry_days(before, self.known, stood, day)
        was, now = (
            [self._on_entry(facts, stood, d, day) for d in days] for facts in (before, self.known)
        )
        return (
            any(look.target.startswith("group:") for look in was)
            or (any(k.kinds & GROUNDS for k in was) and not any(k.kinds & GROUNDS for k in now))
            or (any(k.today.is_below for k in was) and not any(k.today.is_below for k in now))
        )

    def _on_entry(self, known: list[FactRecord], stood: Stand, day: date, today: date) -> Course:
        """What these facts say of a day gone by; people's words of up to it hold."""
        return self._by(_by_entry_of(stood, _counting(known), today), stood, day)

    def _by(self, counting: list[FactRecord], stood: Stand, day: date) -> Course:
        seen = [f for f in _seen_by(counting, day) if not _is_later_year(f, day)]
        was_identified = stood.identified is not None and stood.identified < day
        words = tuple(w for w in stood.words if w.since <= day)
        bare = Stand(
            words=words,
            answered=stood.answered,
            identified=stood.identified if was_identified else None,
        )
        return Course(bare, replace(self._look_at(seen, day, None)(bare), is_in_doubt=False))

    def _free_target(self, known: list[FactRecord], stood: Stand, day: date) -> str:
        """Where these facts put it by the entry by which it stood, whoever is in doubt."""
        its = _by_entry_of(stood, _counting(known), day)
        seen = self._look_at(its, day, None)(stood)
        return Course(stood, replace(seen, is_in_doubt=False)).target

    def _keep(self, stand: Stand, steps: list[Outbox]) -> list[Outbox]:
        is_waiting = (
            stand.slip is not None and stand.slip is self.stand.slip and is_in_doubt(self.known)
        )
        self.stand = stand
        # an entry that may mend a slip and came in doubt is looked at when that is settled
        if not is_waiting:
            self.entry = newest(_counting(self.known))
        return steps

    def _look(self, day: date, ends: str | None = None) -> Recheck:
        return self._look_at(_counting(self.known), day, ends)

    def _look_at(self, counting: list[FactRecord], day: date, ends: str | None) -> Recheck:
        in_doubt, entry = is_in_doubt(self.known), newest(counting)
        is_entry = entry != self.entry
        measures = tuple(f.data for f in counting if isinstance(f.data, MeasureDelivered))
        called = names_told(self.known, counting)
        paid = [f for f in counting if isinstance(f.data, MedicalClaimSettled | SpendingReported)]
        names = names_of_bills(paid, called)
        medical = [f for f in paid if isinstance(f.data, MedicalClaimSettled)]
        twice = told_by_another(medical, names)
        earlier = _by_earlier_entry(counting)

        @cache
        def seen(
            answered: frozenset[str], *, is_identified: bool
        ) -> tuple[Opinion, Mapping[str, Ground]]:
            first = _first_names(self.known)
            unanswered = [
                f
                for f in counting
                if not isinstance(f.data, RiskReported) or first[f.fact_id] not in answered
            ]
            thought = opinion(
                unanswered, day, everything_heard=True, identified=is_identified, ahead=False
            )
            return thought, grounds(
                thought, day, identified=is_identified, called=called, names=names
            )

        def look(stand: Stand) -> Today:
            thought, rests_on = seen(stand.answered, is_identified=stand.identified is not None)
            is_below = thought.net_per_head is not None and thought.net_per_head < LINE
            served = entry is not None and entry.area.startswith(AREA[:6])
            return Today(
                thought,
                rests_on,
                day,
                in_doubt,
                served,
                is_below,
                ends,
                is_entry,
                measures,
                twice,
                None if earlier is None else self._look_at(earlier, day, ends),
            )

        return look

    def _late(self, before: list[FactRecord], day: date) -> list[Outbox]:
        """What a late fact would have changed is said once.

        With it, the household would not have left its group on the day it did.
        """
        left, entry = self.stand.left, newest(_counting(self.known))
        is_served = entry is not None and entry.area.startswith(AREA[:6])
        if (
            left is None
            or not late(day, left)
            or not is_served
            or is_in_doubt(self.known)
            or was_in_group(before, left)
            or not was_in_group(self.known, left)
        ):
            return []
        self.stand = replace(self.stand, left=None)
        return [("would_have", None, None)]


def _learned_on(record: FactRecord) -> date:
    return record.recorded_time.astimezone(SHANGHAI).date()


def _by_entry_of(stood: Stand, counting: list[FactRecord], day: date) -> list[FactRecord]:
    """Without the register entries after the one by which it stood."""
    counting = sorted(counting, key=age)
    entries = [f for f in counting if isinstance(f.data, HouseholdRegistered)]
    its = [n for n, f in enumerate(entries) if f.data == stood.entry]
    last = its[-1] if its else len(entries) - 1
    while last > 0 and not _is_anybody(entries[last], day):
        last -= 1
    return [f for f in counting if f not in entries[last + 1 :]]


def _entry_days(
    before: list[FactRecord], now: list[FactRecord], stood: Stand, day: date
) -> list[date]:
    """When its group began, and the days since then of which the correction speaks."""
    if stood.at == "lead" or stood.entered is None:
        return []
    was, known = _counting(before), _counting(now)
    changed = [f for f in was if f not in known] + [f for f in known if f not in was]
    days = {d for f in changed if (d := speaks_of(f)) is not None}
    return [stood.entered, *(d for d in days if stood.entered < d < day)]


def _is_later_year(fact: FactRecord, day: date) -> bool:
    """A year that ended after the day: what it spreads over the months before is a guess."""
    income = fact.data
    if not isinstance(income, IncomeReported) or not income.is_yearly:
        return False
    ends = income.earned_month or f"{fact.time.astimezone(SHANGHAI):%Y-%m}"
    return ends >= f"{day:%Y-%m}"


def _is_anybody(entry: FactRecord, day: date) -> bool:
    """Somebody of a household that its county serves."""
    assert isinstance(entry.data, HouseholdRegistered)
    is_served = entry.data.area.startswith(AREA[:6])
    return is_served and any(is_here(m, day) for m in entry.data.members)


def was_in_group(known: list[FactRecord], day: date) -> bool:
    """Where these facts alone put the household on the day.

    What was looked at later says nothing of that day.
    """
    seen = _seen_by(_counting(known), day)
    return opinion(seen, day, everything_heard=True, ahead=False).standing.startswith(
        "group:"
    ) and not is_in_doubt(known)


def _seen_by(records: list[FactRecord], day: date) -> list[FactRecord]:
    """Without checks, reviews and reports of after the day.

    An entry of after it says who was a member when, and of their insurance and school what the
    last entry of up to the day said.
    """
    seen = [r for r in records if (_looked_at_on(r) or day) <= day]
    of_then = newest(r for r in seen if r.time.astimezone(SHANGHAI).date() <= day)
    then = {} if of_then is None else {m.person_ref: m for m in of_then.members}
    return [_with_guarantees_of(r, then, day) for r in seen]


def _looked_at_on(record: FactRecord) -> date | None:
    match record.data:
        case GuaranteeChecked(checked_on=day) | AssetsChecked(checked_on=day):
            return day
        case HouseholdGraded(graded_on=day) | RiskReported(reported_on=day):
            return day
        case _:
            return None


def _with_guarantees_of(record: FactRecord, then: Mapping[str, Member], day: date) -> FactRecord:
    entry = record.data
    if not isinstance(entry, HouseholdRegistered) or record.time.astimezone(SHANGHAI).date() <= day:
        return record
    nothing = {"is_insured": None, "at_school": None}
    members = tuple(
        m.model_copy(
            update={
                name: getattr(then[m.person_ref], name) if m.person_ref in then else value
                for name, value in nothing.items()
            }
        )
        for m in entry.members
    )
    return record.model_copy(update={"data": entry.model_copy(update={"members": members})})


def is_in_doubt(known: Iterable[FactRecord]) -> bool:
    """Whether a ticket is open; the end of one holds, whichever came first."""
    tickets = [f.data for f in known if isinstance(f.data, MembershipDisputed)]
    return {t.ticket for t in tickets} > {
        t.ticket for t in tickets if t.state is not TicketState.OPEN
    }


def corrects(before: list[FactRecord], after: list[FactRecord], fact: FactRecord) -> bool:
    """Whether something that counted under a name counts otherwise now, or no more."""
    was, now = _counted(before, fact), _counted(after, fact)
    return any(now.get(name) != content for name, content in was.items())


def _counted(facts: list[FactRecord], like: FactRecord) -> dict[object, object]:
    """What counts, of the kind of a fact, by name."""
    alike = [f for f in facts if f.data.kind == like.data.kind]
    match like.data:
        case DisasterStruck():
            return {(s.hazard, s.struck_on): s for s in storms(alike)}
        case MedicalClaimSettled():
            return {name_of(f): f.data for f in bills(alike)}
        case HouseholdRegistered() | MembershipDisputed() | MeasureDelivered():
            return {}
        case _:
            return {name_of(f): content(f) for f in last_words(alike)}


def _counting(known: list[FactRecord]) -> list[FactRecord]:
    """Without what was taken back or replaced, whether that came before or after."""
    withdrawn = {name for f in known for name in f.withdraws}
    return list({f.fact_id: f for f in known if f.fact_id not in withdrawn}.values())


def names_told(known: Iterable[FactRecord], counting: Iterable[FactRecord]) -> dict[str, list[str]]:
    """What each disaster was called at first, by each who tells of it, in the order of telling.

    And each fact by its id. What was amended is called as it was before.
    """
    first = _first_names(known)
    called: dict[str, list[str]] = {}
    for record in sorted((f for f in counting if f.fact_id in first), key=age):
        called.setdefault(str(_own(record)), []).append(first[record.fact_id])
    return called | {fact_id: [name] for fact_id, name in first.items()}


def _first_names(known: Iterable[FactRecord]) -> dict[str, str]:
    """Id of each that has a name → what it was first told as, before it was amended."""
    known = list(known)
    by_id = {f.fact_id: f for f in known if _own(f) is not None}
    put_right_by: dict[str, str] = {}
    for record in known:  # what was taken back before it was put right is no name any more
        for fact_id in record.withdraws:
            put_right_by.setdefault(fact_id, record.fact_id)

    def first(record: FactRecord) -> str:
        kind = record.data.kind
        amended = [
            by_id[i]
            for i in record.withdraws
            if i in by_id and by_id[i].data.kind == kind and put_right_by[i] == record.fact_id
        ]
        return min(map(first, amended), default=str(_own(record)))

    return {fact_id: first(record) for fact_id, record in by_id.items()}


def _own(record: FactRecord) -> str | None:
    match record.data:
        case MedicalClaimSettled() | SpendingReported():
            return own_name(record)
        case DisasterStruck(hazard=hazard, struck_on=day):
            return f"{hazard} {day}"
        case HouseholdGraded(graded_on=day):
            return f"review {day}"
        case RiskReported(route=route, concern=concern, reported_on=day):
            return f"{route} {concern} {day}"
        case _:
            return None


def _by_earlier_entry(counting: list[FactRecord]) -> list[FactRecord] | None:
    """The facts as they would be if the last entry that said something else counted.

    Three entries that others replaced are remembered.
    """
    entries = sorted((f for f in counting if isinstance(f.data, HouseholdRegistered)), key=age)
    for n, entry in reversed(list(enumerate(entries[:-1]))[-3:]):
        if entry.data != entries[-1].data:
            return [f for f in counting if f not in entries[n + 1 :]]
    return None
