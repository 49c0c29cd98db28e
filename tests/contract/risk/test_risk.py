"""Risk on a real broker: order, poison, restart, fencing.

What the worker promises, with nothing in between.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from foothold_risk.errors import MissingBundle
from foothold_risk.metrics import Metrics
from foothold_risk.worker.committing import Surroundings
from foothold_risk.worker.quarantine import Shelf
from foothold_risk.worker.restore import take_over
from foothold_risk.worker.state import unpack
from foothold_runtime.broker import Broker
from foothold_runtime.process.errors import WrongPartitions
from foothold_schemas.facts.decisions import CaseDecided, Decision
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import DayOpened, FeedHeard
from foothold_schemas.messages.transitions import DayDone, Judgement, Movement, Transition
from foothold_schemas.wire.codec import decode_output, encode
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.topics import (
    EMBEDDED_PARTITIONS,
    HOUSEHOLD_FACTS,
    HOUSEHOLD_STATE,
    RISK_TRANSITIONS,
)
from tests.support.ingest import SEAL
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    amending,
    claim,
    identity,
    income,
    record,
    registered,
)
from tests.support.risk import (
    ADOPTED,
    DAY,
    OPENED,
    RULES,
    await_transitions,
    broadcast,
    caught_up,
    quarantined,
    worker,
    working,
    write,
)
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


async def test_facts_before_the_first_day_only_fold_and_go_live_judges_everybody(
    broker: str,
) -> None:
    await write(broker, registered(), income("7000"), claim("6000"), ADOPTED)
    async with working(broker):
        await caught_up(broker)
        before = await await_transitions(broker, 0)
        await write(broker, OPENED)
        (entered,) = await await_transitions(broker, 1)
        outputs = [
            decode_output(m.value())
            for m in await asyncio.to_thread(
                lambda: list(read_topic(broker, RISK_TRANSITIONS.name))
            )
        ]

    assert before == []
    assert (Movement.ENTERED, identity("open")) == (entered.movement, entered.caused_by)
    done = {o.partition: o for o in outputs if isinstance(o, DayDone)}
    assert set(range(EMBEDDED_PARTITIONS)) == set(done)
    assert {area: count for o in done.values() for area, count in o.registered.items()} == {AREA: 1}


POISON = {
    "not JSON": ((HOUSEHOLD.encode(), b"{half a rec"), RefusalReason.NOT_JSON),
    "a tombstone": ((HOUSEHOLD.encode(), None), RefusalReason.NO_VALUE),
    "another format": ((HOUSEHOLD.encode(), b"\x00\x00\x00\x01avro"), RefusalReason.NOT_JSON),
    "an unknown kind": (
        (HOUSEHOLD.encode(), encode(claim("1")).replace(b"MedicalClaimSettled", b"MoonFell")),
        RefusalReason.UNKNOWN_KIND,
    ),
    "a number for an amount": (
        (HOUSEHOLD.encode(), encode(claim("1")).replace(b'"1.00"', b"1.0")),
        RefusalReason.INVALID_FIELD,
    ),
    "no key": ((None, encode(claim("1", "keyless"))), RefusalReason.WRONG_KEY),
    "another key": ((b"f" * 32, encode(claim("1", "odd-key"))), RefusalReason.WRONG_KEY),
    "too old": (
        (HOUSEHOLD.encode(), encode(claim("1", "old", day=date(2024, 4, 30)))),
        RefusalReason.TOO_OLD,
    ),
}


async def test_what_cannot_be_used_is_set_aside_whole_and_the_next_good_fact_is_judged(
    broker: str,
) -> None:
    await write(
        broker,
        ADOPTED,
        OPENED,
        registered(),
        income("7000"),
        *(pair for pair, _ in POISON.values()),
        claim("6000"),
    )
    async with working(broker):
        moves = await await_transitions(broker, 2)
        await caught_up(broker)

    assert [t.movement for t in moves] == [Movement.WATCHED, Movement.ENTERED]
    aside = sorted(await asyncio.to_thread(quarantined, broker), key=lambda q: q.offset)
    assert [(reason, *pair) for pair, reason in POISON.values()] == [
        (q.reason, q.open(SEAL).key, q.open(SEAL).value) for q in aside
    ]
    assert all(q.topic == HOUSEHOLD_FACTS.name and q.service == "risk" for q in aside)


async def test_a_repeat_and_the_same_bill_under_a_new_id_count_once(broker: str) -> None:
    bill = claim("3600", "bill")
    again = record(bill.data.model_copy(), "bill under a new id", agency="health-insurance")
    await write(
        broker,
        ADOPTED,
        OPENED,
        registered(),
        income("7000"),
        income("7000"),
        bill,
        bill,
        again,
        claim("3400", "another bill"),
    )
    async with working(broker):
        moves = await await_transitions(broker, 2)
        await caught_up(broker)

    assert (str(moves[-1].figures.net), str(moves[-1].figures.own_shares)) == ("7000.00", "7000.00")


async def test_another_body_under_a_known_id_is_set_aside_and_a_withdrawn_amendment_still_replaces(
    broker: str,
) -> None:
    chain = (
        amending(claim("4000", "c3"), "c2"),
        amending(claim("6000", "c2"), "c1"),
        claim("9000", "c1"),
    )
    await write(broker, registered(), income("7000"), ADOPTED, OPENED, *chain, claim("5000", "c3"))
    async with working(broker) as running:
        await caught_up(broker)
        (home,) = [
            unpack(p)
            for lane in running._lanes.values()
            for p in lane.owner.households._packed.values()
        ]
        aside = await asyncio.to_thread(quarantined, broker)

    assert [c.total for c in home.claims] == [400_000]
    assert [q.reason for q in aside if q.reason is not RefusalReason.NOT_JSON] == [
        RefusalReason.ID_REUSE
    ]


async def test_a_decision_that_cannot_hold_is_set_aside_with_what_is_missing_and_another_is_done(
    broker: str,
) -> None:
    def people(decision: Decision, name: str) -> FactRecord:
        return record(
            CaseDecided(decision=decision, decided_on=DAY), name, agency="foothold-operator"
        )

    decisions = [
        people(Decision.ELIMINATED, "too early"),
        people(Decision.IDENTIFIED, "identified"),
        people(Decision.ELIMINATED, "again too early"),
    ]
    await write(
        broker,
        ADOPTED,
        OPENED,
        registered(),
        income("7000"),
        claim("6000"),
        *decisions,
        income("90000", "more", item="more"),
        decisions[0],
    )
    async with working(broker):
        moves = await await_transitions(broker, 5)
        await caught_up(broker)

    outcomes = [(t.movement, t.is_identified, t.refused) for t in moves]
    assert outcomes[:3] == [
        (Movement.WATCHED, False, None),
        (Movement.ENTERED, False, None),
        (Movement.REFUSED, False, Decision.ELIMINATED),
    ]
    assert outcomes[3:] == [
        (Movement.REFUSED, True, Decision.ELIMINATED),
        (Movement.RECOVERING, True, None),
    ]
    assert moves[2].reason.zh.startswith("人工决定未生效")
    aside = sorted(await asyncio.to_thread(quarantined, broker), key=lambda q: q.offset)
    assert {RefusalReason.CONDITION_UNMET} == {q.reason for q in aside}
    assert [q.detail for q in aside] == ["eliminated: does_not_fit", "eliminated: does_not_fit"]


async def test_a_day_is_opened_once_in_order_and_a_gap_is_set_aside(broker: str) -> None:
    days = [
        broadcast(DayOpened(day=DAY + timedelta(days=n)), f"day {n} {k}")
        for k, n in enumerate((0, 1, 1, 0, 3, 2))
    ]
    await write(broker, *days)
    async with working(broker):
        await caught_up(broker)
        outputs = [
            decode_output(m.value())
            for m in await asyncio.to_thread(
                lambda: list(read_topic(broker, RISK_TRANSITIONS.name))
            )
        ]

    assert {0: 3} | dict.fromkeys(range(EMBEDDED_PARTITIONS), 3) == {
        p: len(list(d)) for p, d in _by_partition(outputs)
    }
    assert {RefusalReason.DAY_OUT_OF_ORDER} == {
        q.reason for q in await asyncio.to_thread(quarantined, broker)
    }


def _by_partition(
    outputs: Iterable[Transition | DayDone | Judgement],
) -> Iterable[tuple[int, list[date]]]:
    days_of: dict[int, list[date]] = {}
    for output in outputs:
        if isinstance(output, DayDone):
            days_of.setdefault(output.partition, []).append(output.day)
    for days in days_of.values():
        assert [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)] == days
    return days_of.items()


async def test_a_feed_that_speaks_late_lets_the_county_be_judged(broker: str) -> None:
    spoken = broadcast(
        FeedHeard(feed="IncomeReported", area=AREA[:6], through_month="2026-05"), "heard"
    )
    await write(broker, ADOPTED, OPENED, registered(), income("500", yearly=False), claim("6000"))
    async with working(broker):
        await caught_up(broker)
        before = await await_transitions(broker, 0)
        await write(broker, spoken)
        (entered,) = await await_transitions(broker, 1)

    assert before == []
    assert (Movement.ENTERED, identity("heard")) == (entered.movement, entered.caused_by)


async def test_after_a_restart_the_state_is_the_same_and_nothing_is_said_twice(broker: str) -> None:
    await write(broker, ADOPTED, OPENED, registered(), income("7000"), claim("6000"))
    async with working(broker) as first:
        await await_transitions(broker, 2)
        await caught_up(broker)
        before = {
            p.source: (dict(p.households._packed), p.households.control, dict(p.households._due_on))
            for p in (lane.owner for lane in first._lanes.values())
        }
    async with working(broker) as second:
        while not second.is_ready:
            await asyncio.sleep(0.05)
        after = {
            p.source: (dict(p.households._packed), p.households.control, dict(p.households._due_on))
            for p in (lane.owner for lane in second._lanes.values())
        }
        await write(broker, claim("1", "one more"))
        await caught_up(broker)
        moves = await await_transitions(broker, 2)

    assert before == after
    assert sum(len(state[0]) for state in after.values()) == 1
    assert [t.number for t in moves] == [1, 2]


async def test_who_takes_a_partition_over_fences_the_former_owner(broker: str) -> None:
    await write(broker, ADOPTED, OPENED, registered(), income("7000"), claim("6000"))
    metrics = Metrics(CollectorRegistry())
    async with AIOKafkaConsumer(
        bootstrap_servers=broker,
        group_id="risk",
        enable_auto_commit=False,
        isolation_level="read_committed",
    ) as consumer:
        source, records = await _household_records(broker, consumer)
        commits: list[TopicPartition] = []
        around = Surroundings(
            Broker(broker),
            EMBEDDED_PARTITIONS,
            {RULES.bundle: RULES},
            metrics,
            Shelf(SEAL, 100),
            commits.append,
        )
        paused = await take_over(source, around)
        successor = await take_over(source, around)
        await successor.work(records)
        with pytest.raises(KafkaError):
            await paused.work(records)
        with contextlib.suppress(KafkaError):
            await paused.producer.stop()
        await successor.producer.stop()

    assert [t.number for t in await await_transitions(broker, 2)] == [1, 2]
    assert commits  # each commit is progress the watchdog is told of


def told_of(metrics: Metrics) -> dict[str, set[str]]:
    """Which partitions each gauge speaks of."""
    partitions: dict[str, set[str]] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            if "partition" in sample.labels and family.type == "gauge":
                partitions.setdefault(family.name, set()).add(sample.labels["partition"])
    return partitions


async def test_of_a_partition_only_its_owner_tells(broker: str) -> None:
    await write(broker, ADOPTED, OPENED, registered())
    everything = {str(n) for n in range(EMBEDDED_PARTITIONS)}
    first, second = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    async with working(broker, metrics=first):
        await caught_up(broker)
        assert {frozenset(partitions) for partitions in told_of(first).values()} == {
            frozenset(everything)
        }
        async with working(broker, metrics=second):
            for _ in range(300):
                shares = [
                    told_of(running).get("foothold_risk_lag_records", set())
                    for running in (first, second)
                ]
                if (
                    all(shares)
                    and not shares[0] & shares[1]
                    and shares[0] | shares[1] == everything
                ):
                    break
                await asyncio.sleep(0.1)
            await write(broker, broadcast(DayOpened(day=DAY + timedelta(days=1)), "next"))
            await caught_up(broker)
            by_first, by_second = told_of(first), told_of(second)

    assert set(by_first) == {
        "foothold_risk_lag_records",
        "foothold_risk_registered_households",
        "foothold_risk_open_day_timestamp_seconds",
    } | {
        "foothold_risk_stopped_readers",
        "foothold_risk_households_not_judged",
        "foothold_risk_progress_timestamp_seconds",
    }
    for gauge, owned in by_first.items():
        assert owned
        assert by_second[gauge] == everything - owned, gauge


async def _household_records(
    broker: str, consumer: AIOKafkaConsumer
) -> tuple[TopicPartition, list[object]]:
    message = next(
        m
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name)))
        if m.value() == b"{probe"
    )
    source = TopicPartition(HOUSEHOLD_FACTS.name, message.partition())
    consumer.assign([source])
    consumer.seek(source, 0)
    end = (await consumer.end_offsets([source]))[source]
    records: list[object] = []
    while len(records) < end:
        for batch in (await consumer.getmany(timeout_ms=500)).values():
            records += batch
    return source, records


async def test_what_a_transaction_took_back_is_never_restored(broker: str) -> None:
    metrics = Metrics(CollectorRegistry())
    source = TopicPartition(HOUSEHOLD_FACTS.name, 0)
    async with AIOKafkaProducer(bootstrap_servers=broker, transactional_id="aborts") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(HOUSEHOLD_STATE.name, b"\x01never", key=b"a" * 32, partition=0)
        await producer.abort_transaction()
    around = Surroundings(
        Broker(broker), EMBEDDED_PARTITIONS, {}, metrics, Shelf(SEAL, 100), lambda _: None
    )
    owner = await asyncio.wait_for(take_over(source, around), 20)
    await owner.producer.stop()

    assert owner.households._packed == {}


async def test_a_bundle_the_worker_does_not_have_ends_it_with_its_name(broker: str) -> None:
    await write(broker, ADOPTED, OPENED, registered())

    with pytest.raises(MissingBundle, match=RULES.bundle):
        await asyncio.wait_for(worker(broker, bundles=()).run(), 30)


async def test_another_number_of_partitions_is_refused_with_the_reason(broker: str) -> None:
    with pytest.raises(WrongPartitions, match="has 8 partitions, FOOTHOLD_PARTITIONS says 9"):
        await asyncio.wait_for(worker(broker, partitions=9).run(), 30)
