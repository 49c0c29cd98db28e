"""A file sent again changes nothing.

A corrected row replaces what counted and is shown, and a name belongs to one household, by every
door.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from foothold_ingest.rules.accept import household_id
from foothold_ingest.rules.judgement import Accepted
from foothold_schemas.facts.facts import FactsRetracted, IncomeReported, MedicalClaimSettled
from tests.contract.ingest.files.test_files import facts
from tests.support.ingest import SECRET
from tests.support.made.files import BILL_HEADERS, HOUSE_HEADERS, NUMBER, as_csv, bill, house
from tests.support.running.clerk import AGENCY, Clerk, counts

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

OTHER = "370302199001010010"
INCOME_HEADERS = ("证件号码", "收入类别", "项目", "金额", "所属月份", "单据号")


async def counting(broker: str) -> dict[str, str]:
    """The bills that count, by claim number: what replaced facts say counts no more."""
    bills = await facts(broker, MedicalClaimSettled)
    gone = {
        name
        for kind in (MedicalClaimSettled, FactsRetracted)
        for record in await facts(broker, kind)
        for name in record.withdraws
    }
    return {
        record.data.claim_number: str(record.data.total)
        for record in sorted(bills, key=lambda record: record.version_key)
        if record.fact_id not in gone
    }


async def households(clerk: Clerk) -> None:
    await clerk.done("households", as_csv(HOUSE_HEADERS, [house("H1"), house("H2", OTHER)]))


async def test_a_file_sent_again_writes_nothing_and_one_corrected_and_back_leaves_what_was(
    clerk: Clerk, broker: str
) -> None:
    await households(clerk)
    right, wrong = (
        [bill(f"C{n}", total=total) for n in range(12)] for total in ("1000.00", "10.00")
    )
    first = await clerk.done("settled-bills", as_csv(BILL_HEADERS, right))
    again = await clerk.done("settled-bills", as_csv(BILL_HEADERS, right))
    dry = await clerk.done("settled-bills", as_csv(BILL_HEADERS, wrong), dry_run="true")
    written = len(await facts(broker, MedicalClaimSettled))
    changed = await clerk.done("settled-bills", as_csv(BILL_HEADERS, wrong))
    while_wrong = await counting(broker)
    back = await clerk.done("settled-bills", as_csv(BILL_HEADERS, right))

    assert [counts(result) for result in (first, again)] == [
        {"rows": 12, "accepted": 12, "new": 12},
        {"rows": 12, "accepted": 12, "same": 12},
    ]
    assert (
        counts(dry)
        == counts(changed)
        == counts(back)
        == {
            "rows": 12,
            "accepted": 12,
            "changed": 12,
        }
    )
    assert written == 12
    assert dry["first_changes"][0] == {
        "row": 2,
        "differences": [{"column": "总费用", "before": "1000.00", "after": "10.00"}],
    }
    assert set(while_wrong.values()) == {"10.00"}
    assert await counting(broker) == {f"C{n}": "1000.00" for n in range(12)}


async def test_an_older_file_does_not_take_the_place_of_a_later_version(
    clerk: Clerk, broker: str
) -> None:
    await households(clerk)
    await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1", total="10.00")]))
    older = await clerk.done(
        "settled-bills",
        as_csv(BILL_HEADERS, [bill("C1", total="1000.00")]),
        as_of="2026-01-19T09:00:00+08:00",
    )

    assert counts(older) == {"rows": 1, "accepted": 1, "older": 1, "warned": 1}
    assert "已有更晚的版本" in older["warnings"][0]["detail"]
    assert await counting(broker) == {"C1": "10.00"}


def event(kind: str, number: int, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    at = datetime(2026, 1, 20, 2, number, tzinfo=UTC).isoformat()
    named = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": f"/agencies/{AGENCY}",
        "type": f"foothold.{kind}.v1",
        "time": at,
    }
    return named | ({"subject": subject} if subject else {}) | {"data": data}


async def send_events(clerk: Clerk, events: Sequence[dict[str, Any]]) -> list[int]:
    answers = []
    for envelope in events:
        headers = {"content-type": "application/cloudevents+json"}
        answers.append(
            (
                await clerk.client.post("/v1/events", content=json.dumps(envelope), headers=headers)
            ).status_code
        )
    return answers


BILL = {"claim_number": "C1", "settled_on": "2026-01-10", "setting": "inpatient", "total": "100.00"}


async def test_a_name_belongs_to_one_household_and_the_first_is_taken_back_by_whichever_door(
    clerk: Clerk, broker: str
) -> None:
    await households(clerk)
    await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    by_event = await send_events(clerk, [event("MedicalClaimSettled", 1, "370302/H2", BILL)])
    taken_back = await facts(broker, FactsRetracted)
    back = await clerk.done(
        "settled-bills", as_csv(BILL_HEADERS, [bill("C1")]), as_of="2026-01-20T11:00:00+08:00"
    )

    first, second = (household_id(SECRET.encode(), "370302", name) for name in ("H1", "H2"))
    assert by_event == [202]
    assert [(item.household_id, item.data.reason.value) for item in taken_back] == [
        (first, "wrong_household")
    ]
    assert counts(back) == {"rows": 1, "accepted": 1, "changed": 1}
    assert {item["column"] for item in back["first_changes"][0]["differences"]} >= {"户编号"}
    assert {item.household_id for item in await facts(broker, FactsRetracted)} == {first, second}
    gone = {name for item in await facts(broker, FactsRetracted) for name in item.withdraws}
    assert {
        item.household_id
        for item in await facts(broker, MedicalClaimSettled)
        if item.fact_id not in gone
    } == {first}


async def test_what_its_sender_took_back_is_new_when_it_comes_again(
    clerk: Clerk, broker: str
) -> None:
    await households(clerk)
    await send_events(clerk, [event("MedicalClaimSettled", 1, "370302/H1", BILL)])
    answers = await send_events(
        clerk,
        [event("FactsRetracted", 2, "370302/H1", {"events": ["e1"], "reason": "entered_in_error"})],
    )
    again = await clerk.done(
        "settled-bills", as_csv(BILL_HEADERS, [bill("C1")]), as_of="2026-01-20T11:00:00+08:00"
    )

    assert (answers, counts(again)) == ([202], {"rows": 1, "accepted": 1, "new": 1})
    assert await counting(broker) == {"C1": "100.00"}


async def test_incomes_have_a_name_by_their_number_else_by_all_they_say(
    clerk: Clerk, broker: str
) -> None:
    await households(clerk)
    numbered, nameless = (
        [NUMBER, "工资性", "salary", "1000.00", "2025-12", "W1"],
        [
            NUMBER,
            "工资性",
            "bonus",
            "500.00",
            "2025-12",
            "",
        ],
    )
    first = await clerk.done("incomes", as_csv(INCOME_HEADERS, [numbered, nameless, nameless]))
    again = await clerk.done("incomes", as_csv(INCOME_HEADERS, [nameless, numbered, nameless]))
    corrected = await clerk.done(
        "incomes",
        as_csv(INCOME_HEADERS, [[*numbered[:3], "900.00", *numbered[4:]], [OTHER, *numbered[1:]]]),
    )

    assert counts(first) == {"rows": 3, "accepted": 3, "new": 3}
    assert counts(again) == {"rows": 3, "accepted": 3, "same": 3}
    assert counts(corrected) == {"rows": 2, "accepted": 2, "new": 1, "changed": 1}
    assert len(await facts(broker, IncomeReported)) == 5


async def test_what_is_held_is_the_same_when_it_is_sent_again_and_goes_into_the_log_once(
    clerk: Clerk, broker: str
) -> None:
    first = await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    again = await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    corrected = await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1", total="70.00")]))
    await households(clerk)

    assert [counts(result) for result in (first, again, corrected)] == [
        {"rows": 1, "held": 1, what: 1} for what in ("new", "same", "changed")
    ]
    assert (await counting(broker), len(await facts(broker, MedicalClaimSettled))) == (
        {"C1": "70.00"},
        2,
    )


async def test_a_row_that_waited_keeps_its_place_in_the_order_of_versions(
    clerk: Clerk, broker: str
) -> None:
    await clerk.done(
        "settled-bills",
        as_csv(BILL_HEADERS, [bill("C1", total="1000.00")]),
        as_of="2026-01-20T08:00:00+08:00",
    )
    await clerk.ingest.statements.forget_old(datetime(2100, 1, 1, tzinfo=UTC))
    await send_events(clerk, [event("MedicalClaimSettled", 1, "370302/H1", BILL)])
    await households(clerk)

    (first, _), *_ = [
        sorted(await facts(broker, MedicalClaimSettled), key=lambda record: record.version_key)
    ]
    assert (str(first.data.total), first.place) == ("1000.00", (2,))


async def test_what_was_checked_is_taken_as_it_was_checked_and_once(
    clerk: Clerk, broker: str
) -> None:
    await households(clerk)
    checked = await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]), dry_run="true")
    now = datetime.now(UTC)
    taken = await clerk.ingest.uploads.take(checked["upload"], AGENCY, now)
    again, anothers = (
        await clerk.ingest.uploads.take(checked["upload"], AGENCY, now),
        await clerk.ingest.uploads.take(checked["upload"], "bank", now),
    )
    assert await clerk.ingest.files.work_once()

    assert taken is not None
    assert counts(await clerk.result(taken)) == {"rows": 1, "accepted": 1, "new": 1}
    assert (again, anothers, await counting(broker)) == (None, None, {"C1": "100.00"})


async def test_what_is_kept_of_a_statement_goes_with_its_household_and_when_nobody_decides_by_it(
    clerk: Clerk,
) -> None:
    await households(clerk)
    sent = as_csv(BILL_HEADERS, [bill("C1"), bill("C2", OTHER)])
    await clerk.done("settled-bills", sent)
    erased = [
        await clerk.ingest.statements.erase(household_id(SECRET.encode(), "370302", "H1"))
        for _ in range(2)
    ]
    after = counts(await clerk.done("settled-bills", sent, dry_run="true"))
    async with clerk.ingest.engine.begin() as connection:
        await connection.execute(
            text("update statements set recorded_at = recorded_at - interval '27 months'")
        )
    await clerk.ingest.files._open_lanes()
    later = counts(await clerk.done("settled-bills", sent, dry_run="true"))

    assert (erased, after, later) == (
        [True, False],
        {"rows": 2, "accepted": 2, "new": 1, "same": 1},
        {"rows": 2, "accepted": 2, "new": 2},
    )


async def test_a_name_that_waits_to_be_noted_is_not_lost_by_what_another_raises(
    clerk: Clerk,
) -> None:
    await households(clerk)
    await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    book, caller = clerk.ingest.statements, await clerk.ingest.agencies.writer(AGENCY)
    events = [
        event("MedicalClaimSettled", n, "370302/H2", {**BILL, "claim_number": name})
        for n, name in ((1, "LATE"), (2, "C1"))
    ]
    late, elsewhere = await clerk.ingest.intake.judge(
        events, caller, clerk.ingest.days.clock(datetime.now(UTC))
    )
    assert isinstance(late, Accepted)
    assert isinstance(elsewhere, Accepted)
    book._late.append(late)

    async def fails(_: object) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await book.note([elsewhere], fails)
    assert list(book._late) == [late]
