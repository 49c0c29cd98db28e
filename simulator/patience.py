"""Waiting for something that takes as long as the machine lets it.

A limit on the whole would say that a slow machine is a broken one. What is limited is standing
still.
"""

import time
from collections.abc import Callable
from typing import Final

IDLE_SECONDS: Final = 120.0
"""So long nothing may move, where a county of 6,000 households is judged."""


class Patience:
    """Lasts as long as there is progress, and so many seconds of standstill.

    `elsewhere`: what moves before anything can be seen here, such as facts a service has read. It
    is asked only when nothing has moved here for the whole time.
    """

    def __init__(
        self,
        idle_seconds: float = IDLE_SECONDS,
        *,
        clock: Callable[[], float] = time.monotonic,
        elsewhere: Callable[[], object] = lambda: None,
    ) -> None:
        self.idle_seconds = idle_seconds
        self._clock = clock
        self._ask_elsewhere = elsewhere
        self._elsewhere = elsewhere()
        self._progress: object = None
        self._since = clock()

    def lasts(self, progress: object) -> bool:
        """Whether to wait on. `progress`: anything that is another value when something moved."""
        now = self._clock()
        if progress != self._progress:
            self._progress, self._since = progress, now
        elif now - self._since > self.idle_seconds:
            elsewhere = self._ask_elsewhere()
            if elsewhere == self._elsewhere:
                return False
            self._elsewhere, self._since = elsewhere, now
        return True
