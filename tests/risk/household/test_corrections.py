"""Agencies correct themselves.

In any order of arrival the corrected facts count, and what rested on the wrong ones ends at once.
"""

from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from msgspec.structs import replace

from foothold_risk.rules.household.fold import Folded, fold, forget_old
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.status.movement import move
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status
from tests.support.made.build import (
    OPEN_DAY,
    amending,
    checked,
    claim,
    household,
    identity,
    income,
    judged,
    retracted,
    step,
)
from tests.support.made.rules import ALL_IN_FORCE


def folded(*facts: FactRecord) -> Household:
    home = household()
    for fact in facts:
        home, _ = fold(home, fact, fact.data, OPEN_DAY)  # type: ignore[arg-type]  # household facts only
    return home


def owed(*facts: FactRecord) -> int:
    return judged(folded(*facts)).view.own_shares


def test_a_bill_reversed_and_settled_anew_counts_as_settled_anew_in_any_order() -> None:
    facts = (claim("20000.00", "c1"), retracted("c1"), claim("12000.00", "c2"))

    assert {owed(*order) for order in permutations(facts)} == {1_200_000}


def test_two_real_bills_of_one_day_and_hospital_both_count() -> None:
    assert owed(claim("100.00", "c1"), claim("100.00", "c2")) == 20_000


def test_a_chain_of_amendments_leaves_the_last_one_in_any_order() -> None:
    facts = (
        claim("1.00", "c1"),
        amending(claim("2.00", "c2"), "c1"),
        amending(claim("4.00", "c3"), "c2"),
    )

    assert {owed(*order) for order in permutations(facts)} == {400}


def test_one_correction_replaces_several_facts() -> None:
    facts = (
        income("100.00", "a", yearly=False),
        income("200.00", "b", yearly=False),
        amending(income("250.00", "sum", yearly=False), "a", "b"),
    )
    nets = {sum(i.amount for i in folded(*order).incomes) for order in permutations(facts)}

    assert nets == {25_000}


def test_a_retracted_amendment_takes_itself_back_and_not_what_it_replaced() -> None:
    facts = (claim("1.00", "c1"), amending(claim("2.00", "c2"), "c1"), retracted("c2"))

    assert {owed(*order) for order in permutations(facts)} == {0}


@pytest.mark.parametrize(("times", "counts"), [((1, 2), 12_000_00), ((2, 1), 20_000_00)])
def test_of_two_bills_under_one_number_the_senders_latest_word_counts_in_any_order(
    times: tuple[int, int], counts: int
) -> None:
    first, second = claim("20000.00", "number"), claim("12000.00", "number")
    facts = [
        bill.model_copy(
            update={
                "fact_id": identity(name),
                "id": name,
                "time": datetime(2026, 6, day, tzinfo=UTC),
            }
        )
        for bill, name, day in zip((first, second), ("one", "two"), times, strict=True)
    ]

    assert {owed(*order) for order in permutations(facts)} == {counts}
    other = {owed(*order, retracted("two")) for order in permutations(facts)}
    assert other == {20_000_00}, "what the withdrawn one hid counts again"


def test_what_comes_after_its_own_reversal_is_told_apart_from_a_repeat() -> None:
    home, first = fold(household(), retracted("c1"), retracted("c1").data, OPEN_DAY)  # type: ignore[arg-type]
    bill = claim("20000.00", "c1")

    assert (first, fold(home, bill, bill.data, OPEN_DAY)[1]) == (Folded.APPLIED, Folded.WITHDRAWN)  # type: ignore[arg-type]
    assert fold(home, retracted("c1"), retracted("c1").data, OPEN_DAY)[1] == Folded.DUPLICATE  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "again", "outcome"),
    [
        (claim("1.00", "x"), claim("1.00", "x"), Folded.DUPLICATE),
        (claim("1.00", "x"), claim("2.00", "x"), Folded.ID_REUSED),
        (income("1.00", "x"), income("2.00", "x"), Folded.ID_REUSED),
        (income("1.00", "x"), income("1.00", "x", category="transfer"), Folded.ID_REUSED),
        (
            checked(Guarantee.WATER, "x", is_met=True),
            checked(Guarantee.WATER, "x", is_met=False),
            Folded.ID_REUSED,
        ),
        (
            claim("1.00", "x"),
            claim("1.00", "x").model_copy(update={"time": datetime(2026, 6, 2, tzinfo=UTC)}),
            Folded.DUPLICATE,
        ),
    ],
    ids=[
        "the same",
        "another total",
        "another amount",
        "another category",
        "another answer",
        "sent again later",
    ],
)
def test_another_body_under_a_known_id_is_told_apart_from_a_repeat(
    first: FactRecord, again: FactRecord, outcome: Folded
) -> None:
    home = folded(first)
    same, what = fold(home, again, again.data, OPEN_DAY)  # type: ignore[arg-type]

    assert (what, same is home) == (outcome, True)


