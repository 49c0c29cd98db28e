"""Tests the agencies' Kafka door.

What they write to their topics is judged as at the HTTP door, and what is refused is kept whole.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as SdkEvent
from confluent_kafka import Producer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.build import Built
from foothold_ingest.quarantine.keeper import QuarantineKeeper
from foothold_ingest.quarantine.retry import Outcome, Retrier
from foothold_runtime.broker import Broker
from foothold_schemas.wire.codec import decode_fact, decode_quarantined
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, QUARANTINE, agency_card
from tests.support.ingest import SEAL, ingest_parts, kafka_door
from tests.support.running.parts import Parts
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

NOW = datetime.now(UTC)
MONTH = f"{NOW:%Y-%m}"
Headers = list[tuple[str, bytes | None]]
STRUCTURED: Headers = [("content-type", b"application/cloudevents+json")]


def event(agency: str, event_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    data = {
        "category": "wage",
        "item": "salary",
        "amount": "12.50",
        "earned_month": MONTH,
    } | changes.pop("data", {})
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/agencies/{agency}",
        "type": "foothold.IncomeReported.v1",
        "time": NOW.isoformat(),
    }
    return {**envelope, "subject": "370399/K-1", "data": data} | changes


def body(agency: str, event_id: str, **changes: Any) -> bytes:  # noqa: ANN401
    return json.dumps(event(agency, event_id, **changes)).encode()


async def make_topic(broker: str, agency: str, **config: str) -> str:
    card = agency_card(agency)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(card.name, 1, 1, topic_configs=card.config | config)])
    finally:
        await admin.close()
    return card.name


async def write(
    broker: str, topic: str, *records: tuple[bytes | None, Headers], key: bytes | None = b"any"
) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=broker, acks="all", max_request_size=8_000_000
    ) as producer:
        for value, headers in records:
            await producer.send_and_wait(topic, value, key=key, headers=headers, partition=0)


@contextlib.asynccontextmanager
async def door(parts: Parts, **changes: object) -> AsyncIterator[Built]:
    async with ingest_parts(parts, **changes) as ingest:
        task = asyncio.create_task(kafka_door(ingest).run())
        try:
            yield ingest
        finally:
            assert not task.done() or task.exception() is None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def await_records(broker: str, topic: str, want: Callable[[list[Any]], bool]) -> list[Any]:
    """The topic's records once they are as wanted; as they are after 20 seconds otherwise."""
    records: list[Any] = []
    for _ in range(60):
        records = await asyncio.to_thread(lambda: list(read_topic(broker, topic)))
        if want(records):
            break
        await asyncio.sleep(0.3)
    return records


async def facts(broker: str, count: int) -> list[str]:
    records = await await_records(broker, HOUSEHOLD_FACTS.name, lambda r: len(r) >= count)
    return [decode_fact(r.value()).id for r in records]


async def aside(broker: str, count: int) -> list[Quarantined]:
    records = await await_records(broker, QUARANTINE.name, lambda r: len(r) >= count)
    return sorted((decode_quarantined(r.value()) for r in records), key=lambda q: q.offset)


HOSTILE: dict[
    str, tuple[Callable[[str], bytes | None], list[tuple[str, bytes | None]], RefusalReason]
] = {
    "half a record": (lambda _: b"{half a rec", STRUCTURED, RefusalReason.NOT_JSON),
    "another format": (lambda _: b"\x00\x00\x00\x01avro", [], RefusalReason.NOT_JSON),
    "a tombstone": (lambda _: None, STRUCTURED, RefusalReason.NO_VALUE),
    "two megabytes": (
        lambda a: body(a, "big", data={"item": "x" * 2_000_000}),
        STRUCTURED,
        RefusalReason.TOO_LARGE,
    ),
    "an unknown kind": (
        lambda a: body(a, "moon", type="foothold.MoonFell.v1"),
        STRUCTURED,
        RefusalReason.UNKNOWN_KIND,
    ),
    "an operator's kind": (
        lambda a: body(a, "day", type="foothold.DayOpened.v1", data={"day": "2026-06-10"}),
        STRUCTURED,
        RefusalReason.KIND_NOT_ALLOWED,
    ),
    "another agency's source": (
        lambda _: body("bank", "forged"),
        STRUCTURED,
        RefusalReason.FOREIGN_SOURCE,
    ),
    "an unknown field": (
        lambda a: body(a, "field", data={"amout": "1.00"}),
        STRUCTURED,
        RefusalReason.UNKNOWN_FIELD,
    ),
    "an amount as a number": (
        lambda a: body(a, "number", data={"amount": 12.5}),
        STRUCTURED,
        RefusalReason.INVALID_FIELD,
    ),
    "a key twice": (
        lambda a: body(a, "twice").replace(b'"id"', b'"id": "x", "id"'),
        STRUCTURED,
        RefusalReason.DUPLICATE_KEY,
    ),
    "a NUL": (
        lambda a: body(a, "nul", data={"item": "a\x00b"}),
        STRUCTURED,
        RefusalReason.CONTROL_CHARACTER,
    ),
    "too many digits": (
        lambda a: body(a, "digits").replace(b'"12.50"', b"9" * 5_000),
        STRUCTURED,
        RefusalReason.TOO_LONG,
    ),
    "a day ahead": (
        lambda a: body(a, "ahead", time="2199-01-01T00:00:00Z"),
        STRUCTURED,
        RefusalReason.FUTURE_TIME,
    ),
    "no household": (
        lambda a: body(a, "nobody", subject="37"),
        STRUCTURED,
        RefusalReason.BAD_SUBJECT,
    ),
    "a batch": (
        lambda a: b"[" + body(a, "batch") + b"]",
        [("content-type", b"application/cloudevents-batch+json")],
        RefusalReason.INVALID_ENVELOPE,
    ),
    "a huge header": (
        lambda _: b"{}",
        [("ce_specversion", b"1.0"), ("ce_id", b"x" * 300_000)],
        RefusalReason.TOO_LONG,
    ),
    "a header without a value": (
        lambda _: b"{}",
        [("ce_specversion", b"1.0"), ("ce_id", None)],
        RefusalReason.INVALID_ENVELOPE,
    ),
    "a header that is no text": (
        lambda _: b"{}",
        [("ce_specversion", b"\xff\xfe")],
        RefusalReason.INVALID_ENVELOPE,
    ),
    "a header twice": (
        lambda _: b"{}",
        [("ce_specversion", b"1.0"), ("ce_id", b"a"), ("ce_id", b"b")],
        RefusalReason.DUPLICATE_KEY,
    ),
}


