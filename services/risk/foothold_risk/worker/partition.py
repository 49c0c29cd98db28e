"""One partition of the log, owned by this worker.

It judges records in order and commits state, outputs and offset in one transaction.

Memory changes only after the commit. A record whose deciding raises ends the process once; raising
again, it is set aside and its household marked (ADR 42). Anything else that is raised ends the
process too; the successor fences this producer and restores from the changelog.
"""

import asyncio
import contextlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError

from foothold_risk.defects import Defect, is_defect
from foothold_risk.worker.broadcasts import PROGRAM_AT_FAULT, Everybody
from foothold_risk.worker.committing import Committer, Surroundings
from foothold_risk.worker.decide import Decider, Pending
from foothold_risk.worker.retry import address_of, is_marker
from foothold_risk.worker.stale_feeds import measure
from foothold_risk.worker.state import Households
from foothold_risk.worker.trials import Committed
from foothold_runtime.kafka.bad_records import BadRecords
from foothold_runtime.kafka_clients import Unanswered
from foothold_runtime.logs import place_of
from foothold_runtime.process.errors import CannotServe
from foothold_schemas.facts.envelope import BroadcastRecord, HouseholdRecord
from foothold_schemas.facts.facts import AreaStruck, DayOpened
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.retries import retried_from

BREATH_SECONDS: Final = 0.02
"""How long records are judged before heartbeats and the other partitions get their turn: one of a
large household takes as long as hundreds."""
_HOUSEHOLD: Final = re.compile(rb"[0-9a-f]{32}")

log = structlog.get_logger()


