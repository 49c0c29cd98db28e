"""Tests what people without an account can do to the desk.

They can do nothing that keeps those with one from their work.
"""

import asyncio
import contextlib
import json
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.local.ports import LOOPBACK
from deploy.local.stack import Stack
from tests.support.running.desk import Caseworker
from tests.support.running.sender import Sender, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

DESCRIPTORS = 256
HALF_OPEN = 300


def pid_of(stack: Stack, service: str) -> int:
    pid = stack.services[service].pid
    assert pid is not None
    return pid


def log_of(stack: Stack, service: str) -> Path:
    return stack.folder / "log" / f"{service}.jsonl"


def metric(stack: Stack, service: str, name: str) -> float:
    lines = httpx.get(f"{stack.ops_url(service)}/metrics", timeout=5).text.splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name
    )


@pytest.fixture
def caseworker(foothold: Stack, sender: Sender) -> Iterator[Caseworker]:
    with Caseworker(foothold, "caseworker", sender.passwords["caseworker"]) as worker:
        yield worker


async def test_forty_log_ins_at_once_keep_no_page_waiting(
    foothold: Stack, caseworker: Caseworker
) -> None:
    async with httpx.AsyncClient(base_url=foothold.inbox_url, timeout=30) as stranger:

        async def guess(n: int) -> int:
            return (
                await stranger.post("/login", data={"name": f"caseworker-{n}", "password": "guess"})
            ).status_code

        guesses = [asyncio.create_task(guess(n)) for n in range(40)]
        took = []
        while not all(task.done() for task in guesses):
            began = time.monotonic()
            page = await asyncio.to_thread(caseworker.client.get, "/login")
            took.append(time.monotonic() - began)
            assert page.status_code == httpx.codes.OK
        statuses = [task.result() for task in guesses]

    print(
        f"pages while 40 log-ins came: {len(took)}, slowest {max(took) * 1000:.0f} ms; answers"
        f" {sorted(set(statuses))}"
    )
    assert set(statuses) == {httpx.codes.UNAUTHORIZED, httpx.codes.TOO_MANY_REQUESTS}
    assert sorted(took)[len(took) // 2] < 0.3
    assert max(took) < 1.5


async def test_who_is_braked_is_told_for_how_long(foothold: Stack) -> None:
    async with httpx.AsyncClient(base_url=foothold.inbox_url, timeout=30) as stranger:
        answers = await asyncio.gather(
            *(stranger.post("/login", data={"name": "x", "password": "guess"}) for _ in range(12))
        )

    braked = [answer for answer in answers if answer.status_code == httpx.codes.TOO_MANY_REQUESTS]
    assert braked
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in braked)
    assert "请在" in braked[0].text


@pytest.mark.parametrize("service", ["alerts", "ingest"])
def test_half_open_heads_silence_neither_the_door_nor_the_ops_endpoint(
    foothold: Stack, service: str
) -> None:
    pid = pid_of(foothold, service)
    before, size = (
        resource.prlimit(pid, resource.RLIMIT_NOFILE),
        log_of(foothold, service).stat().st_size,
    )
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, before[1]))
    door = foothold.inbox_url if service == "alerts" else foothold.ingest_url
    port = int(door.rsplit(":", 1)[1])
    held: list[socket.socket] = []
    slowest = 0.0
    try:
        for _ in range(HALF_OPEN):
            head = socket.create_connection((LOOPBACK, port), 5)
            head.send(b"GET / HTTP/1.1\r\nhost: x\r\n")
            held.append(head)
        ends = time.monotonic() + 8
        while time.monotonic() < ends:
            began = time.monotonic()
            assert (
                httpx.get(f"{foothold.ops_url(service)}/livez", timeout=5).status_code
                == httpx.codes.OK
            )
            slowest = max(slowest, time.monotonic() - began)
            assert (
                httpx.get(f"{foothold.ops_url(service)}/readyz", timeout=5).status_code
                == httpx.codes.OK
            )
            time.sleep(0.2)
        page = "/login" if service == "alerts" else "/openapi.json"
        eventually(
            lambda: _is_served(f"{door}{page}"),
            "the door serves again once the heads were let go",
            20,
        )
    finally:
        for connection in held:
            connection.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    grown = log_of(foothold, service).stat().st_size - size

    print(
        f"{service}: {HALF_OPEN} half-open heads, ops slowest {slowest * 1000:.0f} ms, log grew by"
        f" {grown} bytes"
    )
    assert slowest < 2
    assert grown < 100_000
    assert psutil.Process(pid).num_fds() < DESCRIPTORS
    assert pid_of(foothold, service) == pid
    assert (
        metric(foothold, service, "foothold_connections_dropped_total") >= HALF_OPEN - DESCRIPTORS
    )


def _is_served(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def test_an_account_has_five_streams_and_its_sixth_page_polls(
    foothold: Stack, caseworker: Caseworker
) -> None:
    cookies = dict(caseworker.client.cookies)
    async with httpx.AsyncClient(
        base_url=foothold.inbox_url, cookies=cookies, timeout=10
    ) as client:
        streams = [
            await client.send(client.build_request("GET", "/live"), stream=True) for _ in range(7)
        ]
        statuses = [stream.status_code for stream in streams]
        for stream in streams:
            await stream.aclose()
        again = await asyncio.to_thread(
            eventually,
            lambda: _stream_status(foothold, cookies) == httpx.codes.OK,
            "closed ones make room",
            30,
        )

    assert statuses == [httpx.codes.OK] * 5 + [httpx.codes.NO_CONTENT] * 2
    assert again


def _stream_status(stack: Stack, cookies: dict[str, str]) -> int:
    with httpx.stream("GET", f"{stack.inbox_url}/live", cookies=cookies, timeout=5) as stream:
        return stream.status_code


@pytest.mark.parametrize("service", ["alerts", "ingest"])
def test_a_form_of_two_hundred_megabytes_is_refused_and_its_rest_not_taken(
    foothold: Stack, service: str
) -> None:
    door, path = (
        (foothold.inbox_url, "/login")
        if service == "alerts"
        else (foothold.ingest_url, "/console/sign-in")
    )
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield b"name=a&password="
        for _ in range(200):
            sent += 1
            yield b"x" * 1024 * 1024

    form = {"content-type": "application/x-www-form-urlencoded"}
    with contextlib.suppress(httpx.WriteError):  # it may hang up while we are still sending
        assert (
            httpx.post(f"{door}{path}", content=pieces(), headers=form, timeout=30).status_code
            == httpx.codes.REQUEST_ENTITY_TOO_LARGE
        )
    response = httpx.post(f"{door}{path}", content=b"x" * 3 * 1024 * 1024, headers=form, timeout=30)

    # 64 are taken and thrown away, so that the answer arrives; the rest never leaves the sender's
    # buffers.
    assert sent < 100
    assert response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


def test_a_page_that_fails_keeps_its_headers_and_says_so_as_json(
    foothold: Stack, caseworker: Caseworker
) -> None:
    before = log_of(foothold, "alerts").read_text(encoding="utf-8").count("\n")
    answer = caseworker.client.post("/login", data={"name": "a\x00b", "password": "guess"})
    lines = log_of(foothold, "alerts").read_text(encoding="utf-8").splitlines()[before:]

    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "name" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert all(isinstance(json.loads(line), dict) for line in lines)
