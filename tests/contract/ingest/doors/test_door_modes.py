"""Tests CloudEvents over HTTP in every content mode.

The tests cover repeats that are reported, contacts that never enter the log, and go-live by
command.
"""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as SdkEvent
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.errors import CannotStart
from deploy.local.stack import Stack
from foothold_ingest.people.directory import RegisteredContact
from foothold_ingest.rules.accept import household_id
from foothold_schemas.facts.directory import Contact
from foothold_schemas.facts.facts import DayOpened
from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.codec import decode_directory, decode_fact
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS, HOUSEHOLD_DIRECTORY, HOUSEHOLD_FACTS
from tests.contract.ingest.doors.test_changes_at_doors import state
from tests.support.ingest import DIRECTORY_SEAL, ingest_parts
from tests.support.running.parts import Parts
from tests.support.running.sender import Sender, eventually, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

AT = datetime(2026, 1, 20, 4, tzinfo=UTC)
SUBJECT = "370399/MODE-1"
WAGE = {"category": "wage", "item": "salary", "amount": "1.00", "earned_month": "2026-01"}


def binary(
    sender: Sender, event_id: str, data: bytes | None = None, **headers: str
) -> httpx.Response:
    attributes = {
        "id": event_id,
        "source": "/agencies/statistics",
        "type": "foothold.IncomeReported.v1",
        "specversion": "1.0",
        "time": AT,
        "subject": SUBJECT,
    }
    message = to_binary(
        SdkEvent(attributes={**attributes, "datacontenttype": "application/json"}, data=WAGE),
        JSONFormat(),
    )
    more = {"authorization": f"Bearer {sender.keys['statistics']}", **headers}
    return sender.client.post(
        "/v1/events", content=data or message.body, headers={**message.headers, **more}
    )


def test_an_event_of_the_cncf_sdk_in_binary_mode_is_taken_and_its_repeat_is_told(
    foothold: Stack, sender: Sender
) -> None:
    first, again = binary(sender, "mode-binary"), binary(sender, "mode-binary")
    ids = [
        decode_fact(m.value()).id
        for m in read_topic(foothold.kafka.bootstrap, HOUSEHOLD_FACTS.name)
    ]

    assert [a.status_code for a in (first, again)] == [202, 202]
    assert (first.json().get("duplicate"), again.json()["duplicate"]) == (None, True)
    assert first.json()["fact_id"] == again.json()["fact_id"]
    assert "mode-binary" in ids


def test_another_content_under_a_known_id_is_told_and_a_packed_body_is_not_taken(
    sender: Sender,
) -> None:
    first, again, other = (
        binary(sender, "mode-reused", json.dumps({**WAGE, "amount": amount}).encode())
        for amount in ("1.00", "1.00", "2.00")
    )
    packed = binary(
        sender,
        "mode-gzip",
        gzip.compress(json.dumps(WAGE).encode()),
        **{"content-encoding": "gzip"},
    )

    assert ["warnings" in a.json() for a in (first, again, other)] == [False, False, True]
    assert other.json()["duplicate"] is True
    assert "amends" in other.json()["warnings"][0]["problem"]
    assert (packed.status_code, "gzip" in packed.json()["detail"]) == (415, True)


