"""Tests a door with limits, and an ops endpoint beside.

The limits are for too many connections, heads and bodies that never come to an end, and bodies that
are too large.
"""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploy.local.ports import LOOPBACK, free_port
from foothold_runtime import ops as ops_module
from foothold_runtime import web
from foothold_runtime.loops import LoopErrors
from foothold_runtime.ops import STARTED_BY, OpsEndpoint
from foothold_runtime.web import (
    SLOW_BODY,
    SLOW_HEAD,
    SLOW_READER,
    TINY_PIECES,
    TOO_MANY,
    TWO_LENGTHS,
    UNWANTED_BODY,
    BodyLimits,
    Limits,
    listen,
    server,
)

pytestmark = pytest.mark.timeout(60)


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


_refused = PlainTextResponse("too large", status_code=413)
APP = Starlette(
    routes=[Route(path, _length, methods=["GET", "POST"]) for path in ("/small", "/files")]
)


@contextlib.asynccontextmanager
async def door(limits: Limits) -> AsyncIterator[int]:
    port = free_port()
    serving = server(BodyLimits(APP, _refused, 1_000, {"/files": 10_000}), limits)
    task = asyncio.create_task(serving.serve(sockets=[listen(LOOPBACK, port)]))
    try:
        while not serving.started:
            await asyncio.sleep(0.01)
        yield port
    finally:
        serving.should_exit = True
        await task


async def opened(port: int, *first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    for piece in first:
        writer.write(piece)
    return reader, writer


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def seconds_until_dropped(port: int, first: bytes, drip: bytes = b"") -> float:
    """Until the other side lets go, while `drip` is sent ten times a second."""
    reader, writer = await opened(port, first)
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - began < 30:
            try:
                async with asyncio.timeout(0.1):
                    if not await reader.read(100):
                        break
            except TimeoutError:
                writer.write(drip)
    await closed(writer)
    return time.monotonic() - began


@pytest.mark.parametrize("first", [b"", b"GET /small HTTP/1.1\r\nhost: x\r\n", b"G"])
@pytest.mark.parametrize("drip", [b"", b"x"])
async def test_a_head_that_does_not_come_to_an_end_is_let_go(first: bytes, drip: bytes) -> None:
    dropped: Counter[str] = Counter()
    limits = Limits(head_seconds=1.0, dropped=lambda reason: dropped.update([reason]))
    async with door(limits) as port:
        took = await seconds_until_dropped(port, first, drip)

    assert 0.9 < took < 4
    assert dropped == {SLOW_HEAD: 1}


async def test_a_second_head_on_a_kept_connection_has_no_longer() -> None:
    whole = b"GET /small HTTP/1.1\r\nhost: x\r\n\r\n"
    async with door(Limits(head_seconds=1.0)) as port:
        took = await seconds_until_dropped(port, whole + b"GET /small", b"x")

    assert took < 4


async def test_a_body_that_does_not_come_to_an_end_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web, "BODY_IDLE_SECONDS", 1.0)
    dropped: Counter[str] = Counter()
    head = b"POST /small HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\nbegun"
    async with door(Limits(dropped=lambda reason: dropped.update([reason]))) as port:
        idle = await seconds_until_dropped(port, head)
        monkeypatch.setattr(web, "BODY_GRACE_SECONDS", 2.0)
        trickle = await seconds_until_dropped(port, head, b"x")

    assert idle < 4
    assert 1.9 < trickle < 5
    assert dropped == {SLOW_BODY: 2}


@pytest.mark.parametrize("path", ["/small", "/files", "/nowhere"])
async def test_a_body_in_pieces_of_a_byte_is_let_go_and_others_are_served_meanwhile(
    path: str,
) -> None:
    dropped: Counter[str] = Counter()
    async with (
        door(Limits(dropped=lambda reason: dropped.update([reason]))) as port,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as client,
    ):
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        began = time.monotonic()
        for _ in range(10):
            _, writer = await opened(port, head)
            with contextlib.suppress(ConnectionError):
                for _ in range(20):
                    writer.write(b"1\r\nx\r\n" * 10_000)
                    await writer.drain()
            await closed(writer)
            assert (await client.post("/small", content=b"x")).status_code == 200
        took = time.monotonic() - began

    assert dropped[TINY_PIECES] == 10
    assert took < 5


