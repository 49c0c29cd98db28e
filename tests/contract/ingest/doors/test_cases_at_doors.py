"""Tries field bugs that can come by any door at each door of a running ingest.

What is right waits for its person, and what is wrong has the same reason.
"""

import csv
import io
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest
from confluent_kafka import Message, Producer

from deploy.local.stack import Stack
from foothold_ingest.rules.accept import fact_id
from foothold_ingest.rules.people.people import person_ref
from foothold_ingest.rules.people.resident_number import check_character
from foothold_ingest.rules.words import sentence
from foothold_schemas.wire.topics import agency_card
from tests.support.made.files import as_csv
from tests.support.running.sender import SINGLE, Sender, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

SEVENTEEN = next(
    s for n in range(3, 999, 2) if check_character(s := f"37030219550211{n:03d}") == "X"
)
WHOLE = f"{SEVENTEEN}X"
"""Nobody's number in any other test: in a register entry its bills would not wait."""
OLD_COUNTY = "37028419900101001"
HELD = "held"
AGENCY = "cases-clinic"
HEADERS = {
    "resident_number": "证件号码",
    "settled_on": "结算日期",
    "setting": "就医类别",
    "total": "总费用",
    "claim_number": "结算单号",
}
RIGHT = {
    "resident_number": WHOLE,
    "settled_on": "2026-01-10",
    "setting": "inpatient",
    "total": "100.00",
}


class Case(NamedTuple):
    """What is not as it should be in a bill, what becomes of it, and whom it is held for.

    `cell`: the same as a sheet has it.
    """

    data: dict[str, Any]
    outcome: str
    number: str = WHOLE
    cell: dict[str, str] | None = None


CASES = {
    "T05 lower-case x": Case({"resident_number": WHOLE.lower()}, HELD),
    "T05 full width": Case({"resident_number": "".join(chr(ord(c) + 0xFEE0) for c in WHOLE)}, HELD),
    "T05 spaces around": Case({"resident_number": f"\u00a0{WHOLE}\u3000"}, HELD),
    "T07 letters in the order code": Case({"resident_number": "1101051949123100AX"}, "bad_number"),
    "T07 letters in the year": Case({"resident_number": "11010519AB1231002X"}, "bad_number"),
    "T08 county abolished since": Case(
        {"resident_number": OLD_COUNTY + check_character(OLD_COUNTY)},
        HELD,
        OLD_COUNTY + check_character(OLD_COUNTY),
    ),
    "T10 fifteen digits": Case({"resident_number": SEVENTEEN[:6] + SEVENTEEN[8:]}, HELD),
    "T12 exponent": Case({"resident_number": "3.70302E+17"}, "damaged_number"),
    "T12 fifteen digits and zeros": Case(
        {"resident_number": "370302194912310000"}, "damaged_number"
    ),
    "T17 a number as a number": Case(
        {"resident_number": 370302194912310011}, "invalid_field", cell={"resident_number": ""}
    ),
    "T22 tomorrow": Case({"settled_on": "2100-01-01"}, "future_time"),
    "T22 long ago": Case({"settled_on": "2001-01-01"}, "too_old"),
    "T32 a setting nobody knows": Case({"setting": "hail_v2"}, "invalid_field"),
    "P19 wrong check character": Case({"resident_number": "110105194912310021"}, "bad_number"),
    "P19 placeholder": Case({"resident_number": "999999999999999999"}, "bad_number"),
    "P19 disability certificate": Case({"resident_number": f"{WHOLE}42"}, HELD),
    "P19 no number at all": Case(
        {"resident_number": ""}, "invalid_field", cell={"resident_number": ""}
    ),
    "P41 an amount that is none": Case({"total": "12,5x"}, "invalid_field"),
}
WITHOUT_NUMBER = {"T17 a number as a number", "P19 no number at all"}
"""A sheet has no empty text and no numbers in text: there a row without a number names nobody."""


def named(door: str, case: str) -> str:
    return f"{door}-{case.replace(' ', '-')}"


def event(door: str, case: str) -> dict[str, Any]:
    name = named(door, case)
    data = {**RIGHT, "claim_number": name, **CASES[case].data}
    envelope = {
        "specversion": "1.0",
        "id": name,
        "source": f"/agencies/{AGENCY}",
        "type": "foothold.MedicalClaimSettled.v1",
    }
    return {**envelope, "time": "2026-01-20T09:00:00+08:00", "data": data}


@pytest.fixture(scope="module")
def key(foothold: Stack, sender: Sender) -> str:  # noqa: ARG001 - a day is open
    return foothold.command("ingest", "agency", "add", AGENCY).splitlines()[0]


