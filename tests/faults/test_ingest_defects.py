"""Plants a defect nobody has thought of in each of ingest's readers.

The record is set aside, the others arrive, and the process lives.
"""

import json
import os
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from deploy.local.stack import Stack
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.codec import Unreadable, decode_fact, decode_quarantined, encode
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason, SourceRecord
from foothold_schemas.wire.topics import (
    HOUSEHOLD_FACTS,
    HOUSEHOLD_VIEWS,
    QUARANTINE,
    RELIEF_FACTS,
    agency_card,
)
from tests.faults.ingest_defect import KILLS, RAISES
from tests.faults.test_faults import SEED, world
from tests.support.made.build import identity
from tests.support.running.parts import ROOT
from tests.support.running.sender import eventually, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(600)]

AGENCY = "statistics"
VIEW = json.loads(
    (ROOT / "schemas/examples/household-views.v1/group.json").read_text(encoding="utf-8")
)
SAID = json.loads(
    (ROOT / "schemas/examples/relief-facts.v1/CaseDecided.json").read_text(encoding="utf-8")
)


def reported(name: str) -> bytes:
    """An event of the agency's, by its topic."""
    data = {"category": "wage", "item": "salary", "amount": "12.50", "earned_month": "2026-05"}
    event = {
        "specversion": "1.0",
        "id": name,
        "source": f"/agencies/{AGENCY}",
        "type": "foothold.IncomeReported.v1",
        "time": "2026-06-09T04:00:00Z",
    }
    return json.dumps({**event, "subject": "370399/F-1", "data": data}).encode()


def decision_of(name: str) -> bytes:
    """What a caseworker did."""
    return json.dumps({**SAID, "id": name}).encode()


def put_aside(name: str) -> bytes:
    """A record another service has set aside."""
    kept = Seal(b"x" * 32, Purpose.QUARANTINE)
    address, moment = ("risk-transitions.v1", 0, abs(hash(name)) % 10**9), 1_780_000_000_000
    return encode(
        Quarantined.of(
            "risk",
            address,
            moment,
            reason=RefusalReason.ID_REUSE,
            detail=name,
            record=SourceRecord(value=b"{}"),
            seal=kept,
        )
    )


def viewed(name: str) -> bytes:
    """A household's view with a pair its sender is to be asked about."""
    pair = {
        "kind": "repeated",
        "counted": identity(f"{name} counts"),
        "other": identity(f"{name} once more"),
    }
    note = {"zh": name, "en": name}
    return json.dumps({**VIEW, "reason": note, "doubts": [pair]}, separators=(",", ":")).encode()


READERS = {
    "agencies": (agency_card(AGENCY).name, reported),
    "desk": (RELIEF_FACTS.name, decision_of),
    "quarantine": (QUARANTINE.name, put_aside),
    "views": (HOUSEHOLD_VIEWS.name, viewed),
}


NAMES = [f"views-{when}" for when in ("before", "after", "later")]


@contextmanager
def defective(stack: Stack, deaths: int = 0) -> Iterator[None]:
    """Ingest with the defects in place of the sound one."""
    path = stack.folder / "deaths"
    path.write_text(str(deaths))
    stack.services.pop("ingest").stop()
    os.environ["DEFECT_DEATHS"] = str(path)
    try:
        stack.start_service("ingest", "tests.faults.ingest_defect")
        yield
    finally:
        del os.environ["DEFECT_DEATHS"]


def write(stack: Stack, topic: str, *values: bytes) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap, "acks": "all"})
    for n, value in enumerate(values):
        key = f"k{n}-{len(value)}"  # a topic of views keeps, and its reader takes, the last of each
        producer.produce(
            topic,
            value=value,
            key=key,
            partition=0,
            headers={"content-type": b"application/cloudevents+json"},
        )
    assert producer.flush(30) == 0


def metric(stack: Stack, name: str, **labels: str) -> float:
    """Of the running ingest; 0 while it is away."""
    try:
        with urllib.request.urlopen(f"{stack.ops_url('ingest')}/metrics", timeout=2) as answer:
            text = answer.read().decode()
    except OSError:
        return 0
    label_pattern = "".join(f'(?=[^}}]*{key}="{value}")' for key, value in labels.items())
    values = re.findall(rf"^{name}{{{label_pattern}[^}}]*}} (\S+)$", text, re.MULTILINE)
    return float(values[0]) if values else 0


