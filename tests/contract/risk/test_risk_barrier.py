"""What raises in deciding ends risk once and is then set aside with its household.

Everything else goes on. The tests run on a real broker.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from prometheus_client import CollectorRegistry

import foothold_risk.messages.judge
import foothold_risk.worker.broadcasts
import foothold_risk.worker.committing
import foothold_risk.worker.decide
import foothold_risk.worker.partition
from foothold_risk.defects import Defect
from foothold_risk.errors import MissingBundle
from foothold_risk.messages.judge import Subject, Verdict
from foothold_risk.metrics import Metrics
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.policy import Policy
from foothold_risk.worker.partition import Partition
from foothold_risk.worker.trials import Trials
from foothold_runtime.attempts import DIED_IN_A_ROW, MOST_IN_AN_HOUR
from foothold_runtime.kafka_clients import Unanswered
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import AreaStruck, DayOpened, Hazard, Severity
from foothold_schemas.messages.transitions import DayDone, Judgement, Status
from foothold_schemas.wire.codec import encode
from foothold_schemas.wire.quarantine import Quarantined
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS, HOUSEHOLD_FACTS
from tests.support.alarms.defects import (
    HOME,
    OTHER,
    append,
    aside,
    dies,
    homes,
    neighbours,
    of,
    outputs,
    planted,
    remembered_beside,
    retry,
    settled,
    stands,
)
from tests.support.ingest import SEAL
from tests.support.made.build import AREA, HOUSEHOLD, claim, income, registered
from tests.support.risk import ADOPTED, DAY, OPENED, broadcast, caught_up, worker, working, write
from tests.support.running.waiting import becomes

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


async def test_a_record_that_raises_twice_is_set_aside_what_follows_waits_and_a_retry_makes_it_good(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [(registered(), income("7000")), (of(OTHER, registered()), of(OTHER, income("7000")))]
    await write(
        broker,
        ADOPTED,
        OPENED,
        *both[0],
        *both[1],
        claim("6000", "bad"),
        of(OTHER, claim("6000")),
        claim("1", "after"),
        claim("2", "and after"),
    )
    metrics = Metrics(CollectorRegistry())
    with planted(monkeypatch, fact="bad"):
        await dies(broker)
        beside = await remembered_beside(broker)
        first_time = await aside(broker)
        async with settled(broker, metrics) as running:
            marked = homes(running)
            waiting = await aside(broker)
            await becomes(
                lambda: metrics.registry.get_sample_value(
                    "foothold_risk_households_not_judged", {"partition": str(HOME)}
                ),
                1,
            )
        # before the upgrade: each comes back, in the same order, and nothing dies
        await retry(broker, *waiting)
        async with settled(broker) as running:
            again = (await aside(broker))[len(waiting) :]
            still = homes(running)[HOUSEHOLD].unjudged
    await retry(broker, *again)
    async with settled(broker) as running:
        good = homes(running)
        records = await outputs(broker)

    assert (beside.attempts.raised, first_time) == (1, [])
    assert marked[OTHER].position.status is Status.GROUP
    assert (marked[HOUSEHOLD].claims, marked[HOUSEHOLD].position.status) == ((), Status.WATCH)
    values = [
        encode(claim("6000", "bad")),
        encode(claim("1", "after")),
        encode(claim("2", "and after")),
    ]
    assert [q.open(SEAL).value for q in waiting] == values
    assert [q.open(SEAL).value for q in again] == values
    assert waiting[0].detail.startswith("OverflowError at foothold_risk/worker/decide.py:")
    assert "6000" not in "".join(q.detail for q in waiting)
    assert {q.detail.partition(":")[0] for q in waiting[1:]} == {
        f"waits behind {HOUSEHOLD_FACTS.name}"
    }
    assert still is not None
    assert still.behind == waiting[0].source_id
    assert good[HOUSEHOLD].unjudged is None
    assert len(good[HOUSEHOLD].claims) == 3
    assert stands(good[HOUSEHOLD]) == stands(good[OTHER])
    judgements = [
        (j.is_judged, j.area, j.register_number) for j in records if isinstance(j, Judgement)
    ]
    assert judgements == [(False, AREA, "V1"), (True, AREA, "V1")]


async def test_a_household_that_raises_in_a_day_is_marked_and_the_day_closes(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(
        broker,
        ADOPTED,
        registered(),
        income("7000"),
        claim("6000"),
        of(OTHER, registered()),
        of(OTHER, income("7000")),
        of(OTHER, claim("6000")),
    )
    async with settled(broker):
        pass
    with planted(monkeypatch, household=HOUSEHOLD):
        await write(broker, OPENED)
        await dies(broker)
        beside = await remembered_beside(broker)
        async with settled(broker) as running:
            await write(broker, claim("1", "after"))
            await caught_up(broker)
            marked, waiting = homes(running), await aside(broker)
            days = [
                o for o in await outputs(broker) if isinstance(o, DayDone) and o.partition == HOME
            ]
    waiting.sort(key=lambda q: not q.topic.startswith("household."))
    await retry(broker, *waiting)
    async with settled(broker) as running:
        good = homes(running)

    assert beside.household == HOUSEHOLD
    assert (marked[HOUSEHOLD].unjudged is not None, marked[OTHER].position.status) == (
        True,
        Status.GROUP,
    )
    assert [(o.day, o.registered) for o in days] == [(DAY, {AREA: 2})]
    assert [q.topic for q in waiting] == [f"household.{HOUSEHOLD}", HOUSEHOLD_FACTS.name]
    assert waiting[0].open(SEAL).value is None
    assert good[HOUSEHOLD].unjudged is None
    assert stands(good[HOUSEHOLD]) == stands(good[OTHER])
    assert len(good[HOUSEHOLD].claims) == 2


async def test_two_households_of_one_sweep_are_both_marked_and_an_incident_goes_round_them(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    struck = AreaStruck(
        area=AREA[:9],
        incident="landslide-1",
        hazard=Hazard.LANDSLIDE,
        severity=Severity.I,
        first_day=DAY,
    )
    third, fourth = neighbours(3)[1:]
    await write(
        broker,
        ADOPTED,
        OPENED,
        *(of(running, registered()) for running in (HOUSEHOLD, OTHER, third, fourth)),
    )
    async with settled(broker):
        pass
    real = foothold_risk.messages.judge.judge

    def judge(subject: Subject, control: Control, policy: Policy | None) -> Verdict:
        if subject.household_id in (OTHER, fourth):
            raise RecursionError
        return real(subject, control, policy)

    with monkeypatch.context() as patch:
        patch.setattr(foothold_risk.worker.decide, "judge", judge)
        await write(broker, broadcast(struck, "landslide"))
        await dies(broker)
        await dies(broker)
        async with settled(broker) as running:
            while any(lane.owner.households.control.looks for lane in running._lanes.values()):
                await asyncio.sleep(0.05)
            marked = {key for key, home in homes(running).items() if home.unjudged is not None}

    assert marked == {OTHER, fourth}
    assert len(await aside(broker)) == 2


async def test_a_record_for_everybody_that_cannot_be_applied_stops_its_partition_not_the_process(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def apply_broadcast(_: Control, fact: FactRecord, *_trace: str) -> Control | None:
        raise OverflowError("planted") if isinstance(fact.data, DayOpened) else AssertionError

    await write(broker, OPENED, registered())
    metrics = Metrics(CollectorRegistry())
    with monkeypatch.context() as patch:
        patch.setattr(foothold_risk.worker.broadcasts, "apply_broadcast", apply_broadcast)
        for _ in range(100):  # each partition dies of it once, one or more at a time
            task = asyncio.create_task(worker(broker, metrics=metrics).run())
            while not task.done() and stopped(metrics) < EMBEDDED_PARTITIONS:
                await asyncio.sleep(0.05)
            if not task.done():
                break
            assert isinstance(task.exception(), Defect)
        is_alive = not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert is_alive
    assert await aside(broker) == []
    async with settled(broker) as running:
        assert HOUSEHOLD in homes(running)


def stopped(metrics: Metrics) -> float:
    return sum(s.value for f in metrics.stopped.collect() for s in f.samples)


async def test_after_twenty_in_an_hour_nothing_more_is_set_aside_and_reading_stops(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = Trials()
    for minute in range(MOST_IN_AN_HOUR):
        beside = beside.set_aside(datetime.now(UTC) - timedelta(minutes=minute))
    await write(broker, ADOPTED, OPENED, registered())
    async with settled(broker) as running:
        owner = next(
            lane.owner for source, lane in running._lanes.items() if source.partition == HOME
        )
        await owner._committer.remember(beside)
    await write(broker, claim("6000", "bad"), of(OTHER, registered()))
    metrics = Metrics(CollectorRegistry())
    with planted(monkeypatch, fact="bad"):
        await dies(broker)
        async with working(broker, metrics=metrics) as running:
            while stopped(metrics) < 1:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0)
            assert OTHER not in homes(running)
    assert await aside(broker) == []


@pytest.mark.parametrize("what", ["day", "landslide"])
async def test_where_over_twenty_households_of_one_sweep_raise_only_the_partition_stops(
    broker: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Eighteen were set aside before, so that the worker dies three times and not twenty-one."""
    failing = [HOUSEHOLD, *neighbours(MOST_IN_AN_HOUR + 2)]
    struck = AreaStruck(
        area=AREA[:9],
        incident="landslide-1",
        hazard=Hazard.LANDSLIDE,
        severity=Severity.I,
        first_day=DAY,
    )
    before = [ADOPTED] if what == "day" else [ADOPTED, OPENED]
    await write(broker, *before, *(of(running, registered()) for running in failing))
    async with settled(broker) as running:
        owner = next(
            lane.owner for source, lane in running._lanes.items() if source.partition == HOME
        )
        beside = owner._committer.trials
        for _ in range(MOST_IN_AN_HOUR - 2):
            beside = beside.set_aside(datetime.now(UTC))
        await owner._committer.remember(beside)
    real = foothold_risk.messages.judge.judge

    def judge(subject: Subject, control: Control, policy: Policy | None) -> Verdict:
        if subject.household_id in failing:
            raise RecursionError
        return real(subject, control, policy)

    with monkeypatch.context() as patch:
        patch.setattr(foothold_risk.worker.decide, "judge", judge)
        await write(broker, OPENED if what == "day" else broadcast(struck, "landslide"))
        for _ in range(3):
            await dies(broker)
        for _ in range(2):  # a start changes nothing
            metrics = Metrics(CollectorRegistry())
            async with working(broker, metrics=metrics) as running:
                async with asyncio.timeout(60):
                    while stopped(metrics) < 1:
                        await asyncio.sleep(0.05)
                marked = [home for home in homes(running).values() if home.unjudged is not None]

    assert (
        metrics.registry.get_sample_value("foothold_risk_stopped_readers", {"partition": str(HOME)})
        == 1
    )
    assert (len(marked), len(await aside(broker))) == (2, 2)


