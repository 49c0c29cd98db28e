"""Counts days: hours exactly, and days without the first.

Working days are by the statutory calendar with its make-up days and a county's own files.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from foothold_alerts.jobs.calendars import work_days
from foothold_alerts.rules.days import WorkDays, due_at, end_of, is_provisional, last_day
from foothold_alerts.rules.workflow import Limit, Unit

CALENDAR = work_days()


def working(count: int) -> Limit:
    return Limit(count, Unit.WORKING_DAYS)


# a Saturday that is worked for the spring festival
@pytest.mark.parametrize(
    ("began", "count", "last"),
    [
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # over the national holiday
        (
            date(2026, 2, 13),
            1,
            date(2026, 2, 14),
        ),
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
        (date(2026, 6, 10), 5, date(2026, 6, 17)),  # over a weekend
        (date(2026, 6, 13), 1, date(2026, 6, 15)),  # from a Saturday
    ],
)
def test_working_days_follow_the_state_councils_notice(began: date, count: int, last: date) -> None:
    assert last_day(began, working(count), CALENDAR) == last


@pytest.mark.parametrize("began", [date(2026, 2, 27), date(2024, 2, 28)])
def test_calendar_days_leave_the_first_out_and_know_the_29th_of_february(began: date) -> None:
    assert (last_day(began, Limit(2, Unit.DAYS), CALENDAR) - began).days == 2


def test_hours_are_exact_and_days_end_at_midnight_in_shanghai() -> None:
    began = datetime(2026, 6, 10, 4, 5, 6, tzinfo=UTC)

    assert due_at(began, date(2026, 6, 10), Limit(24, Unit.HOURS), CALENDAR) == datetime(
        2026, 6, 11, 4, 5, 6, tzinfo=UTC
    )
    assert due_at(began, date(2026, 6, 10), Limit(5, Unit.DAYS), CALENDAR) == datetime(
        2026, 6, 15, 16, tzinfo=UTC
    )
    assert end_of(date(2026, 6, 10)) == datetime(2026, 6, 10, 16, tzinfo=UTC)


def test_through_a_year_nobody_knows_yet_weekends_count_and_the_deadline_says_so() -> None:
    began = date(2026, 12, 30)

    assert last_day(began, working(2), CALENDAR) == date(2027, 1, 1)
    assert is_provisional(began, working(2), CALENDAR)
    assert not is_provisional(began, working(1), CALENDAR)
    assert not is_provisional(began, Limit(9, Unit.DAYS), CALENDAR)


def test_a_countys_file_supplies_a_year_and_holds_before_the_library(tmp_path: Path) -> None:
    (tmp_path / "2027.yaml").write_text(
        "year: 2027\nreference: A county's own notice.\nholidays: [2027-01-01]\nworking:"
        " [2027-01-02]\n",
        encoding="utf-8",
    )
    known = work_days(tmp_path)

    assert last_day(date(2026, 12, 30), working(2), known) == date(2027, 1, 2)
    assert not is_provisional(date(2026, 12, 30), working(2), known)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("year: 2027\nreference: A notice.\nholidays: [2026-01-01]\n", "is not in 2027"),
        (
            "year: 2027\nreference: A notice.\nholidays: [2027-01-01]\nworking: [2027-01-01]\n",
            "a holiday and a working day",
        ),
        ("year: 2027\nholidays: [2027-01-01]\n", "reference"),
        ("year: 2027\nreference: A notice.\nferien: []\n", "ferien"),
    ],
)
def test_a_calendar_file_that_is_not_clear_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "2027.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        work_days(tmp_path)


def test_hours_have_no_last_day() -> None:
    with pytest.raises(ValueError, match="hours"):
        last_day(date(2026, 6, 10), Limit(1, Unit.HOURS), WorkDays())
