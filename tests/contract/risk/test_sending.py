"""Tests what a transaction of risk writes.

It is in order, however much it is, with its headers, and nothing of it is written unless all is.
"""

import asyncio
import os

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from foothold_risk.worker.outputs import Written
from foothold_risk.worker.sending import send
from foothold_schemas.wire.topics import (
    HOUSEHOLD_STATE,
    HOUSEHOLD_VIEWS,
    QUARANTINE,
    RISK_TRANSITIONS,
)
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

TRACE = [("traceparent", b"00-0-0-01")]


def written(count: int) -> list[Written]:
    """Two partitions in turn, more than one batch of each, one larger than a batch.

    A removal; and one whose key decides where it goes.
    """
    large = [
        Written(
            RISK_TRANSITIONS.name,
            n % 2,
            b"key",
            f"{n:06d}".encode() * (6_000 if n == 7 else 20),
            TRACE,
        )
        for n in range(count)
    ]
    return [
        *large,
        Written(HOUSEHOLD_VIEWS.name, 3, b"gone", None),
        Written(QUARANTINE.name, None, b"source", b"{}"),
    ]


async def test_records_of_a_partition_keep_their_order_over_many_batches(broker: str) -> None:
    given = written(3_000)
    async with (
        AIOKafkaProducer(bootstrap_servers=broker, transactional_id="sending") as producer,
        producer.transaction(),
    ):
        await send(producer, given)

    kept = sorted(
        ((m.partition(), m.offset(), m) for m in read_topic(broker, RISK_TRANSITIONS.name)),
        key=lambda entry: entry[:2],
    )
    for partition in (0, 1):
        assert [m.value() for p, _, m in kept if p == partition] == [
            w.value for w in given if w.topic == RISK_TRANSITIONS.name and w.partition == partition
        ]
    assert {tuple(m.headers()) for _, _, m in kept} == {tuple(TRACE)}
    assert [
        (m.partition(), m.key(), m.value()) for m in read_topic(broker, HOUSEHOLD_VIEWS.name)
    ] == [(3, b"gone", None)]
    assert [(m.key(), m.value()) for m in read_topic(broker, QUARANTINE.name)] == [
        (b"source", b"{}")
    ]


async def test_a_transaction_that_fails_leaves_nothing_of_what_was_sent(broker: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker, transactional_id="sending") as producer:
        await producer.begin_transaction()
        await send(producer, written(300))
        await producer.abort_transaction()
        async with producer.transaction():
            await send(producer, written(2))

    assert len(list(read_topic(broker, RISK_TRANSITIONS.name))) == 2


async def test_a_record_the_broker_refuses_is_no_part_of_a_transaction_that_commits(
    broker: str,
) -> None:
    """The commit waits until nothing is under way, and not for what came of it.

    Whoever sends must ask.
    """
    too_large = Written(HOUSEHOLD_STATE.name, 0, b"k", os.urandom(3 * 1024 * 1024))
    options = {
        "transactional_id": "refused",
        "max_request_size": 16 * 1024 * 1024,
        "max_batch_size": 256 * 1024,
    }
    async with AIOKafkaProducer(bootstrap_servers=broker, **options) as producer:

        async def whole_transaction() -> None:
            async with producer.transaction():
                await asyncio.gather(
                    *await send(
                        producer, [Written(RISK_TRANSITIONS.name, 0, b"k", b"v"), too_large]
                    )
                )

        with pytest.raises(MessageSizeTooLargeError):
            await whole_transaction()
    committed = await asyncio.to_thread(lambda: list(read_topic(broker, RISK_TRANSITIONS.name)))

    assert committed == []
