"""The second opinion on what keeps a household from leaving, and for how long."""

from calendar import monthrange
from datetime import date, timedelta

from foothold_schemas.findings import FindingKind
from foothold_schemas.measures import answers
from tests.support.reference.arithmetic import is_here
from tests.support.reference.events import WAVERING_DAYS
from tests.support.reference.stand import Course, Stand


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
