"""Works through uploaded files: rows become events, judged and kept like every other. After a crash it goes on at the row after the last batch."""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import IO, Final

import structlog
from sqlalchemy import RowMapping

from foothold_ingest.agencies import Agencies
from foothold_ingest.database import patiently
from foothold_ingest.days import Days
from foothold_ingest.files.mappings import WrongMapping, parse
from foothold_ingest.files.reading import Unreadable, reading
from foothold_ingest.files.store import Aside, Overtaken, Problem, Step, UploadStore, from_json
from foothold_ingest.intake import Intake, traced
from foothold_ingest.people import PeopleRegister, entries
from foothold_ingest.rules.items import Gatherer, Item, Repeat, Scatter, problem_at
from foothold_ingest.rules.judgement import Accepted, Held, Judgement, Rejected
from foothold_ingest.rules.mapping import Mapping, RowsAre
from foothold_ingest.rules.rows import Headers, Row, WrongHeaders, event_of, is_empty, values_of
from foothold_runtime.loops import goes_on
from foothold_schemas.tracing import trace_id

DOOR: Final = "file"
BATCH: Final = 1_000
MAX_ROWS: Final = 500_000
LOOK_SECONDS: Final = 0.5

log = structlog.get_logger()


class FileWorker:
    """Any number of replicas may run one: each file is worked through by one of them."""

    def __init__(self, store: UploadStore, *, agencies: Agencies, intake: Intake, people: PeopleRegister, days: Days) -> None:
        self._store = store
        self._agencies = agencies
        self._intake = intake
        self._people = people
        self._days = days

    async def run(self) -> None:
        """For ever: the oldest file, else a pause."""
        while goes_on():
            async for attempt in patiently():
                with attempt:
                    if not await self.work_once():
                        await asyncio.sleep(LOOK_SECONDS)

    async def work_once(self) -> bool:
        """Work through the oldest file that waits; whether there was one."""
        async with self._store.next_open() as upload:
            if upload is None:
                return False
            with tempfile.TemporaryFile() as file:
                await self._store.write_to(upload["upload_id"], file)
                try:
                    await self._work(upload, file)
                except (Unreadable, WrongHeaders, WrongMapping) as error:
                    await self._store.finish(upload["upload_id"], datetime.now(UTC), str(error))
                except Overtaken:
                    log.info("ingest.file_overtaken", upload=upload["upload_id"])
        return True

    async def _work(self, upload: RowMapping, file: IO[bytes]) -> None:
        mapping = parse(upload["mapping_text"])
        scattered = await _scattered(file, mapping) if mapping.rows is RowsAre.MEMBER else frozenset()
        batch, waiting = list[Item](), 0
        settler = _Settler(self, upload, mapping)
        async with reading(file) as read:
            rows = read.rows()
            names = (await anext(rows, Row(1, ()))).cells
            headers = Headers.of(names, mapping)
            await self._store.note(upload["upload_id"], encoding=read.encoding, headers=[str(name or "").replace("\x00", "") for name in names])
            gatherer = Gatherer(headers, mapping, upload["agency"], upload["as_of"], scattered)
            async for item in _items(rows, gatherer):
                if item.rows[0].number <= upload["rows_done"]:
                    continue  # in a batch that was kept before a crash; read again only so that repeats are known
                batch.append(item)
                waiting += len(item.rows)
                if waiting >= BATCH:
                    await settler.begin(batch, read.share)
                    batch, waiting = [], 0
        if batch:
            await settler.begin(batch, 1.0)
        await settler.end()
        await self._store.finish(upload["upload_id"], datetime.now(UTC))
        log.info("ingest.file_done", upload=upload["upload_id"], agency=upload["agency"], mapping=mapping.name)

    async def settle(self, upload: RowMapping, mapping: Mapping, batch: Sequence[Item], done: int, share: float) -> int:
        """Judge a batch, keep what is right, and note all of it; return the last row. Repeated after a crash, its facts count once."""
        now = datetime.now(UTC)
        judged = await self._judged(upload, batch, now)
        counts = Counter(await self._compared(judged))
        if not upload["is_dry_run"]:
            await self._intake.keep([one for one in judged if isinstance(one, Accepted | Held)], is_patient=True)
            for item, one in zip(batch, judged, strict=True):
                if not isinstance(one, Repeat):
                    self._intake.count(DOOR, upload["agency"], item.outcome if isinstance(item.outcome, dict) else None, one)
        problems, asides = list[Problem](), list[Aside]()
        for item, one in zip(batch, judged, strict=True):
            counts["rows"] += len(item.rows)
            counts[_name(one)] += len(item.rows)
            if isinstance(one, Repeat):
                problems.append(Problem(item.rows[0], "repeated", f"names the same record as row {one.row}; the earlier row counts"))
            elif isinstance(one, Rejected):
                told = [Problem(row, one.reason.value, words(problem_at(item, row, one, mapping))) for row in item.rows]
                problems += told
                asides.append(Aside(item.rows, item.occurrence, one.reason.value, told[0].detail))
        last = batch[-1].rows[-1].number
        step = Step(last, share, counts, problems, () if upload["is_dry_run"] else asides)
        await self._store.advance(upload, done, step, now)
        named = {"upload": upload["upload_id"], "agency": upload["agency"], "trace_id": trace_id(upload["traceparent"])}
        log.info("ingest.rows", last=last, dry_run=upload["is_dry_run"], **named, **counts)
        return last

    async def _judged(self, upload: RowMapping, batch: Sequence[Item], now: datetime) -> list[Judgement | Repeat]:
        """What the door says of each item."""
        events = [traced(item.outcome, upload["traceparent"]) for item in batch if isinstance(item.outcome, dict)]
        said = iter(await self._intake.judge(events, await self._agencies.writer(upload["agency"]), self._days.clock(now)))
        return [next(said) if isinstance(item.outcome, dict) else item.outcome for item in batch]

    async def _compared(self, judged: Sequence[Judgement | Repeat]) -> dict[str, int]:
        """How many register entries are new, changed, or say what stands there already."""
        sent = {entry.household_id: entry.digest for entry in entries(one for one in judged if isinstance(one, Accepted))}
        if not sent:
            return {}
        standing = await self._people.standing(sent)
        same = sum(standing.get(household) == digest for household, digest in sent.items())
        return {"new": len(sent) - len(standing), "same": same, "changed": len(standing) - same}

    async def again(self, topic: str, value: bytes, now: datetime) -> Judgement:
        """Judge quarantined rows once more, by the mapping of their file; keep them if they are right now."""
        _, agency, upload_id = topic.split(".")
        upload = await self._store.find(upload_id)
        if upload is None:
            raise AssertionError("files are kept as long as their rows")
        mapping, told = parse(upload["mapping_text"]), json.loads(value)
        headers, rows = Headers.of(upload["headers"], mapping), [from_json(row) for row in told["rows"]]
        read = [values_of(row, headers) for row in rows]
        wrong = next((problem for _, problem in read if problem is not None), None)
        event = event_of([values for values, _ in read], mapping, agency, upload["as_of"], told["occurrence"])
        if isinstance(outcome := wrong or event, Rejected):
            return outcome
        caller = await self._agencies.writer(agency)
        (judgement,) = await self._intake.judge([traced(outcome, upload["traceparent"])], caller, self._days.clock(now))
        if isinstance(judgement, Rejected):
            return judgement
        await self._intake.keep([judgement], is_patient=True)
        await self._store.mend(upload_id, [row.number for row in rows], now)
        return judgement


