"""The Kafka door: agencies write to their own topics, `agency.<agency>.v1`. The topic proves who speaks; key and partition do not matter.

A record is judged like a request's event. What is refused goes to quarantine, whole. An offset is committed only when every fact before
it is in the log; a record read twice gives the same fact ids, which count once.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from foothold_ingest.agencies import Agencies
from foothold_ingest.database import patiently
from foothold_ingest.days import Days
from foothold_ingest.intake import Intake, traced
from foothold_ingest.metrics import Metrics
from foothold_ingest.publish import Line, Publisher
from foothold_ingest.rules.binding import from_kafka
from foothold_ingest.rules.judgement import Accepted, Caller, Held, Judgement, Rejected
from foothold_ingest.rules.strict_json import JsonValue, NotStrict
from foothold_runtime.loops import goes_on
from foothold_schemas.broker import Broker
from foothold_schemas.codec import encode
from foothold_schemas.quarantine import Quarantined, SourceRecord
from foothold_schemas.seal import Seal
from foothold_schemas.topics import AGENCY_TOPIC, QUARANTINE
from foothold_schemas.tracing import from_headers

GROUP_ID: Final = "ingest-door"
DOOR: Final = "kafka"
LOOK_MS: Final = 3_000
BATCH: Final = 500

log = structlog.get_logger()


class KafkaDoor:
    """One member of the group. A topic in which `limit` records in a row were bad is read no further: its sender is broken, not its records."""

    def __init__(
        self, *, broker: Broker, agencies: Agencies, intake: Intake, publisher: Publisher, days: Days, metrics: Metrics, seal: Seal, limit: int
    ) -> None:
        self._agencies = agencies
        self._intake = intake
        self._publisher = publisher
        self._days = days
        self._metrics = metrics
        self._seal = seal
        self._limit = limit
        self._bad_in_a_row: dict[TopicPartition, int] = {}
        self._stopped: set[TopicPartition] = set()
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **broker.options,
            group_id=GROUP_ID,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            metadata_max_age_ms=LOOK_MS,
            session_timeout_ms=10_000,
            max_poll_interval_ms=300_000,
        )

    async def run(self) -> None:
        """For ever; a new agency's topic is found within LOOK_MS."""
        self._consumer.subscribe(pattern=f"^{AGENCY_TOPIC.pattern}$")
        try:
            await self._consumer.start()
            while goes_on():
                fetched = await self._consumer.getmany(timeout_ms=500, max_records=BATCH)
                self._hold_stopped()
                await asyncio.gather(*(self._take(source, records) for source, records in fetched.items() if source not in self._stopped))
        finally:
            await self._consumer.stop()

    def _hold_stopped(self) -> None:
        """A rebalance forgets what was paused."""
        mine = self._consumer.assignment()
        self._metrics.door_topics.set(len(mine))
        self._metrics.stopped.set(len(self._stopped & mine))
        self._consumer.pause(*(self._stopped & mine))

    async def _writer(self, agency: str) -> Caller:
        async for attempt in patiently():
            with attempt:
                return await self._agencies.writer(agency)
        raise AssertionError("patience has no end")

    async def _take(self, source: TopicPartition, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        caller = await self._writer(agency_of(source.topic))
        kept: list[Accepted | Held] = []
        aside: list[Quarantined] = []
        judged = 0
        for record, judgement in zip(records, await self._judge(records, caller), strict=True):
            judged += 1
            if not isinstance(judgement, Rejected):
                kept.append(judgement)
                self._bad_in_a_row[source] = 0
            else:
                aside.append(self._set_aside(record, judgement))
                self._bad_in_a_row[source] = self._bad_in_a_row.get(source, 0) + 1
                if self._bad_in_a_row[source] >= self._limit:
                    self._stop(source)
                    break
        async for attempt in patiently():
            with attempt:
                await self._intake.keep(kept, is_patient=True)
        await self._publisher.deliver([Line(QUARANTINE.name, q.source_id.encode(), encode(q)) for q in aside])
        await self._commit(source, records[judged - 1].offset + 1)

    async def _judge(self, records: Sequence[ConsumerRecord[bytes, bytes]], caller: Caller) -> list[Judgement]:
        read = [_event(record) for record in records]
        events = [one for one in read if not isinstance(one, Rejected)]
        async for attempt in patiently():
            with attempt:
                rest = iter(await self._intake.judge(events, caller, self._days.clock(datetime.now(UTC))))
        judged = [one if isinstance(one, Rejected) else next(rest) for one in read]
        for one, judgement in zip(read, judged, strict=True):
            self._intake.tell(DOOR, caller.agency, None if isinstance(one, Rejected) else one, judgement)
        return judged

    def _set_aside(self, record: ConsumerRecord[bytes, bytes], rejected: Rejected) -> Quarantined:
        named = ", ".join(f"{f.field}: {f.problem}" for f in rejected.fields[:5])
        return Quarantined.of(
            "ingest",
            (record.topic, record.partition, record.offset),
            record.timestamp,
            reason=rejected.reason,
            detail=f"{rejected.detail} {named}".strip(),
            record=SourceRecord(key=record.key, value=record.value, headers=tuple(record.headers)),
            seal=self._seal,
        )

    def _stop(self, source: TopicPartition) -> None:
        self._stopped.add(source)
        log.error(
            "ingest.reader_stopped",
            topic=source.topic,
            partition=source.partition,
            bad_in_a_row=self._limit,
            do="mend the sender, then start ingest again; nothing is lost meanwhile while the topic keeps it (7 days)",
        )

    async def _commit(self, source: TopicPartition, offset: int) -> None:
        """Another replica may have taken the partition over meanwhile; it then reads these records again, and they count once."""
        try:
            await self._consumer.commit({source: offset})
        except (CommitFailedError, IllegalStateError):
            log.info("ingest.commit_overtaken", topic=source.topic, partition=source.partition)


def _event(record: ConsumerRecord[bytes, bytes]) -> JsonValue | Rejected:
    try:
        return traced(from_kafka(record.headers, record.value), from_headers(record.headers))
    except NotStrict as error:
        return Rejected(error.reason, str(error))


def agency_of(topic: str) -> str:
    """The agency whose topic this is; raise ValueError for any other topic."""
    found = AGENCY_TOPIC.fullmatch(topic)
    if found is None:
        raise ValueError(f"{topic} is no agency's topic")
    return found[1]
