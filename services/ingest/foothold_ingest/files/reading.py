"""Reads a file through a process of its own, row by row, no faster than rows are worked through."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Final

from foothold_ingest.rules.cells import cell_of
from foothold_ingest.rules.rows import Row

LINE_LIMIT: Final = 16 * 1024 * 1024
"""More than the longest line of the child: 200 cells of 8,193 characters, each six bytes at most."""


CHILD_ENVIRONMENT: Final = {"PYTHONIOENCODING": "utf-8", "OPENPYXL_DEFUSEDXML": "False"}
"""All the child is told: no secret of ingest, and that openpyxl need not look for entities, as parts that could have any are refused before."""


class Unreadable(Exception):  # noqa: N818 - an answer
    """The file cannot be read; the message says why and what to do."""


@dataclass(slots=True)
class Reading:
    """A file being read. `encoding` is known after the first row; `share` of it, 0 to 1, has been read."""

    process: asyncio.subprocess.Process
    encoding: str = ""
    share: float = field(default=0.0)

    async def rows(self) -> AsyncIterator[Row]:
        """Every row, the headers first; raise Unreadable."""
        if self.process.stdout is None:
            raise AssertionError("the process was started with a pipe")
        async for line in self.process.stdout:
            try:
                said: dict[str, Any] = json.loads(line)
            except ValueError:
                break  # the process ended in the middle of a line
            match said:
                case {"row": number, "cells": cells, "at": share}:
                    self.share = share
                    yield Row(number, tuple(cell_of(cell) for cell in cells))
                case {"encoding": encoding}:
                    self.encoding = encoding
                case {"refused": why}:
                    raise Unreadable(why)
                case _:
                    return
        raise Unreadable("reading this file took more memory or time than it may have; split it, or save it as CSV")


@asynccontextmanager
async def reading(file: IO[bytes]) -> AsyncIterator[Reading]:
    """Start reading an open file on disk from its beginning; the process ends with the block."""
    file.seek(0)
    command = (sys.executable, "-m", "foothold_ingest.files.child")
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=file, stdout=pipe, stderr=nothing, limit=LINE_LIMIT, env=CHILD_ENVIRONMENT)
    try:
        yield Reading(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
