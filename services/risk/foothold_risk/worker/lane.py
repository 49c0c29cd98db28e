"""Does a partition's work, apart from the polling.

Records wait in its lane and are judged in order, while the loop goes on polling Kafka.

Between records it looks at the households an incident concerns, a few at a time.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from foothold_risk.worker.partition import Partition
from foothold_runtime.kafka_clients import stop
from foothold_runtime.loops import not_cancelled

MAX_WAITING: Final = 4_000
MAX_BATCH: Final = 2_000
LINGER_SECONDS: Final = 0.03
"""After a transaction others of its kind are waited for, unless there are enough already: a
transaction costs broker and worker the same for one as for many.

What comes after a silence is judged at once. Measured at 1,000 facts a second on two cores: without
it they wait for one another, up to twice as long (ADR 3)."""
MIN_BATCH: Final = 200
ABANDON_SECONDS: Final = 3.0

log = structlog.get_logger()


class Lane:
    """One task per partition. An error in it is handed to `fail`, which ends the process."""

    def __init__(
        self,
        source: TopicPartition,
        owner: Partition,
        watchdog: "Watchdog",
        fail: Callable[[BaseException], None],
    ) -> None:
        self.owner = owner
        self._source = source
        self._watchdog = watchdog
        self._fail = fail
        self._waiting: list[ConsumerRecord[bytes, bytes]] = []
        self._has_more = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def is_full(self) -> bool:
        """Whether no more should be fetched for it now."""
        return len(self._waiting) >= MAX_WAITING or self.owner.is_stopped

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for it and nothing is under way."""
        return not self._waiting and not self.owner.busy.locked() and not self.owner.is_stopped

    def put(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """Let records wait for their turn."""
        self._waiting += records
        self._has_more.set()

    async def _run(self) -> None:
        try:
            while not_cancelled():
                await self._turn()
                if not self.owner.has_rechecks and len(self._waiting) < MIN_BATCH:
                    await asyncio.sleep(LINGER_SECONDS)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to the worker, which ends the process
            self._fail(error)

    async def _turn(self) -> None:
        """Work on what waits, one batch of it; wait for more where nothing does."""
        if not self.owner.has_rechecks:
            await self._has_more.wait()
        records, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        if not self._waiting:
            self._has_more.clear()
        self._watchdog.feed(self._source)
        async with self.owner.busy:
            if records:
                await self.owner.work(records)
            if self.owner.has_rechecks:
                await self.owner.recheck_on()
        self._watchdog.rest(self._source)
        self.owner.report_progress()

    async def close(self) -> None:
        """Let the running transaction end, judge nothing more, and let go of the producer."""
        self.owner.stop_working()
        self._waiting = []
        async with self.owner.busy:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._watchdog.rest(self._source)
        try:
            await self.owner.leave()
        finally:
            await stop(self.owner.producer)

    async def abandon(self) -> None:
        """Stop where it stands: the process is ending, and the successor fences this producer."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(Exception):  # the broker may be the very thing that went wrong
            async with asyncio.timeout(ABANDON_SECONDS):
                try:
                    await self.owner.leave()
                finally:
                    await stop(self.owner.producer)


class Watchdog:
    """A watchdog that ends the process when there is no progress.

    It watches the loop and each partition at work: a partition nobody works on is worse than a
    restart.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._fed: dict[object, float] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Watch from another thread, so that even a blocked loop is noticed."""
        threading.Thread(target=self._watch, daemon=True).start()

    def feed(self, what: object) -> None:
        """It made progress."""
        self._fed[what] = time.monotonic()

    def rest(self, what: object) -> None:
        """It has nothing to do, and none is expected of it."""
        self._fed.pop(what, None)

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(1):
            hungry = min(list(self._fed.values()), default=None)
            if hungry is not None and time.monotonic() - hungry > self._seconds:
                log.error("risk.stalled", seconds=self._seconds)
                os._exit(70)
