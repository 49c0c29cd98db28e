"""Keeps a service running: starts it, reads its log, starts it again when it ends.

Services are crash-only, so this is their doctor.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from deploy.errors import CannotStart

RESTART_SECONDS: Final = 0.3
STOP_SECONDS: Final = 10
LONGEST_PAUSE_SECONDS: Final = 5.0
QUICK_DEATHS: Final = 8
QUICK_SECONDS: Final = 5.0

Line = Callable[[str, str], None]


class Service:
    """One `python -m <module> <arguments>` that is started again until `stop`.

    One that never came to life is given up with its last words: a person waits for it. One that
    lived is started again for ever, ever less often: what it needs, such as its database, is away
    for a while.
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        environment: dict[str, str],
        log: Path,
        on_line: Line | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.starts = 0
        self.failure: str | None = None
        self._arguments = arguments
        self._environment = environment
        self._on_line = on_line
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The running process, if it runs at this moment."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Run it in the background from now on."""
        self._thread.start()

    def _keep(self) -> None:
        deaths, has_lived = 0, False
        while not self._stopping.is_set():
            started = time.monotonic()
            self._once()
            if self._stopping.is_set():
                return
            lived = time.monotonic() - started >= QUICK_SECONDS
            has_lived, deaths = has_lived or lived, 0 if lived else deaths + 1
            if deaths >= QUICK_DEATHS and not has_lived:
                self.failure = (
                    f"{self.name} ended {deaths} times right after its start; its log is {self.log}"
                )
                return
            self._stopping.wait(min(RESTART_SECONDS * max(deaths, 1), LONGEST_PAUSE_SECONDS))

    def _once(self) -> None:
        self.starts += 1
        with subprocess.Popen(
            [sys.executable, "-m", *self._arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            self._process = process
            if self._stopping.is_set():
                process.terminate()
            self._pump(process.stdout)

    def _pump(self, stream: IO[str] | None) -> None:
        with self.log.open("a", buffering=1) as log:
            for line in stream or ():
                log.write(line)
                if self._on_line is not None:
                    self._on_line(self.name, line.rstrip("\n"))

    def check(self) -> None:
        """Raise CannotStart when it was given up."""
        if self.failure is not None:
            raise CannotStart(self.failure + ".", f"It said last: {self.last_words()}")

    def last_words(self) -> str:
        """The last line of its log."""
        lines = (
            self.log.read_text(errors="replace").strip().splitlines() if self.log.is_file() else []
        )
        return "".join(lines[-1:])[:400]

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        self._stopping.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """End it within STOP_SECONDS, by force if need be."""
        self.ask_to_stop()
        process = self._process
        if process is not None:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
