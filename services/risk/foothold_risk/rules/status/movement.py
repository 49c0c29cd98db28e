"""Leads from where a household stands and where it should stand to its transitions.

It enters and leaves freely, each step with its reason.
"""

import dataclasses
from collections.abc import Iterator
from typing import Final, assert_never

from msgspec.structs import replace

from foothold_risk.rules.findings.events import followed
from foothold_risk.rules.household.household import Position
from foothold_risk.rules.status.assess import Assessment
from foothold_risk.rules.status.entering import (
    from_outside,
    once_more,
)
from foothold_risk.rules.status.held_back import is_freed, is_held_back
from foothold_risk.rules.status.leaving import risks_of, unmet
from foothold_risk.rules.status.slips import (
    RestsOnEntry,
    entry_seen,
    is_dismissed_away,
    slip_of,
)
from foothold_risk.rules.status.steps import (
    GOING_ON,
    NOTHING_FROZEN,
    Move,
    because,
    changed_findings,
    exit_from,
    grouped,
    make,
    out_to,
)
from foothold_risk.rules.status.wavering import (
    has_news,
    is_found_again,
    remembered,
    still_remembered,
)
from foothold_risk.rules.status.words import in_force, last_seen
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status
from foothold_schemas.messages.views import UnmetKind

NAMED_IN_RELIEF: Final = frozenset({FindingKind.DISASTER_LOSS})
"""Findings of which relief is for one event by its name, and several may be there at once."""
BY_WORD: Final = frozenset({ExitReason.EXEMPTED, ExitReason.DISMISSED})


def move(
    position: Position,
    assessment: Assessment,
    ended_by: ExitReason | None = None,
    stood: Position | None = None,
    rests_on_entry: RestsOnEntry = lambda _before: False,
) -> tuple[Position, tuple[Move, ...]]:
    """All transitions of one assessment, in order.

    The position carries the findings and the spell's causes even when nothing moves.

    `stood`: where it stands again, after a slip or a refused authorisation; the assessment is made
    for it.

    `ended_by`: what made risk look corrected facts, or people found a finding harmless. A group or
    a lead that rested on it ends at once.

    `rests_on_entry`: whether a group changes for another register entry alone, asked where one does
    at a look that was not at the entry itself.
    """
    moves: tuple[Move, ...] = ()
    if stood is not None:
        if not position.frozen and ended_by is None and is_dismissed_away(position, stood):
            ended_by = ExitReason.DISMISSED
        position, moves = _put_back(position, stood, assessment)
    if position.frozen and not position.is_in_episode and assessment.target.is_natural:
        position = replace(position, **NOTHING_FROZEN)
    if ended_by is None and position.is_corrected and is_freed(position, assessment.target):
        ended_by = ExitReason.CORRECTED
    before = position
    steps = tuple(
        _ended(position, assessment, ended_by)
        if ended_by is not None
        else _steps(position, assessment)
    )
    if ended_by is ExitReason.CORRECTED:
        steps = _saying_what_went(position, steps, assessment)
    moves += steps
    position = steps[-1].after if steps else position
    slip = slip_of(before, position, assessment, rests_on_entry)
    return replace(
        position,
        findings=assessment.kinds,
        causes=_causes(position, assessment),
        is_due=position.is_due and not unmet(position, assessment),
        words=in_force(position.words, assessment.view.day),
        slip=slip,
        entry=entry_seen(position, slip, assessment),
        is_corrected=before.is_corrected and is_held_back(replace(position, slip=slip), assessment),
        earlier=still_remembered(position.earlier, assessment),
        members=position.members if assessment.view.is_withheld else followed(assessment.view),
        grounds=(
            last_seen(position.grounds, assessment.grounds, assessment.view, assessment.held)
            if position.is_in_episode
            else ()
        ),
        **remembered(position, assessment),
    ), moves


def _put_back(
    position: Position, stood: Position, assessment: Assessment
) -> tuple[Position, tuple[Move, ...]]:
    """Where it stood before a refusal or a slip, and what is said of that."""
    if position.frozen:
        back, step = _given_again(position, stood, assessment)
        return back, () if step is None else (step,)
    step = restored(position, stood)
    return step.after, (step,)


def restored(position: Position, stood: Position) -> Move:
    """It stands again where it stood before the slip; what came since is told by what follows."""
    return Move(
        Movement.RESTORED,
        position,
        replace(stood, number=position.number + 1),
        ExitReason.CORRECTED,
    )


