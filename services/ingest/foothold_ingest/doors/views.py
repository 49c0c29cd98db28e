"""Reads risk's views of households for the pairs of statements whose senders should be asked.

A view names the whole set; anything else in it is not ours.

A view without a pair, of a household about which nobody is asked, costs a look at its bytes and
nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.aside import PARTS_AWAY, SERVICE, line_of, set_aside, unprocessable
from foothold_ingest.log.writer import Publisher
from foothold_ingest.metrics import Metrics
from foothold_ingest.statements.questions import StatementQuestionBook
from foothold_runtime.barrier import Fetched, Reader, Record
from foothold_runtime.broker import Broker
from foothold_runtime.databases import while_database_down
from foothold_runtime.kafka.bad_records import BadRecords
from foothold_runtime.kafka.group_reader import GroupReader
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

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        broker: Broker,
        engine: AsyncEngine,
        publisher: Publisher,
        book: StatementQuestionBook,
        metrics: Metrics,
        seal: Seal,
        limit: int,
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._book = book
        self._metrics = metrics
        self._seal = seal
        self._owned: frozenset[TopicPartition] | None = None
        self._bad = BadRecords(limit)
        self._reader = GroupReader(
            SERVICE,
            Reader(READER, GROUP_ID, broker, PARTS_AWAY),
            [HOUSEHOLD_VIEWS.name],
            self,
            self._bad,
            session_timeout_ms=10_000,
        )

    async def run(self) -> None:
        """Run until cancelled."""
        self._metrics.progress.labels(READER).set_to_current_time()
        async with self._reader.joined():
            while not_cancelled():
                await self._reader.turn(timeout_ms=500, max_records=BATCH)
                self._metrics.stopped.labels(READER).set(self._reader.hold_stopped())
                self._metrics.progress.labels(READER).set_to_current_time()

    async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
        """Ask about new pairs and no longer about those that are gone.

        What cannot be read is set aside, whole.
        """
        await self._learn()
        return {source: await self._take(source, records) for source, records in fetched.items()}

    async def _learn(self) -> None:
        """Another replica asked about the households of a partition that comes over."""
        owned = frozenset(self._reader.consumer.assignment())
        if owned != self._owned:
            await while_database_down(self._engine, self._book.load, of=READER)
            self._owned = owned

    async def _take(self, source: TopicPartition, records: Sequence[Record]) -> int:
        """Return the offset after the last record taken, which past the limit is not the last."""
        next_offset: int = records[0].offset
        views = dict[str, tuple[StatementDoubt, ...]]()
        lines = []
        for record in _last_of_each(records):
            if self._bad.is_over(source):
                break
            next_offset = record.offset + 1
            household_id = (record.key or b"").decode(errors="replace")
            has_doubts = _HAS_DOUBTS in (record.value or b"")
            if not has_doubts and household_id not in self._book.open_households:
                self._bad.count(source, is_bad=False)
                continue
            try:
                views[household_id] = decode_view(record.value).doubts if has_doubts else ()
                self._bad.count(source, is_bad=False)
            except Unreadable as error:
                lines.append(line_of(set_aside(record, error.reason, error.detail, self._seal)))
                self._bad.count(source, is_bad=True)
        await self._publisher.deliver(lines)
        if views:
            await while_database_down(
                self._engine, lambda: self._book.follow(views, datetime.now(UTC)), of=READER
            )
            log.info("ingest.views", households=len(views))
        return next_offset

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
    """In order; a later view of a household says all that an earlier one said."""
    return sorted({record.key: record for record in records}.values(), key=lambda r: r.offset)
