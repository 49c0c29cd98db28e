"""A request of a transaction that comes late tears no later one (ADR 40).

A proxy holds, delays and repeats requests of risk's eight partitions and of ingest's broadcasts;
what stands in the topics afterwards is the judge. FOOTHOLD_HELD_REQUESTS lengthens the run (`make
test-faults`), FOOTHOLD_FAULT_SEED replays it.
"""

import asyncio
import contextlib
import gc
import os
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from prometheus_client import CollectorRegistry

import foothold_ingest.metrics
import foothold_risk.worker.lane
import foothold_risk.worker.restore
import foothold_runtime.kafka_clients
from deploy.kafka.topics import make_topics
from foothold_ingest.log.writer import Publisher, Unknown, fact_line
from foothold_risk.messages.judge import Subject, judge
from foothold_risk.messages.view import digest
from foothold_risk.rules.context.cause import cause_of
from foothold_risk.rules.context.control import Control, apply_broadcast
from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.household.household import Household
from foothold_risk.worker.state import is_household, unpack
from foothold_risk.worker.worker import Worker
from foothold_runtime import attempts
from foothold_runtime.broker import Broker
from foothold_schemas.facts.envelope import BroadcastRecord, FactRecord
from foothold_schemas.facts.facts import FeedHeard
from foothold_schemas.messages.transitions import Transition
from foothold_schemas.wire.codec import decode_fact, decode_output, decode_quarantined, encode
from foothold_schemas.wire.topics import (
    EMBEDDED_PARTITIONS,
    HOUSEHOLD_FACTS,
    HOUSEHOLD_STATE,
    HOUSEHOLD_VIEWS,
    QUARANTINE,
    RISK_TRANSITIONS,
)
from tests.faults.held_requests import ADD_PARTITIONS, END_TXN, KINDS, ProxiedKafka, Proxy
from tests.support.made.build import claim, identity, income, registered, retracted
from tests.support.risk import ADOPTED, OPENED, RULES, broadcast, transactions_ended, worker
from tests.support.running.parts import VAR
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(900)]

WANTED_HELD = int(os.environ.get("FOOTHOLD_HELD_REQUESTS", "60"))
SEED = int(os.environ.get("FOOTHOLD_FAULT_SEED", "20261125"))
MUTANT_HELD = 120
HOUSEHOLDS = 16
FACTS_A_ROUND = 24
ANSWER_MS = 600
ROUND_SECONDS = 12.0
PARTITIONS = [TopicPartition(HOUSEHOLD_FACTS.name, n) for n in range(EMBEDDED_PARTITIONS)]


