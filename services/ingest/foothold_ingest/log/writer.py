"""Writes the log.

A fact of one household goes to its partition; a fact for everybody goes to every partition in one
transaction.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner

from foothold_ingest.metrics import Metrics
from foothold_runtime.broker import Broker
from foothold_runtime.kafka.batches import Place, send_in_batches
from foothold_runtime.kafka_clients import TransactionalProducer, Unanswered, start, stop
from foothold_runtime.process.errors import WrongPartitions
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.wire.codec import encode
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, QUARANTINE_BYTES
from foothold_schemas.wire.tracing import to_headers

_LINGER_MS: Final = 2
_BATCH_BYTES: Final = 256 * 1024
MOST_FAILED_IN_A_ROW: Final = 5
"""Broadcasts: then it is this process, or Kafka, that is broken."""
LET_GO_SECONDS: Final = 5.0
_KEYS_REMEMBERED: Final = 1 << 18

log = structlog.get_logger()


class Unknown(Exception):  # noqa: N818 - it is the outcome that is unknown
    """Kafka has not confirmed in time: the facts may be there or come yet.

    Sending the same events again is safe.
    """


class Busy(Exception):  # noqa: N818 - an answer, not a fault
    """Too many events wait for Kafka already."""


class Line(NamedTuple):
    """A record to write.

    Without a partition, the key decides; a value of None erases under its key.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


def fact_line(record: FactRecord, traceparent: str = "") -> Line:
    """A household's fact, in the partition of the household.

    Or a fact for everybody, which is broadcast.
    """
    key = None if record.household_id is None else record.household_id.encode()
    return Line(HOUSEHOLD_FACTS.name, key, encode(record), headers=to_headers(traceparent))


@lru_cache(maxsize=_KEYS_REMEMBERED)
def _hashed(key: bytes, partitions: int) -> int:
    everywhere = list(range(partitions))
    return int(DefaultPartitioner()(key, everywhere, everywhere))


def partition_of(household_id: str, partitions: int) -> int:
    """Where the log keeps a household's facts."""
    return _hashed(household_id.encode(), partitions)


