"""Chooses ports on the loopback address.

Parts get free ones, doors people type into a browser get the wanted ones.
"""

import contextlib
import os
import random
import socket
from typing import Final

from deploy.errors import CannotStart
from foothold_runtime.variables import MOST_PORTS

LOOPBACK = "127.0.0.1"
DOORS: Final = {
    "FOOTHOLD_INGEST_PORT": 8080,
    "FOOTHOLD_ALERTS_PORT": 8081,
    "FOOTHOLD_INGEST_OPS_PORT": 9101,
    "FOOTHOLD_RISK_OPS_PORT": 9102,
    "FOOTHOLD_ALERTS_OPS_PORT": 9103,
    "FOOTHOLD_REGIONS_OPS_PORT": 9104,
}
"""Variable -> where `make up` opens that door unless told otherwise; in the order of the stack's
`Ports`."""
PROMETHEUS: Final = ("FOOTHOLD_PROMETHEUS_PORT", 9090)
_OURS = (20_000, 32_000)
# not the seeded generator of a test run, which would choose the same ports again and again
_CHANCE = random.SystemRandom()
_GIVEN: set[int] = set()
"""Ports this process has given out: their servers may not listen yet."""


def free_port() -> int:
    """Return a port nobody uses.

    It is from below the range that outgoing connections are given, so that none takes it before its
    server starts.
    """
    while True:
        port = _CHANCE.randrange(*_OURS)
        if port in _GIVEN:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            _GIVEN.add(port)
            return port


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def configured_port(variable: str, default: int) -> int:
    """The port the variable names, else the default; CannotStart where it names none."""
    value = os.environ.get(variable) or str(default)
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MOST_PORTS):
        raise CannotStart(
            f"{variable}={value} is no port.",
            f"Give a number from 1 to {MOST_PORTS}, such as {variable}=18080, or leave it out.",
        )
    return int(value)


def require_free(port: int, variable: str) -> int:
    """The port, or CannotStart naming the variable that moves it."""
    if not is_free(port):
        raise CannotStart(
            f"Port {port} is taken.",
            f"End what listens there, or choose another: {variable}=18080 make up.",
        )
    return port