@pytest.fixture(autouse=True)
def _small_and_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small transactions, and clients that soon take an answer for lost.

    Here nearly every start ends in its first transaction. That so many in a row set the record at
    hand aside is another promise, tested elsewhere.
    """
    monkeypatch.setattr(attempts, "DIED_IN_A_ROW", 10_000)
    monkeypatch.setattr(foothold_runtime.kafka_clients, "ANSWER_MS", ANSWER_MS)
    monkeypatch.setattr(foothold_risk.worker.lane, "MAX_BATCH", 3)
    monkeypatch.setattr(foothold_risk.worker.lane, "LINGER_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    """Collect what the clients that were given up leave behind.

    It goes here, and not while somebody else's module is being compiled.
    """
    yield
    gc.collect()


@contextlib.asynccontextmanager
async def proxied(seed: int) -> AsyncIterator[tuple[ProxiedKafka, Proxy]]:
    """A broker of its own behind a proxy."""
    VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="torn-", dir=VAR, ignore_cleanup_errors=True
    ) as temporary:
        kafka = ProxiedKafka(Path(temporary) / "kafka")
        try:
            await asyncio.to_thread(kafka.start)
            await asyncio.to_thread(make_topics, kafka.broker, EMBEDDED_PARTITIONS)
            async with Proxy(kafka, random.Random(seed)).serving() as proxy:  # noqa: S311 - to replay by
                yield kafka, proxy
        finally:
            await asyncio.to_thread(kafka.stop)


def of_household(number: int, fact: FactRecord) -> FactRecord:
    household_id = identity(f"household {number}")
    return fact.model_copy(
        update={"household_id": household_id, "fact_id": identity(f"{number} {fact.id}")}
    )


def life(number: int) -> list[FactRecord]:
    """A register entry and an income near the line."""
    return [of_household(number, registered()), of_household(number, income("7400"))]


def a_round(number: int, turn: int) -> list[FactRecord]:
    """Bills that bring the household into a group, each taken back: every fact moves it."""
    facts = []
    for n in range(FACTS_A_ROUND // 2):
        bill = of_household(number, claim("6000", f"bill-{turn}-{n}"))
        back = of_household(number, retracted(f"bill-{turn}-{n}", name=f"back-{turn}-{n}"))
        facts += [bill, back.model_copy(update={"withdraws": (bill.fact_id,)})]
    return facts


@dataclass
class County:
    """What was written, what pure rules make of it, and what was seen to be wrong."""

    kafka: ProxiedKafka
    log: dict[int, list[FactRecord | None]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    judged: int = 0

    async def write(self, facts: list[FactRecord]) -> None:
        """To the broker itself, in order."""
        async with AIOKafkaProducer(
            bootstrap_servers=self.kafka.bootstrap, enable_idempotence=True, acks="all"
        ) as producer:
            for fact in facts:
                if fact.household_id is None:
                    for n in range(EMBEDDED_PARTITIONS):
                        await producer.send(HOUSEHOLD_FACTS.name, encode(fact), partition=n)
                else:
                    await producer.send(
                        HOUSEHOLD_FACTS.name, encode(fact), key=fact.household_id.encode()
                    )
            await producer.flush()

    async def look(self) -> None:
        """Check that every batch is whole and no offset went back.

        In a whole batch state, transitions, views and offsets speak of the same facts.

        Nor is a record blamed for what the network did.
        """
        await transactions_ended(self.kafka.bootstrap)
        async with AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap, group_id="risk", enable_auto_commit=False
        ) as consumer:
            committed = {source: await consumer.committed(source) or 0 for source in PARTITIONS}
        self.wrong += [
            f"offset of {s.partition} went back"
            for s in PARTITIONS
            if committed[s] < self.committed.get(s, 0)
        ]
        self.committed = committed
        self.wrong += await asyncio.to_thread(self._compare)

    def _compare(self) -> list[str]:
        expected = self._judged()
        states = {
            m.key(): m.value() for m in self._read(HOUSEHOLD_STATE.name) if is_household(m.key())
        }
        views = {m.key(): m.value() for m in self._read(HOUSEHOLD_VIEWS.name)}
        numbers: dict[str, list[int]] = defaultdict(list)
        for message in self._read(RISK_TRANSITIONS.name):
            output = decode_output(message.value())
            if isinstance(output, Transition):
                numbers[output.household_id].append(output.number)
        wrong = [
            f"a record was set aside: {decode_quarantined(m.value()).detail}"
            for m in self._read(QUARANTINE.name)
        ]
        for household_id, (household, count) in expected.items():
            key = household_id.encode()
            state = unpack(states[key]) if key in states else Household()
            if numbers[household_id] != list(range(1, count + 1)):
                wrong.append(
                    f"{household_id[:6]}: transitions {numbers[household_id][-3:]} where there"
                    f" should be {count}"
                )
            if state != household:
                wrong.append(f"{household_id[:6]}: the state is not that of its facts")
            if digest(views.get(key) or b"") != household.view:
                wrong.append(f"{household_id[:6]}: the view is not that of its state")
        return wrong

    def _read(self, topic: str) -> list[Any]:
        return list(read_topic(self.kafka.bootstrap, topic))

    def _judged(self) -> dict[str, tuple[Household, int]]:
        """Return each household and the number of its transitions.

        They are of the facts before its partition's committed offset.
        """
        households: dict[str, tuple[Household, int]] = {}
        controls: dict[int, Control] = defaultdict(Control)
        for message in sorted(
            self._read(HOUSEHOLD_FACTS.name), key=lambda m: (m.partition(), m.offset())
        ):
            partition = message.partition()
            if message.offset() >= self.committed[TopicPartition(HOUSEHOLD_FACTS.name, partition)]:
                continue
            fact = decode_fact(message.value())
            if isinstance(fact, BroadcastRecord):
                controls[partition] = (
                    apply_broadcast(controls[partition], fact) or controls[partition]
                )
                continue
            self.judged += 1
            before, count = households.get(fact.household_id, (Household(), 0))
            folded, outcome = fold(before, fact, fact.data, controls[partition].open_day)
            judged = judge(
                Subject(
                    fact.household_id,
                    folded,
                    cause_of(fact, is_correction=outcome is Folded.REPLACED),
                    None,
                    before,
                ),
                controls[partition],
                RULES,
            )
            households[fact.household_id] = (judged.household, count + len(judged.transitions))
        return households


async def until_it_dies_or_is_done(kafka: ProxiedKafka, running: Worker) -> bool:
    """Run a worker; whether it ended by itself."""
    task = asyncio.create_task(running.run())
    ends = time.monotonic() + ROUND_SECONDS
    try:
        while not task.done() and time.monotonic() < ends:
            await asyncio.sleep(0.1)
            if await is_caught_up(kafka):
                break
        return task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def is_caught_up(kafka: ProxiedKafka) -> bool:
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id="risk", enable_auto_commit=False
    ) as consumer:
        ends = await consumer.end_offsets(PARTITIONS)
        return all([(await consumer.committed(source) or 0) >= end for source, end in ends.items()])


async def suffer(seed: int, held: int) -> tuple[Counter[tuple[str, str]], int, int, County]:
    """Rounds of facts while requests are kept back, until so many were; then a round in peace."""
    async with proxied(seed) as (kafka, proxy):
        county, deaths, turn = County(kafka), 0, 0
        await county.write(
            [ADOPTED, OPENED, *(fact for n in range(HOUSEHOLDS) for fact in life(n))]
        )
        while proxy.held.counts.total() < held:
            await county.write(
                [
                    fact
                    for facts in zip(*(a_round(n, turn) for n in range(HOUSEHOLDS)), strict=True)
                    for fact in facts
                ]
            )
            proxy.is_armed = True
            deaths += await until_it_dies_or_is_done(kafka, worker(kafka.proxied))
            proxy.is_armed = False
            turn += 1
            if county.wrong:
                break
            if turn % 5 == 0:
                await county.look()
        for _ in range(5):
            if not await until_it_dies_or_is_done(kafka, worker(kafka.proxied)):
                break
        await county.look()
    return proxy.held.counts, proxy.held.released, deaths, county


async def test_every_batch_is_whole_though_requests_are_held_delayed_and_repeated() -> None:
    began = time.monotonic()
    counts, released, deaths, county = await suffer(SEED, WANTED_HELD)

    summary = ", ".join(f"{kind} {way} {many}" for (kind, way), many in sorted(counts.items()))
    print(
        f"held {counts.total()} ({summary}), {released} released later, {deaths} workers ended,"
        f" {time.monotonic() - began:.0f} s, seed {SEED}"
    )
    assert county.wrong == []
    assert county.judged > 0
    assert counts.total() >= WANTED_HELD
    assert {kind for kind, _ in counts} == set(KINDS.values())
    assert released > counts.total() // 4


@pytest.mark.long  # shows that the test above can fail
async def test_a_producer_that_sends_again_tears_a_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant without the guard is caught: else the test above proves nothing."""
    monkeypatch.setattr(foothold_runtime.kafka_clients, "_once", lambda send, _: send)
    counts, released, _, county = await suffer(SEED, MUTANT_HELD)

    print(
        f"without the guard: {county.wrong[:3]} after {counts.total()} held and {released} released"
    )
    assert county.wrong != []


