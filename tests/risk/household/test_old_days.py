"""Versions of one statement that speak of days on both sides of the 25 months.

In any order of arrival the same one counts.
"""

from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from foothold_risk.rules.calendar import month_of, month_text
from foothold_risk.rules.household.fold import fold, forget_old
from foothold_schemas.facts.envelope import FactRecord
from tests.support.made.build import OPEN_DAY, claim, household, identity, income, judged, spending
from tests.support.made.rules import ALL_IN_FORCE
from tests.support.made.versions import AT

days = st.dates(date(2024, 3, 1), date(2024, 6, 30)) | st.dates(date(2025, 7, 1), OPEN_DAY)
amounts = st.integers(1, 3_000_000).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")


@st.composite
def versions(draw: st.DrawFn) -> list[FactRecord]:
    """Of one bill, one cost and one income, each said at a moment of its own."""
    statements = []
    for n, minutes in enumerate(
        draw(st.lists(st.integers(0, 10_000), min_size=2, max_size=6, unique=True))
    ):
        day, amount, which = (
            draw(days),
            draw(amounts),
            draw(st.sampled_from(["bill", "cost", "income"])),
        )
        match which:
            case "bill":
                fact = claim(amount, "number", day=day)
            case "cost":
                fact = spending(amount, "cost", day=day, number="E1")
            case _:
                fact = income(
                    amount,
                    "income",
                    month=month_text(month_of(day)),
                    yearly=draw(st.booleans()),
                    number="S1",
                )
        statements.append(
            fact.model_copy(
                update={
                    "fact_id": identity(f"{which} {n}"),
                    "id": f"{which}-{n}",
                    "time": AT - timedelta(minutes=minutes),
                }
            )
        )
    return statements


@given(versions(), st.randoms(use_true_random=False))
def test_the_same_version_counts_in_any_order(statements: list[FactRecord], chance: Random) -> None:
    shuffled = list(statements)
    chance.shuffle(shuffled)
    views = []
    for order in (statements, shuffled):
        home = household()
        for fact in order:
            home, _ = fold(home, fact, fact.data, OPEN_DAY)  # type: ignore[arg-type]  # household facts only
            home = forget_old(home, OPEN_DAY)
        seen = judged(home, rules=ALL_IN_FORCE).view
        views.append((seen.net, seen.reference, seen.own_shares, seen.unheard))

    assert views[0] == views[1]
