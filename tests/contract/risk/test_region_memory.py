"""What the region windows remember of signals that raised, and that they say that they turn.

On a real broker.
"""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry

import foothold_risk.regions.agent
from foothold_risk.metrics import RegionMetrics
from foothold_risk.regions.agent import Regions
from foothold_risk.regions.trials import GROUP_ID, SignalTrials, load, save
from foothold_runtime.broker import Broker
from foothold_schemas.wire.topics import AREA_SIGNALS, EMBEDDED_PARTITIONS
from tests.support.ingest import SEAL

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

SOURCE = TopicPartition(AREA_SIGNALS.name, 0)
ASIDE = SignalTrials(aside=(0,))


def regions_on(broker: str) -> Regions:
    metrics = RegionMetrics(CollectorRegistry())
    return Regions(
        broker=Broker(broker),
        instance="regions-a",
        partitions=EMBEDDED_PARTITIONS,
        policies={},
        metrics=metrics,
        seal=SEAL,
    )


async def signals(broker: str, count: int) -> list[SimpleNamespace]:
    """Records as Faust hands them over; each was set aside, so that nothing is decided."""
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        sent = [
            await producer.send_and_wait(AREA_SIGNALS.name, b"{", partition=0) for _ in range(count)
        ]
    return [
        SimpleNamespace(topic=AREA_SIGNALS.name, partition=0, offset=record.offset, value=b"{")
        for record in sent
    ]


async def forgotten(broker: str) -> None:
    """As Kafka does a week after it was written."""
    admin = AdminClient({"bootstrap.servers": broker})
    (deleted,) = admin.delete_consumer_groups([GROUP_ID]).values()
    await asyncio.to_thread(deleted.result, 20)


async def test_what_was_set_aside_is_written_again_at_each_start_and_every_day(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = await signals(broker, 1)
    await save(Broker(broker), SOURCE, 0, ASIDE)
    regions = regions_on(broker)
    saved: list[SignalTrials] = []

    async def noted(to: Broker, source: TopicPartition, offset: int, trials: SignalTrials) -> None:
        saved.append(trials)
        await save(to, source, offset, trials)

    monkeypatch.setattr(foothold_risk.regions.agent, "save", noted)
    await regions._take(first)
    at_start = list(saved)
    await forgotten(broker)
    monkeypatch.setattr(foothold_risk.regions.agent, "RENEW_SECONDS", 0.0)
    beat = asyncio.create_task(regions._beat())
    async with asyncio.timeout(30):
        while await load(Broker(broker), SOURCE) != ASIDE:
            await asyncio.sleep(0.05)
    beat.cancel()
    await asyncio.gather(beat, return_exceptions=True)

    assert at_start == [ASIDE]
    assert regions._metrics.registry.get_sample_value("foothold_regions_progress_timestamp_seconds")


async def test_while_a_record_is_under_way_the_windows_do_not_say_that_they_turn(
    broker: str,
) -> None:
    regions = regions_on(broker)
    regions._is_at_work = True
    beat = asyncio.create_task(regions._beat())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    beat.cancel()
    await asyncio.gather(beat, return_exceptions=True)

    assert (
        regions._metrics.registry.get_sample_value("foothold_regions_progress_timestamp_seconds")
        == 0
    )


async def test_a_partition_that_comes_back_is_folded_anew_though_it_was_stopped_before(
    broker: str,
) -> None:
    first, second = await signals(broker, 2)
    await save(Broker(broker), SOURCE, 0, SignalTrials(aside=(0, 1)))
    regions = regions_on(broker)
    await regions._take(first)
    regions._stopped.add(0)
    regions._metrics.stopped.labels("0").set(1)
    await regions._take(second)
    is_still_stopped = 0 in regions._stopped
    await regions._take(first)

    assert (is_still_stopped, regions._stopped) == (True, set())
    assert (
        regions._metrics.registry.get_sample_value(
            "foothold_regions_stopped_readers", {"partition": "0"}
        )
        == 0
    )
