"""Runs alerts with a loop that can be brought to a stand: `python -m tests.faults.still serve`.

STILL_FLAG  a file; once it is there it is taken away, and what it says happens: `still` keeps the
loop from turning for STILL_SECONDS, `errors` brings errors nobody waits for
"""

import asyncio
import os
import threading
import time
from pathlib import Path

import foothold_alerts.__main__
from foothold_runtime.loops import LoopErrors

STILL_SECONDS = 40
ERRORS = 60


def obey(loop: asyncio.AbstractEventLoop, flag: Path) -> None:
    """Look at the flag until the process ends."""
    while True:
        time.sleep(0.1)
        if not flag.is_file():
            continue
        order = flag.read_text(encoding="utf-8")
        flag.unlink()
        if order == "still":
            loop.call_soon_threadsafe(time.sleep, STILL_SECONDS)
        for _ in range(ERRORS if order == "errors" else 0):
            loop.call_soon_threadsafe(loop.call_exception_handler, {"message": "planted"})


def main() -> None:
    """Hang on to the loop, then serve as alerts does."""
    flag, real = Path(os.environ["STILL_FLAG"]), LoopErrors.watch

    def watch(self: LoopErrors, loop: asyncio.AbstractEventLoop) -> None:
        real(self, loop)
        threading.Thread(target=obey, args=(loop, flag), daemon=True).start()

    LoopErrors.watch = watch  # type: ignore[method-assign]  # the plant
    foothold_alerts.__main__.main()


if __name__ == "__main__":
    main()
