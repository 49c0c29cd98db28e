"""Every Kafka client is started and stopped by the runtime, whole even when it is cancelled.

aiokafka's own start and stop leave a connection open when they are cut off half-way.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLS = {"start", "stop", "close"}
CLIENTS = ("consumer", "producer", "admin", "reader", "keyed", "broadcaster", "looker")


def cut_off(source: str) -> Iterator[int]:
    """Lines that await a client's own start or stop."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Await(value=ast.Call(func=ast.Attribute(value=receiver, attr=attr))) if (
                attr in CALLS and any(word in ast.unparse(receiver).lower() for word in CLIENTS)
            ):
                yield node.lineno


def test_no_kafka_client_is_started_or_stopped_by_hand() -> None:
    rooms = ("services", "runtime", "deploy")
    files = sorted(file for room in rooms for file in (ROOT / room).rglob("*.py"))

    assert len(files) > 100
    assert [
        f"{file.relative_to(ROOT)}:{line}"
        for file in files
        for line in cut_off(file.read_text(encoding="utf-8"))
    ] == []


def test_one_started_by_hand_is_noticed() -> None:
    source = "async def run(self):\n    await self._consumer.start()\n    await admin.close()\n"

    assert list(cut_off(source)) == [2, 3]


def test_the_runtimes_own_way_is_not() -> None:
    assert (
        list(cut_off("async def run(self):\n    await kafka_clients.start(self._consumer)\n")) == []
    )
