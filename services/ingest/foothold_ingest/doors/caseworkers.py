"""The desk's door takes what people decided and did into the log.

It reads `relief-facts.v1` in the order in which it stands there for each household.

The desk proves who spoke, so nothing is judged again but the form. A record read twice gives the
same fact id, which counts once.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.aside import PARTS_AWAY, SERVICE, line_of, set_aside, unprocessable
from foothold_ingest.disputes.book import DisputeBook
from foothold_ingest.log.writer import Line, Publisher, fact_line
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.accept import fact_id
from foothold_runtime.barrier import Fetched, Reader, Record
from foothold_runtime.broker import Broker
from foothold_runtime.databases import while_database_down
from foothold_runtime.kafka.bad_records import BadRecords
from foothold_runtime.kafka.group_reader import GroupReader
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

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        broker: Broker,
        engine: AsyncEngine,
        publisher: Publisher,
        disputes: DisputeBook,
        metrics: Metrics,
        seal: Seal,
        limit: int,
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._disputes = disputes
        self._metrics = metrics
        self._seal = seal
        self._bad = BadRecords(limit)
        self._reader = GroupReader(
            SERVICE,
            Reader(READER, GROUP_ID, broker, PARTS_AWAY),
            [RELIEF_FACTS.name],
            self,
            self._bad,
            session_timeout_ms=10_000,
            fetch_max_wait_ms=FETCH_WAIT_MS,
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
        """Facts into the log, doubts into their book; what cannot be read is set aside, whole."""
        return {source: await self._take(source, records) for source, records in fetched.items()}

    async def _take(self, source: TopicPartition, records: Sequence[Record]) -> int:
        """Return the offset after the last record taken, which past the limit is not the last."""
        next_offset: int = records[0].offset
        lines, doubts = list[Line](), list[tuple[PeopleSaid, FactDisputed]]()
        for record in records:
            if self._bad.is_over(source):
                break
            next_offset = record.offset + 1
            try:
                message = decode_said(record.value)
            except Unreadable as error:
                lines.append(line_of(set_aside(record, error.reason, error.detail, self._seal)))
                self._metrics.facts.labels("unknown", error.reason.value, DOOR).inc()
                self._bad.count(source, is_bad=True)
                continue
            self._bad.count(source, is_bad=False)
            self._metrics.facts.labels(message.data.kind, "accepted", DOOR).inc()
            if isinstance(message.data, FactDisputed):
                doubts.append((message, message.data))
            else:
                lines.append(_accepted(message, message.data, record))
        await self._publisher.deliver(lines)
        if doubts:
            await while_database_down(self._engine, lambda: self._disputes.ask(doubts), of="doubts")
        return next_offset

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
