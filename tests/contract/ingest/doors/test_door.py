"""Tests the agencies' door on a running Foothold.

The tests cover every answer, hostile input included, and what then stands in the log.
"""

import asyncio
import json
import os
import signal
import urllib.request
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.kafka.topics import make_topics
from deploy.local.kafka import Kafka
from deploy.local.stack import Stack
from foothold_ingest.agencies.arrivals import ArrivalBook
from foothold_ingest.agencies.audit import Audit
from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.agencies.feeds import FeedBook
from foothold_ingest.agencies.register import AgencyRegister
from foothold_ingest.database import connect
from foothold_ingest.disputes.book import DisputeBook
from foothold_ingest.doors.http import Door, make_app
from foothold_ingest.intake.announcing import Announcer
from foothold_ingest.intake.county_codes import RegionBook
from foothold_ingest.intake.days import CannotOpen, Days
from foothold_ingest.intake.intake import Intake, Registers
from foothold_ingest.log.writer import Busy, Publisher, Unknown, fact_line
from foothold_ingest.metrics import Metrics
from foothold_ingest.people.directory import Directory
from foothold_ingest.people.held import HeldBook
from foothold_ingest.people.register import PeopleRegister
from foothold_ingest.settings import DayClock
from foothold_ingest.statements.questions import StatementQuestionBook
from foothold_ingest.statements.versions import StatementBook
from foothold_runtime.broker import Broker
from foothold_schemas.facts.facts import DayOpened
from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.codec import decode_fact
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS, HOUSEHOLD_FACTS
from tests.support.made.build import income
from tests.support.running.parts import ROOT
from tests.support.running.sender import BATCH, SINGLE, Sender, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

AT = datetime(2026, 1, 20, 4, tzinfo=UTC)
SUBJECT = "370399/DOOR-1"


def report(sender: Sender, event_id: str, **data: object) -> dict[str, object]:
    fields = {
        "category": "wage",
        "item": "salary",
        "amount": "1.00",
        "earned_month": "2026-01",
    } | data
    return sender.event("statistics", "IncomeReported", event_id, AT, SUBJECT, **fields)


def raw(
    sender: Sender, body: bytes, headers: dict[str, str] = SINGLE, key: str | None = None
) -> httpx.Response:
    return sender.client.post(
        "/v1/events",
        content=body,
        headers={**headers, "authorization": f"Bearer {key or sender.keys['statistics']}"},
    )


def facts_in_log(stack: Stack, prefix: str) -> list[str]:
    facts = (
        decode_fact(m.value()) for m in read_topic(stack.kafka.bootstrap, HOUSEHOLD_FACTS.name)
    )
    return [f.id for f in facts if f.id.startswith(prefix)]


def test_after_202_the_fact_stands_in_the_log_with_its_identity(
    foothold: Stack, sender: Sender
) -> None:
    answer = sender.post("statistics", report(sender, "door-good"))

    assert answer.status_code == httpx.codes.ACCEPTED
    assert {k: v for k, v in answer.json().items() if k != "fact_id"} == {
        "status": 202,
        "id": "door-good",
    }
    assert facts_in_log(foothold, "door-good") == ["door-good"]


def test_one_bad_event_in_a_batch_is_named_and_the_others_are_taken(
    foothold: Stack, sender: Sender
) -> None:
    events = [
        report(sender, f"door-batch-{n}", **({"amout": "1"} if n == 3 else {})) for n in range(6)
    ]
    answer = sender.post("statistics", events, BATCH)

    assert answer.status_code == httpx.codes.MULTI_STATUS
    assert (answer.json()["accepted"], answer.json()["refused"]) == (5, 1)
    refused = answer.json()["results"][3]
    assert (refused["problem"]["type"], refused["problem"]["fields"][0]["field"]) == (
        "urn:foothold:problem:unknown-field",
        "/data/amout",
    )
    assert {f"door-batch-{n}" for n in (0, 1, 2, 4, 5)} == set(facts_in_log(foothold, "door-batch"))


