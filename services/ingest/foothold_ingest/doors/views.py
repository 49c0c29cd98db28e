"""Reads risk's views of households for the pairs of statements whose senders should be asked.

A view names the whole set; anything else in it is not ours.

A view without a pair, of a household about which nobody is asked, costs a look at its bytes and
nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.aside import PARTS_AWAY, line_of, set_aside, unprocessable
from foothold_ingest.log.writer import Publisher
from foothold_ingest.metrics import Metrics
from foothold_ingest.statements.questions import StatementQuestionBook
from foothold_runtime import kafka_clients
from foothold_runtime.barrier import Barrier, Fetched, Reader, Record
from foothold_runtime.broker import Broker
from foothold_runtime.databases import while_database_down
from foothold_runtime.loops import not_cancelled
from foothold_schemas.messages.explanation import StatementDoubt
from foothold_schemas.seal import Seal
from foothold_schemas.wire.codec import Unreadable, decode_view
from foothold_schemas.wire.topics import HOUSEHOLD_VIEWS

GROUP_ID: Final = "ingest-views"
READER: Final = "views"
BATCH: Final = 500
_HAS_DOUBTS: Final = b'"doubts":[{'
"""As pydantic writes it; inside a text the quotes would be escaped."""

log = structlog.get_logger()


class ViewDoor:
    """One member of the group."""

    def __init__(
        self,
        *,
        broker: Broker,
        engine: AsyncEngine,
        publisher: Publisher,
        book: StatementQuestionBook,
        metrics: Metrics,
        seal: Seal,
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._book = book
        self._metrics = metrics
        self._seal = seal
        self._owned: frozenset[TopicPartition] | None = None
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **broker.options,
            group_id=GROUP_ID,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=10_000,
        )
        self._barrier = Barrier(Reader(READER, GROUP_ID, broker, PARTS_AWAY), self._consumer, self)

    async def run(self) -> None:
        """Run until cancelled."""
        self._consumer.subscribe([HOUSEHOLD_VIEWS.name], listener=self._barrier)
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
        """Ask about new pairs and no longer about those that are gone.

        What cannot be read is set aside, whole.
        """
        await self._learn()
        for records in fetched.values():
            await self._take(records)
        return {source: records[-1].offset + 1 for source, records in fetched.items()}

    async def _learn(self) -> None:
        """Another replica asked about the households of a partition that comes over."""
        owned = frozenset(self._consumer.assignment())
        if owned != self._owned:
            await while_database_down(self._engine, self._book.load, of=READER)
            self._owned = owned

    async def _take(self, records: Sequence[Record]) -> None:
        views = dict[str, tuple[StatementDoubt, ...]]()
        lines = []
        for record in _last_of_each(records):
            household_id = (record.key or b"").decode(errors="replace")
            has_doubts = _HAS_DOUBTS in (record.value or b"")
            if not has_doubts and household_id not in self._book.open_households:
                continue
            try:
                views[household_id] = decode_view(record.value).doubts if has_doubts else ()
            except Unreadable as error:
                lines.append(line_of(set_aside(record, error.reason, error.detail, self._seal)))
        await self._publisher.deliver(lines)
        if views:
            await while_database_down(
                self._engine, lambda: self._book.follow(views, datetime.now(UTC)), of=READER
            )
            log.info("ingest.views", households=len(views))

    async def set_aside(self, record: Record, detail: str) -> None:
        """A record at which the program fails."""
        await self._publisher.deliver([line_of(unprocessable(record, detail, self._seal))])
        self._metrics.unprocessable.labels(READER).inc()

    async def lose(self, source: TopicPartition, offsets: range) -> None:
        """A compacted topic loses what newer views have replaced.

        Somebody may also have deleted records.
        """
        log.warning(
            "ingest.views_lost",
            topic=source.topic,
            partition=source.partition,
            first=offsets.start,
            last=offsets.stop - 1,
        )


def _last_of_each(records: Sequence[Record]) -> Iterable[Record]:
    """A later view of a household says all that an earlier one said."""
    return {record.key: record for record in records}.values()
