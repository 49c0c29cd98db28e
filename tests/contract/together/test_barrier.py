"""Tests the barrier in every reader, on a real broker.

What fails twice is set aside, a death says little, and an absent database says nothing.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.errors import MessageSizeTooLargeError

from foothold_runtime.attempts import DIED_IN_A_ROW, MOST_IN_AN_HOUR, Attempts
from foothold_runtime.barrier import Barrier, DecidingRaised, Fetched, Reader, Record
from foothold_runtime.broker import Broker
from foothold_schemas.wire.quarantine import CUT_BYTES

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


class AwayError(Exception):
    """Says that the database is away."""


class DefectError(Exception):
    """A fault of the program; its message holds what was sent."""


@dataclass
class Handled:
    """A reader's handler that fails where it is told to."""

    fails_at: Callable[[bytes], BaseException | None] = lambda _: None
    batches: list[list[bytes]] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    aside: list[bytes] = field(default_factory=list)
    lost: list[range] = field(default_factory=list)

    async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
        for records in fetched.values():
            self.batches.append([record.value for record in records])
            for record in records:
                if (error := self.fails_at(record.value)) is not None:
                    raise error
        self.taken += [record.value for records in fetched.values() for record in records]
        return {source: records[-1].offset + 1 for source, records in fetched.items()}

    async def set_aside(self, record: Record, detail: str) -> None:
        assert "sent" not in detail
        self.aside.append(record.value)

    async def lose(self, source: TopicPartition, offsets: range) -> None:  # noqa: ARG002 - of the only partition
        self.lost.append(offsets)


def fails(
    *values: bytes, error: type[BaseException] = DefectError
) -> Callable[[bytes], BaseException | None]:
    return lambda value: error(f"sent {value!r}") if value in values else None


