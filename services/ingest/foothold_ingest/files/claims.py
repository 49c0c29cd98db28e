"""Which files this process works through.

They are locks of one database session, so that another replica takes them over the moment this one
is gone.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_runtime.databases import UNAVAILABLE

log = structlog.get_logger()


class Claims:
    """However many files are worked through, one connection holds their locks.

    It is there as long as any is.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._one_at_a_time = asyncio.Lock()
        self._session: AsyncConnection | None = None
        self._own: set[str] = set()

    @contextlib.asynccontextmanager
    async def claimed(self, name: str) -> AsyncIterator[bool]:
        """Whether the file is ours while the block runs.

        Should the session be lost meanwhile, what a batch came to is still kept by one replica
        only.
        """
        if name in self._own or not await self._take(name):
            yield False
            return
        try:
            yield True
        finally:
            await asyncio.shield(self._give_back(name))

    async def _take(self, name: str) -> bool:
        async with self._one_at_a_time:
            if name in self._own:
                return False
            if self._session is None:
                self._session = await (await self._engine.connect()).execution_options(
                    isolation_level="AUTOCOMMIT"
                )
            try:
                is_mine = bool(
                    (
                        await self._session.execute(select(func.pg_try_advisory_lock(_key(name))))
                    ).scalar_one()
                )
            except UNAVAILABLE:
                await self._lose_session()
                raise
            if is_mine:
                self._own.add(name)
            await self._rest()
        return is_mine

    async def _give_back(self, name: str) -> None:
        async with self._one_at_a_time:
            self._own.discard(name)
            try:
                if self._session is not None:
                    await self._session.execute(select(func.pg_advisory_unlock(_key(name))))
            except UNAVAILABLE:
                await self._lose_session()
            await self._rest()

    async def _rest(self) -> None:
        if self._session is not None and not self._own:
            session, self._session = self._session, None
            with contextlib.suppress(*UNAVAILABLE):
                # also one that was taken while this was being cancelled
                await session.execute(select(func.pg_advisory_unlock_all()))
            await session.close()

    async def _lose_session(self) -> None:
        log.warning("ingest.claims_lost", files=len(self._own))
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(*UNAVAILABLE):
                await session.invalidate()
                await session.close()


def _key(name: str) -> ColumnElement[int]:
    return func.hashtextextended(name, 0)
