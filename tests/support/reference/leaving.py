"""The second opinion on leaving: what keeps a household, how long, and what a later entry mends."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta

from foothold_schemas.findings import FindingKind
from foothold_schemas.measures import answers
from tests.support.reference.arithmetic import is_here
from tests.support.reference.events import WAVERING_DAYS
from tests.support.reference.stand import OPEN, SLIP_DAYS, Course, Stand


def unmet(stand: Stand, course: Course) -> set[str]:
    """What keeps it from leaving."""
    today, missing = course.today, set[str]()
    missing |= {"doubt"} if today.is_in_doubt else set()
    missing |= (
        {f"{k} holds" for k in course.kinds}
        if stand.identified or stand.at != "recovering"
        else set()
    )
    missing |= {"income unknown"} if today.opinion.net_per_head is None else set()
    if (
        stand.clear_since is not None
        and not stand.identified
        and today.day < max(a_month_after(stand.clear_since), quiet_until(stand, stand.clear_since))
    ):
        missing.add("not clear for long")
    if stand.identified:
        if stand.clear_since is not None:
            # one calendar month that begins after the day
            whole = a_month_after(a_month_after(stand.clear_since.replace(day=1)))
            missing |= {"not clear for long"} if today.day < whole else set()
            missing |= (
                {"not identified for long"}
                if today.day < a_month_after(stand.identified)
                else set()
            )
        for cause in stand.causes:
            if not any(
                cause in m.against and answers(m.measure, FindingKind(cause))
                for m in today.measures
            ):
                missing.add(f"no measure against {cause}")
        unmet_now = today.opinion.seen.guarantees
        missing |= {f"{name} not known to be met" for name, met in unmet_now.items() if not met}
        if all(
            m.can_work is False for m in today.opinion.seen.entry.members if is_here(m, today.day)
        ):
            missing.add("nobody can work")
    return missing


def has_returned(stand: Stand, day: date) -> bool:
    """Whether it came back on the same ground within the days."""
    return stand.returned is not None and (day - stand.returned).days <= WAVERING_DAYS


def quiet_until(stand: Stand, since: date) -> date:
    """What had returned before ends after it was quiet for the days."""
    return since + timedelta(days=WAVERING_DAYS + 1) if has_returned(stand, since) else since


def a_month_after(day: date) -> date:
    """The same day of the next month, or its last day."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


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
                decisions=stand.decisions,
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
            "decisions",
            "told_on",
            "had",
            "paid",
            "woken",
            "has_had",
            "eliminated",
        )
    }
    return replace(before, **since, identified=before.identified or stand.identified, entry=entry)