def arrived(stack: Stack) -> set[str]:
    """Ids in the log, and details of the rows of the quarantine."""
    ids = {
        fact.id
        for m in read_topic(stack.kafka.bootstrap, HOUSEHOLD_FACTS.name)
        if (fact := _fact(m.value())) is not None
    }
    with psycopg.connect(stack.postgres.dsn("foothold_ingest")) as database:
        asked = {row[0] for row in database.execute("select beside_id from questions")}
        details = {row[0] for row in database.execute("select detail from quarantine")}
    return (
        {name for name in NAMES if identity(f"{name} counts") in asked}
        | ids
        | {detail.split()[-1] for detail in details}
    )


def _fact(value: bytes) -> FactRecord | None:
    """The county plants records there that nobody can read."""
    try:
        return decode_fact(value)
    except Unreadable:
        return None


def aside(stack: Stack) -> list[Quarantined]:
    records: list[Any] = list(read_topic(stack.kafka.bootstrap, QUARANTINE.name))
    return [
        kept
        for kept in (decode_quarantined(r.value()) for r in records)
        if kept.reason is RefusalReason.UNPROCESSABLE
    ]


@pytest.mark.long  # `test_unprocessable` raises at each step in one process
def test_a_record_at_which_the_decide_step_raises_is_set_aside_and_its_neighbours_arrive() -> None:
    with world(SEED + 20) as county, defective(county.stack):
        stack = county.stack
        for reader, (topic, make) in READERS.items():
            _is_set_aside_alone(stack, reader, topic, make)
        topics = {
            kept.topic: (
                kept.open(
                    Seal(stack.secrets["FOOTHOLD_QUARANTINE_SECRET"].encode(), Purpose.QUARANTINE)
                ).value
            )
            for kept in aside(stack)
        }
        listed = stack.command("ingest", "quarantine", "list", "--reason", "unprocessable")
        log = stack.services["ingest"].log.read_text(errors="replace")

    assert topics == {
        agency_card(AGENCY).name: reported_like(topics),
        RELIEF_FACTS.name: decision_of(RAISES),
        HOUSEHOLD_VIEWS.name: viewed(RAISES),
    }
    assert listed.count("unprocessable") == len(READERS)
    assert log.count('"reader.deciding_raised"') == 2 * len(READERS)
    assert RAISES not in log.replace("tests/faults/defect.py", "")


def _is_set_aside_alone(
    stack: Stack, reader: str, topic: str, make: Callable[[str], bytes]
) -> None:
    starts = stack.services["ingest"].starts
    write(stack, topic, make(f"{reader}-before"), make(RAISES), make(f"{reader}-after"))
    eventually(
        lambda: metric(stack, "foothold_ingest_unprocessable_total", reader=reader) == 1,
        f"{reader} sets the record aside",
    )
    eventually(
        lambda: {f"{reader}-before", f"{reader}-after"} <= arrived(stack), f"{reader} goes on", 30
    )
    assert stack.services["ingest"].starts == starts + 1, (
        "the first failure is a crash, and nothing else is"
    )
    pid = stack.services["ingest"].pid
    write(stack, topic, make(f"{reader}-later"))
    eventually(lambda: f"{reader}-later" in arrived(stack), f"{reader} lives", 30)
    assert stack.services["ingest"].pid == pid


def reported_like(topics: dict[str, bytes | None]) -> bytes | None:
    """Byte for byte but for the moment at which it was made."""
    value = topics.get(agency_card(AGENCY).name)
    assert value is not None
    assert json.loads(value)["id"] == RAISES
    return value


@pytest.mark.long  # F12 kills risk four times in each run
def test_four_kills_at_a_record_set_nothing_aside() -> None:
    with world(SEED + 21) as county, defective(county.stack, deaths=4):
        stack = county.stack
        write(
            stack, agency_card(AGENCY).name, reported("before"), reported(KILLS), reported("after")
        )
        eventually(lambda: {"before", KILLS, "after"} <= arrived(stack), "everything arrives", 60)
        starts = stack.services["ingest"].starts

        assert aside(stack) == []
    assert starts == 5