def test_the_metrics_count_what_was_judged_by_kind_and_outcome_and_nothing_the_sender_made_up(
    foothold: Stack, sender: Sender
) -> None:
    sender.post("statistics", report(sender, "door-metric", amount=5))
    sender.post("statistics", report(sender, "door-metric") | {"type": "made.up.by-the-sender"})
    with urllib.request.urlopen(f"{foothold.ops_url('ingest')}/metrics") as answer:
        text = answer.read().decode()

    assert (
        'foothold_ingest_facts_total{door="http",kind="IncomeReported",outcome="invalid_field"}'
        in text
    )
    assert 'foothold_ingest_facts_total{door="http",kind="unknown",outcome="unknown_kind"}' in text
    assert "made.up" not in text


def test_what_concerns_everybody_stands_once_in_every_partition(
    foothold: Stack, sender: Sender
) -> None:
    sender.say(
        "statistics",
        "FeedHeard",
        "door-heard",
        AT,
        None,
        feed="IncomeReported",
        area="370323",
        through_month="2026-01",
    )

    assert Counter({"door-heard": EMBEDDED_PARTITIONS}) == Counter(
        facts_in_log(foothold, "door-heard")
    )


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", SINGLE, 400),
        (b"{", SINGLE, 400),
        (b"[]", SINGLE, 422),
        (b"null", SINGLE, 422),
        (b"{}", SINGLE, 422),
        (b'{"a":1,"a":2}', SINGLE, 400),
        (b'{"a":"\\u0000"}', SINGLE, 400),
        (b"\xff\xfe\x00", SINGLE, 400),
        (b"[" * 50_000, SINGLE, 400),
        (b"{}", BATCH, 400),
        (b'[1, null, "x"]', BATCH, 207),
        (b"[]", BATCH, 202),
        (b"[" + b"{}," * 1000 + b"{}]", BATCH, 413),
        (b"x" * (2 * 1024 * 1024), SINGLE, 413),
        (b"{}", {"content-type": "application/json"}, 415),
        (b"{}", {"content-type": ""}, 415),
        (b"{}", {**SINGLE, "x-huge": "h" * 20_000}, 422),
    ],
    ids=lambda case: repr(case[:12]) if isinstance(case, bytes) else None,
)
def test_a_hostile_body_gets_a_clear_answer(
    sender: Sender, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = raw(sender, body, headers)

    assert status == answer.status_code
    if status >= httpx.codes.BAD_REQUEST:
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail"} <= set(answer.json())


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"Bearer",
        b"Bearer nonsense",
        b"Bearer fh_00000000_nothing",
        b"Bearer fh__",
        b"Bearer fh_\xe9_x",
        b"Basic Zm9v",
    ],
)
def test_an_unknown_key_is_nobody(sender: Sender, header: bytes | None) -> None:
    headers = [(name.encode(), value.encode()) for name, value in SINGLE.items()]
    answer = sender.client.post(
        "/v1/events",
        content=b"{}",
        headers=headers + ([] if header is None else [(b"authorization", header)]),
    )

    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        httpx.codes.UNAUTHORIZED,
        "Bearer",
    )


def test_an_agency_speaks_for_itself_and_not_for_another_or_the_operator(sender: Sender) -> None:
    as_other = sender.client.post(
        "/v1/events",
        json=report(sender, "door-foreign"),
        headers={**SINGLE, "authorization": f"Bearer {sender.keys['health-insurance']}"},
    )
    as_operator = sender.post(
        "statistics",
        sender.event("statistics", "DayOpened", "door-day", AT, None, day="2026-01-21"),
    )

    assert [as_other.status_code, as_operator.status_code] == [httpx.codes.FORBIDDEN] * 2


def test_every_committed_example_is_taken_by_the_running_door(sender: Sender) -> None:
    answers = {}
    for path in sorted((ROOT / "schemas" / "examples" / "events").glob("*.json")):
        event = json.loads(Path(path).read_text())
        agency = event["source"].split("/")[2].removeprefix("foothold-")
        if agency != "operator":
            answers[path.stem] = sender.post(agency, event)

    assert dict.fromkeys(AGENCY_KINDS, httpx.codes.ACCEPTED) == {
        name: a.status_code for name, a in answers.items()
    }


