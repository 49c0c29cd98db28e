from datetime import UTC, date, datetime

import pytest

from foothold_risk.rules.context.heard import Span, unheard_months
from foothold_risk.rules.findings.finding import income_window, spending_window
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.money.figures import LAYERS, per_head
from foothold_schemas.facts.facts import IncomeCategory, MedicalClaimSettled, MedicalPayments
from foothold_schemas.facts.register import Absence, Member
from foothold_schemas.values import Fen, Window
from tests.support.made.build import (
    AREA,
    OPEN_DAY,
    claim,
    household,
    income,
    judged,
    record,
    registered,
)


@pytest.mark.parametrize(
    ("total", "head_months", "expected"),
    [
        (100, 12, 100),
        (1, 24, 1),
        (5, 120, 1),
        (4, 120, 0),
        (-5, 120, -1),
        (100, 36, 33),
        (200, 36, 67),
        (None, 12, None),
        (100, 0, None),
    ],
)
def test_per_head_is_rounded_once_half_away_from_zero(
    total: int | None, head_months: int, expected: int | None
) -> None:
    assert expected == per_head(total, head_months)


@pytest.mark.parametrize("amount", ["0.01", "100.00", "99999.99", "-0.07", "1790.05"])
def test_a_yearly_figure_is_spread_over_its_months_exact_to_the_fen(amount: str) -> None:
    year = household(income(amount)).incomes[0]
    months = range(year.last_month - 11, year.last_month + 1)

    shares = [year.within(range(m, m + 1)) for m in months]
    assert sum(shares) == year.within(months) == year.amount
    assert max(shares) - min(shares) <= 1
    assert (
        year.within(range(months.start - 1, months.start)),
        year.within(range(months.stop, months.stop + 5)),
    ) == (0, 0)


def test_twelve_times_708_33_and_four_fen_are_exactly_8500() -> None:
    months = [f"2025-{m:02d}" for m in range(6, 13)] + [f"2026-{m:02d}" for m in range(1, 6)]
    facts = [income("708.33", f"wage-{m}", month=m, yearly=False) for m in months]

    view = judged(household(*facts, income("0.04", "rest", yearly=False))).view

    assert view.net_per_head == 850_000


def test_operating_expense_is_taken_off_and_claims_income_counts_only_in_the_reference() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    facts = (
        income("10000", category=IncomeCategory.OPERATING, expense="4000"),
        income(
            "500", "payout", category=IncomeCategory.CLAIMS, month="2026-03", yearly=False, at=at
        ),
        claim("2000", paid="300"),
    )

    view = judged(household(*facts)).view

    assert (view.net, view.claims_income, view.own_shares) == (600_000, 50_000, 170_000)
    assert view.reference == 600_000 + 50_000 - 170_000


def test_one_off_relief_never_enters_net_income() -> None:
    view = judged(
        household(income("8000"), income("3000", "relief", item="emergency_relief", yearly=False))
    ).view

    assert view.net == 800_000


def test_two_wages_in_one_month_because_pay_day_moved_leave_the_yearly_sum_unchanged() -> None:
    regular = [income("700", f"w{m}", month=f"2026-{m:02d}", yearly=False) for m in range(1, 6)]
    moved = [
        income("700", f"w{m}", month=f"2026-{max(m, 2):02d}", yearly=False, number=f"w{m}")
        for m in range(1, 6)
    ]

    assert (
        judged(household(income("0", month="2026-05"), *regular)).view.net
        == judged(household(income("0", month="2026-05"), *moved)).view.net
    )


def test_heads_are_counted_at_each_months_end_from_the_members_intervals() -> None:
    child = Member(person_ref="child", joined_on=date(2025, 12, 31), left_on=date(2026, 3, 30))
    view = judged(household(registered([Member(person_ref="a"), child]), income("9000"))).view

    # December, January and February; gone one day before the end of March
    assert view.head_months == 12 + 3


@pytest.mark.parametrize("absence", list(Absence))
def test_conscripts_prisoners_and_the_missing_are_shown_but_not_counted(absence: Absence) -> None:
    home = household(
        registered([Member(person_ref="a"), Member(person_ref="b", absence=absence)]),
        income("9000"),
    )

    assert judged(home).view.head_months == 12


