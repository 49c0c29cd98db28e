"""Tests what is forecast, ahead of the fact.

It has each source of income as the table says, each cause with its amount, and who is watched
because of it.
"""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from foothold_risk.messages.insight import forecast_of
from foothold_risk.rules.money.forecast import Outlook, look_ahead, middle
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import IncomeCategory
from foothold_schemas.facts.register import Member
from foothold_schemas.messages.explanation import ForecastCause
from foothold_schemas.messages.transitions import Status
from foothold_schemas.values import Fen
from tests.support.made.build import (
    OPEN_DAY,
    claim,
    household,
    income,
    judged,
    policy,
    registered,
    spending,
    value,
)

RULES = policy(forecast_months=value("forecast.months", (1, 3, 6)))
YEAR = [f"{2025 + (n + 5) // 12}-{(n + 5) % 12 + 1:02d}" for n in range(12)]
"""June 2025 to May 2026, the income window of the open day."""


def monthly(amount: str, months: list[str], name: str = "m", **more: Any) -> list[FactRecord]:  # noqa: ANN401
    return [
        income(amount, f"{name} {month}".replace(" ", "-"), month=month, yearly=False, **more)
        for month in months
    ]


def ahead(*facts: FactRecord, day: date = OPEN_DAY) -> tuple[Outlook, ...]:
    return look_ahead(judged(household(*facts), day, RULES).view)


def nets(*facts: FactRecord) -> list[str]:
    return [str(Fen(o.net)) for o in ahead(*facts)]


def causes(outlook: Outlook) -> list[tuple[ForecastCause, str]]:
    return [(f.cause, str(Fen(f.amount))) for f in outlook.falls]


def test_the_outlooks_are_for_the_last_days_of_the_coming_months() -> None:
    outlooks = ahead(*monthly("1000.00", YEAR))

    assert [(o.months_ahead, o.day) for o in outlooks] == [
        (1, date(2026, 7, 31)),
        (3, date(2026, 9, 30)),
        (6, date(2026, 12, 31)),
    ]
    assert ahead(*monthly("1000.00", YEAR), day=date(2026, 6, 1)) == ahead(
        *monthly("1000.00", YEAR), day=date(2026, 6, 30)
    )


def test_the_middle_is_the_one_with_as_many_below_as_above() -> None:
    assert (middle([9]), middle([5, 9, 1]), middle([9, 1, 5, 7, 3])) == (9, 5, 5)


def test_a_wage_that_goes_on_brings_the_middle_of_the_last_three_months() -> None:
    raised = [*monthly("1000.00", YEAR[:10]), *monthly("1500.00", YEAR[10:])]
    first, _, last = ahead(*raised)

    assert nets(*monthly("1000.00", YEAR)) == ["12000.00"] * 3
    assert (Fen(first.known), Fen(first.expected)) == (Fen.parse("12000.00"), Fen.parse("1500.00"))
    assert str(Fen(last.net)) == "16000.00"
    assert last.falls == ()


def test_two_wages_in_one_month_because_pay_day_moved_foretell_neither_a_rise_nor_a_fall() -> None:
    moved = [
        *monthly("1000.00", [*YEAR[:10], YEAR[11]]),
        *monthly("0.00", [YEAR[10]], "none"),
        income("1000.00", "late", month=YEAR[11], yearly=False, person_ref="p0", number="late"),
    ]

    assert nets(*moved) == ["12000.00"] * 3


def test_a_wage_that_came_most_months_and_came_no_more_in_two_has_stopped() -> None:
    stopped = ahead(*monthly("1000.00", YEAR[:10]), *monthly("0.00", YEAR[10:], "nothing"))

    assert [str(Fen(o.net)) for o in stopped] == ["9000.00", "7000.00", "4000.00"]
    assert causes(stopped[2]) == [(ForecastCause.WAGE_STOPPED, "6000.00")]
    one_month_late = ahead(*monthly("1000.00", YEAR[:11]), *monthly("0.00", YEAR[11:], "nothing"))
    assert [str(Fen(o.net)) for o in one_month_late] == ["11000.00"] * 2 + ["11000.00"]


def test_a_wage_of_six_months_in_twelve_is_seasonal_and_of_seven_has_stopped() -> None:
    heard = monthly("0.00", YEAR, "nothing", category=IncomeCategory.PROPERTY)

    assert nets(*heard, *monthly("1000.00", YEAR[:6])) == ["6000.00"] * 3
    assert nets(*heard, *monthly("1000.00", YEAR[:7])) == ["6000.00", "4000.00", "1000.00"]
    assert nets(*heard, *monthly("0.01", YEAR[:7])) == ["0.06", "0.04", "0.01"]