@pytest.mark.usefixtures("ingest_database")
async def test_hostile_records_are_kept_whole_with_their_reason_and_the_good_ones_between_arrive(
    broker: str, parts: Parts
) -> None:
    agency = f"a-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency, **{"max.message.bytes": "8000000"})
    bad = [(make(agency), headers) for make, headers, _ in HOSTILE.values()]
    records = [(body(agency, "first"), STRUCTURED), *bad, (body(agency, "last"), STRUCTURED)]
    await write(broker, topic, *records)
    async with door(parts) as ingest:
        arrived = await facts(broker, 2)
        kept = await aside(broker, len(bad))
        refused = ingest.metrics.registry.get_sample_value(
            "foothold_ingest_facts_total",
            {"kind": "unknown", "outcome": "unknown_kind", "door": "kafka"},
        )

    assert sorted(arrived) == ["first", "last"]
    assert [(name, q.reason) for name, q in zip(HOSTILE, kept, strict=True)] == [
        (name, reason) for name, (_, _, reason) in HOSTILE.items()
    ]
    assert [(q.open(SEAL).value, list(q.open(SEAL).headers)) for q in kept] == bad
    assert [(q.service, q.topic, q.partition, q.offset) for q in kept] == [
        ("ingest", topic, 0, n + 1) for n in range(len(bad))
    ]
    assert refused == 1


@pytest.mark.usefixtures("ingest_database")
async def test_a_topic_made_while_ingest_runs_is_read_within_seconds_whatever_the_senders_key(
    broker: str, parts: Parts
) -> None:
    async with door(parts):
        await asyncio.sleep(1)
        agency = f"b-{uuid.uuid4().hex[:8]}"
        topic = await make_topic(broker, agency)
        began = asyncio.get_running_loop().time()
        await write(broker, topic, (body(agency, "null-key"), STRUCTURED), key=None)
        await write(broker, topic, (body(agency, "claim-as-key"), STRUCTURED), key=b"claim-7")
        records = await await_records(broker, HOUSEHOLD_FACTS.name, lambda r: len(r) >= 2)
        took = asyncio.get_running_loop().time() - began

    assert {decode_fact(r.value()).id for r in records} == {"null-key", "claim-as-key"}
    assert len({(r.key(), r.partition()) for r in records}) == 1
    assert took < 12


@pytest.mark.usefixtures("ingest_database")
async def test_the_cncf_sdk_and_another_kafka_client_send_binary_and_structured(
    broker: str, parts: Parts
) -> None:
    agency = f"c-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    producer = Producer({"bootstrap.servers": broker})
    for event_id, convert in (("sdk-binary", to_binary), ("sdk-structured", to_structured)):
        envelope = event(agency, event_id)
        attributes = {name: value for name, value in envelope.items() if name != "data"} | {
            "time": NOW,
            "datacontenttype": "application/json",
        }
        message = convert(SdkEvent(attributes=attributes, data=envelope["data"]), JSONFormat())
        producer.produce(topic, value=message.value, headers=list(message.headers.items()))
    producer.flush(10)
    async with door(parts):
        arrived = await facts(broker, 2)

    assert sorted(arrived) == ["sdk-binary", "sdk-structured"]


