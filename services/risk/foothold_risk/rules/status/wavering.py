"""Separates news of a household from what only goes and returns on the same ground.

The household is one that is looked at already.

The ground of a group or lead is its findings with their events. It is history: kept on the
position, equal for a replay of the same log.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from foothold_risk.rules.findings.events import (
    MOST_HAD,
    joined,
    same_as,
    told_by_event,
    unseen,
)
from foothold_risk.rules.household.household import Closed, Ended, Position
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_risk.rules.status.assess import IS_RISK, IS_SHOCK, STRUCK, Assessment
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Movement, Status

MOST_BILLS: Final = 500
"""Names of bills a case is remembered to have had."""
MOST_EARLIER: Final = 3
"""Cases before the last one that are remembered for their return (I); of a household with more in
`wavering.days` the oldest is forgotten, and would be another case."""
MOST_OF_A_CLOSED: Final = 100
"""Events remembered of such a case, the newest."""
TELLING: Final = frozenset(
    {
        *(Movement.ENTERED, Movement.ROLLED_BACK, Movement.REFLAGGED, Movement.RELAPSED),
        *(Movement.WATCHED, Movement.MOVED, Movement.WORSENED, Movement.GRADE_FELL),
    }
)
"""Movements people are told of, if there is news in them."""


def kinds_of_news(position: Position, assessment: Assessment) -> set[FindingKind]:
    """The findings of which something happened that the case has not had, or that grew worse."""
    share = assessment.view.policy.material_share
    had = _with_other_cases(position, assessment).had
    return {g.kind for g in assessment.speaking if unseen(told_by_event(g), had, share)}


def _with_other_cases(position: Position, assessment: Assessment) -> Position:
    """What an open case has had, and what the household's other cases of the last days had.

    People were told of that too, so it is no news.
    """
    others = still_remembered(position.earlier, assessment)
    if not position.is_in_episode or not others:
        return position
    return replace(
        position,
        had=joined(position.had, (e for c in others for e in c.had), MOST_HAD),
        bills=tuple({*position.bills, *(bill for c in others for bill in c.bills)}),
        woken=tuple({*position.woken, *(kind for c in others for kind in c.woken)}),
    )


def _was_told_elsewhere(
    closed: Closed, kinds: Collection[FindingKind], assessment: Assessment
) -> bool:
    """Whether another case has had all of these kinds that speaks."""
    share, bills = assessment.view.policy.material_share, set(closed.bills)
    grounds = [g for g in assessment.speaking if g.kind in kinds]
    return all(
        not unseen(told_by_event(g), closed.had, share)
        and bills.issuperset(name for name, _, _ in g.bills)
        for g in grounds
    )


def has_news(position: Position, assessment: Assessment) -> bool:
    """Return whether there is news.

    News is an event the case has not had, a bill that alone moves a sum, or a finding that says
    more than people saw when they gave their word.
    """
    woken = _with_other_cases(position, assessment).woken
    is_woken = bool(_woken(position, assessment) - set(woken))
    return (
        is_woken
        or bool(kinds_of_news(position, assessment))
        or any(_heavy_bills(position, assessment))
    )


def has_bill_of_its_own(position: Position, assessment: Assessment) -> bool:
    """Whether a bill the case has not had moves its sum, and would be a finding alone.

    Small ones that add up are one finding, when the sum crosses.
    """
    return any(own >= threshold for own, threshold in _heavy_bills(position, assessment))


def _heavy_bills(position: Position, assessment: Assessment) -> Iterator[tuple[int, int]]:
    """Own share of each new bill that alone moves its sum, and that sum's threshold.

    New is a bill the case has not had.

    What another sender billed for the same stay with the same total is a bill the case has had.
    """
    share, same, had = (
        assessment.view.policy.material_share,
        same_as(assessment.view),
        set(_with_other_cases(position, assessment).bills),
    )
    for ground in assessment.speaking:
        for bills in ground.sums:
            total = sum(own for _, own, _ in bills)
            for name, own, _ in bills:
                if own * SHARE_SCALE >= (total - own) * share and had.isdisjoint(
                    (name, *same.get(name, ()))
                ):
                    yield own, ground.threshold


def is_found_again(position: Position, assessment: Assessment) -> bool:
    """Whether something people declared eliminated is found that was not found before."""
    return bool((set(assessment.kinds) - set(position.findings)) & set(position.eliminated))


def _woken(position: Position, assessment: Assessment) -> set[FindingKind]:
    """The findings people gave their word on that speak again.

    The word is that they are harmless, come to nothing, or are eliminated.
    """
    day = assessment.view.day
    covered = {w.kind for w in position.words if day <= w.until} | set(position.eliminated)
    return {g.kind for g in assessment.speaking if g.kind in covered}


def is_news(
    movement: Movement, before: Position, after: Position, assessment: Assessment
) -> bool | None:
    """Whether people are to be told; None of a movement nobody is told of by itself.

    Within the days after they were last told, only of news; a change from group to group by
    shifting figures never. The first group of a case, and the first danger in it, repeat nothing
    people were told.
    """
    if movement not in TELLING or not after.is_in_episode:
        return None
    is_first_group = after.status is Status.GROUP and not (
        before.was_grouped or before.group is not None
    )
    is_first_danger = after.is_urgent and not (before.was_urgent or before.is_urgent)
    others = still_remembered(before.earlier, assessment)
    if is_first_group:
        is_first_group = not any(
            c.was_grouped and _was_told_elsewhere(c, IS_RISK, assessment) for c in others
        )
    if is_first_danger:
        is_first_danger = not any(
            c.was_urgent and _was_told_elsewhere(c, IS_SHOCK | STRUCK, assessment) for c in others
        )
    if (
        is_first_group
        or is_first_danger
        or has_news(before, assessment)
        or after.episode != before.episode
    ):
        return True
    if movement is Movement.MOVED:
        return False
    days = timedelta(days=assessment.view.policy.days_of_wavering)
    return before.told_on is None or assessment.view.day - before.told_on > days


def remembered(position: Position, assessment: Assessment) -> dict[str, object]:
    """What the case has had by now."""
    if not position.is_in_episode:
        return {}
    speaking = assessment.speaking
    events = [e for g in speaking for e in told_by_event(g)]
    same = same_as(assessment.view)
    counted = {name: own for g in speaking for name, own, _ in g.bills}
    bills = {other: own for name, own in counted.items() for other in same.get(name, ())} | counted
    woken = _woken(position, assessment)
    return {
        "had": joined(position.had, events, MOST_HAD) if events else position.had,
        "bills": (
            position.bills
            if bills.keys() <= set(position.bills)
            else _heaviest(position.bills, bills)
        ),
        "woken": tuple(sorted({*position.woken, *woken})) if woken else position.woken,
    }


def _heaviest(known: Sequence[bytes], bills: Mapping[bytes, int]) -> tuple[bytes, ...]:
    """All their names.

    Of more than are kept, those of the bills in today's sums that weigh most, for only such a one
    could be taken for news.
    """
    names = {*known, *bills}
    return tuple(sorted(sorted(names, key=lambda name: (-bills.get(name, 0), name))[:MOST_BILLS]))


def returns_to(position: Position, assessment: Assessment) -> Ended | None:
    """Return the group or lead of before that goes on.

    It ended by itself within the days, and nothing is new since. None: what begins is another.

    Of a group and the lead it left each has days of its own.
    """
    ended, day, days = position.ended, assessment.view.day, assessment.view.policy.days_of_wavering
    # what is taken back takes its news along
    if (
        ended is None
        or not ended.is_by_itself
        or (has_news(position, assessment) and not ended.is_by_word)
    ):
        return None
    if (day - ended.day).days <= days:
        return ended
    is_lead_back = ended.lead_on is not None and (day - ended.lead_on).days <= days
    return replace(ended, group=None, identified_on=None, causes=()) if is_lead_back else None


def case_of(position: Position, assessment: Assessment) -> Position:
    """Where a case begins, the household as its case of before left it, if that is what returns.

    It may be an earlier one than the last: what came and went between is another ground.
    """
    if position.is_in_episode or returns_to(position, assessment) is not None:
        return position
    cases = [_as_left(position, closed) for closed in reversed(position.earlier)]
    for earlier in cases:
        if returns_to(earlier, assessment) is not None:
            return earlier
    # each of them had a part of it, and all of it one or another
    for case in (position, *cases):
        if _has_had_any(case, assessment) and returns_to(_as_one(case, assessment), assessment):
            return _as_one(case, assessment)
    return position


def _has_had_any(position: Position, assessment: Assessment) -> bool:
    share = assessment.view.policy.material_share
    events = [e for g in assessment.speaking for e in told_by_event(g)]
    return len(unseen(events, position.had, share)) < len(events)


def _as_one(position: Position, assessment: Assessment) -> Position:
    """A case that is over, as having had what the other cases of the last days had."""
    whole = _with_other_cases(replace(position, is_lead=True), assessment)
    return replace(whole, is_lead=position.is_lead)


def _as_left(position: Position, closed: Closed) -> Position:
    others = tuple(case for case in with_last(position) if case.episode != closed.episode)
    return replace(
        position,
        **{name: getattr(closed, name) for name in closed.__struct_fields__},
        earlier=others,
        last_episode=position.next_episode - 1,
        last_spell=position.next_spell - 1,
    )


def with_last(position: Position) -> tuple[Closed, ...]:
    """The cases that may return, the last one among them if it ended by itself."""
    if position.ended is None or not position.ended.is_by_itself or not position.episode:
        return position.earlier
    kept = {name: getattr(position, name) for name in Closed.__struct_fields__}
    last = replace(Closed(**kept), had=position.had[:MOST_OF_A_CLOSED])
    others = (case for case in position.earlier if case.episode != last.episode)
    return (*others, last)[-MOST_EARLIER:]


def still_remembered(earlier: tuple[Closed, ...], assessment: Assessment) -> tuple[Closed, ...]:
    """Those that ended within the days."""
    first = assessment.view.day - timedelta(days=assessment.view.policy.days_of_wavering)
    kept = tuple(c for c in earlier if max(c.ended.day, c.ended.lead_on or c.ended.day) >= first)
    return kept if len(kept) < len(earlier) else earlier


def ended_now(position: Position, assessment: Assessment, *, is_by_itself: bool) -> Ended:
    """What is remembered of a group or lead that ends today."""
    is_group = position.status is not Status.WATCH
    return Ended(
        day=assessment.view.day,
        is_by_itself=is_by_itself,
        group=position.group if is_group else None,
        identified_on=position.identified_on,
        causes=position.causes,
        times_wavered=position.times_wavered,
    )
