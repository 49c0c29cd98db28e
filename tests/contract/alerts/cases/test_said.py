"""What people decide at the desk reaches risk: through the log, in its order, once.

And a worker that dies in the middle of it loses nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.jobs.queue import Jobs
from foothold_alerts.rules.case import CloseReason
from foothold_alerts.sweep import Sweep
from foothold_schemas.facts.decisions import CaseDecided, Decision
from foothold_schemas.messages.transitions import Movement, Status
from foothold_schemas.values import Group
from foothold_schemas.wire.codec import decode_said
from foothold_schemas.wire.topics import RELIEF_FACTS
from tests.support.alerts import NOW, cases_on, deadlines_on, rows, transition
from tests.support.running.desk import Caseworker, case_number
from tests.support.running.sender import Sender, eventually, read_topic, transitions

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)


def test_a_case_dismissed_at_the_desk_ends_in_risk_with_the_persons_word(
    foothold: Stack, sender: Sender
) -> None:
    entry = {
        "authority": "370399",
        "register_number": "SAID-1",
        "area": "370399101202",
        "standing": "ordinary",
        "members": [{"person_ref": "s"}],
    }
    sender.say("statistics", "HouseholdRegistered", "said-reg", AT, "370399/SAID-1", **entry)
    sender.say(
        "statistics",
        "RiskReported",
        "said-call",
        AT,
        "370399/SAID-1",
        route="hotline",
        concern="illness",
        reported_on="2026-06-10",
    )
    number = eventually(lambda: case_number(foothold, "SAID-1"), "the case stands at the desk")
    with Caseworker(foothold, "caseworker", sender.passwords["caseworker"]) as caseworker:
        caseworker.do(number, "steps/take")
        caseworker.do(number, "steps/consent")
        caseworker.do(number, "steps/dismiss", reason="can_cope")

    def movements() -> list[str]:
        own = [
            t
            for t in transitions(foothold.kafka.bootstrap)
            if t.household.register_number == "SAID-1"
        ]
        return [
            f"{t.movement.value} {t.exit_reason.value if t.exit_reason else ''}".strip()
            for t in own
        ]

    assert eventually(
        lambda: movements() if len(movements()) > 1 else None, "risk has heard it"
    ) == [
        "watched",
        "unwatched dismissed",
    ]
    with Caseworker(foothold, "caseworker", sender.passwords["caseworker"]) as caseworker:
        eventually(
            lambda: "家庭能够自行承担" in caseworker.page(number),
            "the case keeps the person's reason",
        )


async def test_an_elimination_that_no_longer_held_at_risk_is_taken_back_and_somebody_is_told(
    alerts_database: AsyncEngine,
) -> None:
    cases = cases_on(alerts_database)
    group: dict[str, Any] = {
        "group": Group.MARGINAL,
        "status": Status.GROUP,
        "is_identified": True,
        "is_urgent": False,
    }
    await cases.take([transition("a", **group)], NOW)
    async with alerts_database.begin() as connection:
        await connection.execute(
            text(
                "update cases set stage = 'eliminated', identified_on = '2026-06-01', close_reason"
                " = :why"
            ),
            {"why": CloseReason.ELIMINATED.value},
        )
    refused = transition("a", 2, movement=Movement.REFUSED, refused=Decision.ELIMINATED, **group)
    await cases.take([refused], NOW)
    await cases.take([refused], NOW)

    assert await rows(alerts_database, "select stage, close_reason from cases") == [
        ("identified", None)
    ]
    assert await rows(
        alerts_database, "select count(*) from audit where action = 'not_carried_out'"
    ) == [(1,)]
    assert await rows(
        alerts_database, "select count(*) from deadlines where kind = 'measure' and done_at is null"
    ) == [(1,)]
    assert await rows(
        alerts_database, "select event, count(*) from notices group by event order by event"
    ) == [("news", 1), ("not_carried_out", 1)]


@pytest.fixture
async def producer(broker: str) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(
        bootstrap_servers=broker, enable_idempotence=True, acks="all"
    ) as started:
        yield started


def url(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)


async def decide(outbox: Outbox, engine: AsyncEngine, home: str, *decisions: Decision) -> None:
    for decision in decisions:
        async with engine.begin() as connection:
            await outbox.say(
                connection,
                home,
                CaseDecided(decision=decision, decided_on=NOW.date()),
                by="zhang",
                at=NOW,
            )


def written(broker: str) -> list[tuple[str, str]]:
    statements = [decode_said(m.value()) for m in read_topic(broker, RELIEF_FACTS.name)]
    return [
        (s.household_id[0], s.data.decision.value)
        for s in statements
        if isinstance(s.data, CaseDecided)
    ]


async def test_a_households_words_go_out_in_order_and_an_act_that_is_rolled_back_says_nothing(
    alerts_database: AsyncEngine, broker: str, producer: AIOKafkaProducer
) -> None:
    jobs = Jobs(url(alerts_database))
    outbox = Outbox(alerts_database, jobs, producer)
    await decide(
        outbox,
        alerts_database,
        "a" * 32,
        Decision.IDENTIFIED,
        Decision.NOT_MARKED,
        Decision.ELIMINATED,
    )
    await decide(outbox, alerts_database, "b" * 32, Decision.DISMISSED)
    async with alerts_database.connect() as connection:
        await outbox.say(
            connection,
            "c" * 32,
            CaseDecided(decision=Decision.DISMISSED, decided_on=NOW.date()),
            by="zhang",
            at=NOW,
        )
        await connection.rollback()
    worker = asyncio.create_task(jobs.run())
    while (await rows(alerts_database, "select count(*) from said where sent_at is null"))[0][0]:
        await asyncio.sleep(0.05)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)

    out = await asyncio.to_thread(written, broker)
    assert [d for home, d in out if home == "a"] == ["identified", "not_marked", "eliminated"]
    assert sorted(home for home, _ in out) == ["a", "a", "a", "b"]


async def test_a_job_whose_worker_died_is_done_by_another_and_what_has_no_job_gets_one(
    alerts_database: AsyncEngine, broker: str, producer: AIOKafkaProducer
) -> None:
    jobs = Jobs(url(alerts_database))
    outbox = Outbox(alerts_database, jobs, producer)
    await decide(outbox, alerts_database, "a" * 32, Decision.IDENTIFIED)
    await decide(outbox, alerts_database, "b" * 32, Decision.DISMISSED)
    # one worker took a's job and was never heard of again; b's job is lost
    async with alerts_database.begin() as connection:
        dead = (
            "insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour')"
            " returning id"
        )
        worker_id: Any = (await connection.execute(text(dead))).scalar_one()
        taken = (
            "update procrastinate_jobs set status = 'doing', worker_id = :worker where lock = :lock"
        )
        await connection.execute(text(taken), {"worker": worker_id, "lock": "a" * 32})
        await connection.execute(
            text("delete from procrastinate_jobs where lock = :lock"), {"lock": "b" * 32}
        )
    worker, sweep = (
        asyncio.create_task(jobs.run()),
        Sweep(jobs, outbox, deadlines_on(alerts_database, jobs)),
    )
    for _ in range(200):
        await asyncio.sleep(0.1)
        if not (
            await rows(
                alerts_database,
                "select 1 from procrastinate_workers where last_heartbeat > now() - interval '1"
                " minute'",
            )
        ):
            continue
        await sweep.once(datetime.now(UTC) + timedelta(minutes=1))
        if not (await rows(alerts_database, "select count(*) from said where sent_at is null"))[0][
            0
        ]:
            break
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)

    assert sorted(await asyncio.to_thread(written, broker)) == [
        ("a", "identified"),
        ("b", "dismissed"),
    ]
