"""The ops endpoint: metrics, liveness, readiness. Never reachable from outside."""

import contextlib
from collections.abc import Callable, Iterator

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    """A uvicorn that leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def server(app: ASGIApp, host: str, port: int) -> Server:
    """A quiet server; our own log lines say what happened."""
    return Server(uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=5))


def make_ops(registry: CollectorRegistry, is_ready: Callable[[], bool]) -> Starlette:
    """`/metrics` with what the process itself takes, `/livez` (the loop turns) and `/readyz` (work can be taken)."""
    ProcessCollector(registry=registry)

    def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def livez(_: Request) -> Response:
        return PlainTextResponse("alive")

    async def readyz(_: Request) -> Response:
        return PlainTextResponse("ready") if is_ready() else PlainTextResponse("not ready", status_code=503)

    return Starlette(routes=[Route("/metrics", metrics), Route("/livez", livez), Route("/readyz", readyz)])