def test_the_document_of_the_door_names_its_routes(sender: Sender) -> None:
    assert sorted(sender.client.get("/openapi.json").json()["paths"]) == [
        "/v1/events",
        "/v1/files",
        "/v1/files/{upload}",
        "/v1/files/{upload}/errors",
        "/v1/mappings",
        "/v1/mappings/{mapping}/template",
        "/v1/questions",
        "/v1/questions/{question}",
        "/v1/topic",
    ]


def publisher(bootstrap: str, *, max_in_flight: int = 100, send_seconds: float = 2.0) -> Publisher:
    limits = {"partitions": EMBEDDED_PARTITIONS, "max_in_flight": max_in_flight}
    return Publisher(
        broker=Broker(bootstrap),
        instance="test",
        **limits,
        send_seconds=send_seconds,
        metrics=Metrics(CollectorRegistry()),
    )


async def test_more_events_than_may_wait_are_refused_at_once_and_nothing_of_them_is_taken(
    broker: str,
) -> None:
    writer = publisher(broker, max_in_flight=2)
    await writer.start()
    with pytest.raises(Busy):
        await writer.send([fact_line(income("1", f"i{n}")) for n in range(3)])
    await writer.send([fact_line(income("1", f"i{n}")) for n in range(2)])
    await writer.stop()

    assert len(await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name)))) == 2


async def test_while_the_broker_stands_still_the_answer_is_unknown_in_time_and_the_fact_comes_once(
    folder: Path,
) -> None:
    kafka = Kafka(folder / "kafka", print)
    await asyncio.to_thread(kafka.start)
    try:
        await asyncio.to_thread(make_topics, kafka.broker, EMBEDDED_PARTITIONS)
        writer = publisher(kafka.bootstrap, send_seconds=1.0)
        await writer.start()
        os.kill(kafka.pid, signal.SIGSTOP)
        started = asyncio.get_running_loop().time()
        with pytest.raises(Unknown):
            await writer.send([fact_line(income("1", "late"))])
        waited = asyncio.get_running_loop().time() - started
        os.kill(kafka.pid, signal.SIGCONT)
        await writer.send([fact_line(income("1", "next"))])
        await writer.stop()
        ids = [
            decode_fact(m.value()).id
            for m in await asyncio.to_thread(
                lambda: list(read_topic(kafka.bootstrap, HOUSEHOLD_FACTS.name))
            )
        ]
    finally:
        await asyncio.to_thread(kafka.stop)

    assert waited < 2.5
    assert ids == ["late", "next"]


async def test_while_the_database_is_away_the_answer_is_503_and_says_to_send_again(
    broker: str,
) -> None:
    writer, metrics = publisher(broker), Metrics(CollectorRegistry())
    await writer.start()
    away = connect("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    days = Days(away, writer, metrics, DayClock.MANUAL)
    intake = Intake(
        publisher=writer,
        announcer=Announcer(writer, Broker(broker)),
        directory=Directory(away, writer, b"d" * 32),
        people=PeopleRegister(away, b"h" * 32),
        regions=RegionBook(away),
        books=Registers(
            FeedBook(away),
            HeldBook(away, Seal(b"h" * 32, Purpose.HELD)),
            Audit(away),
            ArrivalBook(away),
            DisputeBook(away),
            StatementBook(away, Seal(b"h" * 32, Purpose.STATEMENT)),
            StatementQuestionBook(away, Seal(b"h" * 32, Purpose.STATEMENT)),
        ),
        metrics=metrics,
        secret=b"h" * 32,
    )
    door = Door(
        agencies=Agencies(away, b"k" * 32),
        intake=intake,
        days=days,
        metrics=metrics,
        day_clock=DayClock.MANUAL,
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(door)), base_url="http://door"
    ) as client:
        answer = await client.post(
            "/v1/events",
            json={},
            headers={**SINGLE, "authorization": "Bearer fh_12345678_" + "x" * 43},
        )
    await writer.stop()
    await away.dispose()

    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert (answer.headers["retry-after"], answer.json()["type"]) == (
        "2",
        "urn:foothold:problem:register-away",
    )


