"""Who tried what they may not, and who wrote what can hardly be, where no answer tells them so.

One row a minute for each sender, kind and reason or field, with how often. Names no household,
person or event.
"""

import re
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import AuditRow
from foothold_ingest.rules.judgement import Caller, FieldProblem
from foothold_runtime.databases import UNAVAILABLE
from foothold_schemas.wire.quarantine import RefusalReason

FORBIDDEN: Final = frozenset(
    {
        RefusalReason.FOREIGN_SOURCE,
        RefusalReason.KIND_NOT_ALLOWED,
        RefusalReason.AREA_NOT_ALLOWED,
        RefusalReason.AGENCY_DISABLED,
    }
)
"""Reasons that mean: not yours to send. Everything else is a mistake in what was sent."""

EVERY_SECONDS: Final = 60.0
_WHAT: Final = {"refused": "reason", "warned": "field"}
_PLACE: Final = re.compile(r"/[0-9]+")

log = structlog.get_logger()


class Attempt(NamedTuple):
    """What was tried: `refused` for a reason, or taken though a field was `warned` of."""

    agency: str
    kind: str
    action: str
    what: str


class Audit:
    """The audit, which is never in the way of an answer.

    While the database is unavailable, what was tried is written to the log and counted for later.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._written: dict[Attempt, float] = {}
        self._since: Counter[Attempt] = Counter()

    async def note(
        self, caller: Caller, refused: Sequence[tuple[str, RefusalReason]], now: datetime
    ) -> None:
        """Write down what this sender tried, by kind and reason."""
        await self._note(
            [
                Attempt(caller.agency, kind, "refused", reason.value)
                for kind, reason in refused
                if reason in FORBIDDEN
            ],
            now,
        )

    async def warned(
        self, agency: str, taken: Sequence[tuple[str, FieldProblem]], now: datetime
    ) -> None:
        """Write down of which fields a sender was to be warned that reads no answer.

        Places in lists do not matter.
        """
        await self._note(
            [
                Attempt(agency, kind, "warned", _PLACE.sub("/*", warning.field))
                for kind, warning in taken
            ],
            now,
        )

    async def _note(self, tried: Sequence[Attempt], now: datetime) -> None:
        if not tried:
            return
        self._since.update(tried)
        clock = time.monotonic()
        due = sorted(
            attempt
            for attempt in self._since
            if clock - self._written.get(attempt, -EVERY_SECONDS) >= EVERY_SECONDS
        )
        if due:
            await self._write(due, now, clock)

    async def _write(self, due: Sequence[Attempt], now: datetime, clock: float) -> None:
        rows = [
            {
                "at": now,
                "actor": attempt.agency,
                "action": attempt.action,
                "detail": {
                    "kind": attempt.kind,
                    _WHAT[attempt.action]: attempt.what,
                    "times": self._since[attempt],
                },
            }
            for attempt in due
        ]
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(AuditRow), rows)
        except UNAVAILABLE:
            log.warning("ingest.audit_not_written", rows=len(rows), reason="the database is away")
            return
        for attempt in due:
            self._written[attempt] = clock
            del self._since[attempt]