async def test_who_hangs_up_in_the_middle_of_a_body_is_no_defect(
    foothold: Stack, sender: Sender
) -> None:
    logged = foothold.folder / "log" / "ingest.jsonl"

    def hung_up() -> int:
        return logged.read_text(encoding="utf-8").count("ingest.hung_up")

    before = hung_up()
    _, writer = await asyncio.open_connection(
        "127.0.0.1", httpx.URL(foothold.door_url("ingest")).port
    )
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer"
        f" {sender.keys['statistics']}\r\nContent-Type: application/cloudevents+json\r\n"
    )
    writer.write(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
    await asyncio.sleep(0.5)
    writer.transport.abort()

    assert await asyncio.to_thread(
        eventually, lambda: hung_up() > before, "the log says that somebody hung up", 20
    )


def test_an_amendment_in_binary_mode_names_what_it_replaces(
    foothold: Stack, sender: Sender
) -> None:
    answer = binary(sender, "mode-amends", None, **{"ce-amends": "mode-old-1%20mode-old-2"})
    facts = [
        decode_fact(m.value()) for m in read_topic(foothold.kafka.bootstrap, HOUSEHOLD_FACTS.name)
    ]
    (amended,) = [f for f in facts if f.id == "mode-amends"]

    assert answer.status_code == 202
    assert len(amended.withdraws) == 2
    assert (
        binary(sender, "mode-self", None, **{"ce-amends": "mode-self"}).json()["fields"][0]["field"]
        == "/amends"
    )


@pytest.mark.parametrize(
    ("headers", "data", "reason"),
    [
        ({"ce-id": "%00"}, None, "control-character"),
        ({"ce-id": "%ff"}, None, "invalid-envelope"),
        ({"ce-id": "x" * 5_000}, None, "too-long"),
        ({"ce-data": "{}"}, None, "invalid-envelope"),
        ({"ce-specversion": "0.3"}, None, "invalid-envelope"),
        ({}, b"{half", "not-json"),
        ({}, b'{"national_id": 370302194912310011}', "unknown-field"),
    ],
    ids=[
        "a NUL",
        "not UTF-8",
        "a long header",
        "data as a header",
        "an old version",
        "half a body",
        "a resident number as a number",
    ],
)
def test_hostile_headers_and_bodies_in_binary_mode_get_a_clear_answer(
    sender: Sender, headers: dict[str, str], data: bytes | None, reason: str
) -> None:
    answer = binary(sender, "mode-hostile", data, **headers)

    assert answer.status_code in (400, 422)
    assert answer.json()["type"] == f"urn:foothold:problem:{reason}"
    assert "370302194912310011" not in answer.text


def test_a_contact_goes_into_the_directory_sealed_and_never_into_the_log(
    foothold: Stack, sender: Sender
) -> None:
    entry = {
        "authority": "370399",
        "register_number": "MODE-2",
        "area": "370399101203",
        "standing": "ordinary",
        "members": [{"person_ref": "a"}],
    }
    contact = {"name": "钱示平", "address": "示范县第9村1号", "telephone": "000-7654321"}
    sender.say(
        "statistics",
        "HouseholdRegistered",
        "mode-contact",
        AT,
        "370399/MODE-2",
        **entry,
        contact=contact,
    )
    log = b"".join(m.value() for m in read_topic(foothold.kafka.bootstrap, HOUSEHOLD_FACTS.name))
    directory = b"".join(
        m.value() or b"" for m in read_topic(foothold.kafka.bootstrap, HOUSEHOLD_DIRECTORY.name)
    )
    logs = "".join(
        path.read_text(encoding="utf-8") for path in (foothold.folder / "log").glob("*.jsonl")
    )

    assert b"MODE-2" in log
    for secret in ("钱示平", "示范县第9村1号", "000-7654321"):
        assert secret.encode() not in log + directory
        assert json.dumps(secret).strip('"').encode() not in log + directory
        assert secret not in logs


def test_a_household_sent_again_with_another_address_is_the_same_household_with_the_new_one(
    foothold: Stack, sender: Sender
) -> None:
    entry = {
        "authority": "370399",
        "register_number": "MODE-3",
        "standing": "ordinary",
        "members": [{"person_ref": "a"}],
    }
    for n, (area, address) in enumerate(
        [
            ("370399101203", "示范县第3村1号"),
            ("370399101204", "示范县第4村9号"),
            ("370399101204", "示范县第4村9号"),
        ]
    ):
        contact = {"name": "吴示和", "address": address}
        sender.say(
            "statistics",
            "HouseholdRegistered",
            f"again-{n}",
            AT + timedelta(days=n),
            "370399/MODE-3",
            area=area,
            **entry,
            contact=contact,
        )
    home = eventually(
        lambda: (
            h
            if (h := state(foothold, "MODE-3")).register and h.register.area == "370399101204"
            else None
        ),
        "the new village stands",
    )
    key = household_id(
        foothold.secrets["FOOTHOLD_HOUSEHOLD_SECRET"].encode(), "370399", "MODE-3"
    ).encode()
    records = [
        m for m in read_topic(foothold.kafka.bootstrap, HOUSEHOLD_DIRECTORY.name) if m.key() == key
    ]
    seal = Seal(foothold.secrets["FOOTHOLD_DIRECTORY_SECRET"].encode(), Purpose.DIRECTORY)
    newest = decode_directory(max(records, key=lambda m: m.offset()).value()).open(seal)

    assert (newest.address, len({m.key() for m in records})) == ("示范县第4村9号", 1)
    assert home.register is not None
    assert home.register.register_number == "MODE-3"


async def test_the_latest_contact_holds_under_the_same_key_and_erasing_destroys_it(
    broker: str, parts: Parts, ingest_database: AsyncEngine
) -> None:
    home = "a" * 32
    later, earlier = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    async with ingest_parts(parts) as ingest:
        await ingest.directory.keep(
            [
                RegisteredContact(home, earlier, Contact(name="甲")),
                RegisteredContact(home, later, Contact(name="乙")),
            ]
        )
        await ingest.directory.keep([RegisteredContact(home, earlier, Contact(name="丙"))])
        await asyncio.gather(
            *(
                ingest.directory.keep([RegisteredContact("b" * 32, later, Contact(name="丁"))])
                for _ in range(4)
            )
        )
        was_there, is_there = await ingest.directory.erase(home), await ingest.directory.erase(home)
    records = await asyncio.to_thread(
        lambda: [
            m for m in read_topic(broker, HOUSEHOLD_DIRECTORY.name) if m.key() == home.encode()
        ]
    )
    async with ingest_database.connect() as connection:
        left = list(
            (await connection.execute(text("select household_id from directory"))).scalars()
        )

    values = [m.value() for m in sorted(records, key=lambda m: m.offset())]
    assert [v and decode_directory(v).open(DIRECTORY_SEAL).name for v in values] == [
        "乙",
        None,
        None,
    ]
    assert (was_there, is_there, left) == (True, False, ["b" * 32])


def test_go_live_opens_today_quietly_and_only_once(own_foothold: Stack) -> None:
    output = own_foothold.command("ingest", "go-live")
    with pytest.raises(CannotStart, match="live already"):
        own_foothold.command("ingest", "go-live")
    facts = [
        decode_fact(m.value()).data
        for m in read_topic(own_foothold.kafka.bootstrap, HOUSEHOLD_FACTS.name)
    ]

    assert "without notices" in output
    assert [f.is_quiet for f in facts if isinstance(f, DayOpened)] == [True] * EMBEDDED_PARTITIONS
    assert own_foothold.command("ingest", "quarantine", "list") == "nothing waits"
