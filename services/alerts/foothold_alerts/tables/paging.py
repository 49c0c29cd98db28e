"""Lists longer than a page: the lines of one page, and how many there are on all of them.

So no list ends without saying so.
"""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

SHOWN: Final = 500
"""Lines of a page."""
Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Paged(Generic[Line]):
    """Lines of page `page` (from 1) of a list of `total` lines."""

    lines: list[Line]
    total: int
    page: int = 1
    size: int = SHOWN

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))


async def read_page(
    connection: AsyncConnection, query: Select[Any], page: int, size: int = SHOWN
) -> Paged[RowMapping]:
    """That page of the query, or its last one where the list has become shorter.

    The query says the order.
    """
    rows = await _rows(connection, query, page, size)
    if page == 1 and len(rows) < size:
        return Paged(rows, len(rows), 1, size)
    total: int = (
        await connection.execute(select(func.count()).select_from(query.order_by(None).subquery()))
    ).scalar_one()
    last = Paged(rows, total, page, size).pages
    return (
        Paged(rows, total, page, size)
        if page <= last
        else Paged(await _rows(connection, query, last, size), total, last, size)
    )


async def _rows(
    connection: AsyncConnection, query: Select[Any], page: int, size: int
) -> list[RowMapping]:
    return list((await connection.execute(query.limit(size).offset((page - 1) * size))).mappings())
