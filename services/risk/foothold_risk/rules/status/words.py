"""People's word that a finding calls for nothing, a dismissal or an exemption.

It holds while the facts say no more than what was seen.

Whether it holds is computed from the facts each day. Nothing is remembered as ended, so another
order of arrival gives the same.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec.structs import replace

from foothold_risk.rules import findings
from foothold_risk.rules.findings.events import Ground, saw_of, unseen
from foothold_risk.rules.household.household import Event, Word
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import SHARE_SCALE, PolicyOfDay
from foothold_schemas.facts.decisions import CaseDecided, FindingExempted
from foothold_schemas.facts.saw import Saw, SeenEvent
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen

MAY_BE_HELD: Final = frozenset(
    r.kind for r in findings.ALL if r.feeds or r.needs_income or r.kind is FindingKind.DISASTER_LOSS
)
"""Findings that silence can neither confirm nor clear."""
MOST_OF_A_FINDING: Final = 5
"""Words kept of one finding. A later one that saw all an earlier one did takes its place, so that
more are hardly ever there."""


def is_below(view: HouseholdOnDay) -> bool:
    """Whether net income per head is below the line.

    While a month is not heard, whether it was when that was last known: that is what people are
    shown.
    """
    if view.net_per_head is None:
        return (
            not view.is_withheld
            and FindingKind.INCOME_BELOW_LINE in view.household.position.findings
        )
    return view.line is not None and view.net_per_head < view.line


def dismissal(saw: Saw, decided: CaseDecided, policy: PolicyOfDay, episode: int) -> Word:
    """One finding of the case that is dismissed."""
    return replace(
        _word(
            saw, decided.decided_on, decided.decided_on + timedelta(days=policy.days_of_dismissal)
        ),
        episode=episode,
    )


def exemption(saw: Saw, word: FindingExempted) -> Word:
    """A finding found harmless."""
    return replace(_word(saw, word.exempted_on, word.until), reason=word.reason, by=word.by)


def _word(saw: Saw, since: date, until: date) -> Word:
    events = tuple(
        Event(
            e.name,
            e.states,
            0 if e.amount is None else int(e.amount),
            last=0 if e.last is None else e.last.toordinal(),
        )
        for e in saw.events
    )
    value, beyond = (None if amount is None else int(amount) for amount in (saw.value, saw.beyond))
    return Word(
        saw.finding,
        since,
        until,
        value,
        beyond,
        events,
        max(saw.events_total, len(events)),
        saw.is_below,
    )


def last_seen(
    before: Sequence[Word],
    grounds: Iterable[Ground],
    view: HouseholdOnDay,
    held: Collection[FindingKind],
) -> tuple[Word, ...]:
    """Return what each finding rests on, to remember it.

    It is remembered for when nothing heard can confirm it; for the held ones it stays as it was.
    """
    below = is_below(view)
    now = (
        _word(saw_of(g, is_below=below), view.day, view.day)
        for g in grounds
        if g.kind in MAY_BE_HELD
    )
    kept = [replace(w, since=date.min, until=date.max) for w in now]
    return tuple(
        sorted(
            (
                *kept,
                *(w for w in before if w.kind in held and all(w.kind is not k.kind for k in kept)),
            ),
            key=lambda w: w.kind,
        )
    )


def saw_in(word: Word) -> Saw:
    """What people see of a finding by what is remembered of it."""
    events = (
        SeenEvent(
            name=e.name,
            states=e.states,
            amount=Fen(e.amount) if e.amount else None,
            last=date.fromordinal(e.last) if e.last else None,
        )
        for e in word.events
    )
    value, beyond = (
        None if amount is None else Fen(amount) for amount in (word.value, word.beyond)
    )
    return Saw(
        finding=word.kind,
        value=value,
        beyond=beyond,
        events=tuple(events),
        events_total=word.total,
        is_below=word.is_below,
    )


def ground_in(word: Word) -> Ground:
    """What a finding rested on, by what is remembered of it."""
    return Ground(word.kind, word.events, word.total, word.value, word.beyond)


def added(words: Sequence[Word], more: Iterable[Word]) -> tuple[Word, ...]:
    """With more of them, in an order that any order of arrival gives."""
    kept = {*words, *more}
    kept -= {old for old in kept if any(_says_more(new, old) for new in kept if new != old)}
    ordered = sorted(
        kept, key=lambda w: (w.kind, -w.until.toordinal(), -w.since.toordinal(), repr(w))
    )
    return tuple(
        w
        for n, w in enumerate(ordered)
        if sum(other.kind is w.kind for other in ordered[:n]) < MOST_OF_A_FINDING
    )


def _says_more(new: Word, old: Word) -> bool:
    """Whether the older word holds on no day on which the newer one does not."""
    if (
        new.kind is not old.kind
        or new.until < old.until
        or new.since < old.since
        or (old.is_below and not new.is_below)
    ):
        return False
    # either may be taken back, and the other stays
    if (new.reason is None) is not (old.reason is None) or new.episode != old.episode:
        return False
    return (
        set(old.events) <= set(new.events)
        and old.total <= new.total
        and old.value == new.value
        and old.beyond == new.beyond
    )


def without_dismissals(words: Sequence[Word], kinds: Collection[FindingKind]) -> tuple[Word, ...]:
    """What stays when people take back what they dismissed of these kinds."""
    return tuple(w for w in words if w.reason is not None or w.kind not in kinds)


def in_force(words: tuple[Word, ...], day: date) -> tuple[Word, ...]:
    """Those whose last day has not passed."""
    return (
        words if all(day <= w.until for w in words) else tuple(w for w in words if day <= w.until)
    )


def holding(
    words: Sequence[Word], grounds: Iterable[Ground], view: HouseholdOnDay
) -> tuple[Word, ...]:
    """A word for each finding that says no more than people saw: the one that holds longest."""
    if not words:
        return ()
    below, share = is_below(view), view.policy.material_share
    latest = []
    for ground in grounds:
        heard = [
            w
            for w in words
            if w.kind is ground.kind and view.day <= w.until and (w.is_below or not below)
        ]
        if heard and _is_seen(ground, heard, share):
            latest.append(max(heard, key=lambda w: w.until))
    return tuple(latest)


def _is_seen(ground: Ground, words: Sequence[Word], share: int) -> bool:
    if ground.total:
        seen = [e for w in words for e in w.events]
        return not unseen(ground.events, seen, share, ground.total, max(w.total for w in words))
    if ground.beyond is not None:
        return any(
            w.beyond is not None
            and w.value is not None
            and (ground.beyond - w.beyond) * SHARE_SCALE <= w.value * share
            for w in words
        )
    return True
