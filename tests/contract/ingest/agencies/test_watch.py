"""Nothing stops listening unnoticed.

What stands unread in an agency's topic is measured against its true end, and what is lost is
counted.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from foothold_ingest.build import Built
from foothold_ingest.doors import watch
from foothold_ingest.doors.watch import Watch
from tests.contract.ingest.doors.test_kafka_door import (
    STRUCTURED,
    body,
    door,
    facts,
    make_topic,
    write,
)
from tests.support.ingest import ingest_parts
from tests.support.running.parts import Parts
from tests.support.running.waiting import until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.timeout(120),
    pytest.mark.usefixtures("ingest_database"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.1)


@asynccontextmanager
async def watching(ingest: Built) -> AsyncIterator[None]:
    task = asyncio.create_task(Watch(ingest.settings.broker, ingest.readers, ingest.metrics).run())
    try:
        yield
    finally:
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def gauge(ingest: Built, name: str, agency: str) -> float | None:
    return ingest.metrics.registry.get_sample_value(f"foothold_ingest_{name}", {"agency": agency})


async def test_records_behind_a_transaction_nobody_ends_are_seen_by_agency_with_how_long(
    broker: str, parts: Parts
) -> None:
    agency, well = f"t-{uuid.uuid4().hex[:8]}", f"w-{uuid.uuid4().hex[:8]}"
    topic, other = await make_topic(broker, agency), await make_topic(broker, well)
    async with door(parts) as ingest, watching(ingest):
        await write(broker, topic, (body(agency, "before"), STRUCTURED))
        await write(broker, other, (body(well, "well"), STRUCTURED))
        await facts(broker, 2)
        await until(lambda: gauge(ingest, "agency_lag_records", agency) == 0)
        async with AIOKafkaProducer(bootstrap_servers=broker, transactional_id=agency) as producer:
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"hangs", partition=0)
            await write(
                broker, topic, *[(body(agency, f"behind-{n}"), STRUCTURED) for n in range(3)]
            )
            await until(lambda: (gauge(ingest, "agency_hidden_seconds", agency) or 0) > 1)
            hidden = [
                gauge(ingest, name, agency)
                for name in ("agency_lag_records", "agency_hidden_seconds", "agency_unread_seconds")
            ]
            calm = [
                gauge(ingest, name, well)
                for name in ("agency_lag_records", "agency_hidden_seconds", "agency_unread_seconds")
            ]
            await producer.abort_transaction()
        arrived = await facts(broker, 5)
        await until(
            lambda: (
                [
                    gauge(ingest, name, agency)
                    for name in (
                        "agency_lag_records",
                        "agency_hidden_seconds",
                        "agency_unread_seconds",
                    )
                ]
                == [0, 0, 0]
            )
        )

    assert (hidden[0], (hidden[1] or 0) > 1, (hidden[2] or 0) > 1, calm) == (
        4,
        True,
        True,
        [0, 0, 0],
    )
    assert len(arrived) == 5


async def test_the_end_of_a_transaction_is_nothing_unread(broker: str, parts: Parts) -> None:
    agency = f"m-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    async with (
        door(parts) as ingest,
        watching(ingest),
        AIOKafkaProducer(bootstrap_servers=broker, transactional_id=agency) as producer,
    ):
        async with producer.transaction():
            await producer.send_and_wait(
                topic, body(agency, "one"), headers=STRUCTURED, partition=0
            )
        await facts(broker, 1)
        await until(lambda: gauge(ingest, "agency_lag_records", agency) == 0)
        lost = gauge(ingest, "lost_records", agency)
    async with door(parts) as again, watching(again):
        await until(lambda: gauge(again, "agency_lag_records", agency) == 0)

    assert lost == 0


async def test_what_is_lost_while_nobody_reads_is_seen_and_counted_once_by_several_watches(
    broker: str, parts: Parts
) -> None:
    agency = f"g-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    async with door(parts):
        await write(broker, topic, (body(agency, "read"), STRUCTURED))
        await facts(broker, 1)
    await write(
        broker,
        topic,
        *[(body(agency, f"gone-{n}"), STRUCTURED) for n in range(4)],
        (body(agency, "left"), STRUCTURED),
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=5)})
    await admin.close()
    async with ingest_parts(parts) as ingest, watching(ingest), watching(ingest):
        await until(lambda: gauge(ingest, "lost_records", agency) == 4)
        unread = gauge(ingest, "agency_lag_records", agency)
    async with door(parts) as ingest, watching(ingest):
        arrived = await facts(broker, 2)
        await until(lambda: gauge(ingest, "lost_records", agency) is not None)
        lost = gauge(ingest, "lost_records", agency)

    assert (unread, sorted(arrived), lost) == (1, ["left", "read"], 4)


async def test_a_paused_agency_is_shown(broker: str, parts: Parts) -> None:
    agency = f"p-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    await write(broker, topic, *[(b"{}", STRUCTURED)] * 3)
    async with door(parts, dead_letter_limit=2) as ingest, watching(ingest):
        await until(lambda: gauge(ingest, "agency_paused", agency) == 1)
        await until(lambda: gauge(ingest, "agency_lag_records", agency) == 1)


async def test_a_watch_without_a_broker_waits_and_says_so(
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
    broker: str,  # noqa: ARG001 - a clean one
) -> None:
    asked = asyncio.Event()

    async def refuses(*_: object) -> None:
        asked.set()
        raise OSError

    monkeypatch.setattr(Watch, "look", refuses)
    async with ingest_parts(parts) as ingest, watching(ingest):
        before = ingest.metrics.registry.get_sample_value(
            "foothold_ingest_progress_timestamp_seconds", {"part": "watch"}
        )
        await asyncio.wait_for(asked.wait(), 20)
        await until(
            lambda: (
                ingest.metrics.registry.get_sample_value(
                    "foothold_ingest_job_failures_total", {"part": "watch"}
                )
                not in (None, 0)
            )
        )
        after = ingest.metrics.registry.get_sample_value(
            "foothold_ingest_progress_timestamp_seconds", {"part": "watch"}
        )

    assert before in (None, after)


async def test_what_went_before_anybody_read_is_not_lost_and_a_new_topic_counts_from_its_beginning(
    broker: str, parts: Parts
) -> None:
    agency = f"n-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    await write(
        broker,
        topic,
        *[(body(agency, f"gone-{n}"), STRUCTURED) for n in range(3)],
        (body(agency, "left"), STRUCTURED),
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=3)})
    await admin.close()
    now = datetime.now(UTC)
    async with ingest_parts(parts) as ingest:
        async with watching(ingest):
            await until(lambda: gauge(ingest, "agency_lag_records", agency) == 1)
            before = gauge(ingest, "lost_records", agency)
        # of the topic that had this name before
        await ingest.readers.lose(agency, 0, range(90, 100), now)
        async with watching(ingest):
            await until(lambda: gauge(ingest, "lost_records", agency) == 10)
        many = await ingest.readers.lose(agency, 0, range(1, 3), now)

    assert (before, many) == (0, 2)
