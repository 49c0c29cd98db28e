"""The ops endpoint: metrics, liveness, readiness.

On a thread and a loop of its own, so that it answers whatever the service suffers.

Never reachable from outside. `/livez` says whether the service's own loop turns: a beat in that
loop is no older than a restart is worth.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    ProcessCollector,
    generate_latest,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from foothold_runtime.loops import not_cancelled
from foothold_runtime.web import Limits, listen, server

BEAT_SECONDS: Final = 0.25
STILL_SECONDS: Final = 60.0
"""A loop that has not turned for so long does not come back by itself."""
CONNECTIONS: Final = 32
STARTED_BY: Final = "x-foothold-start"
LOOP_AGE: Final = "x-foothold-loop-age"
"""Seconds since the service's own loop turned, with every answer about its health."""

log = structlog.get_logger()


class Readiness:
    """Whether a service takes work; before it knows by what, it does not."""

    def __init__(self) -> None:
        self._ask: Callable[[], bool] = bool

    def is_by(self, ask: Callable[[], bool]) -> None:
        """From now on it is what this says."""
        self._ask = ask

    def asked(self) -> bool:
        """Whether it does at this moment."""
        return self._ask()


class OpsEndpoint:
    """Serves while `serve` runs.

    `is_ready` is asked on the endpoint's own thread, so it only looks at plain values. `start`: a
    word of whoever started this process, which every answer repeats; by it they know that no other
    program answers in its place.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        is_ready: Callable[[], bool],
        *,
        host: str,
        port: int,
        start: str = "",
    ) -> None:
        self._registry = registry
        self._is_ready = is_ready
        self._start = start
        self._beat = time.monotonic()
        self._age = Gauge(
            "foothold_loop_age_seconds",
            "How long ago the service's own loop turned last.",
            registry=registry,
        )
        self._age.set_function(self._age_of_beat)
        ProcessCollector(registry=registry)
        limits = Limits(connections=CONNECTIONS, head_seconds=5.0)
        self._sockets = [listen(host, port)]
        self._server = server(self._app(), limits)
        self._ended: asyncio.Future[None] | None = None

    def _app(self) -> Starlette:
        routes = {"/metrics": self._metrics, "/livez": self._livez, "/readyz": self._readyz}
        return Starlette(routes=[Route(path, answer) for path, answer in routes.items()])

    async def serve(self) -> None:
        """Run until `stop`, or until cancelled; raise what ended the thread."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        thread = threading.Thread(target=self._run, args=(loop,), name="ops", daemon=True)
        thread.start()
        try:
            while not_cancelled() and not self._ended.done():
                self._beat = time.monotonic()
                await asyncio.wait({self._ended}, timeout=BEAT_SECONDS)
            if self._ended.done():
                self._ended.result()
        finally:
            self.stop()

    def close(self) -> None:
        """Give up the address of an endpoint that was never served."""
        for listener in self._sockets:
            listener.close()

    def stop(self) -> None:
        """Ask it to end."""
        self._server.should_exit = True

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        error: BaseException | None = None
        try:
            asyncio.run(self._server.serve(sockets=self._sockets))
        except BaseException as raised:  # noqa: BLE001 - carried over to the service's loop, which raises it
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        if self._ended is None or self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)

    def _age_of_beat(self) -> float:
        return time.monotonic() - self._beat

    def _headers(self) -> dict[str, str]:
        started = {STARTED_BY: self._start} if self._start else {}
        return {**started, LOOP_AGE: f"{self._age_of_beat():.3f}"}

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _livez(self, _: Request) -> Response:
        is_alive = self._age_of_beat() < STILL_SECONDS
        return PlainTextResponse(
            "alive" if is_alive else "the loop stands still",
            200 if is_alive else 503,
            headers=self._headers(),
        )

    async def _readyz(self, _: Request) -> Response:
        is_ready = self._is_ready()
        return PlainTextResponse(
            "ready" if is_ready else "not ready", 200 if is_ready else 503, headers=self._headers()
        )
