"""Tests files through their door, in every encoding and format, row by row.

Totals add up, files are resumed after a crash, and rows are sent back with what is wrong.
"""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from foothold_ingest.files.mappings import shipped
from foothold_ingest.files.versions import Versions
from foothold_ingest.files.work import FileWorker
from foothold_ingest.intake.intake import Intake
from foothold_ingest.quarantine.retry import Retrier
from foothold_ingest.rules.accept import household_id
from foothold_ingest.rules.people.resident_number import check_character
from foothold_ingest.rules.regions import Held
from foothold_schemas.facts.facts import MedicalClaimSettled
from foothold_schemas.facts.register import HouseholdRegistered
from foothold_schemas.wire.codec import decode_fact
from foothold_schemas.wire.quarantine import SourceRecord
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS
from tests.support.ingest import SECRET
from tests.support.made.files import (
    BILL_HEADERS,
    HOUSE_HEADERS,
    NUMBER,
    OLD_NUMBER,
    as_csv,
    as_xlsx,
    bill,
    house,
)
from tests.support.running.clerk import AGENCY, AT, Clerk, counts
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

HOME = household_id(SECRET.encode(), "370302", "H1")
SAVED = Path(__file__).parents[3] / "ingest/data/bills-libreoffice.xlsx"


async def facts(broker: str, kind: type) -> list[Any]:
    records = [
        decode_fact(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name)))
    ]
    return [fact for fact in records if isinstance(fact.data, kind)]


@pytest.mark.parametrize(
    ("encoding", "delimiter", "seen"),
    [
        ("utf-8", ",", "utf-8"),
        ("utf-8-sig", ";", "utf-8-sig"),
        ("gb18030", ",", "gb18030"),
        ("gb18030", "\t", "gb18030"),
        ("utf-16", "\t", "utf-16"),
    ],
)
async def test_text_in_any_encoding_and_with_any_separator_is_the_same_file(
    clerk: Clerk, broker: str, encoding: str, delimiter: str, seen: str
) -> None:
    result = await clerk.done(
        "households", as_csv(HOUSE_HEADERS, [house("H1", address="𬱖村，3号")], encoding, delimiter)
    )
    bills = await clerk.done(
        "settled-bills",
        as_csv(BILL_HEADERS, [bill("C1"), bill("C2", OLD_NUMBER)], encoding, delimiter),
    )

    assert (result["encoding"], counts(result)) == (seen, {"rows": 1, "accepted": 1, "new": 1})
    assert counts(bills) == {"rows": 2, "accepted": 2, "new": 2}
    assert [
        (f.household_id, f.data.claim_number)
        for f in sorted(await facts(broker, MedicalClaimSettled), key=lambda f: f.id)
    ] != []
    assert {f.household_id for f in await facts(broker, MedicalClaimSettled)} == {HOME}


async def test_gbk_as_a_chinese_spreadsheet_saves_it(clerk: Clerk) -> None:
    result = await clerk.done(
        "settled-bills", as_csv(BILL_HEADERS, [bill("C1", who="王建国")], "gbk")
    )

    assert (result["encoding"], counts(result)) == ("gb18030", {"rows": 1, "held": 1, "new": 1})


async def test_a_workbook_saved_by_libreoffice(clerk: Clerk, broker: str) -> None:
    await clerk.done("households", as_csv(HOUSE_HEADERS, [house("H1")]))
    result = await clerk.done("settled-bills", SAVED.read_bytes())

    assert (result["encoding"], counts(result)) == ("xlsx", {"rows": 2, "accepted": 2, "new": 2})
    bills = {f.data.claim_number: f.data for f in await facts(broker, MedicalClaimSettled)}
    assert [(str(b.total), b.settled_on) for b in (bills["LO-0042"], bills["LO-0043"])] == [
        ("31400.10", date(2026, 1, 10)),
        ("0.30", date(2026, 1, 11)),
    ]


