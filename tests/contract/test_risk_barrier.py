"""What raises in deciding ends risk once and is then set aside with its household, and everything else goes on. On a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.partitioner import DefaultPartitioner
from prometheus_client import CollectorRegistry

import foothold_risk.decide
import foothold_risk.everybody
from foothold_risk.defects import Defect
from foothold_risk.errors import MissingBundle
from foothold_risk.households import Control, Households, unpack
from foothold_risk.judge import Judged
from foothold_risk.metrics import Metrics
from foothold_risk.rules.fold import Folded
from foothold_risk.rules.hold import register
from foothold_risk.rules.household import Household
from foothold_risk.trials import Trials
from foothold_risk.worker import Worker
from foothold_runtime.attempts import DIED_IN_A_ROW, MOST_IN_AN_HOUR, Attempts
from foothold_schemas.codec import decode_output, encode
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import AreaStruck, DayOpened, Hazard, HouseholdFact, Severity
from foothold_schemas.quarantine import Quarantined, RefusalReason
from foothold_schemas.retries import retry_headers
from foothold_schemas.topics import EMBEDDED_PARTITIONS, HOUSEHOLD_FACTS, RISK_TRANSITIONS
from foothold_schemas.transitions import DayDone, Judgement, Status
from tests.support.build import AREA, HOUSEHOLD, claim, identity, income, registered
from tests.support.ingest import SEAL
from tests.support.risk import ADOPTED, DAY, OPENED, RULES, broadcast, caught_up, quarantined, worker, working, write
from tests.support.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

EVERY = list(range(EMBEDDED_PARTITIONS))
HOME = int(DefaultPartitioner()(HOUSEHOLD.encode(), EVERY, EVERY))


def neighbours(count: int) -> list[str]:
    """Other households of the same partition."""
    ids = (f"{n:032x}" for n in range(10_000))
    return [i for i in ids if DefaultPartitioner()(i.encode(), EVERY, EVERY) == HOME][:count]


OTHER, *_ = neighbours(1)


def of(household_id: str, record: FactRecord) -> FactRecord:
    """The same of another household."""
    return record.model_copy(update={"household_id": household_id, "fact_id": identity(f"{household_id} {record.fact_id}")})


@contextlib.contextmanager
def planted(monkeypatch: pytest.MonkeyPatch, *, fact: str = "", household: str = "") -> Iterator[None]:
    """A defect nobody has thought of: folding this fact, or judging this household, raises."""
    real_fold, real_judge = foothold_risk.decide.fold, foothold_risk.decide.judge

    def fold(before: Household, record: FactRecord, data: HouseholdFact, day: object) -> tuple[Household, Folded]:
        if record.fact_id == identity(fact):
            raise OverflowError("planted: 6000.00")
        return real_fold(before, record, data, day)  # type: ignore[arg-type]

    def judge(household_id: str, *arguments: object, **named: object) -> Judged:
        if household_id == household:
            raise ZeroDivisionError("planted")
        return real_judge(household_id, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(foothold_risk.decide, "fold", fold)
        patch.setattr(foothold_risk.decide, "judge", judge)
        yield


async def dies(broker: str) -> None:
    """A worker runs until a decision raised."""
    with pytest.raises(Defect, match="deciding raised"):
        await asyncio.wait_for(worker(broker).run(), 60)


@contextlib.asynccontextmanager
async def settled(broker: str, metrics: Metrics | None = None) -> AsyncIterator[Worker]:
    async with working(broker, metrics=metrics) as one:
        await caught_up(broker)
        yield one


def homes(one: Worker) -> dict[str, Household]:
    owners = (lane.owner for lane in one._lanes.values())
    return {key.decode(): unpack(packed) for owner in owners for key, packed in owner.households._packed.items()}


async def aside(broker: str) -> list[Quarantined]:
    found = await asyncio.to_thread(quarantined, broker)
    return sorted((q for q in found if q.reason is RefusalReason.UNPROCESSABLE), key=lambda q: (q.topic, q.offset))


async def outputs(broker: str) -> list[object]:
    return [decode_output(m.value()) for m in await asyncio.to_thread(lambda: list(read_topic(broker, RISK_TRANSITIONS.name)))]


async def retry(broker: str, *records: Quarantined) -> None:
    """As `quarantine retry` writes them."""
    async with AIOKafkaProducer(bootstrap_servers=broker, enable_idempotence=True, acks="all") as producer:
        for one in records:
            kept = one.open(SEAL)
            await producer.send_and_wait(
                HOUSEHOLD_FACTS.name, kept.value, key=kept.key, partition=one.partition, headers=list(retry_headers(kept.headers, one.source_id))
            )


async def append(broker: str, *records: FactRecord) -> None:
    """The next records of the households' partition, and nothing before them."""
    async with AIOKafkaProducer(bootstrap_servers=broker, enable_idempotence=True, acks="all") as producer:
        for one in records:
            await producer.send_and_wait(HOUSEHOLD_FACTS.name, encode(one), key=(one.household_id or "").encode(), partition=HOME)


