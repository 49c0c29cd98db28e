"""What a reader does while its database is unavailable, and how it knows that.

It knows that it is the database and not the statement.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar, cast

import structlog
from sqlalchemy import Select, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import NullPool

from foothold_runtime.loops import not_cancelled

UNAVAILABLE: Final = (OperationalError, InterfaceError, NoConnection)
"""What the driver raises where the database is away; and, alas, where it refuses a statement."""
PING_SECONDS: Final = 5.0
LONGEST_WAIT: Final = 5.0
FAILURES: Final = 3
_OF_THE_SERVER: Final = ("08", "40", "53", "57P")
"""SQLSTATE classes that speak of the server, not of the statement: connections, conflicts of
transactions, memory and disk, shutdown.

Source: PostgreSQL 18, appendix A."""

T = TypeVar("T")
R = TypeVar("R")
log = structlog.get_logger()


class StatementFails(Exception):  # noqa: N818 - says what happens
    """The database answers, and this work fails all the same.

    Its cause is the error that came last.
    """


async def answers(engine: AsyncEngine) -> bool:
    """Whether the database takes a statement at this moment.

    It is asked on a connection of its own, since one of the pool may have to be waited for.
    """
    own = create_async_engine(engine.url, poolclass=NullPool, hide_parameters=True)
    try:
        async with asyncio.timeout(PING_SECONDS), own.connect() as connection:
            await connection.execute(text("select 1"))
    except (TimeoutError, OSError, *UNAVAILABLE):
        return False
    finally:
        await own.dispose()
    return True


def database_check(engine: AsyncEngine) -> dict[tuple[str, str], Callable[[], Awaitable[bool]]]:
    """One check, by the database's address and name."""
    address = engine.url
    return {("postgres", f"{address.host}/{address.database}"): lambda: answers(engine)}


async def while_database_down(
    engine: AsyncEngine, work: Callable[[], Awaitable[T]], *, of: str
) -> T:
    """Do the work, again and again while the database is away.

    Raise StatementFails when it answers a ping and the work failed three times.

    `of` names the work in the log. The work must bear being done twice.
    """
    failures, wait = 0, 0.1
    while not_cancelled():
        try:
            return await work()
        except UNAVAILABLE as error:
            if not _is_of_the_server(error) and await answers(engine):
                failures += 1
                if failures >= FAILURES:
                    raise StatementFails(
                        f"{of} failed {failures} times while the database answers"
                    ) from error
            log.warning(
                "runtime.database_unavailable", of=of, error=type(error).__name__, failures=failures
            )
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)
    raise asyncio.CancelledError


def is_away(error: BaseException) -> bool:
    """Whether a driver's OperationalError speaks of the server.

    A missing connection leaves no SQLSTATE, and a statement that is refused leaves its own.
    """
    state = getattr(error, "sqlstate", None)
    return state is None or str(state).startswith(_OF_THE_SERVER)


def _is_of_the_server(error: Exception) -> bool:
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return isinstance(state, str) and state.startswith(_OF_THE_SERVER)


def whole(table: type[R]) -> Select[tuple[R]]:
    """A query for all columns of a table, of which each row reads as the table's class does.

    Without a session nothing is loaded or tracked: a row is what stood there, by name.
    """
    columns = cast(type[DeclarativeBase], table).__table__.columns
    return cast(Select[tuple[R]], select(*columns))


async def rows_of(connection: AsyncConnection, query: Select[tuple[R]]) -> Sequence[R]:
    """The rows of such a query."""
    return cast(Sequence[R], (await connection.execute(query)).all())


async def row_of(connection: AsyncConnection, query: Select[tuple[R]]) -> R | None:
    """The one row of such a query, if there is one; raise MultipleResultsFound."""
    return cast(R | None, (await connection.execute(query)).one_or_none())