async def test_bad_rows_are_sent_back_with_what_is_wrong_and_the_others_are_taken(
    clerk: Clerk, broker: str
) -> None:
    rows = [
        bill("C1"),
        bill("C2", "3.70302E+17"),
        bill("C3", day="2026-02-30"),
        bill("C1", total="7.00"),
        bill("C4", total="=1+1", who="=HYPERLINK(1)"),
        bill("C5", total="-5.00"),
    ]
    result = await clerk.done("settled-bills", as_csv(BILL_HEADERS, rows))
    sheet = (await clerk.client.get(f"/v1/files/{result['upload']}/errors")).content
    sent_back = list(csv.reader(io.StringIO(sheet.decode("utf-8-sig"))))

    assert counts(result) == {"rows": 6, "held": 1, "repeated": 1, "refused": 4, "new": 1}
    assert result["reasons"] == {"invalid_field": 3, "damaged_number": 1, "repeated": 1}
    assert [problem["row"] for problem in result["first_problems"]] == [3, 4, 5, 6, 7]
    assert sent_back[0] == [*BILL_HEADERS, "错误 error"]
    assert [row[:6] for row in sent_back[1:3]] == rows[1:3]
    assert sent_back[4][4:6] == ["'=1+1", "'=HYPERLINK(1)"]
    assert sent_back[5][4] == "-5.00"
    assert [
        "证件号码: 号码被表格软件损坏" in sent_back[1][6],
        "结算日期: 不是日期，请写成 2026-01-31 this is no day" in sent_back[2][6],
    ] == [True, True]
    assert "same record as row 2" in sent_back[3][6]
    assert await facts(broker, MedicalClaimSettled) == []
    again = await clerk.done(
        "settled-bills", sheet.replace(b"'=1+1", b"50.00").replace(b"2026-02-30", b"2026-01-11")
    )
    assert counts(again) == {"rows": 5, "held": 3, "refused": 2, "new": 2, "changed": 1}


async def test_a_workbooks_rows_come_back_as_a_workbook_whose_cells_are_text(clerk: Clerk) -> None:
    rows = [
        ["0042", 370302194912310011, date(2026, 1, 10), "住院", 100.5, "=1+1"],
        ["0043", NUMBER, date(2026, 1, 10), "住院", 100.5, None],
    ]
    result = await clerk.done("settled-bills", as_xlsx(BILL_HEADERS, rows))
    sheet = (await clerk.client.get(f"/v1/files/{result['upload']}/errors")).content
    back = [
        [(cell.value, cell.data_type) for cell in row]
        for row in load_workbook(io.BytesIO(sheet)).worksheets[0].iter_rows()
    ]

    assert counts(result) == {"rows": 2, "held": 1, "refused": 1, "new": 1}
    assert [value for value, _ in back[1]][:5] == [
        "0042",
        "3.7030219491231e+17",
        "2026-01-10",
        "住院",
        "100.5",
    ]
    assert {kind for _, kind in back[1]} <= {"s", "inlineStr", "n"}  # a formula would be f
    assert "damaged by spreadsheet" in str(back[1][6][0])


async def test_households_are_told_apart_as_new_changed_and_the_same(
    clerk: Clerk, broker: str
) -> None:
    first = await clerk.done(
        "households",
        as_csv(HOUSE_HEADERS, [house("H1"), house("H2", OLD_NUMBER.replace("002", "003"))]),
    )
    changed = [
        house("H1", address="新村9号"),
        house("H2", OLD_NUMBER.replace("002", "003")),
        house("H3", "370302199001010010"),
    ]
    dry = await clerk.done("households", as_csv(HOUSE_HEADERS, changed), dry_run="true")
    second = await clerk.done(
        "households", as_csv(HOUSE_HEADERS, changed), as_of="2026-01-20T10:00:00+08:00"
    )

    assert counts(first) == {"rows": 2, "accepted": 2, "new": 2}
    assert (
        counts(dry)
        == counts(second)
        == {
            "rows": 3,
            "accepted": 3,
            "new": 1,
            "changed": 1,
            "same": 1,
        }
    )
    assert len(await facts(broker, HouseholdRegistered)) == 5