@dataclass
class Topic:
    """A topic of one partition and a group that reads it; each `run` is a process."""

    broker: str
    name: str

    async def write(self, *values: bytes) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.broker, acks="all") as producer:
            for value in values:
                await producer.send_and_wait(self.name, value)

    async def committed(self) -> tuple[int, Attempts]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker)
        await admin.start()
        try:
            (offset,) = (await admin.list_consumer_group_offsets(self.name)).values()
        finally:
            await admin.close()
        return offset.offset, Attempts.read(offset.metadata)

    async def delete_before(self, offset: int) -> None:
        """As retention does."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker)
        await admin.start()
        try:
            await admin.delete_records(
                {TopicPartition(self.name, 0): RecordsToDelete(before_offset=offset)}
            )
        finally:
            await admin.close()

    @contextlib.asynccontextmanager
    async def running(self, handled: Handled) -> AsyncIterator[tuple[AIOKafkaConsumer, Barrier]]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker,
            group_id=self.name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        barrier = Barrier(
            Reader("test", self.name, Broker(self.broker), (AwayError,)), consumer, handled
        )
        consumer.subscribe([self.name], listener=barrier)
        await consumer.start()
        try:
            yield consumer, barrier
        finally:
            await consumer.stop()

    async def run(self, handled: Handled, until: int) -> BaseException | None:
        """Read until so many have been taken or set aside; return what ended it before."""
        async with self.running(handled) as (consumer, barrier):
            try:
                async with asyncio.timeout(20):
                    while len(handled.taken) + len(handled.aside) < until and not barrier.stopped:
                        await barrier.work(await consumer.getmany(timeout_ms=500))
            except (DecidingRaised, AwayError, KeyboardInterrupt) as error:
                return error
        return None


@pytest.fixture
async def topic(broker: str) -> Topic:
    name = f"barrier-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()
    return Topic(broker, name)


async def test_a_record_at_which_the_program_fails_twice_is_set_aside_and_all_others_are_taken(
    topic: Topic, capsys: pytest.CaptureFixture[str]
) -> None:
    await topic.write(b"a", b"bad", b"c", b"worse", b"e")
    handled = Handled(fails(b"bad", b"worse"))
    first = await topic.run(handled, 5)
    after_first = await topic.committed()
    second = await topic.run(handled, 5)

    assert isinstance(first, DecidingRaised)
    assert (after_first[0], after_first[1].raised, after_first[1].is_suspect(4)) == (0, 1, True)
    assert (second, handled.taken, handled.aside) == (None, [b"a", b"c", b"e"], [b"bad", b"worse"])
    assert (await topic.committed())[0] == 5
    assert "sent" not in str(first) + capsys.readouterr().out
    assert first.__suppress_context__


async def test_after_what_was_set_aside_batches_are_whole_again(topic: Topic) -> None:
    await topic.write(b"bad")
    handled = Handled(fails(b"bad"))
    await topic.run(handled, 1)
    async with topic.running(handled) as (consumer, barrier):
        while not handled.aside:
            await barrier.work(await consumer.getmany(timeout_ms=500))
        await topic.write(b"x", b"y", b"z")
        while len(handled.taken) < 3:
            await barrier.work(await consumer.getmany(timeout_ms=500))

    assert (await topic.committed())[1].raised == 0
    assert sum(len(batch) > 0 for batch in handled.batches) <= 5


async def test_deaths_without_a_word_set_a_record_aside_only_when_five_in_a_row_ended_at_it(
    topic: Topic,
) -> None:
    await topic.write(b"a", b"kills", b"c")
    # nobody catches it, as nobody catches a kill
    handled = Handled(fails(b"kills", error=KeyboardInterrupt))
    lives = 0
    while (await topic.run(handled, 3)) is not None:
        lives += 1
        if lives <= DIED_IN_A_ROW - 1:
            assert handled.aside == []
        assert lives < 20

    assert (handled.taken, handled.aside) == ([b"a", b"c"], [b"kills"])


async def test_four_deaths_at_a_record_set_nothing_aside(topic: Topic) -> None:
    await topic.write(b"kills", b"b")
    for _ in range(4):
        assert await topic.run(Handled(fails(b"kills", error=KeyboardInterrupt)), 2) is not None
    handled = Handled()
    assert await topic.run(handled, 2) is None

    assert (handled.taken, handled.aside) == ([b"kills", b"b"], [])
    assert (await topic.committed())[1] == Attempts()


async def test_an_absent_database_counts_for_nothing_however_often(topic: Topic) -> None:
    await topic.write(b"a", b"b")
    for _ in range(DIED_IN_A_ROW + 3):
        assert isinstance(await topic.run(Handled(fails(b"a", error=AwayError)), 2), AwayError)
    handled = Handled()
    await topic.run(handled, 2)

    assert (handled.taken, handled.aside) == ([b"a", b"b"], [])


async def test_a_reader_told_to_end_while_it_decides_leaves_no_suspicion(topic: Topic) -> None:
    await topic.write(b"a")
    for _ in range(DIED_IN_A_ROW + 3):
        hangs = asyncio.Event()

        class Slow(Handled):
            async def take(
                self, fetched: Fetched, hangs: asyncio.Event = hangs
            ) -> Mapping[TopicPartition, int]:
                hangs.set()
                await asyncio.sleep(60)
                return await super().take(fetched)

        task = asyncio.create_task(topic.run(Slow(), 1))
        async with asyncio.timeout(20):
            await hangs.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    handled = Handled()
    await topic.run(handled, 1)

    assert (handled.taken, handled.aside) == ([b"a"], [])


async def test_a_partition_that_is_taken_away_in_the_middle_of_work_leaves_no_suspicion(
    topic: Topic,
) -> None:
    """Another member joins while the first decides.

    The partition goes to whichever of the two the group chooses.
    """
    await topic.write(b"a")
    hangs, may_go_on = asyncio.Event(), asyncio.Event()

    class Slow(Handled):
        async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
            hangs.set()
            await may_go_on.wait()
            return await super().take(fetched)

    begun = []
    async with topic.running(slow := Slow()) as (consumer, barrier), asyncio.timeout(60):
        work = asyncio.create_task(barrier.work(await fetched_by(consumer)))
        await hangs.wait()
        begun.append((await topic.committed())[1].begun)
        async with topic.running(Handled()):
            while barrier._taken_over:
                await asyncio.sleep(0.05)
            begun.append((await topic.committed())[1].begun)
            may_go_on.set()
            await work

    assert (begun, slow.aside) == ([1, 0], [])


async def test_a_reader_overtaken_again_and_again_at_one_record_is_not_taken_for_one_that_died(
    topic: Topic,
) -> None:
    """Kafka takes the reader for a member of an earlier generation.

    It does the same with one that was cut off for longer than its session: its commit comes too
    late.
    """
    await topic.write(b"a")
    begun: list[int] = []

    class Overtaken(Handled):
        async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
            begun.append((await topic.committed())[1].begun)
            if len(begun) < 3:
                consumer._coordinator.generation -= 1
            return await super().take(fetched)

    async with topic.running(handled := Overtaken()) as (consumer, barrier), asyncio.timeout(90):
        while len(begun) < 3:
            await barrier.work(await consumer.getmany(timeout_ms=200))
        committed = await topic.committed()

    assert (begun, handled.aside, committed) == ([1, 1, 1], [], (1, Attempts()))


async def fetched_by(consumer: AIOKafkaConsumer) -> Fetched:
    fetched: Fetched = {}
    while not fetched:
        fetched = await consumer.getmany(timeout_ms=200)
    return fetched


async def test_more_than_twenty_in_an_hour_stop_the_partition_and_set_nothing_more_aside(
    topic: Topic,
) -> None:
    await topic.write(*[b"bad"] * (MOST_IN_AN_HOUR + 5))
    handled = Handled(fails(b"bad"))
    first = await topic.run(handled, 100)
    async with topic.running(handled) as (consumer, barrier):
        async with asyncio.timeout(20):
            while not barrier.stopped:
                await barrier.work(await consumer.getmany(timeout_ms=500))
        await topic.write(b"more")
        await barrier.work(await consumer.getmany(timeout_ms=500))
        paused = consumer.paused()
    again = await topic.run(handled, 100)

    assert isinstance(first, DecidingRaised)
    assert (len(handled.aside), len(paused), again) == (MOST_IN_AN_HOUR, 1, None)
    assert (await topic.committed())[0] == MOST_IN_AN_HOUR
    assert b"more" not in handled.taken


async def test_what_kafka_let_go_of_before_it_was_read_is_counted_and_a_gap_of_another_kind_is_not(
    topic: Topic,
) -> None:
    await topic.write(b"a", b"b", b"c", b"d")
    stops = Handled(fails(b"b", error=AwayError))
    await topic.run(stops, 1)
    handled = Handled()
    async with topic.running(handled) as (consumer, barrier):
        while not handled.taken:
            await barrier.work(await consumer.getmany(timeout_ms=500, max_records=1))
        await topic.delete_before(3)
        async with AIOKafkaProducer(
            bootstrap_servers=topic.broker, transactional_id=topic.name
        ) as producer:
            for value in (b"e", b"f"):
                async with producer.transaction():
                    await producer.send_and_wait(topic.name, value, partition=0)
        # what it had fetched before the records went is let go of
        consumer.seek(TopicPartition(topic.name, 0), 1)
        while b"f" not in handled.taken:
            await barrier.work(await consumer.getmany(timeout_ms=500, max_records=1))
    await topic.write(b"g", b"h")
    await topic.delete_before(9)
    later = Handled()
    await topic.run(later, 1)

    assert (handled.taken, handled.lost) == ([b"a", b"d", b"e", b"f"], [range(1, 3)])
    assert (later.taken, later.lost) == ([b"h"], [range(7, 9)])


async def test_what_the_handler_leaves_is_read_again(topic: Topic) -> None:
    await topic.write(b"a", b"b", b"c")

    class Halves(Handled):
        async def take(self, fetched: Fetched) -> Mapping[TopicPartition, int]:
            ((source, records),) = fetched.items()
            self.taken.append(records[0].value)
            return {source: records[0].offset + 1}

    handled = Halves()
    await topic.run(handled, 3)

    assert handled.taken == [b"a", b"b", b"c"]
    assert (await topic.committed())[0] == 3


@pytest.mark.parametrize("cannot_be_kept", ["whole", "at all"])
async def test_a_record_that_cannot_be_set_aside_is_kept_cut_or_stops_its_partition_not_the_process(
    topic: Topic, cannot_be_kept: str
) -> None:
    large = b"bad" + b"x" * 500_000
    await topic.write(large, b"after")

    class Refuses(Handled):
        async def set_aside(self, record: Record, detail: str) -> None:
            if cannot_be_kept == "at all" or len(record.value) > CUT_BYTES:
                raise MessageSizeTooLargeError
            await super().set_aside(record, detail)

    handled = Refuses(fails(large))
    first, second = await topic.run(handled, 2), await topic.run(handled, 2)

    assert (type(first), second) == (DecidingRaised, None)
    if cannot_be_kept == "whole":
        assert (
            large.startswith(handled.aside[0]),
            handled.taken,
            (await topic.committed())[0],
        ) == (True, [b"after"], 2)
    else:
        assert (handled.aside, handled.taken, (await topic.committed())[0]) == ([], [], 0)