class _Settler:
    """Settles one batch while the next is being read; never two at once, so that what is noted is always a beginning of the file."""

    def __init__(self, worker: FileWorker, upload: RowMapping, mapping: Mapping) -> None:
        self._worker = worker
        self._upload = upload
        self._mapping = mapping
        self._done: int = upload["rows_done"]
        self._running: asyncio.Task[int] | None = None

    async def begin(self, batch: Sequence[Item], share: float) -> None:
        """Wait for the batch before, then begin with this one."""
        await self.end()
        self._running = asyncio.create_task(self._worker.settle(self._upload, self._mapping, batch, self._done, share))

    async def end(self) -> None:
        """Wait for the batch that is being settled."""
        if self._running is not None:
            running, self._running = self._running, None
            self._done = await running


def words(refused: Rejected) -> str:
    """What is wrong with a row: the fields by their headers, or the whole."""
    named = "; ".join(f"{f.field}: {f.problem}" if f.field else f.problem for f in refused.fields[:5])
    return named or refused.detail


def _name(one: Judgement | Repeat) -> str:
    match one:
        case Accepted():
            return "accepted"
        case Held():
            return "held"
        case Repeat():
            return "repeated"
        case Rejected():
            return "refused"


async def _items(rows: AsyncIterator[Row], gatherer: Gatherer) -> AsyncIterator[Item]:
    async for row in rows:
        if row.number > MAX_ROWS:
            raise Unreadable(f"a file may have {MAX_ROWS} rows; the rows up to here have been taken, send the rest in further files")
        if not is_empty(row):
            for item in _taken(gatherer, row):
                yield item
    for item in gatherer.rest():
        yield item


def _taken(gatherer: Gatherer, row: Row) -> list[Item]:
    try:
        return list(gatherer.take(row))
    except Exception as error:  # a row nobody has thought of must not end ingest again and again
        log.exception("ingest.row_not_understood", row=row.number)
        told = f"row {row.number} could not be worked through ({type(error).__name__}); the rows before it have been taken. Report this to the operators."
        raise Unreadable(told) from error


async def _scattered(file: IO[bytes], mapping: Mapping) -> frozenset[tuple[str | bool, ...]]:
    async with reading(file) as read:
        rows = read.rows()
        scatter = Scatter(Headers.of((await anext(rows, Row(1, ()))).cells, mapping))
        async for row in rows:
            if not is_empty(row):
                scatter.take(row)
    return frozenset(scatter.found)
