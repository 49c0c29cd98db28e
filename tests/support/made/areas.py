"""Signals of made-up counties, and a slow reference of the windows.

The reference has counts in SQL and levels by fractions, written apart from the rules.
"""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

from foothold_risk.policy.loader import load
from foothold_risk.rules.policy import Policy
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import AreaDay, AreaSignal, Signalled
from tests.support.made.policy import REGION, write_test_policy

FIRST: Final = date(2026, 1, 1)
VILLAGES: Final = ("370399101201", "370399101202", "370399101203", "370399102201")
CLUSTER: Final = ("370399101202", "370399102201")
CAUSES: Final = (FindingKind.DISASTER_LOSS, FindingKind.WORK_LOST, FindingKind.SELF_PAID_HIGH)
EDGES: Final = {
    7: ("0.05", "0.10", "0.20", "0.40"),
    30: ("0.08", "0.16", "0.30", "0.50"),
    90: ("0.10", "0.25", "0.45", "0.70"),
}
KEEP: Final = Fraction(8, 10)
LEAST: Final = 2
NAMES: Final = ("none", "IV", "III", "II", "I")
AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


def region_values() -> str:
    """What a policy file of the example county says of windows."""
    windows = ""
    for window, edges in EDGES.items():
        marks = ("0", *edges, "1")
        bands = ", ".join(
            f'{{level: {NAMES[n]}, from: "{marks[n]}", to: "{marks[n + 1]}"}}' for n in range(5)
        )
        windows += f'          "{window}": [{bands}]\n'
    tail = (
        "        reference: A test's own numbers.\n        confidence: I\n        illustrative:"
        " false\n"
    )

    def value(name: str, text: str) -> str:
        return (
            f"  {name}:\n    description: A value of a test.\n    unit: test\n    dates:\n      -"
            f" since: 2020-01-01\n        value:{text}\n{tail}"
        )

    cluster = (
        f" [{{cluster: 370399-hills, zh: 山片联村, en: hill cluster, villages: {list(CLUSTER)}}}]"
    )
    return (
        value("regions.bands", "\n" + windows.rstrip("\n"))
        + value("regions.keep_share", ' "0.8"')
        + value("regions.least_households", f" {LEAST}")
        + value("regions.clusters", cluster)
        + value("regions.priority", ' ["370399101"]')
    )


def write_region_policy(folder: Path) -> Policy:
    """The example county's bundle with windows in force, in a folder of bundles."""
    write_test_policy(folder)
    (folder / "test" / "370399.yaml").write_text(REGION + region_values(), encoding="utf-8")
    return load(folder / "test")


Record = AreaSignal | AreaDay


