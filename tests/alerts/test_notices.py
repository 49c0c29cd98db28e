"""Whom a notice is for, when it may go, what it says."""

from datetime import UTC, date, datetime

import pytest

from foothold_alerts.rules.case import Role
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.notices import (
    SHOWN,
    Event,
    place_of,
    receivers,
    remind_at,
    send_at,
    words,
)

PLACE = ("地区代码 370399 101", "area code 370399 101")
HOLIDAY = WorkDays({2026: {date(2026, 6, 19): False, date(2026, 6, 20): True}})
"""A Friday off, and the Saturday after it worked."""


# somebody of a village of the township
@pytest.mark.parametrize(
    ("place", "areas", "expected"),
    [
        ("370399101", {"370399101", "370399102", "370399"}, {"370399101"}),
        (
            "370399101",
            {"370399101202", "370399"},
            {"370399101202"},
        ),
        ("370399101", {"370399102", "370399"}, {"370399"}),  # nobody in the township: the county
        ("370399101", {"370302", "3703"}, {"3703"}),
        ("370399", {"370399101", "370399"}, {"370399"}),  # gone up to the county
        ("370399101", set(), set()),
    ],
)
def test_the_nearest_who_listen_are_told(place: str, areas: set[str], expected: set[str]) -> None:
    assert receivers(place, areas) == expected


# nine in the morning
# six in the evening
# over the holiday to the worked Saturday
@pytest.mark.parametrize(
    ("now", "goes"),
    [
        (
            datetime(2026, 6, 10, 1, tzinfo=UTC),
            datetime(2026, 6, 10, 1, tzinfo=UTC),
        ),
        (datetime(2026, 6, 10, 0, 59, tzinfo=UTC), datetime(2026, 6, 10, 1, tzinfo=UTC)),
        (
            datetime(2026, 6, 10, 10, tzinfo=UTC),
            datetime(2026, 6, 11, 1, tzinfo=UTC),
        ),
        (
            datetime(2026, 6, 18, 12, tzinfo=UTC),
            datetime(2026, 6, 20, 1, tzinfo=UTC),
        ),
    ],
)
def test_a_reminder_goes_in_office_hours_and_what_is_new_or_urgent_at_once(
    now: datetime, goes: datetime
) -> None:
    assert send_at(Event.OVERDUE, now, HOLIDAY) == send_at(Event.NEAR, now, HOLIDAY) == goes
    assert (send_at(Event.OPENED, now, HOLIDAY), send_at(Event.URGENT, now, HOLIDAY)) == (now, now)


# due at midnight: the morning of the last day
# the last day is a holiday, the next office hour too late
@pytest.mark.parametrize(
    ("due", "hours", "at"),
    [
        (
            datetime(2026, 6, 12, 16, tzinfo=UTC),
            24,
            datetime(2026, 6, 12, 1, tzinfo=UTC),
        ),
        (datetime(2026, 6, 12, 7, tzinfo=UTC), 24, datetime(2026, 6, 11, 7, tzinfo=UTC)),
        (
            datetime(2026, 6, 19, 16, tzinfo=UTC),
            24,
            None,
        ),
        (datetime(2026, 6, 19, 16, tzinfo=UTC), 72, datetime(2026, 6, 17, 1, tzinfo=UTC)),
    ],
)
def test_a_reminder_before_something_is_due_falls_into_office_hours_or_is_left_out(
    due: datetime, hours: int, at: datetime | None
) -> None:
    assert remind_at(due, hours, HOLIDAY) == at


def test_a_digest_says_that_it_is_a_signal_and_gives_links_to_the_first() -> None:
    text = words(PLACE, Event.URGENT, list(range(1, SHOWN + 4)), "https://desk.example")

    assert "23件（信号，未经认定）" in text.title
    assert "23 households in danger (signals, not identified)" in text.title
    assert text.title.startswith("立足 地区代码 370399 101 危急线索")
    assert "Foothold, area code 370399 101: 23" in text.title
    assert text.lines[0] == "https://desk.example/cases/1"
    assert (len(text.lines), text.lines[-1]) == (
        SHOWN + 1,
        "另有3件 and 3 more: https://desk.example/",
    )


def test_a_place_is_the_township_until_it_has_gone_up_to_the_county() -> None:
    assert (place_of("370399101202", Role.TOWNSHIP), place_of("370399101202", Role.COUNTY)) == (
        "370399101",
        "370399",
    )


@pytest.mark.parametrize(
    ("event", "path", "says"),
    [
        (Event.REGION, "areas", "不等于启动应急响应"),
        (Event.INCIDENT, "incidents", "请核查可能受影响的农户"),
        (Event.OPENED, "cases", "信号，未经认定"),
    ],
)
def test_each_notice_leads_to_its_own_pages(event: Event, path: str, says: str) -> None:
    notice = words(PLACE, event, list(range(1, 23)), "https://desk.example")

    assert says in notice.title
    assert notice.lines[0] == f"https://desk.example/{path}/1"
    assert notice.lines[-1].endswith(
        "desk.example/" if event is Event.OPENED else f"desk.example/{path}"
    )
