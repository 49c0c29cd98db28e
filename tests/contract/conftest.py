"""Clean topics and clean databases for each test, on the session's real broker and server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from datetime import UTC, date, datetime
from functools import partial

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from argon2 import PasswordHasher
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

import foothold_alerts.migrate
import foothold_alerts.people.passwords
import foothold_alerts.tables.cases
import foothold_ingest.database
import foothold_ingest.migrate
from foothold_ingest.build import Built
from foothold_ingest.doors.http import Door, make_app
from foothold_ingest.doors.statement_questions import QuestionDoor
from foothold_ingest.doors.topics import TopicDoor
from foothold_ingest.doors.uploads import FileDoor
from foothold_ingest.settings import DayClock
from foothold_schemas.wire.topics import AGENCY_TOPIC, EMBEDDED_PARTITIONS, TOPICS
from tests.support.ingest import ingest_parts, ingest_settings
from tests.support.running.clerk import AGENCY, Clerk
from tests.support.running.parts import Parts


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id with the least it takes: the real cost, 0.2 s a log-in, is a test of its own."""
    cheap = partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(foothold_alerts.people.passwords, "PasswordHasher", cheap)


@pytest.fixture
async def broker(parts: Parts) -> str:
    """The broker's address; every topic is empty, and those of other tests' agencies are gone."""
    admin = AIOKafkaAdminClient(bootstrap_servers=parts.bootstrap)
    await admin.start()
    cards = {card.name: card for card in TOPICS}
    try:
        there = set(await admin.list_topics())
        used = await _used(admin, parts.bootstrap, there & set(cards)) | {
            topic for topic in there if AGENCY_TOPIC.fullmatch(topic)
        }
        if used:
            await admin.delete_topics(sorted(used))
        while used & set(await admin.list_topics()):
            await asyncio.sleep(0.02)
        missing = [card for name, card in cards.items() if name in used or name not in there]
        if missing:
            await admin.create_topics(
                [
                    NewTopic(card.name, EMBEDDED_PARTITIONS, 1, topic_configs=card.config)
                    for card in missing
                ]
            )
        while not set(cards) <= set(await admin.list_topics()):
            await asyncio.sleep(0.02)
    finally:
        await admin.close()
    return parts.bootstrap


async def _used(admin: AIOKafkaAdminClient, bootstrap: str, topics: Collection[str]) -> set[str]:
    """Return the topics ever written to, or with another number of partitions.

    Only those to which anything was ever written, and those with another number, are made anew.
    """
    counts = {
        topic["topic"]: len(topic["partitions"])
        for topic in await admin.describe_topics(sorted(topics))
    }
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    partitions = [
        TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)
    ]
    consumer.assign(partitions)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return {partition.topic for partition, end in ends.items() if end} | {
        topic for topic, count in counts.items() if count != EMBEDDED_PARTITIONS
    }


@contextlib.asynccontextmanager
async def emptied(
    engine: AsyncEngine, metadata: MetaData, *more: str
) -> AsyncIterator[AsyncEngine]:
    """The engine on tables without rows; `more` are a library's own."""
    tables = ", ".join([*(table.name for table in metadata.sorted_tables), *more])
    async with engine.begin() as connection:
        await connection.execute(text(f"truncate {tables} restart identity cascade"))
    try:
        yield engine
    finally:
        await engine.dispose()


@pytest.fixture(scope="session")
def migrated(parts: Parts) -> Parts:
    """Both databases brought up to date by the services' own migrations."""
    foothold_ingest.migrate.migrate(ingest_settings(parts))
    foothold_alerts.migrate.migrate_at(parts.alerts_url)
    return parts


@pytest.fixture
async def ingest_database(migrated: Parts) -> AsyncIterator[AsyncEngine]:
    """Ingest's tables, empty."""
    async with emptied(
        foothold_ingest.database.connect(migrated.ingest_url),
        foothold_ingest.database.Base.metadata,
    ) as engine:
        yield engine


@pytest.fixture
async def alerts_database(migrated: Parts) -> AsyncIterator[AsyncEngine]:
    """Alerts' tables, empty."""
    jobs = ("procrastinate_jobs", "procrastinate_workers")
    async with emptied(
        foothold_alerts.tables.cases.connect(migrated.alerts_url),
        foothold_alerts.tables.cases.Base.metadata,
        *jobs,
    ) as engine:
        yield engine


@pytest.fixture
async def ingest(parts: Parts, broker: str, ingest_database: AsyncEngine) -> AsyncIterator[Built]:  # noqa: ARG001 - emptied
    """Ingest's parts on empty topics and tables, with a day open."""
    async with ingest_parts(parts) as built:
        await built.days.open(date(2026, 1, 20), datetime.now(UTC), is_quiet=True)
        yield built


@pytest.fixture
async def clerk(ingest: Built) -> AsyncIterator[Clerk]:
    """An agency with a key of its own."""
    key = await ingest.register.add(AGENCY, is_operator=False, by="op", now=datetime.now(UTC))
    door = Door(
        agencies=ingest.agencies,
        intake=ingest.intake,
        days=ingest.days,
        metrics=ingest.metrics,
        day_clock=DayClock.MANUAL,
    )
    app = make_app(door, files := FileDoor(ingest.agencies, ingest.uploads, ingest.mappings))
    TopicDoor(files, ingest.readers).add_to(app)
    QuestionDoor(files, ingest.statement_questions, ingest.statement_asking).add_to(app)
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://door", headers=headers
    ) as client:
        yield Clerk(ingest, client)
