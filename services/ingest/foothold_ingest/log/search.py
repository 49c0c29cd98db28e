"""Looks for facts in the log by their ids.

No index of ids is kept for this: the log itself is read, from the day a fact can stand there.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from foothold_ingest.log.writer import partition_of
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import start, stop
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS

AT_ONCE: Final = 5_000
_BEGINS: Final = b'{"fact_id":"'
_WITHDRAWS: Final = b'"withdraws":["'
_ID_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class LoggedFact:
    """Where a fact's record stands, and its bytes."""

    partition: int
    offset: int
    value: bytes


@dataclass(slots=True)
class Search:
    """What a search came to.

    `naming`: records that name one of the facts without being it, as corrections do.
    """

    facts: dict[str, LoggedFact] = field(default_factory=dict)
    naming: dict[str, list[bytes]] = field(default_factory=dict)
    is_unfinished: bool = False


class LogSearch:
    """One search at a time: it reads as fast as it can.

    Raises KafkaError while the broker is away.
    """

    def __init__(self, broker: Broker, partitions: int) -> None:
        self._broker = broker
        self._partitions = partitions
        self._one_search = asyncio.Lock()

    async def first(self, fact: str, since: datetime, seconds: float) -> Search:
        """The first record of the fact in any partition; unfinished after so many seconds."""
        return await self._read(
            {fact}, dict.fromkeys(range(self._partitions), since), seconds=seconds
        )

    async def all_of(self, facts: Collection[str], since: Mapping[str, datetime]) -> Search:
        """These facts and whatever names them, to the end of the log.

        `since` by household, whose partitions are read.
        """
        starts: dict[int, datetime] = {}
        for household_id, moment in since.items():
            partition = partition_of(household_id, self._partitions)
            starts[partition] = min(moment, starts.get(partition, moment))
        return await self._read(facts, starts, seconds=None)

    async def _read(
        self, facts: Collection[str], since: Mapping[int, datetime], *, seconds: float | None
    ) -> Search:
        consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **self._broker.options, isolation_level="read_committed", enable_auto_commit=False
        )
        async with self._one_search:
            try:
                await start(consumer)
                waiting = await _begin(consumer, since)
                return await _scan(
                    consumer, waiting, frozenset(fact.encode() for fact in facts), seconds
                )
            finally:
                await stop(consumer)


async def _begin(
    consumer: AIOKafkaConsumer, since: Mapping[int, datetime]
) -> dict[TopicPartition, int]:
    """Stand where the moments are (Kafka gives negative ones a meaning of their own).

    Return the ends of those partitions that have anything to read.
    """
    starts_at = {
        TopicPartition(HOUSEHOLD_FACTS.name, n): max(0, int(moment.timestamp() * 1000))
        for n, moment in since.items()
    }
    consumer.assign(list(starts_at))
    ends, starts = (
        await consumer.end_offsets(list(starts_at)),
        await consumer.offsets_for_times(starts_at),
    )
    waiting = {}
    for partition in starts_at:
        start = starts[partition]
        consumer.seek(partition, ends[partition] if start is None else start.offset)
        if start is not None and start.offset < ends[partition]:
            waiting[partition] = ends[partition]
    return waiting


async def _scan(
    consumer: AIOKafkaConsumer,
    waiting: dict[TopicPartition, int],
    facts: frozenset[bytes],
    seconds: float | None,
) -> Search:
    """With a limit of seconds the first find is enough; without, everything is read."""
    search, deadline = Search(), time.monotonic() + (seconds or 0)
    while waiting:
        if seconds is not None and (search.facts or time.monotonic() > deadline):
            search.is_unfinished = not search.facts
            return search
        for partition, records in (
            await consumer.getmany(timeout_ms=500, max_records=AT_ONCE)
        ).items():
            for record in records:
                _note(search, facts, partition.partition, record.offset, record.value or b"")
        waiting = {
            partition: end
            for partition, end in waiting.items()
            if await consumer.position(partition) < end
        }
    return search


def _note(
    search: Search, facts: frozenset[bytes], partition: int, offset: int, value: bytes
) -> None:
    """A record begins with its own id, as pydantic writes it.

    Only one that withdraws others has to be looked through.
    """
    own = value[len(_BEGINS) : len(_BEGINS) + _ID_BYTES]
    if own in facts and value.startswith(_BEGINS):
        search.facts.setdefault(own.decode(), LoggedFact(partition, offset, value))
    elif _WITHDRAWS in value:
        for fact in facts:
            if fact in value:
                search.naming.setdefault(fact.decode(), []).append(value)
