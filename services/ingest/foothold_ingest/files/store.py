"""Uploaded files and their results in PostgreSQL.

A file is whole and durable before it is answered with 202; its pieces go once it is worked through.
"""

import json
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import IO, Final

from sqlalchemy import RowMapping, Select, delete, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import QuarantinedRecord, UploadPart, UploadProblem, UploadRow
from foothold_ingest.files.changes import Changes
from foothold_ingest.files.claims import Claims
from foothold_ingest.files.outcomes import Aside, Problem, Step, Warned, as_json, from_json
from foothold_ingest.rules.rows.rows import Row
from foothold_schemas.seal import Seal
from foothold_schemas.wire.quarantine import SourceRecord

PART: Final = 512 * 1024
TOPIC: Final = "file"
"""Rows in quarantine stand under `file.<agency>.<upload>:0:<row>`."""

_BEHIND: Final = ";"
"""The character that follows the colon: an index by characters finds all that begins with a name as
what lies between."""
KEPT: Final = 64 * 1024
"""A refused row is kept up to so many bytes. The whole of a longer one stands in the file, which
stays as long as such rows wait."""
COUNTS: Final = (
    "rows",
    "accepted",
    "held",
    "repeated",
    "refused",
    "footers",
    "new",
    "changed",
    "same",
    "older",
    "warned",
)
WHOLE: Final = 0
"""In place of a row's number: the whole file."""
CHECKED_FOR: Final = timedelta(days=1)
"""So long a file that was only checked can be taken as it is."""
WARNINGS: Final = 50
"""So many are kept of a file; the others are counted."""


