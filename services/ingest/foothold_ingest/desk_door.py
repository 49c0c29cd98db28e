"""The desk's door: what people decided and did, from `relief-facts.v1` into the log, in the order in which it stands there for each household.

The desk proves who spoke, so nothing is judged again but the form. A record read twice gives the same fact id, which counts once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from foothold_ingest.database import patiently
from foothold_ingest.disputes import DisputeBook
from foothold_ingest.metrics import Metrics
from foothold_ingest.publish import Line, Publisher, fact_line
from foothold_ingest.rules.accept import fact_id
from foothold_runtime.loops import goes_on
from foothold_schemas.broker import Broker
from foothold_schemas.codec import Unreadable, decode_said, encode
from foothold_schemas.disputes import FactDisputed
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import PeopleFact
from foothold_schemas.quarantine import Quarantined, SourceRecord
from foothold_schemas.relief import PeopleSaid
from foothold_schemas.seal import Seal
from foothold_schemas.topics import QUARANTINE, RELIEF_FACTS
from foothold_schemas.tracing import begin, from_headers, trace_id

GROUP_ID: Final = "ingest-desk"
DESK: Final = "foothold-desk"
DOOR: Final = "desk"
SOURCE: Final = "/foothold/desk"
BATCH: Final = 500
FETCH_WAIT_MS: Final = 20

log = structlog.get_logger()


class DeskDoor:
    """One member of the group."""

    def __init__(self, *, broker: Broker, publisher: Publisher, disputes: DisputeBook, metrics: Metrics, seal: Seal) -> None:
        self._publisher = publisher
        self._disputes = disputes
        self._metrics = metrics
        self._seal = seal
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            RELIEF_FACTS.name,
            **broker.options,
            group_id=GROUP_ID,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=10_000,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

    async def run(self) -> None:
        """For ever."""
        try:
            await self._consumer.start()
            while goes_on():
                for source, records in (await self._consumer.getmany(timeout_ms=500, max_records=BATCH)).items():
                    await self._take(records)
                    await self._commit(source, records[-1].offset + 1)
        finally:
            await self._consumer.stop()

    async def _take(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """Facts into the log, doubts into their book; what cannot be read is set aside, whole."""
        lines, doubts = list[Line](), list[tuple[PeopleSaid, FactDisputed]]()
        for record in records:
            try:
                said = decode_said(record.value)
            except Unreadable as error:
                lines.append(self._aside(record, error))
                continue
            self._metrics.facts.labels(said.data.kind, "accepted", DOOR).inc()
            if isinstance(said.data, FactDisputed):
                doubts.append((said, said.data))
            else:
                fact = fact_of(said, said.data, datetime.now(UTC))
                traceparent = from_headers(record.headers) or begin()
                told = {"fact_id": fact.fact_id, "household_id": fact.household_id, "kind": fact.data.kind, "trace_id": trace_id(traceparent)}
                log.info("ingest.event", door=DOOR, agency=DESK, outcome="accepted", **told)
                lines.append(fact_line(fact, traceparent))
        await self._publisher.deliver(lines)
        if doubts:
            async for attempt in patiently():
                with attempt:
                    await self._disputes.ask(doubts)

    def _aside(self, record: ConsumerRecord[bytes, bytes], error: Unreadable) -> Line:
        address = (record.topic, record.partition, record.offset)
        kept = SourceRecord(key=record.key, value=record.value, headers=tuple(record.headers))
        aside = Quarantined.of("ingest", address, record.timestamp, reason=error.reason, detail=error.detail, record=kept, seal=self._seal)
        self._metrics.facts.labels("unknown", error.reason.value, DOOR).inc()
        return Line(QUARANTINE.name, aside.source_id.encode(), encode(aside))

    async def _commit(self, source: TopicPartition, offset: int) -> None:
        try:
            await self._consumer.commit({source: offset})
        except (CommitFailedError, IllegalStateError):
            log.info("ingest.commit_overtaken", topic=source.topic, partition=source.partition)


def fact_of(said: PeopleSaid, data: PeopleFact, now: datetime) -> FactRecord:
    """As it stands in the log."""
    return FactRecord(
        fact_id=fact_id(SOURCE, said.id),
        household_id=said.household_id,
        agency=DESK,
        source=SOURCE,
        id=said.id,
        time=said.time,
        recorded_time=now,
        data=data,
    )
