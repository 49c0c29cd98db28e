"""Follows a feed from a fact at the door until it falls silent.

It is noted by ingest, reported with the next day, held by risk, and shown to people and to
operations.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.agencies.feeds import FeedBook, last_heard
from foothold_ingest.database import HouseholdRow, connect
from foothold_ingest.intake.days import Days
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.judgement import Accepted
from foothold_ingest.settings import DayClock
from foothold_risk.rules.policy import Rhythm
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import DayOpened, FeedHeard, PolicyAdopted
from foothold_schemas.facts.feeds import FeedSpoke
from foothold_schemas.messages.transitions import DayDone, Movement
from foothold_schemas.values import Group
from foothold_schemas.wire.codec import decode_fact, decode_output
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, RISK_TRANSITIONS
from tests.contract.ingest.doors.test_door import publisher
from tests.support.made.build import AREA, claim, income, policy, registered, retracted, value
from tests.support.risk import DAY, await_transitions, broadcast, caught_up, working, write
from tests.support.running.sender import read_topic
from tests.support.running.waiting import becomes

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

COUNTY = AREA[:6]
FIRST = date(2026, 6, 1)
FEED = {"agency": "health-insurance", "feed": "MedicalClaimSettled", "area": COUNTY}
EXPECTING = policy(
    feeds_rhythm=value("feeds.rhythm", (Rhythm("health-insurance", "MedicalClaimSettled", 3),))
)


def accepted_facts(*facts: FactRecord) -> list[Accepted]:
    return [Accepted(fact, county=COUNTY) for fact in facts]


async def serves_the_county(engine: AsyncEngine) -> None:
    """A household of it is in the register: a day tells of feeds only where somebody lives."""
    async with engine.begin() as connection:
        await connection.execute(
            insert(HouseholdRow).values(
                household_id="of the county", county=COUNTY, sealed_subject=""
            )
        )


async def feeds_told(broker: str) -> dict[date, set[tuple[str, str, date]]]:
    feeds_by_day: dict[date, set[tuple[str, str, date]]] = {}
    for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name))):
        fact = decode_fact(m.value()).data
        assert isinstance(fact, DayOpened)
        assert all(f.area == COUNTY for f in fact.feeds)
        feeds_by_day[fact.day] = {(f.agency, f.feed, f.heard_on) for f in fact.feeds}
    return feeds_by_day


async def test_what_was_heard_is_told_with_the_next_day(
    broker: str, ingest_database: AsyncEngine
) -> None:
    await serves_the_county(ingest_database)
    writer = publisher(broker)
    await writer.start()
    days = Days(ingest_database, writer, Metrics(CollectorRegistry()), DayClock.MANUAL)
    bill = claim("10").model_copy(update={"agency": "health-insurance"})
    await FeedBook(ingest_database).hear(accepted_facts(registered(), income("7500"), bill))
    for n, heard in enumerate(
        [
            [],
            accepted_facts(income("1")),
            accepted_facts(retracted("bill").model_copy(update={"agency": "health-insurance"})),
            [],
        ]
    ):
        await days.open(FIRST + timedelta(days=n), datetime.now(UTC))
        await FeedBook(ingest_database).hear(heard)
    await writer.stop()

    entries, incomes, bills = (
        ("statistics", "HouseholdRegistered"),
        ("statistics", "IncomeReported"),
        ("health-insurance", "MedicalClaimSettled"),
    )
    second, third = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
    assert {
        FIRST: {(*entries, FIRST), (*incomes, FIRST), (*bills, FIRST)},
        second: {(*entries, FIRST), (*incomes, FIRST), (*bills, FIRST)},
        third: {(*entries, FIRST), (*incomes, second), (*bills, FIRST)},
        third + timedelta(days=1): {(*entries, FIRST), (*incomes, second), (*bills, third)},
    } == await feeds_told(broker)


async def test_a_silent_feed_keeps_the_group_and_an_empty_report_lets_it_go(broker: str) -> None:
    old = claim("25000", day=DAY - timedelta(days=360)).model_copy(
        update={"agency": "health-insurance"}
    )
    spoke = FeedSpoke(
        agency="health-insurance", feed="MedicalClaimSettled", area=COUNTY, heard_on=DAY
    )
    later = [DayOpened(day=DAY + timedelta(days=n)) for n in range(1, 12)]
    nothing = FeedHeard(feed="MedicalClaimSettled", area=COUNTY, through_month="2026-05")
    empty_file = broadcast(nothing, "empty").model_copy(update={"agency": "health-insurance"})
    adopted = broadcast(PolicyAdopted(bundle=EXPECTING.bundle), "adopt")
    first = broadcast(DayOpened(day=DAY, feeds=(spoke,)), "first")
    await write(
        broker,
        registered(),
        income("9000"),
        old,
        adopted,
        first,
        *(broadcast(d, f"{d.day}") for d in later),
    )
    async with working(broker, bundles=(EXPECTING,)) as running:
        (entered,) = await await_transitions(broker, 1)
        await caught_up(broker)
        registry = running._metrics.registry
        await becomes(lambda: registry.get_sample_value("foothold_risk_stale_feed", FEED), 1)
        stale = {(d.day, tuple(d.stale)) for d in await days_done(broker) if d.registered}
        await write(broker, empty_file)
        _, recovering = await await_transitions(broker, 2)
        await becomes(lambda: registry.get_sample_value("foothold_risk_stale_feed", FEED), 0)

    assert (entered.movement, entered.group, entered.stale) == (
        Movement.ENTERED,
        Group.SUDDEN_HARDSHIP,
        (),
    )
    assert {(DAY + timedelta(days=n), (COUNTY,) if n > 3 else ()) for n in range(12)} == stale
    assert (recovering.movement, recovering.open_day, recovering.stale) == (
        Movement.RECOVERING,
        later[-1].day,
        (),
    )


async def days_done(broker: str) -> list[DayDone]:
    outputs = [
        decode_output(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, RISK_TRANSITIONS.name)))
    ]
    return [o for o in outputs if isinstance(o, DayDone)]


async def test_while_the_database_is_away_facts_are_accepted_and_the_feed_is_noted_with_the_next(
    ingest_database: AsyncEngine,
) -> None:
    await serves_the_county(ingest_database)
    away = connect("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    book = FeedBook(away)
    await book.hear(accepted_facts(income("1")))
    await away.dispose()
    book._engine = ingest_database
    await book.hear(accepted_facts(income("2", "another")))

    async with ingest_database.connect() as connection:
        assert await last_heard(connection, FIRST) == (
            FeedSpoke(agency="statistics", feed="IncomeReported", area=COUNTY, heard_on=FIRST),
        )
