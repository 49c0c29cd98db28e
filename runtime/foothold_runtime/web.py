"""Servers that strangers may reach.

They have limits on connections, on how long a request may take to arrive, and on its size.

uvicorn waits for the head of a first request as long as the other side likes, and takes as many
connections as the process has descriptors. Three hundred half-sent heads then silence a desk, and
everything else of the process that needs a descriptor.
"""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import h11
import uvicorn
from prometheus_client import CollectorRegistry, Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

BACKLOG: Final = 128
RESERVED: Final = 192
"""Descriptors kept for everything that is no connection of this door: broker, database, files, the
ops endpoint, and a burst that is turned away."""
FEWEST: Final = 32
TICK_SECONDS: Final = 1.0
BODY_IDLE_SECONDS: Final = 30.0
BODY_GRACE_SECONDS: Final = 60.0
BODY_BYTES_A_SECOND: Final = 256
"""What a body must bring on average once it has been coming for a minute."""
WRITE_IDLE_SECONDS: Final = 30.0
"""How long an answer waits for the other side to take more of it."""
READ_BYTES: Final = 16 * 1024
"""Read at once: what is in it is worked through before anybody else gets a turn."""
PIECES: Final = 500
PIECE_BYTES: Final = 16
"""After so many pieces, what one of a body must bring on average: a chunk costs the same whether it
holds a byte or a kilobyte."""
UNREAD_BYTES: Final = 64 * 1024 * 1024
"""Taken and thrown away of a body whose request was answered before its end: many programs read the
answer only once they have sent all of it, and a connection that is let go earlier takes the answer
with it."""
GRACEFUL_SECONDS: Final = 5

TOO_MANY: Final = "too_many"
SLOW_HEAD: Final = "slow_head"
SLOW_BODY: Final = "slow_body"
UNWANTED_BODY: Final = "unwanted_body"
SLOW_READER: Final = "slow_reader"
TINY_PIECES: Final = "tiny_pieces"
TWO_LENGTHS: Final = "two_lengths"
DROPPED: Final = (
    TOO_MANY,
    SLOW_HEAD,
    SLOW_BODY,
    UNWANTED_BODY,
    SLOW_READER,
    TINY_PIECES,
    TWO_LENGTHS,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one server.

    `dropped` is told of each connection that was let go, by one of DROPPED. `proxies`: whose
    X-Forwarded-For is believed.
    """

    connections: int = 512
    head_seconds: float = 10.0
    dropped: Callable[[str], None] | None = None
    proxies: tuple[str, ...] = ()

    @classmethod
    def of(cls, registry: CollectorRegistry, proxies: str) -> Self:
        """The usual limits of an outer door, counted.

        `proxies` with commas between, as the variable has them.
        """
        dropped = Counter(
            "foothold_connections_dropped_total",
            "Connections let go: there were too many, or their request came too slowly, or went on"
            " after its answer.",
            ["reason"],
            registry=registry,
        )
        for reason in DROPPED:
            dropped.labels(reason)
        believed = tuple(filter(None, (part.strip() for part in proxies.split(","))))
        return cls(dropped=lambda reason: dropped.labels(reason).inc(), proxies=believed)

    def within(self, descriptors: int) -> int:
        """So many connections at once, in a process that has so many descriptors."""
        return max(FEWEST, min(self.connections, descriptors - RESERVED))


class Server(uvicorn.Server):
    """A uvicorn that leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield

    def end(self) -> None:
        """Take no new requests, and end once those under way are answered."""
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raise OSError where the port is taken, before anything else has begun."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's name
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error
    return listener


def server(app: ASGIApp, limits: Limits) -> Server:
    """A quiet server with limits, to be run with `serve(sockets=[listen(…)])`.

    Our own log lines say what happened.
    """
    protocol = type("Limited", (_Limited,), {"limits": limits})
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="off",
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        server_header=False,
        proxy_headers=bool(limits.proxies),
        forwarded_allow_ips=list(limits.proxies),
    )
    return Server(config)


