"""Who failed too often waits until the window is over, and nobody else does."""

from hypothesis import given
from hypothesis import strategies as st

from foothold_runtime import throttle
from foothold_runtime.throttle import Throttle

FAILURES, SECONDS = 3, 60.0


def failed_at(*moments: float) -> Throttle:
    attempts = Throttle(FAILURES, SECONDS)
    for moment in moments:
        attempts.failed("who", moment)
    return attempts


def test_the_third_failure_brakes_until_the_minute_is_over() -> None:
    assert [
        failed_at(0, 1).wait("who", 1),
        failed_at(0, 1, 2).wait("who", 2),
        failed_at(0, 1, 2).wait("who", 60),
    ] == [0, 58, 0]
    assert failed_at(0, 1, 2).wait("somebody else", 2) == 0


def test_failures_that_lie_further_apart_than_the_window_brake_nobody() -> None:
    assert failed_at(0, 61, 122, 183).wait("who", 183) == 0


def test_a_success_forgets() -> None:
    attempts = failed_at(0, 1, 2)
    attempts.succeeded("who")

    assert attempts.wait("who", 2) == 0


@given(st.lists(st.floats(0, 1_000), max_size=40).map(sorted))
def test_a_wait_never_lasts_longer_than_the_window(moments: list[float]) -> None:
    attempts = failed_at(*moments)

    assert 0 <= attempts.wait("who", moments[-1] if moments else 0) <= SECONDS


def test_what_is_remembered_is_bounded() -> None:
    attempts = Throttle(1, SECONDS)
    for n in range(throttle.REMEMBERED + 5):
        attempts.failed(n, 0)

    assert (attempts.wait(0, 0), attempts.wait(throttle.REMEMBERED + 4, 0)) == (0, 60)
