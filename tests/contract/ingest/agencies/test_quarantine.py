"""What services set aside is kept in ingest's database, once.

Nothing in the topic stops the keeper.
"""

import asyncio
import importlib

import pytest
from aiokafka import AIOKafkaProducer
from alembic.migration import MigrationContext
from alembic.operations import Operations
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.metrics import Metrics
from foothold_ingest.quarantine.keeper import QuarantineKeeper
from foothold_ingest.quarantine.retry import QuarantineTable
from foothold_runtime.broker import Broker
from foothold_schemas.wire.codec import encode
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason, SourceRecord
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, QUARANTINE
from tests.support.ingest import SEAL

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(60)]


def aside(offset: int) -> Quarantined:
    return Quarantined.of(
        "risk",
        (HOUSEHOLD_FACTS.name, 3, offset),
        1_781_000_000_000,
        reason=RefusalReason.NOT_JSON,
        detail="the record is not JSON",
        record=SourceRecord(key=b"k", value=b"\x00\xff{half", headers=(("h", None),)),
        seal=SEAL,
    )


async def test_each_record_set_aside_is_kept_whole_and_once_even_beside_what_cannot_be_read(
    broker: str, ingest_database: AsyncEngine
) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=broker, enable_idempotence=True, acks="all"
    ) as producer:
        for value in (
            encode(aside(7)),
            b"not even a quarantine record",
            None,
            encode(aside(7)),
            encode(aside(8)),
        ):
            await producer.send_and_wait(QUARANTINE.name, value, key=b"same", partition=0)
    registry = CollectorRegistry()
    keeper = asyncio.create_task(
        QuarantineKeeper(Broker(broker), ingest_database, Metrics(registry), SEAL, 1_000).run()
    )
    rows: list[tuple[str, str, str]] = []
    for _ in range(200):
        async with ingest_database.connect() as connection:
            rows = [
                tuple(r)
                for r in await connection.execute(
                    text("select source_id, service, sealed from quarantine order by source_id")
                )
            ]
        if len(rows) >= 4:
            break
        await asyncio.sleep(0.05)
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)

    whole = b"\x00\xff{half"
    assert [
        (source, service, SourceRecord.model_validate_json(SEAL.open(sealed)).value)
        for source, service, sealed in rows
    ] == [
        ("household-facts.v1:3:7", "risk", whole),
        ("household-facts.v1:3:8", "risk", whole),
        ("quarantine.v1:0:1", "unknown", b"not even a quarantine record"),
        ("quarantine.v1:0:2", "unknown", None),
    ]
    assert (
        registry.get_sample_value("foothold_ingest_quarantined_total", {"reason": "not_json"}) == 4
    )
    newest, count = await QuarantineTable(ingest_database, SEAL).newest(
        reason=None, is_all=False, limit=2
    )
    assert ([row["source_id"] for row in newest], count) == (
        ["quarantine.v1:0:1", "quarantine.v1:0:2"],
        4,
    )


async def test_totals_an_earlier_version_has_set_aside_are_settled_by_the_update(
    ingest_database: AsyncEngine,
) -> None:
    earlier = "本行既无户也无人（合计、签字等），单独退回，不影响其他农户 the row names neither"
    row = text(
        "insert into quarantine (source_id, service, reason, detail, at, sealed)"
        " values (:id, 'ingest', 'invalid_field', :detail, now(), '')"
    )
    async with ingest_database.begin() as connection:
        for source_id, detail in (
            ("file.clinic.f1:0:9", earlier),
            ("file.clinic.f1:0:10", "此行单元格有误"),
            ("agency.clinic.v1:0:9", earlier),
        ):
            await connection.execute(row, {"id": source_id, "detail": detail})
    update = importlib.import_module(
        "foothold_ingest.migrations.versions.0020_totals_wait_for_nobody"
    )

    def run(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            update.upgrade()

    async with ingest_database.begin() as connection:
        await connection.run_sync(run)
        history = await connection.execute(
            text("select source_id, outcome from quarantine_history")
        )
        settled = [tuple(event) for event in history]
    waiting = await QuarantineTable(ingest_database, SEAL).rows()

    assert settled == [("file.clinic.f1:0:9", "no_data")]
    assert {row["source_id"] for row in waiting} == {"file.clinic.f1:0:10", "agency.clinic.v1:0:9"}