def test_the_causes_stand_by_weight_and_a_fen_is_a_cause() -> None:
    two = [
        *monthly("1000.00", YEAR[:10], person_ref="p0"),
        *monthly("0.00", YEAR[10:], "nothing"),
        *monthly("500.00", YEAR[:10], "s", item="second-job"),
    ]
    bills = [claim("0.01", f"d{n}", day=date(2026, n, 15)) for n in (4, 5)]
    first, _, third = ahead(*two, *bills)

    assert causes(first) == [
        (ForecastCause.WAGE_STOPPED, "1000.00"),
        (ForecastCause.WAGE_STOPPED, "500.00"),
        (ForecastCause.TREATMENT, "0.02"),
    ]
    assert [f.item for f in third.falls] == ["salary", "second-job", "treatment"]
    paid_this_month = [*bills, claim("0.01", "d6", day=date(2026, 6, 2))]
    assert causes(ahead(*monthly("1000.00", YEAR), *paid_this_month)[0]) == [
        (ForecastCause.TREATMENT, "0.01")
    ]
    assert ahead(*monthly("1000.00", YEAR), claim("5.00", day=date(2026, 5, 15)))[0].falls == ()


def test_treatment_of_the_open_day_itself_is_counted() -> None:
    dialysis = [claim("400.00", f"d{n}", day=date(2026, n, 15)) for n in (3, 5)]
    today = [
        spending("100.00", "today", day=OPEN_DAY, category="rehabilitation"),
        claim("50.00", "bill-today", day=OPEN_DAY),
    ]

    assert str(Fen(ahead(*monthly("1000.00", YEAR), *dialysis, *today)[0].treatment)) == "650.00"


def test_what_operating_costs_is_foretold_with_what_it_brings() -> None:
    farm = monthly("1000.00", YEAR, category=IncomeCategory.OPERATING, expense="400.00")

    assert nets(*farm) == nets(*monthly("600.00", YEAR))


def test_seasonal_work_comes_when_it_came_a_year_ago() -> None:
    heard = monthly("0.00", YEAR, "nothing", category=IncomeCategory.PROPERTY)
    harvest = monthly("9000.00", ["2025-09"], category=IncomeCategory.OPERATING, item="grain")
    season = monthly(
        "2000.00", ["2025-07", "2025-08", "2025-09"], "away", item="harvest-hand", person_ref="p0"
    )
    before = monthly(
        "5000.00", ["2025-04"], "before", category=IncomeCategory.OPERATING, item="fruit"
    )

    assert nets(*heard, *harvest) == ["9000.00"] * 3
    assert nets(*heard, *season) == ["6000.00"] * 3
    assert nets(*heard, *before) == ["0.00"] * 3, (
        "its month has left the window and comes again only next April"
    )


def test_support_ends_when_it_is_said_to() -> None:
    subsidy = monthly(
        "500.00", YEAR, category=IncomeCategory.TRANSFER, item="subsidy", until_month="2026-07"
    )
    first, second, third = ahead(*subsidy)

    assert [str(Fen(o.net)) for o in (first, second, third)] == ["6000.00", "5500.00", "4000.00"]
    assert (causes(first), causes(third)) == ([], [(ForecastCause.SUPPORT_ENDS, "2000.00")])


def test_somebody_who_is_known_to_leave_earns_nothing_here_afterwards() -> None:
    family = registered(
        [Member(person_ref="p0", left_on=date(2026, 7, 31)), Member(person_ref="p1")]
    )
    outlooks = ahead(family, *monthly("1000.00", YEAR, person_ref="p0"))

    assert [str(Fen(o.net)) for o in outlooks] == ["12000.00", "11000.00", "8000.00"]
    assert causes(outlooks[2]) == [(ForecastCause.EARNER_LEAVES, "4000.00")]
    assert [o.head_months for o in outlooks] == [24, 23, 20]
    assert ahead(family, *monthly("1000.00", YEAR, person_ref="elsewhere"))[2].falls == (), (
        "not a member, so not known to leave"
    )


def test_what_the_running_month_has_brought_stands_and_is_not_added_to_what_was_expected() -> None:
    assert (
        nets(*monthly("1000.00", YEAR), *monthly("1200.00", ["2026-06"], "now")) == ["12200.00"] * 3
    )


def test_relief_and_payouts_are_not_foretold() -> None:
    relief = monthly(
        "900.00", YEAR[9:], "relief", category=IncomeCategory.TRANSFER, item="emergency_relief"
    )
    payout = income(
        "700.00",
        "payout",
        month="2026-04",
        yearly=False,
        category=IncomeCategory.CLAIMS,
        item="accident-cover",
    )
    first, *_ = ahead(*monthly("1000.00", YEAR), *relief, payout)

    assert (Fen(first.net), Fen(first.reference)) == (Fen.parse("12000.00"), Fen.parse("12700.00"))


def test_a_payout_leaves_the_rolling_year_and_one_on_a_bill_counts_once() -> None:
    old = income(
        "700.00",
        "payout",
        month="2025-08",
        yearly=False,
        category=IncomeCategory.CLAIMS,
        item="critical_illness",
        at=datetime(2025, 8, 1, 4, tzinfo=UTC),
    )
    bill = claim("1000.00", day=date(2025, 8, 1), paid="300.00", layer="critical_illness")
    references = [str(Fen(o.reference)) for o in ahead(*monthly("1000.00", YEAR), old, bill)]

    assert references == ["11700.00", "12000.00", "12000.00"]


