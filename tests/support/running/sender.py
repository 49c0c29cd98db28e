"""Sends to a running Foothold as agencies and the operator do.

It reads what comes out with another Kafka client than ours.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from confluent_kafka import Consumer, IsolationLevel, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # it is exported

from deploy.local.stack import Stack
from deploy.local.welcome import access
from foothold_schemas.facts.envelope import event_type
from foothold_schemas.messages.transitions import DayDone, Transition
from foothold_schemas.wire.codec import decode_output
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS, RISK_TRANSITIONS
from tests.support.running.waiting import until

T = TypeVar("T")
SINGLE = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


def eventually(ask: Callable[[], T | None], what: str, seconds: float = 120) -> T:
    """The first answer that is something; fails with `what` when none comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds: {what}")


def read_topic(bootstrap: str, topic: str, *, committed: bool = True) -> Iterator[Any]:
    """Every record of the topic at this moment, read with librdkafka."""
    isolation = "read_committed" if committed else "read_uncommitted"
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"test-{uuid.uuid4()}",
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,
        }
    )
    partitions = [TopicPartition(topic, n, 0) for n in range(EMBEDDED_PARTITIONS)]
    consumer.assign(partitions)
    ended: set[int] = set()
    try:
        while len(ended) < EMBEDDED_PARTITIONS:
            # librdkafka waits out the whole timeout unless a thousand records come
            for message in consumer.consume(1000, timeout=0.05):
                if (error := message.error()) is None:
                    yield message
                # any other passes, and librdkafka goes on
                elif error.code() == KafkaError._PARTITION_EOF:
                    ended.add(int(message.partition() or 0))
    finally:
        consumer.close()


async def decided(bootstrap: str, topic: str) -> None:
    """Wait until no transaction is under way in the topic.

    The broker answers a commit before it shows in each partition.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap})
    last = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # as above
    asked = {TopicPartition(topic, n): last for n in range(EMBEDDED_PARTITIONS)}

    def is_decided() -> bool:
        committed, written = (
            [end.result(30).offset for end in ends.values()]
            for ends in (
                admin.list_offsets(asked, isolation_level=level)
                for level in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED)
            )
        )
        return committed == written

    await until(lambda: asyncio.to_thread(is_decided))


def transitions(bootstrap: str) -> list[Transition]:
    """All transitions said so far, each household's in order."""
    outputs = (decode_output(m.value()) for m in read_topic(bootstrap, RISK_TRANSITIONS.name))
    return sorted(
        (o for o in outputs if isinstance(o, Transition)), key=lambda t: (t.household_id, t.number)
    )


def days_done(bootstrap: str) -> dict[int, date]:
    """The latest day each partition is done with."""
    outputs = [decode_output(m.value()) for m in read_topic(bootstrap, RISK_TRANSITIONS.name)]
    return {
        o.partition: o.day
        for o in sorted((o for o in outputs if isinstance(o, DayDone)), key=lambda o: o.day)
    }


class Sender:
    """Everybody who may send to one stack."""

    def __init__(self, stack: Stack) -> None:
        granted = access(stack)
        self.stack = stack
        self.keys = {
            name.removeprefix("key:"): key
            for name, key in granted.items()
            if name.startswith("key:")
        }
        self.passwords = {
            name.removeprefix("password:"): word
            for name, word in granted.items()
            if name.startswith("password:")
        }
        self.client = httpx.Client(base_url=stack.ingest_url, timeout=20)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the door, also where a test fails: else it would fail the next one."""
        self.close()

    def close(self) -> None:
        """Let go of the door."""
        self.client.close()

    def post(self, agency: str, body: object, headers: dict[str, str] = SINGLE) -> httpx.Response:
        """One request with the agency's key."""
        return self.client.post(
            "/v1/events",
            json=body,
            headers={**headers, "authorization": f"Bearer {self.keys[agency]}"},
        )

    def event(
        self,
        agency: str,
        kind: str,
        event_id: str,
        at: datetime,
        subject: str | None,
        **data: object,
    ) -> dict[str, object]:
        """A CloudEvent."""
        source = "/agencies/foothold-operator" if agency == "operator" else f"/agencies/{agency}"
        named = {} if subject is None else {"subject": subject}
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": event_type(kind),
            "time": at.isoformat(),
            "data": data,
            **named,
        }

    def say(
        self,
        agency: str,
        kind: str,
        event_id: str,
        at: datetime,
        subject: str | None,
        **data: object,
    ) -> str:
        """Send one event that must be accepted; return its fact id."""
        answer = self.post(agency, self.event(agency, kind, event_id, at, subject, **data))
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["fact_id"])

    def adopt(self) -> None:
        """Adopt the one bundle of the stack's policy folder, as an operator would."""
        folder, key = self.stack.folder / "policy", self.stack.folder / "operator.key"
        key.write_text(self.keys["operator"], encoding="utf-8")
        bundle = self.stack.command("risk", "policy", "check", str(folder)).split()[0]
        options = ("--door", self.stack.ingest_url, "--key-file", str(key), "--folder", str(folder))
        assert self.stack.command("risk", "policy", "adopt", bundle[:12], *options).startswith(
            f"adopted {bundle}"
        )

    def open_day(self, day: date) -> None:
        """Open the day (and those missed) and wait until every partition is done with it."""
        self.say(
            "operator", "DayOpened", f"open-{day}", datetime.now(UTC), None, day=day.isoformat()
        )
        expected = dict.fromkeys(range(EMBEDDED_PARTITIONS), day)
        eventually(
            lambda: days_done(self.stack.kafka.bootstrap) == expected,
            f"all partitions done with {day}",
        )
