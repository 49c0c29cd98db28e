"""Tests real farms nobody here invented.

The tests check which of 171 lost half of their income from one season to the next, against an
independent computation.
"""

import csv
from collections import defaultdict
from datetime import date
from fractions import Fraction
from pathlib import Path

from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen
from tests.support.made.build import household, income, judged, policy, value

FILE = Path(__file__).parents[1] / "data" / "ricefarms.csv"
SEASONS = 6
HALF = policy(income_dropped_percent=value("income_dropped.percent", 5_000))


def farms() -> dict[str, dict[int, dict[str, str]]]:
    """Farm → season → row, as published."""
    by_farm: defaultdict[str, dict[int, dict[str, str]]] = defaultdict(dict)
    with FILE.open(newline="", encoding="utf-8") as text:
        for row in csv.DictReader(text):
            by_farm[row["id"]][int(row["season"])] = row
    return dict(by_farm)


def earned_and_spent(row: dict[str, str]) -> tuple[Fraction, Fraction]:
    """Output at its price, and what growing it cost; exact."""
    of = {
        name: Fraction(text)
        for name, text in row.items()
        if name not in ("id", "season", "region", "status")
    }
    spent = (
        of["seed"] * of["pseed"]
        + of["urea"] * of["purea"]
        + of["phosphate"] * of["pphosph"]
        + of["pesticide"]
        + of["hiredlabor"] * of["wage"]
    )
    return of["noutput"] * of["price"], spent


def dropped_by_hand() -> set[tuple[str, int]]:
    """Net income at most half of a positive net income the season before.

    Written apart from the rules, in fractions.
    """
    dropped = set()
    for farm, seasons in farms().items():
        net = {
            season: earned - spent
            for season, row in seasons.items()
            for earned, spent in [earned_and_spent(row)]
        }
        dropped |= {
            (farm, season)
            for season in range(2, SEASONS + 1)
            if net[season - 1] > 0 and net[season] <= net[season - 1] / 2
        }
    return dropped


def dropped_by_the_rule() -> set[tuple[str, int]]:
    """The same farms through fact, fold and finding, each season a year."""
    dropped = set()
    for farm, seasons in farms().items():
        facts = []
        for season, row in seasons.items():
            earned, spent = (_text(amount) for amount in earned_and_spent(row))
            facts.append(
                income(
                    earned,
                    f"{farm}-{season}",
                    month=f"{2000 + season}-12",
                    category="operating",
                    item="rice",
                    expense=spent,
                )
            )
        home = household(*facts)
        for season in range(2, SEASONS + 1):
            if FindingKind.INCOME_DROPPED in judged(home, date(2001 + season, 1, 10), HALF).kinds:
                dropped.add((farm, season))
    return dropped


def _text(amount: Fraction) -> str:
    fen = amount * 100
    assert fen.denominator == 1, "every published figure is exact to two places"
    return str(Fen(int(fen)))


def test_the_farms_whose_income_dropped_by_half_are_those_of_an_independent_computation() -> None:
    by_rule, by_hand = dropped_by_the_rule(), dropped_by_hand()

    assert by_hand == by_rule
    assert (len(by_hand), len({farm for farm, _ in by_hand})) == (152, 112)
