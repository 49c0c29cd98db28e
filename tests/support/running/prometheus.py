"""A real Prometheus beside a running Foothold, in a hurry.

It has the shipped rules, about seconds instead of minutes.
"""

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.stack import Stack
from deploy.local.watch import OPS_PORTS, command, write_configuration
from tests.support.running.sender import eventually

PATIENCE: Final = 180
"""Seconds: on a machine that does other things as well, 24,000 facts take their time."""


def on_screen(expression: str) -> str:
    """A dashboard's question, as Grafana would ask it of so quick a Prometheus."""
    return expression.replace("$__rate_interval", "15s")


class Prometheus:
    """Looks at each of the stack's processes every second. Use it as a context manager."""

    def __init__(self, stack: Stack, folder: Path, instances: Iterable[str]) -> None:
        self.port = free_port()
        self.seen: set[str] = set()
        self._folder = folder
        self._targets = {
            job: [
                stack.ops_url(name).removeprefix("http://")
                for name in instances
                if name.partition("-")[0] == job
            ]
            for job in OPS_PORTS
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it, and wait until it has looked once."""
        write_configuration(self._folder, self._targets, hurry=True)
        self._process = subprocess.Popen(
            command(self._folder, self.port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(lambda: self._is_there() and self.query("up"), "Prometheus has looked once")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def _is_there(self) -> bool:
        try:
            return httpx.get(f"http://{LOOPBACK}:{self.port}/-/ready").is_success
        except httpx.TransportError:
            return False

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - whatever the API says
        """The data of an answer that must be a success."""
        answer = httpx.get(
            f"http://{LOOPBACK}:{self.port}/api/v1/{path}", params=parameters, timeout=20
        )
        assert answer.is_success, (parameters, answer.text)
        return answer.json()["data"]

    def query(self, expression: str) -> list[Any]:
        """What the expression says now."""
        return list(self.ask("query", query=expression)["result"])

    def over(self, expression: str, began: float, seconds: int) -> list[Any]:
        """What it said in the seconds from then on, each second."""
        return list(
            self.ask(
                "query_range",
                query=expression,
                start=str(began),
                end=str(began + seconds),
                step="1",
            )["result"]
        )

    def firing(self) -> set[str]:
        """The alerts that are on at this moment."""
        return {
            alert["labels"]["alertname"]
            for alert in self.ask("alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def _fired(self) -> set[str]:
        return {
            sample["metric"]["alertname"]
            for sample in self.query('max_over_time(ALERTS{alertstate="firing"}[10s])')
        }

    def expect(self, *names: str) -> None:
        """These are on before long, if only for a moment."""
        eventually(
            lambda: set(names) <= self.firing() | self._fired(),
            f"{', '.join(names)} fires",
            PATIENCE,
        )
        print(f"{time.strftime('%X')} {', '.join(names)}")
        self.seen |= set(names)

    def expect_over(self, *names: str) -> None:
        """These are off again before long."""
        eventually(lambda: not set(names) & self.firing(), f"{', '.join(names)} is over", PATIENCE)