async def opened(broker: str) -> list[list[date]]:
    """The days of each partition, in their order in the log."""
    days: dict[int, list[tuple[int, date]]] = {n: [] for n in range(EMBEDDED_PARTITIONS)}
    for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name))):
        fact = decode_fact(m.value()).data
        assert isinstance(fact, DayOpened)
        days[m.partition()].append((m.offset(), fact.day))
    return [[day for _, day in sorted(offsets)] for offsets in days.values()]


async def test_missed_days_are_opened_in_order_and_a_day_only_once_by_many_replicas(
    broker: str, ingest_database: AsyncEngine
) -> None:
    writer = publisher(broker)
    await writer.start()
    replicas = [
        Days(ingest_database, writer, Metrics(CollectorRegistry()), DayClock.MANUAL)
        for _ in range(4)
    ]
    now = datetime.now(UTC)
    await replicas[0].open(date(2026, 6, 1), now)
    await asyncio.gather(*(days.open(date(2026, 6, 4), now) for days in replicas))
    await replicas[1].open(date(2026, 6, 2), now)
    await writer.stop()

    assert [[date(2026, 6, n) for n in (1, 2, 3, 4)]] * EMBEDDED_PARTITIONS == await opened(broker)
    assert date(2026, 6, 4) == replicas[0].last


@pytest.mark.parametrize("skew", [timedelta(days=3), timedelta(days=-3), timedelta(minutes=6)])
async def test_a_writer_whose_clock_disagrees_with_the_database_opens_no_day(
    broker: str, ingest_database: AsyncEngine, skew: timedelta
) -> None:
    writer = publisher(broker)
    await writer.start()
    days = Days(ingest_database, writer, Metrics(CollectorRegistry()), DayClock.WALL)
    with pytest.raises(CannotOpen, match="clock"):
        await days.open(date(2026, 6, 1), datetime.now(UTC) + skew)
    await writer.stop()

    assert await opened(broker) == [[]] * EMBEDDED_PARTITIONS


async def test_a_leap_of_more_than_a_year_is_not_opened_by_mistake(
    broker: str, ingest_database: AsyncEngine
) -> None:
    writer = publisher(broker)
    await writer.start()
    days = Days(ingest_database, writer, Metrics(CollectorRegistry()), DayClock.MANUAL)
    await days.open(date(2024, 6, 1), datetime.now(UTC))
    with pytest.raises(CannotOpen, match="at most 400"):
        await days.open(date(2026, 6, 1), datetime.now(UTC))
    await writer.stop()

    assert date(2024, 6, 1) == days.last


async def test_a_key_is_kept_as_a_keyed_hash_only_and_ends_when_disabled(
    ingest_database: AsyncEngine,
) -> None:
    agencies, register = (
        Agencies(ingest_database, b"k" * 32),
        AgencyRegister(ingest_database, b"k" * 32),
    )
    key = await register.add("bank", is_operator=False, by="op", now=AT)
    known = await agencies.caller(f"Bearer {key}")
    with_other_secret = await Agencies(ingest_database, b"x" * 32).caller(f"Bearer {key}")
    async with ingest_database.connect() as connection:
        rows = [
            str(tuple(row)) for row in await connection.execute(text("select * from agency_keys"))
        ]
    await register.disable_key("bank", key.split("_")[1], by="op", now=AT)
    after = await Agencies(ingest_database, b"k" * 32).caller(f"Bearer {key}")

    assert known is not None
    assert (known.agency, known.is_operator) == ("bank", False)
    assert (with_other_secret, after) == (None, None)
    assert key.split("_")[2] not in rows[0]
