"""The demonstration waits as long as something moves, by a clock that the test turns."""

from collections.abc import Iterator
from typing import Self

import pytest

from simulator.demo import Demo
from simulator.patience import IDLE_SECONDS, Patience
from simulator.watch import StoodStill, Watch

HOUR = 3_600.0


class Clock:
    """Seconds, by the test's word."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_lasts_for_hours_while_something_moves() -> None:
    clock = Clock()
    patience = Patience(clock=clock)
    for progress in range(1_000):
        clock.now += IDLE_SECONDS - 1
        assert patience.lasts(progress)

    assert clock.now > 30 * HOUR


def test_it_ends_when_nothing_has_moved_for_so_long() -> None:
    clock = Clock()
    patience = Patience(clock=clock)
    assert patience.lasts(1)
    clock.now = IDLE_SECONDS
    assert patience.lasts(1)
    clock.now += 1

    assert not patience.lasts(1)
    assert patience.lasts(2)  # it moved after all


def test_what_moves_elsewhere_is_asked_only_at_the_end_and_is_waited_for() -> None:
    clock, asked = Clock(), list[int]()
    answers = iter([0, 5, 9, 9])

    def elsewhere() -> int:
        asked.append(int(clock.now))
        return next(answers)

    patience = Patience(clock=clock, elsewhere=elsewhere)
    lasted = []
    for _ in range(5):
        clock.now += IDLE_SECONDS / 2 + 1
        lasted.append(patience.lasts("nothing yet"))
    while patience.lasts("nothing yet"):
        clock.now += IDLE_SECONDS / 2 + 1

    assert all(lasted)
    assert len(asked) == 4
    assert asked[0] == 0
    assert asked[1] > IDLE_SECONDS


class Silent:
    """A topic in which nothing comes, each look taking a minute by the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def consume(self, _most: int, timeout: float) -> Iterator[object]:
        del timeout
        self._clock.now += 60
        return iter(())


def test_a_watch_that_reads_nothing_says_what_is_missing() -> None:
    clock = Clock()
    watch = object.__new__(Watch)
    watch.outputs = 0
    watch._consumer = Silent(clock)  # type: ignore[assignment]

    with pytest.raises(StoodStill, match="120 s: risk has not worked the day through"):
        watch.until(
            lambda _w: False, "risk has not worked the day through", patience=Patience(clock=clock)
        )


def test_a_slow_inbox_is_waited_for_and_one_that_stands_still_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    counts = iter([*range(0, 1_000, 10), *[1_000] * 3])
    demo = object.__new__(Demo)
    monkeypatch.setattr(
        "simulator.demo.time.sleep", lambda _s: setattr(clock, "now", clock.now + 100)
    )
    monkeypatch.setattr(Demo, "_open_cases", lambda _d: next(counts))
    monkeypatch.setattr(Demo, "_patience", lambda _d: Patience(clock=clock))
    monkeypatch.setattr(Demo, "_progress", lambda _d: Nothing())
    demo.watch = Expecting(1_001)  # type: ignore[assignment]

    with pytest.raises(StoodStill, match="the inbox has 1000 cases, the transitions call for 1001"):
        demo._wait_for_cases()

    assert clock.now > 2 * HOUR


class Nothing:
    """A bar nobody sees."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing."""

    def add_task(self, *_: object, **__: object) -> int:
        """Nothing."""
        return 0

    def update(self, *_: object, **__: object) -> None:
        """Nothing."""


class Expecting:
    """Transitions that call for so many cases."""

    def __init__(self, cases: int) -> None:
        self._cases = cases

    def with_case(self) -> int:
        return self._cases
