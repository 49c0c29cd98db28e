"""Works through uploaded files: rows become events, judged and kept like every other.

After a crash it goes on at the row after the last batch.
"""

import asyncio
import contextlib
import errno
import json
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import IO, Final, TypeVar

import structlog
from sqlalchemy import RowMapping

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.aside import PARTS_AWAY
from foothold_ingest.database import MOST_ATTEMPTS
from foothold_ingest.files.batches import batches, items_of, scattered_in
from foothold_ingest.files.mappings import WrongMapping, parse
from foothold_ingest.files.outcomes import (
    Aside,
    Problem,
    Step,
    from_json,
    name_of,
    warnings_of,
    words,
)
from foothold_ingest.files.reading import Unreadable, reading
from foothold_ingest.files.store import Overtaken, UploadStore
from foothold_ingest.files.versions import Versions
from foothold_ingest.intake.announcing import ANNOUNCED_KINDS
from foothold_ingest.intake.days import Days
from foothold_ingest.intake.intake import Intake, traced
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.judgement import Arrival, Judgement, Rejected
from foothold_ingest.rules.rows.footers import is_nobodys
from foothold_ingest.rules.rows.items import (
    FOOTER,
    Footer,
    Gatherer,
    Item,
    Repeat,
    Unjudged,
    event_id,
    problems_of,
    row_name,
)
from foothold_ingest.rules.rows.mapping import Mapping, RowsAre
from foothold_ingest.rules.rows.row_words import in_both
from foothold_ingest.rules.rows.rows import Headers, Row, WrongHeaders, event_of, fits, values_of
from foothold_ingest.rules.words import FOOTER_ROW
from foothold_ingest.turns import report, take_turns
from foothold_runtime.databases import while_database_down
from foothold_runtime.loops import not_cancelled
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.tracing import trace_id

DOOR: Final = "file"
PART: Final = "files"
LOOK_SECONDS: Final = 0.5
LANES: Final = 8
"""Agencies whose files are worked through at once."""
TURNS: Final = 2
"""Batches that are settled at once."""
LET_GO_SECONDS: Final = 60.0
REST_SECONDS: Final = 2.0
"""After an attempt that failed the agency's next one waits so long; whatever was wrong may be over
then."""
_OF_THE_MACHINE: Final = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EMFILE,
        errno.ENFILE,
        errno.EIO,
        errno.EROFS,
        errno.ENOMEM,
        errno.EACCES,
        errno.EPERM,
        errno.ENOENT,
    }
)
"""No disk, no descriptors, no folder for what is unpacked: none of it is the file's fault."""

T = TypeVar("T")
log = structlog.get_logger()


