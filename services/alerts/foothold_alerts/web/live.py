"""Tells open pages that something changed.

There is one look at the audit a beat for the whole process, then an event to the streams it
concerns.

The database is asked, not the other replica: whoever wrote the change, each replica sees it within
a beat. A stream that misses one is covered by the page's own slow polling.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.metrics import Metrics
from foothold_alerts.tables.cases import AuditRow, CaseRow
from foothold_alerts.turns import Turns
from foothold_runtime.loops import not_cancelled

BEAT_SECONDS: Final = 0.5
HEARTBEAT_SECONDS: Final = 15.0
MAX_STREAMS: Final = 500
MAX_STREAMS_OF_ONE: Final = 5
"""Of one account: six open pages would take every connection a browser has for the desk."""
CHANGED: Final = b"event: changed\ndata: 1\n\n"


class TooMany(Exception):  # noqa: N818 - an answer
    """So many pages are open that one more only polls."""


class Pulse:
    """Who listens, for which area."""

    def __init__(self, engine: AsyncEngine, metrics: Metrics | None = None) -> None:
        self._engine = engine
        self._turns = Turns("pulse", metrics)
        self._streams: dict[asyncio.Event, str] = {}
        self._by_account = Counter[str]()
        self._last: int | None = None
        self._is_ending = False

    async def run(self) -> None:
        """Run until cancelled: look, and wake the streams of the areas where something changed."""
        while not_cancelled():
            await self._turns.take(self._look)
            await asyncio.sleep(BEAT_SECONDS)

    async def _look(self) -> None:
        async with self._engine.connect() as connection:
            newest = (
                await connection.execute(select(func.coalesce(func.max(AuditRow.audit_id), 0)))
            ).scalar_one()
            if self._last is None or newest == self._last:
                self._last = newest
                return
            changed = (
                select(CaseRow.area)
                .join(AuditRow, AuditRow.case_id == CaseRow.case_id)
                .where(AuditRow.audit_id > self._last)
                .distinct()
            )
            areas = list((await connection.execute(changed)).scalars())
        self._last = newest
        for event, area in self._streams.items():
            if any(a.startswith(area) for a in areas):
                event.set()

    def end(self) -> None:
        """Let every stream end; pages connect again, to whoever serves then."""
        self._is_ending = True
        for event in self._streams:
            event.set()

    async def stream(
        self, account: str, area: str, is_welcome: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        """Server-sent events for one page, until it closes or the person is welcome no more.

        Raise TooMany.
        """
        if self._is_full(account):
            raise TooMany
        return self._events(account, area, is_welcome)

    def _is_full(self, account: str) -> bool:
        return len(self._streams) >= MAX_STREAMS or self._by_account[account] >= MAX_STREAMS_OF_ONE

    async def _events(
        self, account: str, area: str, is_welcome: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        """Yield the events of a stream, which is counted and uncounted here.

        A generator nobody began to read never runs its end.
        """
        if self._is_full(account):
            return  # others began meanwhile; the page asks again, and is told to poll
        changed = asyncio.Event()
        self._streams[changed] = area
        self._by_account[account] += 1
        try:
            yield b"retry: 2000\n\n"
            while not self._is_ending and await is_welcome():
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                changed.clear()
                if await is_welcome():
                    yield CHANGED
        finally:
            del self._streams[changed]
            self._by_account[account] -= 1
            self._by_account += Counter()
