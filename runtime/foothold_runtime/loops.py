"""When a loop that has no end of its own ends, and what becomes of errors nobody waits for."""

import asyncio
import time
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter

from foothold_runtime.logs import where_raised

QUIET_SECONDS: Final = 60.0

log = structlog.get_logger()


def not_cancelled() -> bool:
    """Whether nobody has told the running task to end.

    Python 3.11's `wait_for`, under every request to Kafka and PostgreSQL, loses a cancelling that
    comes in the same turn as the answer (CPython gh-86296). The task still counts it: a loop that
    asks here ends at its next turn, and one that is `while True` goes on for ever.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() == 0


class LoopErrors:
    """Takes what asyncio would print for each error nobody waits for.

    It counts every one, and logs each kind once a minute.

    A door without descriptors makes the same error thousands of times a second; a log of it fills
    the disk that everything else needs.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._errors = Counter(
            "foothold_loop_errors_total",
            "Errors of the event loop that nobody waited for.",
            registry=registry,
        )
        self._quiet_until: dict[tuple[str, str], float] = {}
        self._unlogged = 0

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on."""
        loop.set_exception_handler(self._take)

    def _take(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._errors.inc()
        error, now = context.get("exception"), time.monotonic()
        kind = (str(context.get("message", "")), type(error).__name__)
        if self._quiet_until.get(kind, 0.0) > now:
            self._unlogged += 1
            return
        if len(self._quiet_until) > 1_000:  # noqa: PLR2004 - messages may hold addresses; forgetting costs a line
            self._quiet_until.clear()
        self._quiet_until[kind] = now + QUIET_SECONDS
        where = [] if error is None else where_raised(error)
        log.error(
            "loop.error", message=kind[0][:200], error=kind[1], where=where, unlogged=self._unlogged
        )
        self._unlogged = 0
