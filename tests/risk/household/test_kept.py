"""What was said, and what was taken back, come to the same whether months have turned or not.

The second opinion forgets nothing at all: the household as it would be had what was taken back
never been said.
"""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_risk.messages.insight import hints_of
from foothold_risk.rules.calendar import first_day, month_of, month_text
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.ageing import SPARE
from foothold_risk.rules.household.fold import fold, forget_old
from foothold_risk.rules.household.household import Household
from foothold_schemas.facts.checks import Asset, Grade, Guarantee
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import IncomeReported
from foothold_schemas.values import Sentence
from tests.support.made.build import (
    AREA,
    OPEN_DAY,
    checked,
    graded,
    household,
    income,
    judged,
    owns,
    retracted,
)
from tests.support.made.rules import ALL_IN_FORCE

YUAN = Sentence(zh="元", en="yuan")
EVERYTHING_HEARD = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}
long_ago = st.dates(date(2020, 1, 1), date(2024, 4, 30))
days = long_ago | st.dates(date(2024, 5, 1), date(2026, 4, 30))
amounts = st.sampled_from(["0.00", "6000.00", "12000.00", "90000.00"])


@st.composite
def statements(draw: st.DrawFn) -> list[FactRecord]:
    """Of one source of income, of two guarantees, of reviews and of assets, each of a day."""
    facts = []
    for n, day in enumerate(draw(st.lists(days, min_size=1, max_size=9, unique=True))):
        match draw(st.sampled_from(["income", "check", "review", "assets"])):
            case "income":
                yearly, month = draw(st.booleans()), month_text(month_of(day))
                facts.append(
                    income(draw(amounts), f"i{n}", month=month, yearly=yearly, item="salary")
                )
            case "check":
                guarantee = draw(st.sampled_from([Guarantee.WATER, Guarantee.HOUSING]))
                facts.append(checked(guarantee, f"c{n}", is_met=draw(st.booleans()), day=day))
            case "review":
                facts.append(graded(draw(st.sampled_from(Grade)), f"g{n}", day=day))
            case _:
                kind = draw(st.sampled_from([(), (Asset.CAR,)]))
                facts.append(owns(*kind, day=day, name=f"a{n}"))
    return facts


def taken(home: Household, *records: FactRecord) -> Household:
    """The household with these, each at a turn of the month."""
    for record in records:
        home, _ = fold(home, record, record.data, OPEN_DAY)  # type: ignore[arg-type]  # household facts only
        home = forget_old(home, OPEN_DAY)
    return home


def summary(home: Household, day: date) -> tuple[object, ...]:
    """All that people are shown of it."""
    seen = judged(home, day, ALL_IN_FORCE, EVERYTHING_HEARD)
    findings = tuple((f.kind, f.measure) for f in seen.findings)
    grounds = tuple((g.kind, g.events, g.value) for g in seen.grounds)
    view = seen.view
    return view.net, view.unheard, view.lapses, findings, grounds, hints_of(seen, YUAN), seen.target


@given(statements(), st.integers(0, SPARE), st.sampled_from(["late", "by month"]), st.randoms())
def test_what_is_taken_back_after_months_have_turned_leaves_what_would_be_there_without_it(
    facts: list[FactRecord], count: int, came: str, chance: Random
) -> None:
    back = chance.sample(facts, min(count, len(facts)))
    chance.shuffle(facts)
    # a year of long ago that comes when the months after it are forgotten is unknown, and says so
    facts.sort(key=lambda f: isinstance(f.data, IncomeReported) and not f.data.is_yearly)
    before = household(*facts)
    if came == "late":
        aged = taken(household(), *facts)
    else:
        aged = before
        for month in range(month_of(date(2024, 1, 1)), month_of(OPEN_DAY) + 1):
            aged = forget_old(aged, first_day(month))
    aged = taken(aged, *(retracted(f.id, name=f"back {f.id}") for f in back))
    never_said = household(*(f for f in facts if f not in back))

    for day in (OPEN_DAY, OPEN_DAY + timedelta(days=25)):
        assert summary(aged, day) == summary(never_said, day)


def yearly(year: int, amount: str = "30000.00") -> FactRecord:
    return income(amount, f"y{year}", month=f"{year}-12")


@pytest.mark.parametrize("back", [("y2025",), ("y2025", "y2023"), ("y2023", "y2025", "y2022")])
def test_a_yearly_income_that_is_taken_back_is_unknown_by_the_years_before_and_not_zero(
    back: tuple[str, ...],
) -> None:
    home = taken(household(), *map(yearly, (2019, 2020, 2021, 2022, 2023, 2025)))
    assert judged(home, known=EVERYTHING_HEARD).view.net is not None

    home = taken(home, *(retracted(name, name=f"back {name}") for name in back))
    assert judged(home, known=EVERYTHING_HEARD).view.net is None


def test_a_source_that_went_over_to_months_for_good_keeps_no_year_of_long_ago() -> None:
    months = [
        income("500.00", f"m{n}", month=month_text(month_of(OPEN_DAY) - n), yearly=False)
        for n in range(1, 60)
    ]
    facts = [income("9000.00", "y", month="2020-12", item="salary"), *months]
    home = forget_old(household(*facts), OPEN_DAY)

    assert len(home.incomes) == 25
