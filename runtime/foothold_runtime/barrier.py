"""Keeps a record at which a reader's program fails from stopping a partition (ADR 39).

The first failure ends the process, the second sets the record aside.

For readers that commit offsets of a group. What is known of a failure stands beside the committed
offset, see `attempts`, and goes over to the next owner of the partition. Unavailability of Kafka or
the database says nothing about a record and counts for nothing.
"""

import asyncio
import contextlib
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalStateError, MessageSizeTooLargeError
from aiokafka.structs import OffsetAndMetadata

from foothold_runtime.attempts import HOUR, MOST_IN_AN_HOUR, Attempts
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import started
from foothold_schemas.wire.quarantine import SourceRecord

OVERTAKEN: Final = (CommitFailedError, IllegalStateError)
"""Another member of the group has taken the partition over; it reads the same records again."""
FORGIVE_SECONDS: Final = 1.0

Record: TypeAlias = ConsumerRecord[bytes, bytes]
Fetched: TypeAlias = Mapping[TopicPartition, Sequence[Record]]

log = structlog.get_logger()


class DecidingRaised(Exception):  # noqa: N818 - says what happened
    """The program failed at one of these records.

    That stands beside the offset now, and the process is to end.
    """


class NeverSetAside(Exception):  # noqa: N818 - says what holds
    """The record concerns everybody: the reader stops in front of it instead."""