async def test_what_waits_in_quarantine_is_listed_shown_and_retried_once_with_its_history(
    broker: str, parts: Parts, ingest_database: AsyncEngine
) -> None:
    agency = f"f-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    await write(
        broker,
        topic,
        (body(agency, "early", time=(NOW + timedelta(hours=1)).isoformat()), STRUCTURED),
        (body(agency, "bad-for-ever", subject="x"), STRUCTURED),
    )
    async with door(parts) as ingest:
        await aside(broker, 2)
        keeper = asyncio.create_task(
            QuarantineKeeper(Broker(broker), ingest_database, ingest.metrics, SEAL, 1_000).run()
        )
        retrier = Retrier(
            ingest_database,
            SEAL,
            agencies=ingest.agencies,
            intake=ingest.intake,
            publisher=ingest.publisher,
            days=ingest.days,
            files=ingest.files,
        )
        waiting: list[Any] = []
        for _ in range(200):
            waiting = await retrier.rows()
            if len(waiting) == 2:
                break
            await asyncio.sleep(0.05)
        ids = [row["source_id"] for row in waiting]
        first = await retrier.retry(ids, actor="li", now=NOW)
        later = NOW + timedelta(hours=2)
        twice = await asyncio.gather(
            *(retrier.retry(ids[:1], actor="wang", now=later) for _ in range(3))
        )
        arrived = await facts(broker, 1)
        whole = await retrier.content(ids[1], actor="zhao", now=NOW)
        shown = await retrier.show(ids[0])
        only_bad = [row["source_id"] for row in await retrier.rows(reason="bad_subject")]
        left = [row["source_id"] for row in await retrier.rows()]
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
    async with ingest_database.connect() as connection:
        stored = str(
            (await connection.execute(text("select sealed from quarantine"))).scalars().all()
        )

    assert [r.outcome for r in first] == [Outcome.STILL_REFUSED, Outcome.STILL_REFUSED]
    assert sorted(r.outcome for (r,) in twice) == [
        Outcome.ACCEPTED,
        Outcome.NOT_WAITING,
        Outcome.NOT_WAITING,
    ]
    assert arrived == ["early"]
    assert whole is not None
    assert json.loads(whole.value or b"")["id"] == "bad-for-ever"
    assert shown is not None
    assert [(h["actor"], h["action"], h["outcome"]) for h in shown[1]] == [
        ("li", "retried", "still_refused"),
        ("wang", "retried", "accepted"),
    ]
    assert only_bad == left == ids[1:]
    assert "bad-for-ever" not in stored


def packed(broker: str, topic: str, codec: str, *values: bytes) -> None:
    """Written by another client, each record in a batch of its own."""
    producer = Producer(
        {
            "bootstrap.servers": broker,
            "compression.type": codec,
            "message.max.bytes": 1_000_000_000,
            "linger.ms": 0,
        }
    )
    for value in values:
        producer.produce(topic, value=value, headers=list(STRUCTURED))
        producer.flush(60)


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
async def test_a_record_larger_than_the_quarantine_takes_is_kept_cut_and_the_next_one_arrives(
    codec: str, broker: str, parts: Parts, ingest_database: AsyncEngine
) -> None:
    agency = f"z-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    large = b"\x00" * 20_000_000
    await asyncio.to_thread(packed, broker, topic, codec, large, body(agency, "next"))
    async with door(parts) as ingest:
        arrived = await facts(broker, 1)
        (kept,) = await aside(broker, 1)
        keeper = asyncio.create_task(
            QuarantineKeeper(Broker(broker), ingest_database, ingest.metrics, SEAL, 1_000).run()
        )
        retrier = Retrier(
            ingest_database,
            SEAL,
            agencies=ingest.agencies,
            intake=ingest.intake,
            publisher=ingest.publisher,
            days=ingest.days,
            files=ingest.files,
        )
        async with asyncio.timeout(20):
            while not await retrier.rows():
                await asyncio.sleep(0.05)
        (retried,) = await retrier.retry([kept.source_id], actor="li", now=NOW)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)

    assert arrived == ["next"]
    assert (kept.reason, kept.open(SEAL).is_cut) == (RefusalReason.TOO_LARGE, True)
    assert large.startswith(kept.open(SEAL).value or b"no")
    assert "20000040 bytes" in kept.detail
    assert (retried.outcome, "beginning" in retried.detail) == (Outcome.NOT_RETRIABLE, True)


@pytest.mark.usefixtures("ingest_database")
async def test_a_batch_that_would_take_all_memory_stops_its_agency_alone(
    broker: str, parts: Parts
) -> None:
    bomb, well = f"y-{uuid.uuid4().hex[:8]}", f"x-{uuid.uuid4().hex[:8]}"
    topic, other = await make_topic(broker, bomb), await make_topic(broker, well)
    await asyncio.to_thread(packed, broker, topic, "zstd", b"\x00" * 90_000_000)
    async with door(parts) as ingest:
        async with asyncio.timeout(20):
            while (
                ingest.metrics.registry.get_sample_value(
                    "foothold_ingest_stopped_readers", {"reader": "agencies"}
                )
                != 1
            ):
                await asyncio.sleep(0.05)
        await write(broker, other, (body(well, "well"), STRUCTURED))
        arrived = await facts(broker, 1)

    assert arrived == ["well"]