@pytest.mark.parametrize(
    ("day", "counts"), [(date(2025, 6, 10), False), (date(2025, 6, 11), True), (OPEN_DAY, True)]
)
def test_a_bill_counts_from_the_first_to_the_last_day_of_the_rolling_year(
    day: date, *, counts: bool
) -> None:
    view = judged(household(income("9000"), claim("100", day=day))).view

    assert (10_000 if counts else 0) == view.own_shares


def test_the_latest_register_snapshot_wins_in_any_order() -> None:
    old, new = (
        registered(2, at=datetime(2026, 1, 1, tzinfo=UTC)),
        registered(5, at=datetime(2026, 2, 1, tzinfo=UTC)),
    )
    forward, backward = household(old, new), household(new, old)

    assert forward.register is not None
    assert len(forward.register.members) == 5
    assert forward.register == backward.register


def test_a_household_without_income_reports_has_unknown_figures_not_zero() -> None:
    view = judged(household()).view

    assert (view.net, view.net_per_head, len(view.unheard)) == (None, None, 12)
    assert isinstance(view.household, Household)


@pytest.mark.parametrize(
    ("item", "payout", "layer", "counted"),
    [
        ("city_supplement", "5000.00", "5000.00", 0),
        ("city_supplement", "5000.01", "5000.00", 1),
        ("city_supplement", "4000.00", "5000.00", 0),
        ("city_supplement", "5000.00", "0", 500_000),
        ("accident_policy", "5000.00", "5000.00", 500_000),
    ],
    ids=["the same money", "a fen more", "partly told", "not on a bill", "another cover"],
)
def test_a_payout_that_stands_on_a_bill_already_is_counted_once(
    item: str, payout: str, layer: str, counted: int
) -> None:
    at = datetime(2026, 3, 20, tzinfo=UTC)
    bill = MedicalClaimSettled(
        claim_number="c1",
        settled_on=date(2026, 3, 15),
        setting="inpatient",
        total=Fen.parse("9000"),
        paid=MedicalPayments(city_supplement=Fen.parse(layer)),
    )
    paid_out = income(
        payout, "payout", month="2026-03", yearly=False, category="claims", item=item, at=at
    )
    view = judged(
        household(income("9000"), record(bill, "bill", agency="health-insurance"), paid_out)
    ).view

    assert view.claims_income == counted


def test_the_layers_of_a_bill_are_the_names_of_its_payments_in_their_order() -> None:
    paid = MedicalPayments(city_supplement=Fen(5), other=Fen(7))

    assert [
        paid.layers[LAYERS[name]] for name in ("basic_insurance", "city_supplement", "other")
    ] == [0, 5, 7]
    assert len(LAYERS) == len(paid.layers)


def test_both_windows_are_those_of_the_published_examples() -> None:
    assert income_window(date(2021, 6, 15)) == Window(
        first=date(2020, 6, 1), last=date(2021, 5, 31)
    )
    assert spending_window(date(2028, 2, 29)) == Window(
        first=date(2027, 3, 1), last=date(2028, 2, 29)
    )
    assert spending_window(date(2026, 6, 10)) == Window(
        first=date(2025, 6, 11), last=date(2026, 6, 10)
    )


def test_a_fen_owed_is_a_fen_owed() -> None:
    assert [per_head(total, 12) for total in (-2, -1, 0, 1)] == [-2, -1, 0, 1]


def test_a_payout_taken_back_is_taken_back_whole_whatever_stands_on_the_bills() -> None:
    back = income(
        "-5.00", "back", yearly=False, category=IncomeCategory.CLAIMS, item="critical_illness"
    )
    bill = claim("100.00", paid="10.00", layer="critical_illness")

    assert judged(household(income("9000"), back, bill)).view.claims_income == -500


def test_a_month_counts_from_the_first_to_the_last_an_agency_spoke_for() -> None:
    home, spoken = household(registered()), {f"statistics|IncomeReported|{AREA}": (Span(101, 102),)}

    assert unheard_months(home, range(100, 104), ("statistics",), spoken) == (100, 103)
