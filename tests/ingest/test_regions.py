"""County codes in the standard's table, with the years in which they held."""

from datetime import date

import pytest

from foothold_ingest.intake.county_codes import standard
from foothold_ingest.rules.regions import Held, Regions


@pytest.mark.parametrize(
    "code",
    [
        "370300",
        "370301",
        "370302",
        "370303",
        "370304",
        "370305",
        "370306",
        "370321",
        "370322",
        "370323",
    ],
)
def test_zibos_counties_and_its_districts_as_a_whole_are_known_today(code: str) -> None:
    assert standard().problem_on(code, date(2026, 11, 26)) is None


@pytest.mark.parametrize(
    ("code", "day", "says"),
    [
        ("370284", date(2010, 5, 1), None),
        ("370284", date(2012, 5, 1), None),
        ("370284", date(2013, 5, 1), "given up after 2011"),
        ("370284", date(1994, 5, 1), "yet"),
        ("370211", date(2026, 5, 1), None),
        ("370399", date(2026, 5, 1), "no county"),
        ("370302104201", date(2026, 5, 1), None),
    ],
)
def test_a_code_holds_in_its_years(code: str, day: date, says: str | None) -> None:
    problem = standard().problem_on(code, day)

    assert problem is None if says is None else says in (problem or "")


def test_an_authority_may_be_one_that_was_given_up_but_not_one_of_the_future() -> None:
    assert standard().problem_by("370284", date(2026, 5, 1)) is None
    assert "yet" in (
        Regions.of([("370398", Held(2027, None))]).problem_by("370398", date(2026, 5, 1)) or ""
    )


def test_a_code_given_up_and_made_again_holds_in_both_stretches_only() -> None:
    regions = Regions.of([("370398", Held(1990, 1995)), ("370398", Held(2005, None))])

    assert [
        regions.problem_on("370398", date(year, 6, 1)) is None
        for year in (1989, 1990, 1996, 1997, 2004, 2005, 2026)
    ] == [*(False, True, True, False, False, True, True)]
