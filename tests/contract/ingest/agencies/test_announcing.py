"""What an agency says to everybody is taken a few at a time (ADR 43).

So nobody's facts wait behind all of it.
"""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from foothold_ingest.intake import announcing
from foothold_ingest.intake.announcing import AT_ONCE, Announcer, Outstanding, up_to_a_turn
from foothold_ingest.log.writer import Publisher, Unknown
from foothold_ingest.rules.judgement import Accepted, Rejected
from foothold_ingest.rules.strict_json import JsonValue
from foothold_runtime.broker import Broker
from foothold_schemas.facts.facts import AreaStruck, Hazard, Severity
from foothold_schemas.wire.codec import decode_fact, encode
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS
from tests.contract.ingest.doors.test_door import publisher
from tests.contract.ingest.doors.test_kafka_door import NOW, STRUCTURED, door, make_topic
from tests.contract.ingest.doors.test_kafka_door import write as write_topic
from tests.support.made.build import AREA, identity, income, registered
from tests.support.risk import ADOPTED, DAY, OPENED, broadcast, caught_up, working, write
from tests.support.running.parts import Parts
from tests.support.running.sender import decided, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

HOUSEHOLDS = 400
INCIDENTS = 60
WAITED_SECONDS = 10.0
"""Behind all sixty at once it is some twenty-five, on a calm machine."""


def struck(number: int, agency: str = "statistics") -> Accepted:
    fact = AreaStruck(
        area=AREA[:6],
        incident=f"flood-{number}",
        hazard=Hazard.FLOOD,
        severity=Severity.II,
        first_day=DAY,
    )
    return Accepted(
        broadcast(fact, f"{agency} flood {number}").model_copy(update={"agency": agency}),
        county=AREA[:6],
    )


@contextlib.asynccontextmanager
async def announcing_on(broker: str) -> AsyncIterator[Announcer]:
    writer: Publisher = publisher(broker, send_seconds=5.0)
    await writer.start()
    yield Announcer(writer, Broker(broker))
    await writer.stop()


async def incidents_in_the_log(broker: str) -> list[str]:
    """Of its first partition, in their order."""
    await decided(broker, HOUSEHOLD_FACTS.name)
    messages = [
        m
        for m in read_topic(broker, HOUSEHOLD_FACTS.name)
        if m.partition() == 0 and not m.value().startswith(b"{probe")
    ]
    return [
        fact.data.incident
        for m in messages
        if isinstance((fact := decode_fact(m.value())).data, AreaStruck)
    ]


async def seconds_until_taken(broker: str, name: str) -> float:
    """How long an agency's ordinary fact waits in the log."""
    began, household_id = time.monotonic(), identity("household 1")
    fact = income("1", name).model_copy(update={"household_id": household_id})
    async with AIOKafkaProducer(bootstrap_servers=broker, acks="all") as producer:
        written = await producer.send_and_wait(
            HOUSEHOLD_FACTS.name, encode(fact), key=household_id.encode()
        )
    source = TopicPartition(HOUSEHOLD_FACTS.name, written.partition)
    async with AIOKafkaConsumer(
        bootstrap_servers=broker, group_id="risk", enable_auto_commit=False
    ) as reader:
        while (await reader.committed(source) or 0) <= written.offset:
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_an_ordinary_fact_does_not_wait_behind_all_that_one_agency_says_to_everybody(
    broker: str,
) -> None:
    entries = [
        registered().model_copy(
            update={"household_id": identity(f"household {n}"), "fact_id": identity(f"entry {n}")}
        )
        for n in range(HOUSEHOLDS)
    ]
    await write(broker, ADOPTED, OPENED, *entries)
    async with working(broker), announcing_on(broker) as announcer:
        await caught_up(broker)
        flood = asyncio.create_task(
            announcer.announce([struck(n) for n in range(INCIDENTS)], is_patient=True)
        )
        waited = []
        for n in range(12):
            await asyncio.sleep(0.3)
            waited.append(await seconds_until_taken(broker, f"ordinary {n}"))
        was_under_way = not flood.done()
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)

    print(f"waited {max(waited):.2f} s at most, {sorted(waited)[len(waited) // 2]:.2f} s as a rule")
    assert was_under_way
    assert max(waited) < WAITED_SECONDS


async def test_everything_arrives_once_and_in_order_though_sent_again_while_another_agency_speaks(
    broker: str,
) -> None:
    many = [struck(n) for n in range(3 * AT_ONCE)]
    async with working(broker), announcing_on(broker) as announcer:
        await asyncio.gather(
            announcer.announce(many, is_patient=True),
            announcer.announce([struck(100, "weather")], is_patient=True),
        )
        await announcer.announce([*many, struck(99)], is_patient=True)
    logged = await incidents_in_the_log(broker)

    assert sorted(logged) == sorted(
        [*(f"flood-{n}" for n in range(3 * AT_ONCE)), "flood-99", "flood-100"]
    )
    assert [name for name in logged if name != "flood-100"] == [
        *(f"flood-{n}" for n in range(3 * AT_ONCE)),
        "flood-99",
    ]


async def test_a_statement_changed_under_the_same_id_is_said(broker: str) -> None:
    first = struck(1)
    assert isinstance(first.record.data, AreaStruck)
    changed = first.record.model_copy(
        update={"data": first.record.data.model_copy(update={"is_withdrawn": True})}
    )
    async with announcing_on(broker) as announcer:
        await announcer.announce([first], is_patient=True)
        await announcer.announce([Accepted(changed, county=AREA[:6])], is_patient=True)

    assert await incidents_in_the_log(broker) == ["flood-1", "flood-1"]


