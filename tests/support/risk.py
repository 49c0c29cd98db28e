"""A risk worker on the test's broker, what is written for it, and what it said."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from prometheus_client import CollectorRegistry

from foothold_risk.metrics import Metrics
from foothold_risk.rules.policy import Policy
from foothold_risk.worker.quarantine import Shelf
from foothold_risk.worker.restore import transactional_id
from foothold_risk.worker.worker import Worker
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import TransactionalProducer
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import BroadcastFact, DayOpened, PolicyAdopted
from foothold_schemas.messages.transitions import Transition
from foothold_schemas.wire.codec import decode_output, decode_quarantined, encode
from foothold_schemas.wire.quarantine import Quarantined
from foothold_schemas.wire.topics import (
    EMBEDDED_PARTITIONS,
    HOUSEHOLD_FACTS,
    QUARANTINE,
    RISK_TRANSITIONS,
)
from tests.support.ingest import SEAL
from tests.support.made.build import HOUSEHOLD, identity, policy
from tests.support.running.sender import read_topic

RULES = policy()
DAY = date(2026, 6, 10)


def broadcast(fact: BroadcastFact, name: str) -> FactRecord:
    at = datetime(2026, 6, 10, tzinfo=UTC)
    return FactRecord(
        fact_id=identity(name),
        agency="statistics",
        source="/foothold",
        id=name,
        time=at,
        recorded_time=at,
        data=fact,
    )


ADOPTED = broadcast(PolicyAdopted(bundle=RULES.bundle), "adopt")
OPENED = broadcast(DayOpened(day=DAY), "open")


async def write(broker: str, *records: FactRecord | tuple[bytes | None, bytes | None]) -> None:
    """Facts as ingest writes them; a pair is written as it is, into the household's partition."""
    async with AIOKafkaProducer(
        bootstrap_servers=broker, enable_idempotence=True, acks="all"
    ) as producer:
        home = (
            await producer.send_and_wait(HOUSEHOLD_FACTS.name, b"{probe", key=HOUSEHOLD.encode())
        ).partition
        for record in records:
            if isinstance(record, tuple):
                await producer.send_and_wait(
                    HOUSEHOLD_FACTS.name, record[1], key=record[0], partition=home
                )
            elif record.household_id is None:
                for partition in range(EMBEDDED_PARTITIONS):
                    await producer.send_and_wait(
                        HOUSEHOLD_FACTS.name, encode(record), partition=partition
                    )
            else:
                await producer.send_and_wait(
                    HOUSEHOLD_FACTS.name, encode(record), key=record.household_id.encode()
                )


def worker(
    broker: str,
    *,
    partitions: int = EMBEDDED_PARTITIONS,
    bundles: Sequence[Policy] = (RULES,),
    limit: int = 100,
    metrics: Metrics | None = None,
) -> Worker:
    return Worker(
        broker=Broker(broker),
        partitions=partitions,
        session_ms=6_000,
        stall_seconds=60,
        policies={p.bundle: p for p in bundles},
        metrics=metrics or Metrics(CollectorRegistry()),
        shelf=Shelf(SEAL, limit),
    )


@contextlib.asynccontextmanager
async def working(
    broker: str,
    *,
    limit: int = 100,
    bundles: Sequence[Policy] = (RULES,),
    metrics: Metrics | None = None,
) -> AsyncIterator[Worker]:
    running = worker(broker, limit=limit, bundles=bundles, metrics=metrics)
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        assert not task.done() or task.exception() is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def remembered(running: Worker) -> dict[TopicPartition, object]:
    """State, control record and due days of every partition."""
    owned = [lane.owner for lane in running._lanes.values()]
    return {
        p.source: (dict(p.households._packed), p.households.control, dict(p.households._due_on))
        for p in owned
    }


async def await_transitions(broker: str, count: int) -> list[Transition]:
    """The household's transitions once there are so many.

    Fails if there are not within 20 seconds.
    """
    moves: list[Transition] = []
    for _ in range(40):
        outputs = [
            decode_output(m.value())
            for m in await asyncio.to_thread(
                lambda: list(read_topic(broker, RISK_TRANSITIONS.name))
            )
        ]
        moves = sorted((o for o in outputs if isinstance(o, Transition)), key=lambda t: t.number)
        if len(moves) >= count:
            break
        await asyncio.sleep(0.3)
    assert count == len(moves)
    return moves


async def caught_up(broker: str) -> None:
    """Until the group has committed everything in the log."""
    async with AIOKafkaConsumer(
        bootstrap_servers=broker, group_id="risk", enable_auto_commit=False
    ) as consumer:
        partitions = [TopicPartition(HOUSEHOLD_FACTS.name, n) for n in range(EMBEDDED_PARTITIONS)]
        for _ in range(300):
            ends = await consumer.end_offsets(partitions)
            committed = {p: await consumer.committed(p) or 0 for p in partitions}
            if all(committed[p] >= end for p, end in ends.items()):
                return
            await asyncio.sleep(0.05)
    raise AssertionError("risk has not caught up")


async def transactions_ended(
    broker: str, partitions: Sequence[int] = range(EMBEDDED_PARTITIONS)
) -> None:
    """Wait until what a worker left under way is committed or aborted.

    Its successor waits for it, too: the broker answers a commit before it shows.
    """
    for number in partitions:
        producer = TransactionalProducer(
            Broker(broker), transactional_id(TopicPartition(HOUSEHOLD_FACTS.name, number))
        )
        await producer.start()
        await producer.stop()


def quarantined(broker: str) -> list[Quarantined]:
    records = (decode_quarantined(m.value()) for m in read_topic(broker, QUARANTINE.name))
    return [q for q in records if q.open(SEAL).value != b"{probe"]
