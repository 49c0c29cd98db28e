"""Tests what alerts reads.

It reads views and contacts in order, sets poison aside, stops at a limit, and refuses topics of
another size.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.mirror import AT_ONCE, Mirror, Shown
from foothold_alerts.cases.settling import Settling
from foothold_alerts.consumer import CASES, MIRROR, Consumer, Reading, Sinks
from foothold_alerts.metrics import Metrics
from foothold_runtime.broker import Broker
from foothold_runtime.process.errors import WrongPartitions
from foothold_schemas.facts.directory import Contact, DirectoryEntry
from foothold_schemas.wire.codec import decode_quarantined
from foothold_schemas.wire.topics import (
    EMBEDDED_PARTITIONS,
    HOUSEHOLD_DIRECTORY,
    HOUSEHOLD_VIEWS,
    QUARANTINE,
    RISK_TRANSITIONS,
)
from tests.support.alerts import (
    WORKFLOWS,
    answered,
    areas_on,
    cases_on,
    disputes_on,
    incidents_on,
    rows,
)
from tests.support.ingest import DIRECTORY_SEAL, SEAL
from tests.support.running.parts import ROOT
from tests.support.running.sender import read_topic
from tests.support.running.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

HOME = "0123456789abcdef0123456789abcdef"
VIEW = (ROOT / "schemas/examples/household-views.v1/group.json").read_bytes()
TRANSITION = (ROOT / "schemas/examples/risk-transitions.v1/Transition.entered.json").read_bytes()


def reader(
    reading: Reading,
    broker: str,
    engine: AsyncEngine,
    *,
    partitions: int = EMBEDDED_PARTITIONS,
    limit: int = 100,
) -> Consumer:
    return Consumer(
        reading,
        broker=Broker(broker),
        partitions=partitions,
        engine=engine,
        keeps=Sinks(
            cases_on(engine),
            Mirror(engine),
            areas_on(engine),
            incidents_on(engine),
            disputes_on(engine),
            Settling(engine, WORKFLOWS),
        ),
        metrics=Metrics(CollectorRegistry()),
        seal=SEAL,
        limit=limit,
    )


@contextlib.asynccontextmanager
async def reading(consumer: Consumer) -> AsyncIterator[Consumer]:
    task = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        assert not task.done() or task.exception() is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def write(
    broker: str, topic: str, *values: bytes | None, key: bytes | None = HOME.encode()
) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker, acks="all") as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=key, partition=0)


async def test_views_and_contacts_are_kept_sealed_as_they_came_and_removed_when_the_topic_says_so(
    broker: str, alerts_database: AsyncEngine
) -> None:
    wrapped = DIRECTORY_SEAL.close(b"k" * 32)
    entry = DirectoryEntry.of(
        HOME,
        datetime(2026, 1, 1, tzinfo=UTC),
        Contact(name="孙示康"),
        wrapped_key=wrapped,
        seal=DIRECTORY_SEAL,
    )
    async with reading(reader(MIRROR, broker, alerts_database)):
        await write(broker, HOUSEHOLD_VIEWS.name, VIEW)
        await write(broker, HOUSEHOLD_DIRECTORY.name, entry.model_dump_json().encode())
        status = await answered(alerts_database, "select body ->> 'status' from views", "group")
        kept = await answered(alerts_database, "select count(entry) from directory", 1)
        ((stored,),) = await rows(alerts_database, "select entry::text from directory")
        await write(broker, HOUSEHOLD_VIEWS.name, None)
        await write(broker, HOUSEHOLD_DIRECTORY.name, None)
        left = [
            await answered(alerts_database, f"select count({c}) from {t}", 0)  # noqa: S608 - our own names
            for t, c in (("views", "body"), ("directory", "entry"))
        ]

    assert (status, kept, left) == ("group", 1, [0, 0])
    assert "孙示康" not in str(stored)


async def test_an_older_view_that_comes_late_does_not_replace_a_newer_one(
    alerts_database: AsyncEngine,
) -> None:
    mirror = Mirror(alerts_database)
    await mirror.keep([Shown(HOME, 7, {"status": "recovering"})], [])
    await mirror.keep([Shown(HOME, 3, {"status": "group"})], [])
    await mirror.keep([Shown(HOME, 7, {"status": "group"})], [])

    assert (
        await answered(alerts_database, "select body ->> 'status' from views", "recovering")
        == "recovering"
    )


async def test_more_views_than_are_made_ready_at_once_are_all_kept_and_a_removal_among_them_removes(
    alerts_database: AsyncEngine,
) -> None:
    mirror, many = Mirror(alerts_database), 2 * AT_ONCE + 1
    await mirror.keep(
        [Shown(f"{n:032x}", n, {"status": "group", "text": '张\\"三'}) for n in range(many)], []
    )
    await mirror.keep(
        [Shown(f"{n:032x}", many + n, None if n % 2 else {"status": "watch"}) for n in range(many)],
        [],
    )

    assert (
        await answered(
            alerts_database,
            "select count(*) from views where body ->> 'status' = 'watch'",
            AT_ONCE + 1,
        )
        == AT_ONCE + 1
    )
    assert (
        await answered(alerts_database, "select count(*) from views where body is null", AT_ONCE)
        == AT_ONCE
    )


async def test_poison_is_set_aside_and_the_next_transition_is_taken(
    broker: str, alerts_database: AsyncEngine
) -> None:
    bad = [b"{half", None, b"\x00avro", b"[]"]
    await write(broker, RISK_TRANSITIONS.name, *bad, TRANSITION)
    async with reading(reader(CASES, broker, alerts_database)):
        taken = await answered(alerts_database, "select count(*) from cases", 1)
    aside = [
        decode_quarantined(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, QUARANTINE.name)))
    ]

    assert taken == 1
    assert sorted((q.offset, q.open(SEAL).value, q.service) for q in aside) == [
        (n, value, "alerts") for n, value in enumerate(bad)
    ]


async def test_where_everything_is_bad_reading_stops_before_what_was_not_read(
    broker: str, alerts_database: AsyncEngine
) -> None:
    await write(broker, RISK_TRANSITIONS.name, *[b"{half"] * 8, TRANSITION)
    async with reading(reader(CASES, broker, alerts_database, limit=5)) as running:
        while running._metrics.stopped.labels("alerts")._value.get() != 1:
            await asyncio.sleep(0.05)
        before = len(await asyncio.to_thread(lambda: list(read_topic(broker, QUARANTINE.name))))
    async with reading(reader(CASES, broker, alerts_database, limit=5)):
        taken = await answered(alerts_database, "select count(*) from cases", 1)
    after = {
        m.key() for m in await asyncio.to_thread(lambda: list(read_topic(broker, QUARANTINE.name)))
    }

    assert (before, taken, len(after)) == (5, 1, 8)


def told_of(consumer: Consumer) -> set[str]:
    """The partitions whose lag it tells."""
    return {
        sample.labels["partition"]
        for family in consumer._metrics.lag.collect()
        for sample in family.samples
    }


async def test_of_a_partition_only_its_reader_tells_also_while_others_come_first(
    broker: str, alerts_database: AsyncEngine
) -> None:
    everything = {str(n) for n in range(EMBEDDED_PARTITIONS)}
    first, second = (reader(CASES, broker, alerts_database) for _ in range(2))
    async with reading(first):
        await until(lambda: told_of(first) == everything)
        async with reading(second):
            shares = await until(
                lambda: (told_of(first), told_of(second)),
                lambda both: all(both) and both[0] == everything - both[1],
            )
    assert all(shares)


async def test_a_topic_of_another_size_is_refused_with_the_reason(
    broker: str, alerts_database: AsyncEngine
) -> None:
    with pytest.raises(WrongPartitions, match="has 8 partitions, FOOTHOLD_PARTITIONS says 9"):
        await reader(CASES, broker, alerts_database, partitions=9).run()
