"""Watches agencies' topics from outside.

It sees what stands there unread, why, and what Kafka let go of before it was read. Nothing is
decided by it.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client import Gauge

from foothold_ingest.agencies.readers import ReaderBook
from foothold_ingest.doors.kafka import GROUP_ID, agency_of
from foothold_ingest.metrics import Metrics
from foothold_ingest.turns import take_turns
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import started
from foothold_runtime.loops import not_cancelled
from foothold_schemas.wire.topics import AGENCY_TOPIC

PART: Final = "watch"
LOOK_SECONDS: Final = 5.0


class Stand(NamedTuple):
    """Where a partition stands.

    It has its first offset, how far it was read, what may be read, and its true end.
    """

    beginning: int
    read: int
    readable: int
    end: int


class Watch:
    """Every replica may run one: they say the same, and what is lost is counted once."""

    def __init__(self, broker: Broker, readers: ReaderBook, metrics: Metrics) -> None:
        self._broker = broker
        self._readers = readers
        self._metrics = metrics
        self._unread_since: dict[TopicPartition, tuple[int, float]] = {}
        self._hidden_since: dict[TopicPartition, tuple[int, float]] = {}

    async def run(self) -> None:
        """Run until cancelled."""
        await take_turns(PART, self._watch, self._metrics, pause=LOOK_SECONDS)

    async def _watch(self) -> None:
        """Watch with a reader of committed records and another of all.

        A reader that reads committed records only takes the beginning of an open transaction for
        the end: the other one knows better.
        """
        async with AsyncExitStack() as clients:
            admin = await clients.enter_async_context(
                started(AIOKafkaAdminClient(**self._broker.options))
            )
            committed = await clients.enter_async_context(started(self._looker("read_committed")))
            all_records = await clients.enter_async_context(
                started(self._looker("read_uncommitted"))
            )
            while not_cancelled():
                await self.look(admin, committed, all_records)
                self._metrics.progress.labels(PART).set_to_current_time()
                await asyncio.sleep(LOOK_SECONDS)

    def _looker(self, isolation: str) -> AIOKafkaConsumer:
        """It stands at the end and is paused: it asks for offsets and reads nothing."""
        return AIOKafkaConsumer(
            **self._broker.options,
            group_id=None,
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )

    async def look(
        self, admin: AIOKafkaAdminClient, committed: AIOKafkaConsumer, all_records: AIOKafkaConsumer
    ) -> None:
        """Once at every agency's topic."""
        topics = sorted(
            topic for topic in await admin.list_topics() if AGENCY_TOPIC.fullmatch(topic)
        )
        descriptions = await admin.describe_topics(topics) if topics else []
        sources = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in descriptions
            for partition in topic["partitions"]
        ]
        for looker in (committed, all_records):
            if sources and looker.assignment() != set(sources):
                looker.assign(sources)
                looker.pause(*sources)
        stands = await self._stands(sources, admin, committed, all_records) if sources else {}
        await self._count_lost(stands)
        await self._show(stands)

    async def _stands(
        self,
        sources: list[TopicPartition],
        admin: AIOKafkaAdminClient,
        committed: AIOKafkaConsumer,
        all_records: AIOKafkaConsumer,
    ) -> dict[TopicPartition, Stand]:
        """Return where the partitions stand, asking first how far they were read.

        What comes meanwhile is unread for a moment, and never the other way round.
        """
        read = await admin.list_consumer_group_offsets(GROUP_ID, partitions=sources)
        beginnings = await all_records.beginning_offsets(sources)
        readable = await committed.end_offsets(sources)
        ends = await all_records.end_offsets(sources)
        offsets = {
            source: read[source].offset
            for source in sources
            if source in read and read[source].offset >= 0
        }
        offsets = beginnings | offsets  # what went before anybody began to read was never unread
        return {
            source: Stand(beginnings[source], offsets[source], readable[source], ends[source])
            for source in sources
        }

    async def _count_lost(self, stands: Mapping[TopicPartition, Stand]) -> None:
        await self._readers.begin_anew(
            {
                (agency_of(source.topic), source.partition): stand.end
                for source, stand in stands.items()
            }
        )
        for source, stand in stands.items():
            if stand.beginning > stand.read:
                await self._readers.lose(
                    agency_of(source.topic),
                    source.partition,
                    range(stand.read, stand.beginning),
                    datetime.now(UTC),
                )

    async def _show(self, stands: Mapping[TopicPartition, Stand]) -> None:
        now = time.monotonic()
        unread = {
            source: (stand.read, stand.end > max(stand.read, stand.beginning))
            for source, stand in stands.items()
        }
        hidden = {
            source: (stand.readable, stand.end > stand.readable) for source, stand in stands.items()
        }
        states = {state.agency: state for state in await self._readers.states()}
        agencies = {agency_of(source.topic) for source in stands}
        _set(
            self._metrics.lag,
            _by_agency(
                (source, stand.end - max(stand.read, stand.beginning))
                for source, stand in stands.items()
            ),
        )
        _set(self._metrics.unread, _longest(_since(self._unread_since, unread, now)))
        _set(self._metrics.hidden, _longest(_since(self._hidden_since, hidden, now)))
        _set(
            self._metrics.paused,
            {
                agency: agency in states and states[agency].paused_at is not None
                for agency in agencies | states.keys()
            },
        )
        _set(
            self._metrics.lost,
            {
                agency: states[agency].lost if agency in states else 0
                for agency in agencies | states.keys()
            },
        )


def _since(
    known: dict[TopicPartition, tuple[int, float]],
    stands: Mapping[TopicPartition, tuple[int, bool]],
    now: float,
) -> dict[TopicPartition, float]:
    """For how long something has stood at the same offset; zero where nothing stands.

    What is known is kept from look to look.
    """
    for source in known.keys() - stands.keys():
        del known[source]
    for source, (offset, is_standing) in stands.items():
        if not is_standing:
            known.pop(source, None)
        elif source not in known or known[source][0] != offset:
            known[source] = (offset, now)
    return {source: now - known[source][1] if source in known else 0.0 for source in stands}


def _longest(seconds: Mapping[TopicPartition, float]) -> dict[str, float]:
    longest: dict[str, float] = defaultdict(float)
    for source, age in seconds.items():
        longest[agency_of(source.topic)] = max(longest[agency_of(source.topic)], age)
    return longest


def _by_agency(numbers: Iterable[tuple[TopicPartition, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for source, number in numbers:
        total[agency_of(source.topic)] += max(0, number)
    return total


def _set(gauge: Gauge, values: Mapping[str, float]) -> None:
    """And let go of agencies that are no more."""
    for agency, value in values.items():
        gauge.labels(agency).set(value)
    shown = {sample.labels["agency"] for family in gauge.collect() for sample in family.samples}
    for agency in shown - values.keys():
        gauge.remove(agency)