async def test_while_risk_is_away_much_is_taken_the_rest_refused_until_it_goes_on_where_it_stopped(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "MOST_UNTAKEN", 2 * AT_ONCE)
    monkeypatch.setattr(announcing, "IMPATIENT_SECONDS", 3.0)
    many = [struck(n) for n in range(3 * AT_ONCE)]
    async with announcing_on(broker) as announcer:
        with pytest.raises(Unknown):
            await announcer.announce(many, is_patient=False)
        before = len(await incidents_in_the_log(broker))
        async with working(broker):
            monkeypatch.setattr(announcing, "IMPATIENT_SECONDS", 60.0)
            await announcer.announce(many, is_patient=False)

    assert before == 2 * AT_ONCE
    assert await incidents_in_the_log(broker) == [f"flood-{n}" for n in range(3 * AT_ONCE)]


async def test_behind_a_risk_that_stands_still_an_agency_waits_and_not_for_ever(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "LONGEST_WAIT", 0.5)
    monkeypatch.setattr(announcing, "MOST_UNTAKEN", 0)
    monkeypatch.setattr(announcing, "LONGEST_PAUSE", 0.0)
    async with (
        AIOKafkaConsumer(
            HOUSEHOLD_FACTS.name,
            bootstrap_servers=broker,
            group_id="risk",
            enable_auto_commit=False,
        ),
        announcing_on(broker) as announcer,
    ):
        began = time.monotonic()
        await announcer.announce([struck(n) for n in range(3 * AT_ONCE)], is_patient=True)
        took = time.monotonic() - began

    assert took > 2 * 0.5
    assert len(await incidents_in_the_log(broker)) == 3 * AT_ONCE


def announcement(agency: str, incident: str) -> dict[str, JsonValue]:
    """The event as an agency writes it."""
    data: dict[str, JsonValue] = {
        "incident": incident,
        "area": "370399",
        "hazard": "flood",
        "severity": "II",
        "first_day": f"{NOW:%Y-%m-%d}",
    }
    envelope: dict[str, JsonValue] = {
        "specversion": "1.0",
        "id": incident,
        "source": f"/agencies/{agency}",
        "type": "foothold.AreaStruck.v1",
    }
    return {**envelope, "time": NOW.isoformat(), "data": data}


@pytest.mark.postgres
@pytest.mark.usefixtures("ingest_database")
async def test_a_topic_full_of_them_is_taken_a_few_at_a_time_and_whole(
    broker: str, parts: Parts
) -> None:
    agency = f"s-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    values = [json.dumps(announcement(agency, f"flood-{n}")).encode() for n in range(3 * AT_ONCE)]
    async with door(parts):
        await write_topic(broker, topic, *[(value, STRUCTURED) for value in values])
        async with asyncio.timeout(30):
            while len(await incidents_in_the_log(broker)) < 3 * AT_ONCE:
                await asyncio.sleep(0.2)

    assert await incidents_in_the_log(broker) == [f"flood-{n}" for n in range(3 * AT_ONCE)]


def test_a_reader_takes_no_more_of_them_than_a_turn_and_all_else_between() -> None:
    refused = Rejected(RefusalReason.NOT_JSON, "no")
    for_everybody = [announcement("bank", f"flood-{n}") for n in range(AT_ONCE + 1)]
    assert up_to_a_turn([refused] * 9) == 9
    assert up_to_a_turn([*for_everybody[:AT_ONCE], refused, {"type": 7}]) == AT_ONCE + 2
    assert (
        up_to_a_turn([*for_everybody[:AT_ONCE], refused, for_everybody[-1], refused]) == AT_ONCE + 1
    )


async def test_whoever_is_cut_short_in_a_broadcast_leaves_a_publisher_that_works(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, hangs = AIOKafkaProducer.commit_transaction, asyncio.Event()

    async def commit_transaction(self: AIOKafkaProducer) -> None:
        hangs.set()
        await asyncio.sleep(60)
        await real(self)

    async with announcing_on(broker) as announcer:
        with monkeypatch.context() as patch:
            patch.setattr(AIOKafkaProducer, "commit_transaction", commit_transaction)
            cut_short = asyncio.create_task(announcer.announce([struck(1)], is_patient=True))
            await asyncio.wait_for(hangs.wait(), 20)
            cut_short.cancel()
            await asyncio.gather(cut_short, return_exceptions=True)
        await announcer.announce([struck(2)], is_patient=True)

    assert await incidents_in_the_log(broker) == ["flood-2"]


async def test_a_door_that_may_not_wait_finds_the_pause_where_it_left_it(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "IMPATIENT_SECONDS", 0.4)
    outstanding = Outstanding(
        untaken=AT_ONCE, said_at=time.monotonic() - 10, seen_untaken_at=time.monotonic()
    )
    outstanding.taken()
    async with announcing_on(broker) as announcer:
        announcer._outstanding["statistics"] = outstanding
        for _ in range(2):
            with pytest.raises(Unknown):
                await announcer.announce([struck(1)], is_patient=False)
        outstanding.not_before = 0.0
        await announcer.announce([struck(1)], is_patient=False)

    assert await incidents_in_the_log(broker) == ["flood-1"]