def asked(stack: Stack, question: str, *values: object) -> str | None:
    with psycopg.connect(stack.postgres.dsn("foothold_ingest")) as connection:
        row = connection.execute(question, values).fetchone()
        return None if row is None else str(row[0])


def by_http(stack: Stack, key: str) -> dict[str, str]:
    """Each event in a request of its own."""
    answers = {}
    for case in CASES:
        answer = httpx.post(
            f"{stack.ingest_url}/v1/events",
            json=event("http", case),
            headers={**SINGLE, "authorization": f"Bearer {key}"},
        )
        assert answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR
        body = answer.json()
        answers[case] = (
            HELD
            if body.get("held")
            else (
                "taken"
                if answer.is_success
                else str(body["type"]).removeprefix("urn:foothold:problem:").replace("-", "_")
            )
        )
    return answers


def by_kafka(stack: Stack, key: str) -> dict[str, str]:  # noqa: ARG001 - the topic proves who speaks
    """Each event as a record: held, or set aside with its reason."""
    placed: dict[str, str] = {}
    producer = Producer(
        {"bootstrap.servers": stack.kafka.bootstrap, "acks": "all", "enable.idempotence": True}
    )
    for case in CASES:

        def keep(_: object, message: Message, case: str = case) -> None:
            placed[case] = f"{message.topic()}:{message.partition()}:{message.offset()}"

        producer.produce(
            agency_card(AGENCY).name, json.dumps(event("kafka", case)).encode(), on_delivery=keep
        )
    assert producer.flush(30) == 0

    def became(case: str) -> str | None:
        if (
            reason := asked(
                stack, "select reason from quarantine where source_id = %s", placed[case]
            )
        ) is not None:
            return reason
        identity = fact_id(f"/agencies/{AGENCY}", named("kafka", case))
        return HELD if asked(stack, "select 1 from held where fact_id = %s", identity) else None

    return {
        case: eventually(lambda case=case: became(case), f"{case} is held or set aside")  # type: ignore[misc]  # eager
        for case in CASES
    }


def by_file(stack: Stack, key: str) -> dict[str, str]:
    """All of them as rows of one sheet; the rows that come back say why."""
    rows = []
    for case, what in CASES.items():
        data = event("file", case)["data"] | (what.cell or {})
        data["setting"] = {"inpatient": "住院"}.get(data["setting"], data["setting"])
        rows.append([str(data[field]) for field in HEADERS])
    with httpx.Client(
        base_url=stack.ingest_url, headers={"authorization": f"Bearer {key}"}
    ) as client:
        answer = client.post(
            "/v1/files",
            params={"mapping": "settled-bills", "as_of": "2026-01-20T09:00:00+08:00"},
            content=as_csv(list(HEADERS.values()), rows),
        )
        upload = answer.json()["upload"]
        eventually(
            lambda: client.get(f"/v1/files/{upload}").json()["status"] == "done",
            "the file is worked through",
        )
        back = csv.reader(
            io.StringIO(client.get(f"/v1/files/{upload}/errors").text.lstrip("\ufeff"))
        )
    headers = next(back)
    wrong = {row[headers.index("结算单号")]: row[-1] for row in back}
    words = {
        sentence(what.outcome).zh: what.outcome for what in CASES.values() if what.outcome != HELD
    } | {sentence("bad_subject").zh: "bad_subject"}
    return {
        case: next((words[w] for w in words if w in wrong.get(named("file", case), "")), HELD)
        for case in CASES
    }


DOORS: dict[str, Callable[[Stack, str], dict[str, str]]] = {
    "http": by_http,
    "kafka": by_kafka,
    "file": by_file,
}


@pytest.mark.parametrize("door", DOORS)
def test_a_case_comes_out_the_same_at_every_door(foothold: Stack, key: str, door: str) -> None:
    became = DOORS[door](foothold, key)

    expected = {case: what.outcome for case, what in CASES.items()}
    if door == "file":
        expected |= dict.fromkeys(WITHOUT_NUMBER, "bad_subject")
    assert became == expected


@pytest.mark.parametrize("case", [case for case, what in CASES.items() if what.outcome == HELD])
def test_every_spelling_at_every_door_is_the_same_person(
    foothold: Stack, key: str, case: str
) -> None:
    by_http(foothold, key)
    ref = person_ref(foothold.secrets["FOOTHOLD_HOUSEHOLD_SECRET"].encode(), CASES[case].number)

    assert (
        asked(
            foothold,
            "select person_ref from held where fact_id = %s",
            fact_id(f"/agencies/{AGENCY}", named("http", case)),
        )
        == ref
    )
