"""What a household bore itself goes with its transitions and its view.

It is by the statements that count now.
"""

import json
from datetime import UTC, date, datetime

from foothold_risk.messages.evidence import outlays
from foothold_risk.messages.transition import transition
from foothold_risk.messages.view import view_of
from foothold_risk.rules.context.cause import Cause
from tests.support.made.build import (
    HOUSEHOLD,
    claim,
    disaster,
    household,
    income,
    judged,
    policy,
    spending,
    step,
)

LEARNED = datetime(2026, 6, 10, 4, tzinfo=UTC)


def test_own_shares_are_summed_by_day_and_kind_and_a_loss_nobody_put_a_figure_to_is_empty() -> None:
    home = household(
        income("90000"),
        claim("900", "one", paid="100"),
        claim("50.50", "two"),
        claim("7", "old", day=date(2024, 7, 1)),
        claim("7", "too old", day=date(2024, 6, 1)),
        spending("30", covered="10"),
        spending("99", "other", category="other"),
        disaster(loss="42000"),
        disaster("fire", day=date(2026, 6, 8)),
        disaster("rumour", is_verified=False),
    )

    assert [
        (o.day, o.kind, None if o.amount is None else str(o.amount))
        for o in outlays(judged(home).view) or ()
    ] == [
        (date(2024, 7, 1), "medical", "7.00"),
        (date(2026, 3, 15), "education", "20.00"),
        (date(2026, 3, 15), "medical", "850.50"),
        (date(2026, 6, 8), "disaster", None),
        (date(2026, 6, 9), "disaster", "42000.00"),
    ]


def test_a_view_has_findings_reason_and_figures_of_one_moment_and_names_its_transition() -> None:
    home, moves = step(household(income("7000"), claim("6000")))
    announced = transition(HOUSEHOLD, moves[-1], judged(home), policy(), Cause("f" * 32, LEARNED))
    more = household(income("7000"), claim("6000"), claim("801.50", "more"))
    shown = json.loads(view_of(HOUSEHOLD, home.position, judged(more), policy()))

    assert shown["number"] == announced.number == home.position.number
    assert shown["figures"]["own_shares"] == "6801.50"
    (spent,) = [f for f in shown["findings"] if f["rule"] == "rigid_spending_ratio"]
    assert (spent["value"], sum(float(f["amount"]) for f in spent["facts"])) == ("6801.50", 6801.5)
    assert "6801.50" in shown["reason"]["zh"]
    assert "6801.50" in shown["reason"]["en"]
    assert [o["amount"] for o in shown["outlays"]] == ["6801.50"]
    assert announced.outlays is not None
    assert [str(o.amount) for o in announced.outlays] == ["6000.00"]
