"""Takes a partition over: fences the old owner, then reads where it stopped and what it knew.

The order matters.
"""

import time
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from msgspec.structs import replace

from foothold_risk.messages.transition import RULES_VERSION
from foothold_risk.worker.committing import Committer, Surroundings
from foothold_risk.worker.decide import Decider
from foothold_risk.worker.folding import adopt, fold_anew, is_other_rules, summary_of
from foothold_risk.worker.partition import Partition
from foothold_risk.worker.quarantine import GROUP_ID
from foothold_risk.worker.state import Households
from foothold_risk.worker.trials import Committed, Trials
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import TransactionalProducer, reading, start, started, stop
from foothold_schemas.wire.topics import HOUSEHOLD_STATE, QUARANTINE_BYTES

TRANSACTION_MS: Final = 30_000
BATCH_BYTES: Final = 256 * 1024
RETRY_MS: Final = 10
"""The broker answers a new transaction with "concurrent transactions" until the last one's markers
are written, some milliseconds later.

aiokafka waits 100 ms before it asks again; with 10 ms the slowest of 60 small transactions took 29
to 42 ms instead of 28 to 141."""

log = structlog.get_logger()


def transactional_id(source: TopicPartition) -> str:
    """Return the transactional id, one per input partition.

    So whoever owns the partition next fences a paused former owner.
    """
    return f"foothold-{GROUP_ID}-{source.topic}-{source.partition}"


async def take_over(source: TopicPartition, around: Surroundings) -> Partition:
    """Fence, read the committed offset, restore the state; in this order."""
    started, broker = time.perf_counter(), around.broker
    producer = _producer(broker, source)
    try:
        await start(producer)
        committed = await _read_offset(broker, source)
        households = Households(around.policies)
        count = await _read_changelog(broker, source.partition, households)
        households.restored()
        if is_other_rules(households.control, committed):
            folded = await fold_anew(source, committed.next_offset, around)
            committer = Committer(source, producer, households, committed, around)
            decider = Decider(source, around.partitions, households, around.shelf)
            changed = await adopt(committer, decider, households, folded)
            committed = Committed(committer.next_offset, committer.trials)
            log.info("risk.folded_anew", partition=source.partition, **summary_of(changed, folded))
        elif not committed.next_offset:
            households.control = replace(households.control, rules=RULES_VERSION)
    except BaseException:
        await stop(producer)
        raise
    around.metrics.restore_seconds.observe(time.perf_counter() - started)
    log.info(
        "risk.restored",
        records=count,
        seconds=round(time.perf_counter() - started, 3),
        **_as_restored(source, households, committed),
    )
    return Partition(source, producer, households, committed, around)


def _producer(broker: Broker, source: TopicPartition) -> TransactionalProducer:
    """The partition's own producer: started, it fences whoever wrote for it before."""
    return TransactionalProducer(
        broker,
        transactional_id(source),
        transaction_timeout_ms=TRANSACTION_MS,
        linger_ms=1,
        retry_backoff_ms=RETRY_MS,
        compression_type="zstd",
        max_batch_size=BATCH_BYTES,
        max_request_size=QUARANTINE_BYTES,
    )


def _as_restored(
    source: TopicPartition, households: Households, committed: Committed
) -> dict[str, object]:
    """Where the partition stands, for the log."""
    return {
        "partition": source.partition,
        "registered": households.registered.total(),
        "next_offset": committed.next_offset,
        "remembered": committed.trials.text(),
    }


async def _read_offset(broker: Broker, source: TopicPartition) -> Committed:
    """Return where the group stands in the partition, and what is remembered beside it.

    Consumers give the offset only, so the admin client asks.
    """
    async with started(AIOKafkaAdminClient(**broker.options)) as admin:
        committed = (await admin.list_consumer_group_offsets(GROUP_ID, partitions=[source])).get(
            source
        )
    return (
        Committed()
        if committed is None or committed.offset < 0
        else Committed(committed.offset, Trials.read(committed.metadata or ""))
    )


async def _read_changelog(broker: Broker, partition: int, households: Households) -> int:
    changelog = TopicPartition(HOUSEHOLD_STATE.name, partition)
    count = 0
    async with reading(broker) as reader:
        reader.assign([changelog])
        first = (await reader.beginning_offsets([changelog]))[changelog]
        end = (await reader.end_offsets([changelog]))[changelog]
        reader.seek(changelog, first)
        while await reader.position(changelog) < end:
            for records in (await reader.getmany(timeout_ms=200, max_records=10_000)).values():
                for record in records:
                    if record.key is not None and record.value is not None:
                        households.restore(record.key, record.value)
                        count += 1
    return count
