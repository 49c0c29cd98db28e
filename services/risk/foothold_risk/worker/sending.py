"""Sends what a transaction writes in batches made here (ADR 3).

This is less work than a send for each record.
"""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer

from foothold_risk.worker.outputs import Written

Acknowledged = list[asyncio.Future[object]]


class TooLargeToWrite(Exception):  # noqa: N818 - says what it is
    """A record no batch of the producer takes."""


async def send(producer: AIOKafkaProducer, records: Iterable[Written]) -> Acknowledged:
    """Hand all of them to the producer; return what tells whether the broker took each.

    Records of one partition keep their order.

    Each must be awaited before the transaction is committed: a commit waits until nothing is under
    way, and not for what came of it. A record the broker refuses (too large for its topic) would
    else be missing from a transaction that is committed all the same.
    """
    sorted_out: dict[tuple[str, int], list[Written]] = {}
    waiting: Acknowledged = []
    for record in records:
        if record.partition is None:
            waiting.append(
                await producer.send(
                    record.topic, record.value, key=record.key, headers=record.headers
                )
            )
        else:
            sorted_out.setdefault((record.topic, record.partition), []).append(record)
    for (topic, partition), some in sorted_out.items():
        batch = producer.create_batch()
        for record in some:
            if (
                batch.append(
                    key=record.key, value=record.value, timestamp=None, headers=record.headers
                )
                is None
            ):
                waiting.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                if (
                    batch.append(
                        key=record.key, value=record.value, timestamp=None, headers=record.headers
                    )
                    is None
                ):
                    raise TooLargeToWrite(
                        f"a record of {len(record.value or b'')} bytes for {topic}"
                    )
        waiting.append(await producer.send_batch(batch, topic, partition=partition))
    return waiting
