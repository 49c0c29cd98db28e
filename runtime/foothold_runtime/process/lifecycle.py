"""How a long-running process begins, runs until told to end, and ends in time."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from prometheus_client import CollectorRegistry

from foothold_runtime.loops import LoopErrors
from foothold_runtime.ops import OpsEndpoint
from foothold_runtime.process_settings import ProcessSettings
from foothold_runtime.reach import Check, Reach, kafka_checks, named, peer_checks

STOP_SECONDS: Final = 8.0

Work: TypeAlias = Coroutine[Any, Any, object]


@dataclass(frozen=True, slots=True)
class Door:
    """What answers requests while the process runs.

    `serving`: runs until `end` was called and the requests under way are answered. `end`: takes no
    new requests; a second call changes nothing. `answer_seconds`: for the requests under way,
    before everything else is ended and the door with it; None: they are answered while everything
    else ends.
    """

    serving: Work
    end: Callable[[], None]
    answer_seconds: float | None = None


def begin(registry: CollectorRegistry) -> asyncio.Event:
    """Count what nobody waits for, and return what SIGTERM or SIGINT sets."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    LoopErrors(registry).watch(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    return ended


def reach_of(
    settings: ProcessSettings,
    registry: CollectorRegistry,
    database: Mapping[tuple[str, str], Check] | None = None,
) -> Reach:
    """What the process looks whether it can reach; `database`: the checks of its own, if any."""
    checks = {
        **kafka_checks(settings.broker),
        **(database or {}),
        **peer_checks(named(settings.peers)),
    }
    return Reach(registry, checks, named(settings.folders))


async def run_until_one_ends(
    work: Sequence[Work],
    *,
    ended: asyncio.Event,
    ops: OpsEndpoint,
    door: Door | None = None,
    stop_seconds: float = STOP_SECONDS,
) -> None:
    """Run everything until the event is set or one of the work ends, then end all of it.

    What went wrong is raised. What has not ended after `stop_seconds` is left to the process's end.
    """
    doors = [] if door is None else [asyncio.create_task(door.serving)]
    others = [asyncio.create_task(work_item) for work_item in (ops.serve(), *work, ended.wait())]
    is_answered_first = door is not None and door.answer_seconds is not None
    try:
        done, _ = await asyncio.wait([*doors, *others], return_when=asyncio.FIRST_COMPLETED)
        if door is not None:
            door.end()
        for task in done:
            task.result()
        if door is not None and door.answer_seconds is not None:
            await asyncio.wait(doors, timeout=door.answer_seconds)
    finally:
        if door is not None:
            door.end()
        ops.stop()
        for task in [*doors, *others] if is_answered_first else others:
            task.cancel()
        over, _ = await asyncio.wait([*doors, *others], timeout=stop_seconds)
        await asyncio.gather(*over, return_exceptions=True)
