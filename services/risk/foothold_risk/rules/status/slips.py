"""Lets a household go on where it stood.

It does so after a slip in the register, and after a refused authorisation that is given again.

A slip: a later entry shows that a leaving or a change of group rested on a wrong entry alone, so it
is undone.
"""

from typing import Final

from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from foothold_risk.rules.household.household import Position, Slip
from foothold_risk.rules.status.assess import Assessment
from foothold_risk.rules.status.leaving import is_quiet_enough
from foothold_schemas.messages.transitions import Status

_encoder = Encoder()
_position = Decoder(Position)
_LEARNED: Final = ("number", "words", "answered", "dismissal", "told_on")
"""What people said and were told while a slip stood stays."""
_HAD_SINCE: Final = ("had", "bills", "woken", "was_grouped", "was_urgent", "eliminated")
"""What its case has had since, where it went on in another group or recovered."""


def noted(before: Position, after: Position, assessment: Assessment) -> Slip | None:
    """Return what may turn out to be a slip, else what was noted before.

    It is a natural exit, or a change of group on the very look at another entry.
    """
    register, day = assessment.view.register, assessment.view.day
    is_natural = assessment.target.is_natural and before.is_in_episode and not after.is_in_episode
    is_other_entry = before.entry not in (b"", register.fact_id)
    is_moved = (
        before.status is Status.GROUP
        and after.group is not before.group
        and after.status is Status.GROUP
    )
    is_ended = before.status is Status.GROUP and after.status is Status.RECOVERING
    if is_natural or (is_other_entry and (is_moved or is_ended)):
        return Slip(day, register.fact_id, is_natural, _encoder.encode(replace(before, slip=None)))
    slip = before.slip
    return (
        slip
        if slip is not None and (day - slip.day).days <= assessment.view.policy.days_of_slip
        else None
    )


def entry_seen(position: Position, slip: Slip | None, assessment: Assessment) -> bytes:
    """The entry last looked at, while that matters.

    One that came while nothing could be said is looked at when something can.
    """
    if slip is None and not position.is_in_episode:
        return b""
    is_unknown = assessment.view.net is None or bool(assessment.view.household.disputed)
    return (
        position.entry
        if slip is not None and slip is position.slip and is_unknown
        else assessment.view.register.fact_id
    )


def undone(position: Position, assessment: Assessment) -> Position | None:
    """Where the household stood before the slip, with what was learned since.

    None where there is nothing to undo.

    Only the look at another entry can undo it: what any other fact changes was no slip of the
    register.
    """
    slip, target, register = position.slip, assessment.target, assessment.view.register
    if (
        slip is None
        or register.fact_id in (slip.entry, position.entry)
        or (assessment.view.day - slip.day).days > assessment.view.policy.days_of_slip
    ):
        return None
    before = _position.decode(slip.before)
    if slip.is_natural:
        is_there = (
            any(m.is_here(slip.day) for m in register.members)
            and not target.is_natural
            and not position.is_in_episode
        )
        is_held = (
            before.status is not Status.WATCH
            or target.is_lead
            or not is_quiet_enough(before, assessment)
        )
        is_mended = is_there and is_held
    else:
        stands = (
            position.status in (Status.GROUP, Status.RECOVERING)
            and position.episode == before.episode
        )
        is_mended = (
            stands
            and target.status is Status.GROUP
            and target.group is before.group
            and position.spell == before.spell
        )
    if not is_mended:
        return None
    learned = {
        name: getattr(position, name)
        for name in (*_LEARNED, *(() if slip.is_natural else _HAD_SINCE))
    }
    return replace(
        before,
        **learned,
        identified_on=before.identified_on or position.identified_on,
        entry=register.fact_id,
        slip=None,
    )


def frozen(position: Position) -> bytes:
    """Where a household stands that refuses its authorisation.

    A group or what it recovers from goes on when it is given again.
    """
    stands = position.status in (Status.GROUP, Status.RECOVERING)
    return _encoder.encode(replace(position, slip=None, frozen=b"")) if stands else position.frozen


def thawed(position: Position) -> Position | None:
    """Where it stood when it refused, with what was learned since.

    None where nothing was frozen.
    """
    if not position.frozen:
        return None
    before = _position.decode(position.frozen)
    learned = {
        "number": position.number,
        "words": position.words,
        "answered": position.answered,
        "told_on": position.told_on,
    }
    return replace(
        before, **learned, dismissal=position.dismissal, entry=position.entry, slip=position.slip
    )
