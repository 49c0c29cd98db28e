"""Ingest's own readers set bad records aside up to a limit, and stand there.

What stands behind is read again once the writer is mended.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from aiokafka import ConsumerRecord, TopicPartition
from prometheus_client import CollectorRegistry

from foothold_ingest.disputes.book import DisputeBook
from foothold_ingest.doors.caseworkers import DeskDoor
from foothold_ingest.doors.views import ViewDoor
from foothold_ingest.log.writer import Line, Publisher
from foothold_ingest.metrics import Metrics
from foothold_ingest.statements.questions import StatementQuestionBook
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import stop
from foothold_schemas.seal import Purpose, Seal

SOURCE = TopicPartition("topic", 0)
BAD = b'{"doubts":[{"no view":1}]}'


class Kept:
    """Takes lines instead of Kafka."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def deliver(self, lines: Sequence[Line]) -> None:
        self.lines.extend(lines)


class Book:
    """Asks nobody about anything."""

    open_households: frozenset[str] = frozenset()

    async def load(self) -> None:
        """There is nothing to load."""


def record(offset: int, value: bytes) -> ConsumerRecord[bytes, bytes]:
    fields: dict[str, Any] = {"topic": "topic", "partition": 0, "offset": offset, "timestamp": 0}
    sizes = {"timestamp_type": 0, "checksum": None, "serialized_key_size": 3}
    more = {"serialized_value_size": len(value), "headers": ()}
    return ConsumerRecord(**fields, **sizes, **more, key=f"k{offset}".encode(), value=value)


@asynccontextmanager
async def door(kind: type[DeskDoor | ViewDoor], kept: Kept) -> AsyncIterator[DeskDoor | ViewDoor]:
    book: dict[str, Any] = (
        {"disputes": cast("DisputeBook", Book())}
        if kind is DeskDoor
        else {"book": cast("StatementQuestionBook", Book())}
    )
    built = kind(
        broker=Broker("127.0.0.1:1"),
        engine=cast("Any", None),
        publisher=cast("Publisher", kept),
        metrics=Metrics(CollectorRegistry()),
        seal=Seal(b"0123456789abcdef0123456789abcdef", Purpose.QUARANTINE),
        limit=3,
        **book,
    )
    try:
        yield built
    finally:
        await stop(built._reader.consumer)


async def test_the_desks_reader_stands_after_as_many_bad_records_as_it_bears() -> None:
    kept = Kept()
    async with door(DeskDoor, kept) as desk:
        taken = await desk.take({SOURCE: [record(n, BAD) for n in range(5)]})
        again = await desk.take({SOURCE: [record(n, BAD) for n in range(3, 5)]})

    assert (taken[SOURCE], again[SOURCE], len(kept.lines)) == (3, 3, 3)


async def test_the_reader_of_views_stands_as_well_and_a_view_without_a_doubt_is_a_good_one() -> (
    None
):
    kept = Kept()
    values = [BAD, BAD, b"{}", BAD, BAD, BAD, BAD]
    async with door(ViewDoor, kept) as views:
        taken = await views.take({SOURCE: [record(n, value) for n, value in enumerate(values)]})

    assert (taken[SOURCE], len(kept.lines)) == (6, 5)
