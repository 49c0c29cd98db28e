"""A loop without an end of its own asks at each turn whether it is still wanted.

Python may lose the cancellation that should end it.
"""

import ast
import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

from foothold_runtime.loops import not_cancelled

ROOT = Path(__file__).parents[2]


def endless(source: str) -> Iterator[int]:
    """Lines of `while True` in coroutines."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.AsyncFunctionDef):
            yield from (
                loop.lineno
                for loop in ast.walk(function)
                if isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant)
            )


def test_no_coroutine_of_a_service_loops_without_asking() -> None:
    files = sorted(file for room in ("services", "runtime") for file in (ROOT / room).rglob("*.py"))

    assert len(files) > 100
    assert [
        f"{file.name}:{line}"
        for file in files
        for line in endless(file.read_text(encoding="utf-8"))
    ] == []


def test_an_endless_loop_is_found() -> None:
    assert list(
        endless(
            "async def run():\n    try:\n        while True:\n            pass\n    finally:\n     "
            "   pass\n"
        )
    ) == [3]


async def test_a_loop_ends_although_its_cancelling_was_lost() -> None:
    turns = 0

    async def run() -> None:
        nonlocal turns
        while not_cancelled():
            turns += 1
            # as wait_for does where the answer is there
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait_for(task, 5)

    assert (turns, task.cancelled()) == (1, False)
