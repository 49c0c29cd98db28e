"""Silence: a feed that has not spoken for longer than its rhythm.

What rests on it is held: missing data never clears.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from foothold_risk.rules.policy import PolicyOfDay
from foothold_schemas.facts.facts import FeedHeard
from foothold_schemas.facts.feeds import FeedSpoke

BEFORE_GO_LIVE = date.min
"""When a feed spoke before the first day was opened; that day stands for it."""

Spoke = Mapping[str, date]
"""`<agency>|<feed>|<area>` -> the day it was last heard."""

NEVER: Spoke = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Silence:
    """A feed silent for longer than `days`; `last_heard` None: it never spoke."""

    agency: str
    feed: str
    last_heard: date | None
    days: int


def spoke_now(spoke: Spoke, agency: str, fact: FeedHeard, open_day: date | None) -> dict[str, date]:
    """With a feed that says it has nothing more to report."""
    return {**spoke, _key(agency, fact.feed, fact.area): open_day or BEFORE_GO_LIVE}


def spoke_until(spoke: Spoke, words: Iterable[FeedSpoke], day: date) -> dict[str, date]:
    """With what the doors had heard when the day was opened."""
    known = {key: day if heard == BEFORE_GO_LIVE else heard for key, heard in spoke.items()}
    for word in words:
        key = _key(word.agency, word.feed, word.area)
        known[key] = max(word.heard_on, known.get(key, word.heard_on))
    return known


def spoken_by(
    spoke: Spoke, agency: str, day: date, policy: PolicyOfDay, area: str
) -> dict[str, date]:
    """With an agency that corrects itself today: its feeds are not silent."""
    rhythms = () if policy.feeds_rhythm is None else policy.feeds_rhythm.value
    return {**spoke, **{_key(agency, r.feed, area): day for r in rhythms if r.agency == agency}}


def spoken_by_all(day: date, policy: PolicyOfDay, area: str) -> dict[str, date]:
    """With every feed of policy's list heard today."""
    rhythms = () if policy.feeds_rhythm is None else policy.feeds_rhythm.value
    return {_key(r.agency, r.feed, area): day for r in rhythms}


def silent(spoke: Spoke, area: str, day: date, policy: PolicyOfDay) -> tuple[Silence, ...]:
    """The feeds of policy's list that are silent too long for this area, in policy's order."""
    rhythms = () if policy.feeds_rhythm is None else policy.feeds_rhythm.value
    silences = (
        Silence(r.agency, r.feed, _last_heard(spoke, r.agency, r.feed, area), r.days)
        for r in rhythms
    )
    return tuple(s for s in silences if s.last_heard is None or (day - s.last_heard).days > s.days)


def _last_heard(spoke: Spoke, agency: str, feed: str, area: str) -> date | None:
    heard = (spoke.get(_key(agency, feed, area[:length])) for length in (6, 9, 12))
    return max((day for day in heard if day is not None), default=None)


def _key(agency: str, feed: str, area: str) -> str:
    return f"{agency}|{feed}|{area}"