async def test_a_request_of_two_lengths_is_let_go_unanswered() -> None:
    dropped: Counter[str] = Counter()
    async with door(Limits(dropped=lambda reason: dropped.update([reason]))) as port:
        head = (
            b"POST /small HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding:"
            b" chunked\r\n\r\n"
        )
        reader, writer = await opened(port, head, b"1\r\nx\r\n0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        await closed(writer)

    assert dropped[TWO_LENGTHS] == 1


async def test_a_body_in_pieces_of_a_line_is_taken() -> None:
    async def lines() -> AsyncIterator[bytes]:
        for n in range(300):
            yield f"{n},370399,V-{n}\r\n".encode()

    async with (
        door(Limits()) as port,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as client,
    ):
        assert (await client.post("/files", content=lines())).status_code == 200


async def test_who_takes_nothing_of_an_answer_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "WRITE_IDLE_SECONDS", 1.0)

    async def large(_: Request) -> Response:
        return PlainTextResponse("x" * 20_000_000)

    dropped: Counter[str] = Counter()
    port = free_port()
    serving = server(
        Starlette(routes=[Route("/", large)]),
        Limits(dropped=lambda reason: dropped.update([reason])),
    )
    task = asyncio.create_task(serving.serve(sockets=[listen(LOOPBACK, port)]))
    _, writer = await opened(port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    for _ in range(100):
        if dropped:
            break
        await asyncio.sleep(0.1)
    await closed(writer)
    serving.should_exit = True
    await task

    assert dropped == {SLOW_READER: 1}


async def test_a_request_that_takes_long_to_answer_is_no_slow_request() -> None:
    async def slow(_: Request) -> Response:
        await asyncio.sleep(2.5)
        return PlainTextResponse("done")

    port = free_port()
    serving = server(Starlette(routes=[Route("/", slow)]), Limits(head_seconds=1.0))
    task = asyncio.create_task(serving.serve(sockets=[listen(LOOPBACK, port)]))
    async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=10) as client:
        answer = await client.get("/")
    serving.should_exit = True
    await task

    assert answer.text == "done"


async def test_connections_beyond_the_limit_are_let_go_and_the_others_are_served() -> None:
    dropped: Counter[str] = Counter()
    async with door(
        Limits(connections=40, dropped=lambda reason: dropped.update([reason]))
    ) as port:
        held = [await opened(port, b"GET /small HTTP/1.1\r\nhost: x\r\n") for _ in range(100)]
        await asyncio.sleep(0.2)
        for _, writer in held:
            writer.write(b"\r\n")
        answers = await asyncio.gather(
            *(reader.read(15) for reader, _ in held), return_exceptions=True
        )
        for _, writer in held:
            await closed(writer)

    assert sum(answer == b"HTTP/1.1 200 OK" for answer in answers) == 40
    assert dropped == {TOO_MANY: 60}


@pytest.mark.parametrize(
    ("descriptors", "most"), [(256, 64), (1_024, 512), (100, web.FEWEST), (65_536, 512)]
)
def test_a_process_keeps_descriptors_for_everything_else(descriptors: int, most: int) -> None:
    assert Limits().within(descriptors) == most


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/small", 1_000, 200),
        ("/small", 1_001, 413),
        ("/files", 10_000, 200),
        ("/files", 10_001, 413),
    ],
)
@pytest.mark.parametrize("has_length", [True, False], ids=["told its length", "in pieces"])
async def test_a_body_is_as_large_as_its_route_takes(
    path: str, size: int, status: int, *, has_length: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 100):
            yield b"x" * min(100, size - start)

    async with (
        door(Limits()) as port,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as client,
    ):
        answer = await client.post(path, content=b"x" * size if has_length else pieces())

    assert answer.status_code == status


