"""The Kafka loop: owns partitions of the log and lets each of them judge its records. Crash-only: what goes wrong ends the process."""

import asyncio
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from foothold_risk.errors import WrongPartitions
from foothold_risk.metrics import Metrics
from foothold_risk.partition import GROUP_ID, Partition
from foothold_risk.restore import take_over
from foothold_risk.rules.policy import Policy
from foothold_schemas.topics import HOUSEHOLD_FACTS

POLL_MS: Final = 200
MAX_RECORDS: Final = 2_000
REVOKE_SECONDS: Final = 15.0

log = structlog.get_logger()


class Worker(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types for it
    """One member of the group. Partitions come and go; a record is judged only by the partition's owner of this moment."""

    def __init__(self, *, bootstrap: str, partitions: int, session_ms: int, stall_seconds: float, policies: Mapping[str, Policy], metrics: Metrics) -> None:
        self._bootstrap = bootstrap
        self._partitions = partitions
        self._policies = policies
        self._metrics = metrics
        self._owners: dict[TopicPartition, Partition] = {}
        self._restoring: dict[TopicPartition, asyncio.Task[None]] = {}
        self._fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchdog = Watchdog(stall_seconds)
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=GROUP_ID,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 4,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=300_000,
        )

    @property
    def is_ready(self) -> bool:
        """Whether every partition assigned is restored, and at least one assignment has come."""
        return bool(self._owners) and not self._restoring and not self._fatal.done()

    async def run(self) -> None:
        """Until cancelled, or until something goes wrong."""
        await self._consumer.start()
        loop = asyncio.create_task(self._loop())
        try:
            await asyncio.wait({loop, self._fatal}, return_when=asyncio.FIRST_COMPLETED)
            if self._fatal.done():
                self._fatal.result()
            await loop
        finally:
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
            await self._close()

    async def _check_partitions(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            found = len((await admin.describe_topics([HOUSEHOLD_FACTS.name]))[0]["partitions"])
        finally:
            await admin.close()
        if found != self._partitions:
            raise WrongPartitions(
                f"{HOUSEHOLD_FACTS.name} has {found} partitions, FOOTHOLD_PARTITIONS says {self._partitions}: "
                "a household's order hangs on that number; replay into new topics instead of growing them."
            )

    async def _loop(self) -> None:
        await self._check_partitions()
        self._consumer.subscribe([HOUSEHOLD_FACTS.name], listener=self)
        self._watchdog.start()
        while True:
            self._watchdog.feed()
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
            owners = dict(self._owners)  # taken at once: a batch belongs to who owned its partition when it was fetched
            # Side by side: a transaction is mostly waiting for the broker, and each partition has its own producer.
            await asyncio.gather(*(self._work(source, owner, records) for source, records in fetched.items() if (owner := owners.get(source)) is not None))
            self._measure_lag()

    async def _work(self, source: TopicPartition, owner: Partition, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        async with owner.busy:
            if self._owners.get(source) is owner:  # it may have been revoked while we waited
                await owner.work(records)

    def _measure_lag(self) -> None:
        for source, owner in self._owners.items():
            highwater = self._consumer.highwater(source)
            if highwater is not None:
                self._metrics.lag.labels(str(source.partition)).set(max(0, highwater - owner.next_offset))

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Start restoring, without waiting: records that come before the partition is ready are dropped, and read again after the seek."""
        for source in assigned:
            self._restoring[source] = asyncio.create_task(self._restore(source))

    async def _restore(self, source: TopicPartition) -> None:
        try:
            owner = await take_over(
                source=source, bootstrap=self._bootstrap, consumer=self._consumer, policies=self._policies, metrics=self._metrics, on_commit=self._watchdog.feed
            )
            if self._restoring.get(source) is not asyncio.current_task():
                await owner.producer.stop()
                return
            # No await between these three: the first record judged is the first one not yet committed.
            self._consumer.seek(source, owner.next_offset)
            self._owners[source] = owner
            del self._restoring[source]
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to run(), which ends the process; aiokafka would swallow it
            self._fail(error)

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Let a running transaction end, then let go; if it does not end in time, end the process instead."""
        try:
            async with asyncio.timeout(REVOKE_SECONDS):
                for source in revoked:
                    if (task := self._restoring.pop(source, None)) is not None:
                        task.cancel()
                    if (owner := self._owners.get(source)) is not None:
                        async with owner.busy:
                            del self._owners[source]
                        await owner.producer.stop()
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self._fatal.done():
            self._fatal.set_exception(error)

    async def _close(self) -> None:
        self._watchdog.stop()
        for task in self._restoring.values():
            task.cancel()
        self._restoring.clear()
        if not self._fatal.done():
            self._fatal.cancel()
            for owner in self._owners.values():
                async with owner.busy:
                    await owner.producer.stop()
        self._owners.clear()
        await self._consumer.stop()


class Watchdog:
    """Ends the process when the loop makes no progress: a partition owned by nobody who works on it is worse than a restart."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._fed = time.monotonic()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Watch from another thread, so that even a blocked loop is noticed."""
        threading.Thread(target=self._watch, daemon=True).start()

    def feed(self) -> None:
        """Progress was made."""
        self._fed = time.monotonic()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(1):
            if time.monotonic() - self._fed > self._seconds:
                log.error("risk.stalled", seconds=self._seconds)
                os._exit(70)
