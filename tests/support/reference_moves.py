"""The second opinion on coming and going: from where a household stood and what is found today to what is said. No people's decisions, no gaps in income."""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date

from tests.support.reference import LEADS, Opinion
from tests.support.reference_events import Happened


@dataclass(frozen=True)
class Stand:
    """`at`: `clear`, `watch`, `lead`, `recovering` or `group:<name>`. `spell`: how often it was in a group."""

    at: str = "clear"
    found: frozenset[str] = frozenset()
    clear_since: date | None = None
    spell: int = 0
    had: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """What its case has been told of: name and how bad."""


OPEN = ("lead", "recovering", "group")


def say(stand: Stand, today: Opinion, day: date, events: Happened | None = None, *, is_in_doubt: bool = False) -> tuple[Stand, list[str]]:
    """The movements of one look, in order, and where the household stands after it. `is_in_doubt`: a member stands in another household too."""
    now = events or {}
    had = dict(stand.had) if stand.at.startswith(OPEN) else {}
    is_news = any(name not in had or any(a > b for a, b in zip(grade, had[name], strict=True)) for name, grade in now.items())
    after, said = _said(stand, today, day, is_news=is_news, is_in_doubt=is_in_doubt)
    for name, grade in now.items():
        had[name] = tuple(map(max, grade, had.get(name, grade)))
    return replace(after, had=tuple(sorted(had.items())) if after.at.startswith(OPEN) else stand.had), said


def _said(stand: Stand, today: Opinion, day: date, *, is_news: bool, is_in_doubt: bool) -> tuple[Stand, list[str]]:  # noqa: C901, PLR0911, PLR0912 - one plain table, row by row
    here, found = today.standing, today.findings
    in_group, to_group = stand.at.startswith("group:"), here.startswith("group:")
    same = replace(stand, found=found)
    if here == "unknown":  # nobody of those who are here is counted: what is found is a lead, with nothing found there is none, all else stays
        here = stand.at if in_group or stand.at == "recovering" else "lead" if found & LEADS else "clear" if stand.at == "lead" else stand.at
        to_group = in_group
    if here == "natural":
        if in_group or stand.at == "recovering":
            return replace(same, at="clear", clear_since=None), ["exited"]
        return replace(same, at="clear"), ["unwatched"] if stand.at in ("watch", "lead") else []
    if is_in_doubt:
        if in_group or stand.at == "recovering":
            return same, _more_or_less(stand.found, found, is_news=is_news)
        here, to_group = "lead" if to_group else here, False
    if in_group:
        if here == stand.at:
            return same, _more_or_less(stand.found, found, is_news=is_news)
        if to_group:
            return replace(same, at=here), ["moved"]
        return replace(same, at="recovering", clear_since=day), ["recovering"]
    if stand.at == "recovering":
        if today.standing == "unknown":
            return same, []
        if to_group:
            return replace(same, at=here, clear_since=None), ["relapsed"]
        if stand.clear_since is not None and day >= a_month_after(stand.clear_since):
            return replace(same, at=here, clear_since=None), ["exited"]
        return same, []
    if to_group:
        return replace(same, at=here, spell=stand.spell + 1), ["entered"]
    if here == stand.at:
        return same, _more_or_less(stand.found, found, is_news=is_news) if here == "lead" else []
    return replace(same, at=here), ["unwatched" if here == "clear" else "watched"]


def _more_or_less(before: frozenset[str], now: frozenset[str], *, is_news: bool) -> list[str]:
    if now - before or is_news:
        return ["worsened"]
    return ["eased"] if before - now else []


def a_month_after(day: date) -> date:
    """The same day of the next month, or its last day."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))
