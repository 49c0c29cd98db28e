"""Asks a process all the while whether it lives, as a supervisor does.

It reports how long the process took to answer.
"""

import contextlib
import http.client
import threading
import time
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from foothold_runtime.ops import LOOP_AGE

EVERY_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 10.0
P99_SECONDS: Final = 0.5
WORST_SECONDS: Final = 2.0


class Prober:
    """Use it as a context manager around a test, or around all that share a Foothold.

    `assert_lively` then prints what was measured, and judges.
    """

    def __init__(self, url: str, name: str = "livez") -> None:
        self.name = name
        self.seconds: list[float] = []
        self.still = 0.0
        self.silent = 0
        self._address = urlsplit(url)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"prober-{name}", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; the last answer is waited for."""
        self._ended.set()
        self._thread.join(PATIENCE_SECONDS + 1)

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            began = time.monotonic()
            is_alive = self._ask()
            self.seconds.append(time.monotonic() - began)
            self.silent += not is_alive

    def _ask(self) -> bool:
        """On a connection of its own, as a supervisor's would be."""
        connection = http.client.HTTPConnection(
            self._address.hostname or "", self._address.port, timeout=PATIENCE_SECONDS
        )
        try:
            connection.request("GET", self._address.path)
            answer = connection.getresponse()
            self.still = max(self.still, float(answer.headers.get(LOOP_AGE, "0")))
            return answer.read() is not None
        except (OSError, http.client.HTTPException):
            return False
        finally:
            with contextlib.suppress(OSError):
                connection.close()

    @property
    def worst(self) -> float:
        """The longest anybody waited."""
        return max(self.seconds, default=0.0)

    @property
    def p99(self) -> float:
        """What 99 of 100 questions took at most."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else 0.0

    def __str__(self) -> str:
        """One line for people."""
        answers = (
            f"{len(self.seconds)} asked, {self.silent} unanswered, p99 {self.p99 * 1000:.0f} ms,"
            f" worst {self.worst * 1000:.0f} ms"
        )
        return f"{self.name}: {answers}, its loop at most {self.still:.1f} s old"

    def assert_lively(self, p99: float = P99_SECONDS, worst: float = WORST_SECONDS) -> None:
        """Whether it answered always, and soon."""
        print(self)
        assert self.seconds, "nothing was asked"
        assert self.silent == 0, str(self)
        assert self.p99 < p99, str(self)
        assert self.worst < worst, str(self)
