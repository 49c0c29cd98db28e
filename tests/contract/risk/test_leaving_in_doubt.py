"""An owner that ends in the middle of a commit does not know whether it was one.

It takes nothing back. The tests run on a real broker.
"""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from foothold_schemas.wire.topics import HOUSEHOLD_FACTS
from tests.support.alarms.defects import HOME, append, settled
from tests.support.made.build import income, registered
from tests.support.risk import ADOPTED, OPENED, worker, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


async def offset_of_home(broker: str) -> int:
    async with AIOKafkaConsumer(
        bootstrap_servers=broker, group_id="risk", enable_auto_commit=False
    ) as reader:
        await asyncio.sleep(0.3)  # a commit shows a moment after it was answered
        return int(await reader.committed(TopicPartition(HOUSEHOLD_FACTS.name, HOME)) or 0)


async def test_an_owner_cancelled_behind_its_commit_does_not_move_the_offset_back(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the facts' outputs would stand, and the facts be read once more."""
    await write(broker, ADOPTED, OPENED)
    async with settled(broker):
        pass
    before = await offset_of_home(broker)
    await append(broker, registered(), income("7000"))
    real, hangs = AIOKafkaProducer.commit_transaction, asyncio.Event()

    async def commit_transaction(self: AIOKafkaProducer) -> None:
        await real(self)
        if await offset_of_home(broker) > before:
            hangs.set()
            await asyncio.sleep(60)

    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", commit_transaction)
    cancelled = worker(broker)
    running = asyncio.create_task(cancelled.run())
    await asyncio.wait_for(hangs.wait(), 60)
    committed = await offset_of_home(broker)
    cancelled._fail(RuntimeError("the process ends"))
    with pytest.raises(RuntimeError, match="the process ends"):
        await running

    assert committed > before
    assert await offset_of_home(broker) == committed
