"""The first start under other rules folds the log anew.

The state is the same to the byte where nothing changes, and there is a quiet, marked transition
where something does.
"""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from foothold_risk.messages.transition import RULES_VERSION
from foothold_risk.rules.household.household import Position, fresh
from foothold_risk.worker.state import CONTROL_KEY, is_household, pack, unpack, unpack_control
from foothold_risk.worker.worker import Worker
from foothold_schemas.messages.transitions import Movement, Status, Transition
from foothold_schemas.wire.codec import decode_output
from foothold_schemas.wire.topics import HOUSEHOLD_STATE
from tests.contract.together.test_rebuild import (
    HOMES,
    RiskOutputs,
    judged_from_the_start,
    log,
    read_outputs,
)
from tests.support.risk import caught_up, working, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


async def ready(running: Worker) -> None:
    for _ in range(600):
        if running.is_ready:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the worker is not ready")


async def age(broker: str, state: RiskOutputs, elsewhere: bytes = b"") -> None:
    """As if rules of before had made the state; one household stands where those had it stand."""
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        for (topic, partition, key), value in state.kept.items():
            if topic == HOUSEHOLD_STATE.name and value is not None:
                if key == CONTROL_KEY:
                    old = pack(replace(unpack_control(value), rules=""))
                elif key == elsewhere:
                    known = unpack(value)
                    position = Position(
                        number=known.position.number,
                        episode=known.position.episode,
                        spell=known.position.spell,
                    )
                    old = pack(fresh(known, position=position, view=b""))
                else:
                    continue
                await producer.send_and_wait(topic, old, key=key, partition=partition)


def states(state: RiskOutputs) -> dict[bytes, bytes | None]:
    return {
        key: value
        for (topic, _, key), value in state.kept.items()
        if topic == HOUSEHOLD_STATE.name and is_household(key)
    }


def rules(state: RiskOutputs) -> set[str]:
    return {
        unpack_control(v).rules
        for (topic, _, key), v in state.kept.items()
        if topic == HOUSEHOLD_STATE.name and key == CONTROL_KEY and v is not None
    }


async def test_a_partition_that_aged_is_folded_to_the_same_bytes_and_says_nothing(
    broker: str,
) -> None:
    await write(broker, *log())
    first = await judged_from_the_start(broker)
    await age(broker, first)
    async with working(broker) as running:
        await ready(running)
    again = await read_outputs(broker)

    assert rules(first) == rules(again) == {RULES_VERSION}
    assert len(states(first)) == len(HOMES)
    assert states(first) == states(again)
    assert first.messages == again.messages


async def test_what_changes_by_the_rules_alone_is_quiet_and_marked_and_the_numbers_go_on(
    broker: str,
) -> None:
    await write(broker, *log())
    first = await judged_from_the_start(broker)
    held = {key: unpack(value) for key, value in states(first).items() if value is not None}
    key = min(k for k, home in held.items() if home.position.is_in_episode)
    await age(broker, first, key)
    async with working(broker) as running:
        await ready(running)
        await caught_up(broker)
    again = await read_outputs(broker)
    before, after = held[key].position, unpack(states(again)[key] or b"").position
    new = [
        decode_output(v)
        for place, words in again.messages.items()
        for v in words[len(first.messages.get(place, [])) :]
    ]

    assert [
        (o.household_id, o.number, o.is_quiet, o.changed_by_rules, o.is_told)
        for o in new
        if isinstance(o, Transition)
    ] == [(key.decode(), before.number + 1, True, "9", False)]
    assert all(
        o.movement in (Movement.ENTERED, Movement.WATCHED, Movement.RECOVERING)
        for o in new
        if isinstance(o, Transition)
    )
    assert (after.status, after.group, after.number) == (
        before.status,
        before.group,
        before.number + 1,
    )
    assert after.status is not Status.CLEAR
    assert {k: v for k, v in states(first).items() if k != key} == {
        k: v for k, v in states(again).items() if k != key
    }
