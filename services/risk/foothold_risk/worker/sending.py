"""Sends what a transaction writes."""

from collections.abc import Iterable

from aiokafka import AIOKafkaProducer

from foothold_risk.worker.outputs import Written
from foothold_runtime.kafka.batches import Acknowledged, Place, send_in_batches


async def send(producer: AIOKafkaProducer, records: Iterable[Written]) -> Acknowledged:
    """Hand all of them to the producer; return what tells whether the broker took each.

    Records of one partition keep their order.

    Each must be awaited before the transaction is committed: a commit waits until nothing is under
    way, and not for what came of it. A record the broker refuses (too large for its topic) would
    else be missing from a transaction that is committed all the same.
    """
    sorted_out: dict[Place, list[Written]] = {}
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
    return [*waiting, *await send_in_batches(producer, sorted_out)]
