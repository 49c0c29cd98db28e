"""Tests what risk writes beside transitions, and where it stops.

The tests cover views, quiet go-live, and the dead-letter limit.
"""

import asyncio
import time
from datetime import timedelta

import pytest

from foothold_risk.explain import differences, read, replay
from foothold_risk.worker.worker import Worker
from foothold_runtime.broker import Broker
from foothold_schemas.facts.facts import (
    AreaStruck,
    DayOpened,
    FactsRetracted,
    Hazard,
    RetractionReason,
    Severity,
)
from foothold_schemas.messages.transitions import ExitReason, Movement, Status
from foothold_schemas.messages.views import UnmetKind
from foothold_schemas.wire.codec import decode_view
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS, HOUSEHOLD_VIEWS
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    claim,
    disaster,
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
    working,
    write,
)
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def transactions(worker: Worker) -> float:
    """How many it has made."""
    return sum(float(bucket.get()) for bucket in worker._metrics.batch_seconds._buckets)


async def test_where_everything_that_comes_is_bad_reading_stops_and_nothing_of_it_is_dropped(
    broker: str,
) -> None:
    storm = [(HOUSEHOLD.encode(), b"{half")] * 12
    await write(broker, registered(), *storm)
    async with working(broker, limit=5) as running:
        while not any(lane.owner.is_stopped for lane in running._lanes.values()):
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        kept = await asyncio.to_thread(quarantined, broker)
        stopped = sum(
            running._metrics.stopped.labels(str(n))._value.get() for n in range(EMBEDDED_PARTITIONS)
        )
    async with working(broker, limit=50):
        await caught_up(broker)
        after = await asyncio.to_thread(quarantined, broker)

    assert (len(kept), stopped) == (5, 1)
    assert len({q.source_id for q in after}) == len(after) == 12


async def test_facts_that_trickle_in_share_transactions(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # longer than any transaction here takes
    monkeypatch.setattr("foothold_risk.worker.lane.LINGER_SECONDS", gather := 0.3)
    await write(broker, registered(), ADOPTED, OPENED)
    async with working(broker) as running:
        await caught_up(broker)
        before, started = transactions(running), time.monotonic()
        await write(broker, *(income("1.00", f"trickle-{n}") for n in range(300)))
        seconds = time.monotonic() - started
        await caught_up(broker)
        gathered = transactions(running) - before

    assert 1 <= gathered <= 2 + seconds / gather


async def test_a_quiet_go_live_makes_quiet_transitions_and_what_follows_is_loud(
    broker: str,
) -> None:
    await write(
        broker,
        registered(),
        income("7000"),
        claim("6000"),
        ADOPTED,
        broadcast(DayOpened(day=DAY, is_quiet=True), "quiet"),
    )
    async with working(broker):
        await await_transitions(broker, 1)
        await write(broker, disaster())
        moves = await await_transitions(broker, 2)

    assert [(t.movement, t.is_quiet) for t in moves] == [
        (Movement.ENTERED, True),
        (Movement.WORSENED, False),
    ]


async def test_a_correction_ends_what_rested_on_the_wrong_fact_and_explains_itself(
    broker: str,
) -> None:
    taken_back = FactsRetracted(events=("claim",), reason=RetractionReason.REVERSED)
    withdrawn = record(taken_back, "retraction", agency="health-insurance").model_copy(
        update={"withdraws": (identity("claim"),)}
    )
    await write(
        broker,
        registered(),
        income("7000"),
        ADOPTED,
        OPENED,
        claim("6000"),
        withdrawn,
        claim("6000"),
    )
    async with working(broker):
        moves = await await_transitions(broker, 3)
        await caught_up(broker)
    facts, stored = await read(Broker(broker), HOUSEHOLD, EMBEDDED_PARTITIONS)
    replayed = replay(HOUSEHOLD, facts, {RULES.bundle: RULES}, DAY)

    assert [(t.movement, t.exit_reason) for t in moves] == [
        (Movement.WATCHED, None),
        (Movement.ENTERED, None),
        (Movement.EXITED, ExitReason.CORRECTED),
    ]
    assert differences(replayed.transitions, stored, DAY) == []
    assert moves[2].reason.zh.startswith("数据经更正")


async def test_the_view_follows_a_flagged_household_and_is_removed_when_nobody_needs_to_look(
    broker: str,
) -> None:
    await write(broker, registered(), income("7000"), claim("6000"), ADOPTED, OPENED)
    async with working(broker):
        await await_transitions(broker, 1)
        await write(
            broker,
            income("900000", "plenty", item="plenty"),
            income("1", "june", month="2026-06", yearly=False),
        )
        await await_transitions(broker, 2)
        days = [
            broadcast(DayOpened(day=DAY + timedelta(days=n)), f"open+{n}") for n in range(1, 31)
        ]
        await write(broker, *days)
        await await_transitions(broker, 3)
        await caught_up(broker)
    records = [
        m
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_VIEWS.name)))
        if m.key() == HOUSEHOLD.encode()
    ]
    views = [
        None if m.value() is None else decode_view(m.value())
        for m in sorted(records, key=lambda m: m.offset())
    ]

    # once more when the month turned, and with it the window
    turned = [v and v.status for v in views]
    assert turned == [Status.GROUP, Status.RECOVERING, Status.RECOVERING, None]
    assert views[0] is not None
    assert sum(int(m.net or 0) for m in views[0].months if not m.is_running) == views[0].figures.net
    assert sum(int(m.own_shares) for m in views[0].months) == views[0].figures.own_shares
    assert views[1] is not None
    assert [u.kind for u in views[1].unmet] == [UnmetKind.CLEAR_PERIOD]


async def test_an_incident_is_looked_at_between_records_and_goes_on_after_a_restart(
    broker: str,
) -> None:
    homes = [f"{n:032x}" for n in range(1, 601)]
    entries = [
        registered().model_copy(update={"household_id": home, "fact_id": identity(home)})
        for home in homes
    ]
    struck = AreaStruck(
        incident="flood", area=AREA[:6], hazard=Hazard.FLOOD, severity=Severity.I, first_day=DAY
    )
    await write(
        broker,
        *entries,
        registered(),
        income("7000"),
        ADOPTED,
        OPENED,
        broadcast(struck, "struck"),
        claim("6000"),
    )
    async with working(broker):
        # while the others are looked at
        assert [t.movement for t in await await_transitions(broker, 2)] == [
            Movement.WATCHED,
            Movement.ENTERED,
        ]
    async with working(broker) as running:
        while (
            any(lane.owner.households.control.looks for lane in running._lanes.values())
            or len(running._lanes) < EMBEDDED_PARTITIONS
        ):
            await asyncio.sleep(0.05)
        await caught_up(broker)

    views = {
        m.key().decode(): m.value()
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_VIEWS.name)))
    }
    hit = {home for home, value in views.items() if value and decode_view(value).impacts}
    assert hit == {*homes, HOUSEHOLD}
