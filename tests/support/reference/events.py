"""The second opinion on what each finding rests on.

Its events by name with how bad they are, or its value, and the bills of its sum.

Names are those that messages carry, so that a word of people about them can be read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from hashlib import blake2b
from itertools import pairwise

from foothold_schemas.facts.checks import Grade, GuaranteeChecked, HouseholdGraded, SpendingReported
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import (
    CareSetting,
    DisasterStruck,
    HomeState,
    IncomeCategory,
    IncomeReported,
    MedicalClaimSettled,
    WorkerState,
)
from foothold_schemas.facts.reports import RiskReported
from tests.support.reference.arithmetic import (
    covered_months,
    in_rolling_year,
    is_here,
    last_of,
    months_before,
    own,
    share_of,
    yuan,
)
from tests.support.reference.findings import is_child
from tests.support.reference.opinion import Opinion, Seen
from tests.support.reference.statements import own_name

WAVERING_DAYS = 30
SHARE = Fraction(1, 5)
"""`exemption.material_share`."""


@dataclass(frozen=True)
class Event:
    """How bad, part by part.

    What was lost or is owed; from when it is another event than one seen before; the last day
    somebody said so.
    """

    states: tuple[int, ...] = ()
    amount: Fraction | None = None
    since: date = date.min
    last: date = date.min
    also: frozenset[str] = frozenset()
    """Other names it was told under."""


@dataclass(frozen=True)
class Ground:
    """`events` None: the value speaks.

    `sums`: what is added up, each stay by itself: name of the bill → what the household paid of it.
    """

    events: Mapping[str, Event] | None = None
    value: Fraction = Fraction(0)
    beyond: Fraction = Fraction(0)
    sums: tuple[Mapping[str, Fraction], ...] = ()
    threshold: Fraction = Fraction(0)


def is_same(now: Event, then: Event) -> bool:
    """The event that was seen, and no worse."""
    is_graver = any(a > b for a, b in zip(now.states, then.states, strict=False))
    is_dearer = (
        now.amount is not None
        and then.amount is not None
        and now.amount > then.amount * (1 + SHARE)
    )
    return now.since <= then.last and not is_graver and not is_dearer


def was_seen(name: str, event: Event, seen: Mapping[str, Event]) -> bool:
    """Whether it is among what was seen, by whichever of its names, and no worse."""
    return any(n in seen and is_same(event, seen[n]) for n in {name} | event.also)


def joined(had: Mapping[str, Event], more: Mapping[str, Event]) -> dict[str, Event]:
    """Both, each as grave as it ever was."""
    result = dict(had)
    for name, now in more.items():
        then = had.get(name, now)
        states = tuple(map(max, now.states, then.states))
        amount = max((a for a in (now.amount, then.amount) if a is not None), default=None)
        result[name] = Event(states, amount, max(now.since, then.since), max(now.last, then.last))
    return result


def grounds(
    opinion: Opinion,
    today: date,
    *,
    identified: bool,
    called: Mapping[str, list[str]],
    names: Mapping[str, str],
) -> dict[str, Ground]:
    """Of every finding of the day what it rests on.

    `called`: disaster → what those who told of it called it at first, in the order they told; id
    of a review or report → what it was first told as. `names`: own name of a bill or cost → what it
    is called.
    """
    seen, findings = opinion.seen, opinion.findings
    year = [
        (r, r.data)
        for r in seen.bills
        if isinstance(r.data, MedicalClaimSettled) and in_rolling_year(r.data.settled_on, today)
    ]
    medical = {names[own_name(r)]: own(b) for r, b in year}
    result = {name: Ground() for name in findings}
    for name, (value, threshold) in seen.values.items():
        result[name] = Ground(
            None,
            abs(value),
            abs(value - threshold),
            (_bills_of(name, seen, today, opinion, names),),
            threshold,
        )
    if "single_stay_high" in findings:
        stays: dict[str, list[tuple[FactRecord, MedicalClaimSettled]]] = {}
        for record, bill in year:
            if bill.setting is CareSetting.INPATIENT:
                stays.setdefault(
                    f"{bill.person_ref} {bill.stay}" if bill.stay else f"alone {record.fact_id}", []
                ).append((record, bill))
        dear = {
            key: stay_bills
            for key, stay_bills in stays.items()
            if sum(own(b) for _, b in stay_bills) > (6000 if identified else 10000)
        }
        events = {
            f"stay {_stay(stay_bills, names)}": Event(
                (),
                sum((own(b) for _, b in stay_bills), Fraction(0)),
                last=max(b.settled_on for _, b in stay_bills),
            )
            for stay_bills in dear.values()
        }
        sums = tuple(
            {names[own_name(r)]: medical[names[own_name(r)]] for r, _ in stay_bills}
            for stay_bills in dear.values()
        )
        result["single_stay_high"] = Ground(
            events, sums=sums, threshold=Fraction(6000 if identified else 10000)
        )
    result |= {
        name: Ground(events)
        for name, events in _events(opinion, today, called).items()
        if name in findings
    }
    return result


def _events(
    opinion: Opinion, today: date, called: Mapping[str, list[str]]
) -> dict[str, dict[str, Event]]:
    seen = opinion.seen
    storms = {
        f"{s.hazard} {s.struck_on}": _disaster(s) for s in seen.storms if _counts(s, seen, today)
    }
    first = {name: next(iter(called.get(name, [name]))) for name in storms}
    own = {name for name in storms if first[name] == name}
    shown = {name: name if first[name] in own else first[name] for name in storms}
    storms = {
        shown[name]: replace(
            storm, also=frozenset([*called.get(name, []), name]) - set(shown.values())
        )
        for name, storm in storms.items()
    }
    here = [m for m in seen.entry.members if is_here(m, today)]
    missing = {
        f"education {m.person_ref}": Event()
        for m in here
        if m.at_school is False and is_child(m, today)
    }
    missing |= {f"medical_insurance {m.person_ref}": Event() for m in here if m.is_insured is False}
    last_review = dict(_last_review(seen.reviews, called))
    return {
        "disaster_loss": storms,
        "guarantee_missing": missing | _unmet(seen.checks),
        "grade_fell": last_review,
        "risk_reported": {
            called[r.fact_id][0]: Event(last=r.data.reported_on)
            for r in seen.reports
            if isinstance(r.data, RiskReported)
        },
        "work_lost": {
            f"work {person}": Event(last=last_of(months_before(today, 1)[0]))
            for person in _out_of_work(seen, today)
        },
        "project_underpaid": dict(_short(seen, today)),
    }


def _disaster(storm: DisasterStruck) -> Event:
    states = (list(HomeState).index(storm.home), list(WorkerState).index(storm.main_worker))
    return Event(states, None if storm.loss is None else yuan(storm.loss), last=storm.struck_on)


def _counts(storm: DisasterStruck, seen: Seen, today: date) -> bool:
    if not storm.is_verified or not in_rolling_year(storm.struck_on, today):
        return False
    is_grave = (
        storm.home in (HomeState.BADLY_DAMAGED, HomeState.DESTROYED)
        or storm.main_worker is not WorkerState.UNHURT
    )
    return is_grave or (seen.losses_reach and bool(storm.loss))


def _last_review(
    reviews: Sequence[FactRecord], called: Mapping[str, list[str]]
) -> Iterator[tuple[str, Event]]:
    """By the day it was first told for, unless another review is of that day."""
    days = [r.data.graded_on for r in reviews if isinstance(r.data, HouseholdGraded)]
    last = reviews[-1].data if reviews else None
    if isinstance(last, HouseholdGraded):
        own, first = f"review {last.graded_on}", called[reviews[-1].fact_id][0]
        name = own if first in {f"review {day}" for day in days[:-1]} else first
        rank = (list(Grade).index(last.grade),)
        yield name, Event(rank, last=last.graded_on, also=frozenset([own]))


def _unmet(checks: Iterable[FactRecord]) -> dict[str, Event]:
    """Each guarantee whose last check says no.

    Unmet again long after it was met is another event.
    """
    by_guarantee: dict[str, list[GuaranteeChecked]] = {}
    for record in checks:
        if isinstance(record.data, GuaranteeChecked):
            by_guarantee.setdefault(record.data.guarantee, []).append(record.data)
    events = {}
    for name, some in by_guarantee.items():
        since, met_on = date.min, None
        for check in sorted(some, key=lambda c: c.checked_on):
            if (
                not check.is_met
                and met_on is not None
                and (check.checked_on - met_on).days > WAVERING_DAYS
            ):
                since = check.checked_on
            met_on = (met_on or check.checked_on) if check.is_met else None
        if met_on is None:
            events[str(name)] = Event(since=since, last=max(c.checked_on for c in some))
    return events


def _out_of_work(seen: Seen, today: date) -> list[str]:
    window = months_before(today, 12)
    gone = []
    for member in seen.entry.members:
        wages = [
            f.data
            for f in seen.incomes
            if isinstance(f.data, IncomeReported) and f.data.category is IncomeCategory.WAGE
        ]
        own_wages = [
            w for w in wages if w.person_ref == member.person_ref and share_of(w, window) > 0
        ]
        if (
            is_here(member, today)
            and own_wages
            and not any(month in covered_months(w) for w in own_wages for month in window[-3:])
        ):
            gone.append(member.person_ref)
    return gone


def _short(seen: Seen, today: date) -> Iterable[tuple[str, Event]]:
    """What a household holds of a project is one.

    It is another year that falls short after one that was paid in full, and when the payments of a
    calendar year have all left the window and later ones stand in it. A part payment of what was
    owed already, or a turned year, is the same.
    """
    window = months_before(today, 12)
    held = [share for share in seen.entry.projects if share.invested_on <= date(*window[0], 1)]
    for project in {share.project for share in held}:
        payments = [
            f.data
            for f in seen.incomes
            if isinstance(f.data, IncomeReported) and f.data.project == project
        ]
        # the last day of each of the last windows -> what was missing, and the years paid in
        missing: list[tuple[date, Fraction, list[int]]] = []
        for ago in range(14):
            months = _a_year_before(window, ago)
            owed = sum(
                (
                    yuan(s.invested) * Fraction(6 if s.invested_on >= date(2025, 6, 1) else 7, 100)
                    for s in seen.entry.projects
                    if s.project == project and s.invested_on <= date(*months[0], 1)
                ),
                Fraction(0),
            )
            paid = sum((share_of(payment, months) for payment in payments), Fraction(0))
            last_months = (covered_months(p)[-1] for p in payments if yuan(p.amount))
            years = [month[0] for month in last_months if month in months]
            missing.append((last_of(months[-1]), owed - paid, years))
        if missing[0][1] <= 0:
            continue
        since = next(
            (
                last
                for (last, _, years), (_, short, years_before) in pairwise(missing)
                if short <= 0 or (years and years_before and min(years) > min(years_before))
            ),
            date.min,
        )
        yield f"project {project}", Event((), missing[0][1], since, last_of(window[-1]))


def _a_year_before(window: list[tuple[int, int]], ago: int) -> list[tuple[int, int]]:
    """Twelve months that end so many months before the window does."""
    (year, month) = window[-1]
    last = year * 12 + month - 1 - ago
    return [(n // 12, n % 12 + 1) for n in range(last - 11, last + 1)]


def _bills_of(
    finding: str, seen: Seen, today: date, opinion: Opinion, names: Mapping[str, str]
) -> Mapping[str, Fraction]:
    """What a sum adds up."""
    year = [
        (r, r.data)
        for r in seen.bills
        if isinstance(r.data, MedicalClaimSettled) and in_rolling_year(r.data.settled_on, today)
    ]
    costs = [(r, r.data) for r in seen.costs if isinstance(r.data, SpendingReported)]
    medical = {names[own_name(r)]: own(b) for r, b in year}
    if finding == "self_paid_high":
        return medical
    if finding == "self_paid_ratio":
        people = {str(b.person_ref) for _, b in year if b.person_ref is not None}
        worst = max(people, key=lambda p: (sum(own(b) for _, b in year if b.person_ref == p), p))
        return {names[own_name(r)]: own(b) for r, b in year if b.person_ref == worst}
    if finding == "rigid_spending_ratio" and opinion.net is not None:
        kinds = ("education", "rehabilitation", "accident")
        rigid = {
            names[own_name(r)]: yuan(c.total) - yuan(c.covered)
            for r, c in costs
            if c.category in kinds and in_rolling_year(c.spent_on, today)
        }
        accidents = {
            names[own_name(r)]: yuan(c.total) - yuan(c.covered)
            for r, c in costs
            if c.category == "accident" and in_rolling_year(c.spent_on, today)
        }
        is_all = sum((medical | rigid).values()) > opinion.net * Fraction(7, 10)
        return medical | (rigid if is_all else accidents)
    if finding == "education_cost_high":
        september = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
        return {
            names[own_name(r)]: yuan(c.total) - yuan(c.covered)
            for r, c in costs
            if c.category == "education" and september <= c.spent_on <= today
        }
    return {}


def heavy(some: Iterable[Ground], paid: frozenset[str]) -> dict[str, bool]:
    """The bills the case has not had that alone are a fifth of what the rest of their sum comes to.

    Whether each would be a finding without the rest.
    """
    is_over: dict[str, bool] = {}
    for ground in some:
        for bills in ground.sums:
            for name, cost in bills.items():
                if name not in paid and cost >= (sum(bills.values()) - cost) * SHARE:
                    is_over[name] = is_over.get(name, False) or cost >= ground.threshold
    return is_over


def _stay(bills: Iterable[tuple[FactRecord, MedicalClaimSettled]], names: Mapping[str, str]) -> str:
    """Its name; of a bill without one, a digest of its sender and number."""

    def digest(record: FactRecord) -> str:
        name = names[own_name(record)].replace(" ", "\n", 1)
        return blake2b(name.encode(), digest_size=8).hexdigest()

    return min(b.stay or digest(r) for r, b in bills)
