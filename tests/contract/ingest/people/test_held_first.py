"""Facts that were sent before the register knew their person count from the start.

What agencies sent counts from the household's first moment: there is no alarm for an income that
was only waiting.
"""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from deploy.local.stack import Stack
from foothold_ingest.build import Built
from foothold_ingest.rules.judgement import Accepted, Held
from foothold_ingest.rules.people.resident_number import check_character
from foothold_ingest.rules.strict_json import JsonValue
from foothold_schemas.facts.envelope import event_type
from foothold_schemas.wire.codec import decode_fact
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS
from tests.support.running.desk import case_number
from tests.support.running.sender import Sender, eventually, read_topic, transitions

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

AT = datetime(2026, 6, 9, 2, tzinfo=UTC)
TOWNSHIP, HOME, NUMBER = "370399778", "370399/HELD-1", "370399199003071238"


def event(kind: str, name: str, subject: str | None, data: dict[str, Any]) -> JsonValue:
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": name,
        "source": "/agencies/civil",
        "type": event_type(kind),
        "time": "2026-01-15T09:00:00+08:00",
        "data": data,
    }
    return envelope if subject is None else envelope | {"subject": subject}


def bill(n: int) -> dict[str, Any]:
    return {
        "claim_number": f"b{n}",
        "settled_on": "2026-01-10",
        "setting": "inpatient",
        "total": "100.00",
    }


def numbered(n: int) -> str:
    """A resident number nobody has, with its check digit."""
    body = f"37039919{50 + n:02}0101001"
    return body + check_character(body)


def household_of(stack: Stack, case: int) -> str:
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        row = connection.execute(
            "select household_id from cases where number = %s", [case]
        ).fetchone()
        assert row is not None
        return str(row[0])


async def test_many_entries_at_once_each_with_something_held_do_not_wait_for_one_another(
    ingest: Built, broker: str
) -> None:
    await ingest.register.add("civil", is_operator=False, by="op", now=datetime.now(UTC))
    civil, clock = await ingest.agencies.writer("civil"), ingest.days.clock(datetime.now(UTC))
    people = [numbered(n) for n in range(40)]
    bills = [
        event("MedicalClaimSettled", f"bill-{n}", None, bill(n) | {"resident_number": item})
        for n, item in enumerate(people)
    ]
    await ingest.intake.keep(
        [item for item in await ingest.intake.judge(bills, civil, clock) if isinstance(item, Held)],
        is_patient=False,
    )

    async def register(n: int, number: str) -> None:
        entry = {
            "authority": "370399",
            "register_number": f"M-{n}",
            "area": f"{TOWNSHIP}201",
            "standing": "ordinary",
            "members": [{"resident_number": number}],
        }
        (judged,) = await ingest.intake.judge(
            [event("HouseholdRegistered", f"m-{n}", f"370399/M-{n}", entry)], civil, clock
        )
        assert isinstance(judged, Accepted)
        await ingest.intake.keep([judged], is_patient=False)

    async with asyncio.timeout(20):
        await asyncio.gather(*(register(n, item) for n, item in enumerate(people)))
    log = sorted(
        await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name))),
        key=lambda record: int(record.offset()),
    )
    kinds: defaultdict[str | None, list[str]] = defaultdict(list)
    for fact in (decode_fact(record.value()) for record in log):
        kinds[fact.household_id].append(fact.data.kind)
    del kinds[None]  # the day

    assert [len(kinds), *set(map(tuple, kinds.values()))] == [
        len(people),
        ("MedicalClaimSettled", "HouseholdRegistered"),
    ]


def test_a_new_household_is_no_case_for_want_of_the_income_that_was_held_for_it(
    foothold: Stack, sender: Sender
) -> None:
    sender.say(
        "statistics",
        "FeedHeard",
        "held-heard",
        AT,
        None,
        feed="IncomeReported",
        area=TOWNSHIP,
        through_month="2026-05",
    )
    income = {
        "category": "wage",
        "item": "salary",
        "amount": "90000.00",
        "earned_month": "2026-05",
        "is_yearly": True,
        "resident_number": NUMBER,
    }
    answer = sender.post(
        "statistics",
        sender.event("statistics", "IncomeReported", "held-income", AT, None, **income),
    )
    entry = {
        "authority": "370399",
        "register_number": "HELD-1",
        "area": f"{TOWNSHIP}201",
        "standing": "ordinary",
        "members": [{"resident_number": NUMBER}],
    }
    sender.say("statistics", "HouseholdRegistered", "held-entry", AT, HOME, **entry)
    sender.say(
        "statistics",
        "RiskReported",
        "held-call",
        AT,
        HOME,
        route="hotline",
        concern="illness",
        reported_on="2026-06-09",
    )
    case = eventually(lambda: case_number(foothold, "HELD-1"), "the call is a case")

    home = household_of(foothold, case)
    moves = [t for t in transitions(foothold.kafka.bootstrap) if t.household_id == home]
    assert answer.json()["held"]
    assert [(t.number, t.group, {f.rule.value for f in t.findings}) for t in moves] == [
        (1, None, {"risk_reported"})
    ]
