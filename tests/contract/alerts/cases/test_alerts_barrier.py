"""A record the desk's program fails at ends it once and is then set aside.

A day is not; what the others read goes on meanwhile.
"""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.transitions import Cases
from foothold_alerts.consumer import CASES, MIRROR, Consumer, Reading
from foothold_runtime.barrier import DecidingRaised
from foothold_schemas.wire.codec import decode_quarantined
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason
from foothold_schemas.wire.topics import HOUSEHOLD_VIEWS, QUARANTINE, RISK_TRANSITIONS
from tests.contract.alerts.cases.test_alerts_reader import (
    HOME,
    TRANSITION,
    VIEW,
    reader,
    reading,
    write,
)
from tests.support.alerts import answered
from tests.support.running.parts import ROOT
from tests.support.running.sender import read_topic
from tests.support.running.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

OTHER = "f" * 32
DAY = (ROOT / "schemas/examples/risk-transitions.v1/DayDone.json").read_bytes()


def unkeepable(value: bytes) -> bytes:
    """Put in a character that makes a statement fail each time.

    PostgreSQL takes no such character into JSON, and no model forbids it there.
    """
    return value.replace(b'"zh": "', b'"zh": "\\u0000', 1)


async def dies(kind: Reading, broker: str, engine: AsyncEngine) -> None:
    with pytest.raises(DecidingRaised):
        await asyncio.wait_for(reader(kind, broker, engine).run(), 60)


async def aside(broker: str) -> list[Quarantined]:
    return [
        decode_quarantined(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, QUARANTINE.name)))
    ]


async def test_a_view_that_cannot_be_kept_is_set_aside_and_the_views_around_it_are_kept(
    broker: str, alerts_database: AsyncEngine
) -> None:
    other = VIEW.replace(HOME.encode(), OTHER.encode())
    assert unkeepable(VIEW) != VIEW
    await write(broker, HOUSEHOLD_VIEWS.name, other, key=OTHER.encode())
    await write(broker, HOUSEHOLD_VIEWS.name, unkeepable(VIEW))
    await write(broker, HOUSEHOLD_VIEWS.name, VIEW, key=b"e" * 32)
    await dies(MIRROR, broker, alerts_database)
    first_time = await aside(broker)
    async with reading(reader(MIRROR, broker, alerts_database)) as running:
        kept = await answered(alerts_database, "select count(*) from views", 2)
        (bad,) = await aside(broker)
        await until(
            lambda: running._metrics.registry.get_sample_value(
                "foothold_alerts_progress_timestamp_seconds", {"part": "mirror"}
            )
        )

    assert (first_time, kept) == ([], 2)
    assert (bad.reason, bad.offset) == (RefusalReason.UNPROCESSABLE, 1)
    assert "\\u0000" not in bad.detail


async def test_a_transition_that_cannot_be_taken_is_set_aside_and_the_next_case_opens(
    broker: str, alerts_database: AsyncEngine
) -> None:
    await write(
        broker,
        RISK_TRANSITIONS.name,
        unkeepable(TRANSITION),
        TRANSITION.replace(HOME.encode(), OTHER.encode()),
    )
    await dies(CASES, broker, alerts_database)
    async with reading(reader(CASES, broker, alerts_database)):
        opened = await answered(alerts_database, "select count(*) from cases", 1)
        quarantine = await aside(broker)

    assert opened == 1
    assert [q.reason for q in quarantine] == [RefusalReason.UNPROCESSABLE]


async def test_a_day_that_cannot_be_taken_stops_the_reader_and_is_never_set_aside(
    broker: str, alerts_database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise OverflowError

    def stopped(running: Consumer) -> float:
        return (
            running._metrics.registry.get_sample_value(
                "foothold_alerts_stopped_readers", {"group": "alerts"}
            )
            or 0
        )

    await write(broker, RISK_TRANSITIONS.name, DAY)
    with monkeypatch.context() as patch:
        patch.setattr(Cases, "_keep_days", fails)
        await dies(CASES, broker, alerts_database)
        async with reading(reader(CASES, broker, alerts_database)) as running:
            for _ in range(200):
                if stopped(running):
                    break
                await asyncio.sleep(0.1)
            is_stopped = stopped(running)
    async with reading(reader(CASES, broker, alerts_database)):
        days = await answered(alerts_database, "select count(*) from partition_days", 1)

    assert is_stopped == 1
    assert await aside(broker) == []
    assert days == 1