class Handler(Protocol):
    """What a reader does with records."""

    async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
        """Decide and write; return the next offset of each partition.

        One that is not past the records is read from there again later.
        """

    async def set_aside(self, record: Record, detail: str) -> None:
        """Keep the record as unprocessable, with its bytes; return once it is durable.

        Raise NeverSetAside where nobody may miss it.
        """

    async def lose(self, source: TopicPartition, offsets: range) -> None:
        """Kafka has let go of these before anybody of the group had read them.

        A repeat must be harmless.
        """


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads. `away`: exceptions that say that Kafka or the database is away."""

    name: str
    group_id: str
    broker: Broker
    away: tuple[type[BaseException], ...]


class Barrier(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Stands between a consumer and its handler, and commits.

    The consumer subscribes with it as its listener; calls for different partitions may overlap.
    """

    def __init__(self, reader: Reader, consumer: AIOKafkaConsumer, handler: Handler) -> None:
        self._reader = reader
        self._consumer = consumer
        self._handler = handler
        self._known: dict[TopicPartition, Attempts] = {}
        self._next: dict[TopicPartition, int] = {}
        self._learned: set[TopicPartition] = set()
        self._taken_over: set[TopicPartition] = set()
        self._begun_at: dict[TopicPartition, int] = {}
        self._stopped: set[TopicPartition] = set()

    @property
    def stopped(self) -> frozenset[TopicPartition]:
        """Partitions read no further because the program is at fault, not the records."""
        return frozenset(self._stopped)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Whoever owns them next reads beside the offset how they fared.

        That they went in the middle of work is no record's fault.
        """
        await self._forgive(revoked)
        self._forget(revoked)

    def _forget(self, revoked: Sequence[TopicPartition]) -> None:
        self._learned.difference_update(revoked)
        self._taken_over.difference_update(revoked)
        self._stopped.difference_update(revoked)

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Their attempts are read with their first records."""
        self._forget(assigned)

    async def work(self, fetched: Fetched) -> None:
        """Let the handler take the records and commit.

        Raise DecidingRaised after its first failure, and whatever says that Kafka or the database
        is away.
        """
        waiting = {
            source: records
            for source, records in fetched.items()
            if records and source not in self._stopped
        }
        if not waiting or not await self._take_over(waiting):
            return
        try:
            for source, records in waiting.items():
                await self._count_lost(source, records[0].offset)
            await self._work(waiting)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) or self._is_away(error):
                await self._forgive(waiting)
            raise

    async def _work(self, fetched: Fetched) -> None:
        """What is suspected goes alone, the rest together."""
        rest = {}
        for source, records in fetched.items():
            alone = sum(self._known[source].is_one_by_one(record.offset) for record in records)
            for record in records[:alone]:
                if not await self._take_one(source, record):
                    break
            else:
                if records[alone:]:
                    rest[source] = records[alone:]
        if rest:
            try:
                offsets = await self._handler.take(rest)
            except Exception as error:
                if self._is_away(error):
                    raise
                await self._give_up(rest, error)
            await self._done(rest, offsets)

    async def _take_one(self, source: TopicPartition, record: Record) -> bool:
        """Whether the partition goes on after it."""
        attempts, alone = self._known[source], {source: [record]}
        if attempts.is_hopeless(record.offset):
            return await self._put_aside(
                source,
                record,
                f"the process died at this record {attempts.begun - 1} times in a row",
            )
        try:
            offsets = await self._handler.take(alone)
        except Exception as error:
            if self._is_away(error):
                raise
            if not attempts.has_raised(record.offset):
                await self._give_up(alone, error)
            self._report(alone, error)
            return await self._put_aside(
                source, record, f"the program failed at this record twice ({type(error).__name__})"
            )
        return await self._done(alone, offsets)

    def _is_away(self, error: BaseException) -> bool:
        """A record too large to be written is Kafka's word about the record."""
        return isinstance(error, self._reader.away) and not isinstance(
            error, MessageSizeTooLargeError
        )

    async def _put_aside(self, source: TopicPartition, record: Record, detail: str) -> bool:
        now = datetime.now(UTC)
        if self._is_program_at_fault(now) or not await self._hand_over(record, detail):
            self.stop(source, record.offset)
            return False
        self._known[source] = self._known[source].past(record.offset + 1).set_aside(now)
        log.error(
            "reader.set_aside",
            reader=self._reader.name,
            at=f"{record.topic}:{record.partition}:{record.offset}",
            detail=detail,
        )
        return await self._write({source: (record.offset + 1, self._known[source])})

    async def _hand_over(self, record: Record, detail: str) -> bool:
        """Whether the record is kept: whole, else its beginning.

        A death here would come back with every start, for all others as well.
        """
        for form in (_whole, _cut):
            try:
                await self._handler.set_aside(form(record), detail)
            except NeverSetAside:
                return False
            except Exception as error:
                if self._is_away(error):
                    raise
                frames = "".join(traceback.format_tb(error.__traceback__))
                log.error(  # noqa: TRY400 - its message may hold what was sent
                    "reader.not_set_aside",
                    reader=self._reader.name,
                    error=type(error).__name__,
                    traceback=frames,
                )
            else:
                return True
        return False

    def _is_program_at_fault(self, now: datetime) -> bool:
        recent = [
            moment
            for source in self._taken_over
            for moment in self._known[source].aside
            if now - moment < HOUR
        ]
        return len(recent) >= MOST_IN_AN_HOUR

    def stop(self, source: TopicPartition, offset: int) -> None:
        """Read this partition no further; the process lives, for the sake of all others."""
        self._stopped.add(source)
        with contextlib.suppress(IllegalStateError):  # it was taken away meanwhile
            self._consumer.pause(source)
        at = f"{source.topic}:{source.partition}:{offset}"
        do = (
            "the program is at fault, not the records: deploy one that can read them, and start it;"
            " nothing is lost meanwhile"
        )
        log.error(
            "reader.stopped",
            reader=self._reader.name,
            at=at,
            set_aside_in_an_hour=MOST_IN_AN_HOUR,
            do=do,
        )

    async def idle(self, sources: Collection[TopicPartition]) -> None:
        """Commit past the ends of transactions when nothing came.

        So whoever compares the offset with the topic's end sees nothing unread.
        """
        await self._learn(sources)
        moved = {}
        for source in sources:
            with contextlib.suppress(IllegalStateError):  # it was taken away meanwhile
                position: int = await self._consumer.position(source)
                if source not in self._stopped and position > self._next.get(source, position):
                    await self._count_lost(source, position)
                    self._known[source] = self._known[source].past(position)
                    moved[source] = (position, self._known[source])
        if moved:
            await self._write(moved)

    async def _learn(self, sources: Collection[TopicPartition]) -> None:
        """Of partitions that are new here: how far they were read, and how their records fared."""
        if new := [source for source in sources if source not in self._learned]:
            async with started(AIOKafkaAdminClient(**self._reader.broker.options)) as admin:
                committed = await admin.list_consumer_group_offsets(
                    self._reader.group_id, partitions=new
                )
            for source in new:
                offset = committed.get(source)
                self._known[source] = Attempts.read("" if offset is None else offset.metadata or "")
                self._next.pop(source, None)
                if offset is not None and offset.offset >= 0:
                    self._next[source] = offset.offset
            self._learned.update(new)

    async def _take_over(self, fetched: Fetched) -> bool:
        """Of partitions whose first records these are: write down that they are tried now.

        False: one is another's already.
        """
        await self._learn(fetched.keys())
        begun = {}
        for source in fetched.keys() - self._taken_over:
            first, last = fetched[source][0].offset, fetched[source][-1].offset
            await self._count_lost(source, first)
            self._known[source] = (
                self._without_mine(source, first).past(first).beginning(first, last)
            )
            self._begun_at[source] = first
            begun[source] = (first, self._known[source])
        if not await self._write(begun):
            return False
        self._taken_over.update(begun)
        return True

    def _without_mine(self, source: TopicPartition, first: int) -> Attempts:
        """A process that began there before, was overtaken, and lives: that was no death."""
        attempts = self._known[source]
        is_mine = self._begun_at.get(source) == first == attempts.first
        return (
            replace(attempts, begun=attempts.begun - 1) if is_mine and attempts.begun else attempts
        )

    async def _count_lost(self, source: TopicPartition, first: int) -> None:
        """Offsets may be missing for other reasons, such as a transaction's end.

        Those before the partition's beginning are gone.
        """
        expected, self._next[source] = self._next.get(source, first), first
        if first > expected:
            beginning: int = (await self._consumer.beginning_offsets([source]))[source]
            if lost := range(expected, min(beginning, first)):
                await self._handler.lose(source, lost)

    async def _give_up(self, fetched: Fetched, error: Exception) -> None:
        """Write down that deciding raised, then end the process.

        The message and what stands in it may hold what was sent, so neither is repeated.
        """
        failed = {}
        for source, records in fetched.items():
            self._known[source] = self._known[source].raising(records[0].offset, records[-1].offset)
            failed[source] = (records[0].offset, self._known[source])
        self._report(fetched, error)  # first: where the writing fails, this is all that is known
        await asyncio.shield(self._write(failed))
        raise DecidingRaised(
            f"{self._reader.name}: {type(error).__name__} at {', '.join(_places(fetched))}"
        ) from None

    def _report(self, fetched: Fetched, error: Exception) -> None:
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error(
            "reader.deciding_raised",
            reader=self._reader.name,
            at=_places(fetched),
            error=type(error).__name__,
            traceback=frames,
        )

    async def _forgive(self, sources: Iterable[TopicPartition]) -> None:
        """Do not count that the process ended at these records.

        The process ends, or the partitions are taken away, for another reason.
        """
        begun = {}
        for source in self._taken_over.intersection(sources):
            attempts = self._known[source]
            if attempts.begun:
                self._known[source] = replace(attempts, begun=attempts.begun - 1)
                begun[source] = (attempts.first, self._known[source])
        with contextlib.suppress(Exception):
            async with asyncio.timeout(FORGIVE_SECONDS):
                if await self._write(begun):
                    for source in begun:
                        self._begun_at.pop(source, None)

    async def _done(self, fetched: Fetched, offsets: Mapping[TopicPartition, int]) -> bool:
        """Commit how far each was taken; whether all of it was. What was not is read again."""
        written, is_whole = {}, True
        for source, records in fetched.items():
            offset = offsets.get(source, records[0].offset)
            if offset <= records[-1].offset:
                is_whole = False
                with contextlib.suppress(IllegalStateError):  # it was taken away meanwhile
                    self._consumer.seek(source, offset)
            self._known[source] = self._known[source].past(offset)
            written[source] = (offset, self._known[source])
        return await self._write(written) and is_whole

    async def _write(self, offsets: Mapping[TopicPartition, tuple[int, Attempts]]) -> bool:
        """Whether the partitions are still mine."""
        assigned = self._consumer.assignment()
        commits = {
            source: OffsetAndMetadata(offset, attempts.text())
            for source, (offset, attempts) in offsets.items()
            if source in assigned
        }
        try:
            if commits:
                await self._consumer.commit(commits)
            self._next.update({source: commit.offset for source, commit in commits.items()})
        except OVERTAKEN:
            self._learned.difference_update(offsets)
            self._taken_over.difference_update(offsets)
            log.info(
                "reader.commit_overtaken",
                reader=self._reader.name,
                partitions=[f"{s.topic}:{s.partition}" for s in commits],
            )
            return False
        return len(commits) == len(offsets)


def _whole(record: Record) -> Record:
    return record


def _cut(record: Record) -> Record:
    """The record's beginning, with a header that says that it is one."""
    kept = SourceRecord(key=record.key, value=record.value, headers=tuple(record.headers)).cut()
    return replace(record, key=kept.key, value=kept.value, headers=kept.headers)


def _places(fetched: Fetched) -> list[str]:
    return [
        f"{source.topic}:{source.partition}:{records[0].offset}-{records[-1].offset}"
        for source, records in fetched.items()
    ]
