"""A port that another program takes between look and start is named, whoever answers there."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.errors import CannotStart
from deploy.local.ports import LOOPBACK
from deploy.local.stack import Ports, Stack
from tests.support.running.parts import VAR

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]


class Agreeable(BaseHTTPRequestHandler):
    """Says that it is ready, whatever it is asked."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ready")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def stranger() -> Iterator[int]:
    server = ThreadingHTTPServer((LOOPBACK, 0), Agreeable)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("taken", "says", "do"),
    [
        ("risk_ops", "where risk should be", "FOOTHOLD_RISK_OPS_PORT"),
        pytest.param(
            "ingest_ops",
            "where ingest should be",
            "FOOTHOLD_INGEST_OPS_PORT",
            marks=pytest.mark.long,
        ),
        pytest.param("ingest", "ingest", "another program has its address", marks=pytest.mark.long),
    ],
)
def test_a_port_somebody_else_took_meanwhile_is_named_and_nobody_is_called_ready(
    taken: str, says: str, do: str
) -> None:
    VAR.mkdir(parents=True, exist_ok=True)
    messages: list[str] = []
    with (
        tempfile.TemporaryDirectory(
            prefix="taken-", dir=VAR, ignore_cleanup_errors=True
        ) as temporary,
        stranger() as port,
    ):
        stack = Stack(
            Path(temporary),
            replace(Ports.free(), **{taken: port}),
            day_clock="manual",
            say=lambda _, text: messages.append(text),
        )
        with pytest.raises(CannotStart) as error, stack:
            pass

    assert says in error.value.what
    assert do in error.value.remedy
    assert f"{taken.partition('_')[0]} is ready" not in messages
