"""Files never stand still.

Agencies take turns, a file that fails is given up and reported, and what is long or repeated costs
what it should.
"""

import asyncio
import contextlib
import errno
import io
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import select, text, update

from foothold_ingest.build import Built
from foothold_ingest.database import UploadRow
from foothold_ingest.doors.http import Door, make_app
from foothold_ingest.doors.uploads import FileDoor
from foothold_ingest.files import reading, work
from foothold_ingest.intake.intake import Intake
from foothold_ingest.people.register import PeopleRegister
from foothold_ingest.rules.rows.items import Gatherer
from foothold_ingest.settings import DayClock
from tests.support.made.files import (
    BILL_HEADERS,
    HOUSE_HEADERS,
    as_csv,
    as_xlsx,
    bill,
    house,
    repacked,
)
from tests.support.running.clerk import Clerk, counts

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]


@pytest.fixture
async def other(ingest: Built) -> AsyncIterator[Clerk]:
    """Another agency."""
    key = await ingest.register.add("bureau", is_operator=False, by="op", now=datetime.now(UTC))
    door = Door(
        agencies=ingest.agencies,
        intake=ingest.intake,
        days=ingest.days,
        metrics=ingest.metrics,
        day_clock=DayClock.MANUAL,
    )
    app = make_app(door, FileDoor(ingest.agencies, ingest.uploads, ingest.mappings))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://door",
        headers={"authorization": f"Bearer {key}"},
    ) as client:
        yield Clerk(ingest, client)


@contextlib.asynccontextmanager
async def working(ingest: Built) -> AsyncIterator[None]:
    task = asyncio.create_task(ingest.files.run())
    try:
        yield
    finally:
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def finished(clerk: Clerk, upload: str, seconds: float = 60) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        while (result := await clerk.result(upload))["finished_at"] is None:
            await asyncio.sleep(0.05)
    return result


def sample(ingest: Built, name: str, **labels: str) -> float:
    return ingest.metrics.registry.get_sample_value(name, labels) or 0


async def test_another_agencys_small_file_is_done_while_a_large_one_runs(
    clerk: Clerk, other: Clerk
) -> None:
    rows = 500_000
    large = await clerk.send(
        "settled-bills",
        as_csv(BILL_HEADERS, (bill(f"C{n}", "bad") for n in range(rows))),  # type: ignore[arg-type] # any rows
    )
    async with working(clerk.ingest):
        async with asyncio.timeout(60):
            while not (await clerk.result(large))["counts"]["rows"]:
                await asyncio.sleep(0.05)
        began = time.monotonic()
        small = await other.send(
            "settled-bills", as_csv(BILL_HEADERS, [bill(f"C{n}") for n in range(10)])
        )
        result = await finished(other, small)
        took = time.monotonic() - began
        meanwhile = await clerk.result(large)

    print(f"a file of 10 rows took {took:.1f} s while one of {rows} rows ran")
    assert counts(result) == {"rows": 10, "held": 10, "new": 10}
    assert meanwhile["finished_at"] is None
    assert took < 5