class _Limited(H11Protocol):
    """A connection that is let go when there are too many, or when its request comes too slowly."""

    limits: Limits

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._waits_since = self._heard_at = self._body_since = 0.0
        self._body_bytes = self._unread = self._unsent = self._pieces = self._piece_bytes = 0
        self._unsent_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]  # asyncio's own name for it; it reads 256 KiB at once otherwise
        next_event = self.conn.next_event
        self.conn.next_event = lambda: self._counted(next_event())  # type: ignore[method-assign]
        self._waits_since = self.loop.time()
        if len(self.connections) > self.limits.within(
            resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        ):
            self._drop(TOO_MANY)
            return
        self._timer = self.loop.call_later(TICK_SECONDS, self._tick)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        was_in_body = self.conn.their_state is h11.SEND_BODY
        super().data_received(data)
        if was_in_body:
            self._body_bytes += len(data)
            self._unread += len(data) if self.conn.our_state is h11.DONE else 0
            if self._unread > UNREAD_BYTES:
                self._drop(UNWANTED_BODY)
        elif self.conn.their_state is h11.SEND_BODY:
            self._body_since, self._body_bytes = self._heard_at, 0

    def _counted(self, event: Any) -> Any:  # noqa: ANN401 - h11's events
        """The event.

        Or none, and the connection is let go, where a body comes in pieces that cost more than they
        bring.

        Nor is a request taken that tells its length in two ways: a proxy before us may believe the
        other one, and take the rest for a request.
        """
        if isinstance(event, h11.Request):
            self._pieces = self._piece_bytes = 0
            if {b"content-length", b"transfer-encoding"} <= {name for name, _ in event.headers}:
                self._drop(TWO_LENGTHS)
                return h11.NEED_DATA
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self._piece_bytes += len(event.data)
            if self._pieces > PIECES and self._piece_bytes < self._pieces * PIECE_BYTES:
                self._drop(TINY_PIECES)
                return h11.NEED_DATA
        return event

    def on_response_complete(self) -> None:
        self._waits_since = self.loop.time()
        super().on_response_complete()

    def _tick(self) -> None:
        if self._takes_nothing(self.loop.time()):
            self._drop(SLOW_READER)
            return
        if self.transport.is_closing() and not self.transport.get_write_buffer_size():
            return
        if (reason := self._is_too_slow(self.loop.time())) is not None:
            self._drop(reason)
            return
        self._timer = self.loop.call_later(TICK_SECONDS, self._tick)

    def _takes_nothing(self, now: float) -> bool:
        """Whether an answer has been waiting for the other side to take any of it."""
        waiting = self.transport.get_write_buffer_size()
        if waiting == 0 or waiting != self._unsent:
            self._unsent, self._unsent_since = waiting, now
        return waiting > 0 and now - self._unsent_since > WRITE_IDLE_SECONDS

    def _is_too_slow(self, now: float) -> str | None:
        if self.conn.their_state is h11.IDLE:
            cycle: Any = self.cycle  # None before the first request, whatever uvicorn declares
            is_served = cycle is None or cycle.response_complete
            return (
                SLOW_HEAD
                if is_served and now - self._waits_since > self.limits.head_seconds
                else None
            )
        if self.conn.their_state is not h11.SEND_BODY or self.flow.read_paused:
            return None
        took = now - self._body_since
        is_trickle = took > BODY_GRACE_SECONDS and self._body_bytes < took * BODY_BYTES_A_SECOND
        return SLOW_BODY if is_trickle or now - self._heard_at > BODY_IDLE_SECONDS else None

    def _drop(self, reason: str) -> None:
        if self.limits.dropped is not None:
            self.limits.dropped(reason)
        self.transport.abort()


class BodyLimits:
    """Refuses a body larger than its route takes.

    It does so before the body is read where its length is given, else as soon as it is too long.

    `refuse` answers in the service's own words. `larger`: limits of paths, in bytes, other than the
    usual one; the longest path that begins the request's own counts.
    """

    def __init__(
        self, app: ASGIApp, refuse: ASGIApp, usual: int, larger: Mapping[str, int]
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._usual = usual
        self._larger = sorted(larger.items(), key=lambda pair: -len(pair[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a bounded body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        if _told_length(scope) > limit:
            await self._refuse(scope, receive, send)
            return
        body = _Bounded(receive, send, limit)
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.is_too_large:
                raise
        if body.is_too_large and not body.has_begun:
            await self._refuse(scope, receive, send)

    def _limit(self, path: str) -> int:
        return next((limit for start, limit in self._larger if path.startswith(start)), self._usual)


class _Bounded:
    """A body that ends, for the application, where it becomes too long.

    What the application then answers is not sent.
    """

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self.is_too_large = False
        self.has_begun = False
        self._receive = receive
        self._send = send
        self._left = limit

    async def receive(self) -> Message:
        """The next piece, or that the other side is gone."""
        if self.is_too_large:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self.is_too_large = self._left < 0
        return {"type": "http.disconnect"} if self.is_too_large else message

    async def send(self, message: Message) -> None:
        """Unless it answers a body that was cut."""
        if self.is_too_large and not self.has_begun:
            return
        self.has_begun = True
        await self._send(message)


def _told_length(scope: Scope) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(length) if length.isdigit() else 0
