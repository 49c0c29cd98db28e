"""Kafka clients begun and ended whole, and producers that give up what they cannot finish safely.

A rebalance may cancel at any moment, and a client cut off half-way keeps a connection until the
process ends.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NodeNotReadyError
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
)

from foothold_runtime.broker import Broker

GRACE_SECONDS: Final = 2.0
ANSWER_MS: Final = 15_000
"""How long a transactional producer waits for an answer before it gives itself up; half of what a
transaction may last."""
ONCE: Final = (
    AddPartitionsToTxnRequest,
    AddOffsetsToTxnRequest,
    TxnOffsetCommitRequest,
    EndTxnRequest,
)
"""Requests that change a transaction, and carry no number by which the broker could tell a late
copy from a new one."""

log = structlog.get_logger()

C = TypeVar("C", AIOKafkaConsumer, AIOKafkaProducer, AIOKafkaAdminClient)
Client: TypeAlias = AIOKafkaConsumer | AIOKafkaProducer | AIOKafkaAdminClient


async def start(client: Client) -> None:
    """Finish starting the client even when cancelled.

    aiokafka leaves open the connection it is just making (aio-libs/aiokafka#715).
    """
    await _whole(client.start())


async def stop(client: Client) -> None:
    """Finish stopping the client even when cancelled.

    aiokafka calls itself stopped from the first line on, and a second call does nothing.
    """
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
    """Yield a reader of whole partitions.

    It has no group, commits nothing, and reads only what was committed by whoever wrote it.
    """
    async with started(
        AIOKafkaConsumer(
            **broker.options,
            group_id=None,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
    ) as reader:
        yield reader


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Wait for the work, up to GRACE_SECONDS, when cancelled for the first time.

    A broker that does not answer keeps nobody from ending.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
    task.result()


class Unanswered(Exception):  # noqa: N818 - says what happened
    """A request of a transaction went out and no answer came.

    So nobody knows whether and when the broker acts on it.
    """


class TransactionalProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka ships no types
    """A producer that sends no request of a transaction a second time in the same epoch (ADR 40).

    aiokafka repeats a request that was not answered. A copy that was only late then reaches the
    broker in the *next* transaction, which takes it for a request of that one: half a transaction
    is committed and stays visible, or offsets go back. So what was not answered ends this producer:
    every later call raises, the process ends, and the successor's InitProducerId begins an epoch in
    which the broker refuses the late copy. An answer that says "not now" is an answer, and a
    request that found no connection never went out; both are sent again.
    """

    def __init__(self, broker: Broker, transactional_id: str, **options: Any) -> None:  # noqa: ANN401 - aiokafka's own
        super().__init__(
            **broker.options,
            **{"acks": "all", "request_timeout_ms": ANSWER_MS, **options},
            transactional_id=transactional_id,
        )
        self.client.send = _once(self.client.send, transactional_id)


def _once(
    send: Callable[..., Awaitable[Any]], transactional_id: str
) -> Callable[..., Awaitable[Any]]:
    async def guarded(node_id: int, request: object, **named: object) -> object:
        try:
            return await send(node_id, request, **named)
        except NodeNotReadyError:
            raise
        except KafkaError as error:
            if not isinstance(request, ONCE):
                raise
            log.error(  # noqa: TRY400 - what was not answered says all there is to say
                "kafka.transaction_unanswered",
                request=type(request).__name__,
                transactional_id=transactional_id,
                error=type(error).__name__,
                do=(
                    "nothing: the producer is given up, and the one that follows goes on from what"
                    " is committed"
                ),
            )
            raise Unanswered(f"{type(request).__name__} of {transactional_id}") from error

    return guarded
