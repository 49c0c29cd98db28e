"""Follows one id from the agency's request to the case, by every door.

It is in the logs of the three services, in the records between them, and in the case's history.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from deploy.local.stack import Stack
from foothold_ingest.rules.accept import fact_id
from foothold_ingest.rules.people.resident_number import check_character
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, RISK_TRANSITIONS, agency_card
from tests.support.made.files import as_csv
from tests.support.running.sender import BATCH, SINGLE, Sender, eventually, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)
AGENCY = "health-insurance"
NUMBER = next(
    s + check_character(s)
    for n in range(3, 999)
    if check_character(s := f"37030219610713{n:03d}") != "X"
)
"""Nobody's number in any other test."""


def parent(door: str) -> str:
    return f"00-{door.encode().hex():0<32}-00f067aa0ba902b7-01"


def trace(door: str) -> str:
    return parent(door)[3:35]


def bill(sender: Sender, door: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - attributes of an event
    data = {
        "claim_number": f"trace-{door}",
        "settled_on": "2026-06-08",
        "setting": "inpatient",
        "total": "8000.00",
    }
    return (
        sender.event(
            AGENCY, "MedicalClaimSettled", f"trace-{door}", AT, f"370399/TRACE-{door}", **data
        )
        | more
    )


def by_header(sender: Sender, door: str) -> None:
    sender.post(
        AGENCY, bill(sender, door), {**SINGLE, "traceparent": parent(door)}
    ).raise_for_status()


def by_attribute(sender: Sender, door: str) -> None:
    """The event's own trace counts, not that of the batch it came in."""
    sender.post(
        AGENCY,
        [bill(sender, door, traceparent=parent(door))],
        {**BATCH, "traceparent": parent("batch")},
    ).raise_for_status()


def by_kafka(sender: Sender, door: str) -> None:
    producer = Producer({"bootstrap.servers": sender.stack.kafka.bootstrap})
    producer.produce(
        agency_card(AGENCY).name,
        json.dumps(bill(sender, door)),
        headers={"traceparent": parent(door)},
    )
    assert producer.flush(30) == 0


def by_file(sender: Sender, door: str, number: str = NUMBER) -> None:
    """A row names a person, whom the register knows."""
    row = [f"trace-{door}", number, "2026-06-08", "住院", "8000.00"]
    sheet = as_csv(["结算单号", "证件号码", "结算日期", "就医类别", "总费用"], [row])
    headers = {"authorization": f"Bearer {sender.keys[AGENCY]}", "traceparent": parent(door)}
    sender.client.post(
        "/v1/files", params={"mapping": "settled-bills"}, content=sheet, headers=headers
    ).raise_for_status()


def by_waiting(sender: Sender, door: str) -> None:
    """Send what is held until the register names the person.

    The person is a newcomer of a household it knew, which happens in another trace.
    """
    number = next(
        s + check_character(s)
        for n in range(3, 999)
        if check_character(s := f"37030219610714{n:03d}") != "X"
    )
    hold(sender, door, number)
    register(sender, door, {"person_ref": "a"}, {"resident_number": number})


def hold(sender: Sender, door: str, number: str) -> None:
    event = bill(sender, door)
    del event["subject"]
    event["data"]["resident_number"] = number
    assert sender.post(AGENCY, event, {**SINGLE, "traceparent": parent(door)}).json()["held"]


DOORS: dict[str, Callable[[Sender, str], None]] = {
    "head": by_header,
    "attr": by_attribute,
    "kafka": by_kafka,
    "file": by_file,
    "held": by_waiting,
}


def register(sender: Sender, door: str, *members: dict[str, str]) -> None:
    name = f"TRACE-{door}"
    entry = {
        "authority": "370399",
        "register_number": name,
        "area": "370399101204",
        "standing": "ordinary",
        "members": members,
    }
    event = sender.event(
        "statistics",
        "HouseholdRegistered",
        f"trace-reg-{door}-{len(members)}",
        AT,
        f"370399/{name}",
        **entry,
    )
    sender.post(
        "statistics", event, {**SINGLE, "traceparent": parent(f"reg-{door}")}
    ).raise_for_status()


def earn(sender: Sender, door: str) -> None:
    income = {
        "category": "operating",
        "item": "orchard",
        "amount": "9000.00",
        "earned_month": "2026-05",
        "is_yearly": True,
    }
    sender.say(
        "statistics", "IncomeReported", f"trace-inc-{door}", AT, f"370399/TRACE-{door}", **income
    )


def lines(stack: Stack, service: str, event: str, trace_id: str) -> list[dict[str, Any]]:
    log = (stack.folder / "log" / f"{service}.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        fields
        for text in log
        if trace_id in text and (fields := json.loads(text))["event"] == event
    ]


def in_history(stack: Stack, register_number: str) -> list[str]:
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        asked = (
            "select a.detail->>'trace_id' from audit a join cases c using (case_id) where"
            " register_number = %s and a.detail ? 'trace_id' order by a.at"
        )
        return [row[0] for row in connection.execute(asked, [register_number])]


@pytest.mark.parametrize("door", DOORS)
def test_a_request_is_found_again_at_the_case(foothold: Stack, sender: Sender, door: str) -> None:
    earn(sender, door)
    register(sender, door, {"resident_number": NUMBER} if door == "file" else {"person_ref": "a"})

    DOORS[door](sender, door)

    # what was held comes before the entry that names its person, and that changes the case as well
    history = [trace(door), trace("reg-held")] if door == "held" else [trace(door)]
    eventually(lambda: len(in_history(foothold, f"TRACE-{door}")) >= len(history), "the case")
    assert in_history(foothold, f"TRACE-{door}") == history
    for service, event in [
        ("ingest", "ingest.event"),
        ("risk", "risk.fact"),
        ("alerts", "alerts.transition"),
    ]:
        if (door, service) == ("file", "ingest"):
            # a file's rows are told of together
            assert not lines(foothold, service, event, trace(door))
            continue
        assert (
            len(
                eventually(
                    lambda s=service, e=event: lines(foothold, s, e, trace(door)),  # type: ignore[misc]  # eager
                    f"{service} tells of it",
                )
            )
            == 1
        )
    assert lines(foothold, "alerts", "alerts.transition", trace(door))[0]["case_id"].endswith("-e1")
    for topic in (HOUSEHOLD_FACTS.name, RISK_TRANSITIONS.name):
        headers = [
            dict(message.headers())
            for message in read_topic(foothold.kafka.bootstrap, topic)
            if message.headers()
        ]
        assert headers.count({"traceparent": parent(door).encode()}) == 1


def test_a_case_that_a_register_entry_makes_bears_its_id_and_what_waited_keeps_its_own(
    foothold: Stack, sender: Sender
) -> None:
    """The entry is what opens the case.

    What was held comes before the entry in the log, and nobody is a household before their entry.
    """
    number = next(
        s + check_character(s)
        for n in range(3, 999)
        if check_character(s := f"37030219610715{n:03d}") != "X"
    )
    earn(sender, "new")
    hold(sender, "new", number)
    register(sender, "new", {"resident_number": number})

    assert eventually(lambda: in_history(foothold, "TRACE-new"), "the case") == [trace("reg-new")]
    assert len(lines(foothold, "risk", "risk.fact", trace("new"))) == 1
    records = [
        message
        for message in read_topic(foothold.kafka.bootstrap, HOUSEHOLD_FACTS.name)
        if message.headers()
    ]
    where = {
        dict(message.headers())["traceparent"].decode(): (message.partition(), message.offset())
        for message in records
    }
    bill_at, entry_at = where[parent("new")], where[parent("reg-new")]
    assert (bill_at[0], bill_at[1] < entry_at[1]) == (entry_at[0], True)


def test_a_file_is_told_once_for_many_rows_and_a_request_by_its_own_id(
    foothold: Stack, sender: Sender
) -> None:
    sender.post(
        AGENCY, bill(sender, "own"), {**SINGLE, "traceparent": parent("own")}
    ).raise_for_status()
    by_file(sender, "rows", NUMBER[:-4] + "9" + NUMBER[-3:])

    assert len(lines(foothold, "ingest", "ingest.request", trace("own"))) == 1
    assert (
        eventually(
            lambda: lines(foothold, "ingest", "ingest.rows", trace("rows")), "the rows are told of"
        )[0]["rows"]
        == 1
    )


def test_a_refusal_names_the_id_by_which_the_log_knows_it(foothold: Stack, sender: Sender) -> None:
    wrong = bill(sender, "wrong")
    wrong["data"]["total"] = "much"
    theirs = sender.post(AGENCY, wrong, {**SINGLE, "traceparent": parent("wrong")}).json()
    ours = sender.post(AGENCY, wrong, {**SINGLE, "traceparent": "not-a-trace"}).json()
    many = sender.post(AGENCY, [wrong], BATCH).json()
    nowhere = sender.client.get("/v1/nothing").json()
    stranger = sender.client.post("/v1/files").json()

    assert theirs["trace_id"] == trace("wrong")
    for refusal in (theirs, ours, many):
        (request,) = lines(foothold, "ingest", "ingest.request", refusal["trace_id"])
        assert request["status"] in (422, 207)
    assert [
        event["reason"] for event in lines(foothold, "ingest", "ingest.event", ours["trace_id"])
    ] == ["invalid_field"]
    assert len({refusal["trace_id"] for refusal in (theirs, ours, many, nowhere, stranger)}) == 5


def test_a_trace_that_is_none_keeps_nothing_out(foothold: Stack, sender: Sender) -> None:
    answer = sender.post(
        AGENCY,
        bill(sender, "odd", traceparent="张三"),
        {**SINGLE, "traceparent": "00-" + "f" * 300},
    )

    assert answer.json()["fact_id"] == fact_id(f"/agencies/{AGENCY}", "trace-odd")
    log = (foothold.folder / "log" / "ingest.jsonl").read_text(encoding="utf-8")
    assert "张三" not in log
    assert "f" * 300 not in log
