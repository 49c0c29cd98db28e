"""Keeps what the services set aside: reads `quarantine.v1` into the database. The row is written before the offset is, and once."""

from datetime import UTC, datetime

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import QuarantinedRecord
from foothold_ingest.metrics import Metrics
from foothold_schemas.codec import decode_quarantined
from foothold_schemas.quarantine import Quarantined, QuarantineReason
from foothold_schemas.topics import QUARANTINE

log = structlog.get_logger()


def _read(record: ConsumerRecord[bytes, bytes]) -> Quarantined:
    """What was set aside; a record of this topic that cannot be read is itself set aside, whole, rather than stopping the keeper."""
    try:
        return decode_quarantined(record.value or b"")
    except ValidationError:
        return Quarantined(
            service="unknown",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=QuarantineReason.NOT_JSON,
            detail="a record of the quarantine topic that cannot be read",
            at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
            key=record.key,
            value=record.value,
        )


class QuarantineKeeper:
    """Its own consumer group; a repeat changes nothing because the source's address is the key."""

    def __init__(self, bootstrap: str, engine: AsyncEngine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._consumer = AIOKafkaConsumer(
            QUARANTINE.name,
            bootstrap_servers=bootstrap,
            group_id="ingest-quarantine",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )

    async def run(self) -> None:
        """For ever: batch to database, then offsets."""
        await self._consumer.start()
        try:
            while True:
                batches = await self._consumer.getmany(timeout_ms=1000, max_records=200)
                for records in batches.values():
                    for record in records:
                        await self._keep(_read(record))
                if batches:
                    await self._consumer.commit()
        finally:
            await self._consumer.stop()

    async def _keep(self, record: Quarantined) -> None:
        row = {
            "source_id": record.source_id,
            "service": record.service,
            "reason": record.reason.value,
            "detail": record.detail,
            "at": record.at,
            "record_key": record.key,
            "record_value": record.value,
        }
        async with self._engine.begin() as connection:
            done = await connection.execute(insert(QuarantinedRecord).values(row).on_conflict_do_nothing().returning(QuarantinedRecord.source_id))
            is_new = done.first() is not None
        if is_new:
            self._metrics.quarantined.labels(record.reason.value).inc()
            log.warning("ingest.quarantined", source_id=record.source_id, service=record.service, reason=record.reason.value, detail=record.detail)