async def broadcast_through(kafka: ProxiedKafka, names: list[str]) -> list[str]:
    """Say each to everybody, as often as it takes, with a new publisher after each that broke.

    Return those that were confirmed.
    """
    confirmed, publisher = [], None
    for name in names:
        fact = fact_line(
            broadcast(
                FeedHeard(feed="IncomeReported", area="370399", through_month="2026-05"), name
            )
        )
        for _ in range(20):
            if publisher is None:
                metrics = foothold_ingest.metrics.Metrics(CollectorRegistry())
                publisher = Publisher(
                    broker=Broker(kafka.proxied),
                    instance="torn",
                    partitions=EMBEDDED_PARTITIONS,
                    max_in_flight=100,
                    send_seconds=2.0,
                    metrics=metrics,
                )
                await publisher.start()
            try:
                await publisher.broadcast([fact])
            except Unknown:
                continue
            confirmed.append(name)
            break
    if publisher is not None:
        await publisher.stop()
    return confirmed


async def test_a_fact_for_everybody_is_everywhere_or_nowhere() -> None:
    names = [f"feed-{n}" for n in range(30)]
    async with proxied(SEED) as (kafka, proxy):
        proxy.kinds, proxy.is_armed = (ADD_PARTITIONS, END_TXN), True
        confirmed = await broadcast_through(kafka, names)
        proxy.is_armed = False
        await broadcast_through(kafka, ["last"])
        where: dict[str, list[int]] = defaultdict(list)
        for message in await asyncio.to_thread(
            lambda: list(read_topic(kafka.bootstrap, HOUSEHOLD_FACTS.name))
        ):
            where[decode_fact(message.value()).id].append(message.partition())
        print(
            f"{len(confirmed)} broadcasts, {proxy.held.counts.total()} requests held,"
            f" {proxy.held.released} released"
        )

    assert confirmed == names
    assert {name: sorted(Counter(copies)) for name, copies in where.items()} == {
        name: list(range(EMBEDDED_PARTITIONS)) for name in [*names, "last"]
    }
    assert [name for name, copies in where.items() if len(set(Counter(copies).values())) > 1] == []
    assert proxy.held.counts.total() >= 10
