"""The second opinion on coming and going: from where a household stood and what is found today to what is said. No people's decisions, no gaps in income."""

from calendar import monthrange
from dataclasses import dataclass, field, replace
from datetime import date

from tests.support.reference import LEADS, Opinion
from tests.support.reference_events import Happened, Sums, heavy

OPEN = ("lead", "recovering", "group")
DAYS = 30
"""Within so many days what returns on the same ground is no news."""


@dataclass(frozen=True)
class Stand:
    """`at`: `clear`, `watch`, `lead`, `recovering` or `group:<name>`. `spell`: how often it was in a group.

    `had`, `paid`: events and bills its case has had. `ended`: when its last group or lead ended by itself, and whether that was a group;
    `lead_ended`: when the lead ended that was left of that group. `grouped`, `endangered`: whether its case was in a group, and in danger.
    `returned`: when it last came back on the same ground; `moved`: when it last went from group to group; `told`: when people were last told.
    """

    at: str = "clear"
    found: frozenset[str] = frozenset()
    clear_since: date | None = None
    spell: int = 0
    had: Happened = field(default_factory=dict)
    paid: frozenset[str] = frozenset()
    ended: tuple[date, bool] | None = None
    returned: date | None = None
    moved: date | None = None
    told: date | None = None
    lead_ended: date | None = None
    grouped: bool = False
    endangered: bool = False


@dataclass(frozen=True)
class Today:
    """What one look sees: the opinion, its events, the bills of its sums."""

    opinion: Opinion
    day: date
    events: Happened = field(default_factory=dict)
    bills: Sums = ()
    is_in_doubt: bool = False


def say(stand: Stand, today: Today) -> tuple[Stand, list[str]]:
    """The movements of one look, in order, and where the household stands after it."""
    is_event = any(name not in stand.had or worse(grade, stand.had[name]) for name, grade in today.events.items())
    is_news = is_event or bool(heavy(today.bills, stand.paid))
    is_apart = is_event or bool(heavy(today.bills, stand.paid, alone=True))
    after, said = _said(stand, today, is_apart=is_apart, is_news=is_news)
    if not after.at.startswith(OPEN):
        return after, said
    if said and after.at.startswith("group:"):
        after = replace(after, grouped=True, endangered=after.endangered or is_danger(today))
    had = dict(after.had)
    for name, grade in today.events.items():
        had[name] = tuple(map(max, grade, had.get(name, grade)))
    return replace(after, had=had, paid=after.paid | {name for bills, _ in today.bills for name in bills}), said


def is_danger(today: Today) -> bool:
    """What calls for a look within a day: in a group above the line, or in one and struck."""
    here = today.opinion.standing
    return here == "group:sudden_hardship" or (here.startswith("group:") and "disaster_loss" in today.opinion.findings)


def worse(now: tuple[int, ...], then: tuple[int, ...]) -> bool:
    return any(a > b for a, b in zip(now, then, strict=True))


