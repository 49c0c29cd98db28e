"""Start reading here.

From a household's facts, the open day and the policy to where it should stand: group, watch or
clear.

| net income per head | findings | target |
|---|---|---|
| below the line | a risk | unstable_ex_poor (ex-poor) or marginal (ordinary) |
| at or above | a shock, and basic living endangered | sudden_hardship, urgent |
| at or above | a risk or shock | watch, a lead |
| any | none, but somebody reported trouble | watch, a lead |
| below, or exactly on it | none | watch, no case: income alone is only a reference |
| projected below it | none | watch, no case |
| not heard | none new | as before, shown stale |
| at or above | none left, but the feed it rested on is silent | as before, shown stale |

Basic living is endangered when the reference income is below the line, a home is destroyed, or a
guarantee that was met is not met now. A household that refused its authorisation is not assessed at
all. A finding people dismissed or found harmless leads nowhere while the facts say no more than
what they saw, but an identified household's group never ends by that.

A function of the set of facts, the open day and the policy bundle; the order of arrival does not
matter.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from foothold_risk.rules import findings
from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.findings import disaster_loss, guarantee_missing
from foothold_risk.rules.findings.events import Ground, ground_of
from foothold_risk.rules.findings.finding import Finding, Measure
from foothold_risk.rules.household.facts import Register
from foothold_risk.rules.household.household import Household, Position, Word
from foothold_risk.rules.money.figures import HouseholdOnDay, look
from foothold_risk.rules.money.forecast import look_ahead
from foothold_risk.rules.status.words import ground_in, holding
from foothold_schemas.facts.facts import HomeState
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Status
from foothold_schemas.values import Group, Standing

IS_RISK = frozenset(rule.kind for rule in findings.ALL if rule.is_risk)
IS_SHOCK = frozenset(rule.kind for rule in findings.ALL if rule.is_shock)
IS_LEAD = IS_RISK | IS_SHOCK | {FindingKind.RISK_REPORTED}
"""What people look into, whatever the income."""
STRUCK = frozenset({FindingKind.DISASTER_LOSS, FindingKind.AREA_STRUCK})
"""What makes a case urgent whatever the income."""
RESTS_ON = {rule.kind: rule.feeds for rule in findings.ALL}
NEEDS_INCOME = frozenset(rule.kind for rule in findings.ALL if rule.needs_income)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a household should stand as of the open day. `is_natural`: nobody of it is left."""

    status: Status
    group: Group | None = None
    is_lead: bool = False
    is_urgent: bool = False
    is_natural: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """The figures, the findings and the target they lead to.

    `held` are findings of before that nothing heard can confirm or clear.

    `words`: people's word that a finding calls for nothing, as far as it holds today; such a
    finding is shown and leads nowhere.
    `grounds`: what each finding rests on, in their order.
    """

    view: HouseholdOnDay
    findings: tuple[Finding[Measure], ...]
    held: tuple[FindingKind, ...]
    target: Target
    words: tuple[Word, ...] = ()
    grounds: tuple[Ground, ...] = ()

    @property
    def kinds(self) -> tuple[FindingKind, ...]:
        """The rules that hold, the held ones included."""
        quiet = self.quiet
        return tuple(k for k in (*self.held, *(f.kind for f in self.findings)) if k not in quiet)

    @property
    def quiet(self) -> frozenset[FindingKind]:
        """The rules people found harmless."""
        return frozenset(w.kind for w in self.words)

    @property
    def unheard(self) -> tuple[Word, ...]:
        """What the held findings rested on when they were last seen."""
        return tuple(w for w in self.view.household.position.grounds if w.kind in self.held)

    @property
    def speaking(self) -> tuple[Ground, ...]:
        """What the findings rest on that people found nothing about."""
        quiet = self.quiet
        return tuple(g for g in self.grounds if g.kind not in quiet)


def assess(household: Household, register: Register, context: DayContext) -> Assessment:
    """Judge a registered household as of a day."""
    view = look(household, register, context)
    current = tuple(f for rule in findings.ALL if (f := rule.find(view)) is not None)
    grounds = tuple(ground_of(f, view) for f in current)
    position, kinds = household.position, frozenset(f.kind for f in current)
    gone = [k for k in _found_before(position) if k not in kinds]
    stale_kinds = frozenset(k for k in gone if RESTS_ON[k] & {s.feed for s in view.silent})
    held = tuple(k for k in gone if k in stale_kinds or is_unknown(k, view))
    # people's word covers what nothing heard can confirm by what it was last seen to rest on
    unconfirmed = (ground_in(w) for w in position.grounds if w.kind in held)
    words = holding(position.words, (*grounds, *unconfirmed), view)
    quiet = frozenset(w.kind for w in words)
    if not register.here(view.day):
        return Assessment(
            view, current, held, Target(Status.CLEAR, is_natural=True), words, grounds
        )
    speaking = tuple(k for k in held if k not in quiet)
    target = _standing(view, kinds - quiet, stale_kinds - quiet, speaking, position)
    if (
        quiet
        and position.is_identified
        and position.status is Status.GROUP
        and target.status is not Status.GROUP
    ):
        # people's word shows a finding as harmless, and ends no identified group; nor is what they
        # found harmless its danger
        target = _standing(view, kinds, stale_kinds, held, position)
        if view.net_per_head is None or target.group is not Group.SUDDEN_HARDSHIP:
            struck = ((kinds | set(held)) - quiet) & STRUCK
            target = replace(target, is_urgent=target.is_urgent and bool(struck))
    return Assessment(
        view,
        current,
        held,
        (
            _undecided(target, position, (kinds - quiet) | set(speaking))
            if household.disputed
            else target
        ),
        words,
        grounds,
    )


