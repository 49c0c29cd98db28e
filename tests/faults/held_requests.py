"""A proxy before the broker that keeps requests of transactions back.

It lets them go when they do harm.

Three things happen to a request of a transaction on a bad network, and a client cannot tell them
apart: it comes late (`late`), it comes and its answer is lost (`lost`), or all of it only takes
long (`slow`). What was kept back goes to the broker in a later transaction of the same producer:
right behind the first records of it, or before them, while the client believes that nothing is
under way.
"""

import asyncio
import contextlib
import random
import struct
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local.kafka import Kafka
from deploy.local.ports import LOOPBACK, free_port

PRODUCE: Final = 0
INIT_PRODUCER_ID: Final = 22
KINDS: Final = {
    24: "AddPartitionsToTxn",
    25: "AddOffsetsToTxn",
    26: "EndTxn",
    28: "TxnOffsetCommit",
}
ADD_PARTITIONS: Final = 24
END_TXN: Final = 26
WAYS: Final = ("late", "late", "lost", "slow")
SLOW_SECONDS: Final = 0.15


class ProxiedKafka(Kafka):
    """A broker with a second listener, at which clients are sent to the proxy's port."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, print)
        self.behind, self.proxy_port = free_port(), free_port()

    @property
    def proxied(self) -> str:
        """Where clients connect that are to suffer."""
        return f"{LOOPBACK}:{self.proxy_port}"

    def properties(self) -> dict[str, str]:
        """With the second listener."""
        own = super().properties()
        return own | {
            "listeners": f"{own['listeners']},PROXIED://{LOOPBACK}:{self.behind}",
            "advertised.listeners": f"{own['advertised.listeners']},PROXIED://{self.proxied}",
            "listener.security.protocol.map": (
                "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT"
            ),
            "inter.broker.listener.name": "PLAINTEXT",
        }


@dataclass(slots=True)
class Kept:
    """A request that was kept back, or one whose answer was lost.

    `ends`: transactions of its producer that ended or began anew since.
    """

    kind: int
    frame: bytes
    upstream: asyncio.StreamWriter
    before_records: bool
    ends: int = 0


@dataclass(slots=True)
class Held:
    """What became of requests, by kind and way; and what is kept, by transactional id."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    released: int = 0
    kept: dict[str, Kept] = field(default_factory=dict)


class Proxy:
    """A proxy that passes everything on, or keeps requests back while `is_armed`.

    While `is_armed` it keeps one request back for each transactional id that has none kept.

    `kinds`: what is drawn from.
    """

    def __init__(self, kafka: ProxiedKafka, chance: random.Random) -> None:
        self.held = Held()
        self.is_armed = False
        self.kinds: tuple[int, ...] = (END_TXN, *KINDS)
        self._kafka = kafka
        self._chance = chance
        self._kind: dict[str, int] = {}
        self._lost: set[tuple[int, int]] = set()
        self._upstreams: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Proxy"]:
        """Until the block ends."""
        server = await asyncio.start_server(self._serve, LOOPBACK, self._kafka.proxy_port)
        try:
            yield self
        finally:
            server.close()
            for upstream in list(self._upstreams):
                await self._close_upstream(upstream)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(LOOPBACK, self._kafka.behind)
        self._upstreams.add(up_writer)
        answers = asyncio.create_task(self._answers(up_reader, up_writer, writer))
        self._tasks.add(answers)
        try:
            await self._requests(reader, up_writer)
        finally:
            await _close(writer)
            if not any(kept.upstream is up_writer for kept in self.held.kept.values()):
                await self._close_upstream(up_writer)

    async def _close_upstream(self, upstream: asyncio.StreamWriter) -> None:
        self._upstreams.discard(upstream)
        await _close(upstream)

    async def _requests(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._pass(await _frame(reader), upstream)

    async def _answers(
        self,
        up_reader: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                frame = await _frame(up_reader)
                lost = (id(upstream), struct.unpack(">i", frame[4:8])[0])
                if lost in self._lost:
                    self._lost.discard(lost)
                    continue
                await _write(client, frame)
        client.close()

    async def _pass(self, frame: bytes, upstream: asyncio.StreamWriter) -> None:
        kind, name = _of(frame)
        if name is not None and name in self.held.kept:
            await self._maybe_release(kind, name, frame, upstream)
            return
        if name is not None and kind in KINDS and self.is_armed and self._is_chosen(kind, name):
            await self._keep(kind, name, frame, upstream)
            return
        await _write(upstream, frame)

    def _is_chosen(self, kind: int, name: str) -> bool:
        """Each producer's next request of a kind drawn for it."""
        if name not in self._kind:
            self._kind[name] = self._chance.choice(self.kinds)
        return kind == self._kind[name]

    async def _keep(
        self, kind: int, name: str, frame: bytes, upstream: asyncio.StreamWriter
    ) -> None:
        way = self._chance.choice(WAYS)
        del self._kind[name]
        self.held.counts[KINDS[kind], way] += 1
        if way == "slow":
            await asyncio.sleep(SLOW_SECONDS)
            await _write(upstream, frame)
            return
        self.held.kept[name] = Kept(kind, frame, upstream, self._chance.random() < 0.3)
        if way == "lost":
            self._lost.add((id(upstream), struct.unpack(">i", frame[8:12])[0]))
            await _write(upstream, frame)

    async def _maybe_release(
        self, kind: int, name: str, frame: bytes, upstream: asyncio.StreamWriter
    ) -> None:
        """In the transaction after the one it belonged to."""
        kept = self.held.kept[name]
        is_later = kept.ends > 0 and (kind in KINDS if kept.before_records else kind == PRODUCE)
        if is_later and kept.before_records:
            await self._release(name, kept, upstream)
        await _write(upstream, frame)
        if is_later and not kept.before_records:
            await asyncio.sleep(0.02)  # the broker has the records before it
            await self._release(name, kept, upstream)
        if kind in (END_TXN, INIT_PRODUCER_ID):
            kept.ends += 1

    async def _release(self, name: str, kept: Kept, upstream: asyncio.StreamWriter) -> None:
        del self.held.kept[name]
        self.held.released += 1
        with contextlib.suppress(ConnectionError):
            await _write(kept.upstream, kept.frame)
        await asyncio.sleep(0.02)  # it is there before the next request of this connection
        if kept.upstream is not upstream:
            await self._close_upstream(kept.upstream)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(struct.unpack(">i", head)[0])


async def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(frame)
    await writer.drain()


def _of(frame: bytes) -> tuple[int, str | None]:
    """The kind of a request, and the transactional id it begins with, if it is one that does."""
    kind = struct.unpack(">h", frame[4:6])[0]
    if kind not in (PRODUCE, INIT_PRODUCER_ID, *KINDS):
        return kind, None
    client = struct.unpack(">h", frame[12:14])[0]
    begin = 14 + max(client, 0)
    length = struct.unpack(">h", frame[begin : begin + 2])[0]
    return kind, frame[begin + 2 : begin + 2 + length].decode() if length > 0 else None
