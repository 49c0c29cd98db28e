"""Reads transitions, views and the directory, and lets the desk take them.

The database commits first, the offset after; a repeat is harmless.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.areas.incidents import Incidents
from foothold_alerts.areas.warnings import Areas
from foothold_alerts.cases.changes import Taken
from foothold_alerts.cases.disputes import Disputes
from foothold_alerts.cases.mirror import Mirror
from foothold_alerts.cases.records import Read, decode, is_day
from foothold_alerts.cases.settling import Settling
from foothold_alerts.cases.transitions import Cases
from foothold_alerts.metrics import Metrics
from foothold_runtime.barrier import NeverSetAside, Reader
from foothold_runtime.broker import Broker
from foothold_runtime.databases import while_database_down
from foothold_runtime.kafka.bad_records import BadRecords
from foothold_runtime.kafka.group_reader import GroupReader
from foothold_runtime.kafka.quarantine import quarantined
from foothold_runtime.kafka.topic_check import check_topic
from foothold_runtime.kafka_clients import started, stop
from foothold_runtime.loops import not_cancelled
from foothold_schemas.seal import Seal
from foothold_schemas.wire.codec import Unreadable, encode
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.topics import (
    FACT_DISPUTES,
    HOUSEHOLD_DIRECTORY,
    HOUSEHOLD_VIEWS,
    QUARANTINE,
    QUARANTINE_BYTES,
    REGION_WARNINGS,
    RISK_TRANSITIONS,
    TopicCard,
)

SERVICE: Final = "alerts"
FETCH_WAIT_MS: Final = 20
YIELD_EVERY: Final = 20
"""Records decoded before others get their turn."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where what was read is kept."""

    cases: Cases
    mirror: Mirror
    areas: Areas
    incidents: Incidents
    disputes: Disputes
    settling: Settling


@dataclass(frozen=True, slots=True)
class Reading:
    """What one consumer reads, as which group, and how much at once.

    It also says for how many seconds it lets more come after it took less than that.

    `part`: what operations call it.
    """

    group_id: str
    cards: tuple[TopicCard, ...]
    at_once: int
    part: str
    gather: float = 0.0


CASES: Final = Reading("alerts", (RISK_TRANSITIONS,), 500, "cases")
MIRROR: Final = Reading(
    "alerts-mirror",
    (HOUSEHOLD_VIEWS, HOUSEHOLD_DIRECTORY, REGION_WARNINGS, FACT_DISPUTES),
    1_000,
    "mirror",
    gather=0.1,
)
"""Apart from the cases, so that a flood of views or warnings never keeps a case waiting. Nobody
waits for a view: few transactions leave the cases room."""