class FileWorker:
    """Any number of replicas may run one: each file is worked through by one of them.

    Agencies take turns: each has a lane of its own, and lanes settle a batch each in the order in
    which they ask.
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        store: UploadStore,
        *,
        agencies: Agencies,
        intake: Intake,
        versions: Versions,
        days: Days,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._agencies = agencies
        self._intake = intake
        self._versions = versions
        self._days = days
        self._metrics = metrics
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._served: dict[str, float] = {}
        self._rests_until: dict[str, float] = {}
        self._is_crowded = False
        self._let_go_at = 0.0
        self._turns = asyncio.Semaphore(TURNS)
        self._announcing = asyncio.Semaphore(1)

    async def run(self) -> None:
        """Run until cancelled: a lane for each agency with files that wait."""
        try:
            await take_turns(PART, self._open_lanes, self._metrics, pause=LOOK_SECONDS)
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _open_lanes(self) -> None:
        """Who had a lane longest ago comes first."""
        now = time.monotonic()
        self._lanes = {agency: lane for agency, lane in self._lanes.items() if not lane.done()}
        with_files = await self._store.agencies_waiting()
        self._served = {agency: at for agency, at in self._served.items() if agency in with_files}
        self._rests_until = {agency: at for agency, at in self._rests_until.items() if at > now}
        waiting = [
            agency
            for agency in with_files
            if agency not in self._lanes and agency not in self._rests_until
        ]
        waiting.sort(key=lambda agency: self._served.get(agency, 0.0))
        free = LANES - len(self._lanes)
        for agency in waiting[:free]:
            self._served[agency] = now
            self._lanes[agency] = asyncio.create_task(self._lane(agency))
        self._is_crowded = len(waiting) > free
        if now >= self._let_go_at:
            await self._store.let_go()
            await self._versions.forget_old(datetime.now(UTC))
            self._let_go_at = now + LET_GO_SECONDS

    async def _lane(self, agency: str) -> None:
        """One file of the agency after the other, whatever becomes of them.

        Where another agency waits for a lane, this one is given up after a file.
        """
        try:
            while not_cancelled() and await self.work_once(agency):
                if self._is_crowded or agency in self._rests_until:
                    return
        except PARTS_AWAY as error:
            self._rest(agency)
            log.warning("ingest.files_wait", agency=agency, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - see take_turns
            self._rest(agency)
            report(PART, error, self._metrics, agency=agency)

    def _rest(self, agency: str) -> None:
        self._rests_until[agency] = time.monotonic() + REST_SECONDS

    async def work_once(self, agency: str | None = None) -> bool:
        """Work through the oldest file that waits, of this agency or of any.

        Whether there was one.
        """
        async with self._store.next_open(agency) as upload:
            if upload is None:
                return False
            if upload["attempts"] >= MOST_ATTEMPTS:
                await self._give_up(upload)
            else:
                await self._attempt(upload)
        return True

    async def _attempt(self, upload: RowMapping) -> None:
        """Counted before it begins.

        Whatever the work raises is the file's affair alone, and that a part is away or this machine
        is full is not.
        """
        name = upload["upload_id"]
        await self._store.begin(name)
        try:
            with tempfile.TemporaryFile() as file:
                await self._store.write_to(name, file)
                await self._work(upload, file)
        except (Unreadable, WrongHeaders, WrongMapping) as error:
            await self._store.finish(name, datetime.now(UTC), str(error))
        except Overtaken:
            log.info("ingest.file_overtaken", upload=name)
        except (asyncio.CancelledError, *PARTS_AWAY):
            await self._forgive(name)
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
                await self._forgive(name)
                raise
            self._rest(upload["agency"])
            report(
                PART,
                error,
                self._metrics,
                upload=name,
                agency=upload["agency"],
                attempt=upload["attempts"] + 1,
            )

    async def _forgive(self, name: str) -> None:
        with contextlib.suppress(*PARTS_AWAY):
            await asyncio.shield(self._store.forgive(name))

    async def _give_up(self, upload: RowMapping) -> None:
        """Its sender is told what to do, and operations are."""
        done = upload["rows_done"]
        problem = (
            f"处理本文件连续失败 {MOST_ATTEMPTS} 次，已停止；第 {done} 行及以前的数据已处理。"
            "请从下一行起拆成小文件或另存为 CSV 再上传，仍不行请联系运维。 Work on this file"
            f" failed {MOST_ATTEMPTS} times in a row; the rows up to {done} are done. Send the rest"
            " in smaller files or as CSV; if that fails too, tell the operators."
        )
        await self._store.finish(upload["upload_id"], datetime.now(UTC), problem)
        self._metrics.given_up.labels(PART).inc()
        log.error(
            "ingest.file_given_up",
            upload=upload["upload_id"],
            agency=upload["agency"],
            rows_done=done,
        )

    async def _work(self, upload: RowMapping, file: IO[bytes]) -> None:
        mapping = parse(upload["mapping_text"])
        scattered = (
            await scattered_in(file, mapping) if mapping.rows is RowsAre.MEMBER else frozenset()
        )
        settler = _Settler(self, upload, mapping)
        try:
            async with reading(file, partial(fits, mapping=mapping)) as read:
                rows = read.rows()
                names = (await anext(rows, Row(1, ()))).cells
                headers = Headers.of(names, mapping)
                kept = [str(name or "").replace("\x00", "") for name in names]
                await self.retry_while_database_down(
                    lambda: self._store.note(
                        upload["upload_id"], encoding=read.encoding, headers=kept
                    ),
                    of="a file's headers",
                )
                gatherer = Gatherer(
                    headers,
                    mapping,
                    upload["agency"],
                    upload["as_of"],
                    upload["upload_id"],
                    scattered,
                )
                async for batch in batches(
                    items_of(rows, gatherer, _names(upload)), upload["rows_done"]
                ):
                    await settler.begin(batch, read.share)
        except asyncio.CancelledError:
            settler.cancel()
            raise
        finally:
            await settler.end()
        await self._store.finish(upload["upload_id"], datetime.now(UTC), notes=read.notes)
        log.info(
            "ingest.file_done",
            upload=upload["upload_id"],
            agency=upload["agency"],
            mapping=mapping.name,
        )

    async def retry_while_database_down(self, work: Callable[[], Awaitable[T]], *, of: str) -> T:
        """While the database is away; raise StatementFails where it is the statement."""
        return await while_database_down(self._store.engine, work, of=of)

    async def settle(
        self, upload: RowMapping, mapping: Mapping, batch: Sequence[Item], done: int, share: float
    ) -> int:
        """Judge a batch when it is this file's turn, keep what is right, and note all of it.

        Return the last row.

        Files for everybody go out slowly, so they take no turn from the others.
        """
        async with self._announcing if mapping.kind in ANNOUNCED_KINDS else self._turns:
            return await self.retry_while_database_down(
                lambda: self._settle(upload, mapping, batch, done, share), of="a batch of rows"
            )

    async def _settle(
        self, upload: RowMapping, mapping: Mapping, batch: Sequence[Item], done: int, share: float
    ) -> int:
        """Repeated after a crash, its facts count once."""
        now = datetime.now(UTC)
        beside = await self._versions.beside(batch, await self._judged(upload, batch, now), mapping)
        judged, counts = beside.judged, Counter(beside.counts)
        if not upload["is_dry_run"]:
            await self._intake.keep(beside.taken, is_patient=True)
        problems, asides = list[Problem](), list[Aside]()
        for item, judgement in zip(batch, judged, strict=True):
            counts["rows"] += len(item.rows)
            counts[name_of(judgement)] += len(item.rows)
            if isinstance(judgement, Repeat):
                repeats = f"names the same record as row {judgement.row}; the earlier row counts"
                problems.append(
                    Problem(item.rows[0], "repeated", in_both(repeats, RefusalReason.INVALID_FIELD))
                )
            elif isinstance(judgement, Footer):
                problems.append(Problem(item.rows[0], FOOTER_ROW, FOOTER))
            elif isinstance(judgement, Rejected):
                of_rows = zip(item.rows, problems_of(item, judgement, mapping), strict=True)
                problems_of_rows = [
                    Problem(row, problem.reason.value, words(problem)) for row, problem in of_rows
                ]
                problems += problems_of_rows
                asides.append(
                    Aside(
                        item.rows,
                        item.occurrence,
                        judgement.reason.value,
                        problems_of_rows[0].detail,
                        item.is_part,
                    )
                )
        last = max(item.rows[-1].number for item in batch)
        warnings = [
            warned
            for item, judgement in zip(batch, judged, strict=True)
            for warned in warnings_of(item, judgement, mapping)
        ]
        counts["warned"] = len(warnings)
        step = Step(
            last,
            share,
            counts,
            problems,
            () if upload["is_dry_run"] else asides,
            warnings,
            beside.changes,
        )
        await self._store.advance(upload, done, step, now)
        self._count(upload, batch, judged)
        named = {
            "upload": upload["upload_id"],
            "agency": upload["agency"],
            "trace_id": trace_id(upload["traceparent"]),
        }
        log.info("ingest.rows", last=last, dry_run=upload["is_dry_run"], **named, **counts)
        return last

    def _count(
        self, upload: RowMapping, batch: Sequence[Item], judged: Sequence[Judgement | Unjudged]
    ) -> None:
        if not upload["is_dry_run"]:
            for item, judgement in zip(batch, judged, strict=True):
                if not isinstance(judgement, Unjudged):
                    self._intake.count(
                        DOOR,
                        upload["agency"],
                        item.outcome if isinstance(item.outcome, dict) else None,
                        judgement,
                    )

    async def _judged(
        self, upload: RowMapping, batch: Sequence[Item], now: datetime
    ) -> list[Judgement | Unjudged]:
        """What the door says of each item."""
        events = [
            traced(item.outcome, upload["traceparent"])
            for item in batch
            if isinstance(item.outcome, dict)
        ]
        came = [
            Arrival(upload["at"], (item.rows[0].number,))
            for item in batch
            if isinstance(item.outcome, dict)
        ]
        judgements = iter(
            await self._intake.judge(
                events,
                await self._agencies.writer(upload["agency"]),
                self._days.clock(now),
                arrivals=came,
            )
        )
        return [
            next(judgements) if isinstance(item.outcome, dict) else item.outcome for item in batch
        ]

    async def again(self, topic: str, value: bytes, now: datetime) -> Judgement | Footer:
        """Judge quarantined rows once more, by the mapping of their file.

        Keep them if they are right now. A total that was set aside by an earlier version is none
        of them.
        """
        _, agency, upload_id = topic.split(".")
        upload = await self._store.find(upload_id)
        if upload is None:
            raise AssertionError("files are kept as long as their rows")
        mapping, stored = parse(upload["mapping_text"]), json.loads(value)
        if stored.get("is_part"):
            return Rejected(
                RefusalReason.INVALID_FIELD,
                "These rows are a part of a household; send all its rows together in a new file.",
            )
        headers, rows = (
            Headers.of(upload["headers"], mapping),
            [from_json(row) for row in stored["rows"]],
        )
        if cut := frozenset(stored.get("cut", ())):
            whole = await self._whole(upload_id, mapping, cut)
            rows = [whole.get(row.number, row) for row in rows]
        if len(rows) == 1 and is_nobodys(rows[0], headers, mapping):
            return Footer()
        read = [values_of(row, headers) for row in rows]
        wrong = next((problem for _, problem in read if problem is not None), None)
        event = event_of(
            [values for values, _ in read],
            mapping,
            agency,
            upload["as_of"],
            event_id(upload_id, rows[0]),
        )
        if isinstance(outcome := wrong or event, Rejected):
            return outcome
        caller = await self._agencies.writer(agency)
        came = Arrival(upload["at"], (rows[0].number,))
        (judgement,) = await self._intake.judge(
            [traced(outcome, upload["traceparent"])], caller, self._days.clock(now), arrivals=[came]
        )
        if isinstance(judgement, Rejected):
            return judgement
        name = (
            row_name(read[0][0], mapping, agency, stored["occurrence"], upload["as_of"])
            if mapping.rows is RowsAre.EVENT
            else None
        )
        item = Item(tuple(rows), outcome, name=name)
        beside = await self._versions.beside([item], [judgement], mapping)
        await self._intake.keep(beside.taken, is_patient=True)
        await self._store.mend(upload_id, [row.number for row in rows], now)
        return judgement

    async def _whole(
        self, upload_id: str, mapping: Mapping, numbers: frozenset[int]
    ) -> dict[int, Row]:
        """These rows as they stand in the file, which is kept for that."""
        rows: dict[int, Row] = {}
        with tempfile.TemporaryFile() as file:
            await self._store.write_to(upload_id, file)
            async with reading(file, partial(fits, mapping=mapping)) as read:
                async for row in read.rows():
                    if row.number in numbers:
                        rows[row.number] = row
                    if len(rows) == len(numbers):
                        break
        return rows


class _Settler:
    """Settles one batch while the next is being read.

    Never two at once, so that what is noted is always a beginning of the file.
    """

    def __init__(self, worker: FileWorker, upload: RowMapping, mapping: Mapping) -> None:
        self._worker = worker
        self._upload = upload
        self._mapping = mapping
        self._done: int = upload["rows_done"]
        self._running: asyncio.Task[int] | None = None

    async def begin(self, batch: Sequence[Item], share: float) -> None:
        """Wait for the batch before, then begin with this one."""
        await self.end()
        self._running = asyncio.create_task(
            self._worker.settle(self._upload, self._mapping, batch, self._done, share)
        )

    def cancel(self) -> None:
        """Let go of the batch that is being settled."""
        if self._running is not None:
            self._running.cancel()
            self._running = None

    async def end(self) -> None:
        """Wait for the batch that is being settled."""
        if self._running is not None:
            running, self._running = self._running, None
            self._done = await running


def _names(upload: RowMapping) -> dict[str, str]:
    return {"upload": upload["upload_id"], "agency": upload["agency"]}
