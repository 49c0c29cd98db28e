"""Adopts a new bundle while facts stream through two workers.

Everybody is judged by it from there on, and what was reported before keeps its own.
"""

from dataclasses import replace

import pytest

from foothold_risk.explain import differences, read, replay
from foothold_runtime.broker import Broker
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import PolicyAdopted
from foothold_schemas.messages.transitions import Movement, Transition
from foothold_schemas.values import Group
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS
from tests.support.made.build import claim, identity, income, policy, registered, value
from tests.support.risk import (
    ADOPTED,
    DAY,
    OPENED,
    RULES,
    await_transitions,
    broadcast,
    caught_up,
    working,
    write,
)

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

RAISED = replace(policy(monitoring_line=value("monitoring_line", 800_000)), bundle="1" * 64)
HOMES = [identity(f"home {n}") for n in range(24)]


def of(home: str, fact: FactRecord) -> FactRecord:
    return fact.model_copy(update={"household_id": home, "fact_id": identity(f"{home} {fact.id}")})


def moves_of(
    transitions: list[Transition], home: str
) -> list[tuple[Movement, Group | None, str, str]]:
    moves = sorted((t for t in transitions if t.household_id == home), key=lambda t: t.number)
    return [(t.movement, t.group, t.policy.bundle, str(t.figures.line)) for t in moves]


async def test_a_bundle_adopted_in_mid_stream_judges_everybody_and_old_decisions_keep_theirs(
    broker: str,
) -> None:
    adopted = broadcast(PolicyAdopted(bundle=RAISED.bundle), "adopt raised")
    bills = [of(home, claim("6000")) for home in HOMES]
    await write(
        broker,
        *(of(home, fact) for home in HOMES for fact in (registered(), income("7500"))),
        ADOPTED,
        OPENED,
    )
    async with working(broker, bundles=(RULES, RAISED)), working(broker, bundles=(RULES, RAISED)):
        await write(broker, *bills[:12], adopted, *bills[12:])
        transitions = await await_transitions(broker, 12 * 2 + 12 * 2)
        await caught_up(broker)

    before, after = (RULES.bundle, "7300.00"), (RAISED.bundle, "8000.00")
    for home in HOMES[:12]:
        assert moves_of(transitions, home) == [
            (Movement.ENTERED, Group.SUDDEN_HARDSHIP, *before),
            (Movement.MOVED, Group.MARGINAL, *after),
        ]
    for home in HOMES[12:]:
        assert moves_of(transitions, home) == [
            (Movement.WATCHED, None, *after),
            (Movement.ENTERED, Group.MARGINAL, *after),
        ]
    for home in (HOMES[0], HOMES[-1]):
        facts, stored = await read(Broker(broker), home, EMBEDDED_PARTITIONS)
        assert (
            differences(
                replay(home, facts, {p.bundle: p for p in (RULES, RAISED)}, DAY).transitions,
                stored,
                DAY,
            )
            == []
        )
