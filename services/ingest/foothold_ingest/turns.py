"""Work that runs beside the doors, turn after turn.

Whatever a turn raises ends neither the work nor ingest, and nothing of it is hidden.
"""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeAlias, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.aside import PARTS_AWAY
from foothold_ingest.metrics import Metrics
from foothold_runtime.databases import while_database_down
from foothold_runtime.loops import not_cancelled

LONGEST_WAIT: Final = 5.0

REST_SECONDS: Final = 20.0
"""Between two attempts at an item that failed; the others are worked on meanwhile."""

T = TypeVar("T")
Work: TypeAlias = Callable[[Sequence[T]], Awaitable[object]]
log = structlog.get_logger()


async def take_turns(
    part: str, turn: Callable[[], Awaitable[object]], metrics: Metrics, *, pause: float
) -> None:
    """Run until cancelled.

    While Kafka or the database is away turns come more rarely; a turn that fails is counted and the
    next one comes all the same.
    """
    wait = pause
    # a part that never finishes its first turn is seen as well
    metrics.progress.labels(part).set_to_current_time()
    while not_cancelled():
        try:
            await turn()
        except PARTS_AWAY as error:
            wait = min(wait * 2 + 0.1, LONGEST_WAIT)
            log.warning("ingest.turn_waits", part=part, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a job must outlive whatever nobody has thought of
            wait = min(wait * 2 + 0.1, LONGEST_WAIT)
            report(part, error, metrics)
        else:
            wait = pause
            metrics.progress.labels(part).set_to_current_time()
        await asyncio.sleep(wait)


def report(part: str, error: BaseException, metrics: Metrics, **where: object) -> None:
    """Count and log a failure of a part."""
    metrics.job_failures.labels(part).inc()
    log_failure(part, error, **where)


def log_failure(part: str, error: BaseException, **where: object) -> None:
    """Log only the kind and the place of an exception.

    Its message may hold what was sent.
    """
    log.error(
        "ingest.turn_failed",
        part=part,
        error=type(error).__name__,
        traceback="".join(traceback.format_tb(error.__traceback__)),
        **where,
    )


class Items(Generic[T]):
    """Works on items together.

    When that fails, on each alone, so that the one at fault is known and the others are done.

    Where every one of several fails, it is the program or something it needs: none is blamed. An
    item that failed rests before its next attempt, so that a defect of a few seconds does not use
    its attempts up. `name` tells one item from another.
    """

    def __init__(
        self, part: str, engine: AsyncEngine, metrics: Metrics, name: Callable[[T], Hashable]
    ) -> None:
        self._part = part
        self._engine = engine
        self._metrics = metrics
        self._name = name
        self._rests_until: dict[Hashable, float] = {}

    async def work(
        self, items: Sequence[T], work: Work[T], failed: Callable[[T, str], Awaitable[bool]]
    ) -> None:
        """`failed` counts a failed attempt at one item, and says whether it was the last.

        Raise what says that Kafka or the database is away, and the last failure where all of
        several items failed.
        """
        self._rests_until = {
            name: at for name, at in self._rests_until.items() if at > time.monotonic()
        }
        awake = [item for item in items if self._name(item) not in self._rests_until]
        if not awake or (error := await self._try(awake, work)) is None:
            return
        alone = [(awake[0], error)] if len(awake) == 1 else await self._each(awake, work)
        if len(alone) == len(awake) > 1:
            raise alone[-1][1]
        for item, why in alone:
            self._rests_until[self._name(item)] = time.monotonic() + REST_SECONDS
            if await failed(item, type(why).__name__):
                self._metrics.given_up.labels(self._part).inc()

    async def _each(self, items: Sequence[T], work: Work[T]) -> list[tuple[T, Exception]]:
        """Those that fail alone as well, and why."""
        tried = [(item, await self._try([item], work)) for item in items]
        return [(item, error) for item, error in tried if error is not None]

    async def _try(self, items: Sequence[T], work: Work[T]) -> Exception | None:
        try:
            await while_database_down(self._engine, lambda: work(items), of=self._part)
        except PARTS_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - see take_turns
            report(self._part, error, self._metrics, items=len(items))
            return error
        return None