def _said(stand: Stand, today: Today, *, is_apart: bool, is_news: bool) -> tuple[Stand, list[str]]:  # noqa: C901, PLR0911, PLR0912 - one plain table, row by row
    day, here, found = today.day, today.opinion.standing, today.opinion.findings
    in_group, to_group = stand.at.startswith("group:"), here.startswith("group:")
    same = replace(stand, found=found)
    is_worse = bool(found - stand.found) or is_apart
    is_first = (to_group and not stand.grouped) or (is_danger(today) and not stand.endangered)
    # Nobody of those who are here is counted: what is found is a lead, with nothing found there is none, all else stays.
    if here == "unknown":
        here = stand.at if in_group or stand.at == "recovering" else "lead" if found & LEADS else "clear" if stand.at == "lead" else stand.at
        to_group = in_group
    if here == "natural":
        if in_group or stand.at == "recovering":
            return replace(same, at="clear", clear_since=None, ended=None), ["exited"]
        is_lead = stand.at == "lead"
        over = replace(same, ended=None, lead_ended=None) if is_lead else same
        return replace(over, at="clear", clear_since=None), ["unwatched"] if stand.at in ("watch", "lead") else []
    if today.is_in_doubt:
        if in_group or stand.at == "recovering":
            return _more_or_less(same, stand, found, day, is_worse=is_worse, is_news=is_news or (in_group and is_first))
        here, to_group = "lead" if to_group else here, False
    if in_group:
        if here == stand.at:
            return _more_or_less(same, stand, found, day, is_worse=is_worse, is_news=is_news or is_first)
        if to_group:
            is_back = stand.moved is not None and (day - stand.moved).days <= DAYS and not is_news
            moved = replace(same, at=here, moved=day, returned=day if is_back else stand.returned)
            return (replace(moved, told=day) if is_news or is_first else moved), ["moved"]
        away = replace(same, at="recovering", clear_since=day)
        return (replace(away, told=day), ["recovering", "worsened"]) if is_news and is_worse else (away, ["recovering"])
    if stand.at == "recovering":
        if today.opinion.standing == "unknown":
            return same, []
        if to_group:
            return tell(replace(same, at=here, clear_since=None, returned=day), day, is_news=is_news or is_first), ["relapsed"]
        said = ["worsened"] if is_news and is_worse else []
        same = replace(same, told=day) if said else same
        if stand.clear_since is not None and day >= max(a_month_after(stand.clear_since), quiet_until(stand, stand.clear_since)):
            return replace(same, at=here, clear_since=None, ended=(day, True), lead_ended=None), [*said, "exited"]
        return same, said
    is_group_back = stand.ended is not None and stand.ended[1] and (day - stand.ended[0]).days <= DAYS and not is_news
    lead_ended = stand.lead_ended or (stand.ended[0] if stand.ended and not stand.ended[1] else None)
    goes_on = is_group_back or (lead_ended is not None and (day - lead_ended).days <= DAYS and not is_news)
    if to_group:
        return _into_group(same, stand, here, day, goes_on=goes_on, is_group_back=is_group_back, is_news=is_news or is_first)
    if here == "lead" and stand.at != "lead":
        back = replace(same, at="lead", returned=day, ended=stand.ended if is_group_back else None, lead_ended=None)
        return tell(back if goes_on else begun(replace(same, at="lead")), day, is_news=is_news or not goes_on), ["watched"]
    if here == "lead" and stand.clear_since is not None:
        return tell(replace(same, clear_since=None, returned=stand.returned if is_news else day), day, is_news=is_news), ["watched"]
    if here == "lead":
        return _more_or_less(same, stand, found, day, is_worse=is_worse, is_news=is_news)
    if stand.at == "lead":
        since = stand.clear_since or day
        if day < quiet_until(stand, since):
            return replace(same, clear_since=since), [] if stand.clear_since else ["eased"]
        over = replace(same, lead_ended=day) if stand.ended and stand.ended[1] else replace(same, ended=(day, False))
        return replace(over, at=here, clear_since=None), ["unwatched" if here == "clear" else "watched"]
    return (same, []) if here == stand.at else (replace(same, at=here), ["unwatched" if here == "clear" else "watched"])


def _into_group(same: Stand, stand: Stand, here: str, day: date, *, goes_on: bool, is_group_back: bool, is_news: bool) -> tuple[Stand, list[str]]:
    into = replace(same, at=here, clear_since=None, ended=None, lead_ended=None)
    if goes_on:
        again = replace(into, returned=day, spell=stand.spell + (0 if is_group_back else 1))
        return tell(again, day, is_news=is_news), ["relapsed" if is_group_back else "entered"]
    into = replace(into, spell=stand.spell + 1)
    is_new_case = stand.at != "lead"
    return tell(begun(into) if is_new_case else into, day, is_news=is_news or is_new_case), ["entered"]


def begun(stand: Stand) -> Stand:
    """A new case has had nothing yet."""
    return replace(stand, had={}, paid=frozenset(), ended=None, lead_ended=None, returned=None, moved=None, grouped=False, endangered=False)


def tell(stand: Stand, day: date, *, is_news: bool) -> Stand:
    """Told of news, and of anything once the days since the last word are over."""
    return replace(stand, told=day) if is_news or stand.told is None or (day - stand.told).days > DAYS else stand


def quiet_until(stand: Stand, since: date) -> date:
    """What had returned before ends after it was quiet for the days."""
    has_returned = stand.returned is not None and (since - stand.returned).days <= DAYS
    return date.fromordinal(since.toordinal() + DAYS + 1) if has_returned else since


def _more_or_less(same: Stand, stand: Stand, found: frozenset[str], day: date, *, is_worse: bool, is_news: bool) -> tuple[Stand, list[str]]:
    if is_worse:
        return tell(same, day, is_news=is_news), ["worsened"]
    return same, ["eased"] if stand.found - found else []


def a_month_after(day: date) -> date:
    """The same day of the next month, or its last day."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))
