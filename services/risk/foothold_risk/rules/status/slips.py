"""Lets a household go on where it stood.

It does so after a slip in the register, and after a refused authorisation that is given again.

A slip: a later entry shows that a leaving or a change of group rested on a wrong entry alone, so it
is undone.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import date
from hashlib import blake2b
from typing import Final

from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from foothold_risk.rules.household.facts import Register
from foothold_risk.rules.household.household import Household, Position, Slip
from foothold_risk.rules.household.packed import Version
from foothold_risk.rules.status.assess import Assessment, Target
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Status

_encoder = Encoder()
_position = Decoder(Position)
_LEARNED: Final = ("number", "words", "answered", "answers", "dismissal", "told_on")
"""What people said and were told while a slip stood stays."""
_HAD_SINCE: Final = ("had", "bills", "woken", "was_grouped", "was_urgent", "eliminated")
"""What its case has had since, where it went on in another group or recovered."""


def leads_to(position: Position, target: Target) -> bool:
    """Whether a household that stands in a group, or recovers from one, stays there."""
    if position.status is Status.RECOVERING:
        return target.status is not Status.GROUP and not target.is_natural
    return target.status is Status.GROUP and target.group is position.group


RestsOnEntry = Callable[[Position], bool]
"""Whether a household that stood there would stand in the same group still, had its register entry
not changed."""


def earlier_entry(household: Household) -> Register | None:
    """The last of its entries that said something else than the one that counts."""
    now = household.register
    return next((e for e in reversed(household.entries) if now and not _is_alike(e, now)), None)


def _is_alike(entry: Register, other: Register) -> bool:
    """Whether they say the same, whoever sent them when."""
    return _content_of(entry) == _content_of(other)


def _content_of(entry: Register) -> Register:
    """What it says, without who sent it when."""
    return replace(entry, fact_id=b"", time_ms=0, day=date.min, version=Version())


def name_of(entry: Register) -> bytes:
    """A name of what an entry says, 8 bytes: the same for the same said twice."""
    return blake2b(_encoder.encode(_content_of(entry)), digest_size=8).digest()


def is_named(name: bytes, entry: Register) -> bool:
    """Whether the name is of what the entry says.

    States of before kept the id of its fact.
    """
    return name in (name_of(entry), entry.fact_id)


def slip_of(
    before: Position, after: Position, assessment: Assessment, rests_on_entry: RestsOnEntry
) -> Slip | None:
    """Return what may turn out to be a slip, else what was noted before.

    It is a natural exit, or a change of group that rests on another entry alone, into the group
    again and out of it as well: on the very look at it, or later, as when a head less counts from
    the end of the month.
    """
    register, day = assessment.view.register, assessment.view.day
    is_natural = assessment.target.is_natural and before.is_in_episode and not after.is_in_episode

    def rests(position: Position) -> bool:
        is_other_entry = position.entry != b"" and not is_named(position.entry, register)
        return is_other_entry or rests_on_entry(position)

    is_moved = (
        before.status is Status.GROUP
        and after.group is not before.group
        and after.status is Status.GROUP
    )
    is_ended = before.status is Status.GROUP and after.status is Status.RECOVERING
    is_back = before.status is Status.RECOVERING and after.status is Status.GROUP
    if is_natural or ((is_moved or is_ended or is_back) and rests(before)):
        # an entry may mend a leaving together with the change of group before it
        earlier = before.slip
        if not is_natural or (earlier is not None and earlier.is_natural):
            earlier = None
        packed = _encoder.encode(replace(before, slip=earlier))
        return Slip(day, name_of(register), is_natural, packed)
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
        else name_of(assessment.view.register)
    )


def by_no_entry(position: Position) -> Position:
    """The position of a household whose only entry was taken back.

    What ended it says no entry, so the same entry sent anew is another one.
    """
    slip = position.slip
    return replace(position, entry=b"", slip=None if slip is None else replace(slip, entry=b""))


def undone(position: Position, assessment: Assessment) -> Position | None:
    """Where the household stood before the slip, with what was learned since.

    None where there is nothing to undo.

    Only the look at an entry that says something else can undo it: what any other fact changes was
    no slip of the register.
    """
    slip, target, register = position.slip, assessment.target, assessment.view.register
    if (
        slip is None
        or (assessment.view.day - slip.day).days > assessment.view.policy.days_of_slip
        or is_named(slip.entry, register)
        or is_named(position.entry, register)
    ):
        return None
    before = _position.decode(slip.before)
    if slip.is_natural:
        # where its ground went meanwhile, it stands again first, and ends as it would have ended
        is_mended = (
            any(m.is_here(slip.day) for m in register.members)
            and not target.is_natural
            and not position.is_in_episode
        )
    else:
        stands = (
            position.status in (Status.GROUP, Status.RECOVERING)
            and position.episode == before.episode
        )
        is_mended = stands and position.spell == before.spell and leads_to(before, target)
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
        entry=name_of(register),
        slip=None,
        # what a change of group rested on is no ground of the group it is put back into
        is_corrected=position.is_corrected if slip.is_natural else before.is_corrected,
    )


def undone_before(position: Position, stood: Position, assessment: Assessment) -> Position | None:
    """Where it stood before a change of group that the entry mends as it mends the leaving after.

    `stood`: as before the leaving. `assessment`: made for it. None where there is no such change.
    """
    left = stood_before(position)
    if left is None or left.slip is None or left.slip.is_natural:
        return None
    return undone(replace(stood, entry=left.entry, slip=left.slip), assessment)


def stood_before(position: Position) -> Position | None:
    """Where a household stood before it left, while that may still be a slip; else None."""
    slip = position.slip
    if slip is None or not slip.is_natural or position.is_in_episode:
        return None
    learned = {name: getattr(position, name) for name in _LEARNED}
    return replace(_position.decode(slip.before), **learned, is_corrected=position.is_corrected)


def is_dismissed_away(position: Position, stood: Position) -> bool:
    """Whether people dismissed the case while the slip stood that ended it."""
    return (
        position.slip is not None
        and position.slip.is_natural
        and position.dismissal is not None
        and position.dismissal.episode == stood.episode
        and position.dismissal != _position.decode(position.slip.before).dismissal
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
        "answers": position.answers,
        "told_on": position.told_on,
        "is_corrected": position.is_corrected,
        "last_episode": position.next_episode - 1,
        "last_spell": position.next_spell - 1,
    }
    return replace(
        before, **learned, dismissal=position.dismissal, entry=position.entry, slip=position.slip
    )


def in_waiting(position: Position) -> Iterator[Position]:
    """The position itself, and where the household may stand again.

    That is where it stood when it refused or before a slip, and what its cases left that may
    return.
    """
    yield position
    for packed in (position.frozen, b"" if position.slip is None else position.slip.before):
        if packed:
            yield _position.decode(packed)
    for ended in (position.ended, *(case.ended for case in position.earlier)):
        if ended is not None:
            yield Position(
                identified_on=ended.identified_on, causes=ended.causes, clear_since=ended.day
            )


def without_causes(position: Position, kinds: Collection[FindingKind]) -> Position:
    """Without these among the risks of its spell, wherever the household may stand again."""

    def others(causes: tuple[FindingKind, ...]) -> tuple[FindingKind, ...]:
        return tuple(kind for kind in causes if kind not in kinds)

    def repacked(before: bytes) -> bytes:
        return (
            _encoder.encode(without_causes(_position.decode(before), kinds)) if before else before
        )

    ended, slip = position.ended, position.slip
    return replace(
        position,
        causes=others(position.causes),
        ended=None if ended is None else replace(ended, causes=others(ended.causes)),
        earlier=tuple(
            replace(case, ended=replace(case.ended, causes=others(case.ended.causes)))
            for case in position.earlier
        ),
        frozen=repacked(position.frozen),
        slip=None if slip is None else replace(slip, before=repacked(slip.before)),
    )
