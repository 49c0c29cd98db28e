"""Sends the ugliest value of every field of every kind to every door.

The doors are those of a running Foothold: nothing is a 500, nothing dies, and nobody else waits.
"""

import csv
import io
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, product

import httpx
import pytest
import yaml
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.local.stack import Stack
from deploy.local.supervise import Service
from foothold_ingest.rules.binding import MAX_BODY
from foothold_schemas.facts.envelope import event_type
from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from foothold_schemas.wire.topics import agency_card
from tests.ingest.test_costs import SHAPES
from tests.support.made import ugly
from tests.support.running.parts import ROOT
from tests.support.running.prober import Prober
from tests.support.running.sender import BATCH, SINGLE, Sender, eventually, transitions

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(1_800)]

EXAMPLES = int(os.environ.get("FOOTHOLD_UGLY_EXAMPLES", "20"))
TODAY = date(2026, 6, 10)
UGLY_AGENCY, GOOD_AGENCY = "statistics", "health-insurance"
TOPIC = agency_card(UGLY_AGENCY).name
SOON = 1.0


class Running:
    """A Foothold with a day open, and who sends to it."""

    def __init__(self, stack: Stack, sender: Sender) -> None:
        self.stack = stack
        self.sender = sender
        self.good = 0
        self.waited: list[float] = []
        self.answers: Counter[int] = Counter()
        self.bundle = stack.command(
            "risk", "policy", "check", str(stack.folder / "policy")
        ).split()[0]
        self.starts = {name: service.starts for name, service in stack.services.items()}

    def send(self, body: bytes, key: str, headers: dict[str, str]) -> httpx.Response:
        """As it stands."""
        answer = self.sender.client.post(
            "/v1/events",
            content=body,
            headers={**headers, "authorization": f"Bearer {self.sender.keys[key]}"},
        )
        self.answers[answer.status_code] += 1
        assert answer.status_code < 500, answer.text[:500]
        return answer

    def assert_others_go_on(self, what: str) -> None:
        """Assert that the next good event of another agency is taken at once.

        Every process must be the one that was started.
        """
        self.good += 1
        event = ugly.example(
            "MedicalClaimSettled",
            self.good,
            f"/agencies/{GOOD_AGENCY}",
            claim_number=f"good-{self.good}",
        ) | {"id": f"good-{self.good}"}
        began = time.monotonic()
        answer = self.sender.post(GOOD_AGENCY, event)
        self.waited.append(time.monotonic() - began)
        assert answer.status_code == 202, f"after {what}: {answer.text}"
        assert self.waited[-1] < SOON, (
            f"after {what} another agency waited for {self.waited[-1]:.2f} s"
        )
        ended = [
            service
            for name, service in self.stack.services.items()
            if service.starts != self.starts[name]
        ]
        assert not ended, f"after {what} processes had ended: " + "\n".join(
            last_words(service) for service in ended
        )


def last_words(service: Service) -> str:
    """The errors of its log, and what it said before it was started again."""
    lines = service.log.read_text(errors="replace").splitlines()
    return "\n".join(
        [
            service.name,
            *[
                line[:2_000]
                for line in lines
                if '"level": "error"' in line
                or line.startswith((" ", "Traceback"))
                or "Error" in line
            ][-60:],
        ]
    )


@pytest.fixture
def running(own_foothold: Stack, own_sender: Sender) -> Running:
    own_sender.adopt()
    own_sender.open_day(TODAY)
    entry = ugly.example("HouseholdRegistered", 0, f"/agencies/{UGLY_AGENCY}")
    assert own_sender.post(UGLY_AGENCY, entry).status_code == 202
    return Running(own_foothold, own_sender)


def as_many_as(kind: str) -> int:
    """How many events of the kind: as asked for, and so many that no field is left out."""
    return max(EXAMPLES, len(ugly.fields_of(kind)))


def by_http(running: Running, kind: str) -> None:
    """All that a body may hold as one batch; what spoils a body alone."""
    key = "operator" if kind in OPERATOR_KINDS else UGLY_AGENCY
    source = "/agencies/foothold-operator" if kind in OPERATOR_KINDS else f"/agencies/{UGLY_AGENCY}"
    fixed = {"bundle": running.bundle} if kind == "PolicyAdopted" else {}
    events = ugly.examples(kind, as_many_as(kind), source, **fixed)
    together = [event for event in events if not ugly.spoils(event)]
    for chunk in (together[first : first + 1_000] for first in range(0, len(together), 1_000)):
        answer = running.send(ugly.as_json(chunk), key, BATCH)
        assert answer.status_code in (202, 207), answer.text[:500]
        assert "unprocessable" not in answer.text
        running.assert_others_go_on(f"a batch of {kind}")
    for event in events:
        if ugly.spoils(event):
            assert running.send(ugly.as_json(event), key, SINGLE).status_code in (
                202,
                400,
                403,
                409,
                413,
                422,
            )
    running.assert_others_go_on(f"single events of {kind}")


def read_up_to_here(running: Running) -> None:
    """Until ingest has committed everything that stands in the agency's topic."""
    reader = Consumer(
        {
            "bootstrap.servers": running.stack.kafka.bootstrap,
            "group.id": "ingest-door",
            "enable.auto.commit": False,
        }
    )
    try:
        places = [
            TopicPartition(TOPIC, number)
            for number in reader.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        ]
        ends = {
            place.partition: reader.get_watermark_offsets(place, timeout=10)[1] for place in places
        }

        def is_read() -> bool:
            return all(
                committed.offset >= ends[committed.partition]
                for committed in reader.committed(places, timeout=10)
                if ends[committed.partition]
            )

        eventually(is_read, "ingest has read the agency's topic", 120)
    finally:
        reader.close()


