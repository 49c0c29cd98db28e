"""The Kafka door: agencies write to their own topics, `agency.<agency>.v1`.

The topic proves who speaks; key and partition do not matter.

A record is judged like a request's event. What is refused goes to quarantine, whole, or its
beginning where it is too large for that. An offset is committed only when every fact before it is
in the log; a record read twice gives the same fact ids, which count once. Each agency's topic is
read in a lane of its own: none waits for another's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.agencies.readers import ReaderBook
from foothold_ingest.aside import PARTS_AWAY, line_of, set_aside, unprocessable
from foothold_ingest.intake.announcing import up_to_a_turn
from foothold_ingest.intake.days import Days
from foothold_ingest.intake.intake import Intake, traced
from foothold_ingest.log.writer import Publisher
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.binding import from_kafka
from foothold_ingest.rules.judgement import Arrival, Judgement, Rejected
from foothold_ingest.rules.strict_json import JsonValue, NotStrict
from foothold_runtime import kafka_clients, unpacking
from foothold_runtime.barrier import Barrier, Fetched, Reader, Record
from foothold_runtime.broker import Broker
from foothold_runtime.databases import UNAVAILABLE, while_database_down
from foothold_runtime.kafka.bad_records import up_to_limit
from foothold_runtime.loops import not_cancelled
from foothold_schemas.seal import Seal
from foothold_schemas.wire.quarantine import Quarantined
from foothold_schemas.wire.topics import AGENCY_TOPIC
from foothold_schemas.wire.tracing import from_headers

GROUP_ID: Final = "ingest-door"
DOOR: Final = "kafka"
READER: Final = "agencies"
REFRESH_MS: Final = 3_000
TURN_SECONDS: Final = 1.0
"""So often lanes are opened for new topics, and it is asked which agencies are paused."""
BATCH: Final = 500

T = TypeVar("T")
log = structlog.get_logger()


class KafkaDoor:
    """One member of the group.

    An agency that sends bad records only is read no further, alone: its sender is broken, not its
    records.
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        broker: Broker,
        agencies: Agencies,
        intake: Intake,
        publisher: Publisher,
        days: Days,
        metrics: Metrics,
        seal: Seal,
        readers: ReaderBook,
    ) -> None:
        self._agencies = agencies
        self._intake = intake
        self._publisher = publisher
        self._days = days
        self._metrics = metrics
        self._seal = seal
        self._readers = readers
        self._paused: frozenset[str] = frozenset()
        unpacking.bound()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **broker.options,
            group_id=GROUP_ID,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            metadata_max_age_ms=REFRESH_MS,
            session_timeout_ms=10_000,
            max_poll_interval_ms=300_000,
        )
        self._barrier = Barrier(Reader(READER, GROUP_ID, broker, PARTS_AWAY), self._consumer, self)

    async def run(self) -> None:
        """Run until cancelled; a new agency's topic is found within LOOK_MS."""
        self._consumer.subscribe(pattern=f"^{AGENCY_TOPIC.pattern}$", listener=self._barrier)
        self._metrics.progress.labels("kafka").set_to_current_time()
        try:
            await kafka_clients.start(self._consumer)
            while not_cancelled():
                await self._look()
                self._open_lanes()
                await self._wait()
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)
            await kafka_clients.stop(self._consumer)

    async def _look(self) -> None:
        """A person may have resumed an agency, and another replica may have paused one."""
        assigned = self._consumer.assignment()
        self._metrics.door_topics.set(len(assigned))
        self._metrics.stopped.labels(READER).set(len(self._barrier.stopped))
        try:
            self._paused = await self._readers.paused()
        except UNAVAILABLE:
            log.warning("ingest.readers_not_asked", reason="the database is away")
            return
        self._metrics.progress.labels("kafka").set_to_current_time()

    def _open_lanes(self) -> None:
        for agency in {
            agency_of(source.topic) for source in self._consumer.assignment()
        } - self._lanes.keys():
            self._lanes[agency] = asyncio.create_task(self._lane(agency))

    async def _wait(self) -> None:
        """A lane ends when its topic goes to another replica.

        What ends it otherwise ends the door.
        """
        if not self._lanes:
            await asyncio.sleep(TURN_SECONDS)
            return
        await asyncio.wait(
            self._lanes.values(), timeout=TURN_SECONDS, return_when=asyncio.FIRST_EXCEPTION
        )
        for agency, lane in list(self._lanes.items()):
            if lane.done():
                del self._lanes[agency]
                lane.result()

    async def _lane(self, agency: str) -> None:
        while not_cancelled() and (
            owned := [
                source
                for source in self._consumer.assignment()
                if agency_of(source.topic) == agency
            ]
        ):
            readable = [source for source in owned if source not in self._barrier.stopped]
            if agency in self._paused or not readable:
                await asyncio.sleep(TURN_SECONDS)
                continue
            if fetched := await self._fetch(readable):
                await self._barrier.work(fetched)
            else:
                await self._barrier.idle(readable)

    async def _fetch(self, sources: Sequence[TopicPartition]) -> Fetched:
        """What came.

        An agency that wrote what no client can unpack is read no further, alone: nobody can tell
        how much to step over.
        """
        try:
            return dict(await self._consumer.getmany(*sources, timeout_ms=500, max_records=BATCH))
        except PARTS_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a client makes of bytes that a stranger chose
            log.error(  # noqa: TRY400 - see aside
                "ingest.batch_unreadable",
                topics=[s.topic for s in sources],
                error=type(error).__name__,
            )
            for source in sources:
                self._barrier.stop(source, await self._consumer.position(source))
            return {}

    async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
        """Facts into the log, refused records into quarantine; how far each partition was taken."""
        return {source: await self._take(source, records) for source, records in fetched.items()}

    async def _take(self, source: TopicPartition, records: Sequence[Record]) -> int:
        agency = agency_of(source.topic)
        before = await self._patiently(
            lambda: self._readers.state(agency), of="state of the reader"
        )
        if before.paused_at is not None:
            self._paused |= {agency}
            return int(records[0].offset)
        events = [_event(record) for record in records]
        events = events[: up_to_a_turn(events)]
        judged = await self._judge(agency, records[: len(events)], events)
        count, bad = up_to_limit(
            [isinstance(judgement, Rejected) for judgement in judged],
            before.bad_in_a_row,
            self._readers.limit,
        )
        await self._keep(agency, records[:count], events[:count], judged[:count])
        if bad != before.bad_in_a_row:
            await self._patiently(
                lambda: self._readers.note(agency, bad, datetime.now(UTC)),
                of="bad records in a row",
            )
        if bad >= self._readers.limit:
            self._pause(agency, bad)
        return int(records[count - 1].offset) + 1

    async def _judge(
        self, agency: str, records: Sequence[Record], read: Sequence[JsonValue | Rejected]
    ) -> list[Judgement]:
        caller = await self._patiently(lambda: self._agencies.writer(agency), of="who writes")
        events = [event for event in read if not isinstance(event, Rejected)]
        clock = self._days.clock(datetime.now(UTC))
        came = [
            Arrival(place=(record.partition, record.offset))
            for record, event in zip(records, read, strict=True)
            if not isinstance(event, Rejected)
        ]
        judged = await self._patiently(
            lambda: self._intake.judge(events, caller, clock, arrivals=came), of="judging records"
        )
        await self._intake.warn(agency, judged, clock.recorded)
        rest = iter(judged)
        return [event if isinstance(event, Rejected) else next(rest) for event in read]

    async def _keep(
        self,
        agency: str,
        records: Sequence[Record],
        events: Sequence[JsonValue | Rejected],
        judged: Sequence[Judgement],
    ) -> None:
        for event, judgement in zip(events, judged, strict=True):
            self._intake.report(
                DOOR, agency, None if isinstance(event, Rejected) else event, judgement
            )
        kept = [judgement for judgement in judged if not isinstance(judgement, Rejected)]
        aside = [
            self._refused(record, refusal)
            for record, refusal in zip(records, judged, strict=True)
            if isinstance(refusal, Rejected)
        ]
        await self._patiently(
            lambda: self._intake.keep(kept, is_patient=True), of="keeping records"
        )
        await self._publisher.deliver([line_of(quarantined) for quarantined in aside])

    def _refused(self, record: Record, rejected: Rejected) -> Quarantined:
        named = ", ".join(f"{f.field}: {f.problem}" for f in rejected.fields[:5])
        return set_aside(record, rejected.reason, f"{rejected.detail} {named}".strip(), self._seal)

    async def set_aside(self, record: Record, detail: str) -> None:
        """A record at which the program fails."""
        await self._publisher.deliver([line_of(unprocessable(record, detail, self._seal))])
        self._metrics.unprocessable.labels(READER).inc()

    async def lose(self, source: TopicPartition, offsets: range) -> None:
        """What retention took before it was read."""
        now = datetime.now(UTC)
        await self._patiently(
            lambda: self._readers.lose(agency_of(source.topic), source.partition, offsets, now),
            of="records lost",
        )

    async def _patiently(self, work: Callable[[], Awaitable[T]], *, of: str) -> T:
        return await while_database_down(self._readers.engine, work, of=of)

    def _pause(self, agency: str, bad: int) -> None:
        self._paused |= {agency}
        do = (
            f"mend the sender, then 'foothold-ingest reader resume {agency}'; what it sends"
            " meanwhile waits while the topic keeps it (7 days)"
        )
        log.error("ingest.agency_paused", agency=agency, bad_in_a_row=bad, do=do)


def _event(record: Record) -> JsonValue | Rejected:
    try:
        return traced(from_kafka(record.headers, record.value), from_headers(record.headers))
    except NotStrict as error:
        return Rejected(error.reason, str(error))


def agency_of(topic: str) -> str:
    """The agency whose topic this is; raise ValueError for any other topic."""
    match = AGENCY_TOPIC.fullmatch(topic)
    if match is None:
        raise ValueError(f"{topic} is no agency's topic")
    return match[1]