def test_treatment_in_two_of_the_last_three_months_goes_on_and_a_single_bill_does_not() -> None:
    wage = monthly("1000.00", YEAR)
    dialysis = [claim("400.00", f"d{n}", day=date(2026, n, 15)) for n in (3, 5)]
    outlooks = ahead(*wage, *dialysis)

    assert [str(Fen(o.treatment)) for o in outlooks] == ["800.00", "1600.00", "2800.00"]
    assert [str(Fen(o.reference)) for o in outlooks] == ["10400.00", "9600.00", "8400.00"]
    assert causes(outlooks[0]) == [(ForecastCause.TREATMENT, "800.00")]
    assert ahead(*wage, claim("9000.00", "once", day=date(2026, 5, 15)))[0].treatment == 0
    already = [
        *dialysis,
        spending("300.00", "now", day=date(2026, 6, 2), category="rehabilitation"),
    ]
    assert str(Fen(ahead(*wage, *already)[0].treatment)) == "500.00", (
        "100 more of this month's 400, and the next month's 400"
    )
    beyond = [*dialysis, spending("401.00", "now", day=date(2026, 6, 2), category="rehabilitation")]
    assert str(Fen(ahead(*wage, *beyond)[0].treatment)) == "400.00", (
        "no more of this month, whose bills are above the usual, and the next month's 400"
    )
    assert (
        ahead(
            *wage,
            *(
                spending("400.00", f"o{n}", day=date(2026, n, 2), category="other")
                for n in (3, 4, 5)
            ),
        )[0].treatment
        == 0
    )


def test_bills_leave_the_rolling_year_of_the_coming_month() -> None:
    wage, bill = monthly("1000.00", YEAR), claim("2000.00", day=date(2025, 7, 31))

    assert [str(Fen(o.reference)) for o in ahead(*wage, bill)] == ["12000.00"] * 3
    assert str(Fen(ahead(*wage, claim("2000.00", day=date(2025, 8, 1)))[0].reference)) == "10000.00"
    cost = [
        spending("2000.00", day=day, category="accident")
        for day in (date(2025, 7, 31), date(2025, 8, 1))
    ]
    assert [str(Fen(ahead(*wage, accident)[0].reference)) for accident in cost] == [
        "12000.00",
        "10000.00",
    ]


@pytest.mark.parametrize(
    ("last_wage", "status"), [("1300.00", Status.CLEAR), ("1299.99", Status.WATCH)]
)
def test_who_will_be_below_the_line_is_watched_without_a_case(
    last_wage: str, status: Status
) -> None:
    """Ten wages have come and stopped.

    By December only four of them and the harvest of 2,100.00 are left: 7,300.00 with wages of
    1,300.00.
    """
    wages = monthly(last_wage, YEAR[:10], person_ref="p0")
    home = household(
        *wages,
        *monthly("0.00", YEAR[10:], "nothing"),
        *monthly("2100.00", ["2025-09"], "grain", category=IncomeCategory.OPERATING),
    )
    assessment = judged(home, rules=RULES)

    assert assessment.view.net_per_head is not None
    assert assessment.view.net_per_head > 730_000
    assert (assessment.target.status, assessment.target.is_lead) == (status, False)
    assert judged(home).target.status is Status.CLEAR, "no outlook where policy sets none"


def test_a_reference_below_the_line_is_foretold_only_because_of_treatment_to_come() -> None:
    wage = monthly("700.00", YEAR)
    recurring = [claim("150.00", f"d{n}", day=date(2026, n, 15)) for n in (4, 5)]

    assert [o.is_below for o in ahead(*wage, claim("4000.00", day=date(2026, 5, 20)))] == [
        False,
        False,
        False,
    ]
    assert [o.is_below for o in ahead(*wage, *recurring)] == [False, False, True]


def test_unknown_income_foretells_nothing_and_neither_does_an_empty_household() -> None:
    assert ahead(*monthly("1000.00", YEAR[1:])) == ()
    assert (
        ahead(
            registered([Member(person_ref="p0", left_on=date(2025, 1, 1))]),
            *monthly("1000.00", YEAR),
        )
        == ()
    )


def test_every_outlook_adds_up_and_says_its_causes_in_both_languages() -> None:
    wages = [
        *monthly("1000.00", YEAR[:10], person_ref="p0"),
        *monthly("0.00", YEAR[10:], "nothing"),
    ]
    dialysis = [claim("50.00", f"d{n}", day=date(2026, n, 15)) for n in (4, 5)]
    outlooks = forecast_of(judged(household(*wages, *dialysis), rules=RULES), RULES.currency)

    assert all(int(f.known) + int(f.expected) == int(f.net) for f in outlooks)
    assert [c.text.en for c in outlooks[0].causes] == [
        "the wage (salary) stopped: 1000.00 yuan less",
        "recurring treatment: 100.00 yuan more spent",
    ]
    assert [c.text.zh for c in outlooks[0].causes] == [
        "工资（salary）已停发，少1000.00元",
        "持续治疗自付，多100.00元",
    ]


def test_the_middle_amount_is_the_second_of_three() -> None:
    assert [middle([3, 1, 2]), middle([0, 0, 9]), middle([9, 0, 9])] == [2, 0, 9]
