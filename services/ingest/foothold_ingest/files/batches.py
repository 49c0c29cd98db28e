"""Gathers the rows of a file into items and these into batches.

So neither is larger than it may be and others get their turn.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import IO, Final

import structlog

from foothold_ingest.files.reading import Unreadable, reading
from foothold_ingest.rules.rows.items import Gatherer, Item, Scatter
from foothold_ingest.rules.rows.mapping import Mapping
from foothold_ingest.rules.rows.rows import Headers, Row, fits, is_empty

BATCH: Final = 1_000
BATCH_BYTES: Final = 8 * 1024 * 1024
MAX_ROWS: Final = 500_000
YIELD_EVERY: Final = 100

Names = dict[str, str]
log = structlog.get_logger()


async def batches(items: AsyncIterator[Item], done: int) -> AsyncIterator[list[Item]]:
    """Yield up to BATCH rows or BATCH_BYTES at once, from the row after `done` on.

    The rows before it were kept before a crash.
    """
    batch, rows, size, last = list[Item](), 0, 0, 0
    refused: Unreadable | None = None
    try:
        async for item in items:
            if item.rows[0].number <= done:
                continue  # read again only so that repeats are known
            # no batch ends inside another item
            if (rows >= BATCH or size >= BATCH_BYTES) and item.rows[0].number > last:
                yield batch
                batch, rows, size = [], 0, 0
            batch.append(item)
            last = max(last, item.rows[-1].number)
            rows += len(item.rows)
            size += sum(row.size for row in item.rows)
    except Unreadable as error:
        refused = error  # what was read before it is taken, as its message says
    if batch:
        yield batch
    if refused is not None:
        raise refused


async def items_of(
    rows: AsyncIterator[Row], gatherer: Gatherer, names: Names
) -> AsyncIterator[Item]:
    """What the gatherer makes of each row that says something; raise Unreadable.

    `names`: what the log calls the file.
    """
    async for row in _breathing(rows):
        if row.number > MAX_ROWS:
            raise Unreadable(
                f"第 {row.number} 行仍有内容，而一份文件最多 {MAX_ROWS} 行；此前各行已处理。"
                f"若是误填请删除该行，其余请另存为文件再报送。 row {row.number} holds something,"
                f" and a file may have {MAX_ROWS} rows; the rows before are done. Delete what"
                " stands there by mistake, and send the rest in further files."
            )
        if not is_empty(row):
            for item in _taken(gatherer, row, names):
                yield item
    for item in gatherer.rest():
        yield item


async def _breathing(rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
    """Rows that have been read already come without a pause; others get their turn all the same."""
    async for row in rows:
        if row.number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
        yield row


def _taken(gatherer: Gatherer, row: Row, names: Names) -> list[Item]:
    try:
        return list(gatherer.take(row))
    except Exception as error:  # noqa: BLE001 - a row nobody has thought of must not end ingest again and again
        log.error("ingest.row_not_understood", row=row.number, error=type(error).__name__, **names)  # noqa: TRY400 - its message may hold the row
        problem = (
            f"row {row.number} could not be worked through ({type(error).__name__}); the rows"
            " before it have been taken. Report this to the operators."
        )
        raise Unreadable(problem) from None


async def scattered_in(file: IO[bytes], mapping: Mapping) -> frozenset[bytes]:
    """Households whose rows do not stand together; raise Unreadable."""
    async with reading(file, partial(fits, mapping=mapping)) as read:
        rows = read.rows()
        scatter = Scatter(Headers.of((await anext(rows, Row(1, ()))).cells, mapping))
        async for row in _breathing(rows):
            if not is_empty(row):
                scatter.take(row)
    return frozenset(scatter.scattered)