class Consumer:
    """One member of a group.

    The first failure at a record ends the process, the second sets the record aside (ADR 39).
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        reading: Reading,
        *,
        broker: Broker,
        partitions: int,
        engine: AsyncEngine,
        keeps: Sinks,
        metrics: Metrics,
        seal: Seal,
        limit: int,
    ) -> None:
        self.is_ready = False
        self._reading = reading
        self._broker = broker
        self._partitions = partitions
        self._engine = engine
        self._keeps = keeps
        self._metrics = metrics
        self._seal = seal
        self._bad = BadRecords(limit)
        self._measured: set[TopicPartition] = set()
        self._reader = GroupReader(
            SERVICE,
            Reader(f"{SERVICE}-{reading.part}", reading.group_id, broker, (KafkaError, OSError)),
            [card.name for card in reading.cards],
            self,
            self._bad,
            session_timeout_ms=10_000,
            max_poll_interval_ms=300_000,
            # aiokafka has one fetch under way per broker: a partition that was just read waits
            # until the fetch for the others comes back.
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._producer = AIOKafkaProducer(
            **broker.options, enable_idempotence=True, acks="all", max_request_size=QUARANTINE_BYTES
        )

    async def run(self) -> None:
        """Until cancelled, or until something goes wrong."""
        try:
            async with started(self._producer):
                # the business date waits for every partition: another number would make it wrong
                await check_topic(self._broker, RISK_TRANSITIONS, self._partitions)
                async with self._reader.joined():
                    while not_cancelled():
                        await self._turn()
        finally:
            self.is_ready = False
            await stop(self._reader.consumer)  # also one that never came to join

    async def _turn(self) -> None:
        count = await self._reader.turn(timeout_ms=200, max_records=self._reading.at_once)
        self.is_ready = bool(self._reader.consumer.assignment())
        await self._measure_lag()
        self._metrics.stopped.labels(self._reading.group_id).set(self._reader.hold_stopped())
        self._metrics.progress.labels(self._reading.part).set_to_current_time()
        if 0 < count < self._reading.at_once:
            await asyncio.sleep(self._reading.gather)

    async def take(
        self, fetched: Mapping[TopicPartition, Sequence[ConsumerRecord[bytes, bytes]]]
    ) -> dict[TopicPartition, int]:
        """Decode, then write; return how far each partition was taken.

        Past the limit of bad records a partition is taken no further.
        """
        read, taken = Read(), {}
        for source, records in fetched.items():
            for record in records:
                if self._bad.is_over(source):
                    break
                try:
                    decode(record, read)
                    self._bad.count(source, is_bad=False)
                except Unreadable as error:
                    await self._set_aside(record, error)
                    self._bad.count(source, is_bad=True)
                taken[source] = record.offset + 1
                if record.offset % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
        self._report(
            await while_database_down(
                self._engine,
                lambda: self._keep(read),
                of=f"keeping what {self._reading.part} reads",
            )
        )
        self._metrics.mirrored.inc(
            len(read.shown) + len(read.listed) + len(read.warnings) + len(read.answers)
        )
        return taken

    async def _keep(self, read: Read) -> list[Taken]:
        """Each in its own transactions; done twice, it comes to the same."""
        taken = await self._keeps.cases.take(read.outputs, datetime.now(UTC), read.traces)
        await self._keeps.mirror.keep(read.shown, read.listed)
        await self._keeps.settling.take(read.shown, datetime.now(UTC))
        await self._keeps.incidents.take(read.shown, datetime.now(UTC))
        await self._keeps.areas.take(read.warnings, datetime.now(UTC))
        await self._keeps.disputes.take(read.answers)
        return taken

    def _report(self, taken: Sequence[Taken]) -> None:
        now = datetime.now(UTC)
        for handled in taken:
            transition = handled.transition
            self._metrics.transitions.labels(transition.movement.value, handled.action).inc()
            if handled.action in ("opened", "reopened") and not transition.is_quiet:
                self._metrics.case_seconds.observe(
                    max(0.0, (now - transition.learned_at).total_seconds())
                )
            log.info(
                "alerts.transition",
                transition_id=transition.transition_id,
                household_id=transition.household_id,
                movement=transition.movement.value,
                group=transition.group,
                case_id=handled.case_id,
                outcome=handled.action,
                trace_id=handled.trace_id,
            )

    async def set_aside(self, record: ConsumerRecord[bytes, bytes], detail: str) -> None:
        """Keep a record at which the program failed.

        Raise NeverSetAside for a day, without which the business date would stand still.
        """
        if record.topic == RISK_TRANSITIONS.name and is_day(record.value):
            raise NeverSetAside
        await self._set_aside(record, Unreadable(RefusalReason.UNPROCESSABLE, detail))

    async def lose(self, source: TopicPartition, offsets: range) -> None:
        """What risk says is kept for ever.

        Should Kafka have let go of it all the same, a rebuild from the log brings it back.
        """
        log.error(
            "alerts.records_lost",
            topic=source.topic,
            partition=source.partition,
            first=offsets.start,
            count=len(offsets),
        )

    async def _set_aside(self, record: ConsumerRecord[bytes, bytes], error: Unreadable) -> None:
        aside = quarantined(SERVICE, record, error.reason, error.detail, self._seal)
        await self._producer.send_and_wait(
            QUARANTINE.name, encode(aside), key=aside.source_id.encode()
        )
        self._metrics.quarantined.labels(error.reason.value).inc()
        log.warning(
            "alerts.quarantined",
            source_id=aside.source_id,
            reason=error.reason.value,
            detail=error.detail,
        )

    async def _measure_lag(self) -> None:
        """Of every partition that is mine, also of one that waits behind the others.

        What is another's now, the other tells.
        """
        owned = {
            source
            for source in self._reader.consumer.assignment()
            if source.topic == RISK_TRANSITIONS.name
        }
        for source in self._measured - owned:
            self._metrics.lag.remove(str(source.partition))
        self._measured = owned
        for source in owned:
            highwater = self._reader.consumer.highwater(source)
            if highwater is not None:
                with contextlib.suppress(IllegalStateError):  # it was taken away meanwhile
                    self._metrics.lag.labels(str(source.partition)).set(
                        max(0, highwater - await self._reader.consumer.position(source))
                    )
