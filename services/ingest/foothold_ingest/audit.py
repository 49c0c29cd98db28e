"""Who tried what they may not: one row a minute for each sender, kind and reason, with how often. Names no household, person or event."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import AWAY, AuditRow
from foothold_ingest.rules.judgement import Caller
from foothold_schemas.quarantine import RefusalReason

FORBIDDEN: Final = frozenset({RefusalReason.FOREIGN_SOURCE, RefusalReason.KIND_NOT_ALLOWED, RefusalReason.AREA_NOT_ALLOWED, RefusalReason.AGENCY_DISABLED})
"""Reasons that mean: not yours to send. Everything else is a mistake in what was sent."""

EVERY_SECONDS: Final = 60.0

log = structlog.get_logger()


class Attempt(NamedTuple):
    """What was tried."""

    agency: str
    kind: str
    reason: RefusalReason


class Audit:
    """Never in the way of an answer: while the database is away, what was tried is written to the log and counted for later."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._written: dict[Attempt, float] = {}
        self._since: Counter[Attempt] = Counter()

    async def note(self, caller: Caller, refused: Sequence[tuple[str, RefusalReason]], now: datetime) -> None:
        """Write down what this sender tried, by kind and reason."""
        tried = [Attempt(caller.agency, kind, reason) for kind, reason in refused if reason in FORBIDDEN]
        if not tried:
            return
        self._since.update(tried)
        clock = time.monotonic()
        due = sorted(one for one in self._since if clock - self._written.get(one, -EVERY_SECONDS) >= EVERY_SECONDS)
        if due:
            await self._write(due, now, clock)

    async def _write(self, due: Sequence[Attempt], now: datetime, clock: float) -> None:
        rows = [
            {"at": now, "actor": one.agency, "action": "refused", "detail": {"kind": one.kind, "reason": one.reason.value, "times": self._since[one]}}
            for one in due
        ]
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(AuditRow), rows)
        except AWAY:
            log.warning("ingest.audit_not_written", rows=len(rows), reason="the database is away")
            return
        for one in due:
            self._written[one] = clock
            del self._since[one]