@pytest.mark.parametrize("error", [TopicAuthorizationFailedError, TimeoutError])
async def test_what_kafka_refuses_is_no_records_fault_however_often(
    broker: str, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """The right to write to an output is missing, for example.

    Every start ends there until somebody grants it.
    """

    async def refused(*_: object) -> None:
        raise error

    await write(broker, ADOPTED, OPENED, registered(), income("7000"))
    async with settled(broker):
        pass
    await append(broker, claim("6000"))
    with monkeypatch.context() as patch:
        patch.setattr(foothold_risk.worker.committing, "send", refused)
        for _ in range(DIED_IN_A_ROW + 1):
            with pytest.raises(error):
                await asyncio.wait_for(worker(broker).run(), 60)
    begun = (await remembered_beside(broker)).attempts.begun
    async with settled(broker) as running:
        is_judged = homes(running)[HOUSEHOLD].position.status is Status.GROUP

    assert (begun, is_judged, await aside(broker)) == (0, True, [])


async def test_a_partition_that_cannot_say_goodbye_lets_go_of_its_producer_all_the_same(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: Partition) -> None:
        raise Unanswered("AddOffsetsToTxn")

    await write(broker, ADOPTED)
    running = worker(broker)
    task = asyncio.create_task(running.run())
    try:
        async with asyncio.timeout(60):
            while len(running._lanes) < EMBEDDED_PARTITIONS:
                await asyncio.sleep(0.02)
        _, lane = running._lanes.popitem()  # as it is taken from a worker
        with monkeypatch.context() as patch:
            patch.setattr(Partition, "leave", fails)
            with pytest.raises(Unanswered):
                await lane.close()
        assert lane.owner.producer._closed
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=30)