async def test_a_file_that_stands_does_not_keep_another_agencys(
    clerk: Clerk, other: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, ends = Intake.keep, asyncio.Event()

    async def keep_slowly(self: Intake, judged: Any, *, is_patient: bool) -> None:  # noqa: ANN401
        if any(judgement.record.agency == "clinic" for judgement in judged):
            await ends.wait()
        await keep(self, judged, is_patient=is_patient)

    monkeypatch.setattr(Intake, "keep", keep_slowly)
    stands = await clerk.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    async with working(clerk.ingest):
        result = await finished(
            other, await other.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")])), 10
        )
        waits = await clerk.result(stands)
        ends.set()
        late = await finished(clerk, stands)

    assert (counts(result), waits["finished_at"], counts(late)) == (
        {"rows": 1, "held": 1, "new": 1},
        None,
        {"rows": 1, "held": 1, "new": 1},
    )


async def test_a_file_at_which_the_program_fails_three_times_is_refused_and_the_next_is_taken(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = PeopleRegister.standing

    async def standing(self: PeopleRegister, households: Any) -> Any:  # noqa: ANN401
        if len(households) == 2:
            raise MemoryError
        return await compared(self, households)

    monkeypatch.setattr(PeopleRegister, "standing", standing)
    bad = await clerk.send(
        "households", as_csv(HOUSE_HEADERS, [house("H1"), house("H2", "110101199003070054")])
    )
    good = await clerk.send("households", as_csv(HOUSE_HEADERS, [house("H3")]))
    async with working(clerk.ingest):
        refused, taken = await finished(clerk, bad), await finished(clerk, good)

    assert (refused["status"], taken["status"], counts(taken)["accepted"]) == ("refused", "done", 1)
    assert [
        "处理本文件连续失败 3 次" in refused["problem"],
        "smaller files" in refused["problem"],
    ] == [True, True]
    assert sample(clerk.ingest, "foothold_ingest_given_up_total", part="files") == 1
    assert sample(clerk.ingest, "foothold_ingest_job_failures_total", part="files") == 3


async def test_a_full_disk_is_not_the_files_fault(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = tempfile.TemporaryFile, list[int]()

    def full(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        if len(refused) < 4:
            refused.append(1)
            raise OSError(errno.ENOSPC, "no space")
        return real(*arguments, **named)

    monkeypatch.setattr(work, "REST_SECONDS", 0.05)
    upload = await clerk.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    async with working(clerk.ingest):
        result = await finished(clerk, upload)

    assert (result["status"], counts(result), len(refused)) == (
        "done",
        {"rows": 1, "held": 1, "new": 1},
        4,
    )


async def test_an_agency_beyond_the_lanes_gets_one_while_the_others_have_files_without_end(
    clerk: Clerk, other: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "LANES", 1)
    many = [
        await clerk.send("settled-bills", as_csv(BILL_HEADERS, [bill(f"C{n}")])) for n in range(4)
    ]
    late = await other.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    async with working(clerk.ingest):
        result = await finished(other, late)
        last = await clerk.result(many[-1])
        await finished(clerk, many[-1])

    assert (counts(result), last["finished_at"]) == ({"rows": 1, "held": 1, "new": 1}, None)


async def test_a_statement_the_database_refuses_is_not_taken_for_an_absent_database(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def advance(*_: object) -> None:
        async with clerk.ingest.engine.begin() as connection:
            await connection.execute(text("set local statement_timeout = 1"))
            await connection.execute(text("select pg_sleep(1)"))

    monkeypatch.setattr(type(clerk.ingest.uploads), "advance", advance)
    upload = await clerk.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    async with working(clerk.ingest):
        result = await finished(clerk, upload)

    assert (result["status"], "连续失败" in result["problem"]) == ("refused", True)


async def test_a_death_while_a_file_is_worked_on_counts_and_progress_begins_the_count_anew(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DiesError(BaseException):
        """As a kill: nobody catches it."""

    def dies(*_: object) -> None:
        raise DiesError

    upload = await clerk.send(
        "settled-bills", as_csv(BILL_HEADERS, [bill(f"C{n}") for n in range(1_500)])
    )
    with monkeypatch.context() as patch:
        patch.setattr(work, "reading", dies)
        for _ in range(2):
            with pytest.raises(DiesError):
                await clerk.ingest.files.work_once()
    twice = await attempts(clerk.ingest, upload)
    take, taken = Gatherer.take, []

    def dies_in_the_second_batch(self: Gatherer, row: Any) -> Any:  # noqa: ANN401
        taken.append(row)
        if len(taken) > 1_400:
            raise DiesError
        return take(self, row)

    with monkeypatch.context() as patch:
        patch.setattr(Gatherer, "take", dies_in_the_second_batch)
        with pytest.raises(DiesError):
            await clerk.ingest.files.work_once()
    after_progress = await attempts(clerk.ingest, upload)
    assert await clerk.ingest.files.work_once()

    assert (twice, after_progress, counts(await clerk.result(upload))) == (
        2,
        0,
        {"rows": 1_500, "held": 1_500, "new": 1_500},
    )


async def attempts(ingest: Built, upload: str) -> int:
    async with ingest.engine.connect() as connection:
        return int(
            (
                await connection.execute(
                    select(UploadRow.attempts).where(UploadRow.upload_id == upload)
                )
            ).scalar_one()
        )


async def test_a_reading_process_that_is_killed_refuses_the_file_and_harms_nobody(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = reading.Reading.rows

    async def killed(self: reading.Reading) -> Any:  # noqa: ANN401
        all_rows = rows(self)
        yield await anext(all_rows)
        self.process.kill()
        async for row in all_rows:  # what it had written before
            yield row

    monkeypatch.setattr(reading.Reading, "rows", killed)
    upload = await clerk.send(
        "settled-bills", as_csv(BILL_HEADERS, [bill(f"C{n}") for n in range(200_000)])
    )
    assert await clerk.ingest.files.work_once()

    assert "more memory or time" in (await clerk.result(upload))["problem"]


async def test_a_file_is_not_blamed_for_an_ingest_that_is_told_to_end(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def hangs(*_: object, **__: object) -> None:
        begun.set()
        await asyncio.sleep(60)

    upload = await clerk.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    with monkeypatch.context() as patch:
        patch.setattr(Intake, "keep", hangs)
        for _ in range(4):
            begun.clear()
            async with working(clerk.ingest):
                await asyncio.wait_for(begun.wait(), 10)
    assert await attempts(clerk.ingest, upload) == 0


def repeating(rows: int, columns: int) -> bytes:
    """A small workbook whose rows name nobody and repeat one long text: footers, all of them."""
    workbook, sheet, types = (
        as_xlsx(HOUSE_HEADERS, []),
        "xl/worksheets/sheet1.xml",
        "[Content_Types].xml",
    )
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        sheet_xml, declared = archive.read(sheet), archive.read(types)
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    texts = (
        b"<sst"
        b" xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><si><t>%s</t></si></sst>"
        % ("长" * 4_000).encode()
    )
    row = b"<row>%s</row>" % (b"<c/><c/>" + b'<c t="s"><v>0</v></c>' * columns)
    strings = (
        {"xl/sharedStrings.xml": texts, types: declared.replace(b"</Types>", part)}
        if b"sharedStrings" not in declared
        else {}
    )
    assert strings, "the workbook has shared strings of its own"
    return repacked(
        workbook,
        {sheet: sheet_xml.replace(b"</sheetData>", row * rows + b"</sheetData>"), **strings},
    )


class Peak:
    """The most memory this process and its children took, sampled in a thread of its own."""

    def __init__(self) -> None:
        self._me = psutil.Process()
        self.before = self._me.memory_info().rss
        self.most = self.children = 0
        self._ends = asyncio.Event()

    def look(self) -> None:
        self.most = max(self.most, self._me.memory_info().rss - self.before)
        for child in self._me.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "foothold_ingest.files.child" in child.cmdline():
                    self.children = max(self.children, child.memory_info().rss)

    async def run(self) -> None:
        while not self._ends.is_set():
            await asyncio.to_thread(self.look)
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("rows", "outcome"), [(5_000, ("done", 5_000)), (20_000, ("refused", 0))])
async def test_a_workbook_of_one_long_text_takes_bounded_memory_and_leaves_others_their_turn(
    clerk: Clerk, other: Clerk, rows: int, outcome: tuple[str, int]
) -> None:
    book = repeating(rows, 3)
    upload, peak, stood = await clerk.send("households", book), Peak(), [0.0]

    async def beat() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            stood.append(time.monotonic() - began)

    watching = [asyncio.create_task(peak.run()), asyncio.create_task(beat())]
    async with working(clerk.ingest):
        await asyncio.sleep(1)
        began = time.monotonic()
        await finished(other, await other.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")])))
        took = time.monotonic() - began
        result = await finished(clerk, upload, 120)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    megabytes = [round(n / 1e6) for n in (len(book), peak.most, peak.children)]
    print(
        f"{megabytes[0]} MB of workbook: {megabytes[1]} MB here, {megabytes[2]} MB in the child;"
        f" the loop stood {max(stood):.2f} s; another file {took:.1f} s"
    )

    assert (result["status"], counts(result).get("footers", 0)) == outcome
    assert peak.most < 300e6
    assert peak.children < 500e6
    assert max(stood) < 2
    assert took < 10


async def test_a_file_finished_by_another_replica_is_not_worked_on_again(clerk: Clerk) -> None:
    upload = await clerk.send("settled-bills", as_csv(BILL_HEADERS, [bill("C1")]))
    async with clerk.ingest.uploads.next_open() as ours:
        assert ours is not None
        async with clerk.ingest.uploads.next_open() as nobodys:
            assert nobodys is None
        async with clerk.ingest.engine.begin() as connection:
            await connection.execute(update(UploadRow).values(finished_at=datetime.now(UTC)))

    assert not await clerk.ingest.files.work_once()
    assert (await clerk.result(upload))["counts"]["rows"] == 0
