"""The second opinion on slips of the register: what a later entry mends."""

from dataclasses import replace

from tests.support.reference.arithmetic import is_here
from tests.support.reference.stand import OPEN, SLIP_DAYS, Course, Stand


def rests_on_entry(before: Stand, course: Course) -> bool:
    """Whether a group changed for another register entry alone: at once, or when its month ended.

    By the entry before it would stand in it still.
    """
    today = course.today
    if today.is_entry and before.entry != today.opinion.seen.entry:
        return True
    if today.by_earlier_entry is None:
        return False
    return _stays(before, Course(before, today.by_earlier_entry(before)).target)


def _stays(stand: Stand, target: str) -> bool:
    """Whether a household in a group, or one that recovers, goes on as it stands."""
    if stand.at == "recovering":
        return not target.startswith("group:") and target != "natural"
    return target == f"group:{stand.group}"


def is_dismissed_since(stand: Stand) -> bool:
    """Whether people dismissed a case after what may be a slip ended it."""
    slip = stand.slip
    return slip is not None and slip.is_natural and slip.before.dismissals != stand.dismissals


def mended(course: Course) -> Stand | None:
    """Where it stood before a slip, with what was learned since.

    Where a later entry says otherwise and it would not have happened.
    """
    stand, today, target = course.stand, course.today, course.target
    slip, entry = stand.slip, today.opinion.seen.entry
    if (
        slip is None
        or not today.is_entry
        or entry == slip.entry
        or (today.day - slip.day).days > SLIP_DAYS
    ):
        return None
    before = slip.before
    if slip.is_natural:
        is_there = (
            any(is_here(m, slip.day) for m in entry.members)
            and target != "natural"
            and stand.at not in OPEN
        )
        return (
            replace(
                before,
                words=stand.words,
                answered=stand.answered,
                told_on=stand.told_on,
                entry=entry,
                is_corrected=stand.is_corrected,
                dismissal=stand.dismissal,
                dismissals=stand.dismissals,
            )
            if is_there
            else None
        )
    if (
        stand.at not in ("group", "recovering")
        or (stand.episode, stand.spell) != (before.episode, before.spell)
        or not _stays(before, target)
    ):
        return None
    since = {
        name: getattr(stand, name)
        for name in (
            "words",
            "answered",
            "told_on",
            "had",
            "paid",
            "woken",
            "has_had",
            "eliminated",
        )
    }
    return replace(before, **since, identified=before.identified or stand.identified, entry=entry)
