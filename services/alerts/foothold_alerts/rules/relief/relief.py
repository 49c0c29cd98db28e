"""Temporary relief, step by step.

Emergency relief is paid first and its papers follow; spending relief is applied for, checked, then
decided.

| who may | emergency | spending |
|---|---|---|
| anybody at the desk | – | `apply`, `check` |
| township, up to its own limit; county above it | `decide` | `decide` |
| anybody but the decider | `pay`, then `papers` by the end of their day | `pay`, then `follow_up` |
| township and county, with a reason | `correct_papers` once they are there | – |
| whoever may decide | `refuse` | `refuse` |
| township to its own limit; county above | `amend` until it is paid | `amend` until it is paid |
| anybody | `came_back` | `came_back` |
| county, with a reason | `waive` | `waive` |

No advance is decided while papers of an earlier one are owed, unless the county says so and why. An
amended amount is a new decision: whoever amended it does not pay it. Never above the hard limit or
the county's ceiling; above its scale with a reason. What was paid beyond what is allowed
(`settle.py`) is to settle, until it came back or the county waives it. What the papers show can be
corrected, with a reason: a slip there would ask money back of a household that owes none.
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
    CORRECT_PAPERS = "correct_papers"
    FOLLOW_UP = "follow_up"
    REFUSE = "refuse_relief"
    AMEND = "amend"
    CAME_BACK = "came_back"
    WAIVE = "waive"


class ReliefRefusal(StrEnum):
    """Why not."""

    STATUS = "status"
    ROLE = "role"
    ABOVE_TOWNSHIP = "above_township"
    SAME_PERSON = "same_person"
    PAPERS_OWED = "papers_owed"
    AMOUNT = "amount"
    NOTE = "note"
    MEMBER_DISPUTED = "member_disputed"
    CURRENCY = "currency"
    ABOVE_HARD_LIMIT = "above_hard_limit"
    ABOVE_CEILING = "above_ceiling"
    ABOVE_SCALE = "above_scale"
    NOT_FOUND = "not_found"
    MORE_THAN_OPEN = "more_than_open"


_WAYS: Final = {
    ReliefKind.EMERGENCY: {
        ReliefAct.DECIDE: ({ReliefStatus.PROPOSED}, ReliefStatus.DECIDED),
        ReliefAct.AMEND: ({ReliefStatus.DECIDED}, ReliefStatus.DECIDED),
        ReliefAct.PAY: ({ReliefStatus.DECIDED}, ReliefStatus.PAID),
        ReliefAct.PAPERS: ({ReliefStatus.PAID}, ReliefStatus.SETTLED),
        ReliefAct.CORRECT_PAPERS: ({ReliefStatus.SETTLED}, ReliefStatus.SETTLED),
        ReliefAct.REFUSE: ({ReliefStatus.PROPOSED, ReliefStatus.DECIDED}, ReliefStatus.REFUSED),
    },
    ReliefKind.SPENDING: {
        ReliefAct.APPLY: ({ReliefStatus.PROPOSED}, ReliefStatus.APPLIED),
        ReliefAct.CHECK: ({ReliefStatus.APPLIED}, ReliefStatus.CHECKED),
        ReliefAct.DECIDE: ({ReliefStatus.CHECKED}, ReliefStatus.DECIDED),
        ReliefAct.AMEND: ({ReliefStatus.DECIDED}, ReliefStatus.DECIDED),
        ReliefAct.PAY: ({ReliefStatus.DECIDED}, ReliefStatus.PAID),
        ReliefAct.FOLLOW_UP: ({ReliefStatus.PAID}, ReliefStatus.SETTLED),
        ReliefAct.REFUSE: (
            {
                ReliefStatus.PROPOSED,
                ReliefStatus.APPLIED,
                ReliefStatus.CHECKED,
                ReliefStatus.DECIDED,
            },
            ReliefStatus.REFUSED,
        ),
    },
}
_EXPLAINED: Final = frozenset(
    {ReliefAct.CHECK, ReliefAct.FOLLOW_UP, ReliefAct.REFUSE, ReliefAct.CORRECT_PAPERS}
)
_DECIDING: Final = frozenset(
    {ReliefAct.DECIDE, ReliefAct.REFUSE, ReliefAct.AMEND, ReliefAct.CORRECT_PAPERS}
)
_SETTLING: Final = (ReliefAct.CAME_BACK, ReliefAct.WAIVE)
AFTER_PAYMENT: Final = frozenset(
    {ReliefAct.PAPERS, ReliefAct.CORRECT_PAPERS, ReliefAct.FOLLOW_UP, *_SETTLING}
)
"""What may still be done once the case is over."""


@dataclass(frozen=True, slots=True)
class Relief:
    """One relief.

    Amounts in fen; `actual`: what the papers show it cost; `borne`: what the household bore for the
    cause, as its statements stand now.

    `allowed`: the least of what bounds it; `to_settle`: what was paid beyond that, of which so much
    came back and so much was waived.
    `event`: the disaster it is for; `bills_after`: the day of the newest bill that relief before it
    was for.
    """

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
    paid_on: date | None = None
    borne: int | None = None
    allowed: int | None = None
    came_back: int = 0
    waived: int = 0
    event: str | None = None
    bills_after: date | None = None

    @property
    def open(self) -> int:
        """What is still to come back, in fen.

        More may have come back than is to settle by now: that is nothing open.
        """
        return max(0, (self.to_settle or 0) - self.came_back - self.waived)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, when, and what was filled in.

    `owed`: papers of another advance to this household are not there yet.

    `is_disputed`: a member also stands in another household. `today`: the business day. `currency`:
    of the household's figures, in English.
    """

    by: str
    role: Role
    now: datetime
    owed: bool = False
    amount: int | None = None
    note: str = ""
    is_disputed: bool = False
    today: date | None = None
    currency: str = ""


