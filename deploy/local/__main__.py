"""`python -m deploy.local up`: everything until Ctrl-C, one log stream, addresses printed.

`… watch`: Prometheus for it.
"""

import os
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Final

# platformdirs warns where no XDG_RUNTIME_DIR is set; its fall-back suits us
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from deploy.local.stack import Ports, Stack

from deploy.errors import CannotStart
from deploy.local.ports import DOORS, configured_port, require_free
from deploy.local.watch import watch
from deploy.local.welcome import adopt_shipped_policy, give_access

KAFKA: Final = "FOOTHOLD_KAFKA_PORT"
"""Left out, the broker takes a free port: only services ask for it."""


def up() -> None:
    """Run until SIGINT or SIGTERM."""
    Stack.refuse_second(folder := Path("var/up"))
    ports = {
        name: require_free(configured_port(name, default), name) for name, default in DOORS.items()
    }
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())

    def line(name: str, text: str) -> None:
        sys.stdout.write(f"{name:<8} {text}\n")

    kafka_port = configured_port(KAFKA, 9092) if os.environ.get(KAFKA) else None
    stack = Stack(
        folder,
        Ports(*ports.values()),
        day_clock="wall",
        kafka_port=kafka_port,
        say=line,
        on_line=line,
    )
    is_first = not (stack.folder / "access.json").is_file()
    with stack:
        sys.stdout.write(give_access(stack))
        if is_first:
            line("stack", f"adopted the shipped policy: {adopt_shipped_policy(stack)}")
        sys.stdout.flush()
        while not ended.wait(1):
            stack.check()
            stack.remember()
        line("stack", "stopping")


def main() -> None:
    """Say what went wrong in words, not in a traceback."""
    try:
        match sys.argv[1:]:
            case ["up"]:
                up()
            case ["watch", *more] if more in ([], ["--hurry"]):
                watch(hurry=bool(more))
            case _:
                sys.exit("usage: python -m deploy.local up | watch [--hurry]")
    except CannotStart as error:
        sys.exit(f"\nFoothold: {error}")


if __name__ == "__main__":
    main()
