"""Keeps what the services set aside: reads `quarantine.v1` into the database.

The row is written before the offset is, and once.
"""

from collections.abc import Mapping
from typing import Final

import structlog
from aiokafka import TopicPartition
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.aside import PARTS_AWAY, SERVICE, unprocessable
from foothold_ingest.database import QuarantinedRecord
from foothold_ingest.metrics import Metrics
from foothold_ingest.turns import report
from foothold_runtime.barrier import Fetched, Reader, Record
from foothold_runtime.broker import Broker
from foothold_runtime.databases import StatementFails, while_database_down
from foothold_runtime.kafka.bad_records import BadRecords
from foothold_runtime.kafka.group_reader import GroupReader
from foothold_runtime.loops import not_cancelled
from foothold_schemas.seal import Seal
from foothold_schemas.wire.codec import decode_quarantined
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason, SourceRecord
from foothold_schemas.wire.topics import QUARANTINE, QUARANTINE_BYTES

GROUP_ID: Final = "ingest-quarantine"
READER: Final = "quarantine"
UNKNOWN: Final = "unknown"
"""The service of a record nobody can read."""

log = structlog.get_logger()


def _read(record: Record, seal: Seal) -> Quarantined:
    """What was set aside.

    A record of this topic that cannot be read is itself set aside, whole, rather than stopping the
    keeper.
    """
    try:
        return decode_quarantined(record.value or b"")
    except ValidationError:
        return Quarantined.of(
            UNKNOWN,
            (record.topic, record.partition, record.offset),
            record.timestamp,
            reason=RefusalReason.NOT_JSON,
            detail="a record of the quarantine topic that cannot be read",
            record=SourceRecord(key=record.key, value=record.value),
            seal=seal,
        )


class QuarantineKeeper:
    """Its own consumer group; a repeat changes nothing because the source's address is the key."""

    def __init__(
        self, broker: Broker, engine: AsyncEngine, metrics: Metrics, seal: Seal, limit: int
    ) -> None:
        self._engine = engine
        self._seal = seal
        self._metrics = metrics
        self._bad = BadRecords(limit)
        self._reader = GroupReader(
            SERVICE,
            Reader(READER, GROUP_ID, broker, PARTS_AWAY),
            [QUARANTINE.name],
            self,
            self._bad,
            max_partition_fetch_bytes=QUARANTINE_BYTES,
        )

    async def run(self) -> None:
        """Run until cancelled: batch to database, then offsets."""
        self._metrics.progress.labels(READER).set_to_current_time()
        async with self._reader.joined():
            while not_cancelled():
                await self._reader.turn(timeout_ms=1000, max_records=200)
                self._metrics.stopped.labels(READER).set(self._reader.hold_stopped())
                await self._look()

    async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
        """A row for each, as long as not all of them are strange."""
        taken = {}
        for source, records in fetched.items():
            for record in records:
                if self._bad.is_over(source):
                    break
                quarantined = _read(record, self._seal)
                self._bad.count(source, is_bad=quarantined.service == UNKNOWN)
                await self._keep(quarantined)
                taken[source] = record.offset + 1
        return taken

    async def set_aside(self, record: Record, detail: str) -> None:
        """Write the row of a record at which the keeper itself fails.

        The record stands in the topic already: its row is written here, and nothing of it but its
        bytes.
        """
        await self._keep(unprocessable(record, detail, self._seal))
        self._metrics.unprocessable.labels(READER).inc()

    async def lose(self, source: TopicPartition, offsets: range) -> None:
        """Nobody has kept the topic for its whole 90 days."""
        log.error(
            "ingest.quarantine_records_lost",
            topic=source.topic,
            partition=source.partition,
            first=offsets.start,
            last=offsets.stop - 1,
        )

    async def _look(self) -> None:
        """That nobody can count them is no reason to stop keeping them.

        It shows as standing still.
        """
        try:
            await while_database_down(self._engine, self._count, of="counting the quarantine")
        except StatementFails as error:
            report(READER, error, self._metrics)
        else:
            self._metrics.progress.labels(READER).set_to_current_time()

    async def _count(self) -> None:
        is_unprocessable = QuarantinedRecord.reason == RefusalReason.UNPROCESSABLE
        waiting = select(func.count(), func.count().filter(is_unprocessable)).where(
            QuarantinedRecord.retried_at.is_(None)
        )
        async with self._engine.connect() as connection:
            every, unprocessable_ones = (await connection.execute(waiting)).one()
        self._metrics.waiting.set(every)
        self._metrics.waiting_unprocessable.set(unprocessable_ones)

    async def _keep(self, record: Quarantined) -> None:
        if await while_database_down(
            self._engine, lambda: self._write(record), of="keeping a record set aside"
        ):
            self._metrics.quarantined.labels(record.reason.value).inc()
            log.warning(
                "ingest.quarantined",
                source_id=record.source_id,
                service=record.service,
                reason=record.reason.value,
                detail=record.detail,
            )

    async def _write(self, record: Quarantined) -> bool:
        """Whether it is new."""
        row = {
            "source_id": record.source_id,
            "service": record.service,
            "reason": record.reason.value,
            "detail": record.detail,
            "at": record.at,
            "sealed": record.sealed,
        }
        async with self._engine.begin() as connection:
            written = await connection.execute(
                insert(QuarantinedRecord)
                .values(row)
                .on_conflict_do_nothing()
                .returning(QuarantinedRecord.source_id)
            )
            return written.first() is not None
