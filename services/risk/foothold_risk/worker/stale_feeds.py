"""Finds which feeds are silent where.

It is for the households that must be looked at, for people, and for those who keep Foothold
running.
"""

from collections.abc import Iterable

from foothold_risk.messages.transition import stale
from foothold_risk.metrics import Metrics
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.silence import Silence, silent
from foothold_risk.rules.policy import Policy
from foothold_schemas.facts.feeds import StaleFeed


def silences(
    control: Control, policy: Policy | None, areas: Iterable[str]
) -> dict[str, tuple[Silence, ...]]:
    """The feeds silent in each of the areas as of the open day; nothing before go-live."""
    day = control.open_day
    if policy is None or day is None:
        return {}
    places = ((area, policy.place(area)) for area in areas)
    return {
        area: silent(control.spoke, area, day, place.on(day))
        for area, place in places
        if place is not None
    }


def newly_stale(
    before: Control, after: Control, policy: Policy | None, villages: Iterable[str]
) -> list[str]:
    """The villages for which a feed fell silent, or spoke again."""
    were, are = silences(before, policy, villages), silences(after, policy, villages)
    return [village for village, now in are.items() if now != were.get(village)]


def stale_feeds(
    control: Control, policy: Policy | None, villages: Iterable[str]
) -> dict[str, tuple[StaleFeed, ...]]:
    """The silent feeds of each county that has any, as messages carry them."""
    by_county = silences(control, policy, counties(villages))
    return {
        county: tuple(stale(s) for s in silent) for county, silent in by_county.items() if silent
    }


def measure(
    metrics: Metrics, control: Control, policy: Policy | None, villages: Iterable[str]
) -> None:
    """Every feed policy expects, by county: 1 while it is silent."""
    for county, of_county in silences(control, policy, counties(villages)).items():
        place = policy.place(county) if policy is not None else None
        rhythm = (
            place.on(control.open_day).feeds_rhythm
            if place is not None and control.open_day is not None
            else None
        )
        is_silent = {(s.agency, s.feed) for s in of_county}
        for expected in rhythm.value if rhythm is not None else ():
            feed = (expected.agency, expected.feed)
            metrics.stale_feeds.labels(*feed, county).set(feed in is_silent)


def counties(villages: Iterable[str]) -> list[str]:
    """The counties the villages lie in."""
    return sorted({village[:6] for village in villages})
