"""A worker told to stop at any moment lets go of everything it held: producers, consumers, connections."""

import asyncio
import gc

import pytest

from tests.support.build import income, registered
from tests.support.risk import ADOPTED, OPENED, working, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


async def test_a_worker_stopped_while_it_restores_or_while_another_leaves_lets_go_of_every_connection(broker: str) -> None:
    await write(broker, registered(), income("7500"), ADOPTED, OPENED)

    for tenths in range(8):
        async with working(broker), working(broker):
            await asyncio.sleep(tenths / 10)

    gc.collect()  # what was left open warns as it is collected, and a warning is a failure
