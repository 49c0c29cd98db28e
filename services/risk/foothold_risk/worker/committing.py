"""One transaction of a partition: state, outputs, offset and what is remembered beside it.

Memory changes only after the commit.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from itertools import chain
from typing import NoReturn

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from foothold_risk.defects import Defect, is_defect
from foothold_risk.metrics import NO_GROUP, Metrics
from foothold_risk.rules.calendar import SHANGHAI
from foothold_risk.rules.policy import Policy
from foothold_risk.worker.decide import Pending
from foothold_risk.worker.outputs import Outputs, Written
from foothold_risk.worker.quarantine import GROUP_ID, Shelf
from foothold_risk.worker.sending import send
from foothold_risk.worker.state import Households
from foothold_risk.worker.trials import Committed, Trials
from foothold_runtime.broker import Broker
from foothold_runtime.logs import frames_of, place_of
from foothold_schemas.wire.topics import HOUSEHOLD_STATE

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The broker, the policies, the meters and the shelf a worker's partitions share.

    `partitions`: how many the log has. `on_commit`: told of each commit, of which partition.
    """

    broker: Broker
    partitions: int
    policies: Mapping[str, Policy]
    metrics: Metrics
    shelf: Shelf
    on_commit: Callable[[TopicPartition], None]


class Committer:
    """The producer of one partition.

    `next_offset` is the first record not yet judged; `trials` stands beside it.

    `is_in_doubt`: the commit of a transaction was asked for, and whether it was one is not known
    here; only a successor can read that.
    """

    def __init__(
        self,
        source: TopicPartition,
        producer: AIOKafkaProducer,
        households: Households,
        committed: Committed,
        around: Surroundings,
    ) -> None:
        self.source = source
        self.producer = producer
        self.next_offset = committed.next_offset
        self.trials = committed.trials
        self.is_stopped = False
        self.is_in_doubt = False
        self._households = households
        self._metrics = around.metrics
        self._on_commit = around.on_commit
        self.is_folding = bool(getattr(producer, "is_nowhere", False))

    async def commit(self, pending: Pending, next_offset: int | None) -> None:
        """One transaction; then, and only then, memory.

        Without a next offset the records at hand stay to be read again.
        """
        if next_offset == self.next_offset:
            return
        batch, outputs = pending.batch, pending.outputs
        if next_offset is None and not batch.changed and batch.control is None:
            return
        looks = (batch.control or self._households.control).looks
        trials = (pending.trials or self.trials).committed(
            next_offset, batch.changed, has_rechecks=bool(looks)
        )
        with self._metrics.batch_seconds.time():
            commit = batch.commit()
            async with self.producer.transaction():
                own = self.source.partition
                state = (Written(HOUSEHOLD_STATE.name, own, *record) for record in commit.records)
                waiting = await send(self.producer, chain(state, outputs.messages()))
                if next_offset is not None or trials != self.trials:
                    await self._send_offset(
                        self.next_offset if next_offset is None else next_offset, trials
                    )
                await asyncio.gather(*waiting)
                self.is_in_doubt = True
        self.trials = trials
        if next_offset is not None:
            self.next_offset = next_offset
        self.is_in_doubt = False
        self._on_commit(self.source)
        self._households.take_over(commit)
        if not self.is_folding:  # what is folded anew was logged and counted when it happened
            self._report(outputs)

    async def remember(self, trials: Trials) -> None:
        """Write down how records fared, and nothing else: the offset stays where it is."""
        async with self.producer.transaction():
            await self._send_offset(self.next_offset, trials)
            self.is_in_doubt = True
        self.is_in_doubt = False
        self.trials = trials

    async def _send_offset(self, offset: int, trials: Trials) -> None:
        await self.producer.send_offsets_to_transaction(
            {self.source: OffsetAndMetadata(offset, trials.text())}, GROUP_ID
        )

    async def end_at(self, error: Exception, trials: Trials, **where: object) -> NoReturn:
        """A first failure is written down and ends the process.

        Raise Defect, or the error itself where it is none.
        """
        if not is_defect(error):
            raise error
        raised = place_of(error)
        log.error(
            "risk.defect",
            partition=self.source.partition,
            raised=raised,
            frames=frames_of(error),
            **where,
        )
        if not self.is_in_doubt:  # else the offset written with it might be one of before
            await self.remember(trials)
        raise Defect(f"deciding raised {raised}; it is tried once more after the start") from None

    def stop(self, why: str) -> None:
        """Read nothing more, and say so; the process lives, and the other partitions go on."""
        self.is_stopped = True
        self._metrics.stopped.labels(str(self.source.partition)).set(1)
        log.error(
            "risk.reader_stopped",
            partition=self.source.partition,
            why=why,
            do="update or mend risk, then start it again",
        )

    def report_progress(self) -> None:
        """The partition is at work, or has nothing to do."""
        self._metrics.progress.labels(str(self.source.partition)).set_to_current_time()

    def _report(self, outputs: Outputs) -> None:
        partition = str(self.source.partition)
        self._metrics.stopped.labels(partition).set(self.is_stopped)
        self.report_progress()
        for transition in outputs.transitions:
            self._metrics.transitions.labels(
                transition.movement.value, transition.group.value if transition.group else NO_GROUP
            ).inc()
        for quarantined in outputs.quarantined:
            self._metrics.quarantined.labels(quarantined.reason.value).inc()
        for line in outputs.lines:
            if line["event"] == "risk.fact":
                self._metrics.facts.labels(line["kind"], line["outcome"]).inc()
            log.info(partition=self.source.partition, **line)
        self._metrics.households.labels(partition).set(self._households.registered.total())
        self._metrics.not_judged.labels(partition).set(len(self._households.not_judged))
        if (day := self._households.control.open_day) is not None:
            self._metrics.open_day.labels(partition).set(
                datetime.combine(day, time.min, SHANGHAI).timestamp()
            )
