"""Reads a file through a process of its own, row by row, no faster than rows are worked through."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Final

from openpyxl.utils import get_column_letter

from foothold_ingest.rules.rows.cells import Cell, cell_of
from foothold_ingest.rules.rows.rows import Row

LINE_LIMIT: Final = 16 * 1024 * 1024
"""More than the longest line of the child: 200 cells of 8,193 characters of at most six bytes."""


Fits = Callable[[Sequence[Cell]], bool]
NOTES: Final = "说明 notes"
"""The second sheet of our own templates; nothing is lost in it."""
SHOWN: Final = 20
CHILD_ENVIRONMENT: Final = {"PYTHONIOENCODING": "utf-8", "OPENPYXL_DEFUSEDXML": "False"}
"""All the child is told: no secret of ingest, and that openpyxl need not look for entities, as
parts that could have any are refused before."""


class Unreadable(Exception):  # noqa: N818 - an answer
    """The file cannot be read; the message says why and what to do."""


@dataclass(slots=True)
class Reading:
    """A file being read.

    `encoding` is known after the first row; `share` of it, 0 to 1, has been read.

    `notes`: what the file offers and was not read, or is not shown and was; complete after the last
    row.
    """

    file: IO[bytes]
    fits: Fits
    process: asyncio.subprocess.Process
    encoding: str = ""
    share: float = field(default=0.0)
    notes: list[str] = field(default_factory=list)

    async def rows(self) -> AsyncIterator[Row]:
        """Every row of the file, or of the first sheet that fits, the headers first.

        Raise Unreadable.
        """
        async for message in self._messages():
            match message:
                case {"row": number, "cells": cells, "at": share}:
                    self.share = share
                    yield Row(number, tuple(cell_of(cell) for cell in cells))
                case {"encoding": encoding}:
                    self.encoding = encoding
                case {"hidden": hidden}:
                    self.notes += hidden_notes(hidden)
                case {"refused": why}:
                    raise Unreadable(why)
                case _:
                    return
        raise Unreadable(
            "reading this file took more memory or time than it may have; split it, or save it"
            " as CSV"
        )

    async def _messages(self) -> AsyncIterator[dict[str, Any]]:
        """What the process writes.

        Begun again once where another sheet than the first is the one to read.
        """
        async for message in self._lines():
            if "sheets" not in message:
                yield message
            elif (place := self._choose(message["sheets"], message["first"])) is not None:
                await _end(self.process)
                self.process = await _begin(self.file, str(place))
                async for other in self._lines():
                    if "sheets" not in other:
                        yield other
                return

    def _choose(self, sheets: list[dict[str, Any]], first: int) -> int | None:
        """The place of the sheet to read, None for the first; the others are noted."""
        visible = [sheet for sheet in sheets if sheet["is_visible"]]
        fitting = next(
            (
                sheet["place"]
                for sheet in visible
                if sheet["headers"] is not None and self.fits(sheet["headers"])
            ),
            first,
        )
        self.notes += sheet_notes([sheet for sheet in sheets if sheet["place"] != fitting])
        return None if fitting == first else fitting

    async def _lines(self) -> AsyncIterator[dict[str, Any]]:
        if self.process.stdout is None:
            raise AssertionError("the process was started with a pipe")
        async for line in self.process.stdout:
            try:
                yield json.loads(line)
            except ValueError:
                return  # the process ended in the middle of a line


def sheet_notes(sheets: Sequence[dict[str, Any]]) -> list[str]:
    """Which sheets hold something and were not read."""
    names = [
        f"{_visible(sheet['name'])}{'' if sheet['is_visible'] else '（隐藏 hidden）'}"
        for sheet in sheets
        if sheet["name"] != NOTES
    ]
    more = "" if len(names) <= SHOWN else f" … ({len(names)})"
    return [f"未读取的工作表 not read: {', '.join(names[:SHOWN])}{more}"] if names else []


def hidden_notes(hidden: dict[str, Any]) -> list[str]:
    """Which rows and columns that are not shown hold something. They are read like all others."""
    notes = []
    if hidden["count"]:
        rows = ", ".join(map(str, hidden["rows"]))
        notes.append(
            f"隐藏的行也已读取（共 {hidden['count']} 行） hidden rows were read too:"
            f" {rows}{' …' if hidden['count'] > len(hidden['rows']) else ''}"
        )
    if hidden["columns"]:
        notes.append(
            "隐藏的列也已读取 hidden columns were read too:"
            f" {', '.join(map(get_column_letter, hidden['columns'][:SHOWN]))}"
        )
    return notes


def _visible(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:40])


@asynccontextmanager
async def reading(file: IO[bytes], fits: Fits) -> AsyncIterator[Reading]:
    """Start reading an open file on disk from its beginning; the process ends with the block.

    `fits`: whether these are the headers expected.
    """
    read = Reading(file, fits, await _begin(file))
    try:
        yield read
    finally:
        await _end(read.process)


async def _begin(file: IO[bytes], *place: str) -> asyncio.subprocess.Process:
    file.seek(0)
    command = (sys.executable, "-m", "foothold_ingest.files.child", *place)
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        *command, stdin=file, stdout=pipe, stderr=nothing, limit=LINE_LIMIT, env=CHILD_ENVIRONMENT
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.communicate()
