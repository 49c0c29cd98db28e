"""A member of a consumer group: its client, the barrier before its handler, and its limit.

Whoever reads topics for a group reads them by this one, so that no reader goes without the barrier
(ADR 39), without the limit of bad records, or without a client that ends whole.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer

from foothold_runtime.barrier import Barrier, Fetched, Handler, Reader
from foothold_runtime.kafka.bad_records import BadRecords
from foothold_runtime.kafka_clients import start, stop

log = structlog.get_logger()


class GroupReader:
    """Reads committed records, lets the handler take them, and commits what it took.

    `service`: who says in the log that a partition is read no further. `bad`: what the handler
    counts; a partition that is over is paused. `options`: for the client, beside what every reader
    has.
    """

    def __init__(
        self,
        service: str,
        reader: Reader,
        topics: Sequence[str],
        handler: Handler,
        bad: BadRecords,
        **options: Any,  # noqa: ANN401 - aiokafka's own
    ) -> None:
        self._service = service
        self._topics = topics
        self._bad = bad
        self.consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **reader.broker.options,
            group_id=reader.group_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            **options,
        )
        self._barrier = Barrier(reader, self.consumer, handler)

    @contextlib.asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """A member of the group from here on, and no longer on the way out."""
        try:
            await start(self.consumer)
            self.consumer.subscribe(list(self._topics), listener=self._barrier)
            yield
        finally:
            await stop(self.consumer)

    async def turn(self, *, timeout_ms: int, max_records: int) -> int:
        """Fetch once and let the handler take what came; return how many records that were."""
        fetched: Fetched = await self.consumer.getmany(
            timeout_ms=timeout_ms, max_records=max_records
        )
        await self._barrier.work(fetched)
        return sum(map(len, fetched.values()))

    def hold_stopped(self) -> int:
        """Pause what is over, since a rebalance forgets it; return how many partitions stand."""
        over = {source for source in self.consumer.assignment() if self._bad.is_over(source)}
        event = f"{self._service}.reader_stopped"
        for source in over - self.consumer.paused():
            log.error(
                event,
                topic=source.topic,
                partition=source.partition,
                bad_in_a_row=self._bad.limit,
                do=f"mend the writer, then start {self._service} again",
            )
            self.consumer.pause(source)
        return len(over | self._barrier.stopped)
