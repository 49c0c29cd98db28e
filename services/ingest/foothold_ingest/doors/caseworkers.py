"""The desk's door takes what people decided and did into the log.

It reads `relief-facts.v1` in the order in which it stands there for each household.

The desk proves who spoke, so nothing is judged again but the form. A record read twice gives the
same fact id, which counts once.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.aside import PARTS_AWAY, line_of, set_aside, unprocessable
from foothold_ingest.disputes.book import DisputeBook
from foothold_ingest.log.writer import Line, Publisher, fact_line
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.accept import fact_id
from foothold_runtime import kafka_clients
from foothold_runtime.barrier import Barrier, Fetched, Reader, Record
from foothold_runtime.broker import Broker
from foothold_runtime.databases import while_database_down
from foothold_runtime.loops import not_cancelled
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import PeopleFact
from foothold_schemas.messages.disputes import FactDisputed
from foothold_schemas.messages.relief import PeopleSaid
from foothold_schemas.seal import Seal
from foothold_schemas.wire.codec import Unreadable, decode_said
from foothold_schemas.wire.topics import RELIEF_FACTS
from foothold_schemas.wire.tracing import begin, from_headers, trace_id

GROUP_ID: Final = "ingest-desk"
DESK: Final = "foothold-desk"
DOOR: Final = "desk"
READER: Final = "desk"
SOURCE: Final = "/foothold/desk"
BATCH: Final = 500
FETCH_WAIT_MS: Final = 20

log = structlog.get_logger()


class DeskDoor:
    """One member of the group."""

    def __init__(
        self,
        *,
        broker: Broker,
        engine: AsyncEngine,
        publisher: Publisher,
        disputes: DisputeBook,
        metrics: Metrics,
        seal: Seal,
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._disputes = disputes
        self._metrics = metrics
        self._seal = seal
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **broker.options,
            group_id=GROUP_ID,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=10_000,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._barrier = Barrier(Reader(READER, GROUP_ID, broker, PARTS_AWAY), self._consumer, self)

    async def run(self) -> None:
        """Run until cancelled."""
        self._consumer.subscribe([RELIEF_FACTS.name], listener=self._barrier)
        self._metrics.progress.labels(READER).set_to_current_time()
        try:
            await kafka_clients.start(self._consumer)
            while not_cancelled():
                await self._barrier.work(
                    await self._consumer.getmany(timeout_ms=500, max_records=BATCH)
                )
                self._metrics.stopped.labels(READER).set(len(self._barrier.stopped))
                self._metrics.progress.labels(READER).set_to_current_time()
        finally:
            await kafka_clients.stop(self._consumer)

    async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
        """Facts into the log, doubts into their book; what cannot be read is set aside, whole."""
        for records in fetched.values():
            await self._take(records)
        return {source: records[-1].offset + 1 for source, records in fetched.items()}

    async def _take(self, records: Sequence[Record]) -> None:
        lines, doubts = list[Line](), list[tuple[PeopleSaid, FactDisputed]]()
        for record in records:
            try:
                message = decode_said(record.value)
            except Unreadable as error:
                lines.append(line_of(set_aside(record, error.reason, error.detail, self._seal)))
                self._metrics.facts.labels("unknown", error.reason.value, DOOR).inc()
                continue
            self._metrics.facts.labels(message.data.kind, "accepted", DOOR).inc()
            if isinstance(message.data, FactDisputed):
                doubts.append((message, message.data))
            else:
                lines.append(_accepted(message, message.data, record))
        await self._publisher.deliver(lines)
        if doubts:
            await while_database_down(self._engine, lambda: self._disputes.ask(doubts), of="doubts")

    async def set_aside(self, record: Record, detail: str) -> None:
        """A record at which the program fails."""
        await self._publisher.deliver([line_of(unprocessable(record, detail, self._seal))])
        self._metrics.unprocessable.labels(READER).inc()

    async def lose(self, source: TopicPartition, offsets: range) -> None:
        """The topic is kept for ever, so somebody has deleted records."""
        log.error(
            "ingest.desk_records_lost",
            topic=source.topic,
            partition=source.partition,
            first=offsets.start,
            last=offsets.stop - 1,
        )


def _accepted(message: PeopleSaid, data: PeopleFact, record: Record) -> Line:
    """The fact's line, and a canonical line in the log."""
    fact = fact_of(message, data, datetime.now(UTC), (record.partition, record.offset))
    traceparent = from_headers(record.headers) or begin()
    fields = {
        "fact_id": fact.fact_id,
        "household_id": fact.household_id,
        "kind": fact.data.kind,
        "trace_id": trace_id(traceparent),
    }
    log.info("ingest.event", door=DOOR, agency=DESK, outcome="accepted", **fields)
    return fact_line(fact, traceparent)


def fact_of(
    message: PeopleSaid, data: PeopleFact, now: datetime, place: tuple[int, int]
) -> FactRecord:
    """As it stands in the log."""
    return FactRecord(
        fact_id=fact_id(SOURCE, message.id),
        household_id=message.household_id,
        agency=DESK,
        source=SOURCE,
        id=message.id,
        time=message.time,
        recorded_time=now,
        place=place,
        data=data,
    )
