"""Region windows on Faust.

One agent reads `area-signals.v1` from its start and publishes every change of a level once.

Faust brings the partitions, in order, to whichever process of the group has them; nothing rests on
its commits or tables. A fold is made anew from the log's start at each assignment, and what stands
in `region-warnings.v1` already is not said again (docs/decisions/0019).
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from time import monotonic
from typing import Any, Final, cast

import faust
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from foothold_risk.defects import Defect, is_defect
from foothold_risk.messages.region_warning import announce
from foothold_risk.metrics import NO_LEVEL, RegionMetrics
from foothold_risk.regions.faust_client import CommittedOnlyTransport, credentials
from foothold_risk.regions.survey import is_day, remembered, survey
from foothold_risk.regions.trials import SignalTrials, load, save
from foothold_risk.rules.areas.windows import Remembered, Windows
from foothold_risk.rules.calendar import SHANGHAI
from foothold_risk.rules.policy import Policy
from foothold_runtime.broker import Broker
from foothold_runtime.kafka.topic_check import check_topic
from foothold_runtime.kafka_clients import reading
from foothold_runtime.logs import frames_of, place_of
from foothold_runtime.loops import not_cancelled
from foothold_runtime.process.errors import CannotServe
from foothold_schemas.messages.areas import (
    AreaDay,
    AreaSignal,
    RegionWarning,
)
from foothold_schemas.seal import Seal
from foothold_schemas.wire.codec import Unreadable, decode_area, encode
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason, SourceRecord
from foothold_schemas.wire.topics import AREA_SIGNALS, QUARANTINE, QUARANTINE_BYTES, REGION_WARNINGS

GROUP_ID: Final = "risk-regions"
AT_ONCE: Final = 1_000
WITHIN_SECONDS: Final = 0.05
STOP_SECONDS: Final = 5.0
BEAT_SECONDS: Final = 5.0
RENEW_SECONDS: Final = 86_400.0
"""Kafka forgets an offset of a group without members a week after it was written
(`offsets.retention.minutes`)."""

log = structlog.get_logger()


class LogCut(CannotServe):
    """The first record that came is not the log's first.

    What lies before it would be missing from every count.
    """


@dataclass(slots=True)
class Fold:
    """The fold of one partition.

    It has the windows, the next offset expected, the ids that stand in the output already, the
    log's first offset, and what raised.
    """

    windows: Windows
    next_offset: int
    warning_ids: set[str]
    first: int
    trials: SignalTrials
    remembered: Remembered | None


class Regions:
    """The app, its agent and its folds.

    `fatal` is done when something went wrong: the process then ends, and a new one reads again.
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        broker: Broker,
        instance: str,
        partitions: int,
        policies: Mapping[str, Policy],
        metrics: RegionMetrics,
        seal: Seal,
    ) -> None:
        self.fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_ready = False
        self._broker = broker
        self._partitions = partitions
        self._policies = policies
        self._metrics = metrics
        self._seal = seal
        self._folds: dict[int, Fold] = {}
        self._stopped: set[int] = set()
        self._is_at_work = False
        self._memory = asyncio.Lock()
        self.app = self._make_app(instance)
        source = self.app.topic(
            AREA_SIGNALS.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            acks=False,
            allow_empty=True,
        )
        self._warnings = self.app.topic(
            REGION_WARNINGS.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        self._quarantine = self.app.topic(
            QUARANTINE.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        self.app.agent(source, concurrency=1, name=GROUP_ID)(self._run)

    def _make_app(self, instance: str) -> faust.App:
        app = faust.App(
            GROUP_ID,
            broker=";".join(f"kafka://{address}" for address in self._broker.bootstrap.split(",")),
            broker_credentials=credentials(self._broker),
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            producer_acks=-1,
            producer_max_request_size=QUARANTINE_BYTES,
            consumer_auto_offset_reset="earliest",
            consumer_group_instance_id=instance,
            broker_session_timeout=6,
            broker_heartbeat_interval=2,
            stream_recovery_delay=0,
            worker_redirect_stdouts=False,
        )
        app.transport = CommittedOnlyTransport(app.conf.broker_consumer, app)
        return app

    async def run(self) -> None:
        """Until cancelled, or until something goes wrong."""
        work = asyncio.create_task(self._start_and_watch())
        try:
            await asyncio.wait({work, self.fatal}, return_when=asyncio.FIRST_COMPLETED)
            (self.fatal if self.fatal.done() else work).result()
        finally:
            await self._stop(work)

    async def _start_and_watch(self) -> None:
        """Faust ends its own services when one of them crashes; the process must then end too."""
        for card in (AREA_SIGNALS, REGION_WARNINGS):
            await check_topic(self._broker, card, self._partitions)
        await self.app.start()
        self.is_ready = True
        async with asyncio.TaskGroup() as group:
            beat = group.create_task(self._beat())
            await self.app.wait_until_stopped()
            beat.cancel()
        raise CannotServe(f"Faust stopped: {self.app.crash_reason!r}")

    async def _beat(self) -> None:
        """Say that the windows turn, also where nothing comes.

        And once a day keep Kafka from forgetting what was set aside.
        """
        renew_at = monotonic() + RENEW_SECONDS
        while not_cancelled():
            if not self._is_at_work:
                self._metrics.progress.set_to_current_time()
            if monotonic() >= renew_at:
                # there is a week for it: it is tried again at the next beat
                with contextlib.suppress(KafkaError):
                    for partition in list(self._folds):
                        await self._remember(partition)
                    renew_at = monotonic() + RENEW_SECONDS
            await asyncio.sleep(BEAT_SECONDS)

    async def _remember(self, partition: int) -> None:
        """Write down what is known of the partition's signals.

        It is written also when it stands there already: Kafka forgets it a week after it was
        written.
        """
        async with self._memory:
            fold = self._folds[partition]
            if fold.trials != SignalTrials():
                await save(
                    self._broker,
                    TopicPartition(AREA_SIGNALS.name, partition),
                    fold.next_offset,
                    fold.trials,
                )

    async def _stop(self, work: asyncio.Task[None]) -> None:
        """Faust, told to stop, leaves a start that is under way by itself.

        One that is cancelled would leave its consumer's thread at work.
        """
        tasks = (asyncio.create_task(self.app.stop()), work)
        _, hanging = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in hanging:
            task.cancel()
        await asyncio.gather(
            *(task for task in tasks if task not in hanging), return_exceptions=True
        )

    async def _run(self, stream: faust.StreamT[Any]) -> None:
        """The agent.

        Faust would swallow an exception and go on behind the record, so none leaves here but into
        `fatal`.
        """
        try:
            async for events in cast("faust.Stream[bytes]", stream).take_events(
                AT_ONCE, within=WITHIN_SECONDS
            ):
                self._is_at_work = True
                try:
                    for event in events:
                        await self._take(event.message)
                    for partition in sorted({event.message.partition for event in events}):
                        await self._say_counts(partition)
                finally:
                    self._is_at_work = False
                self._metrics.progress.set_to_current_time()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            log.exception("risk.regions_failed")
            if not self.fatal.done():
                self.fatal.set_exception(error)
            await asyncio.Event().wait()

    async def _take(self, message: Any) -> None:  # noqa: ANN401 - Faust's message
        fold = await self._fold(message.partition, message.offset)
        fold.next_offset = message.offset + 1
        if message.partition in self._stopped or message.offset in fold.trials.aside:
            return
        try:
            record = decode_area(message.value)
            warnings = self._decide(record, fold, message.offset)
        except Unreadable as error:
            await self._set_aside(message, error)
            return
        except Exception as error:  # noqa: BLE001 - what it is decides what follows
            await self._raised(message, fold, error)
            return
        for warning in warnings:
            await (
                await self._warnings.send(
                    key=warning.county.encode(), value=encode(warning), partition=message.partition
                )
            )
            fold.warning_ids.add(warning.warning_id)
            self._metrics.warnings.labels(
                warning.county, warning.level or NO_LEVEL, warning.direction.value
            ).inc()
            log.info(
                "risk.region_warning",
                warning_id=warning.warning_id,
                households=warning.households,
                registered=warning.registered,
            )
        self._measure(message.partition, fold)

    async def _say_counts(self, partition: int) -> None:
        """Levels that stand with another count than was said last.

        What goes wrong here costs a count that is a little old, and nothing else.
        """
        fold = self._folds.get(partition)
        if fold is None or partition in self._stopped:
            return
        try:
            warnings = [
                announce(changed, fold.next_offset - 1) for changed in fold.windows.recounted()
            ]
            messages = [(warning.county.encode(), encode(warning)) for warning in warnings]
        except Exception as error:  # noqa: BLE001 - a defect here must not keep levels from being said
            log.error(  # noqa: TRY400 - never its words
                "risk.counts_failed",
                partition=partition,
                raised=place_of(error),
                frames=frames_of(error),
            )
            return
        for county, value in messages:
            await (await self._warnings.send(key=county, value=value, partition=partition))

    def _decide(
        self, record: AreaSignal | AreaDay, fold: Fold, position: int
    ) -> list[RegionWarning]:
        """What the record changes and was not said yet.

        What is written is made here: what cannot be written raises here.
        """
        if isinstance(record, AreaDay):
            for county in {village[:6] for village in record.registered}:
                self._metrics.expect_warnings(county)
        warnings = [
            announce(changed, position)
            for changed in fold.windows.take(record)
            if changed.warning_id not in fold.warning_ids
        ]
        for warning in warnings:
            encode(warning)
        return warnings

    async def _raised(self, message: Any, fold: Fold, error: Exception) -> None:  # noqa: ANN401 - Faust's message
        """The first time the process ends.

        The second time the signal is left out of the fold, now and whenever it is made anew.

        A day is never left out: without it the windows would stand still, and nobody would know
        why.
        """
        if not is_defect(error):
            raise error
        source, raised = TopicPartition(AREA_SIGNALS.name, message.partition), place_of(error)
        where = {"partition": message.partition, "offset": message.offset, "raised": raised}
        if not fold.trials.attempts.has_raised(message.offset):
            log.error("risk.defect", **where, frames=frames_of(error))
            fold.trials = fold.trials.raising(message.offset)
            await self._remember(message.partition)
            raise Defect(
                f"folding a signal raised {raised}; it is tried once more after the start"
            ) from None
        now = datetime.now(UTC)
        if fold.trials.must_stop(now) or is_day(message.value):
            self._stopped.add(message.partition)
            self._metrics.stopped.labels(str(message.partition)).set(1)
            log.error(
                "risk.reader_stopped",
                **where,
                topic=AREA_SIGNALS.name,
                do="update or mend risk, then start the region windows again",
            )
            return
        await self._set_aside(
            message,
            Unreadable(
                RefusalReason.UNPROCESSABLE,
                f"{raised}; left out of the windows until it is retried",
            ),
        )
        fold.trials = fold.trials.set_aside(message.offset, now)
        await self._remember(message.partition)
        fold.windows = await self._folded(source, fold, message.offset)

    async def _folded(self, source: TopicPartition, fold: Fold, until: int) -> Windows:
        """Make the windows anew without what was set aside.

        The signal that raised may have been half counted.
        """
        windows = self._windows(fold)
        async with reading(self._broker) as reader:
            reader.assign([source])
            reader.seek(source, fold.first)
            while await reader.position(source) < until:
                for records in (await reader.getmany(timeout_ms=200)).values():
                    for record in records:
                        if record.offset < until and record.offset not in fold.trials.aside:
                            with contextlib.suppress(Unreadable):
                                for _ in windows.take(decode_area(record.value)):
                                    pass
        return windows

    def _windows(self, fold: Fold) -> Windows:
        return Windows(self._policies, self._partitions, fold.remembered)

    async def _fold(self, partition: int, offset: int) -> Fold:
        """Return the partition's fold.

        It is the one at work, or a new one if this is the first record since the partition came
        here.
        """
        fold = self._folds.get(partition)
        if fold is not None and offset >= fold.next_offset:
            return fold
        beginning, first, warning_ids = await survey(self._broker, partition)
        if offset != first:
            raise LogCut(
                f"{AREA_SIGNALS.name}[{partition}] begins at {first}, but {offset} came first:"
                " start again, and check what moves this group's offsets"
            )
        trials = (
            await load(self._broker, TopicPartition(AREA_SIGNALS.name, partition))
        ).from_offset(beginning)
        known = None if beginning == 0 else remembered(warning_ids)
        fold = Fold(
            Windows(self._policies, self._partitions, known),
            offset,
            warning_ids,
            offset,
            trials,
            known,
        )
        self._folds[partition] = fold
        # It may have been another's meanwhile, and what stopped it is met again if it is still
        # there.
        self._stopped.discard(partition)
        self._metrics.stopped.labels(str(partition)).set(0)
        await self._remember(partition)
        log.info(
            "risk.regions_begin",
            partition=partition,
            offset=offset,
            is_whole=beginning == 0,
            warnings=len(warning_ids),
        )
        return fold

    async def _set_aside(self, message: Any, error: Unreadable) -> None:  # noqa: ANN401 - Faust's message
        """Bad records go to the quarantine.

        After a restart they are read, and set aside, again: under the same id, so it stays one.
        """
        quarantined = Quarantined.of(
            GROUP_ID,
            (message.topic, message.partition, message.offset),
            round(message.timestamp * 1000),
            reason=error.reason,
            detail=error.detail,
            record=SourceRecord(
                key=message.key, value=message.value, headers=tuple(message.headers or ())
            ),
            seal=self._seal,
        )
        await (
            await self._quarantine.send(
                key=quarantined.source_id.encode(), value=encode(quarantined)
            )
        )
        self._metrics.quarantined.labels(error.reason.value).inc()
        log.warning(
            "risk.quarantined",
            topic=message.topic,
            offset=message.offset,
            reason=error.reason.value,
            detail=error.detail,
        )

    def _measure(self, partition: int, fold: Fold) -> None:
        if (day := fold.windows.day) is not None:
            self._metrics.day.labels(str(partition)).set(
                datetime.combine(day, time.min, SHANGHAI).timestamp()
            )
        late = {
            source for running in self._folds.values() for source in running.windows.waits_for()
        }
        for source in range(self._partitions):
            self._metrics.waits_for.labels(str(source)).set(source in late)
