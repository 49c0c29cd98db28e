"""Ingest's parts built for a test, on the test's broker and database, with secrets of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from foothold_ingest.build import Built, built
from foothold_ingest.doors.kafka import KafkaDoor
from foothold_ingest.metrics import Metrics
from foothold_ingest.settings import DayClock, Settings
from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS
from tests.support.made.regions import ALWAYS, EXAMPLE_COUNTY
from tests.support.running.parts import Parts

SECRET = "t" * 32
SEAL = Seal(SECRET.encode(), Purpose.QUARANTINE)
DIRECTORY_SEAL = Seal(SECRET.encode(), Purpose.DIRECTORY)


def ingest_settings(parts: Parts, **changes: object) -> Settings:
    """Settings of a test; days are opened by hand."""
    variables: dict[str, object] = {
        "env": "development",
        "kafka_bootstrap": parts.bootstrap,
        "partitions": EMBEDDED_PARTITIONS,
        "ingest_database_url": parts.ingest_url,
        "day_clock": DayClock.MANUAL,
        "instance": "test",
        **dict.fromkeys(
            ("household_secret", "key_secret", "quarantine_secret", "directory_secret"), SECRET
        ),
    }
    return Settings.model_validate({**variables, **changes})


@asynccontextmanager
async def ingest_parts(parts: Parts, **changes: object) -> AsyncIterator[Built]:
    """Everything connected."""
    async with built(
        ingest_settings(parts, **changes), Metrics(CollectorRegistry()), "test"
    ) as ingest:
        await ingest.regions.add(EXAMPLE_COUNTY, "示例县", ALWAYS)
        yield ingest


def kafka_door(ingest: Built) -> KafkaDoor:
    """A Kafka door on these parts."""
    return KafkaDoor(
        agencies=ingest.agencies,
        broker=ingest.settings.broker,
        intake=ingest.intake,
        publisher=ingest.publisher,
        days=ingest.days,
        metrics=ingest.metrics,
        seal=ingest.seal,
        readers=ingest.readers,
    )