class Publisher:
    """Both producers.

    An error that a producer cannot recover from sets `broken`: the process then ends and is started
    anew.
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        broker: Broker,
        instance: str,
        partitions: int,
        max_in_flight: int,
        send_seconds: float,
        metrics: Metrics,
    ) -> None:
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._partitions = partitions
        self._max_in_flight = max_in_flight
        self._send_seconds = send_seconds
        self._metrics = metrics
        self._in_flight = 0
        self._sizes: dict[str, int] = {}
        self._keyed = AIOKafkaProducer(
            **broker.options,
            enable_idempotence=True,
            acks="all",
            compression_type="zstd",
            linger_ms=_LINGER_MS,
            max_batch_size=_BATCH_BYTES,
            max_request_size=QUARANTINE_BYTES,
        )
        name = f"foothold-ingest-broadcast-{instance}"
        self._make_broadcaster: Callable[[], TransactionalProducer] = partial(
            TransactionalProducer, broker, name, transaction_timeout_ms=10_000
        )
        self._broadcaster: TransactionalProducer | None = None
        self._given_up: set[asyncio.Task[None]] = set()
        self._failed_in_a_row = 0
        self._one_broadcast = asyncio.Lock()

    async def start(self) -> None:
        """Connect, and check that the topic has the partitions this deployment was made for."""
        await start(self._keyed)
        await self._start_broadcaster()
        sizes = await self._keyed.partitions_for(HOUSEHOLD_FACTS.name)
        if len(sizes) != self._partitions:
            raise WrongPartitions.of(HOUSEHOLD_FACTS.name, len(sizes), self._partitions)

    async def stop(self) -> None:
        """Flush and close."""
        await stop(self._keyed)
        if self._broadcaster is not None:
            await stop(self._broadcaster)
        await asyncio.gather(*self._given_up, return_exceptions=True)

    async def send(self, lines: Sequence[Line]) -> None:
        """Write the lines and wait for every acknowledgement, but not for long.

        Raise Busy or Unknown.
        """
        if self._in_flight + len(lines) > self._max_in_flight:
            raise Busy
        with self._metrics.send_seconds.time():
            task = self._begin(lines)
            done, _ = await asyncio.wait({task}, timeout=self._send_seconds)
        if not done:
            raise Unknown
        if task.exception() is not None:
            raise Unknown from task.exception()

    async def deliver(self, lines: Sequence[Line]) -> None:
        """Write the lines and wait for every acknowledgement, however long Kafka takes.

        For readers that can wait where they stand.
        """
        if lines:
            await self._begin(lines)

    def _begin(self, lines: Sequence[Line]) -> asyncio.Task[None]:
        self._in_flight += len(lines)
        self._metrics.in_flight.set(self._in_flight)
        task = asyncio.create_task(self._send_all(lines))
        task.add_done_callback(lambda done: self._finished(done, len(lines)))
        return task

    async def _send_all(self, lines: Sequence[Line]) -> None:
        """In batches; lines of one partition keep their order."""
        grouped: dict[Place, list[Line]] = {}
        for line in lines:
            grouped.setdefault((line.topic, await self._partition(line)), []).append(line)
        await asyncio.gather(*await send_in_batches(self._keyed, grouped))

    async def _partition(self, line: Line) -> int:
        """Return the partition the line names, else the one its key hashes to.

        The hash is as every Kafka client computes it.
        """
        if line.partition is not None:
            return line.partition
        if line.topic not in self._sizes:
            self._sizes[line.topic] = len(await self._keyed.partitions_for(line.topic))
        return _hashed(line.key or b"", self._sizes[line.topic])

    def _finished(self, done: asyncio.Task[None], count: int) -> None:
        """The slots come free when Kafka has answered, not when the caller gave up waiting.

        A record too large for its topic says nothing of the producer.
        """
        self._in_flight -= count
        self._metrics.in_flight.set(self._in_flight)
        if (
            not done.cancelled()
            and (error := done.exception()) is not None
            and not isinstance(error, MessageSizeTooLargeError)
        ):
            self._break(error)

    def _break(self, error: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)

    async def broadcast(self, lines: Sequence[Line]) -> dict[int, int]:
        """Write each line to every partition of its topic, all in one transaction.

        Return each partition's last offset; raise Unknown.

        A producer that fails or does not end in time is given up, for another whose epoch fences
        it; several in a row end the process.
        """
        async with self._one_broadcast:
            try:
                async with asyncio.timeout(self._send_seconds):
                    producer = self._broadcaster or await self._start_broadcaster()
                    async with producer.transaction():
                        ends = await self._everywhere(producer, lines)
            except (KafkaError, Unanswered, TimeoutError) as error:
                self._give_up_broadcaster()
                self._failed_in_a_row += 1
                log.warning(
                    "ingest.broadcast_failed",
                    error=type(error).__name__,
                    in_a_row=self._failed_in_a_row,
                )
                if self._failed_in_a_row >= MOST_FAILED_IN_A_ROW:
                    self._break(error)
                raise Unknown from error
            except BaseException:
                # whoever was cancelled in the middle leaves one that can begin nothing more
                self._give_up_broadcaster()
                raise
            self._failed_in_a_row = 0
            return ends

    async def _everywhere(
        self, producer: TransactionalProducer, lines: Sequence[Line]
    ) -> dict[int, int]:
        waiting = [
            await producer.send(
                line.topic, line.value, partition=partition, headers=list(line.headers)
            )
            for line in lines
            for partition in range(self._partitions)
        ]
        return {written.partition: written.offset for written in await asyncio.gather(*waiting)}

    async def _start_broadcaster(self) -> TransactionalProducer:
        producer = self._make_broadcaster()
        try:
            await start(producer)
        except BaseException:
            await stop(producer)
            raise
        self._broadcaster = producer
        return producer

    def _give_up_broadcaster(self) -> None:
        """It lets go of its connections beside everything else.

        Its transaction, if one is open, ends with the next one's epoch.
        """
        producer, self._broadcaster = self._broadcaster, None
        if producer is not None:
            task = asyncio.create_task(_let_go(producer))
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)


async def _let_go(producer: TransactionalProducer) -> None:
    with contextlib.suppress(KafkaError, Unanswered, TimeoutError):
        async with asyncio.timeout(LET_GO_SECONDS):
            await stop(producer)