async def test_who_reads_only_after_the_whole_body_is_sent_reads_why_it_was_refused() -> None:
    size = 20_000_000
    async with door(Limits()) as port:
        reader, writer = await opened(
            port, f"POST /small HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n".encode()
        )
        for _ in range(20):
            writer.write(bytes(size // 20))
            await writer.drain()
        answer = await reader.readuntil(b"\r\n")
        await closed(writer)

    assert answer == b"HTTP/1.1 413 Request Entity Too Large\r\n"


async def test_a_refused_body_that_goes_on_for_ever_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web, "UNREAD_BYTES", 1_000_000)
    dropped: Counter[str] = Counter()
    async with door(Limits(dropped=lambda reason: dropped.update([reason]))) as port:
        _, writer = await opened(
            port, b"POST /small HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000000\r\n\r\n"
        )
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(bytes(100_000))
                await writer.drain()
        await closed(writer)

    assert dropped == {UNWANTED_BODY: 1}


def test_a_taken_port_is_said_at_once_with_its_number() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"{LOOPBACK}:{port}"):
            listen(LOOPBACK, port)


@contextlib.asynccontextmanager
async def endpoint(registry: CollectorRegistry, start: str = "") -> AsyncIterator[str]:
    port = free_port()
    ops = OpsEndpoint(registry, lambda: True, host=LOOPBACK, port=port, start=start)
    task = asyncio.create_task(ops.serve())
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        ops.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def asked(url: str, path: str) -> httpx.Response:
    for _ in range(200):
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(url + path, timeout=5)
        time.sleep(0.01)
    raise AssertionError("nobody answers")


async def test_the_ops_endpoint_answers_while_the_services_loop_stands_still() -> None:
    async with endpoint(CollectorRegistry()) as url:
        await asyncio.to_thread(asked, url, "/livez")
        await asyncio.sleep(0.3)
        began = time.monotonic()
        alive = asked(url, "/livez")  # this very call keeps the loop still
        took = time.monotonic() - began
        time.sleep(0.7)  # noqa: ASYNC251 - as a computation would
        age = float(
            next(
                line
                for line in asked(url, "/metrics").text.splitlines()
                if line.startswith("foothold_loop_age_seconds")
            ).split()[1]
        )

    assert (alive.status_code, alive.text) == (200, "alive")
    assert took < 0.5
    assert 0.5 < age < 5


async def test_a_loop_that_does_not_turn_any_more_is_not_called_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ops_module, "STILL_SECONDS", 0.5)
    async with endpoint(CollectorRegistry()) as url:
        turning = await asyncio.to_thread(asked, url, "/livez")
        time.sleep(0.8)  # noqa: ASYNC251 - as a computation would
        still = asked(url, "/livez")

    assert (turning.status_code, still.status_code) == (200, 503)


async def test_whoever_started_a_service_knows_that_it_answers_itself() -> None:
    async with endpoint(CollectorRegistry(), "morning-7") as url:
        answer = await asyncio.to_thread(asked, url, "/readyz")

    assert (answer.text, answer.headers[STARTED_BY]) == ("ready", "morning-7")


def test_errors_of_the_loop_are_counted_each_and_logged_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    registry = CollectorRegistry()
    errors = LoopErrors(registry)
    loop = asyncio.new_event_loop()
    errors.watch(loop)
    for n in range(1_000):
        loop.call_exception_handler(
            {
                "message": "socket.accept() out of system resource",
                "exception": OSError(24, "Too many open files"),
            }
        )
        if n == 500:
            loop.call_exception_handler({"message": "something else"})
    loop.close()

    assert registry.get_sample_value("foothold_loop_errors_total") == 1_001
    assert capsys.readouterr().out.count("loop.error") == 2
