"""A planted defect in risk's decisions, workers that die of it, and what is set aside.

On the test's broker.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.partitioner import DefaultPartitioner

import foothold_risk.messages.judge
import foothold_risk.rules.household.fold
import foothold_risk.worker.decide
from foothold_risk.defects import Defect
from foothold_risk.messages.judge import Subject, Verdict
from foothold_risk.metrics import Metrics
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.household.fold import Folded
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import Policy
from foothold_risk.worker.state import unpack
from foothold_risk.worker.trials import Trials
from foothold_risk.worker.worker import Worker
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.wire.codec import decode_output, encode
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason
from foothold_schemas.wire.retries import retry_headers
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS, HOUSEHOLD_FACTS, RISK_TRANSITIONS
from tests.support.ingest import SEAL
from tests.support.made.build import HOUSEHOLD, identity
from tests.support.risk import caught_up, quarantined, transactions_ended, worker, working
from tests.support.running.sender import read_topic

EVERY = list(range(EMBEDDED_PARTITIONS))
HOME = int(DefaultPartitioner()(HOUSEHOLD.encode(), EVERY, EVERY))


def neighbours(count: int) -> list[str]:
    """Other households of the same partition."""
    ids = (f"{n:032x}" for n in range(10_000))
    return [i for i in ids if DefaultPartitioner()(i.encode(), EVERY, EVERY) == HOME][:count]


OTHER, *_ = neighbours(1)


def of(household_id: str, record: FactRecord) -> FactRecord:
    """The same of another household."""
    return record.model_copy(
        update={
            "household_id": household_id,
            "fact_id": identity(f"{household_id} {record.fact_id}"),
        }
    )


@contextlib.contextmanager
def planted(
    monkeypatch: pytest.MonkeyPatch, *, fact: str = "", household: str = ""
) -> Iterator[None]:
    """A defect nobody has thought of: folding this fact, or judging this household, raises."""
    real_fold, real_judge = (
        foothold_risk.rules.household.fold.fold,
        foothold_risk.messages.judge.judge,
    )

    def fold(
        before: Household, record: FactRecord, *arguments: object, **named: object
    ) -> tuple[Household, Folded]:
        if record.fact_id == identity(fact):
            raise OverflowError("planted: 6000.00")
        return real_fold(before, record, *arguments, **named)  # type: ignore[arg-type]

    def judge(subject: Subject, control: Control, policy: Policy | None) -> Verdict:
        if subject.household_id == household:
            raise ZeroDivisionError("planted")
        return real_judge(subject, control, policy)

    with monkeypatch.context() as patch:
        patch.setattr(foothold_risk.worker.decide, "fold", fold)
        patch.setattr(foothold_risk.worker.decide, "judge", judge)
        yield


async def dies(broker: str) -> None:
    """A worker runs until a decision raised."""
    with pytest.raises(Defect, match="deciding raised"):
        await asyncio.wait_for(worker(broker).run(), 60)


@contextlib.asynccontextmanager
async def settled(broker: str, metrics: Metrics | None = None) -> AsyncIterator[Worker]:
    """A worker that has read everything.

    Where there was nothing to read, it may not have its partitions yet.
    """
    async with working(broker, metrics=metrics) as running:
        await caught_up(broker)
        async with asyncio.timeout(60):
            while len(running._lanes) < EMBEDDED_PARTITIONS:
                await asyncio.sleep(0.02)
        yield running


def homes(running: Worker) -> dict[str, Household]:
    owners = (lane.owner for lane in running._lanes.values())
    return {
        key.decode(): unpack(packed)
        for owner in owners
        for key, packed in owner.households._packed.items()
    }


async def aside(broker: str) -> list[Quarantined]:
    quarantine = await asyncio.to_thread(quarantined, broker)
    return sorted(
        (q for q in quarantine if q.reason is RefusalReason.UNPROCESSABLE),
        key=lambda q: (q.topic, q.offset),
    )


async def outputs(broker: str) -> list[object]:
    return [
        decode_output(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, RISK_TRANSITIONS.name)))
    ]


async def retry(broker: str, *records: Quarantined) -> None:
    """As `quarantine retry` writes them."""
    async with AIOKafkaProducer(
        bootstrap_servers=broker, enable_idempotence=True, acks="all"
    ) as producer:
        for record in records:
            kept = record.open(SEAL)
            await producer.send_and_wait(
                HOUSEHOLD_FACTS.name,
                kept.value,
                key=kept.key,
                partition=record.partition,
                headers=list(retry_headers(kept.headers, record.source_id)),
            )


async def append(broker: str, *records: FactRecord) -> None:
    """The next records of the households' partition, and nothing before them."""
    async with AIOKafkaProducer(
        bootstrap_servers=broker, enable_idempotence=True, acks="all"
    ) as producer:
        for record in records:
            await producer.send_and_wait(
                HOUSEHOLD_FACTS.name,
                encode(record),
                key=(record.household_id or "").encode(),
                partition=HOME,
            )


async def remembered_beside(broker: str) -> Trials:
    """What a successor would read."""
    await transactions_ended(broker, [HOME])
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets("risk")
    finally:
        await admin.close()
    return next(
        (Trials.read(o.metadata) for source, o in offsets.items() if source.partition == HOME),
        Trials(),
    )


def stands(household: Household) -> tuple[object, ...]:
    """Where it stands, without what its further bills left on it."""
    it = household.position
    return (
        it.number,
        it.episode,
        it.spell,
        it.status,
        it.group,
        it.is_lead,
        it.is_urgent,
        it.findings,
        it.causes,
    )
