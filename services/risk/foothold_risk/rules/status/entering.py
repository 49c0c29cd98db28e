"""Leads into a lead or a group, back into one of before, or onto the watched households."""

from collections.abc import Iterator

from msgspec.structs import replace

from foothold_risk.rules.household.household import Position
from foothold_risk.rules.status.assess import Assessment
from foothold_risk.rules.status.leaving import is_quiet_enough
from foothold_risk.rules.status.steps import (
    NOTHING_FROZEN,
    Move,
    because,
    changed_findings,
    episode_of,
    grouped,
    make,
)
from foothold_risk.rules.status.wavering import (
    case_of,
    ended_now,
    has_news,
    is_found_again,
    kinds_of_news,
    returns_to,
)
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status


def from_outside(position: Position, assessment: Assessment, *, is_by_word: bool) -> Iterator[Move]:
    """Entry at once, any day, any number of times; or watched, or no longer.

    What goes and returns by itself stays open until it was quiet; people's word ends it at once.
    """
    target = assessment.target
    if target.status is Status.GROUP or target.is_lead:
        position = case_of(position, assessment)
    if target.status is Status.GROUP:
        yield _into_group(position, assessment)
    elif target.is_lead and (not position.is_lead or position.clear_since is not None):
        yield _to_lead(position, assessment)
    elif target.is_lead:
        yield from changed_findings(position, assessment)
    elif (
        position.is_lead
        and not is_by_word
        and not target.is_natural
        and not is_quiet_enough(position, assessment)
    ):
        if position.clear_since is None:  # it returned before, so it stays open until it was quiet
            yield make(Movement.EASED, position, assessment, clear_since=assessment.view.day)
    else:
        yield from _without_lead(position, assessment)


def _without_lead(position: Position, assessment: Assessment) -> Iterator[Move]:
    """Watched or no longer; a lead of before ends with it."""
    target = assessment.target
    if target.status is Status.WATCH and (position.status is Status.CLEAR or position.is_lead):
        changes = _no_lead(position, assessment)
        yield make(Movement.WATCHED, position, assessment, **changes, status=Status.WATCH)
    elif target.status is Status.CLEAR and position.status is Status.WATCH:
        changes = _no_lead(position, assessment)
        step = make(Movement.UNWATCHED, position, assessment, **changes, status=Status.CLEAR)
        yield because(step, ExitReason.NATURAL) if target.is_natural and position.is_lead else step


def _into_group(position: Position, assessment: Assessment) -> Move:
    """The spell of before goes on where nothing is new since it ended; else another begins."""
    ended, target = returns_to(position, assessment), assessment.target
    back = {
        **grouped(target),
        "clear_since": None,
        "ended": None,
        "entered_on": assessment.view.day,
    }
    if ended is None:
        another = {**episode_of(position), "spell": position.next_spell, "causes": ()}
        return make(_entry(position, assessment), position, assessment, **{**back, **another})
    went_on = {} if ended.is_by_word else once_more(position, assessment, ended.times_wavered)
    if ended.group is None:
        return make(
            _entry(position, assessment),
            position,
            assessment,
            **back,
            **went_on,
            spell=position.next_spell,
            causes=(),
        )
    spell = {"identified_on": ended.identified_on, "causes": ended.causes}
    movement = Movement.ROLLED_BACK if is_found_again(position, assessment) else Movement.RELAPSED
    return make(movement, position, assessment, **back, **went_on, **spell)


def _to_lead(position: Position, assessment: Assessment) -> Move:
    """A lead of a new case, or of the one that ended or fell quiet by itself and returns."""
    stands = {"status": Status.WATCH, "is_lead": True, "is_urgent": False, "clear_since": None}
    movement = (
        Movement.GRADE_FELL
        if FindingKind.GRADE_FELL in kinds_of_news(position, assessment)
        else Movement.WATCHED
    )
    if set(position.eliminated) & set(assessment.kinds):
        movement = Movement.ROLLED_BACK
    if position.is_lead:
        again = {} if has_news(position, assessment) else once_more(position, assessment)
        return make(movement, position, assessment, **stands, **again)
    ended = returns_to(position, assessment)
    if ended is not None:
        went_on = {} if ended.is_by_word else once_more(position, assessment, ended.times_wavered)
        # its group may still return
        kept = replace(ended, lead_on=None) if ended.group is not None else None
        return make(movement, position, assessment, **stands, **went_on, ended=kept)
    return make(movement, position, assessment, **stands, **episode_of(position))


def _no_lead(position: Position, assessment: Assessment) -> dict[str, object]:
    none: dict[str, object] = {"is_lead": False, "is_urgent": False, "clear_since": None}
    if not position.is_lead:
        return none
    if position.frozen and assessment.target.is_natural:
        none |= NOTHING_FROZEN
    ended = position.ended
    is_natural = assessment.target.is_natural
    if ended is not None and ended.group is not None and ended.is_by_itself and not is_natural:
        # the group may still return, and so may the lead it left; news is another case, also where
        # people had opened this one again
        ended = replace(ended, lead_on=assessment.view.day, is_by_word=False)
    else:
        ended = ended_now(position, assessment, is_by_itself=not is_natural)
    return {**none, "ended": ended, "times_wavered": 0}


def once_more(
    position: Position,
    assessment: Assessment,
    times: int | None = None,
    *,
    has_returned: bool = True,
) -> dict[str, object]:
    """It returned, or moved back, on the same ground."""
    day = assessment.view.day
    return {
        "times_wavered": (position.times_wavered if times is None else times) + 1,
        "wavered_on": day,
        "returned_on": day if has_returned else position.returned_on,
    }


def _entry(position: Position, assessment: Assessment) -> Movement:
    """Return how a household enters after people declared a risk eliminated.

    The same cause again rolls that back, a new one flags the household again.
    """
    if not position.eliminated and position.eliminated_from is None:
        return Movement.ENTERED
    return (
        Movement.ROLLED_BACK
        if set(position.eliminated) & set(assessment.kinds)
        else Movement.REFLAGGED
    )
