from datetime import UTC, date, datetime

import pytest

from foothold_risk.rules.calendar import (
    add_months,
    after_whole_months,
    first_day,
    income_months,
    last_day,
    leaves_rolling_year,
    month_from_text,
    month_text,
    rolling_first,
    shanghai_day,
)


def test_the_income_window_of_june_2021_runs_from_june_2020_to_may_2021() -> None:
    months = income_months(date(2021, 6, 15))

    assert (date(2020, 6, 1), date(2021, 5, 31)) == (
        first_day(months.start),
        last_day(months.stop - 1),
    )


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 6, 10), date(2025, 6, 11)),
        (date(2024, 2, 29), date(2023, 3, 1)),
        (date(2025, 2, 28), date(2024, 2, 29)),
        (date(2025, 3, 1), date(2024, 3, 2)),
        (date(2026, 1, 1), date(2025, 1, 2)),
    ],
)
def test_the_rolling_year_starts_the_day_after_the_same_date_last_year(
    day: date, first: date
) -> None:
    assert first == rolling_first(day)


@pytest.mark.parametrize(
    "day",
    [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2025, 2, 28), date(2025, 12, 31)],
)
def test_a_day_leaves_the_rolling_year_on_the_first_day_whose_window_begins_after_it(
    day: date,
) -> None:
    leaves = leaves_rolling_year(day)

    assert rolling_first(leaves) > day
    assert rolling_first(date.fromordinal(leaves.toordinal() - 1)) <= day


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2000, 1, 31), 1, date(2000, 2, 29)),
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2026, 12, 10), 1, date(2027, 1, 10)),
        (date(2026, 3, 10), -12, date(2025, 3, 10)),
    ],
)
def test_months_are_added_by_date_and_clamped_at_the_months_end(
    day: date, months: int, expected: date
) -> None:
    assert expected == add_months(day, months)


def test_half_past_midnight_in_shanghai_is_in_the_new_month_although_utc_says_otherwise() -> None:
    assert date(2026, 5, 1) == shanghai_day(datetime(2026, 4, 30, 16, 30, tzinfo=UTC))


def test_every_month_of_a_year_reads_as_it_is_written() -> None:
    texts = [f"2025-{number:02d}" for number in range(1, 13)]

    assert [month_text(month_from_text(text)) for text in texts] == texts
    assert [first_day(month_from_text(text)).month for text in texts] == list(range(1, 13))


@pytest.mark.parametrize(
    ("clear_since", "months", "first"),
    [
        (date(2026, 1, 10), 6, date(2026, 8, 1)),
        (date(2026, 1, 31), 6, date(2026, 8, 1)),
        (date(2026, 2, 1), 6, date(2026, 9, 1)),
        (date(2028, 2, 29), 6, date(2028, 9, 1)),
        (date(2026, 12, 31), 0, date(2027, 1, 1)),
    ],
)
def test_whole_calendar_months_begin_with_the_month_after(
    clear_since: date, months: int, first: date
) -> None:
    assert first == after_whole_months(clear_since, months)
