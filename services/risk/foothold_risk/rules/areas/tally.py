"""A count of households over rolling windows: who was marked last when, day by day."""

from collections import defaultdict, deque
from typing import Final

from foothold_schemas.messages.areas import WINDOWS

LONGEST: Final = max(WINDOWS)
_WEEK: Final = 7
Counts = tuple[int, ...]
"""One count for each window, in the order of WINDOWS."""


class Tally:
    """Households of one area under one cause, by the last day something was said of them.

    `levels`: places in GRAVITY, by window. `settled`: what they were settled with, so that nothing
    is settled twice. `reported`: by window, the count and the number registered that were said
    last; empty: nothing was said.
    """

    def __init__(self) -> None:
        self.latest: dict[str, int] = {}
        self.counts = [0] * len(WINDOWS)
        self.levels = [0] * len(WINDOWS)
        self.settled: tuple[object, ...] = ()
        self.reported: list[tuple[int, int] | None] = [None] * len(WINDOWS)
        self.openings: deque[Counts] = deque(maxlen=_WEEK + 1)
        self._by_day: defaultdict[int, set[str]] = defaultdict(set)

    @property
    def is_idle(self) -> bool:
        """Nothing counted now or a week ago, and no level: as if it had never been."""
        return (
            not self.latest
            and not any(self.levels)
            and not any(any(counts) for counts in self.openings)
        )

    def mark(self, household: str, day: int, today: int) -> bool:
        """Count the household from this day on; whether any window's count grew."""
        before = self.latest.get(household)
        if (before is not None and before >= day) or day <= today - LONGEST:
            return False
        if before is not None:
            self._by_day[before].discard(household)
        self.latest[household] = day
        self._by_day[day].add(household)
        grown = [
            day > today - window and not (before is not None and before > today - window)
            for window in WINDOWS
        ]
        self.counts = [count + more for count, more in zip(self.counts, grown, strict=True)]
        return any(grown)

    def drop(self, household: str, today: int) -> None:
        """Count it no more."""
        before = self.latest.pop(household, None)
        if before is not None:
            self._by_day[before].discard(household)
            self.counts = [
                count - (before > today - window)
                for count, window in zip(self.counts, WINDOWS, strict=True)
            ]

    def open(self, today: int) -> None:
        """The day after the last one that was opened: each window loses its oldest day."""
        for index, window in enumerate(WINDOWS):
            self.counts[index] -= len(self._by_day.get(today - window, ()))
        for household in self._by_day.pop(today - LONGEST, ()):
            del self.latest[household]

    def within(self, window: int, today: int) -> list[str]:
        """Households of the window, the latest first.

        Those of one day in the order of their ids.
        """
        days = range(today, today - window, -1)
        return [household for day in days for household in sorted(self._by_day.get(day, ()))]

    @property
    def week_ago(self) -> Counts:
        """The counts at the opening seven days before the last opening."""
        return self.openings[0] if len(self.openings) > _WEEK else (0,) * len(WINDOWS)
