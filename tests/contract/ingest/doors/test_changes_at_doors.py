"""Sends every kind of change through each door in each mode.

The household comes out the same, and what is refused is refused alike.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings import http as over_http
from cloudevents.core.bindings import kafka as over_kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as SdkEvent
from confluent_kafka import Producer

from deploy.local.stack import Stack
from foothold_ingest.rules.accept import household_id
from foothold_risk.rules.household.household import Household
from foothold_risk.worker.state import unpack
from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.codec import decode_quarantined
from foothold_schemas.wire.topics import HOUSEHOLD_STATE, QUARANTINE, agency_card
from tests.support.running.sender import BATCH, SINGLE, Sender, eventually, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

AGENCY = "health-insurance"
AT = datetime(2026, 1, 20, 4, tzinfo=UTC)
Event = dict[str, Any]


def changes(door: str) -> list[Event]:
    """Return the events of every kind of change.

    They are a bill amended, one taken back before it came, one sent again under its number, one id
    with two bodies, an empty report, and a bill of long ago.
    """

    def version(
        name: str, minutes: int, kind: str = "MedicalClaimSettled", **more: object
    ) -> Event:
        data = more.pop("data", None) or {
            "claim_number": f"{door}-{name}",
            "settled_on": "2026-01-10",
            "setting": "inpatient",
            "total": "1000.00",
        }
        event = {
            "specversion": "1.0",
            "id": f"{door}-{name}",
            "source": f"/agencies/{AGENCY}",
            "type": f"foothold.{kind}.v1",
            "subject": f"370399/{door}",
        }
        return {
            **event,
            "time": (AT + timedelta(minutes=minutes)).isoformat(),
            "datacontenttype": "application/json",
            **more,
            "data": data,
        }

    def bill(name: str, minutes: int, total: str, **more: object) -> Event:
        event = version(name, minutes, "MedicalClaimSettled", **more)
        event["data"] |= {"total": total}
        return event

    again = bill("again", 5, "16000.00")
    again["data"]["claim_number"] = f"{door}-twice"
    old = bill("old", 8, "1.00")
    old["data"]["settled_on"] = "2020-01-01"
    heard = version(
        "heard",
        9,
        "FeedHeard",
        data={"feed": "MedicalClaimSettled", "area": "370399", "through_month": "2025-12"},
    )
    return [
        bill("first", 0, "25000.00"),
        bill("amended", 1, "12000.00", amends=f"{door}-first"),
        version(
            "back", 2, "FactsRetracted", data={"events": [f"{door}-reversed"], "reason": "reversed"}
        ),
        bill("reversed", 3, "9000.00"),
        bill("twice", 4, "5000.00"),
        again,
        bill("twice", 4, "5500.00"),
        old,
        {key: value for key, value in heard.items() if key != "subject"},
    ]


def sdk(event: Event) -> SdkEvent:
    attributes = {key: value for key, value in event.items() if key != "data"}
    return SdkEvent(
        attributes={**attributes, "time": datetime.fromisoformat(event["time"])}, data=event["data"]
    )


def http_single(sender: Sender, events: list[Event]) -> list[str]:
    return [reason(sender.post(AGENCY, event, SINGLE)) for event in events]


def http_batch(sender: Sender, events: list[Event]) -> list[str]:
    answer = sender.post(AGENCY, events, BATCH).json()
    return [
        str(result.get("problem", {}).get("type", "")).removeprefix("urn:foothold:problem:")
        for result in answer["results"]
    ]


def http_binary(sender: Sender, events: list[Event]) -> list[str]:
    answers = []
    for event in events:
        message = over_http.to_binary(sdk(event), JSONFormat())
        headers = {**message.headers, "authorization": f"Bearer {sender.keys[AGENCY]}"}
        answers.append(
            reason(sender.client.post("/v1/events", content=message.body, headers=headers))
        )
    return answers


def reason(answer: httpx.Response) -> str:
    return (
        ""
        if answer.is_success
        else str(answer.json()["type"]).removeprefix("urn:foothold:problem:")
    )


def kafka(binding: Callable[..., Any]) -> Callable[[Sender, list[Event]], list[str] | None]:
    def send(sender: Sender, events: list[Event]) -> None:
        producer = Producer(
            {
                "bootstrap.servers": sender.stack.kafka.bootstrap,
                "acks": "all",
                "enable.idempotence": True,
            }
        )
        for event in events:
            message = binding(sdk(event), JSONFormat())
            headers: list[tuple[str, str | bytes | None]] = [
                (k, v if isinstance(v, bytes) else str(v).encode())
                for k, v in message.headers.items()
            ]
            producer.produce(agency_card(AGENCY).name, message.value, key=b"any", headers=headers)
        producer.flush(30)

    return send


DOORS: dict[str, Callable[[Sender, list[Event]], list[str] | None]] = {
    "HTTP-ONE": http_single,
    "HTTP-BATCH": http_batch,
    "HTTP-BINARY": http_binary,
    "KAFKA-ONE": kafka(over_kafka.to_structured),
    "KAFKA-BINARY": kafka(over_kafka.to_binary),
}


def state(stack: Stack, register_number: str) -> Household:
    key = household_id(
        stack.secrets["FOOTHOLD_HOUSEHOLD_SECRET"].encode(), "370399", register_number
    ).encode()
    states = {
        m.offset(): m.value()
        for m in read_topic(stack.kafka.bootstrap, HOUSEHOLD_STATE.name)
        if m.key() == key
    }
    return unpack(states[max(states)]) if states else Household()


def set_aside(stack: Stack, door: str) -> list[str]:
    seal = Seal(stack.secrets["FOOTHOLD_QUARANTINE_SECRET"].encode(), Purpose.QUARANTINE)
    kept = [
        decode_quarantined(m.value()) for m in read_topic(stack.kafka.bootstrap, QUARANTINE.name)
    ]

    def is_mine(record: Any) -> bool:  # noqa: ANN401
        whole = record.open(seal)
        return (
            door.encode()
            in (whole.value or b"") + json.dumps([str(v) for _, v in whole.headers]).encode()
        )

    return sorted(
        record.reason.value for record in {q.source_id: q for q in kept}.values() if is_mine(record)
    )


@pytest.mark.parametrize("door", DOORS)
def test_a_household_comes_out_the_same_whichever_door_its_changes_took(
    foothold: Stack, sender: Sender, door: str
) -> None:
    entry = {
        "authority": "370399",
        "register_number": door,
        "area": "370399101201",
        "standing": "ordinary",
        "members": [{"person_ref": "a"}],
    }
    sender.say("statistics", "HouseholdRegistered", f"{door}-reg", AT, f"370399/{door}", **entry)
    refused = DOORS[door](sender, changes(door))
    is_answered = refused is not None
    eventually(
        lambda: len(set_aside(foothold, door)) == (1 if is_answered else 2),
        "what cannot be used is set aside",
    )
    home = eventually(
        lambda: reached if len((reached := state(foothold, door)).bills) == 2 else None,
        "both bills stand in the state",
    )

    assert sorted(bill.own_share for bill in home.bills) == [12_000_00, 16_000_00]
    assert len(home.withdrawn) == 2
    assert set_aside(foothold, door) == (["id_reuse"] if is_answered else ["id_reuse", "too_old"])
    if refused is not None:
        assert refused == ["", "", "", "", "", "", "", "too-old", ""]