async def test_a_dry_run_changes_nothing(clerk: Clerk, broker: str) -> None:
    result = await clerk.done(
        "settled-bills", as_csv(BILL_HEADERS, [bill("C1"), bill("C2", "nope")]), dry_run="true"
    )
    async with clerk.ingest.engine.connect() as connection:
        kept = [
            (await connection.execute(text(f"select count(*) from {name}"))).scalar_one()  # noqa: S608 - our tables
            for name in ("held", "quarantine")
        ]

    assert (counts(result), kept, await facts(broker, MedicalClaimSettled)) == (
        {"rows": 2, "held": 1, "refused": 1, "new": 1},
        [0, 0],
        [],
    )
    assert "nope" not in json.dumps(result)


async def test_a_dry_run_of_events_says_the_same_and_changes_nothing(
    clerk: Clerk, broker: str
) -> None:
    good = {
        "specversion": "1.0",
        "id": "e1",
        "source": f"/agencies/{AGENCY}",
        "type": "foothold.HouseholdRegistered.v1",
        "time": AT,
        "subject": "370302/H1",
    }
    data = {
        "authority": "370302",
        "register_number": "H1",
        "area": "370302104201",
        "standing": "ordinary",
        "members": [{"person_ref": "p"}],
    }
    events = [{**good, "data": data}, {**good, "id": "e2", "data": data | {"standing": "rich"}}]
    headers = {"content-type": "application/cloudevents-batch+json"}
    answer = await clerk.client.post(
        "/v1/events?dry_run=true", content=json.dumps(events), headers=headers
    )

    assert (
        answer.status_code,
        answer.json()["dry_run"],
        answer.json()["accepted"],
        answer.json()["refused"],
    ) == (200, True, 1, 1)
    assert await facts(broker, HouseholdRegistered) == []


class Killed(BaseException):  # an event, which nobody catches
    """Stands for the process's end."""


