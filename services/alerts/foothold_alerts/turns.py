"""A loop that goes on whatever one of its turns meets.

A failure is counted; each kind is logged once, and again only after a turn that went well.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from procrastinate.exceptions import AppNotOpen, ConnectorException

from foothold_alerts.metrics import Metrics
from foothold_runtime.databases import UNAVAILABLE
from foothold_runtime.logs import frames_of, place_of

_AWAY: Final = (AppNotOpen, ConnectorException, *UNAVAILABLE)

log = structlog.get_logger()


class Turns:
    """The turns of one part.

    `progress` stands still as long as none goes well, and an alert is on that.
    """

    def __init__(self, part: str, metrics: Metrics | None) -> None:
        self._part = part
        self._metrics = metrics
        self._reported: set[str] = set()

    async def take(self, turn: Callable[[], Awaitable[object]]) -> None:
        """One turn. Only a cancelling leaves here."""
        try:
            await turn()
        except Exception as error:  # noqa: BLE001 - the next turn may go well, and the other parts have to go on
            self._failed(error)
        else:
            self._reported.clear()
            if self._metrics is not None:
                self._metrics.progress.labels(self._part).set_to_current_time()

    def _failed(self, error: Exception) -> None:
        is_away = isinstance(error, _AWAY)
        if self._metrics is not None and not is_away:
            self._metrics.failed_turns.labels(self._part).inc()
        kind = type(error).__name__ if is_away else place_of(error)
        if kind in self._reported:
            return
        self._reported.add(kind)
        log.error(
            "alerts.turn_failed",
            part=self._part,
            raised=kind,
            is_away=is_away,
            frames=[] if is_away else frames_of(error),
        )