@dataclass(slots=True)
class County:
    """A made-up county of some partitions of risk: what each of them says, in order."""

    seed: int
    days: int
    sources: int = 3
    bundle: str | None = None
    first: date = FIRST
    streams: list[list[Record]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the county up.

        It has some trouble every day, a storm over two villages, corrections, removals,
        identifications, and people who move away.
        """
        chance = random.Random(self.seed)  # noqa: S311 - made-up data
        self.streams = [[] for _ in range(self.sources)]
        households = [(f"{n:032x}", n % self.sources, VILLAGES[n * 7 % 11 % 4]) for n in range(120)]
        numbers: dict[str, int] = {}
        for n in range(self.days):
            day = self.first + timedelta(days=n)
            gone = n // 40
            for source, stream in enumerate(self.streams):
                registered = {
                    v: sum(1 for h in households[gone * 5 :] if h[1] == source and h[2] == v)
                    for v in VILLAGES
                }
                stream.append(
                    AreaDay(
                        source=source,
                        day=day,
                        learned_at=AT,
                        bundle=self.bundle,
                        registered=registered,
                    )
                )
            struck = n in (self.days // 3, self.days // 3 + 1)
            for household, source, village in households[gone * 5 :]:
                if chance.random() > (0.5 if struck and village in CLUSTER else 0.02):
                    continue
                numbers[household] = numbers.get(household, 0) + 1
                what = chance.choices(list(Signalled), [8, 2, 3])[0]
                causes = (
                    tuple(sorted(chance.sample(CAUSES, chance.randint(1, 2))))
                    if what is not Signalled.WITHDRAWN or chance.random() < 0.5
                    else ()
                )
                where = chance.choice(VILLAGES) if chance.random() < 0.05 else village
                self.streams[source].append(
                    AreaSignal(
                        source=source,
                        household_id=household,
                        sequence=2 * numbers[household],
                        village=where,
                        day=day,
                        what=what,
                        causes=causes,
                    )
                )

    def interleaved(self, seed: int, *, ahead: int = 5) -> Iterator[Record]:
        """Yield the records as one partition holds them.

        Each source is in its order, some days ahead of the others now and then; some records come
        twice.
        """
        chance = random.Random(seed)  # noqa: S311 - made-up order
        places, days = [0] * self.sources, [self.first] * self.sources
        while open_sources := [s for s in range(self.sources) if places[s] < len(self.streams[s])]:
            slowest = min(days[s] for s in open_sources)
            source = chance.choice(
                [s for s in open_sources if days[s] <= slowest + timedelta(days=ahead)]
            )
            for record in self.streams[source][
                places[source] : places[source] + chance.randint(1, 6)
            ]:
                places[source] += 1
                days[source] = record.day
                yield record
                if chance.random() < 0.05:
                    yield record


@dataclass(frozen=True, slots=True, order=True)
class LevelChange:
    """One change of a level, as the fold and the reference both tell it."""

    warning_id: str
    households: int
    registered: int
    week_ago: int


_COUNT: Final = """
SELECT count(DISTINCT household) FROM signal s
WHERE what <> 'withdrawn'
  AND (village LIKE :prefix || '%' OR instr(:villages, village))
  AND (:cause = 'any' OR cause = :cause)
  AND day > :day - :window AND day <= :day AND rank <= :rank
  AND NOT EXISTS (
    SELECT 1 FROM signal w
    WHERE w.what = 'withdrawn' AND w.household = s.household AND w.cause = s.cause
      AND w.rank > s.rank AND w.day < :day
  )
"""


class Reference:
    """Counts in SQL. Records are ranked by day, then as they came."""

    def __init__(self, records: Sequence[Record]) -> None:
        seen: set[tuple[str, int]] = set()
        self._signals: list[AreaSignal] = []
        self._registered: dict[date, dict[str, int]] = {}
        opened: set[tuple[int, date]] = set()
        for record in records:
            if isinstance(record, AreaDay) and (record.source, record.day) not in opened:
                opened.add((record.source, record.day))
                villages = self._registered.setdefault(record.day, {})
                for village, count in record.registered.items():
                    villages[village] = villages.get(village, 0) + count
            elif (
                isinstance(record, AreaSignal)
                and (record.household_id, record.sequence) not in seen
            ):
                seen.add((record.household_id, record.sequence))
                self._signals.append(record)
        self._signals.sort(key=lambda s: s.day)
        self._data = sqlite3.connect(":memory:")
        self._data.execute("CREATE TABLE signal (rank, household, village, cause, what, day)")
        self._data.execute("CREATE INDEX by_household ON signal (household, cause, what)")
        for rank, signal in enumerate(self._signals):
            for cause in signal.causes or CAUSES:
                row = (
                    rank,
                    signal.household_id,
                    signal.village,
                    cause.value,
                    signal.what.value,
                    signal.day.toordinal(),
                )
                self._data.execute("INSERT INTO signal VALUES (?, ?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        """Let go of the database."""
        self._data.close()

    def changes(self) -> list[LevelChange]:
        """Every change of a level, day by day: at the opening, then with each signal."""
        levels: dict[tuple[str, str, int], int] = {}
        openings: dict[tuple[str, str, int, date], int] = {}
        changes: list[LevelChange] = []
        waiting = list(enumerate(self._signals))
        keys: set[tuple[str, str]] = set()
        rank = -1
        for day in sorted(self._registered):
            for area, cause in sorted(keys):
                for window in EDGES:
                    openings[area, cause, window, day] = self._count(area, cause, window, day, rank)
                    changes += self._settle((area, cause, window), day, rank, levels, openings)
            while waiting and waiting[0][1].day <= day:
                rank, signal = waiting.pop(0)
                if signal.what is Signalled.WITHDRAWN:
                    continue
                for place in _places(signal):
                    keys.add(place)
                    for window in EDGES:
                        changes += self._settle(
                            (*place, window), day, rank, levels, openings, only_up=True
                        )
        return changes

    def _settle(
        self,
        key: tuple[str, str, int],
        day: date,
        rank: int,
        levels: dict[tuple[str, str, int], int],
        openings: dict[tuple[str, str, int, date], int],
        *,
        only_up: bool = False,
    ) -> Iterator[LevelChange]:
        area, cause, window = key
        households = self._count(area, cause, window, day, rank)
        registered = sum(
            count for village, count in self._registered[day].items() if area in areas(village)
        )
        before = levels.get(key, 0)
        after = level_after(before, households, registered, window)
        if after != before and not (only_up and after < before):
            levels[key] = after
            direction = "up" if after > before else "down"
            week_ago = openings.get((area, cause, window, day - timedelta(days=7)), 0)
            yield LevelChange(
                f"{area}:{cause}:{window}:{day}:{direction}:{NAMES[after]}",
                households,
                registered,
                week_ago,
            )

    def _count(self, area: str, cause: str, window: int, day: date, rank: int) -> int:
        asked: dict[str, object] = {
            "prefix": "x" if "-" in area else area,
            "villages": ",".join(CLUSTER) if "-" in area else "",
            "cause": cause,
        }
        asked |= {"day": day.toordinal(), "window": window, "rank": rank}
        count: int = self._data.execute(_COUNT, asked).fetchone()[0]
        return count


def _places(signal: AreaSignal) -> Iterator[tuple[str, str]]:
    """Area and cause of every level the signal may move."""
    for cause in (*(c.value for c in signal.causes), "any"):
        for area in areas(signal.village):
            yield area, cause


def areas(village: str) -> tuple[str, ...]:
    """The areas a village lies in."""
    return (village, village[:9], village[:6], *(("370399-hills",) if village in CLUSTER else ()))


def level_after(before: int, households: int, registered: int, window: int) -> int:
    """A level, 0 to 4, after another one."""
    if not households or not registered:
        return 0
    share = Fraction(households, registered)
    edges = [Fraction(edge) for edge in EDGES[window]]
    reached = sum(share >= edge for edge in edges) if households >= LEAST else 0
    kept = sum(share >= edge * KEEP for edge in edges) if households >= LEAST * KEEP else 0
    return max(reached, min(before, kept))
