"""Waiting for what another process or task does, in a test.

What is read at once after a sign of something else (a message, a committed offset, an answer) may
not be there yet: a gauge is set after the commit that the sign tells of.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
EVERY = 0.05
"""Seconds between two looks."""


@overload
async def until(
    look: Callable[[], Awaitable[T]], holds: Callable[[T], object] = ..., seconds: float = ...
) -> T: ...


@overload
async def until(
    look: Callable[[], T], holds: Callable[[T], object] = ..., seconds: float = ...
) -> T: ...


async def until(
    look: Callable[[], Any], holds: Callable[[Any], object] = bool, seconds: float = 60
) -> Any:
    """What `look` sees, once `holds` is true of it; fails with the last sight after the seconds."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    while True:
        seen = look()
        value = await seen if inspect.isawaitable(seen) else seen
        if holds(value):
            return value
        assert loop.time() < ends, f"after {seconds} s still {value!r}"
        await asyncio.sleep(EVERY)


async def becomes(look: Callable[[], object], value: object, seconds: float = 60) -> object:
    """The value, once `look` sees it."""
    return await until(look, lambda seen: seen == value, seconds)
