"""Keeps what the services set aside: reads `quarantine.v1` into the database. The row is written before the offset is, and once."""

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import CommitFailedError
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import QuarantinedRecord, patiently
from foothold_ingest.metrics import Metrics
from foothold_runtime.loops import goes_on
from foothold_schemas.broker import Broker
from foothold_schemas.codec import decode_quarantined
from foothold_schemas.quarantine import Quarantined, RefusalReason, SourceRecord
from foothold_schemas.seal import Seal
from foothold_schemas.topics import QUARANTINE, QUARANTINE_BYTES

log = structlog.get_logger()


def _read(record: ConsumerRecord[bytes, bytes], seal: Seal) -> Quarantined:
    """What was set aside; a record of this topic that cannot be read is itself set aside, whole, rather than stopping the keeper."""
    try:
        return decode_quarantined(record.value or b"")
    except ValidationError:
        return Quarantined.of(
            "unknown",
            (record.topic, record.partition, record.offset),
            record.timestamp,
            reason=RefusalReason.NOT_JSON,
            detail="a record of the quarantine topic that cannot be read",
            record=SourceRecord(key=record.key, value=record.value),
            seal=seal,
        )


class QuarantineKeeper:
    """Its own consumer group; a repeat changes nothing because the source's address is the key."""

    def __init__(self, broker: Broker, engine: AsyncEngine, metrics: Metrics, seal: Seal) -> None:
        self._engine = engine
        self._seal = seal
        self._metrics = metrics
        self._consumer = AIOKafkaConsumer(
            QUARANTINE.name,
            **broker.options,
            group_id="ingest-quarantine",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=QUARANTINE_BYTES,
        )

    async def run(self) -> None:
        """For ever: batch to database, then offsets."""
        try:
            await self._consumer.start()
            while goes_on():
                batches = await self._consumer.getmany(timeout_ms=1000, max_records=200)
                for records in batches.values():
                    for record in records:
                        async for attempt in patiently():
                            with attempt:
                                await self._keep(_read(record, self._seal))
                if batches:
                    await self._commit()
                async for attempt in patiently():
                    with attempt:
                        await self._count()
        finally:
            await self._consumer.stop()

    async def _commit(self) -> None:
        """Another replica may have taken the partitions over meanwhile; it then reads these records again, which changes nothing."""
        try:
            await self._consumer.commit()
        except CommitFailedError:
            log.info("ingest.commit_overtaken")

    async def _count(self) -> None:
        async with self._engine.connect() as connection:
            waiting = await connection.execute(select(func.count()).select_from(QuarantinedRecord).where(QuarantinedRecord.retried_at.is_(None)))
            self._metrics.waiting.set(waiting.scalar_one())

    async def _keep(self, record: Quarantined) -> None:
        row = {
            "source_id": record.source_id,
            "service": record.service,
            "reason": record.reason.value,
            "detail": record.detail,
            "at": record.at,
            "sealed": record.sealed,
        }
        async with self._engine.begin() as connection:
            done = await connection.execute(insert(QuarantinedRecord).values(row).on_conflict_do_nothing().returning(QuarantinedRecord.source_id))
            is_new = done.first() is not None
        if is_new:
            self._metrics.quarantined.labels(record.reason.value).inc()
            log.warning("ingest.quarantined", source_id=record.source_id, service=record.service, reason=record.reason.value, detail=record.detail)
