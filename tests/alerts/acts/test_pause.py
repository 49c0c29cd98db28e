"""Time that stands still, for listed reasons; and what a public notice shows."""

from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_alerts.jobs.calendars import work_days
from foothold_alerts.rules.acts.act import Acted, StepContext, act
from foothold_alerts.rules.acts.pause import PauseNo, ends_on, pause, resume
from foothold_alerts.rules.case import BEFORE_IDENTIFIED, Case, Role, Signed, Stage
from foothold_alerts.rules.days import WorkDays, began_for, is_provisional, last_day
from foothold_alerts.rules.deadlines import Standing, deadlines_of
from foothold_alerts.rules.public import ALLOWED, Posted, PublicNotice, public_notice
from foothold_alerts.rules.workflow import Limit, Unit, Workflow
from tests.support.alerts import WEEKENDS, WORKFLOW, case

TODAY, LATER = date(2026, 6, 10), date(2026, 6, 18)
REASON = next(iter(WORKFLOW.pauses))


def paused(stage: Stage = Stage.VERIFYING) -> Case:
    held = pause(case(stage), REASON, Signed("li", Role.TOWNSHIP), TODAY, WORKFLOW)
    assert isinstance(held, Case)
    return held


def test_while_it_stands_still_nothing_is_due_and_afterwards_there_are_as_many_days_more() -> None:
    held = paused()
    again = resume(held, LATER, WORKFLOW, WEEKENDS)

    assert deadlines_of(Standing(held, (), {}, ()), WORKFLOW, WEEKENDS) == ()
    assert again is not None
    assert (again.due_on, again.paused_on, again.pause_reason) == (date(2026, 6, 24), None, None)
    assert len(deadlines_of(Standing(again, (), {}, ()), WORKFLOW, WEEKENDS)) == 1
    assert resume(again, LATER, WORKFLOW, WEEKENDS) is None


@pytest.mark.parametrize("stage", Stage)
def test_only_what_is_not_settled_yet_stands_still_and_only_once(stage: Stage) -> None:
    assert isinstance(
        pause(case(stage), REASON, Signed("li", Role.COUNTY), TODAY, WORKFLOW), Case
    ) == (stage in BEFORE_IDENTIFIED)
    if stage in BEFORE_IDENTIFIED:
        assert pause(paused(stage), REASON, Signed("li", Role.COUNTY), TODAY, WORKFLOW) is None


def test_for_listed_reasons_only_and_not_by_the_village() -> None:
    assert pause(case(), "on_holiday", Signed("li", Role.COUNTY), TODAY, WORKFLOW) is PauseNo.REASON
    assert pause(case(), REASON, Signed("li", Role.VILLAGE), TODAY, WORKFLOW) is PauseNo.ROLE


def test_who_goes_on_with_the_case_has_ended_the_pause() -> None:
    step = WORKFLOW.step("take")
    assert step is not None
    outcome = act(paused(Stage.LEAD), step, Role.VILLAGE, WORKFLOW, StepContext(LATER, WEEKENDS))

    assert isinstance(outcome, Acted)
    assert (outcome.case.stage, outcome.case.paused_on, outcome.case.due_on) == (
        Stage.VERIFYING,
        None,
        date(2026, 6, 24),
    )


CHINA = work_days()
WORKING = replace(WORKFLOW, limits=replace(WORKFLOW.limits, settle=Limit(20, Unit.WORKING_DAYS)))


def stood(
    began: date,
    *pauses: tuple[date, date],
    workflow: Workflow = WORKING,
    calendar: WorkDays = CHINA,
) -> date:
    """Return the last day of a case that began then and stood still at these times.

    The case is taken up again each time on the second day.
    """
    first = last_day(began, workflow.limits.settle, calendar)
    held: Case | None = replace(case(Stage.VERIFYING), opened_on=began, due_on=first)
    for paused_on, again in pauses:
        assert held is not None
        stopped = pause(held, REASON, Signed("li", Role.COUNTY), paused_on, workflow)
        assert isinstance(stopped, Case)
        held = resume(stopped, again, workflow, calendar)
    assert held is not None
    return held.due_on


def test_working_days_stand_still_as_working_days_across_a_holiday_and_its_make_up_days() -> None:
    """1 to 8 October 2025 are a holiday, 28 September and 11 October make-up days.

    Of the nine days one is a working day.
    """
    began = began_for(date(2025, 10, 17), WORKING.limits.settle, CHINA)

    assert last_day(began, WORKING.limits.settle, CHINA) == date(2025, 10, 17)
    assert stood(began, (date(2025, 9, 30), date(2025, 10, 9))) == date(2025, 10, 20)
    # Thursday, Friday and the Saturday made up for
    assert stood(began, (date(2025, 10, 9), date(2025, 10, 13))) == date(2025, 10, 22)
    # nothing but holidays
    assert stood(began, (date(2025, 10, 1), date(2025, 10, 9))) == date(2025, 10, 17)
    assert stood(began, (date(2025, 9, 30), date(2025, 9, 30))) == date(2025, 10, 17)


