"""Kills the process of the region windows again and again.

It is joined and left by a second one, fed twice and fed rubbish: what it reports stays right.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.ports import free_port
from deploy.local.supervise import Service
from foothold_risk.messages.area_signal import area_partition
from foothold_schemas.messages.areas import Direction
from foothold_schemas.wire.codec import decode_quarantined, decode_warning, encode
from foothold_schemas.wire.topics import (
    AREA_SIGNALS,
    EMBEDDED_PARTITIONS,
    QUARANTINE,
    REGION_WARNINGS,
)
from tests.support.made.areas import County, LevelChange, Record, Reference, write_region_policy
from tests.support.running.waiting import becomes

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

HOME = area_partition("370399", EMBEDDED_PARTITIONS)
SOURCE = TopicPartition(AREA_SIGNALS.name, HOME)
WARNINGS = TopicPartition(REGION_WARNINGS.name, HOME)


@contextlib.asynccontextmanager
async def process(broker: str, folder: Path, instance: str) -> AsyncIterator[Service]:
    """One `foothold-risk regions`, started again whenever it ends."""
    variables = {
        "FOOTHOLD_KAFKA_BOOTSTRAP": broker,
        "FOOTHOLD_PARTITIONS": str(EMBEDDED_PARTITIONS),
        "FOOTHOLD_POLICY_FOLDER": str(folder),
    }
    variables |= {
        "FOOTHOLD_ENV": "development",
        "FOOTHOLD_QUARANTINE_SECRET": "q" * 32,
        "FOOTHOLD_REGIONS_OPS_PORT": str(free_port()),
        "FOOTHOLD_INSTANCE": instance,
    }
    service = Service(
        instance,
        ["foothold_risk", "regions"],
        {**os.environ, **variables},
        folder / f"{instance}.jsonl",
    )
    service.start()
    try:
        yield service
    finally:
        await asyncio.to_thread(service.stop)
        print(service.log.read_text()[-20_000:])


def kill(service: Service) -> None:
    if service.pid is not None:
        os.kill(service.pid, signal.SIGKILL)


async def read(broker: str, source: TopicPartition) -> list[bytes | None]:
    """Everything committed in a partition."""
    async with AIOKafkaConsumer(
        bootstrap_servers=broker,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    ) as reader:
        reader.assign([source])
        end = (await reader.end_offsets([source]))[source]
        values: list[bytes | None] = []
        while await reader.position(source) < end:
            for records in (await reader.getmany(timeout_ms=200)).values():
                values += [record.value for record in records]
        return values


async def write(producer: AIOKafkaProducer, records: list[Record]) -> None:
    async with producer.transaction():
        for record in records:
            await producer.send(AREA_SIGNALS.name, encode(record), key=b"370399", partition=HOME)


async def rubbish(producer: AIOKafkaProducer) -> None:
    """Half a record."""
    async with producer.transaction():
        await producer.send(AREA_SIGNALS.name, b'{"kind":"AreaSign', key=b"370399", partition=HOME)


async def take_back(producer: AIOKafkaProducer, record: Record) -> None:
    """A transaction that never happened: a household of its own under every cause."""
    await producer.begin_transaction()
    await producer.send_and_wait(
        AREA_SIGNALS.name,
        encode(record.model_copy(update={"household_id": "f" * 32})),
        key=b"370399",
        partition=HOME,
    )
    await producer.abort_transaction()


async def read_warnings(broker: str) -> list[bytes]:
    return [value for value in await read(broker, WARNINGS) if value is not None]


async def missing(broker: str, ids: set[str]) -> set[str]:
    """The ids that have not been said yet."""
    return ids - {decode_warning(value).warning_id for value in await read_warnings(broker)}


async def test_killed_four_times_with_a_second_one_joining_and_leaving_it_says_what_sql_says(
    broker: str,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policy = write_region_policy(folder)
        records = list(
            County(11, days=150, sources=EMBEDDED_PARTITIONS, bundle=policy.bundle).interleaved(1)
        )
        reference = Reference(records)
        expected = reference.changes()
        reference.close()
        slices = [
            records[n : n + len(records) // 12 + 1]
            for n in range(0, len(records), len(records) // 12 + 1)
        ]
        async with (
            AIOKafkaProducer(
                bootstrap_servers=broker, transactional_id="a-partition-of-risk", acks="all"
            ) as producer,
            process(broker, folder, "regions-a") as agent,
        ):
            # so that the first committed record is not the first offset
            await take_back(producer, records[-1])
            for number, part in enumerate(slices):
                await write(producer, part)
                await asyncio.sleep(1.0)
                if number in (2, 4, 6, 9):
                    kill(agent)
                if number == 3:
                    await take_back(producer, records[-1])
                if number == 5:
                    await rubbish(producer)
                if number == 7:
                    async with process(broker, folder, "regions-b"):
                        await write(producer, [records[0], records[1]])  # both were written before
                        await asyncio.sleep(6)
            ids = {change.warning_id for change in expected}
            await becomes(lambda: missing(broker, ids), set[str](), 180)
            written = await read_warnings(broker)
            bodies = {
                w.warning_id: w
                for w in map(decode_warning, written)
                if w.direction is not Direction.SAME
            }

    assert sorted(
        LevelChange(w.warning_id, w.households, w.registered, w.week_ago) for w in bodies.values()
    ) == sorted(expected)
    changes = {value for value in written if decode_warning(value).direction is not Direction.SAME}
    assert len(changes) == len(bodies)  # said twice perhaps, but never two ways
    set_aside = {
        decode_quarantined(value).source_id
        for p in range(EMBEDDED_PARTITIONS)
        for value in await read(broker, TopicPartition(QUARANTINE.name, p))
        if value
    }
    assert len(set_aside) == 1
