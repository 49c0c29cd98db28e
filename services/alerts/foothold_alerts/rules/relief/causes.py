"""What relief is for: what happened.

Each disaster and each fallen review is a cause of its own; bills and costs are one cause a calendar
year.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from foothold_alerts.rules.case import ReliefKind
from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Transition

RELIEF: Final = {
    FindingKind.DISASTER_LOSS: ReliefKind.EMERGENCY,
    FindingKind.SELF_PAID_HIGH: ReliefKind.SPENDING,
    FindingKind.SINGLE_STAY_HIGH: ReliefKind.SPENDING,
    FindingKind.SELF_PAID_RATIO: ReliefKind.SPENDING,
    FindingKind.RIGID_SPENDING_RATIO: ReliefKind.SPENDING,
    FindingKind.EDUCATION_COST_HIGH: ReliefKind.SPENDING,
    FindingKind.GRADE_FELL: ReliefKind.SPENDING,
}
"""What a finding calls for. Income, work and guarantees call for measures, not for temporary
relief."""
BY_EVENT: Final = frozenset({FindingKind.DISASTER_LOSS, FindingKind.GRADE_FELL})


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing relief is for: the finding, and which event of it; bills have no event.

    `bills_until`: the day of the newest bill in it.
    """

    finding: FindingKind
    event: str | None = None
    bills_until: date | None = None


def is_alike(cause: Cause, other: Cause) -> bool:
    """Whether relief for both causes is one relief.

    It is if they are of one event, or of the bills, whichever finding of them comes first.
    """
    if cause.finding in BY_EVENT or other.finding in BY_EVENT:
        return (cause.finding, cause.event) == (other.finding, other.event)
    return True


@dataclass(frozen=True, slots=True)
class Relieved:
    """For what relief stands proposed or was paid to a household.

    `unnamed`: finding and year of relief from before events had names.

    `bills`: the years in which there was one for bills; `bills_until`: the day of the newest bill
    those were for, as far as it is known.
    `withdrawn`: what ended unpaid with the case, or with its group, and is not proposed again
    since.
    """

    events: frozenset[str] = frozenset()
    bills: frozenset[int] = frozenset()
    bills_until: date | None = None
    unnamed: frozenset[tuple[FindingKind, int]] = field(default=frozenset())
    withdrawn: tuple[Cause, ...] = ()

    def with_cause(self, cause: Cause, year: int) -> "Relieved":
        """And for this one."""
        if cause.event is not None:
            return replace(self, events=self.events | {cause.event})
        if cause.finding in BY_EVENT:
            return replace(self, unnamed=self.unnamed | {(cause.finding, year)})
        newest = max(
            (day for day in (self.bills_until, cause.bills_until) if day is not None), default=None
        )
        return replace(self, bills=self.bills | {year}, bills_until=newest)

    def with_withdrawn(self, withdrawn: tuple[Cause, ...]) -> "Relieved":
        """And what was withdrawn."""
        return replace(self, withdrawn=withdrawn)

    def goes_on(self, cause: Cause) -> bool:
        """Whether what is proposed for the cause is what was withdrawn."""
        return any(is_alike(cause, withdrawn) for withdrawn in self.withdrawn)


NOTHING: Final = Relieved()


def causes_of(transition: Transition, relieved: Relieved) -> Iterator[Cause]:
    """What is found today and calls for relief nobody has proposed yet.

    A turned year proposes for bills only where there are newer ones.
    """
    year, saw = transition.open_day.year, {sight.finding: sight for sight in transition.saw}
    rules = [f.rule for f in transition.findings if f.rule in RELIEF and f.quiet_until is None]
    for rule in rules:
        if rule in BY_EVENT and (rule, year) not in relieved.unnamed:
            yield from _events(rule, saw.get(rule), relieved)
    sums = [rule for rule in rules if rule not in BY_EVENT]
    if not sums or year in relieved.bills:
        return
    newest = max(
        (saw[rule].newest_on or date.min for rule in sums if rule in saw), default=date.min
    )
    until = None if newest == date.min else newest
    if relieved.bills_until is None or until is None or until > relieved.bills_until:
        yield Cause(sums[0], bills_until=until)


def _events(rule: FindingKind, saw: Saw | None, relieved: Relieved) -> Iterator[Cause]:
    names = [event.name for event in saw.events] if saw is not None and saw.events else [None]
    yield from (Cause(rule, name) for name in names if name is None or name not in relieved.events)
