"""Counts how many households of an area came under a risk within the last days.

It is a pure fold of one partition of `area-signals.v1`.

A day closes when every partition of risk has opened the next; what comes of a partition that is
ahead waits for its day. So nothing depends on which partition speaks first. At a day's opening old
signals leave the windows and levels settle; during the day counts only grow.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, assert_never

from foothold_risk.rules.areas.levels import GRAVITY, Scale
from foothold_risk.rules.areas.tally import LONGEST, Tally
from foothold_risk.rules.policy import Cluster, Policy, PolicyOfDay
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import (
    ANY,
    WINDOWS,
    AreaDay,
    AreaSignal,
    Direction,
    Signalled,
    WarningLevel,
)

_COUNTY, _TOWNSHIP = 6, 9
_CAUSES: Final = tuple(kind.value for kind in FindingKind)
MOST_IDS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Changed:
    """The level of an area changed, for one cause and window, on a day."""

    area: str
    cluster: Cluster | None
    cause: str
    window: int
    day: date
    before: WarningLevel | None
    after: WarningLevel | None
    households: int
    identified: int
    registered: int
    week_ago: int
    household_ids: tuple[str, ...]
    bundle: str
    policy: PolicyOfDay

    @property
    def direction(self) -> Direction:
        """Whether it became graver."""
        if self.after == self.before:
            return Direction.SAME
        return (
            Direction.UP
            if GRAVITY.index(self.after) > GRAVITY.index(self.before)
            else Direction.DOWN
        )

    @property
    def warning_id(self) -> str:
        """What happens once: a level reached on a day, by going up or down."""
        level = self.after or "none"
        return f"{self.area}:{self.cause}:{self.window}:{self.day}:{self.direction}:{level}"


@dataclass(slots=True)
class _Day:
    """What every partition has said of a day: who is registered where, under which bundle."""

    registered: dict[int, Mapping[str, int]] = field(default_factory=dict)
    bundles: dict[int, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _InForce:
    """What holds in a county: its values, how counts become levels, and the edition of both."""

    bundle: str
    policy: PolicyOfDay
    scales: tuple[Scale, ...]
    edition: int


Key = tuple[str, str]
"""Area and cause."""

Remembered = Mapping[tuple[str, str, int], Sequence[tuple[date, WarningLevel | None]]]
"""Area, cause and window → days and the level as it was last said on each, rising."""


class Windows:
    """The fold. `sources`: how many partitions risk has.

    `remembered`: where the log no longer goes back to its beginning, levels are what was last said
    until the longest window is full again. None: the log is whole.
    """

    def __init__(
        self, policies: Mapping[str, Policy], sources: int, remembered: Remembered | None = None
    ) -> None:
        self.day: date | None = None
        self.tallies: dict[Key, Tally] = {}
        self._identified: dict[Key, Tally] = {}
        self._policies = policies
        self._sources = sources
        self._remembered = remembered
        self._warm_from = date.min
        self._days: defaultdict[date, _Day] = defaultdict(_Day)
        self._waiting: defaultdict[date, list[AreaSignal]] = defaultdict(list)
        self._seen: set[tuple[str, int]] = set()
        self._withdrawn: dict[tuple[str, str], set[str]] = {}
        self._moved: set[Key] = set()
        self._where: defaultdict[str, set[str]] = defaultdict(set)
        self._registered: Counter[str] = Counter()
        self._in_force: dict[str, _InForce] = {}
        self._editions = 0
        self._clusters: dict[str, Cluster] = {}

    def take(self, record: AreaSignal | AreaDay) -> Iterator[Changed]:
        """What changes by one record; nothing if it was taken before."""
        match record:
            case AreaDay():
                if self.day is None or record.day > self.day:
                    day = self._days[record.day]
                    day.registered[record.source], day.bundles[record.source] = (
                        record.registered,
                        record.bundle,
                    )
                yield from self._open_what_is_complete()
            case AreaSignal() if (record.household_id, record.sequence) in self._seen:
                return
            case AreaSignal():
                self._seen.add((record.household_id, record.sequence))
                if self.day is None or record.day > self.day:
                    self._waiting[record.day].append(record)
                else:
                    yield from self._count(record, self.day)
            case _:
                assert_never(record)

    def recounted(self) -> Iterator[Changed]:
        """Yield levels that stand and whose count is another than was reported last.

        Each comes once however often it changed in between.
        """
        if self.day is None:
            return
        moved, self._moved = sorted(self._moved), set()
        for key in moved:
            tally = self.tallies.get(key)
            if tally is None or key[0][:_COUNTY] not in self._in_force:
                continue
            for index, level in enumerate(tally.levels):
                if (
                    level
                    and (tally.counts[index], self._registered.get(key[0], 0))
                    != tally.reported[index]
                ):
                    yield self._changed(key, index, level, self.day)

    def waits_for(self) -> set[int]:
        """Partitions of risk that have not opened the next day, while others have."""
        ahead = min(self._days.values(), key=lambda d: len(d.registered), default=None)
        return set() if ahead is None else set(range(self._sources)) - set(ahead.registered)

    def _open_what_is_complete(self) -> Iterator[Changed]:
        while (day := self._next()) is not None:
            yield from self._open(day)

    def _next(self) -> date | None:
        """The next day that all partitions have opened.

        At first, the earliest of which that is true.
        """
        if self.day is not None:
            following = self.day + timedelta(days=1)
            return (
                following
                if following in self._days
                and len(self._days[following].registered) == self._sources
                else None
            )
        return min(
            (
                day
                for day, reported in self._days.items()
                if len(reported.registered) == self._sources
            ),
            default=None,
        )

    def _open(self, day: date) -> Iterator[Changed]:
        reported = self._days.pop(day)
        if self.day is None:
            self._begin(day)
        self.day = day
        villages: Counter[str] = Counter()
        for share in reported.registered.values():
            villages.update(share)
        self._arrange(villages, reported.bundles[min(reported.bundles)], day)
        self._turn(day.toordinal())
        for key in sorted(self.tallies):
            self.tallies[key].openings.append(tuple(self.tallies[key].counts))
            yield from self._settle(key, day)
        for waited in sorted(d for d in self._waiting if d <= day):
            for signal in self._waiting.pop(waited):
                yield from self._count(signal, day)

    def _begin(self, day: date) -> None:
        """The first day: none before it is counted any more."""
        self._warm_from = date.min if self._remembered is None else day + timedelta(days=LONGEST)
        for early in [d for d in self._days if d < day]:
            del self._days[early]

    def _turn(self, today: int) -> None:
        """Move every window to the day, without what has nothing in it."""
        for tally in (*self.tallies.values(), *self._identified.values()):
            tally.open(today)
        self._forget(today)
        for tallies in (self.tallies, self._identified):
            for key in [key for key, tally in tallies.items() if tally.is_idle]:
                del tallies[key]

    def _arrange(self, villages: Mapping[str, int], bundle: str | None, day: date) -> None:
        """Who is registered in each area, and what is in force in each county, on this day."""
        policy = None if bundle is None else self._policies[bundle]
        counties = {village[:_COUNTY] for village in villages} | {
            area[:_COUNTY] for area, _ in self.tallies
        }
        before, self._in_force = self._in_force, {}
        clusters: dict[str, Cluster] = {}
        for county in sorted(counties):
            if policy is None or (place := policy.place(county)) is None:
                continue
            in_force = place.on(day)
            known = before.get(county)
            if known is not None and known.policy is in_force:
                self._in_force[county] = replace(known, bundle=policy.bundle)
            elif (scales := _scales(in_force)) is not None:
                self._editions += 1
                self._in_force[county] = _InForce(policy.bundle, in_force, scales, self._editions)
            named = () if in_force.regions_clusters is None else in_force.regions_clusters.value
            clusters |= {
                village: cluster
                for cluster in named
                if cluster.code.startswith(county)
                for village in cluster.villages
            }
        if clusters != self._clusters:
            self._clusters = clusters
            self._count_clusters_anew(day.toordinal())
        self._registered = Counter()
        for village, count in villages.items():
            for area in self._areas(village):
                self._registered[area] += count

    def _count_clusters_anew(self, today: int) -> None:
        """Count clusters anew where other villages belong together from this day on.

        Their signals count where they stand now. Levels are kept.
        """
        for tallies in (self.tallies, self._identified):
            for (area, _), tally in tallies.items():
                if "-" in area:
                    for household in list(tally.latest):
                        tally.drop(household, today)
            for (area, cause), tally in list(tallies.items()):
                if (cluster := self._clusters.get(area)) is not None:
                    for household, day in tally.latest.items():
                        tallies.setdefault((cluster.code, cause), Tally()).mark(
                            household, day, today
                        )
                        self._where[household].add(cluster.code)

    def _areas(self, village: str) -> tuple[str, ...]:
        cluster = self._clusters.get(village)
        areas = (village, village[:_TOWNSHIP], village[:_COUNTY])
        return areas if cluster is None else (*areas, cluster.code)

    def _count(self, signal: AreaSignal, open_day: date) -> Iterator[Changed]:
        causes = (*signal.causes, ANY)
        if signal.what is Signalled.WITHDRAWN:
            self._withdrawn |= {
                (signal.household_id, cause): set() for cause in map(str, signal.causes or _CAUSES)
            }
            return
        day, today = signal.day.toordinal(), open_day.toordinal()
        for cause in map(str, causes):
            again = self._withdrawn.get((signal.household_id, cause), set())
            for area in self._areas(signal.village):
                again.add(area)
                self._where[signal.household_id].add(area)
                if signal.what is Signalled.CONFIRMED:
                    self._identified.setdefault((area, cause), Tally()).mark(
                        signal.household_id, day, today
                    )
                tally = self.tallies.get((area, cause))
                if tally is None:
                    tally = self.tallies[area, cause] = Tally()
                if tally.mark(signal.household_id, day, today):
                    yield from self._settle((area, cause), open_day)

    def _forget(self, today: int) -> None:
        """Yesterday's withdrawals: the cause counts where nothing was said after them.

        All causes together, by the latest that is left.
        """
        households = dict.fromkeys(household for household, _ in self._withdrawn)
        for tallies in (self.tallies, self._identified):
            for (household, cause), again in self._withdrawn.items():
                for area in self._where[household] - again:
                    if (tally := tallies.get((area, cause))) is not None:
                        tally.drop(household, today)
            for household in households:
                for area in self._where[household]:
                    if (tally := tallies.get((area, ANY))) is not None:
                        left = [
                            other.latest.get(household, 0)
                            for cause in _CAUSES
                            if (other := tallies.get((area, cause))) is not None
                        ]
                        tally.drop(household, today)
                        tally.mark(household, max(left, default=0), today)
        self._withdrawn = {}

    def _settle(self, key: Key, day: date) -> Iterator[Changed]:
        """Each window's level by its count now."""
        tally, county = self.tallies[key], key[0][:_COUNTY]
        if day < self._warm_from:
            tally.levels = [self._last_said(*key, window, day) for window in WINDOWS]
            return
        in_force = self._in_force.get(county)
        if in_force is None:  # nobody has set the bands here: what was said stands
            return
        registered, edition = self._registered.get(key[0], 0), in_force.edition
        settled = (*tally.counts, registered, edition, *tally.levels)
        if settled == tally.settled:
            return
        self._moved.add(key)
        for index, scale in enumerate(in_force.scales):
            before = tally.levels[index]
            after = tally.levels[index] = scale.step(before, tally.counts[index], registered)
            if after != before:
                yield self._changed(key, index, before, day)
        tally.settled = (*tally.counts, registered, edition, *tally.levels)

    def _changed(self, key: Key, index: int, before: int, day: date) -> Changed:
        (area, cause), tally, identified = key, self.tallies[key], self._identified.get(key)
        in_force = self._in_force[area[:_COUNTY]]
        tally.reported[index] = (tally.counts[index], self._registered[area])
        return Changed(
            area=area,
            cluster=next((c for c in self._clusters.values() if c.code == area), None),
            cause=cause,
            window=WINDOWS[index],
            day=day,
            before=GRAVITY[before],
            after=GRAVITY[tally.levels[index]],
            households=tally.counts[index],
            identified=0 if identified is None else identified.counts[index],
            registered=self._registered[area],
            week_ago=tally.week_ago[index],
            household_ids=tuple(tally.within(WINDOWS[index], day.toordinal())[:MOST_IDS]),
            bundle=in_force.bundle,
            policy=in_force.policy,
        )

    def _last_said(self, area: str, cause: str, window: int, today: date) -> int:
        levels = () if self._remembered is None else self._remembered.get((area, cause, window), ())
        return next(
            (GRAVITY.index(level) for day, level in reversed(levels) if day <= today),
            0,
        )


def _scales(policy: PolicyOfDay) -> tuple[Scale, ...] | None:
    """For each window, how its counts become levels; None where nobody has set that."""
    bands, keep, least = (
        policy.regions_bands,
        policy.regions_keep_share,
        policy.regions_least_households,
    )
    return (
        None
        if bands is None or keep is None or least is None
        else tuple(Scale(bands.value[window], keep.value, least.value) for window in WINDOWS)
    )