def _found_before(position: Position) -> tuple[FindingKind, ...]:
    """The findings of before, with those people found harmless, while their case is open."""
    covered = {w.kind for w in position.words} - set(position.findings)
    return (*position.findings, *(w.kind for w in position.grounds if w.kind in covered))


def _standing(
    view: HouseholdOnDay,
    kinds: frozenset[FindingKind],
    stale_kinds: frozenset[FindingKind],
    held: tuple[FindingKind, ...],
    position: Position,
) -> Target:
    """Where these findings lead; a silent feed that held one of them ends no group."""
    target = _target(view, kinds | stale_kinds, held, position)
    is_over = position.status is Status.GROUP and target.status is not Status.GROUP
    return _held(kinds, held, position) if stale_kinds and is_over else target


def is_unknown(kind: FindingKind, view: HouseholdOnDay) -> bool:
    """Whether a finding can be neither confirmed nor cleared, because income is not heard."""
    return view.net is None and (
        kind in NEEDS_INCOME
        or (kind is FindingKind.DISASTER_LOSS and disaster_loss.is_unknown(view))
    )


def _undecided(target: Target, position: Position, kinds: Collection[FindingKind]) -> Target:
    """In doubt who belongs to the household: no group begins or ends, and nobody is overlooked.

    For a group that would begin there is a lead, and the village's lead on a household whose
    authorisation is given again stays until what it stands for can go on.
    """
    if position.status is Status.GROUP:
        return Target(
            Status.GROUP,
            position.group,
            is_lead=True,
            # where it would be in another group, danger goes with its ground all the same
            is_urgent=(
                (target.status is Status.GROUP and target.is_urgent)
                or _is_still_urgent(position, kinds)
            ),
        )
    if position.status is Status.RECOVERING:
        return Target(Status.RECOVERING, is_lead=True)
    is_waiting = position.is_lead and position.frozen
    return (
        Target(Status.WATCH, is_lead=True)
        if is_waiting or target.status is Status.GROUP
        else target
    )


def _target(
    view: HouseholdOnDay,
    kinds: frozenset[FindingKind],
    held: tuple[FindingKind, ...],
    position: Position,
) -> Target:
    if view.net_per_head is None or view.line is None:
        return _held(kinds, held, position)
    if view.net_per_head < view.line and kinds & IS_RISK:
        group = (
            Group.UNSTABLE_EX_POOR if view.register.standing is Standing.EX_POOR else Group.MARGINAL
        )
        return Target(Status.GROUP, group, is_lead=True, is_urgent=bool(kinds & STRUCK))
    if view.net_per_head >= view.line and kinds & IS_SHOCK and _is_endangered(view):
        return Target(Status.GROUP, Group.SUDDEN_HARDSHIP, is_lead=True, is_urgent=True)
    if kinds & IS_LEAD:
        return Target(Status.WATCH, is_lead=True)
    if view.net_per_head <= view.line or any(o.is_below for o in look_ahead(view)):
        return Target(Status.WATCH)
    return Target(Status.CLEAR)


def _held(
    kinds: frozenset[FindingKind], held: tuple[FindingKind, ...], position: Position
) -> Target:
    """Income not heard: unknown never triggers a group and never clears one.

    But whichever side of the line it may turn out to be, what people look into is a lead at least,
    so they look at once. And where every ground is known to be gone there is no group and no lead,
    whatever the income.
    """
    if position.status is Status.RECOVERING or (
        position.status is Status.GROUP and (kinds | set(held)) & (IS_RISK | IS_SHOCK)
    ):
        is_urgent = _is_still_urgent(position, kinds | set(held))
        return Target(position.status, position.group, is_lead=True, is_urgent=is_urgent)
    if kinds & IS_LEAD:
        return Target(Status.WATCH, is_lead=True)
    if position.status is Status.GROUP or (position.is_lead and not held):
        return Target(Status.CLEAR)
    return Target(position.status, is_lead=position.is_lead)


def _is_still_urgent(position: Position, kinds: Collection[FindingKind]) -> bool:
    """Whether what made a group urgent is there still, while nothing decides on the group itself.

    Danger goes with its ground: of sudden hardship that is a shock, of a group below the line what
    struck it.
    """
    grounds = STRUCK | IS_SHOCK if position.group is Group.SUDDEN_HARDSHIP else STRUCK
    return position.is_urgent and not grounds.isdisjoint(kinds)


def _is_endangered(view: HouseholdOnDay) -> bool:
    """Return whether the household is in danger.

    It is if the reference income per head is below the line, a home was destroyed, or a guarantee
    was lost.
    """
    is_below = (
        view.reference_per_head is not None
        and view.line is not None
        and view.reference_per_head < view.line
    )
    is_homeless = any(d.is_verified and d.home is HomeState.DESTROYED for d in view.disasters)
    return is_below or is_homeless or guarantee_missing.is_lost(view)
