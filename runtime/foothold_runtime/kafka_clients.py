"""Kafka clients begun and ended whole: a rebalance may cancel at any moment, and a client cut off half-way keeps a connection until the process ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from foothold_schemas.broker import Broker

GRACE_SECONDS: Final = 2.0

C = TypeVar("C", AIOKafkaConsumer, AIOKafkaProducer, AIOKafkaAdminClient)
Client: TypeAlias = AIOKafkaConsumer | AIOKafkaProducer | AIOKafkaAdminClient


async def start(client: Client) -> None:
    """Start it to the end even when cancelled: aiokafka leaves open the connection it is just making (aio-libs/aiokafka#715)."""
    await _whole(client.start())


async def stop(client: Client) -> None:
    """Stop it to the end even when cancelled: aiokafka calls itself stopped from the first line on, and a second call does nothing."""
    await _whole(client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())


@contextlib.asynccontextmanager
async def started(client: C) -> AsyncIterator[C]:
    """Started on the way in, stopped on the way out; also when the start fails."""
    try:
        await start(client)
        yield client
    finally:
        await stop(client)


@contextlib.asynccontextmanager
async def reading(broker: Broker) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of whole partitions: no group, nothing committed, and only what was committed by who wrote it."""
    async with started(
        AIOKafkaConsumer(**broker.options, group_id=None, isolation_level="read_committed", auto_offset_reset="earliest", enable_auto_commit=False)
    ) as reader:
        yield reader


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """The first cancelling waits for the work, up to GRACE_SECONDS: a broker that does not answer keeps nobody from ending."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
    task.result()
