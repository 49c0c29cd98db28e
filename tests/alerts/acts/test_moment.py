"""A page shows one moment.

What changed since the transition that brought people to it adds up to the fen.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_alerts.rules.acts.moment import moment, since
from foothold_alerts.rules.case import OPEN, Stage
from foothold_schemas.values import Fen

DAYS = [f"2026-0{month}-1{day}" for month in (1, 2, 3) for day in range(5)]
KINDS = ["medical", "education", "rehabilitation", "accident", "disaster"]


def source(
    outlays: dict[tuple[str, str], int],
    first: str = "2026-01-01",
    net: str | None = "8000.00",
    **more: Any,  # noqa: ANN401
) -> dict[str, Any]:
    spent = sum(
        amount for (day, kind), amount in outlays.items() if day >= first and kind != "disaster"
    )
    return {
        "number": 1,
        "open_day": "2026-06-10",
        "figures": {
            "own_shares": str(Fen(spent)),
            "claims_income": "0.00",
            "spending_window": {"first": first, "last": "2026-12-31"},
            **({} if net is None else {"net": net}),
        },
        "outlays": [
            {"day": day, "kind": kind, "amount": str(Fen(amount))}
            for (day, kind), amount in outlays.items()
        ],
        **more,
    }


def test_two_more_bills_are_named_with_what_they_add() -> None:
    flag = {("2026-01-10", "medical"): 241_800}
    (change,) = since(
        source(flag),
        source(flag | {("2026-02-11", "medical"): 50_150, ("2026-03-10", "medical"): 30_000}),
    )

    assert (change.figure, change.before, change.after, change.difference) == (
        "own_shares",
        241_800,
        321_950,
        80_150,
    )
    assert [(p.what, p.day, p.amount) for p in change.parts] == [
        ("medical", "2026-02-11", 50_150),
        ("medical", "2026-03-10", 30_000),
    ]


some = st.dictionaries(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(KINDS)), st.integers(1, 10**7), max_size=8
)


@given(some, some, st.sampled_from(DAYS))
def test_the_parts_of_spending_add_up_whatever_came_went_or_left_the_window(
    flag: dict[Any, int], now: dict[Any, int], first: str
) -> None:
    before, after = source(flag), source(now, first)
    changes = [c for c in since(before, after) if c.figure == "own_shares"]

    assert bool(changes) == (before["figures"]["own_shares"] != after["figures"]["own_shares"])
    assert all(sum(p.amount for p in c.parts) == c.difference for c in changes)


def test_income_changes_by_its_kinds_and_what_is_unknown_is_no_change() -> None:
    def earned(net: str, **parts: str) -> dict[str, Any]:
        line = {
            "title": {"zh": "纯收入", "en": "net income"},
            "parts": [{"name": n.replace("_", " "), "value": v} for n, v in parts.items()],
        }
        return source({}, net=net, trace=[line])

    (change,) = since(
        earned("8000.00", wage="9000.00", operating_expense="-1000.00"),
        earned("7400.00", wage="9000.00", operating_expense="-1600.00"),
    )

    assert [(p.what, p.amount) for p in change.parts] == [("operating expense", -60_000)]
    assert since(source({}), source({}, net=None)) == ()
    (unexplained,) = since(source({}, net="1.00"), source({}, net="2.00"))
    assert (unexplained.difference, unexplained.parts) == (100, ())


@pytest.mark.parametrize("stage", Stage)
def test_an_open_case_shows_the_newer_of_the_two_and_one_that_is_over_how_it_ended(
    stage: Stage,
) -> None:
    latest = source({}, number=4) | {"reason": {"zh": "恢复中", "en": "recovering"}}
    view = {"number": 4, "episode": 1, "as_of": "2026-06-12", "reason": {"zh": "一", "en": "one"}}

    assert (moment(latest, view, stage, 1) == view) == (stage in OPEN)
    for other in (
        None,
        view | {"number": 3},
        view | {"episode": 2},
        {k: v for k, v in view.items() if k != "number"},
    ):
        assert moment(latest, other, stage, 1)["as_of"] == "2026-06-10"


def test_where_nothing_speaks_any_more_the_page_is_of_now_with_the_last_sentence() -> None:
    latest = source({}, number=4) | {"reason": {"zh": "恢复中", "en": "recovering"}}
    quiet = [{"finding": "self_paid_high"}]

    now = moment(
        latest,
        {"number": 4, "episode": 1, "as_of": "2026-06-12", "quiet": quiet},
        Stage.IDENTIFIED,
        1,
    )
    assert (now["as_of"], now["quiet"], now["reason"]) == ("2026-06-12", quiet, latest["reason"])