def may(relief: Relief, role: Role) -> tuple[ReliefAct, ...]:
    """The buttons to show."""
    usual = (
        a
        for a, (sources, _) in _WAYS[relief.kind].items()
        if relief.status in sources and not (a in _DECIDING and role is Role.VILLAGE)
    )
    settling = (
        a for a in _SETTLING if relief.open and (a is ReliefAct.CAME_BACK or role is Role.COUNTY)
    )
    return (*usual, *settling)


def relieve(
    relief: Relief, act: ReliefAct, hand: Actor, limits: Limits, calendar: WorkDays
) -> Relief | ReliefRefusal:
    """The relief after the act, or why not."""
    if act in _SETTLING:
        return _came_back(relief, act, hand)
    sources, after = _WAYS[relief.kind].get(act, (set(), relief.status))
    if (no := _not_so(act, hand) if relief.status in sources else ReliefRefusal.STATUS) is not None:
        return no
    changed = replace(relief, status=after)
    match act:
        case ReliefAct.DECIDE | ReliefAct.AMEND:
            return _decided(changed, hand, limits)
        case ReliefAct.PAY:
            return _paid(changed, hand, limits, calendar)
        case ReliefAct.PAPERS | ReliefAct.CORRECT_PAPERS:
            return (
                ReliefRefusal.AMOUNT
                if hand.amount is None
                else replace(changed, actual=hand.amount)
            )
        case _:
            return changed


def _not_so(act: ReliefAct, hand: Actor) -> ReliefRefusal | None:
    if act in _DECIDING and hand.role is Role.VILLAGE:
        return ReliefRefusal.ROLE
    return ReliefRefusal.NOTE if act in _EXPLAINED and not hand.note else None


def _decided(relief: Relief, hand: Actor, limits: Limits) -> Relief | ReliefRefusal:
    if not hand.amount:
        return ReliefRefusal.AMOUNT
    # an advance in an emergency waits for no register
    if relief.kind is ReliefKind.SPENDING and hand.is_disputed:
        return ReliefRefusal.MEMBER_DISPUTED
    if (no := _above(relief.kind, hand.amount, hand, limits)) is not None:
        return no
    is_excepted = hand.owed and hand.role is Role.COUNTY and bool(hand.note)
    if relief.kind is ReliefKind.EMERGENCY and hand.owed and not is_excepted:
        return ReliefRefusal.PAPERS_OWED
    return replace(
        relief, amount=hand.amount, decided_by=hand.by, approved_by=hand.by if is_excepted else None
    )


def _above(kind: ReliefKind, amount: int, hand: Actor, limits: Limits) -> ReliefRefusal | None:
    """Which bound the amount passes.

    Limits in another currency than the household's figures bound nothing, so nobody decides by
    them.
    """
    if hand.currency and hand.currency != limits.currency[1]:
        return ReliefRefusal.CURRENCY
    if amount > limits.hard_limit_fen:
        return ReliefRefusal.ABOVE_HARD_LIMIT
    if limits.ceiling_fen is not None and amount > limits.ceiling_fen:
        return ReliefRefusal.ABOVE_CEILING
    if amount > limits.township_fen and hand.role is not Role.COUNTY:
        return ReliefRefusal.ABOVE_TOWNSHIP
    return (
        ReliefRefusal.ABOVE_SCALE
        if amount > limits.scale.get(kind, amount) and not hand.note
        else None
    )


def _paid(
    relief: Relief, hand: Actor, limits: Limits, calendar: WorkDays
) -> Relief | ReliefRefusal:
    if hand.by == relief.decided_by:
        return ReliefRefusal.SAME_PERSON
    here = hand.now.astimezone(SHANGHAI).date()
    due = last_day(here, limits.papers, calendar) if relief.kind is ReliefKind.EMERGENCY else None
    return replace(relief, paid_by=hand.by, papers_due_on=due, paid_on=hand.today or here)


def _came_back(relief: Relief, act: ReliefAct, hand: Actor) -> Relief | ReliefRefusal:
    if not relief.open:
        return ReliefRefusal.STATUS
    if act is ReliefAct.WAIVE:
        if hand.role is not Role.COUNTY:
            return ReliefRefusal.ROLE
        return (
            replace(relief, waived=relief.waived + relief.open) if hand.note else ReliefRefusal.NOTE
        )
    if not hand.amount:
        return ReliefRefusal.AMOUNT
    return (
        ReliefRefusal.MORE_THAN_OPEN
        if hand.amount > relief.open
        else replace(relief, came_back=relief.came_back + hand.amount)
    )
