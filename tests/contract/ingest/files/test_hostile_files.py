"""Files that are broken, malicious or somebody else's: a clear answer, and nobody is harmed."""

import asyncio
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import psutil
import pytest

from foothold_ingest.build import Built
from foothold_ingest.doors.uploads import MAX_FILE
from foothold_ingest.rules.rows.items import Gatherer, Item
from foothold_ingest.rules.rows.rows import Row
from tests.support.made.files import BILL_HEADERS, as_book, as_csv, as_xlsx, bill, repacked
from tests.support.running.clerk import Clerk, counts

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

IN_UTF_16 = '<?xml version="1.0" encoding="UTF-16"?>'
ENTITY = '<!DOCTYPE a [<!ENTITY a "b">]>'
HOSTILE: dict[str, bytes] = {
    "cut off": as_xlsx(BILL_HEADERS, [bill("C1")])[:-200],
    "an archive that is no workbook": (
        repacked(as_xlsx(["a"], []), {"x": b"y"}).replace(
            b"[Content_Types].xml", b"[Content_Tapes].xml"
        )
    ),
    "macros": repacked(as_xlsx(BILL_HEADERS, []), {"xl/vbaProject.bin": b"\x00"}),
    "an old workbook": b"\xd0\xcf\x11\xe0" + b"\x00" * 600,
    "a bomb of text": repacked(
        as_xlsx(BILL_HEADERS, []),
        {"xl/sharedStrings.xml": b"<sst>" + b"<si><t>a</t></si>" * 9_000_000 + b"</sst>"},
    ),
    "a bomb of entities": repacked(
        as_xlsx(BILL_HEADERS, [bill("C1")]),
        {
            "xl/worksheets/sheet1.xml": (
                b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
                + b"".join(
                    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
                )
                + b"]><worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
                + b"<sheetData><row><c"
                b" t='inlineStr'><is><t>&j;</t></is></c></row></sheetData></worksheet>"
            )
        },
    ),
    "an outside entity": repacked(
        as_xlsx(BILL_HEADERS, [bill("C1")]),
        {
            "xl/workbook.xml": (
                b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><workbook>&x;</workbook>'
            )
        },
    ),
    "entities behind a long comment": repacked(
        as_xlsx(BILL_HEADERS, [bill("C1")]),
        {
            "xl/styles.xml": (
                b"<!-- " + b"x" * 300_000 + b' --><!DOCTYPE a [<!ENTITY a "b">]><styleSheet/>'
            )
        },
    ),
    "entities in UTF-16": repacked(
        as_xlsx(BILL_HEADERS, [bill("C1")]),
        {"xl/worksheets/sheet1.xml": f"{IN_UTF_16}{ENTITY}<worksheet/>".encode("utf-16")},
    ),
    "a comment without end": repacked(
        as_xlsx(BILL_HEADERS, [bill("C1")]),
        {"xl/styles.xml": b"<!-- " + b"x" * 2_000_000 + b" --><styleSheet/>"},
    ),
    "too many parts": repacked(
        as_xlsx(BILL_HEADERS, [bill("C1")]), {f"xl/media/{n}.png": b"\x89PNG" for n in range(2_001)}
    ),
    "a quote that never ends": b'a,"b\n' + b"x" * 1_000_000,
    "no text at all": bytes(range(128, 256)) * 40,
    "too many columns": ",".join("a" * 300).encode(),
    "cells as long as may be": b",".join([b'"' + b"\x01" * 8_000 + b'"'] * 200) + b"\n",
    "headers with NUL": "结算单号\x00,\u202e结算日期\n1,2\n".encode(),
    "blank lines only": b"\n\n\n",
    "headers only in another language": "名前,住所\n".encode(),
    "a lone quote in the middle": (
        as_csv(BILL_HEADERS, []) + 'C1,"x"y,2026-01-10,住院,1.00,\n'.encode()
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_is_refused_with_a_reason_and_harms_nobody(
    clerk: Clerk, name: str
) -> None:
    upload = await clerk.send("settled-bills", HOSTILE[name])
    before = psutil.Process().memory_info().rss
    async with asyncio.timeout(60):
        assert await clerk.ingest.files.work_once()
    result = await clerk.result(upload)

    assert (result["status"], counts(result)) == (
        "refused",
        {},
    ) or name == "a lone quote in the middle"
    assert len(result["problem"] or "") > 10
    assert ("entit" in name) == ("document type" in result["problem"])
    assert psutil.Process().memory_info().rss - before < 64 * 1024 * 1024
    assert (await clerk.client.get(f"/v1/files/{upload}/errors")).status_code == httpx.codes.OK


async def test_numbers_no_amount_of_money_has_are_rows_that_are_sent_back(clerk: Clerk) -> None:
    workbook = as_xlsx(BILL_HEADERS, [[*bill("C1")[:4], 12.5]])
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        text = archive.read(sheet)
    results = [
        await clerk.done(
            "settled-bills",
            repacked(workbook, {sheet: text.replace(b"<v>12.5</v>", b"<v>%s</v>" % n)}),
        )
        for n in (b"1e300", b"1e400", b"NaN")
    ]

    assert [result["status"] in ("done", "refused") for result in results] == [True] * 3
    assert [
        counts(result).get("accepted", 0) + counts(result).get("held", 0) for result in results
    ] == [0, 0, 0]


async def test_a_row_nobody_has_thought_of_ends_the_file_and_not_ingest(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(_: Gatherer, row: Row) -> list[Item]:
        raise ZeroDivisionError(row.number)

    monkeypatch.setattr(Gatherer, "take", take)
    result = await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))

    assert (
        result["status"],
        "row 2 could not be worked through (ZeroDivisionError)" in result["problem"],
    ) == ("refused", True)


async def test_merged_cells_and_formulas_are_rows_that_are_sent_back_not_crashes(
    clerk: Clerk,
) -> None:
    rows = [bill("C1"), bill("C2"), [*bill("C3")[:4], "=50+50", ""]]
    result = await clerk.done("settled-bills", as_xlsx(BILL_HEADERS, rows, merged="A2:A3"))

    assert counts(result) == {"rows": 3, "held": 1, "refused": 2, "new": 1}


async def test_an_instruction_sheet_and_hidden_rows_are_named_in_the_result(clerk: Clerk) -> None:
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "说明": [("填表说明",)],
        "账单": [BILL_HEADERS, bill("C1\u200b"), bill("C2")],
    }
    result = await clerk.done("settled-bills", as_book(sheets, hidden=[3]))

    assert counts(result) == {"rows": 2, "held": 2, "new": 2, "warned": 1}
    assert [(w["row"], w["detail"].split(" ")[0]) for w in result["warnings"]] == [
        (0, "未读取的工作表"),
        (0, "隐藏的行也已读取（共"),
        (2, "结算单号:"),
    ]