async def test_four_kills_at_one_record_set_nothing_aside_and_six_do(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill leaves no exception.

    The worker is cut off in the middle of deciding, as often as is asked for.
    """
    await write(broker, ADOPTED, OPENED, registered(), income("7000"))
    async with settled(broker):
        pass
    await append(broker, claim("6000", "deadly"))

    async def killed(times: int) -> list[Quarantined]:
        for _ in range(times):
            ended = asyncio.Event()

            async def cut(*_: object, ended: asyncio.Event = ended) -> None:
                ended.set()
                await asyncio.Event().wait()

            with monkeypatch.context() as patch:
                patch.setattr(foothold_risk.worker.partition.Partition, "_together", cut)
                patch.setattr(foothold_risk.worker.partition.Partition, "_decide_and_commit", cut)
                patch.setattr(foothold_risk.worker.partition.Partition, "leave", asyncio.sleep)
                running = worker(broker)
                task = asyncio.create_task(running.run())
                await asyncio.wait_for(ended.wait(), 30)
                running._fail(MissingBundle("killed"))
                await asyncio.gather(task, return_exceptions=True)
        return await aside(broker)

    after_four = await killed(DIED_IN_A_ROW - 1)
    begun = (await remembered_beside(broker)).attempts.begun
    async with settled(broker) as running:
        is_judged = homes(running)[HOUSEHOLD].position.status is Status.GROUP
    assert (after_four, begun, is_judged) == ([], DIED_IN_A_ROW - 1, True)

    await append(broker, claim("1", "deadlier"), of(OTHER, registered()))
    assert await killed(DIED_IN_A_ROW) == []
    async with settled(broker) as running:
        assert OTHER in homes(running)
    (hopeless,) = await aside(broker)
    assert hopeless.detail.startswith(f"{DIED_IN_A_ROW + 1} starts in a row ended here")
