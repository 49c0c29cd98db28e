"""A process runs until it is told to end or a part of it ends, and ends everything in time."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from foothold_runtime.ops import OpsEndpoint
from foothold_runtime.process.lifecycle import Door, run_until_one_ends


class Desk:
    """A door that is busy with a request for `seconds` after it was asked to end."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.fate = "runs"
        self.neighbours: list[str] = []
        self._asked = asyncio.Event()

    def end(self) -> None:
        self._asked.set()

    async def serve(self) -> None:
        try:
            await self._asked.wait()
            await asyncio.sleep(self.seconds)
            self.fate = "answered"
        except asyncio.CancelledError:
            self.fate = "cut off"
            raise

    async def beside(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.neighbours.append(self.fate)


async def fails() -> None:
    raise LookupError("a part broke")


def endpoint() -> OpsEndpoint:
    return OpsEndpoint(CollectorRegistry(), bool, host="127.0.0.1", port=0)


async def told_to_end() -> asyncio.Event:
    ended = asyncio.Event()
    ended.set()
    return ended


async def test_requests_under_way_are_answered_while_the_rest_still_runs() -> None:
    desk = Desk(0.05)

    await run_until_one_ends(
        [desk.beside()],
        ended=await told_to_end(),
        ops=endpoint(),
        door=Door(desk.serve(), desk.end, answer_seconds=5.0),
    )

    assert (desk.fate, desk.neighbours) == ("answered", ["answered"])


async def test_a_request_that_takes_too_long_is_cut_off() -> None:
    desk = Desk(60.0)

    await run_until_one_ends(
        [desk.beside()],
        ended=await told_to_end(),
        ops=endpoint(),
        door=Door(desk.serve(), desk.end, answer_seconds=0.05),
    )

    assert desk.fate == "cut off"


async def test_requests_may_also_be_answered_while_the_rest_ends() -> None:
    desk = Desk(0.05)

    await run_until_one_ends(
        [desk.beside()],
        ended=await told_to_end(),
        ops=endpoint(),
        door=Door(desk.serve(), desk.end),
    )

    assert (desk.fate, desk.neighbours) == ("answered", ["runs"])


async def test_what_breaks_a_part_ends_the_others_and_is_raised() -> None:
    desk = Desk(0.0)

    with pytest.raises(LookupError, match="a part broke"):
        await run_until_one_ends(
            [desk.beside(), fails()],
            ended=asyncio.Event(),
            ops=endpoint(),
            door=Door(desk.serve(), desk.end),
        )

    assert (desk.fate, desk.neighbours) == ("answered", ["runs"])


async def test_what_does_not_end_in_time_is_left_behind() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.5)

    clock = asyncio.get_running_loop().time
    began = clock()
    await run_until_one_ends(
        [stubborn()], ended=await told_to_end(), ops=endpoint(), stop_seconds=0.05
    )

    assert clock() - began < 0.4