async def remembered_beside(broker: str) -> Trials:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets("risk")
    finally:
        await admin.close()
    return next((Trials.read(o.metadata) for source, o in found.items() if source.partition == HOME), Trials())


async def test_a_record_that_raises_twice_is_set_aside_what_follows_waits_and_a_retry_makes_it_good(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(registered(), income("7000")), (of(OTHER, registered()), of(OTHER, income("7000")))]
    await write(broker, ADOPTED, OPENED, *both[0], *both[1], claim("6000", "bad"), of(OTHER, claim("6000")), claim("1", "after"), claim("2", "and after"))
    metrics = Metrics(CollectorRegistry())
    with planted(monkeypatch, fact="bad"):
        await dies(broker)
        beside = await remembered_beside(broker)
        first_time = await aside(broker)
        async with settled(broker, metrics) as one:
            marked = homes(one)
            waiting = await aside(broker)
            assert metrics.registry.get_sample_value("foothold_risk_households_not_judged", {"partition": str(HOME)}) == 1
        await retry(broker, *waiting)  # before the upgrade: each comes back, in the same order, and nothing dies
        async with settled(broker) as one:
            again = (await aside(broker))[len(waiting) :]
            still = homes(one)[HOUSEHOLD].unjudged
    await retry(broker, *again)
    async with settled(broker) as one:
        good = homes(one)
        said = await outputs(broker)

    assert (beside.attempts.raised, first_time) == (1, [])
    assert marked[OTHER].position.status is Status.GROUP
    assert (marked[HOUSEHOLD].claims, marked[HOUSEHOLD].position.status) == ((), Status.WATCH)
    values = [encode(claim("6000", "bad")), encode(claim("1", "after")), encode(claim("2", "and after"))]
    assert [q.open(SEAL).value for q in waiting] == values
    assert [q.open(SEAL).value for q in again] == values
    assert waiting[0].detail.startswith("OverflowError at foothold_risk/decide.py:")
    assert "6000" not in "".join(q.detail for q in waiting)
    assert {q.detail.partition(":")[0] for q in waiting[1:]} == {f"waits behind {HOUSEHOLD_FACTS.name}"}
    assert still is not None
    assert still.behind == waiting[0].source_id
    assert good[HOUSEHOLD].unjudged is None
    assert len(good[HOUSEHOLD].claims) == 3
    assert good[HOUSEHOLD].position == good[OTHER].position
    told = [(j.is_judged, j.area, j.register_number) for j in said if isinstance(j, Judgement)]
    assert told == [(False, AREA, "V1"), (True, AREA, "V1")]


