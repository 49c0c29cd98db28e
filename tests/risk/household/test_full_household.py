"""A household holds as much as its state may weigh.

What comes beyond goes back to its sender, and what people say is always taken.
"""

import os
from datetime import UTC, date, datetime

import pytest

from foothold_risk.rules.household import fold as folding
from foothold_risk.rules.household.fold import (
    MOST_FACTS,
    MOST_REPLACED,
    MOST_WITHDRAWN,
    Folded,
    fold,
)
from foothold_risk.rules.household.household import Household
from foothold_risk.worker.state import pack
from foothold_schemas.facts.decisions import CaseDecided, Decision
from foothold_schemas.facts.envelope import FactRecord
from tests.support.made.build import (
    OPEN_DAY,
    claim,
    income,
    record,
    registered,
    retracted,
    spending,
)

KAFKA_TAKES = 1_048_576


def chance() -> str:
    """Nothing that could be compressed."""
    return os.urandom(16).hex()


def folded(household: Household, *records: FactRecord) -> tuple[Household, list[Folded]]:
    outcomes = []
    for fact in records:
        household, outcome = fold(household, fact, fact.data, OPEN_DAY)  # type: ignore[arg-type]  # facts of one household
        outcomes.append(outcome)
    return household, outcomes


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MOST_FACTS", 3)
    monkeypatch.setattr(folding, "MOST_WITHDRAWN", 3)


@pytest.mark.usefixtures("_small")
def test_beyond_the_bound_an_agencys_fact_of_any_kind_is_refused_and_changes_nothing() -> None:
    full, _ = folded(Household(), registered(), income("1"), claim("1", "a"), spending("1", "b"))
    after, outcomes = folded(full, claim("1", "c"), spending("1", "d"), income("1", "e"))

    assert outcomes == [Folded.FULL] * 3
    assert after == full


@pytest.mark.usefixtures("_small")
def test_register_and_people_are_always_heard_and_a_repeat_is_a_repeat() -> None:
    full, _ = folded(Household(), registered(), income("1"), claim("1", "a"), spending("1", "b"))
    decided = record(
        CaseDecided(decision=Decision.DISMISSED, decided_on=date(2026, 6, 1)), "decided"
    )
    _, outcomes = folded(
        full, registered(2, at=datetime(2026, 2, 1, tzinfo=UTC)), decided, claim("1", "a")
    )

    assert outcomes == [Folded.APPLIED, Folded.APPLIED, Folded.DUPLICATE]


@pytest.mark.usefixtures("_small")
def test_what_is_too_much_can_be_taken_back_and_then_there_is_room() -> None:
    full, _ = folded(Household(), registered(), income("1"), claim("1", "a"), spending("1", "b"))
    back = retracted("a")
    _, outcomes = folded(full, back, claim("1", "c"))

    assert outcomes == [Folded.APPLIED, Folded.APPLIED]


@pytest.mark.usefixtures("_small")
def test_names_of_facts_that_never_came_are_bounded_too() -> None:
    named = [retracted(*(f"never-{n}-{m}" for m in range(2)), name=f"back-{n}") for n in range(3)]
    household, outcomes = folded(Household(), registered(), *named)

    assert outcomes == [Folded.APPLIED, Folded.APPLIED, Folded.FULL, Folded.FULL]
    assert len(household.withdrawn) == 2


def test_a_full_household_weighs_less_than_kafka_takes() -> None:
    household = Household()
    household, _ = folded(
        household,
        *(
            registered(60, at=datetime(2026, 1, 1 + n, tzinfo=UTC))
            for n in range(MOST_REPLACED + 2)
        ),
    )
    for n in range(MOST_FACTS):
        bill = claim(
            "999999999999.99", f"{n}-{chance()}-{chance()[:20]}", person_ref=chance(), stay=chance()
        )
        household, outcomes = folded(household, bill.model_copy(update={"fact_id": chance()}))
    assert outcomes == [Folded.APPLIED]
    for n in range(MOST_WITHDRAWN // 20):
        back = retracted(*(chance() for _ in range(20)), name=f"back-{n}")
        household, outcomes = folded(household, back.model_copy(update={"fact_id": chance()}))

    weight = len(pack(household))
    print(
        f"{MOST_FACTS} facts and {MOST_WITHDRAWN} withdrawals weigh {weight} bytes before they are"
        " compressed"
    )
    assert weight < KAFKA_TAKES
