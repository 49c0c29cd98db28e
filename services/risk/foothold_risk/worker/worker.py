"""The Kafka loop: owns partitions of the log and lets each of them judge its records.

Crash-only: what goes wrong ends the process.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from foothold_risk.metrics import Metrics
from foothold_risk.rules.policy import Policy
from foothold_risk.worker.committing import Surroundings
from foothold_risk.worker.lane import ABANDON_SECONDS, Lane, Watchdog
from foothold_risk.worker.quarantine import GROUP_ID, Shelf
from foothold_risk.worker.restore import take_over
from foothold_runtime.broker import Broker
from foothold_runtime.kafka.topic_check import check_topic
from foothold_runtime.kafka_clients import start, stop
from foothold_runtime.loops import not_cancelled
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS

POLL_MS: Final = 200
FETCH_WAIT_MS: Final = 20
LOOP: Final = "loop"
MAX_RECORDS: Final = 2_000
REVOKE_SECONDS: Final = 15.0

log = structlog.get_logger()


class Worker(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types for it
    """One member of the group.

    Partitions come and go; a record is judged only by the partition's owner of this moment.
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        broker: Broker,
        partitions: int,
        session_ms: int,
        stall_seconds: float,
        policies: Mapping[str, Policy],
        metrics: Metrics,
        shelf: Shelf,
    ) -> None:
        self._metrics = metrics
        self._lanes: dict[TopicPartition, Lane] = {}
        self._restoring: dict[TopicPartition, asyncio.Task[None]] = {}
        self._is_closing = False
        self._fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchdog = Watchdog(stall_seconds)
        self._around = Surroundings(
            broker, partitions, policies, metrics, shelf, self._watchdog.feed
        )
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **broker.options,
            group_id=GROUP_ID,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 4,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=300_000,
            # aiokafka has one fetch under way per broker: a partition that was just read waits
            # until the fetch for the others comes back.
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

    @property
    def is_ready(self) -> bool:
        """Whether every partition assigned is restored, and at least one assignment has come."""
        return bool(self._lanes) and not self._restoring and not self._fatal.done()

    async def run(self) -> None:
        """Until cancelled, or until something goes wrong."""
        loop = asyncio.create_task(self._loop())
        try:
            await asyncio.wait({loop, self._fatal}, return_when=asyncio.FIRST_COMPLETED)
            if self._fatal.done():
                self._fatal.result()
            await loop
        finally:
            self._is_closing = True
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
            await self._close()

    async def _loop(self) -> None:
        await check_topic(self._around.broker, HOUSEHOLD_FACTS, self._around.partitions)
        await start(self._consumer)
        self._consumer.subscribe([HOUSEHOLD_FACTS.name], listener=self)
        self._watchdog.start()
        while not_cancelled():
            self._watchdog.feed(LOOP)
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
            for source, records in fetched.items():
                # else it is still being restored, and these come again after the seek
                if (lane := self._lanes.get(source)) is not None:
                    lane.put(records)
            self._hold_full()
            self._measure_lag()
            for lane in self._lanes.values():
                if lane.is_idle:
                    lane.owner.report_progress()

    def _hold_full(self) -> None:
        """Polling goes on while a partition works through a long day.

        What it cannot take yet stays at the broker.
        """
        full = {source for source, lane in self._lanes.items() if lane.is_full}
        self._consumer.pause(*(full - self._consumer.paused()))
        self._consumer.resume(*(self._consumer.paused() - full))

    def _measure_lag(self) -> None:
        for source, lane in self._lanes.items():
            highwater = self._consumer.highwater(source)
            if highwater is not None:
                self._metrics.lag.labels(str(source.partition)).set(
                    max(0, highwater - lane.owner.next_offset)
                )

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Start restoring, without waiting.

        Records that come before the partition is ready are dropped, and read again after the seek.
        """
        if self._is_closing:
            return
        for source in assigned:
            self._restoring[source] = asyncio.create_task(self._restore(source))

    async def _restore(self, source: TopicPartition) -> None:
        try:
            owner = await take_over(source, self._around)
            if self._restoring.get(source) is not asyncio.current_task():
                await stop(owner.producer)
                return
            # No await between these three: the first record judged is the first one not yet
            # committed.
            self._consumer.seek(source, owner.next_offset)
            self._lanes[source] = Lane(source, owner, self._watchdog, self._fail)
            del self._restoring[source]
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to run(), which ends the process; aiokafka would swallow it
            self._fail(error)

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Let a running transaction end, then let go.

        If it does not end in time, end the process instead.
        """
        try:
            async with asyncio.timeout(REVOKE_SECONDS):
                await self._give_up_restoring(revoked)
                for source in revoked:
                    if (lane := self._lanes.pop(source, None)) is not None:
                        await lane.close()
                self._forget(revoked)
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)

    def _forget(self, revoked: Iterable[TopicPartition]) -> None:
        """Forget the revoked partitions; those that are left here report the silent feeds.

        Feeds are reported by county, whatever the partition.
        """
        for source in revoked:
            self._metrics.forget(source.partition)
        self._metrics.stale_feeds.clear()
        for lane in self._lanes.values():
            lane.owner.measure_silence()

    async def _give_up_restoring(self, sources: Iterable[TopicPartition]) -> None:
        """Give up restoring, and wait until each has let go of its producer, but not for long.

        What hangs is left to the successor, which fences it.
        """
        tasks = [
            task for source in sources if (task := self._restoring.pop(source, None)) is not None
        ]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=ABANDON_SECONDS)

    def _fail(self, error: BaseException) -> None:
        if not self._fatal.done():
            self._fatal.set_exception(error)

    async def _close(self) -> None:
        self._watchdog.stop()
        await self._give_up_restoring(list(self._restoring))
        if not self._fatal.done():
            self._fatal.cancel()
            for lane in list(self._lanes.values()):
                await lane.close()
        await asyncio.gather(*(lane.abandon() for lane in self._lanes.values()))
        self._lanes.clear()
        await stop(self._consumer)