class Status(StrEnum):
    """How far a file is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


class EmptyFile(Exception):  # noqa: N818 - an answer
    """Nothing came."""


class Overtaken(Exception):  # noqa: N818 - says what happened
    """Another replica works through this file."""


class UploadStore:
    """Cells are kept under seal; counts and reasons are not secret."""

    def __init__(self, engine: AsyncEngine, file_seal: Seal, quarantine_seal: Seal) -> None:
        self.engine = engine
        self._seal = file_seal
        self._quarantine_seal = quarantine_seal
        self._claims = Claims(engine)
        self.changed = Changes(engine, file_seal)

    async def receive(self, values: dict[str, object], file: IO[bytes]) -> str:
        """Keep an open file, all of it or nothing; return its id; raise EmptyFile."""
        upload_id = secrets.token_hex(8)
        async with self.engine.begin() as connection:
            await connection.execute(
                insert(UploadRow).values(
                    {
                        **values,
                        **_blank(),
                        "size": 0,
                        "upload_id": upload_id,
                        "is_kept": values["is_dry_run"],
                    }
                )
            )
            size = 0
            for number, piece in enumerate(iter(lambda: file.read(PART), b"")):
                size += len(piece)
                await connection.execute(insert(UploadPart), [self._part(upload_id, number, piece)])
            if not size:
                raise EmptyFile
            await connection.execute(
                update(UploadRow).where(UploadRow.upload_id == upload_id).values(size=size)
            )
        return upload_id

    async def take(self, upload_id: str, agency: str, now: datetime) -> str | None:
        """Work through once more, for good, what was only checked.

        The new file's id, or None where it is kept no longer.
        """
        taken = secrets.token_hex(8)
        async with self.engine.begin() as connection:
            is_same = (
                UploadRow.upload_id == upload_id,
                UploadRow.agency == agency,
                UploadRow.is_dry_run,
                UploadRow.is_kept,
                UploadRow.status == Status.DONE,
            )
            row = (
                (
                    await connection.execute(
                        select(*UploadRow.__table__.columns).where(*is_same).with_for_update()
                    )
                )
                .mappings()
                .one_or_none()
            )
            if row is None:
                return None
            columns = {
                name: row[name]
                for name in (
                    "agency",
                    "mapping",
                    "mapping_text",
                    "file_name",
                    "traceparent",
                    "size",
                )
            }
            as_of = now if row["as_of"] == row["at"] else row["as_of"]
            await connection.execute(
                insert(UploadRow).values(
                    {
                        **columns,
                        **_blank(),
                        "upload_id": taken,
                        "at": now,
                        "as_of": as_of,
                        "is_dry_run": False,
                    }
                )
            )
            await connection.execute(
                update(UploadPart).where(UploadPart.upload_id == upload_id).values(upload_id=taken)
            )
            await connection.execute(
                update(UploadRow).where(UploadRow.upload_id == upload_id).values(is_kept=False)
            )
        return taken

    def _part(self, upload_id: str, number: int, piece: bytes) -> dict[str, object]:
        return {"upload_id": upload_id, "number": number, "sealed": self._seal.close(piece)}

    @asynccontextmanager
    async def next_open(self, agency: str | None = None) -> AsyncIterator[RowMapping | None]:
        """The oldest file, of this agency or of any, that nobody works through.

        Reserved while the block runs. None when there is none.
        """
        query = (
            select(UploadRow.upload_id)
            .where(UploadRow.finished_at.is_(None))
            .order_by(UploadRow.at)
            .limit(20)
        )
        async with self.engine.connect() as connection:
            waiting = (
                (
                    await connection.execute(
                        query if agency is None else query.where(UploadRow.agency == agency)
                    )
                )
                .scalars()
                .all()
            )
        for upload_id in waiting:
            async with self._claims.claimed(upload_id) as is_mine:
                if (
                    is_mine
                    and (upload := await self.find(upload_id)) is not None
                    and upload["finished_at"] is None
                ):
                    yield upload
                    return
        yield None

    async def agencies_waiting(self) -> list[str]:
        """Agencies with files to be worked through, whose oldest is oldest first."""
        first = func.min(UploadRow.at)
        query = (
            select(UploadRow.agency)
            .where(UploadRow.finished_at.is_(None))
            .group_by(UploadRow.agency)
            .order_by(first)
        )
        async with self.engine.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def begin(self, upload_id: str) -> None:
        """Begin work on the file, which counts as an attempt.

        It counts until a batch of the file is kept, so that a death counts as well.
        """
        await self.note(upload_id, attempts=UploadRow.attempts + 1)

    async def forgive(self, upload_id: str) -> None:
        """What ended the attempt has nothing to do with the file."""
        await self.note(upload_id, attempts=func.greatest(UploadRow.attempts - 1, 0))

    async def let_go(self) -> None:
        """Pieces of files that are done with, none of whose long rows waits any longer."""
        async with self.engine.begin() as connection:
            for upload_id in (await connection.execute(over())).scalars().all():
                await connection.execute(
                    delete(UploadPart).where(UploadPart.upload_id == upload_id)
                )
                await connection.execute(
                    update(UploadRow).where(UploadRow.upload_id == upload_id).values(is_kept=False)
                )

    async def write_to(self, upload_id: str, file: IO[bytes]) -> None:
        """The file's bytes, in clear, into an unnamed file on disk."""
        async with self.engine.connect() as connection:
            query = (
                select(UploadPart.sealed)
                .where(UploadPart.upload_id == upload_id)
                .order_by(UploadPart.number)
            )
            async for (sealed,) in await connection.stream(query.execution_options(yield_per=8)):
                file.write(self._seal.open(sealed))
        file.flush()

    async def advance(
        self, upload: RowMapping, done_before: int, step: Step, now: datetime
    ) -> None:
        """Note what a batch came to, all of it or nothing.

        Raise Overtaken when somebody else has gone further.
        """
        upload_id = upload["upload_id"]
        async with self.engine.begin() as connection:
            is_mine = (
                UploadRow.upload_id == upload_id,
                UploadRow.rows_done == done_before,
                UploadRow.finished_at.is_(None),
            )
            query = select(UploadRow.counts, UploadRow.warnings).where(*is_mine)
            before = (await connection.execute(query.with_for_update())).one_or_none()
            if before is None:
                raise Overtaken
            total = {name: before.counts.get(name, 0) + step.counts.get(name, 0) for name in COUNTS}
            warnings = [*before.warnings, *(warned._asdict() for warned in step.warnings)][
                :WARNINGS
            ]
            update_query = update(UploadRow).where(UploadRow.upload_id == upload_id)
            is_kept = UploadRow.is_kept | any(
                row.size > KEPT for aside in step.asides for row in aside.rows
            )
            moved = {
                "rows_done": step.rows_done,
                "share": step.share,
                "counts": total,
                "warnings": warnings,
                "status": Status.RUNNING,
            }
            await connection.execute(update_query.values(**moved, is_kept=is_kept, attempts=0))
            if step.problems:
                await connection.execute(
                    insert(UploadProblem),
                    [self._problem(upload_id, aside) for aside in step.problems],
                )
            if step.changes:
                await self.changed.keep(connection, upload_id, step.changes)
            if step.asides:
                rows = [self._aside(upload, aside, now) for aside in step.asides]
                await connection.execute(upsert(QuarantinedRecord).on_conflict_do_nothing(), rows)

    def _problem(self, upload_id: str, problem: Problem) -> dict[str, object]:
        sealed = self._seal.close(
            json.dumps(as_json(_kept(problem.row)), ensure_ascii=False).encode()
        )
        return {
            "upload_id": upload_id,
            "row": problem.row.number,
            "reason": problem.reason,
            "detail": problem.detail,
            "sealed": sealed,
        }

    def _aside(self, upload: RowMapping, aside: Aside, now: datetime) -> dict[str, object]:
        rows, cut = (
            [as_json(_kept(row)) for row in aside.rows],
            [row.number for row in aside.rows if row.size > KEPT],
        )
        value = json.dumps(
            {"rows": rows, "occurrence": aside.occurrence, "is_part": aside.is_part, "cut": cut},
            ensure_ascii=False,
        ).encode()
        first = aside.rows[0].number
        return {
            "source_id": f"{TOPIC}.{upload['agency']}.{upload['upload_id']}:0:{first}",
            "service": "ingest",
            "reason": aside.reason,
            "detail": aside.detail,
            "at": now,
            "sealed": self._quarantine_seal.close(
                SourceRecord(value=value).model_dump_json(exclude_none=True).encode()
            ),
        }

    async def note(self, upload_id: str, **values: object) -> None:
        """Set columns of a file."""
        async with self.engine.begin() as connection:
            await connection.execute(
                update(UploadRow).where(UploadRow.upload_id == upload_id).values(**values)
            )

    async def finish(
        self,
        upload_id: str,
        now: datetime,
        problem: str | None = None,
        *,
        notes: Sequence[str] = (),
    ) -> None:
        """The file is worked through, or refused as a whole.

        `notes` about all of it come first among its warnings.

        Its pieces are no longer needed, but for rows that are whole nowhere else.
        """
        status = Status.DONE if problem is None else Status.REFUSED
        async with self.engine.begin() as connection:
            values: dict[str, object] = {
                "status": status,
                "problem": problem,
                "finished_at": now,
                **({"share": 1.0} if problem is None else {}),
            }
            if notes:
                before = (
                    await connection.execute(
                        select(UploadRow.warnings)
                        .where(UploadRow.upload_id == upload_id)
                        .with_for_update()
                    )
                ).scalar_one()
                values["warnings"] = [*(Warned(WHOLE, note)._asdict() for note in notes), *before][
                    :WARNINGS
                ]
            finished = (
                update(UploadRow)
                .where(UploadRow.upload_id == upload_id)
                .values(**values)
                .returning(UploadRow.is_kept)
            )
            if not (await connection.execute(finished)).scalar_one():
                await connection.execute(
                    delete(UploadPart).where(UploadPart.upload_id == upload_id)
                )

    async def find(self, upload_id: str, agency: str | None = None) -> RowMapping | None:
        """A file's row; with `agency`, only if it is that agency's."""
        query = select(*UploadRow.__table__.columns).where(UploadRow.upload_id == upload_id)
        async with self.engine.connect() as connection:
            return (
                (
                    await connection.execute(
                        query if agency is None else query.where(UploadRow.agency == agency)
                    )
                )
                .mappings()
                .one_or_none()
            )

    async def recent(self, agency: str, limit: int = 20) -> Sequence[RowMapping]:
        """The agency's last files, newest first."""
        query = (
            select(*UploadRow.__table__.columns)
            .where(UploadRow.agency == agency)
            .order_by(UploadRow.at.desc())
            .limit(limit)
        )
        async with self.engine.connect() as connection:
            return (await connection.execute(query)).mappings().all()

    async def problems(
        self, upload_id: str, limit: int | None = None
    ) -> AsyncIterator[tuple[RowMapping, Row]]:
        """The rows that were not taken, in the file's order, with their cells."""
        columns = (
            UploadProblem.row,
            UploadProblem.reason,
            UploadProblem.detail,
            UploadProblem.mended_at,
            UploadProblem.sealed,
        )
        query = (
            select(*columns)
            .where(UploadProblem.upload_id == upload_id)
            .order_by(UploadProblem.row)
            .limit(limit)
        )
        async with self.engine.connect() as connection:
            result = await connection.stream(query.execution_options(yield_per=500))
            async for row in result.mappings():
                yield row, from_json(json.loads(self._seal.open(row["sealed"])))

    async def reasons(self, upload_id: str) -> dict[str, int]:
        """How many rows each reason kept out."""
        query = (
            select(UploadProblem.reason, func.count().label("many"))
            .where(UploadProblem.upload_id == upload_id)
            .group_by(UploadProblem.reason)
        )
        async with self.engine.connect() as connection:
            counts = [(row.reason, row.many) for row in await connection.execute(query)]
        return dict(sorted(counts, key=lambda pair: -pair[1]))

    async def mend(self, upload_id: str, rows: Iterable[int], now: datetime) -> None:
        """A retry has taken these rows."""
        async with self.engine.begin() as connection:
            update_query = update(UploadProblem).where(
                UploadProblem.upload_id == upload_id, UploadProblem.row.in_(list(rows))
            )
            await connection.execute(update_query.values(mended_at=now))


def _blank() -> dict[str, object]:
    """A file nobody has begun with."""
    return {
        "share": 0.0,
        "rows_done": 0,
        "counts": dict.fromkeys(COUNTS, 0),
        "status": Status.WAITING,
    }


def over() -> Select[str]:
    """Select the files that are done with.

    These are files whose pieces are kept for rows of which none waits any longer, and checked ones
    nobody has taken for a day.
    """
    source, name = (
        func.concat(f"{TOPIC}.", UploadRow.agency, ".", UploadRow.upload_id),
        QuarantinedRecord.source_id,
    )
    begins = name.op("~>=~", is_comparison=True)(func.concat(source, ":")) & name.op(
        "~<~", is_comparison=True
    )(func.concat(source, _BEHIND))
    waits = exists().where(QuarantinedRecord.retried_at.is_(None), begins)
    is_fresh = UploadRow.is_dry_run & (UploadRow.finished_at > func.now() - CHECKED_FOR)
    return select(UploadRow.upload_id).where(
        UploadRow.is_kept, UploadRow.finished_at.is_not(None), ~waits, ~is_fresh
    )


def _kept(row: Row) -> Row:
    return row if row.size <= KEPT else row.cut(KEPT)
