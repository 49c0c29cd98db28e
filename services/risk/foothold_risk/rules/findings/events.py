"""Defines what one event is, finding by finding.

So a repeat is known as one, people's word covers what they saw, and wavering is distinguished from
news.

Something is *larger* where it is so by `exemption.material_share` of what was seen.

| finding | an event | it grew worse when |
|---|---|---|
| `disaster_loss` | hazard and day | home or main worker in a graver state, the loss is larger |
| `area_struck` | the incident | a graver level |
| `guarantee_missing` | a guarantee, a child out of school, a member without insurance | – |
| `risk_reported` | route, concern, day | – |
| `grade_fell` | the review | a lower grade |
| `work_lost` | the person | – |
| `project_underpaid` | project and year | the shortfall is larger |
| `single_stay_high` | the stay | its cost is larger |
| other sums and ratios | none: the value speaks | beyond its threshold by more than that share |

A guarantee that was met for longer than `wavering.days` and is unmet again is another event: one
that began after the last day on which somebody saw it unmet. So is the next year in which a project
falls short.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from foothold_risk.rules.findings import (
    area_struck,
    disaster_loss,
    grade_fell,
    guarantee_missing,
    project_underpaid,
    single_stay_high,
    work_lost,
)
from foothold_risk.rules.findings.finding import Finding, Measure, Money, income_window
from foothold_risk.rules.household.facts import Claim, Report, Spending
from foothold_risk.rules.household.household import Event, report_name
from foothold_risk.rules.household.packed import version_key
from foothold_risk.rules.household.statements import (
    all_names,
    latest_of_each,
    stays_told_twice,
)
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.facts.facts import HomeState, Severity, WorkerState
from foothold_schemas.facts.saw import MOST_EVENTS, Saw, SeenEvent
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen

Bill = tuple[bytes, int, date]
"""The name of a bill or cost, its own share in fen, its day."""
_HOME: Final = {state: rank for rank, state in enumerate(HomeState)}
_WORKER: Final = {state: rank for rank, state in enumerate(WorkerState)}
_LEVEL: Final = {level: rank for rank, level in enumerate(reversed(Severity))}
MOST_HAD: Final = 400
"""Events a case is remembered to have had; the oldest beyond them are forgotten, and would be told
once more."""
LONGEST_FOLLOWED: Final = 800
"""Days for which it is known since when a member's guarantee is met again; no word of people holds
as long."""
TOLD_BY_EVENT: Final = frozenset(
    {
        FindingKind.DISASTER_LOSS,
        FindingKind.AREA_STRUCK,
        FindingKind.GUARANTEE_MISSING,
        FindingKind.RISK_REPORTED,
        FindingKind.GRADE_FELL,
        FindingKind.WORK_LOST,
        FindingKind.PROJECT_UNDERPAID,
    }
)
"""Findings of which another event is news by itself; a stay is a bill."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a finding rests on: its events, the newest first, at most MOST_EVENTS of `total`.

    Its value and how far that lies beyond its threshold, in fen.

    `sums`: what is added up, each stay by itself: name, own share and day of each bill or cost in
    it. `threshold`: of the sum, in fen.
    """

    kind: FindingKind
    events: tuple[Event, ...] = ()
    total: int = 0
    value: int | None = None
    beyond: int | None = None
    sums: tuple[tuple[Bill, ...], ...] = ()
    threshold: int = 0

    @property
    def bills(self) -> tuple[Bill, ...]:
        """All its bills and costs."""
        return tuple(bill for stay in self.sums for bill in stay)

    @property
    def newest_on(self) -> date | None:
        """The day of its newest bill."""
        return max((day for _, _, day in self.bills), default=None)


def ground_of(finding: Finding[Measure], view: HouseholdOnDay) -> Ground:
    """What a finding rests on as of the day."""
    of, measure = _EVENTS.get(finding.kind), finding.measure
    threshold = measure.threshold if isinstance(measure, Money) else 0
    if of is not None:
        events = _merged(of(finding, view))
        stays = single_stay_high.high(view) if finding.kind is FindingKind.SINGLE_STAY_HIGH else ()
        return Ground(
            finding.kind,
            tuple(events[:MOST_EVENTS]),
            len(events),
            sums=tuple(_bills(stay, view) for stay in stays),
            threshold=threshold,
        )
    if isinstance(measure, Money):
        return Ground(
            finding.kind,
            value=abs(measure.value),
            beyond=abs(measure.value - threshold),
            sums=(_bills(finding.facts, view),),
            threshold=threshold,
        )
    return Ground(finding.kind)


def told_by_event(ground: Ground) -> tuple[Event, ...]:
    """The events of a finding of which each is news by itself.

    Of a project only that it falls short: its next year begins, and what it owes grows, by the
    calendar alone.
    """
    if ground.kind is FindingKind.PROJECT_UNDERPAID:
        return tuple(Event(e.name, last=e.last) for e in ground.events)
    return ground.events if ground.kind in TOLD_BY_EVENT else ()


def saw_of(ground: Ground, *, is_below: bool) -> Saw:
    """As messages carry it, and as a word of people about it gives it back."""
    return Saw(
        finding=ground.kind,
        value=None if ground.value is None else Fen(ground.value),
        beyond=None if ground.beyond is None else Fen(ground.beyond),
        events=tuple(
            SeenEvent(
                name=e.name,
                states=e.states,
                amount=Fen(e.amount) if e.amount else None,
                last=date.fromordinal(e.last) if e.last else None,
            )
            for e in ground.events
        ),
        events_total=ground.total,
        is_below=is_below,
        newest_on=ground.newest_on,
    )


def is_covered(event: Event, seen: Event, share: int) -> bool:
    """Whether the event is the one that was seen, and no worse.

    `share` in ten-thousandths. A loss nobody had put a figure to is not grown by one.
    """
    return (
        seen.name in event.names
        and event.since <= seen.last
        and all(now <= then for now, then in zip(event.states, seen.states, strict=False))
        and (not seen.amount or event.amount * SHARE_SCALE <= seen.amount * (SHARE_SCALE + share))
    )


def unseen(
    events: Iterable[Event], seen: Sequence[Event], share: int, total: int = 0, seen_total: int = 0
) -> tuple[Event, ...]:
    """The events that were not seen, or were seen less grave.

    Where more were seen than are named, what is older than those named was among them.
    """
    by_name: dict[str, list[Event]] = {}
    for event in seen:
        by_name.setdefault(event.name, []).append(event)
    oldest = (
        min((s.last for s in seen), default=0)
        if seen_total > len(seen) and total <= seen_total
        else -1
    )
    return tuple(
        e
        for e in events
        if not any(is_covered(e, s, share) for name in e.names for s in by_name.get(name, ()))
        and not (by_name.keys().isdisjoint(e.names) and e.last <= oldest)
    )


def joined(had: Sequence[Event], more: Iterable[Event], most: int) -> tuple[Event, ...]:
    """Both, each event once and as grave as it ever was; the newest `most` of them."""
    return tuple(_merged((*had, *more))[:most])


def _merged(events: Iterable[Event]) -> list[Event]:
    """Each name once, the gravest of each part.

    The newest first, so that any order of arrival gives the same.
    """
    merged: dict[str, Event] = {}
    for event in events:
        known = merged.get(event.name)
        if known is not None:
            states = (
                tuple(map(max, known.states, event.states))
                if known.states and event.states
                else known.states or event.states
            )
            since, last = max(known.since, event.since), max(known.last, event.last)
            also = tuple(sorted({*known.also, *event.also}))
            event = Event(event.name, states, max(known.amount, event.amount), since, last, also)  # noqa: PLW2901 - the two are one
        merged[event.name] = event
    return sorted(merged.values(), key=lambda e: (-e.last, e.name))


def _bills(facts: Iterable[object], view: HouseholdOnDay) -> tuple[Bill, ...]:
    names = first_names(view)
    return tuple(
        (bill_name(f, names), f.own_share, f.day) for f in facts if isinstance(f, Claim | Spending)
    )


def bill_name(bill: Claim | Spending, names: Mapping[str, str]) -> bytes:
    """The name it was first told under."""
    return bytes.fromhex(names.get(bill.own_name, bill.own_name))


def first_names(view: HouseholdOnDay) -> Mapping[str, str]:
    """Own name of each bill and cost that was amended → the name it was first told under.

    Where another bill stands under that one, or was told under it first, it keeps its own.
    """
    household = view.as_told or view.household
    bills: tuple[Claim | Spending, ...] = (*household.claims, *household.spendings)
    if not any(bill.known_as for bill in bills):
        return {}
    first: dict[str, str] = {}
    for bill in sorted(bills, key=version_key):
        first.setdefault(bill.own_name, bill.known_as or bill.own_name)
    names, taken = dict[str, str](), set(first)
    for own, name in first.items():
        if name not in taken:
            names[own] = name
            taken.add(name)
    return names


def same_as(view: HouseholdOnDay) -> Mapping[bytes, frozenset[bytes]]:
    """Name of each bill of a stay several senders billed alike → the others' bills.

    Their totals are the same, so they are one event.
    """
    if view.as_told is None:
        return {}
    same: dict[bytes, frozenset[bytes]] = {}
    names = first_names(view)
    for counted, others in stays_told_twice(
        latest_of_each(view.as_told.claims), view.policy.bills_precedence
    ):
        for bill in (*counted, *others):
            same[bill_name(bill, names)] = frozenset(
                bill_name(other, names)
                for other in (*counted, *others)
                if other.agency != bill.agency
            )
    return same


def _disasters(_finding: Finding[Measure], view: HouseholdOnDay) -> Iterator[Event]:
    """By the name each was first told under, where no other disaster stands under that one."""
    hits = disaster_loss.hits(view)
    own = {disaster.own_name for disaster in hits if not disaster.known_as}
    called = {
        d.own_name: d.known_as if d.known_as and d.known_as not in own else d.own_name for d in hits
    }
    names = all_names((view.as_told or view.household).disasters)
    for disaster in hits:
        name = called[disaster.own_name]
        yield Event(
            name,
            (_HOME[disaster.home], _WORKER[disaster.main_worker]),
            disaster.loss or 0,
            last=disaster.day.toordinal(),
            also=tuple(sorted(names[disaster.own_name] - set(called.values()))),
        )


def _incidents(_finding: Finding[Measure], view: HouseholdOnDay) -> Iterator[Event]:
    for name, incident in area_struck.hits(view):
        yield Event(name, (_LEVEL[incident.severity],), last=incident.first_day.toordinal())


def _guarantees(_finding: Finding[Measure], view: HouseholdOnDay) -> Iterator[Event]:
    counted = view.policy.guarantee_missing_guarantees
    for guarantee, check in guarantee_missing.last_checks(view.household).items():
        if not check.is_met and counted is not None and guarantee in counted.value:
            yield Event(
                guarantee.value, since=_unmet_since(guarantee, view), last=check.day.toordinal()
            )
    for guarantee, person in guarantee_missing.by_register(view):
        name = f"{guarantee} {person}"
        yield Event(name, since=_unmet_by_register(name, view), last=view.register.day.toordinal())


def followed(view: HouseholdOnDay) -> tuple[Event, ...]:
    """What the register says of members' guarantees, day by day.

    Only its latest entries are kept.

    `last` is the day from which one is unmet no longer; `states` is not empty where an entry said
    that it is met, for whoever is away or too old for school has it met by nobody's word.
    """
    today, before = view.day.toordinal(), view.household.position.members
    unmet = []
    for guarantee, person in guarantee_missing.by_register(view):
        name, states = (
            f"{guarantee} {person}",
            ((1,) if guarantee_missing.was_met(guarantee, person, view) else ()),
        )
        unmet.append(Event(name, states, since=_unmet_by_register(name, view)))
    now = {e.name for e in unmet}
    met = [
        Event(e.name, e.states or _said_met(e.name, view), since=e.since, last=e.last or today)
        for e in before
        if e.name not in now
    ]
    return tuple(
        sorted(
            (*unmet, *(e for e in met if today - e.last <= LONGEST_FOLLOWED)), key=lambda e: e.name
        )
    )


def _said_met(name: str, view: HouseholdOnDay) -> tuple[int, ...]:
    guarantee, person = name.split(" ", 1)
    return (1,) if guarantee_missing.says_met(guarantee, person, view.register) else ()


def _unmet_by_register(name: str, view: HouseholdOnDay) -> int:
    """As of a check: the entry from which it is unmet anew, being met for longer than the days."""
    known = next((e for e in view.household.position.members if e.name == name), None)
    if known is None:
        return 0
    is_anew = known.last > 0 and view.day.toordinal() - known.last > view.policy.days_of_wavering
    return view.register.day.toordinal() if is_anew else known.since


def _unmet_since(guarantee: Guarantee, view: HouseholdOnDay) -> int:
    """The day after which it is unmet anew: it was met for longer than the days.

    0: for all that is known it is one stretch.
    """
    since, met_on = 0, None
    for check in sorted(
        (c for c in view.household.checks if c.guarantee is guarantee), key=lambda c: c.order
    ):
        if check.is_met:
            met_on = met_on or check.day
        elif met_on is not None:
            since = (
                check.day.toordinal()
                if (check.day - met_on).days > view.policy.days_of_wavering
                else since
            )
            met_on = None
    return since


def _reports(finding: Finding[Measure], _view: HouseholdOnDay) -> Iterator[Event]:
    yield from (
        Event(report_name(f), last=f.day.toordinal())
        for f in finding.facts
        if isinstance(f, Report)
    )


def _reviews(_finding: Finding[Measure], view: HouseholdOnDay) -> Iterator[Event]:
    *others, last = sorted(view.household.gradings, key=lambda g: g.order)
    is_free = last.known_as and all(g.own_name != last.known_as for g in others)
    name = last.known_as if is_free else last.own_name
    rank, also = grade_fell.RANK[last.grade], () if name == last.own_name else (last.own_name,)
    yield Event(name, (rank,), last=last.day.toordinal(), also=also)


def _workers(_finding: Finding[Measure], view: HouseholdOnDay) -> Iterator[Event]:
    last = income_window(view.day).last.toordinal()
    yield from (Event(f"work {person}", last=last) for _, person in work_lost.lost(view))


def _projects(_finding: Finding[Measure], view: HouseholdOnDay) -> Iterator[Event]:
    last = income_window(view.day).last
    for shortfall in project_underpaid.underpaid(view):
        since = project_underpaid.short_since(shortfall.project or "", view)
        yield Event(
            f"project {shortfall.project}",
            amount=shortfall.measure.threshold - shortfall.measure.value,
            since=0 if since is None else since.toordinal(),
            last=last.toordinal(),
        )


def _stays(_finding: Finding[Measure], view: HouseholdOnDay) -> Iterator[Event]:
    names = first_names(view)
    for claims in single_stay_high.high(view):
        name = min(c.stay or bill_name(c, names).hex() for c in claims)
        yield Event(
            f"stay {name}",
            amount=sum(c.own_share for c in claims),
            last=max(c.day for c in claims).toordinal(),
        )


_EVENTS: Final[
    Mapping[FindingKind, Callable[[Finding[Measure], HouseholdOnDay], Iterable[Event]]]
] = MappingProxyType(
    {
        FindingKind.DISASTER_LOSS: _disasters,
        FindingKind.AREA_STRUCK: _incidents,
        FindingKind.GUARANTEE_MISSING: _guarantees,
        FindingKind.RISK_REPORTED: _reports,
        FindingKind.GRADE_FELL: _reviews,
        FindingKind.WORK_LOST: _workers,
        FindingKind.PROJECT_UNDERPAID: _projects,
        FindingKind.SINGLE_STAY_HIGH: _stays,
    }
)
