"""One agency's topic never stops another's.

The tests cover lanes, the limit of bad records by sender, and what retention takes.
"""

import asyncio
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from foothold_ingest.arguments import parser
from foothold_ingest.build import Built
from foothold_ingest.commands import reader
from foothold_ingest.intake.intake import Intake
from foothold_runtime.process.errors import Refused
from tests.contract.ingest.doors.test_kafka_door import (
    NOW,
    STRUCTURED,
    aside,
    body,
    door,
    facts,
    make_topic,
    write,
)
from tests.support.ingest import ingest_settings
from tests.support.running.clerk import AGENCY, Clerk
from tests.support.running.parts import Parts
from tests.support.running.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]


@pytest.mark.usefixtures("ingest_database")
async def test_an_agency_that_sends_only_bad_records_is_paused_alone_until_a_person_resumes_it(
    broker: str, parts: Parts
) -> None:
    broken, sound = f"d-{uuid.uuid4().hex[:8]}", f"e-{uuid.uuid4().hex[:8]}"
    topics = [await make_topic(broker, agency) for agency in (broken, sound)]
    await write(
        broker,
        topics[0],
        *[(b"{}", STRUCTURED)] * 4,
        (body(broken, "good-one-resets"), STRUCTURED),
        *[(b"{}", STRUCTURED)] * 7,
    )
    await write(broker, topics[0], (body(broken, "after-the-storm"), STRUCTURED))
    settings = ingest_settings(parts, dead_letter_limit=5)
    async with door(parts, dead_letter_limit=5) as ingest:
        kept = await aside(broker, 9)
        await write(broker, topics[1], (body(sound, "unharmed"), STRUCTURED))
        arrived = await facts(broker, 2)
        paused = await ingest.readers.state(broken)
    async with door(parts, dead_letter_limit=5) as ingest:
        await write(broker, topics[1], (body(sound, "after-a-restart"), STRUCTURED))
        arrived_after_restart = await facts(broker, 3)
        kept_after_restart = await aside(broker, 9)
        still = await ingest.readers.state(broken)
        listed = await reader(settings, parser().parse_args(["reader", "list"]))
        resumed = await reader(settings, parser().parse_args(["reader", "resume", broken]))
        arrived_after_resume = await facts(broker, 4)
        kept_after_resume = await aside(broker, 11)
        well = await ingest.readers.state(broken)
    with pytest.raises(Refused, match="is not paused"):
        await reader(settings, parser().parse_args(["reader", "resume", broken]))

    assert (len({record.offset for record in kept}), sorted(set(arrived)), paused.bad_in_a_row) == (
        9,
        ["good-one-resets", "unharmed"],
        5,
    )
    assert (
        len({record.offset for record in kept_after_restart}),
        len(set(arrived_after_restart)),
        still.paused_at,
    ) == (9, 3, paused.paused_at)
    assert f"{broken}  PAUSED since" in listed
    assert "read on" in resumed
    assert (
        len({record.offset for record in kept_after_resume}),
        "after-the-storm" in arrived_after_resume,
    ) == (11, True)
    assert (well.paused_at, well.bad_in_a_row) == (None, 0)


@pytest.mark.usefixtures("ingest_database")
async def test_bad_records_in_a_row_are_counted_across_restarts(broker: str, parts: Parts) -> None:
    agency = f"r-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    states = []
    for total in (3, 6):
        await write(broker, topic, *[(b"{}", STRUCTURED)] * 3)
        async with door(parts, dead_letter_limit=5) as ingest:
            await aside(broker, min(total, 5))
            await until(partial(has_counted, ingest, agency, min(total, 5)))
            states.append(await ingest.readers.state(agency))
    kept = await aside(broker, 5)

    assert [(state.bad_in_a_row, state.paused_at is not None) for state in states] == [
        (3, False),
        (5, True),
    ]
    assert len(kept) == 5


async def test_an_agency_is_told_how_its_own_topic_fares_and_nothing_of_anothers(
    clerk: Clerk,
) -> None:
    readers = clerk.ingest.readers
    await readers.note("bank", readers.limit, NOW)
    well = (await clerk.client.get("/v1/topic")).json()
    await readers.lose(AGENCY, 0, range(7), NOW)
    lost = (await clerk.client.get("/v1/topic")).json()
    await readers.note(AGENCY, readers.limit, NOW)
    paused = (await clerk.client.get("/v1/topic")).json()
    nobody = await clerk.client.get("/v1/topic", headers={"authorization": "Bearer x"})

    assert well == {
        "topic": f"agency.{AGENCY}.v1",
        "bad_in_a_row": 0,
        "lost": 0,
        "paused_at": None,
        "lost_at": None,
        "problem": None,
    }
    assert (lost["lost"], "7 条" in lost["problem"], "send again" in lost["problem"]) == (
        7,
        True,
        True,
    )
    assert (paused["paused_at"], paused["bad_in_a_row"], "已暂停读取" in paused["problem"]) == (
        NOW.isoformat(),
        1_000,
        True,
    )
    assert nobody.status_code == 401


async def has_counted(ingest: Built, agency: str, bad: int) -> bool:
    return (await ingest.readers.state(agency)).bad_in_a_row == bad


@pytest.mark.usefixtures("ingest_database")
async def test_an_agencys_record_never_waits_behind_another_agencys(
    broker: str, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = f"s-{uuid.uuid4().hex[:8]}", f"q-{uuid.uuid4().hex[:8]}"
    topics = [await make_topic(broker, agency) for agency in (slow, quick)]
    keep, waits, ends = Intake.keep, asyncio.Event(), asyncio.Event()

    async def keep_slowly(self: Intake, judged: Sequence[Any], *, is_patient: bool) -> None:
        if any(judgement.record.agency == slow for judgement in judged):
            waits.set()
            await ends.wait()
        await keep(self, judged, is_patient=is_patient)

    monkeypatch.setattr(Intake, "keep", keep_slowly)
    await write(broker, topics[0], (body(slow, "slow"), STRUCTURED))
    async with door(parts):
        await asyncio.wait_for(waits.wait(), 20)
        began = asyncio.get_running_loop().time()
        await write(broker, topics[1], (body(quick, "quick"), STRUCTURED))
        arrived = await facts(broker, 1)
        took = asyncio.get_running_loop().time() - began
        ends.set()
        both = await facts(broker, 2)

    assert (arrived, sorted(both)) == (["quick"], ["quick", "slow"])
    assert took < 3


@pytest.mark.usefixtures("ingest_database")
async def test_what_retention_takes_before_it_is_read_is_counted_by_agency_once(
    broker: str, parts: Parts
) -> None:
    agency = f"l-{uuid.uuid4().hex[:8]}"
    topic = await make_topic(broker, agency)
    await write(broker, topic, *[(b"{}", STRUCTURED)] * 5)
    async with door(parts, dead_letter_limit=2) as ingest:
        await aside(broker, 2)
        await until(lambda: has_counted(ingest, agency, 2))
        admin = AIOKafkaAdminClient(bootstrap_servers=broker)
        await admin.start()
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=5)})
        await admin.close()
        await write(broker, topic, (body(agency, "later"), STRUCTURED))
    async with door(parts, dead_letter_limit=2) as ingest:
        await ingest.readers.resume(agency, by="op", now=NOW)
        arrived = await facts(broker, 1)
        state = await ingest.readers.state(agency)
        counted_again = await ingest.readers.lose(agency, 0, range(2, 5), NOW)

    assert arrived == ["later"]
    assert (state.lost, state.lost_at is not None, counted_again) == (3, True, 0)
