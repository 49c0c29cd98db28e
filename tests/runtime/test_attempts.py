"""How often a reader failed at a record outlives the process, and decides what is set aside."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_runtime.attempts import DIED_IN_A_ROW, HOUR, MOST_IN_AN_HOUR, Attempts

NOW = datetime(2026, 6, 10, 4, tzinfo=UTC)
OFFSETS = st.integers(min_value=0, max_value=2**62)
ATTEMPTS = st.builds(
    Attempts,
    first=OFFSETS,
    last=OFFSETS,
    raised=st.integers(0, 9),
    begun=st.integers(0, 9),
    aside=st.lists(
        st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - bounds
            lambda m: m.replace(microsecond=0, tzinfo=UTC)
        ),
        max_size=21,
    ).map(tuple),
)


@given(ATTEMPTS)
def test_what_is_written_beside_an_offset_is_read_as_it_was(attempts: Attempts) -> None:
    assert Attempts.read(attempts.text()) == attempts
    assert len(attempts.text()) < 1_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a1",
        "a1 1 2 3",
        "a1 x 2 3 4",
        "a1 1 2 3 4 yesterday",
        "a2 1 2 3 4",
        "someone else's words",
    ],
)
def test_another_programs_text_says_nothing(text: str) -> None:
    assert Attempts.read(text) == Attempts()


def test_the_second_exception_at_a_record_is_the_one_that_counts() -> None:
    fresh = Attempts()
    once = fresh.raising(7, 9)

    assert [fresh.has_raised(8), once.has_raised(8), once.has_raised(10)] == [False, True, False]
    assert [once.is_one_by_one(8), once.is_one_by_one(10)] == [True, False]


def test_deaths_without_a_word_count_only_when_they_come_in_a_row() -> None:
    attempts, hopeless = Attempts(), []
    for _ in range(DIED_IN_A_ROW + 1):
        attempts = Attempts.read(attempts.beginning(7, 9).text())
        hopeless.append(attempts.is_hopeless(7))

    assert hopeless == [False] * DIED_IN_A_ROW + [True]
    assert not attempts.is_hopeless(8)
    assert not attempts.past(8).beginning(8, 9).is_hopeless(8)


def test_from_the_second_start_on_records_are_tried_one_by_one() -> None:
    begun = Attempts().beginning(7, 9)

    assert not begun.is_one_by_one(7)
    assert begun.beginning(7, 8).is_one_by_one(7)


@given(ATTEMPTS, OFFSETS)
def test_what_is_done_with_is_suspected_no_longer(attempts: Attempts, offset: int) -> None:
    assert not attempts.past(offset + 1).is_suspect(offset)
    assert attempts.past(offset).aside == attempts.aside


def test_more_than_twenty_in_an_hour_are_the_programs_fault() -> None:
    attempts = Attempts()
    for minute in range(MOST_IN_AN_HOUR):
        assert not attempts.is_program_at_fault(NOW)
        attempts = attempts.set_aside(NOW + timedelta(minutes=minute))

    assert attempts.is_program_at_fault(NOW + timedelta(minutes=30))
    assert not attempts.is_program_at_fault(NOW + HOUR)
