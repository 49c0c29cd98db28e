"""What risk's two long-running processes share: what they reach, and how they end."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Final

from prometheus_client import CollectorRegistry

from foothold_risk.settings import Settings
from foothold_runtime.loops import LoopErrors
from foothold_runtime.ops import OpsEndpoint
from foothold_runtime.reach import Reach, kafka_checks, named, peer_checks

STOP_SECONDS: Final = 8.0


async def until_ended(
    ops: OpsEndpoint, reach: Reach, work: Coroutine[None, None, None], errors: LoopErrors
) -> None:
    """Until SIGTERM or SIGINT; what goes wrong in the work or in its ops endpoint is raised."""
    errors.watch(asyncio.get_running_loop())
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    tasks = [
        asyncio.create_task(ops.serve()),
        asyncio.create_task(reach.run()),
        asyncio.create_task(work),
        asyncio.create_task(_wait(ended)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        ops.stop()
        for task in tasks:
            task.cancel()
        over, _ = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        await asyncio.gather(*over, return_exceptions=True)


def reach_of(settings: Settings, registry: CollectorRegistry) -> Reach:
    """What the process looks whether it can reach."""
    checks = {**kafka_checks(settings.broker), **peer_checks(named(settings.peers))}
    return Reach(registry, checks, named(settings.folders))


async def _wait(ended: asyncio.Event) -> None:
    await ended.wait()