def test_a_correction_that_is_itself_too_old_or_withdrawn_still_replaces_what_it_names() -> None:
    bill, later = claim("1.00", "c1"), amending(claim("2.00", "c2", day=date(2020, 1, 1)), "c1")
    home, outcome = fold(folded(bill), later, later.data, OPEN_DAY)  # type: ignore[arg-type]

    assert (outcome, [c.total for c in home.claims]) == (
        Folded.TOO_OLD,
        [200],
    ), "kept for what its number may correct; its day decides nothing"
    assert (
        owed(amending(claim("4.00", "c3"), "c2"), amending(claim("2.00", "c2"), "c1"), bill) == 400
    )


def test_a_withdrawal_is_remembered_as_long_as_the_fact_could_still_come() -> None:
    old = retracted("c1", at=datetime(2024, 5, 1, tzinfo=UTC))
    older = retracted("c0", name="older", at=datetime(2024, 4, 30, 12, tzinfo=UTC))

    assert [w.by.hex() for w in forget_old(folded(old, older), OPEN_DAY).withdrawn] == [
        identity("retraction")
    ]


def test_a_group_whose_ground_was_wrong_ends_at_once_as_corrected() -> None:
    home, _ = step(folded(income("7000"), claim("6000")))
    home, _ = fold(home, retracted("claim"), retracted("claim").data, OPEN_DAY)  # type: ignore[arg-type]
    taken = replace(home.position, is_corrected=True)
    position, (exit_,) = move(taken, judged(home), ExitReason.CORRECTED)

    assert (exit_.movement, exit_.exit_reason, exit_.is_episode_over) == (
        Movement.EXITED,
        ExitReason.CORRECTED,
        True,
    )
    assert (position.status, position.group, position.eliminated) == (Status.WATCH, None, ())


def test_a_lead_whose_ground_was_wrong_ends_as_corrected_and_one_that_holds_stays() -> None:
    home, _ = step(
        folded(income("90000"), claim("25000"), checked(Guarantee.WATER, "water", is_met=False)),
        rules=ALL_IN_FORCE,
    )
    less, _ = fold(home, retracted("claim"), retracted("claim").data, OPEN_DAY)  # type: ignore[arg-type]
    position, (eased,) = move(less.position, judged(less, rules=ALL_IN_FORCE), ExitReason.CORRECTED)
    water = retracted("water", name="r2")
    none, _ = fold(less, water, water.data, OPEN_DAY)  # type: ignore[arg-type]
    _, (ended,) = move(position, judged(none, rules=ALL_IN_FORCE), ExitReason.CORRECTED)

    assert (eased.movement, eased.exit_reason, eased.gone) == (
        Movement.EASED,
        ExitReason.CORRECTED,
        (FindingKind.SELF_PAID_HIGH, FindingKind.SINGLE_STAY_HIGH),
    )
    assert (ended.movement, ended.exit_reason) == (Movement.UNWATCHED, ExitReason.CORRECTED)


def test_a_group_that_holds_without_the_wrong_fact_stays_and_one_that_is_recovering_waits() -> None:
    home, _ = step(folded(income("7000"), claim("6000"), claim("3000", "other")))
    still, _ = fold(home, retracted("other"), retracted("other").data, OPEN_DAY)  # type: ignore[arg-type]
    recovering, _ = step(folded_on(home, income("90000", "more", month="2026-05", yearly=False)))
    later, _ = fold(recovering, retracted("other"), retracted("other").data, OPEN_DAY)  # type: ignore[arg-type]

    assert move(home.position, judged(still), ExitReason.CORRECTED)[1] == ()
    assert recovering.position.status is Status.RECOVERING
    assert move(recovering.position, judged(later), ExitReason.CORRECTED)[1] == ()


def folded_on(home: Household, fact: FactRecord) -> Household:
    return fold(home, fact, fact.data, OPEN_DAY)[0]  # type: ignore[arg-type]
