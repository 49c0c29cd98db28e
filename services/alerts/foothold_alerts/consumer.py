"""Reads transitions and lets the desk take them. The database commits first, the offset after; a repeat is harmless because ids are keys."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import stamina
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from sqlalchemy.exc import InterfaceError, OperationalError

from foothold_alerts.cases import Cases, Taken
from foothold_alerts.metrics import Metrics
from foothold_schemas.codec import Unreadable, decode_output, encode
from foothold_schemas.quarantine import Quarantined
from foothold_schemas.topics import QUARANTINE, RISK_TRANSITIONS
from foothold_schemas.transitions import DayDone, Transition

GROUP_ID: Final = "alerts"
BATCH: Final = 200

log = structlog.get_logger()


class Consumer:
    """One member of the group `alerts`. An error that is not the database being away ends the process."""

    def __init__(self, bootstrap: str, cases: Cases, metrics: Metrics) -> None:
        self.is_ready = False
        self._cases = cases
        self._metrics = metrics
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            RISK_TRANSITIONS.name,
            bootstrap_servers=bootstrap,
            group_id=GROUP_ID,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=10_000,
            max_poll_interval_ms=300_000,
        )
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")

    async def run(self) -> None:
        """Until cancelled, or until something goes wrong."""
        await self._producer.start()
        await self._consumer.start()
        try:
            while True:
                fetched = await self._consumer.getmany(timeout_ms=200, max_records=BATCH)
                self.is_ready = bool(self._consumer.assignment())
                if fetched:
                    await self._take([record for records in fetched.values() for record in records])
                    taken = {source: records[-1].offset + 1 for source, records in fetched.items()}
                    await self._consumer.commit(taken)
                    self._measure_lag(taken)
        finally:
            self.is_ready = False
            await self._consumer.stop()
            await self._producer.stop()

    async def _take(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        outputs: list[Transition | DayDone] = []
        for record in records:
            try:
                outputs.append(decode_output(record.value))
            except Unreadable as error:
                await self._set_aside(record, error)
        async for attempt in stamina.retry_context(on=(OperationalError, InterfaceError), attempts=None, timeout=None, wait_max=5.0):
            with attempt:
                taken = await self._cases.take(outputs, datetime.now(UTC))
        self._tell(taken)

    def _tell(self, taken: Sequence[Taken]) -> None:
        now = datetime.now(UTC)
        for one in taken:
            transition = one.transition
            self._metrics.transitions.labels(transition.movement.value, one.action).inc()
            if one.action in ("opened", "reopened"):
                self._metrics.case_seconds.observe(max(0.0, (now - transition.learned_at).total_seconds()))
            log.info(
                "alerts.transition",
                transition_id=transition.transition_id,
                household_id=transition.household_id,
                movement=transition.movement.value,
                group=transition.group,
                outcome=one.action,
            )

    async def _set_aside(self, record: ConsumerRecord[bytes, bytes], error: Unreadable) -> None:
        quarantined = Quarantined(
            service="alerts",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=error.reason,
            detail=error.detail,
            at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
            key=record.key,
            value=record.value,
        )
        await self._producer.send_and_wait(QUARANTINE.name, encode(quarantined), key=quarantined.source_id.encode())
        self._metrics.quarantined.labels(error.reason.value).inc()
        log.warning("alerts.quarantined", source_id=quarantined.source_id, reason=error.reason.value, detail=error.detail)

    def _measure_lag(self, taken: Mapping[TopicPartition, int]) -> None:
        for source, position in taken.items():
            highwater = self._consumer.highwater(source)
            if highwater is not None:
                self._metrics.lag.labels(str(source.partition)).set(max(0, highwater - position))