async def test_a_household_that_raises_in_a_day_is_marked_and_the_day_closes(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(broker, ADOPTED, registered(), income("7000"), claim("6000"), of(OTHER, registered()), of(OTHER, income("7000")), of(OTHER, claim("6000")))
    async with settled(broker):
        pass
    with planted(monkeypatch, household=HOUSEHOLD):
        await write(broker, OPENED)
        await dies(broker)
        beside = await remembered_beside(broker)
        async with settled(broker) as one:
            await write(broker, claim("1", "after"))
            await caught_up(broker)
            marked, waiting = homes(one), await aside(broker)
            days = [o for o in await outputs(broker) if isinstance(o, DayDone) and o.partition == HOME]
    waiting.sort(key=lambda q: not q.topic.startswith("household."))
    await retry(broker, *waiting)
    async with settled(broker) as one:
        good = homes(one)

    assert beside.household == HOUSEHOLD
    assert (marked[HOUSEHOLD].unjudged is not None, marked[OTHER].position.status) == (True, Status.GROUP)
    assert [(o.day, o.registered) for o in days] == [(DAY, {AREA: 2})]
    assert [q.topic for q in waiting] == [f"household.{HOUSEHOLD}", HOUSEHOLD_FACTS.name]
    assert waiting[0].open(SEAL).value is None
    assert good[HOUSEHOLD].unjudged is None
    assert good[HOUSEHOLD].position == good[OTHER].position
    assert len(good[HOUSEHOLD].claims) == 2


async def test_two_households_of_one_sweep_are_both_marked_and_an_incident_goes_round_them(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    struck = AreaStruck(area=AREA[:9], incident="landslide-1", hazard=Hazard.LANDSLIDE, severity=Severity.I, first_day=DAY)
    third, fourth = neighbours(3)[1:]
    await write(broker, ADOPTED, OPENED, *(of(one, registered()) for one in (HOUSEHOLD, OTHER, third, fourth)))
    async with settled(broker):
        pass
    real = foothold_risk.decide.judge

    def judge(household_id: str, *arguments: object, **named: object) -> Judged:
        if household_id in (OTHER, fourth):
            raise RecursionError
        return real(household_id, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(foothold_risk.decide, "judge", judge)
        await write(broker, broadcast(struck, "landslide"))
        await dies(broker)
        await dies(broker)
        async with settled(broker) as one:
            while any(lane.owner.households.control.looks for lane in one._lanes.values()):
                await asyncio.sleep(0.05)
            marked = {key for key, home in homes(one).items() if home.unjudged is not None}

    assert marked == {OTHER, fourth}
    assert len(await aside(broker)) == 2


async def test_a_record_for_everybody_that_cannot_be_applied_stops_its_partition_and_not_the_process(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def steer(control: Control, fact: FactRecord, trace: str = "") -> Control | None:
        raise OverflowError("planted") if isinstance(fact.data, DayOpened) else AssertionError

    await write(broker, OPENED, registered())
    metrics = Metrics(CollectorRegistry())
    with monkeypatch.context() as patch:
        patch.setattr(foothold_risk.everybody, "steer", steer)
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
    async with settled(broker) as one:
        assert HOUSEHOLD in homes(one)


def stopped(metrics: Metrics) -> float:
    return sum(s.value for f in metrics.stopped.collect() for s in f.samples)


async def test_after_twenty_in_an_hour_nothing_more_is_set_aside_and_reading_stops(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Trials()
    for minute in range(MOST_IN_AN_HOUR):
        beside = beside.set_aside(datetime.now(UTC) - timedelta(minutes=minute))
    await write(broker, ADOPTED, OPENED, registered())
    async with settled(broker) as one:
        owner = next(lane.owner for source, lane in one._lanes.items() if source.partition == HOME)
        await owner._committer.remember(beside)
    await write(broker, claim("6000", "bad"), of(OTHER, registered()))
    metrics = Metrics(CollectorRegistry())
    with planted(monkeypatch, fact="bad"):
        await dies(broker)
        async with working(broker, metrics=metrics) as one:
            while stopped(metrics) < 1:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0)
            assert OTHER not in homes(one)
    assert await aside(broker) == []


async def test_four_kills_at_one_record_set_nothing_aside_and_six_do(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill leaves no exception: the worker is cut off in the middle of deciding, as often as is asked for."""
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
                patch.setattr(foothold_risk.partition.Partition, "_together", cut)
                patch.setattr(foothold_risk.partition.Partition, "_decide_and_commit", cut)
                patch.setattr(foothold_risk.partition.Partition, "leave", asyncio.sleep)
                one = worker(broker)
                task = asyncio.create_task(one.run())
                await asyncio.wait_for(ended.wait(), 30)
                one._fail(MissingBundle("killed"))
                await asyncio.gather(task, return_exceptions=True)
        return await aside(broker)

    after_four = await killed(DIED_IN_A_ROW - 1)
    begun = (await remembered_beside(broker)).attempts.begun
    async with settled(broker) as one:
        is_judged = homes(one)[HOUSEHOLD].position.status is Status.GROUP
    assert (after_four, begun, is_judged) == ([], DIED_IN_A_ROW - 1, True)

    await append(broker, claim("1", "deadlier"), of(OTHER, registered()))
    assert await killed(DIED_IN_A_ROW) == []
    async with settled(broker) as one:
        assert OTHER in homes(one)
    (hopeless,) = await aside(broker)
    assert hopeless.detail.startswith(f"{DIED_IN_A_ROW + 1} starts in a row ended here")


def test_a_household_that_cannot_be_planned_stops_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def next_due(*_: object) -> None:
        raise OverflowError

    households = Households({RULES.bundle: RULES})
    households.control = Control(open_day=DAY, bundle=RULES.bundle)
    entry = registered()
    home = Household(register=register(entry, entry.data, bytes(16)), as_of=DAY)  # type: ignore[arg-type]
    households.restore(HOUSEHOLD.encode(), foothold_risk.households.pack(home))
    monkeypatch.setattr(foothold_risk.households, "next_due", next_due)
    households.plan_anew()

    assert households.due(DAY + timedelta(days=1)) == [HOUSEHOLD.encode()]


@pytest.mark.parametrize("text", ["", "a1 1 2 3 4|xyz", "nonsense|"])
def test_what_others_wrote_beside_the_offset_says_nothing_of_a_household(text: str) -> None:
    assert Trials.read(text).household == ""


def test_what_is_remembered_comes_back_and_nothing_is_written_as_nothing() -> None:
    trials = Trials(Attempts().raising(3, 9), HOUSEHOLD)

    assert Trials.read(trials.text()) == trials
    assert Trials().text() == ""


def test_of_records_that_raised_no_others_become_suspect_with_a_new_owner() -> None:
    begun = Trials(Attempts().raising(7, 7)).beginning(7, 900)

    assert (begun.attempts.is_suspect(7), begun.attempts.is_suspect(8)) == (True, False)