def test_two_pauses_add_up_and_calendar_days_come_back_as_calendar_days() -> None:
    began = date(2026, 6, 1)

    assert stood(
        began,
        (date(2026, 6, 3), date(2026, 6, 5)),
        (date(2026, 6, 10), date(2026, 6, 18)),
        workflow=WORKFLOW,
    ) == date(2026, 6, 26)
    twice = stood(
        began,
        (date(2026, 6, 3), date(2026, 6, 5)),
        (date(2026, 6, 10), date(2026, 6, 12)),
        calendar=WEEKENDS,
    )
    assert (
        twice
        == stood(began, (date(2026, 6, 9), date(2026, 6, 13)), calendar=WEEKENDS)
        == date(2026, 7, 3)
    )


def test_what_was_overdue_before_it_was_paused_is_overdue_by_as_much_afterwards() -> None:
    assert stood(
        date(2026, 6, 1), (date(2026, 6, 20), date(2026, 6, 25)), workflow=WORKFLOW
    ) == date(2026, 6, 21)


@given(
    began=st.dates(date(2024, 1, 1), date(2025, 11, 30)),
    first=st.integers(0, 60),
    length=st.integers(0, 29),
    count=st.integers(1, 40),
    unit=st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS]),
)
def test_as_many_days_come_back_as_stood_still(
    began: date, first: int, length: int, count: int, unit: Unit
) -> None:
    """A plain second opinion counts the days that come back.

    The days after the beginning that count are the limit and what stood still of them, and the last
    is one of them.
    """
    paused_on = began + timedelta(days=first)
    still = [paused_on + timedelta(days=n) for n in range(length)]
    last = last_day(
        began, Limit(count, unit), CHINA, ((paused_on, paused_on + timedelta(days=length)),)
    )
    after, stood_still = (
        [day for day in days if unit is Unit.DAYS or CHINA.is_working(day)]
        for days in (_days(began, last), still)
    )

    assert (len(after), after[-1]) == (count + len(stood_still), last)


def _days(began: date, last: date) -> list[date]:
    return [began + timedelta(days=n) for n in range(1, (last - began).days + 1)]


def test_across_new_year_without_a_calendar_it_is_provisional_and_counted_by_weekends() -> None:
    calendar = WorkDays({2026: {}})
    began, still = date(2026, 12, 1), ((date(2026, 12, 10), date(2026, 12, 24)),)
    held = replace(
        case(Stage.VERIFYING),
        opened_on=began,
        stood_still=still,
        due_on=last_day(began, WORKING.limits.settle, calendar, still),
    )
    (settle,) = deadlines_of(Standing(held, (), {}, ()), WORKING, calendar)

    assert (held.due_on, settle.is_provisional) == (date(2027, 1, 12), True)
    assert not is_provisional(began, WORKING.limits.settle, calendar)


def test_a_pause_ends_by_itself_and_who_takes_it_up_later_gets_no_more_days() -> None:
    began, paused_on = date(2026, 6, 1), date(2026, 6, 10)

    assert ends_on(paused_on, WORKFLOW) == date(2026, 7, 10)
    assert (
        stood(began, (paused_on, date(2026, 7, 10)), workflow=WORKFLOW)
        == stood(began, (paused_on, date(2026, 9, 1)), workflow=WORKFLOW)
        == date(2026, 7, 16)
    )


def test_a_public_notice_has_its_fields_and_no_other_and_stands_at_its_stage_only() -> None:
    posted = case(Stage.PUBLIC_NOTICE, notice_on=TODAY)
    notice = public_notice(posted, Posted("王建国", "370399101202", 3), WORKFLOW, WEEKENDS)

    assert notice is not None
    assert dict(notice.fields()) == {
        "head": "王建国",
        "village": "370399101202",
        "members": 3,
        "posted_on": TODAY,
        "stands_until": date(2026, 6, 15),
    }
    assert tuple(f.name for f in fields(PublicNotice)) == ALLOWED
    assert (
        public_notice(
            case(Stage.TOWNSHIP_REVIEW, notice_on=TODAY), Posted("x", "x", 1), WORKFLOW, WEEKENDS
        )
        is None
    )
