"""A yearly source is carried, month by month, until the next statement, its known end or its grace.

Then it is unknown, and never zero.
"""

from datetime import date

import pytest

from foothold_risk.rules.context.heard import Heard
from foothold_risk.rules.money.figures import net_within
from foothold_risk.rules.money.months import by_month
from foothold_risk.rules.money.trace import trace
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import FeedHeard
from foothold_schemas.facts.register import Member
from foothold_schemas.values import Fen
from tests.support.made.build import (
    AREA,
    heard,
    household,
    income,
    judged,
    policy,
    registered,
    value,
)

NOTHING_MORE: Heard = heard(FeedHeard(feed="IncomeReported", area=AREA, through_month="2030-12"))


def net(day: date, *facts: FactRecord, grace: int | None = None) -> str | None:
    rules = (
        policy() if grace is None else policy(feeds_yearly_grace=value("feeds.yearly_grace", grace))
    )
    amount = judged(household(*facts), day, rules, NOTHING_MORE).view.net
    return None if amount is None else str(Fen(amount))


YEAR = income("9000.00", "year", month="2025-12", person_ref="p0")
"""750 a month."""


@pytest.mark.parametrize(
    ("day", "reads"),
    [
        (date(2026, 1, 1), "9000.00"),
        (date(2026, 4, 30), "9000.00"),
        (date(2027, 1, 1), "9000.00"),
        (date(2027, 7, 31), "9000.00"),
        (date(2027, 8, 1), None),
        (date(2028, 8, 1), None),
    ],
)
def test_a_year_is_carried_for_a_year_and_the_grace_and_is_unknown_from_then(
    day: date, reads: str | None
) -> None:
    """The next statement was due in December 2026.

    June 2027 is the last month carried, so July 2027 is the first unknown one.
    """
    assert net(day, YEAR) == reads


@pytest.mark.parametrize(
    ("grace", "last_day"), [(0, date(2027, 1, 31)), (1, date(2027, 2, 28)), (24, date(2029, 1, 31))]
)
def test_the_grace_is_the_countys(grace: int, last_day: date) -> None:
    after = date(last_day.year, last_day.month + 1, 1)

    assert (net(last_day, YEAR, grace=grace), net(after, YEAR, grace=grace)) == ("9000.00", None)


def test_an_uneven_year_is_carried_to_the_fen_month_by_month() -> None:
    uneven = income("100.00", "year", month="2025-12")
    months = by_month(judged(household(uneven), date(2026, 5, 10), known=NOTHING_MORE).view)

    assert [m.net for m in months[:4]] == [833, 834, 833, 833]  # May to August 2025
    assert sum(m.net or 0 for m in months[:12]) == 10_000
    assert [m.is_carried for m in months] == [False] * 8 + [True] * 4 + [False]
    assert months[12].net == 0, "nothing is carried into the running month"


def test_what_is_carried_ends_with_what_is_known_to_end_it_and_is_zero_from_then() -> None:
    day = date(2026, 5, 10)  # the window is May 2025 to April 2026

    assert net(day, income("9000.00", "year", month="2025-12", until_month="2026-02")) == "7500.00"
    assert net(day, income("9000.00", "year", month="2025-12", until_month="2025-12")) == "6000.00"
    assert (
        net(date(2028, 1, 1), income("9000.00", "year", month="2025-12", until_month="2026-02"))
        == "0.00"
    ), "its end is known"
    gone = registered(
        [Member(person_ref="rest"), Member(person_ref="p0", left_on=date(2026, 3, 15))]
    )
    assert net(day, gone, YEAR) == "7500.00"
    assert net(date(2028, 1, 1), gone, YEAR) == "0.00", "who left earns nothing, and that is known"
    assert (
        net(
            day,
            YEAR,
            income("10.00", "m", month="2026-03", yearly=False, item="earnings", person_ref="p0"),
        )
        == "7510.00"
    )
    assert (
        net(
            date(2028, 1, 1),
            YEAR,
            income("10.00", "m", month="2026-03", yearly=False, item="earnings", person_ref="p0"),
        )
        == "0.00"
    )


def test_the_next_yearly_statement_takes_over_and_a_gap_between_two_is_carried() -> None:
    following = income("4800.00", "next", month="2027-06", person_ref="p0")

    # Jan to Jun 2026 carried, Jul to Dec 2026 of the next
    assert net(date(2027, 1, 10), YEAR, following) == str(Fen.parse("6900.00"))
    assert net(date(2027, 7, 1), YEAR, following) == "4800.00"
    assert net(date(2027, 7, 1), following, YEAR) == "4800.00"


def test_of_two_overlapping_years_the_later_version_counts_for_the_months_they_share() -> None:
    earlier = income("1200.00", "a", month="2025-12")
    later = income("2400.00", "b", month="2026-03").model_copy(update={"place": (5,)})

    # January to March 2025 at 100, from April at 200
    assert net(date(2026, 1, 10), earlier, later) == "2100.00"
    swapped = (earlier.model_copy(update={"place": (9,)}), later)
    assert net(date(2026, 1, 10), *swapped) == "1200.00"


def test_a_yearly_source_that_fell_silent_is_unknown_though_its_sender_is_not_required() -> None:
    dividend = income(
        "1200.00", "d", month="2025-12", item="dividend", category="property", agency="orchard"
    )

    assert net(date(2027, 7, 1), dividend) == "1200.00"
    assert net(date(2027, 8, 1), dividend) is None
    assert net(date(2028, 8, 1), dividend) is None


def test_relief_that_comes_once_never_lapses() -> None:
    assert (
        net(date(2028, 8, 1), income("1200.00", "r", month="2025-12", item="Emergency Relief"))
        == "0.00"
    )


def test_before_its_first_year_a_source_is_nothing_and_not_unknown() -> None:
    view = judged(household(YEAR), date(2026, 1, 10), known=NOTHING_MORE).view

    assert net_within(view, range(view.unheard[0] if view.unheard else 2024 * 12, 2025 * 12)) == 0


def test_what_is_carried_is_a_part_of_its_own_in_the_trace() -> None:
    line = next(
        line
        for line in trace(judged(household(YEAR), date(2026, 3, 10), known=NOTHING_MORE).view)
        if line.en == "net income"
    )

    assert [(p.name, p.value, len(p.facts)) for p in line.parts] == [
        ("wage", 750_000, 1),
        ("wage, carried", 150_000, 1),
    ]


def test_a_finding_names_a_carried_income_once() -> None:
    view = judged(
        household(YEAR, income("1.00", "m", month="2025-12", yearly=False, item="other")),
        date(2027, 6, 10),
        known=NOTHING_MORE,
    )
    below = (
        next(f for f in view.findings if f.kind == "income_below_line")
        if view.view.net is not None and view.view.net < 730_000
        else None
    )

    assert below is None or len({f.fact_id for f in below.facts}) == len(below.facts)
