"""How often somebody may fail before they must wait.

Kept by this process alone and bounded: a brake on guessing, not a record.
"""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Final

REMEMBERED: Final = 20_000


@dataclass(slots=True)
class _Failures:
    many: int
    since: float


class Throttle:
    """After so many failures within so many seconds, a key waits until those seconds are over.

    Moments are seconds of one clock.
    """

    def __init__(self, failures: int, seconds: float) -> None:
        self._failures = failures
        self._seconds = seconds
        self._known: OrderedDict[object, _Failures] = OrderedDict()

    def wait(self, key: object, now: float) -> int:
        """For how many whole seconds the key must wait; 0: it may try."""
        known = self._known.get(key)
        if known is None or known.many < self._failures:
            return 0
        return max(0, min(ceil(known.since + self._seconds - now), ceil(self._seconds)))

    def failed(self, key: object, now: float) -> None:
        """One more failure.

        What lies further back than the window counts no longer; the oldest keys are forgotten
        first.
        """
        known = self._known.pop(key, None)
        if known is None or now - known.since >= self._seconds:
            known = _Failures(0, now)
        known.many += 1
        self._known[key] = known
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def succeeded(self, key: object) -> None:
        """Forget its failures."""
        self._known.pop(key, None)
