"""What is taken back counts no more, of every kind and in any order.

Of what replaces the one before, that one counts again.
"""

from itertools import permutations
from typing import Any, get_args

import pytest

from foothold_risk.rules.household.fold import (
    MOST_REPLACED,
    Folded,
    TakingBack,
    fold,
    taking_back,
)
from foothold_risk.rules.household.household import Household, fresh
from foothold_risk.worker.state import Batch, Households, pack
from foothold_schemas.facts.checks import Asset, Grade, Guarantee
from foothold_schemas.facts.decisions import (
    AuthorisationGiven,
    AuthorisationRefused,
    CaseDecided,
    FindingExempted,
    MeasureDelivered,
    ReliefPaid,
)
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HouseholdFact
from foothold_schemas.facts.reports import Concern
from foothold_schemas.values import Fen
from tests.support.made.build import (
    OPEN_DAY,
    checked,
    claim,
    disaster,
    graded,
    in_doubt,
    income,
    owns,
    record,
    registered,
    reported,
    retracted,
    spending,
)
from tests.support.made.versions import AT, TICK

DAY = OPEN_DAY.isoformat()
EXAMPLES: list[FactRecord] = [
    registered(2, at=AT),
    income("9000.00"),
    claim("60.00"),
    spending("60.00"),
    disaster(),
    checked(Guarantee.WATER, is_met=False),
    graded(Grade.B, "review", day=OPEN_DAY),
    owns(Asset.CAR),
    reported(Concern.ILLNESS),
    retracted("something"),
    record(AuthorisationGiven(signed_on=OPEN_DAY), "given"),
    record(AuthorisationRefused(refused_on=OPEN_DAY), "refused"),
    record(CaseDecided.model_validate({"decision": "identified", "decided_on": DAY}), "decided"),
    record(
        FindingExempted.model_validate(
            {
                "finding": "self_paid_high",
                "reason": "can_cope",
                "by": "liu",
                "exempted_on": DAY,
                "until": "2026-12-01",
            }
        ),
        "exempted",
    ),
    record(
        MeasureDelivered.model_validate(
            {"measure": "health", "against": ["self_paid_high"], "delivered_on": DAY}
        ),
        "measure",
    ),
    record(ReliefPaid(relief="emergency", cause="fire", amount=Fen(1), paid_on=OPEN_DAY), "relief"),
    in_doubt(),
]


def kept(*facts: FactRecord) -> Household:
    home = Household()
    for fact in facts:
        home, _ = fold(home, fact, fact.data, OPEN_DAY)  # type: ignore[arg-type]  # household facts only
    return fresh(home, withdrawn=(), since=None)


def test_every_kind_has_an_example_here() -> None:
    assert {type(e.data) for e in EXAMPLES} == set(get_args(HouseholdFact))


@pytest.mark.parametrize("fact", EXAMPLES, ids=lambda e: e.data.kind)
def test_what_is_taken_back_counts_no_more_in_any_order_or_stands_by_a_rule(
    fact: FactRecord,
) -> None:
    back, data = retracted(fact.id, name="back"), fact.data
    before, after = kept(fact, back), kept(back, fact)

    if taking_back(data) is TakingBack.NEVER:  # type: ignore[arg-type]  # household facts only
        assert before == after == kept(fact)
    else:
        assert (before, after) == (Household(), Household())
        home, _ = fold(Household(), back, back.data, OPEN_DAY)  # type: ignore[arg-type]
        assert fold(home, fact, data, OPEN_DAY)[1] is Folded.WITHDRAWN  # type: ignore[arg-type]


REPLACING: list[list[FactRecord]] = [
    [registered(n + 1, at=AT + n * TICK) for n in range(3)],
    [
        record(AuthorisationGiven(signed_on=OPEN_DAY), "w0", at=AT),
        record(AuthorisationRefused(refused_on=OPEN_DAY), "w1", at=AT + TICK),
        record(AuthorisationGiven(signed_on=OPEN_DAY), "w2", at=AT + 2 * TICK),
    ],
]


@pytest.mark.parametrize("statements", REPLACING, ids=["entries", "words"])
def test_the_one_before_counts_again_in_any_order(statements: list[FactRecord]) -> None:
    first, second, third = statements
    for taken, left in (
        ([third], [first, second]),
        ([second, third], [first]),
        ([second], [first, third]),
        (statements, []),
    ):
        backs = [retracted(t.id, name=f"back {t.id}") for t in taken]
        expected = kept(*left)
        for order in permutations([*statements, *backs]):
            assert kept(*order) == expected, [fact.id for fact in order]


def test_what_is_kept_of_entries_is_bounded() -> None:
    def entries(many: int) -> list[FactRecord]:
        return [registered(1, at=AT + n * TICK) for n in range(many)]

    assert len(kept(*entries(50)).entries) == MOST_REPLACED
    assert len(pack(kept(*entries(50)))) <= len(pack(kept(*entries(MOST_REPLACED + 1))))


def test_who_has_no_entry_any_more_is_counted_nowhere() -> None:
    households = Households({})
    entry, back = registered(2), retracted(registered(2).id)
    for facts in ((entry,), (entry, back), (entry, back)):
        batch = Batch(households)
        batch.put(b"home", kept(*facts))
        households.take_over(batch.commit())

    assert (households.registered_by_village(), households.in_area("")) == ({}, [])


def test_a_kind_nobody_thought_of_has_no_rule() -> None:
    other: Any = object()
    with pytest.raises(AssertionError):
        taking_back(other)
