"""A worker asked to stop at any moment lets go of everything it held.

That is producers, consumers and connections.
"""

import asyncio
import contextlib
import gc

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.conn import AIOKafkaConnection

from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import reading, stop
from tests.support.made.build import income, registered
from tests.support.risk import ADOPTED, OPENED, worker, working, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

MOMENTS = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7)


def connections() -> set[AIOKafkaConnection]:
    """Those that are open; what nobody refers to is collected first, and warns."""
    gc.collect()
    return {
        connection
        for connection in gc.get_objects()
        if isinstance(connection, AIOKafkaConnection) and connection.connected()
    }


async def test_a_worker_stopped_while_it_restores_or_another_leaves_lets_go_of_all_connections(
    broker: str,
) -> None:
    await write(broker, registered(), income("7500"), ADOPTED, OPENED)
    before = connections()

    for seconds in MOMENTS:
        async with working(broker), working(broker):
            await asyncio.sleep(seconds)
        assert connections() - before == set(), f"after {seconds} seconds"


@pytest.mark.parametrize(
    "moments", [range(0, 40, 5), pytest.param(range(40), marks=pytest.mark.long)], ids=len
)
async def test_a_reader_cancelled_at_any_step_of_its_stop_lets_go_of_its_connections(
    broker: str, moments: range
) -> None:
    before = connections()
    for steps in moments:
        is_open = asyncio.Event()

        async def reads(is_open: asyncio.Event = is_open) -> None:
            async with reading(Broker(broker)) as reader:
                await reader.topics()  # a connection to a broker, beside the one it began with
                is_open.set()

        task = asyncio.create_task(reads())
        await is_open.wait()
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert connections() - before == set(), f"after {steps} steps"


async def test_a_client_whose_stop_hangs_does_not_keep_who_is_cancelled(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaConsumer, "stop", lambda _: asyncio.sleep(60))
    consumer = AIOKafkaConsumer(bootstrap_servers=broker)
    task = asyncio.create_task(stop(consumer))
    await asyncio.sleep(0)
    task.cancel()

    done, _ = await asyncio.wait({task}, timeout=10)

    monkeypatch.undo()
    await consumer.stop()
    assert done == {task}
    assert task.cancelled()


async def test_a_restore_that_hangs_does_not_keep_a_worker_from_ending(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over, began = asyncio.Event(), asyncio.Event()

    async def hangs(*_: object) -> None:
        began.set()
        while not is_over.is_set():
            try:
                await is_over.wait()
            except asyncio.CancelledError:
                continue
        raise asyncio.CancelledError

    monkeypatch.setattr("foothold_risk.worker.worker.take_over", hangs)
    hanging = worker(broker)
    task = asyncio.create_task(hanging.run())
    await asyncio.wait_for(began.wait(), 20)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=20)
    is_over.set()
    await asyncio.gather(task, return_exceptions=True)

    assert done == {task}


async def test_a_cancelling_that_is_lost_while_kafka_answers_does_not_keep_a_worker_from_ending(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11's wait_for, under every request to Kafka, forgets that it was cancelled.

    It does so when the answer comes in the same turn.
    """
    asked = asyncio.Event()

    async def answers_nevertheless(*_: object) -> None:
        asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(20)

    monkeypatch.setattr("foothold_risk.worker.worker.check_topic", answers_nevertheless)
    task = asyncio.create_task(worker(broker).run())
    await asyncio.wait_for(asked.wait(), 20)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=15)
    for _ in range(2):  # where it did not end: not into the next test
        task.cancel()
        await asyncio.wait({task}, timeout=5)

    assert done == {task}
