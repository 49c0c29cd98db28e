"""Temporary relief, step by step. Emergency relief is paid first and its papers follow; spending relief is applied for, checked, then decided.

| who may | emergency | spending |
|---|---|---|
| anybody at the desk | – | `apply`, `check` |
| township, up to its own limit; county above it | `decide` | `decide` |
| anybody but the person who decided | `pay`, then `papers` by the end of their day | `pay`, then `follow_up` |
| whoever may decide | `refuse` | `refuse` |

No advance is decided while papers of an earlier one are owed, unless the county says so and why. What papers show is the cap: the rest is to settle.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from foothold_alerts.rules.case import ReliefKind, ReliefStatus, Role
from foothold_alerts.rules.days import SHANGHAI, WorkDays, last_day
from foothold_alerts.rules.workflow import Limits
from foothold_schemas.findings import FindingKind


class ReliefAct(StrEnum):
    """The buttons of a relief."""

    APPLY = "apply"
    CHECK = "check"
    DECIDE = "decide"
    PAY = "pay"
    PAPERS = "papers"
    FOLLOW_UP = "follow_up"
    REFUSE = "refuse_relief"


class ReliefNo(StrEnum):
    """Why not."""

    STATUS = "status"
    ROLE = "role"
    ABOVE_TOWNSHIP = "above_township"
    SAME_PERSON = "same_person"
    PAPERS_OWED = "papers_owed"
    AMOUNT = "amount"
    NOTE = "note"
    MEMBER_DISPUTED = "member_disputed"


_WAYS: Final = {
    ReliefKind.EMERGENCY: {
        ReliefAct.DECIDE: ({ReliefStatus.PROPOSED}, ReliefStatus.DECIDED),
        ReliefAct.PAY: ({ReliefStatus.DECIDED}, ReliefStatus.PAID),
        ReliefAct.PAPERS: ({ReliefStatus.PAID}, ReliefStatus.SETTLED),
        ReliefAct.REFUSE: ({ReliefStatus.PROPOSED, ReliefStatus.DECIDED}, ReliefStatus.REFUSED),
    },
    ReliefKind.SPENDING: {
        ReliefAct.APPLY: ({ReliefStatus.PROPOSED}, ReliefStatus.APPLIED),
        ReliefAct.CHECK: ({ReliefStatus.APPLIED}, ReliefStatus.CHECKED),
        ReliefAct.DECIDE: ({ReliefStatus.CHECKED}, ReliefStatus.DECIDED),
        ReliefAct.PAY: ({ReliefStatus.DECIDED}, ReliefStatus.PAID),
        ReliefAct.FOLLOW_UP: ({ReliefStatus.PAID}, ReliefStatus.SETTLED),
        ReliefAct.REFUSE: ({ReliefStatus.PROPOSED, ReliefStatus.APPLIED, ReliefStatus.CHECKED, ReliefStatus.DECIDED}, ReliefStatus.REFUSED),
    },
}
_EXPLAINED: Final = frozenset({ReliefAct.CHECK, ReliefAct.FOLLOW_UP, ReliefAct.REFUSE})
_DECIDING: Final = frozenset({ReliefAct.DECIDE, ReliefAct.REFUSE})
AFTER_PAYMENT: Final = frozenset({ReliefAct.PAPERS, ReliefAct.FOLLOW_UP})
"""What may still be done once the case is over."""


@dataclass(frozen=True, slots=True)
class Relief:
    """One relief. Amounts in fen; `actual`: what the papers show it cost; `to_settle`: what was paid beyond that."""

    kind: ReliefKind
    cause: FindingKind
    status: ReliefStatus
    amount: int | None = None
    decided_by: str | None = None
    approved_by: str | None = None
    paid_by: str | None = None
    papers_due_on: date | None = None
    actual: int | None = None
    to_settle: int | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts, when, and what was filled in. `owed`: papers of another advance to this household are not there yet.

    `is_disputed`: a member also stands in another household.
    """

    by: str
    role: Role
    now: datetime
    owed: bool = False
    amount: int | None = None
    note: str = ""
    is_disputed: bool = False


def may(relief: Relief, role: Role) -> tuple[ReliefAct, ...]:
    """The buttons to show."""
    return tuple(a for a, (sources, _) in _WAYS[relief.kind].items() if relief.status in sources and not (a in _DECIDING and role is Role.VILLAGE))


def relieve(relief: Relief, act: ReliefAct, hand: Hand, limits: Limits, calendar: WorkDays) -> Relief | ReliefNo:
    """The relief after the act, or why not."""
    sources, after = _WAYS[relief.kind].get(act, (set(), relief.status))
    if relief.status not in sources:
        return ReliefNo.STATUS
    if (no := _not_so(act, hand)) is not None:
        return no
    changed = replace(relief, status=after)
    match act:
        case ReliefAct.DECIDE:
            return _decided(changed, hand, limits)
        case ReliefAct.PAY:
            return _paid(changed, hand, limits, calendar)
        case ReliefAct.PAPERS:
            return _settled(changed, hand)
        case _:
            return changed


def _not_so(act: ReliefAct, hand: Hand) -> ReliefNo | None:
    if act in _DECIDING and hand.role is Role.VILLAGE:
        return ReliefNo.ROLE
    return ReliefNo.NOTE if act in _EXPLAINED and not hand.note else None


def _decided(relief: Relief, hand: Hand, limits: Limits) -> Relief | ReliefNo:
    if not hand.amount:
        return ReliefNo.AMOUNT
    if relief.kind is ReliefKind.SPENDING and hand.is_disputed:  # an advance in an emergency waits for no register
        return ReliefNo.MEMBER_DISPUTED
    if hand.amount > limits.township_fen and hand.role is not Role.COUNTY:
        return ReliefNo.ABOVE_TOWNSHIP
    is_excepted = hand.owed and hand.role is Role.COUNTY and bool(hand.note)
    if relief.kind is ReliefKind.EMERGENCY and hand.owed and not is_excepted:
        return ReliefNo.PAPERS_OWED
    return replace(relief, amount=hand.amount, decided_by=hand.by, approved_by=hand.by if is_excepted else None)


def _paid(relief: Relief, hand: Hand, limits: Limits, calendar: WorkDays) -> Relief | ReliefNo:
    if hand.by == relief.decided_by:
        return ReliefNo.SAME_PERSON
    due = last_day(hand.now.astimezone(SHANGHAI).date(), limits.papers, calendar) if relief.kind is ReliefKind.EMERGENCY else None
    return replace(relief, paid_by=hand.by, papers_due_on=due)


def _settled(relief: Relief, hand: Hand) -> Relief | ReliefNo:
    """What was paid beyond the actual cost is to settle."""
    if hand.amount is None:
        return ReliefNo.AMOUNT
    return replace(relief, actual=hand.amount, to_settle=max(0, (relief.amount or 0) - hand.amount))