def _given_again(
    position: Position, stood: Position, assessment: Assessment
) -> tuple[Position, Move | None]:
    """Its authorisation is given: the group and spell of before go on, or it recovers from them.

    Nobody is left: the village's lead ends. Where a correction took the ground meanwhile, it stands
    as before without a word, and what follows ends it. What people dismissed and nothing is found
    of stays dismissed, but for an identified household: that leaves by elimination or correction
    alone.
    """
    target = assessment.target
    if target.is_natural:
        gone = make(Movement.UNWATCHED, position, assessment, **out_to(target), frozen=b"")
        return gone.after, because(gone, ExitReason.NATURAL)
    if target.status is not Status.GROUP:
        is_wavering = stood.status is Status.RECOVERING and stood.has_returned(
            assessment.view.day, assessment.view.policy.days_of_wavering
        )
        is_corrected = stood.is_corrected and not (stood.is_rolled_back or is_wavering)
        if not position.is_in_episode and (is_corrected or not stood.is_identified):
            return replace(position, **NOTHING_FROZEN), None
        if is_corrected and position.is_in_episode:
            return stood, None
    step = _goes_on(position, stood, assessment)
    if position.is_in_episode:
        return _as_told(step, assessment), step
    # people ended its lead while nothing was computed, so they have seen nothing of what comes back
    renewed = replace(
        step.after,
        told_on=assessment.view.day,
        times_wavered=0,
        wavered_on=None,
        returned_on=None,
    )
    step = dataclasses.replace(step, after=renewed, is_told=True)
    return _as_told(step, assessment), step


def _goes_on(position: Position, stood: Position, assessment: Assessment) -> Move:
    """From the village's lead back to its group, or to recovering from it."""
    target, day = assessment.target, assessment.view.day
    changes = {
        name: getattr(stood, name)
        for name in stood.__struct_fields__
        if name not in ("number", "findings")
    }
    if target.status is Status.GROUP:
        back = {**grouped(target), "clear_since": None, "is_due": False, "is_not_marked": False}
        return make(Movement.RELAPSED, position, assessment, **{**changes, **back})
    clear = {
        "status": Status.RECOVERING,
        "is_urgent": False,
        "clear_since": stood.clear_since or day,
    }
    return make(Movement.RECOVERING, position, assessment, **{**changes, **clear})


def _as_told(step: Move, assessment: Assessment) -> Position:
    """Where a step leads; what it told of, with all that is found today, no further step tells."""
    if not step.is_told or step.after.status is not Status.GROUP:
        return step.after
    return replace(step.after, findings=assessment.kinds, **remembered(step.after, assessment))


def _causes(position: Position, assessment: Assessment) -> tuple[FindingKind, ...]:
    """The risks of the spell, with those that came while the household recovered."""
    if position.status not in (Status.GROUP, Status.RECOVERING):
        return position.causes
    return (*position.causes, *(k for k in risks_of(assessment) if k not in position.causes))


def _ended(position: Position, assessment: Assessment, reason: ExitReason) -> Iterator[Move]:
    """Out at once where the ground is gone today.

    A correction ends a group, and the recovery from one, where it took the ground of entry. What
    was lost otherwise was lost in time, so the household waits like any other, unless people
    dismissed its case.

    An identified household leaves only when people declare its risk eliminated; an exempted
    finding is not enough, and where people rolled it back a correction is not either.
    What goes and returns waits after a correction as well, and ends at once by people's word.
    """
    target = assessment.target
    is_theirs = position.is_rolled_back or (reason in BY_WORD and position.is_identified)
    is_wavering = reason is ExitReason.CORRECTED and position.has_returned(
        assessment.view.day, assessment.view.policy.days_of_wavering
    )
    is_dismissed = reason is ExitReason.DISMISSED and position.status is Status.RECOVERING
    is_in_spell = position.status in (Status.GROUP, Status.RECOVERING)
    is_taken = reason is ExitReason.CORRECTED and is_in_spell and position.is_corrected
    is_found_harmless = reason in BY_WORD and position.status is Status.GROUP
    is_gone = (
        (is_taken or is_found_harmless or is_dismissed)
        and target.status not in (Status.GROUP, Status.RECOVERING)
        and not target.is_natural
    )
    if is_gone and not is_theirs and not is_wavering:
        yield _by_word(exit_from(position, assessment, reason))
        return
    for step in _steps(position, assessment, is_by_word=reason in BY_WORD):
        is_end = step.is_episode_over and step.exit_reason is None
        yield _by_word(because(step, reason)) if is_end else step