def by_kafka(running: Running, kind: str, producer: Producer) -> None:
    """Every third in binary mode; some at a time before time."""
    for place, event in enumerate(
        ugly.examples(kind, as_many_as(kind), f"/agencies/{UGLY_AGENCY}")
    ):
        value, headers = (
            (ugly.as_json(event.get("data")), ugly.as_headers(event))
            if place % 3 == 0
            else (ugly.as_json(event), [])
        )
        producer.produce(
            TOPIC, value, key=b"k", headers=headers, timestamp=1 if place % 7 == 0 else 0
        )
    producer.produce(
        TOPIC,
        ugly.as_json(ugly.example(kind, 0, f"/agencies/{UGLY_AGENCY}") | {"id": f"sound-{kind}"}),
        key=b"k",
    )
    assert producer.flush(30) == 0
    read_up_to_here(running)
    running.assert_others_go_on(f"records of {kind}")


def by_size(running: Running, shape: str) -> None:
    """As much as a body may hold, and of a shape that costs as much as it can."""
    body = SHAPES[shape](MAX_BODY)[:MAX_BODY]
    for headers in (SINGLE, BATCH):
        running.send(body, UGLY_AGENCY, headers)
    running.assert_others_go_on(f"a large body: {shape}")


CELLS = (
    *ugly.DAYS,
    *ugly.MONTHS,
    *ugly.AMOUNTS,
    *ugly.TEXTS,
    "\x00",
    "\u202eabc",
    "x" * 5_000,
    "3.70302E+17",
    "1" * 400,
    "9999/12/31",
    "0001年1月1日",
)


def rows_of(mapping: str) -> Iterator[list[str]]:
    """A sound row of the mapping, spoilt in one cell after the other."""
    columns = yaml.safe_load(
        (ROOT / f"services/ingest/foothold_ingest/files/standard/{mapping}.yaml").read_text(
            encoding="utf-8"
        )
    )["columns"]
    yield [column["headers"][0] for column in columns]
    sound = [str(column.get("example", "")) for column in columns]
    for number, (cell, place) in enumerate(product(CELLS, range(len(columns)))):
        row = [
            f"F{number}" if column["to"] == "/register_number" else text
            for column, text in zip(columns, sound, strict=True)
        ]
        yield [*row[:place], cell, *row[place + 1 :]]


def by_file(running: Running, mapping: str) -> None:
    """As a CSV a spreadsheet would write."""
    text = io.StringIO()
    csv.writer(text).writerows(islice(rows_of(mapping), EXAMPLES * 5 + 1))
    key = {"authorization": f"Bearer {running.sender.keys[UGLY_AGENCY]}"}
    answer = running.sender.client.post(
        "/v1/files",
        params={"mapping": mapping},
        content=text.getvalue().encode(errors="replace"),
        headers=key,
    )
    assert answer.status_code == 202, answer.text

    def result() -> dict[str, object] | None:
        body = running.sender.client.get(answer.json()["url"], headers=key).json()
        return body if body["status"] in ("done", "refused") else None

    done = eventually(result, f"the file of {mapping} is worked through", 120)
    assert done["status"] == "done", done
    running.assert_others_go_on(f"a file of {mapping}")


def test_the_ugliest_values_harm_nobody_at_any_door(running: Running) -> None:
    producer = Producer(
        {"bootstrap.servers": running.stack.kafka.bootstrap, "message.max.bytes": 8_000_000}
    )
    with Prober(f"{running.stack.ops_url('ingest')}/livez", "ingest /livez") as prober:
        for kind in ugly.KINDS:
            by_http(running, kind)
        for kind in AGENCY_KINDS:
            by_kafka(running, kind, producer)
        for shape in SHAPES:
            by_size(running, shape)
        for mapping in ("households", "incomes", "settled-bills"):
            by_file(running, mapping)
    print(
        f"answers {dict(sorted(running.answers.items()))}; another agency waited at most"
        f" {max(running.waited) * 1000:.0f} ms"
    )
    prober.assert_lively()

    sender, subject = running.sender, "370399/AFTER"
    entry = ugly.example("HouseholdRegistered", 0, f"/agencies/{UGLY_AGENCY}") | {
        "id": "after-entry",
        "subject": subject,
    }
    entry["data"]["register_number"] = "AFTER"
    assert sender.post(UGLY_AGENCY, entry).status_code == 202
    sender.say(
        "emergency-management", "DisasterStruck", "after-storm", datetime.now(UTC), subject, **STORM
    )
    eventually(
        lambda: any(
            t.household.register_number == "AFTER"
            for t in transitions(running.stack.kafka.bootstrap)
        ),
        "risk judges the next household",
    )
    sender.open_day(TODAY + timedelta(days=1))
    running.assert_others_go_on("everything")
    assert running.answers[202] + running.answers[207] >= len(ugly.KINDS)


STORM = {
    "hazard": "storm",
    "struck_on": TODAY.isoformat(),
    "home": "destroyed",
    "is_verified": True,
}


@pytest.mark.parametrize("kind", ugly.KINDS)
def test_the_ugly_values_reach_every_field_of_their_kind(kind: str) -> None:
    events = ugly.examples(kind, len(ugly.fields_of(kind)), "/agencies/x")
    sound = ugly.example(kind, 0, "/agencies/x")
    touched = {
        name
        for event in events
        if isinstance(data := event.get("data"), dict)
        for name in sound["data"]
        if data.get(name) != sound["data"][name]
    }

    assert touched >= set(sound["data"]) - {"register_number"}
    assert {event_type(kind)} < {str(event.get("type")) for event in events}
    assert json.loads(ugly.as_json(sound)) == sound