async def test_after_a_crash_it_goes_on_at_the_row_after_the_last_batch_and_totals_are_the_files(
    clerk: Clerk, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clerk.done("households", as_csv(HOUSE_HEADERS, [house("H1")]))
    rows = [bill(f"C{n}", NUMBER if n % 10 else "bad") for n in range(4_000)]
    rows[3_900] = bill("C5")
    upload = await clerk.send("settled-bills", as_csv(BILL_HEADERS, rows))
    keep, kept = Intake.keep, []

    async def keep_then_die(self: Intake, judged: Any, *, is_patient: bool) -> None:  # noqa: ANN401
        await keep(self, judged, is_patient=is_patient)
        kept.append(len(judged))
        if len(kept) == 3:
            raise Killed

    monkeypatch.setattr(Intake, "keep", keep_then_die)
    with pytest.raises(Killed):
        await clerk.ingest.files.work_once()
    half = await clerk.result(upload)
    assert await clerk.ingest.files.work_once()
    whole = await clerk.result(upload)
    nothing_left = await clerk.ingest.files.work_once()

    assert (half["status"], half["counts"]["rows"], half["share"] > 0) == ("running", 2_000, True)
    assert counts(whole) == {
        "rows": 4_000,
        "accepted": 3_600,
        "repeated": 1,
        "refused": 399,
        "new": 3_600,
    }
    assert (kept, nothing_left) == ([900] * 5, False)
    ids = [f.fact_id for f in await facts(broker, MedicalClaimSettled)]
    assert (len(set(ids)), len(ids)) == (3_600, 3_600 + 900)


async def test_two_replicas_take_different_files_and_each_file_is_worked_through_once(
    clerk: Clerk,
) -> None:
    ingest = clerk.ingest
    uploads = [
        await clerk.send(
            "settled-bills", as_csv(BILL_HEADERS, [bill(f"C{n}-{k}") for k in range(600)])
        )
        for n in range(3)
    ]
    other = FileWorker(
        ingest.uploads,
        agencies=ingest.agencies,
        intake=ingest.intake,
        versions=Versions(ingest.statements, ingest.people),
        days=ingest.days,
        metrics=ingest.metrics,
    )
    while any(await asyncio.gather(ingest.files.work_once(), other.work_once())):
        pass

    assert [counts(await clerk.result(upload)) for upload in uploads] == [
        {"rows": 600, "held": 600, "new": 600}
    ] * 3


async def test_rows_kept_out_by_a_missing_county_code_go_in_by_a_retry_once_it_is_there(
    clerk: Clerk, broker: str
) -> None:
    ingest = clerk.ingest
    rows = [house(f"N{n}", f"37030219900101{n:03d}", county="370398") for n in range(30)]
    result = await clerk.done(
        "households",
        as_csv(HOUSE_HEADERS, [[*row[:6], row[6] + check_character(row[6])] for row in rows]),
    )
    retrier = Retrier(
        ingest.engine,
        ingest.seal,
        agencies=ingest.agencies,
        intake=ingest.intake,
        publisher=ingest.publisher,
        days=ingest.days,
        files=ingest.files,
    )
    waiting = [row["source_id"] for row in await retrier.rows(reason="unknown_area", limit=1_000)]
    still = await retrier.retry(waiting[:2], actor="op", now=datetime.now(UTC))
    await ingest.regions.add("370398", "新县", Held(None, None))
    taken = await retrier.retry(waiting, actor="op", now=datetime.now(UTC))
    again = await retrier.retry(waiting[:2], actor="op", now=datetime.now(UTC))

    assert counts(result) == {"rows": 30, "refused": 30}
    assert [{retried.outcome.value for retried in some} for some in (still, taken, again)] == [
        {"still_refused"},
        {"accepted"},
        {"not_waiting"},
    ]
    assert len({f.household_id for f in await facts(broker, HouseholdRegistered)}) == 30
    assert [h["outcome"] for h in (await retrier.show(waiting[0]) or (None, []))[1]] == [
        "still_refused",
        "accepted",
    ]
    assert await retrier.rows() == []


async def test_templates_hold_the_headers_over_columns_of_text_and_read_back(clerk: Clerk) -> None:
    names = [
        mapping["name"] for mapping in (await clerk.client.get("/v1/mappings")).json()["mappings"]
    ]
    book = load_workbook(
        io.BytesIO((await clerk.client.get("/v1/mappings/settled-bills/template")).content)
    )
    sheet = book.worksheets[0]

    assert names == sorted(shipped())
    assert [cell.value for cell in sheet[1]][:3] == ["结算单号", "证件号码", "县区代码"]
    assert [sheet.column_dimensions[letter].number_format for letter in "ABH"] == ["@", "@", "0.00"]
    for place, value in enumerate(
        ["C1", NUMBER, None, None, None, "2026-01-10", "住院", 12.5], start=1
    ):
        sheet.cell(row=2, column=place, value=value)
    held = io.BytesIO()
    book.save(held)
    assert counts(await clerk.done("settled-bills", held.getvalue())) == {
        "rows": 1,
        "held": 1,
        "new": 1,
    }


async def test_an_agencys_own_mapping_holds_before_the_shipped_one(clerk: Clerk) -> None:
    own = shipped()["settled-bills"].replace("结算单号", "流水号")
    await clerk.ingest.mappings.set(AGENCY, own, datetime.now(UTC))
    result = await clerk.done("settled-bills", as_csv(("流水号", *BILL_HEADERS[1:]), [bill("C1")]))
    old = await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C2")]))

    assert (counts(result), old["status"]) == ({"rows": 1, "held": 1, "new": 1}, "refused")
    assert old["problem"].startswith(
        "不认识这些列 these columns are not known to settled-bills: 结算单号。应有的列"
    )
    assert old["problem"].endswith("GET /v1/mappings/settled-bills/template")


@pytest.mark.parametrize("make", [as_csv, as_xlsx])
async def test_for_ever_is_read_as_empty_and_the_sender_is_told_by_row_and_header(
    clerk: Clerk, make: Callable[..., bytes]
) -> None:
    headers = [*HOUSE_HEADERS, "迁出日期"]
    rows = [
        [*house("H1"), ""],
        [*house("H2", OLD_NUMBER.replace("002", "003")), "9999-12-31"],
        [*house("H3", OLD_NUMBER.replace("002", "005")), "9998-12-31"],
    ]
    result = await clerk.done("households", make(headers, rows))

    assert counts(result) == {"rows": 3, "accepted": 2, "refused": 1, "new": 2, "warned": 1}
    assert [
        (warned["row"], warned["detail"].partition(":")[0]) for warned in result["warnings"]
    ] == [(3, "迁出日期")]
    assert "for ever" in result["warnings"][0]["detail"]
    assert [problem["row"] for problem in result["first_problems"]] == [4]


async def test_a_form_is_refused_by_how_to_send_a_file_and_a_wrong_key_is_called_wrong(
    clerk: Clerk,
) -> None:
    form = await clerk.client.post(
        "/v1/files?mapping=settled-bills", files={"file": ("a.csv", b"a,b")}
    )
    other = await clerk.client.get("/v1/files", headers={"authorization": "Bearer fh_nobody"})
    none = await clerk.client.get("/v1/files", headers={"authorization": ""})

    assert (form.status_code, "--data-binary" in form.json()["detail"]) == (415, True)
    assert [
        (response.status_code, response.json()["type"].rsplit(":", 1)[1])
        for response in (other, none)
    ] == [
        (401, "key-wrong"),
        (401, "key-needed"),
    ]


async def test_totals_and_signatures_are_named_in_the_result_and_wait_for_nobody(
    clerk: Clerk,
) -> None:
    retrier = Retrier(
        clerk.ingest.engine,
        clerk.ingest.seal,
        agencies=clerk.ingest.agencies,
        intake=clerk.ingest.intake,
        publisher=clerk.ingest.publisher,
        days=clerk.ingest.days,
        files=clerk.ingest.files,
    )
    total = ["合计", "", "", "", "", "", "4人"]
    homes = await clerk.done("households", as_csv(HOUSE_HEADERS, [house("H1"), total]))
    bills = await clerk.done(
        "settled-bills",
        as_csv(BILL_HEADERS, [bill("C1"), ["合计", "", "", "", "100.00", ""], ["制表人：张三"]]),
    )
    waiting = await retrier.rows()
    # as an earlier version of Foothold has set it aside
    stored = {"rows": [[3, total]], "occurrence": 0, "is_part": False, "cut": []}
    source_id = f"file.{AGENCY}.{homes['upload']}:0:3"
    record = SourceRecord(value=json.dumps(stored).encode()).model_dump_json(exclude_none=True)
    async with clerk.ingest.engine.begin() as connection:
        await connection.execute(
            text(
                "insert into quarantine (source_id, service, reason, detail, at, sealed)"
                " values (:id, 'ingest', 'invalid_field', 'no household', now(), :sealed)"
            ),
            {"id": source_id, "sealed": clerk.ingest.seal.close(record.encode())},
        )
    (tried,) = await retrier.retry([source_id], actor="op", now=datetime.now(UTC))

    assert counts(homes) == {"rows": 2, "accepted": 1, "footers": 1, "new": 1}
    assert counts(bills) == {"rows": 3, "accepted": 1, "footers": 2, "new": 1}
    assert [(p["row"], p["reason"]) for p in bills["first_problems"]] == [
        (3, "footer"),
        (4, "footer"),
    ]
    assert all("合计、签字等" in p["detail"] for p in bills["first_problems"])
    assert waiting == []
    assert tried.outcome.value == "no_data"
    assert await retrier.rows() == []