def _saying_what_went(
    before: Position, steps: tuple[Move, ...], assessment: Assessment
) -> tuple[Move, ...]:
    """The steps of a case that goes on, with the reason where a correction took some of its ground.

    Relief that was proposed for it ends. Of several disasters one may go without another step: it
    is `eased` then.
    """
    after = steps[-1].after if steps else before
    is_over = not before.is_in_episode or not after.is_in_episode
    if is_over or any(step.exit_reason is not None for step in steps):
        return steps
    now = {e.name for g in assessment.grounds if g.kind in NAMED_IN_RELIEF for e in g.events}
    were = (e.name for word in before.grounds if word.kind in NAMED_IN_RELIEF for e in word.events)
    is_less = any(name not in now for name in were)
    is_eased = any(step.movement is Movement.EASED for step in steps)  # its danger went
    if not (is_less or is_eased) and set(before.findings) <= set(assessment.kinds):
        return steps
    if steps:
        last = steps[-1]
        is_going_on = last.movement in GOING_ON
        return (*steps[:-1], because(last, ExitReason.CORRECTED)) if is_going_on else steps
    return (because(make(Movement.EASED, before, assessment), ExitReason.CORRECTED),)


def _by_word(step: Move) -> Move:
    """What ends by people's word did not end by itself; a dismissal may be taken back."""
    ended = step.after.ended
    if step.exit_reason not in BY_WORD or ended is None:
        return step
    is_dismissed = step.exit_reason is ExitReason.DISMISSED
    ended = replace(ended, is_by_itself=False, is_by_word=is_dismissed)
    return dataclasses.replace(step, after=replace(step.after, ended=ended))


def _steps(
    position: Position, assessment: Assessment, *, is_by_word: bool = False
) -> Iterator[Move]:
    match position.status:
        case Status.GROUP | Status.RECOVERING if assessment.target.is_natural:
            yield exit_from(position, assessment, ExitReason.NATURAL)
        case Status.GROUP:
            yield from _from_group(position, assessment)
        case Status.RECOVERING:
            yield from _from_recovering(position, assessment)
        case Status.WATCH | Status.CLEAR:
            yield from from_outside(position, assessment, is_by_word=is_by_word)
        case _:
            assert_never(position.status)


def _from_group(position: Position, assessment: Assessment) -> Iterator[Move]:
    """Still in it, in another one, or clear from today on."""
    target, day = assessment.target, assessment.view.day
    if target.status is not Status.GROUP:
        step = make(
            Movement.RECOVERING,
            position,
            assessment,
            status=Status.RECOVERING,
            is_urgent=False,
            clear_since=day,
        )
        yield step
        yield from _news_of(replace(step.after, findings=position.findings), assessment)
    elif target.group is not position.group:
        days = assessment.view.policy.days_of_wavering
        is_back = (
            position.moved_on is not None
            and (day - position.moved_on).days <= days
            and not has_news(position, assessment)
        )
        movement = Movement.ROLLED_BACK if is_found_again(position, assessment) else Movement.MOVED
        yield make(
            movement,
            position,
            assessment,
            **grouped(target),
            moved_on=day,
            **(once_more(position, assessment, has_returned=False) if is_back else {}),
        )
    else:
        yield from changed_findings(position, assessment, is_urgent=target.is_urgent)


def _from_recovering(position: Position, assessment: Assessment) -> Iterator[Move]:
    """Back in the same spell, or out once nothing keeps it; unknown income keeps it waiting.

    The identified wait for people.
    """
    target = assessment.target
    if target.status is Status.RECOVERING:  # in doubt who belongs to it: it waits, and news is told
        yield from changed_findings(position, assessment)
        return
    if target.status is Status.GROUP:
        back = {**grouped(target), "clear_since": None, "is_due": False, "is_not_marked": False}
        is_rolled_back = is_found_again(position, assessment)
        again = {} if has_news(position, assessment) else once_more(position, assessment)
        yield make(
            Movement.ROLLED_BACK if is_rolled_back else Movement.RELAPSED,
            position,
            assessment,
            **back,
            **again,
        )
        return
    for news in _news_of(position, assessment):
        yield news
        position = news.after
    conditions = unmet(position, assessment)
    if not position.is_identified:
        if not conditions:
            yield exit_from(position, assessment, ExitReason.CLEARED)
    elif not conditions and not position.is_due:
        yield make(Movement.EXIT_DUE, position, assessment, is_due=True, is_not_marked=False)
    elif [c.kind for c in conditions] == [UnmetKind.NOBODY_CAN_WORK] and not position.is_not_marked:
        yield make(Movement.NOT_MARKED, position, assessment, is_not_marked=True)


def _news_of(position: Position, assessment: Assessment) -> Iterator[Move]:
    """What people are to hear of a household that recovers: what its case has not had.

    A sum that only crossed its threshold keeps it there.
    """
    if has_news(position, assessment) or is_found_again(position, assessment):
        yield from (
            step
            for step in changed_findings(position, assessment)
            if step.movement is not Movement.EASED
        )
