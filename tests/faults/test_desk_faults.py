"""People work while alerts is killed and its database is away for a while.

Every act is one audit row, goes to risk, and counts once.
"""

import contextlib
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from deploy.local.stack import Ports, Stack
from foothold_schemas.wire.codec import decode_fact, decode_said
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, RELIEF_FACTS
from tests.faults.test_faults import SECONDS, SEED
from tests.support.made.policy import write_test_policy
from tests.support.running.desk import Caseworker
from tests.support.running.parts import VAR
from tests.support.running.sender import SINGLE, Sender, eventually, read_topic, transitions

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(300 + SECONDS),
]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)
OPEN_DAY = AT.date()
CASES = 20 if "FOOTHOLD_FAULT_SECONDS" in os.environ else 10
OUTAGE = SECONDS // 2
"""So many seconds PostgreSQL is not there at all."""
ASKING = "a test that asks"
WITH_A_KEY = {**SINGLE, "authorization": "Bearer fh_00000000_nobody"}
STEPS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("take", "verifying", {}),
    ("consent", "verifying", {}),
    ("dismiss", "dismissed", {"reason": "can_cope"}),
)


def asked(stack: Stack, question: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(
        stack.postgres.dsn("foothold_alerts"), application_name=ASKING
    ) as connection:
        return connection.execute(question, values).fetchall()


def reported(stack: Stack, sender: Sender) -> None:
    """Households of which somebody told: a case each."""
    for n in range(CASES):
        home = f"370399/DESK-{n}"
        entry = {
            "authority": "370399",
            "register_number": f"DESK-{n}",
            "area": "370399101202",
            "standing": "ordinary",
            "members": [{"person_ref": f"d{n}"}],
        }
        sender.say("statistics", "HouseholdRegistered", f"desk-{n}", AT, home, **entry)
        sender.say(
            "statistics",
            "RiskReported",
            f"desk-call-{n}",
            AT,
            home,
            route="hotline",
            concern="illness",
            reported_on="2026-06-10",
        )
    eventually(
        lambda: len(asked(stack, "select 1 from cases")) == CASES, "every case stands at the desk"
    )


def sabotage(stack: Stack, chance: random.Random, over: threading.Event, kills: list[str]) -> None:
    """Kill -9 of an alerts worker, again and again.

    Once in a while of the database's own processes too.
    """
    while not over.wait(chance.uniform(2, 4)):
        name = chance.choice([name for name in stack.services if name.startswith("alerts")])
        if (pid := stack.services[name].pid) is not None:
            os.kill(pid, signal.SIGKILL)
            kills.append(name)
        if chance.random() < 0.2:
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(stack.postgres.dsn("postgres"), autocommit=True) as connection,
            ):
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname ="
                    " 'foothold_alerts' and application_name <> %s",
                    [ASKING],
                )
                kills.append("connections")


def outage(stack: Stack) -> None:
    """PostgreSQL falls as in a power cut, stays away, and comes back.

    An agency is asked to send again; a record in its topic waits.
    """
    stack.postgres.crash()
    try:
        with httpx.Client(base_url=stack.ingest_url, timeout=20) as agency:
            statuses = {
                agency.post("/v1/events", json={}, headers=WITH_A_KEY).status_code for _ in range(3)
            }
        time.sleep(OUTAGE)
    finally:
        stack.postgres.start_again()
    assert statuses == {httpx.codes.SERVICE_UNAVAILABLE}, statuses


def persist(stack: Stack, caseworker: Caseworker, number: int) -> None:
    """One person who tries again until the page shows what was wanted, as people do."""
    for step, stage, fields in STEPS:

        def is_done(step: str = step, stage: str = stage) -> bool:
            try:
                row = asked(stack, "select stage, consent from cases where number = %s", number)[0]
            except psycopg.OperationalError:
                return False
            return row[0] == stage and (step != "consent" or row[1] == "given")

        def act(step: str = step, fields: dict[str, str] = fields) -> bool:
            try:
                caseworker.send(number, f"steps/{step}", **fields)
            except httpx.HTTPError:
                time.sleep(0.1)
            return is_done()

        eventually(lambda: is_done() or act(), f"{step} of case {number}", 90 + OUTAGE)


def test_people_at_work_while_alerts_is_killed_lose_nothing_and_double_nothing() -> None:
    VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="faults-", dir=VAR, ignore_cleanup_errors=True
    ) as temporary:
        write_test_policy(Path(temporary) / "policy")
        with (
            Stack(
                Path(temporary),
                Ports.free(),
                day_clock="manual",
                policy_folder=Path(temporary) / "policy",
                replicas={"alerts": 2},
            ) as stack,
            ThreadPoolExecutor(1) as pool,
            Sender(stack) as sender,
            Caseworker(stack, "caseworker", sender.passwords["caseworker"]) as caseworker,
        ):
            sender.adopt()
            sender.open_day(OPEN_DAY)
            reported(stack, sender)
            over, kills = threading.Event(), list[str]()
            chance = random.Random(SEED)  # noqa: S311 - a seed to replay by, no secret
            saboteur = threading.Thread(target=sabotage, args=(stack, chance, over, kills))
            saboteur.start()
            try:
                for number in range(1, CASES + 1):
                    if number == CASES // 2:
                        away = pool.submit(outage, stack)
                    persist(stack, caseworker, number)
                    time.sleep(0.5)
                away.result()
            finally:
                over.set()
                saboteur.join()
            eventually(
                lambda: not asked(stack, "select 1 from said where sent_at is null"),
                "everything said is sent",
                60,
            )
            statements = {str(row[0]) for row in asked(stack, "select said_id from said")}
            sent = [
                decode_said(m.value()).id
                for m in read_topic(stack.kafka.bootstrap, RELIEF_FACTS.name)
            ]

            def ends() -> bool:
                last = {t.household_id: t for t in transitions(stack.kafka.bootstrap)}
                return sum(t.exit_reason == "dismissed" for t in last.values()) == CASES

            eventually(ends, "risk has let every household go", 60)
            moves = Counter(
                (t.household_id, t.movement.value) for t in transitions(stack.kafka.bootstrap)
            )
            logged = {
                f.id
                for m in read_topic(stack.kafka.bootstrap, HOUSEHOLD_FACTS.name)
                if (f := decode_fact(m.value())).agency == "foothold-desk"
            }
            acts = Counter(
                asked(
                    stack,
                    "select case_id, action from audit where actor = 'caseworker' and case_id is"
                    " not null",
                )
            )

    print(
        f"desk, seed {SEED}: {len(kills)} kills, {OUTAGE} s without a database,"
        f" {len(statements)} said, {len(sent)} sent"
    )
    assert len(kills) >= 3
    # a consent and a dismissal each
    assert (set(sent), logged, len(statements)) == (
        statements,
        statements,
        2 * CASES,
    )
    assert set(moves.values()) == {1}
    assert set(acts.values()) == {1}
    assert len(acts) == len(STEPS) * CASES