async def test_what_is_not_a_file_of_this_agency_is_not_there(clerk: Clerk, ingest: Built) -> None:
    upload = await clerk.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    other = await ingest.register.add("other", is_operator=False, by="op", now=datetime.now(UTC))
    asked = [f"/v1/files/{upload}", f"/v1/files/{upload}/errors"]
    as_other = [
        (await clerk.client.get(path, headers={"authorization": f"Bearer {other}"})).status_code
        for path in asked
    ]
    as_nobody = [
        (await clerk.client.get(path, headers={"authorization": "Bearer x"})).status_code
        for path in [*asked, "/v1/mappings", "/v1/files"]
    ]

    assert (as_other, as_nobody) == ([404, 404], [401] * 4)


async def test_answers_to_what_cannot_be_taken(clerk: Clerk) -> None:
    unknown = await clerk.client.post("/v1/files?mapping=lottery", content=b"x")
    flag = await clerk.client.post("/v1/files?mapping=incomes&dry_run=yes", content=b"x")
    moment = await clerk.client.post("/v1/files?mapping=incomes&as_of=yesterday", content=b"x")
    nul = await clerk.client.post("/v1/files?mapping=incomes&name=a%00b", content=b"x")
    nowhere = await clerk.client.get("/v1/files/%00")
    empty = await clerk.client.post("/v1/files?mapping=incomes", content=b"")
    large = await clerk.client.post("/v1/files?mapping=incomes", content=b"x" * (MAX_FILE + 1))
    recent = await clerk.client.get("/v1/files")

    assert [
        (a.status_code, a.json()["type"].rsplit(":", 1)[1])
        for a in (unknown, moment, flag, nul, nowhere, empty, large)
    ] == [
        *(
            (422, "unknown-mapping"),
            *[(422, "invalid-field")] * 2,
            *[(422, "control-character")] * 2,
            (422, "empty-file"),
            (413, "too-large"),
        )
    ]
    assert recent.json() == {"files": []}
