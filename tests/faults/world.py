"""A small seeded county for fault tests.

It holds what happens in it, who sends it, and a ledger of what was accepted, written before and
after each send.
"""

import itertools
import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import httpx
from confluent_kafka import Producer

from deploy.local.stack import Stack
from foothold_schemas.facts.envelope import event_type
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS, HOUSEHOLD_FACTS
from tests.support.running.sender import SINGLE, Sender

COUNTY = "370399"
OPEN_DAY = date(2026, 6, 10)
LAST_MONTH = "2026-05"
AT = datetime(2026, 6, 9, 4, tzinfo=UTC)
KAFKA_EVERY = 7
"""Each seventh event goes through the agency's topic instead of the HTTP door."""
POISON_EVERY = 29
"""After so many events, half a record is planted straight into a topic."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the county.

    Amounts are in fen; `business_key` is the agency's own number of a bill.
    """

    event_id: str
    kind: str
    household: int
    agency: str
    amount: int = 0
    members: int = 0
    business_key: str = ""

    def event(self) -> dict[str, Any]:
        """As a CloudEvent."""
        number = f"F-{self.household}"
        money = f"{self.amount // 100}.{self.amount % 100:02d}"
        data: dict[str, Any]
        match self.kind:
            case "HouseholdRegistered":
                people = [{"person_ref": f"{number}-{n}"} for n in range(self.members)]
                data = {
                    "authority": COUNTY,
                    "register_number": number,
                    "area": f"{COUNTY}101201",
                    "standing": "ordinary",
                    "members": people,
                }
                data["contact"] = {"name": f"示例{self.household}"}
            case "IncomeReported":
                data = {
                    "category": "wage",
                    "item": "salary",
                    "amount": money,
                    "earned_month": LAST_MONTH,
                    "is_yearly": True,
                }
            case "MedicalClaimSettled":
                data = {
                    "claim_number": self.business_key,
                    "settled_on": "2026-03-15",
                    "setting": "inpatient",
                    "total": money,
                }
            case _:
                data = {
                    "hazard": "storm",
                    "struck_on": OPEN_DAY.isoformat(),
                    "home": "destroyed",
                    "is_verified": True,
                }
        attributes = {
            "specversion": "1.0",
            "id": self.event_id,
            "source": f"/agencies/{self.agency}",
            "type": event_type(self.kind),
            "time": AT.isoformat(),
        }
        return {**attributes, "subject": f"{COUNTY}/{number}", "data": data}


def before_go_live(chance: random.Random, households: int) -> list[Happened]:
    """The register, and a year's income of each household."""
    entries = []
    for n in range(households):
        members = chance.randint(1, 5)
        entries.append(
            Happened(f"reg-{n}", "HouseholdRegistered", n, "statistics", members=members)
        )
        per_head = chance.choice((500_000, 700_000, 729_999, 730_000, 800_000, 2_000_000))
        entries.append(
            Happened(
                f"inc-{n}",
                "IncomeReported",
                n,
                "statistics",
                amount=per_head * members + chance.randrange(members + 1),
            )
        )
    return entries


def what_happens(chance: random.Random, households: int) -> Iterator[Happened]:
    """Bills, now and then one of before: under its own id, or under a new one; and storms.

    Without end.
    """
    history: list[Happened] = []
    for n in itertools.count():
        luck = chance.random()
        if history and luck < 0.15:
            yield chance.choice(history)
        elif history and luck < 0.20 and (old := chance.choice(history)).business_key:
            yield Happened(
                f"again-{n}",
                old.kind,
                old.household,
                old.agency,
                amount=old.amount,
                business_key=old.business_key,
            )
        elif luck < 0.24:
            history.append(
                Happened(
                    f"storm-{n}",
                    "DisasterStruck",
                    chance.randrange(households),
                    "emergency-management",
                )
            )
            yield history[-1]
        else:
            amount = chance.choice((1, 50_000, 349_999, 350_000, 1_000_000, 2_500_000))
            home = chance.randrange(households)
            history.append(
                Happened(
                    f"bill-{n}",
                    "MedicalClaimSettled",
                    home,
                    "health-insurance",
                    amount=amount,
                    business_key=f"B-{n}",
                )
            )
            yield history[-1]


@dataclass(slots=True)
class Ledger:
    """What was sent and what was accepted, by event id; and the bad records planted."""

    sent: dict[str, Happened] = field(default_factory=dict)
    accepted: dict[str, Happened] = field(default_factory=dict)
    planted: list[bytes] = field(default_factory=list)
    seconds_to_accept: list[float] = field(default_factory=list)


class Senders:
    """Sends as agencies do: an event again until it is accepted, at whichever door answers."""

    def __init__(self, stack: Stack, sender: Sender, doors: list[str]) -> None:
        self.ledger = Ledger()
        self._keys = sender.keys
        self._clients = [httpx.Client(base_url=door, timeout=8) for door in doors]
        self._producer = Producer(
            {"bootstrap.servers": stack.kafka.bootstrap, "acks": "all", "enable.idempotence": True}
        )
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._count = 0
        self.trouble: list[str] = []

    def send(self, happened: Happened) -> None:
        """Until it is accepted."""
        self._count += 1
        if self._count % POISON_EVERY == 0:
            self._plant()
        self.ledger.sent[happened.event_id] = happened
        began = time.monotonic()
        if self._count % KAFKA_EVERY == 0:
            self._write(happened)
        else:
            self._post(happened)
        self.ledger.accepted[happened.event_id] = happened
        self.ledger.seconds_to_accept.append(time.monotonic() - began)

    def _post(self, happened: Happened) -> None:
        headers = {**SINGLE, "authorization": f"Bearer {self._keys[happened.agency]}"}
        body = json.dumps(happened.event()).encode()
        for attempt in itertools.count():
            client = self._clients[(self._count + attempt) % len(self._clients)]
            try:
                answer = client.post("/v1/events", content=body, headers=headers)
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code == httpx.codes.ACCEPTED:
                return
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                self.trouble.append(
                    f"{happened.event_id}: {answer.status_code} {answer.text[:200]}"
                )
                return
            time.sleep(0.2)

    def _write(self, happened: Happened) -> None:
        self._producer.produce(
            f"agency.{happened.agency}.v1",
            json.dumps(happened.event()).encode(),
            key=b"x",
            headers={"content-type": b"application/cloudevents+json"},
        )
        self._producer.flush(30)

    def _plant(self) -> None:
        poison = b"{planted " + str(len(self.ledger.planted)).encode()
        if len(self.ledger.planted) % 2:
            self._producer.produce(
                "agency.statistics.v1",
                poison,
                headers={"content-type": b"application/cloudevents+json"},
            )
        else:
            self._producer.produce(
                HOUSEHOLD_FACTS.name,
                poison,
                key=b"0" * 32,
                partition=len(self.ledger.planted) % EMBEDDED_PARTITIONS,
            )
        self._producer.flush(30)
        self.ledger.planted.append(poison)

    def start(self, events: Iterator[Happened], *, a_second: float) -> None:
        """Send in the background, at a steady rate, until `stop`."""

        def run() -> None:
            due = time.monotonic()
            while not self._ending.is_set():
                self.send(next(events))
                due = max(due + 1 / a_second, time.monotonic() - 1)
                self._ending.wait(max(0.0, due - time.monotonic()))

        self._threads = [threading.Thread(target=run, daemon=True)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the last one be accepted."""
        self._ending.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), (
                "an event was not accepted within a minute of the last fault"
            )
        self._ending.clear()
        self._threads = []

    def close(self) -> None:
        """Let go of the doors."""
        for client in self._clients:
            client.close()
