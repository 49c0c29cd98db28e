"""What follows from the log can be made again from the log.

That is risk's state and messages to the byte, and the desk's tables row by row.
"""

import asyncio
import itertools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from confluent_kafka.admin import AdminClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.consumer import CASES, MIRROR
from foothold_risk.worker.state import is_household
from foothold_schemas.facts.decisions import FindingExempted, HarmlessReason
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import DayOpened, FeedHeard
from foothold_schemas.findings import FindingKind
from foothold_schemas.wire.topics import (
    EMBEDDED_PARTITIONS,
    HOUSEHOLD_STATE,
    HOUSEHOLD_VIEWS,
    RISK_TRANSITIONS,
    TOPICS,
)
from tests.contract.alerts.cases.test_alerts_reader import reader, reading
from tests.contract.risk.test_policy_change import of
from tests.support.made.build import amending, claim, disaster, identity, income, record, registered
from tests.support.risk import ADOPTED, DAY, OPENED, broadcast, caught_up, working, write
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(240)]

HOMES = [identity(f"rebuilt {n}") for n in range(12)]
MADE_BY_RISK = {HOUSEHOLD_STATE.name, RISK_TRANSITIONS.name, HOUSEHOLD_VIEWS.name}
TABLES = {
    "cases": (
        "case_id, register_number, area, stage, is_urgent, priority_group, opened_on, due_on,"
        " close_reason, is_recovering, version, is_quiet, latest"
    ),
    "transitions": "transition_id, case_id, number, body",
    "relief": "case_id, kind, cause, year, status, due_at",
    "reviews": "transition_id, case_id, looks_back_to, reason, asked_on",
    "views": "household_id, position, body",
    "partition_days": "partition, day, registered, stale",
}


def log() -> list[FactRecord]:
    """Return a log with a little of everything.

    It has bills and storms, corrections, a late bill after an exit, a harmless finding, an empty
    report, and days.
    """
    harmless = FindingExempted(
        finding=FindingKind.SELF_PAID_HIGH,
        reason=HarmlessReason.CAN_COPE,
        by="chen",
        exempted_on=DAY,
        until=DAY + timedelta(days=90),
    )
    lives = itertools.cycle(
        [
            [claim("6000"), disaster()],
            [claim("26000", "bill"), claim("100", "less")],
            [claim("25000"), record(harmless, "harmless")],
            [claim("25000", "old", day=DAY - timedelta(days=360))],
        ]
    )
    facts = [
        of(home, fact)
        for n, home in enumerate(HOMES)
        for fact in (registered(), income(["7000", "9000", "90000"][n % 3]))
    ]
    nothing_more = broadcast(
        FeedHeard(feed="IncomeReported", area="370399", through_month="2026-07"), "nothing more"
    )
    facts += [
        ADOPTED,
        OPENED,
        nothing_more,
        *(
            corrected(of(home, fact))
            for home, life in zip(HOMES, lives, strict=False)
            for fact in life
        ),
    ]
    facts += [broadcast(DayOpened(day=DAY + timedelta(days=n)), f"day {n}") for n in range(1, 50)]
    return [
        *facts,
        *(of(home, claim("25000", "late", day=DAY - timedelta(days=100))) for home in HOMES),
    ]


def corrected(fact: FactRecord) -> FactRecord:
    """The smaller bill stands for the large one."""
    return amending(fact, f"{fact.household_id} bill") if fact.id == "less" else fact


class RiskOutputs(NamedTuple):
    """The states, views and messages that risk made.

    They are the newest state and view by topic, partition and key, and every message of a partition
    and key in its order.
    """

    kept: dict[tuple[str, int, bytes], bytes | None]
    messages: dict[tuple[int, bytes], list[bytes]]


async def read_outputs(broker: str) -> RiskOutputs:
    outputs = RiskOutputs({}, {})
    for topic in sorted(MADE_BY_RISK):
        for m in await asyncio.to_thread(list, read_topic(broker, topic)):
            if topic == RISK_TRANSITIONS.name:
                outputs.messages.setdefault((m.partition(), m.key()), []).append(m.value())
            else:
                outputs.kept[topic, m.partition(), m.key()] = m.value()
    return outputs


async def judged_from_the_start(broker: str) -> RiskOutputs:
    async with working(broker):
        await caught_up(broker)
    return await read_outputs(broker)


def forget_places(broker: str, *groups: str) -> None:
    """How far the groups had read is known no longer."""
    admin = AdminClient({"bootstrap.servers": broker})
    for done in admin.delete_consumer_groups(list(groups)).values():
        done.result(20)


async def forget(broker: str) -> None:
    """As after the loss of everything risk made, its place in the log included."""
    await asyncio.to_thread(forget_places, broker, "risk")
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    await admin.delete_topics(sorted(MADE_BY_RISK))
    while MADE_BY_RISK & set(await admin.list_topics()):
        await asyncio.sleep(0.02)
    await admin.create_topics(
        [
            NewTopic(card.name, EMBEDDED_PARTITIONS, 1, topic_configs=card.config)
            for card in TOPICS
            if card.name in MADE_BY_RISK
        ]
    )
    await admin.close()


async def test_a_fresh_group_over_the_same_log_makes_the_same_state_and_says_the_same_words(
    broker: str,
) -> None:
    await write(broker, *log())
    first = await judged_from_the_start(broker)
    await forget(broker)
    again = await judged_from_the_start(broker)

    movements = "".join(value.decode() for values in first.messages.values() for value in values)
    assert [
        word
        for word in ("would_have", "corrected", "exempted", "cleared", "entered")
        if f'"{word}"' not in movements
    ] == []
    assert len(
        [key for topic, _, key in first.kept if topic == HOUSEHOLD_STATE.name and is_household(key)]
    ) == len(HOMES)
    assert first == again


async def test_empty_tables_filled_again_by_a_fresh_group_hold_the_same_rows(
    broker: str, alerts_database: AsyncEngine
) -> None:
    await write(broker, *log())
    words = (await judged_from_the_start(broker)).messages.values()
    count = len([value for values in words for value in values if b'"Transition"' in value])
    first = await filled(broker, alerts_database, count)
    async with alerts_database.begin() as connection:
        await connection.execute(
            text(f"truncate {', '.join(TABLES)}, audit restart identity cascade")
        )
    await asyncio.to_thread(forget_places, broker, CASES.group_id, MIRROR.group_id)
    again = await filled(broker, alerts_database, count)

    assert all(first.values()), "every table has rows"
    assert first == again


async def filled(
    broker: str, engine: AsyncEngine, count: int
) -> Mapping[str, list[tuple[Any, ...]]]:
    """The derived tables once everything is taken."""
    async with reading(reader(CASES, broker, engine)), reading(reader(MIRROR, broker, engine)):
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for _ in range(300):
            async with engine.connect() as connection:
                before, rows = (
                    rows,
                    {
                        table: sorted(
                            (
                                tuple(row)
                                for row in await connection.execute(
                                    text(f"select {columns} from {table}")  # noqa: S608 - our own names
                                )
                            ),
                            key=str,
                        )
                        for table, columns in TABLES.items()
                    },
                )
            if len(rows["transitions"]) == count and rows == before and rows["views"]:
                return rows
            await asyncio.sleep(0.3)
    raise AssertionError(f"{len(rows['transitions'])} of {count} transitions taken")