class Partition:
    """State and producer of one partition.

    `busy` is held while a transaction runs; `next_offset` is the first record not yet judged.

    `is_stopped`: too many bad records came in a row, or the program is at fault: nothing more is
    read until somebody has looked and started the worker again.
    """

    def __init__(
        self,
        source: TopicPartition,
        producer: AIOKafkaProducer,
        households: Households,
        committed: Committed,
        around: Surroundings,
    ) -> None:
        shelf, metrics = around.shelf, around.metrics
        self.source = source
        self.producer = producer
        self.households = households
        self.busy = asyncio.Lock()
        self._shelf = shelf
        self._bad = BadRecords(shelf.limit)
        self._metrics = metrics
        self._committer = Committer(source, producer, households, committed, around)
        self._decider = Decider(source, around.partitions, households, shelf)
        self._everybody = Everybody(self._committer, self._decider, households, metrics, shelf)
        self._has_begun = False
        self._alone_until = -1
        metrics.not_judged.labels(str(source.partition)).set(len(households.not_judged))
        self.measure_silence()

    @property
    def next_offset(self) -> int:
        """The first record not yet judged."""
        return self._committer.next_offset

    @property
    def is_stopped(self) -> bool:
        """Whether it reads nothing more."""
        return self._committer.is_stopped

    @property
    def is_leaving(self) -> bool:
        """Whether somebody else is about to own it."""
        return self._everybody.is_leaving

    @property
    def has_rechecks(self) -> bool:
        """Whether households are to be looked at again beside the records."""
        return self._everybody.has_rechecks

    async def recheck_on(self) -> None:
        """Look at a few of them.

        Where the writing fails and nobody knows for whom, nothing more is read.
        """
        try:
            await self._everybody.recheck_on()
        except Exception as error:  # noqa: BLE001 - what it is decides what follows
            await self._failed_for_everybody(error, self.next_offset)

    def report_progress(self) -> None:
        """The partition is at work, or has nothing to do."""
        self._committer.report_progress()

    async def leave(self) -> None:
        """The owner ends, and no record is why: that its start came to nothing does not count.

        Said once for each owner.

        Not where a transaction is in doubt: it may have been committed, and what is written here
        would take its offset back.
        """
        if (
            self._has_begun
            and self._committer.trials.attempts.begun
            and not self._committer.is_in_doubt
        ):
            self._has_begun = False
            # a broker that is away keeps nobody from leaving
            with contextlib.suppress(KafkaError, IllegalOperation, Unanswered):
                await self._committer.remember(self._committer.trials.forgiven())

    def stop_working(self) -> None:
        """What is under way ends soon, and nothing more begins."""
        self._everybody.is_leaving = True

    async def work(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """Judge records in order.

        A fact for everybody is a border: what came before is committed first.
        """
        try:
            await self._work(records)
        except Exception as error:
            if not isinstance(error, Defect) and not is_defect(error):
                await self.leave()
            raise

    async def _work(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        pending, breathed = self._decider.pending(), monotonic()
        for record in records:
            if record.offset < self.next_offset or self.is_stopped or self.is_leaving:
                continue
            await self._begin(record.offset, records[-1].offset)
            if self._is_tried_alone(record):
                await self._close(pending)
                await self._alone(record)
                pending = self._decider.pending()
            else:
                pending = await self._together(record, pending)
            if monotonic() - breathed > BREATH_SECONDS:
                await asyncio.sleep(0)
                breathed = monotonic()
        await self._close(pending)

    async def _begin(self, first: int, last: int) -> None:
        """Write down which records this owner tries first, once for each owner.

        So a death without a word leaves a trace.

        What stands before records that raised was decided before they were, so it is not suspect.
        """
        attempts = self._committer.trials.attempts
        if self._has_begun or (attempts.raised and first < attempts.first):
            return
        self._has_begun = True
        trials = self._committer.trials.beginning(first, last)
        if trials.attempts.is_one_by_one(first):
            self._alone_until = trials.attempts.last
        await self._committer.remember(trials)

    def _is_tried_alone(self, record: ConsumerRecord[bytes, bytes]) -> bool:
        """In a transaction of its own: it is suspect, or a retry, whose failure ends nothing."""
        is_suspect = self._committer.trials.attempts.is_one_by_one(record.offset)
        return (
            is_suspect or record.offset <= self._alone_until or bool(retried_from(record.headers))
        )

    async def _together(self, record: ConsumerRecord[bytes, bytes], pending: Pending) -> Pending:
        """Decide with those before it; return what the next record joins."""
        try:
            fact = self._read(record, pending)
            if isinstance(fact, HouseholdRecord):
                self._decider.decide(fact, record, pending)
        except Exception as error:  # noqa: BLE001 - what it is decides what follows
            await self._end_at(error, record.offset, record.offset)
        if not isinstance(fact, BroadcastRecord):
            pending.holds(record.offset)
            return pending
        await self._close(pending)
        await self._for_everybody(fact, record)
        return self._decider.pending()

    def _read(
        self, record: ConsumerRecord[bytes, bytes], pending: Pending
    ) -> HouseholdRecord | BroadcastRecord | None:
        if is_marker(record):
            self._decider.look_again(record, pending)
            return None
        fact = self._decider.read(record, pending)
        self._bad.count(self.source, is_bad=fact is None)
        if self._bad.is_over(self.source):
            in_a_row = self._bad.in_a_row(self.source)
            self._committer.stop(f"{in_a_row} records in a row were bad: mend their writer")
        return fact

    async def _alone(self, record: ConsumerRecord[bytes, bytes]) -> None:
        """Decide and commit one record.

        The second time it raises, or when too many starts ended at it, it is set aside.
        """
        attempts, is_retry = self._committer.trials.attempts, bool(retried_from(record.headers))
        if attempts.is_hopeless(record.offset) and record.key is not None:
            await self._give_up(record, f"{attempts.begun} starts in a row ended here")
            return
        pending = self._decider.pending()
        try:
            fact = self._read(record, pending)
            if not isinstance(fact, BroadcastRecord):
                await self._decide_and_commit(fact, record, pending)
                return
        except Exception as error:  # noqa: BLE001 - as above
            if not is_defect(error) or not (is_retry or attempts.has_raised(record.offset)):
                await self._end_at(error, record.offset, record.offset)
            await self._give_up(record, place_of(error))
            return
        await self._for_everybody(fact, record)

    async def _decide_and_commit(
        self, fact: HouseholdRecord | None, record: ConsumerRecord[bytes, bytes], pending: Pending
    ) -> None:
        if fact is not None:
            self._decider.decide(fact, record, pending)
        await self._committer.commit(pending, record.offset + 1)

    async def _give_up(self, record: ConsumerRecord[bytes, bytes], raised: str) -> None:
        """Set the record aside with its bytes, mark its household, go on behind it.

        Of a retry nobody is surprised, so it does not count.
        """
        now, trials, is_retry = (
            datetime.now(UTC),
            self._committer.trials,
            bool(retried_from(record.headers)),
        )
        if record.key is None or (not is_retry and trials.attempts.is_program_at_fault(now)):
            self._committer.stop(
                PROGRAM_AT_FAULT
                if record.key is not None
                else f"a record for everybody cannot be applied: {raised}"
            )
            return
        pending = self._decider.pending()
        detail = f"{raised}; the household is not judged until this is retried"
        self._decider.set_aside(record, RefusalReason.UNPROCESSABLE, detail, pending)
        if _HOUSEHOLD.fullmatch(record.key):
            self._decider.mark(record.key, raised, address_of(record), now, pending)
        pending.trials = trials if is_retry else trials.set_aside(now)
        await self._committer.commit(pending, record.offset + 1)

    async def _for_everybody(
        self, fact: BroadcastRecord, record: ConsumerRecord[bytes, bytes]
    ) -> None:
        try:
            while isinstance(fact.data, DayOpened | AreaStruck) and self.has_rechecks:
                await self._everybody.recheck_on()
            if not self.is_stopped:
                await self._everybody.apply(fact, record)
        except Exception as error:  # noqa: BLE001 - as above
            await self._failed_for_everybody(error, record.offset)
        if not self.is_leaving and not self.is_stopped:
            self.measure_silence()

    async def _failed_for_everybody(self, error: Exception, offset: int) -> None:
        """Stop the partition the second time a record for everybody raises.

        Nobody may be left out of a day or a policy: the second time, the partition stands still and
        says so.
        """
        if is_defect(error) and self._committer.trials.attempts.has_raised(offset):
            self._committer.stop(f"a record for everybody cannot be applied: {place_of(error)}")
            return
        await self._end_at(error, offset, offset)

    async def _end_at(self, error: Exception, first: int, last: int) -> None:
        await self._committer.end_at(
            error, self._committer.trials.raising(first, last), first=first, last=last
        )

    async def _close(self, pending: Pending) -> None:
        """Commit what was decided together.

        Where only the writing raises, nobody knows for which record: all are tried alone after the
        start.
        """
        if pending.last < self.next_offset or self.is_leaving:
            return
        try:
            await self._committer.commit(pending, pending.last + 1)
        except Exception as error:  # noqa: BLE001 - as above
            await self._end_at(error, pending.first, pending.last)

    def measure_silence(self) -> None:
        """Say which feeds are silent where its households live.

        It only informs: whatever it meets, the partition goes on.
        """
        control = self.households.control
        try:
            measure(
                self._metrics,
                control,
                self.households.policy_under(control),
                self.households.registered_by_village(),
            )
        except CannotServe:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            log.error(  # noqa: TRY400 - its message may repeat what was sent
                "risk.silence_not_measured", partition=self.source.partition, raised=place_of(error)
            )
