"""Shows as gauges what this process can reach.

That is the broker, the database, the other services, and the disks it can see.

Prometheus learns from `up` that a service does not answer, and nothing of what the service itself
misses. With these gauges a dead broker is one alert that names the broker, instead of one for each
service that waits for it.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry, Gauge

from foothold_runtime.broker import Broker
from foothold_runtime.loops import not_cancelled

EVERY_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 4.0

Check = Callable[[], Awaitable[bool]]

log = structlog.get_logger()


def kafka_checks(broker: Broker) -> dict[tuple[str, str], Check]:
    """Return one check for each address of the broker.

    A check asks whether a broker there answers which requests it knows, as the service's own name.
    """
    return {
        ("kafka", address): _kafka_check(broker, address) for address in broker.bootstrap.split(",")
    }


def _kafka_check(broker: Broker, address: str) -> Check:
    host, _, port = address.strip().rpartition(":")
    options = {name: value for name, value in broker.options.items() if name != "bootstrap_servers"}

    async def answers() -> bool:
        try:
            connection = await create_conn(
                host.strip("[]"),
                int(port),
                request_timeout_ms=int(ANSWER_SECONDS * 1000),
                **options,
            )
        except (KafkaError, OSError):
            return False
        connection.close()
        return True

    return answers


def peer_checks(peers: Mapping[str, str]) -> dict[tuple[str, str], Check]:
    """One for each other service, by the address of its ops endpoint."""
    return {("service", name): _peer_check(address) for name, address in peers.items()}


def _peer_check(address: str) -> Check:
    parts = urlsplit(address)

    async def answers() -> bool:
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            return False
        try:
            writer.write(
                f"GET /livez HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: close\r\n\r\n".encode()
            )
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()

    return answers


def named(text: str) -> dict[str, str]:
    """`kafka=/a,postgres=/b` by name, as variables have it."""
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


class Reach:
    """Looks every few seconds. A look that hangs counts as no answer."""

    def __init__(
        self,
        registry: CollectorRegistry,
        checks: Mapping[tuple[str, str], Check],
        folders: Mapping[str, str],
    ) -> None:
        self._checks = dict(checks)
        self._folders = {name: Path(path) for name, path in folders.items()}
        self._reachable = Gauge(
            "foothold_reachable",
            "1 while what this process needs answers it: kafka and postgres by address, other"
            " services by name.",
            ["part", "address"],
            registry=registry,
        )
        self._free = Gauge(
            "foothold_disk_free_bytes",
            "What is left of the disk a folder is on.",
            ["folder"],
            registry=registry,
        )
        self._size = Gauge(
            "foothold_disk_size_bytes",
            "The disk a folder is on, as a whole.",
            ["folder"],
            registry=registry,
        )

    async def run(self) -> None:
        """Look until cancelled."""
        while not_cancelled():
            await asyncio.gather(*(self._look(part, check) for part, check in self._checks.items()))
            await asyncio.to_thread(self._measure)
            await asyncio.sleep(EVERY_SECONDS)

    async def _look(self, part: tuple[str, str], check: Check) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                is_there = await check()
        except TimeoutError:
            is_there = False
        except Exception as error:  # noqa: BLE001 - whatever a client makes of half an answer, it is none
            log.warning("reach.odd_answer", part=part[0], error=type(error).__name__)
            is_there = False
        self._reachable.labels(*part).set(is_there)

    def _measure(self) -> None:
        for name, folder in self._folders.items():
            try:
                seen = os.statvfs(folder)
            except OSError:
                continue  # a folder that went away shows as a figure that no longer changes
            self._free.labels(name).set(seen.f_bavail * seen.f_frsize)
            self._size.labels(name).set(seen.f_blocks * seen.f_frsize)
