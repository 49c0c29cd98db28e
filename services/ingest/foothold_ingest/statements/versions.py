"""The register of named statements.

It says which version of each counts now, and takes back what was first said of another household.
"""

import json
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.rules.judgement import Accepted, Held
from foothold_ingest.rules.statements import Standing, content_of, name_of
from foothold_ingest.statements.tables import StatementRow
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import FactsRetracted, RetractionReason
from foothold_schemas.seal import Seal

KEPT: Final = timedelta(days=31 * 26)
"""Longer than risk remembers a fact: what is older decides nothing, under whatever name."""
_CHANGING: Final = (
    "agency",
    "fact_id",
    "household_id",
    "said_at",
    "recorded_at",
    "place",
    "sealed",
)
_MOST_LATE: Final = 100_000
Named = Accepted | Held
TakeBack = Callable[[Sequence[FactRecord]], Awaitable[None]]
"""Write these into the log."""


class StatementBook:
    """Their table.

    Written after the facts: a name that is lost in between makes the next version a new statement,
    which risk still knows by its name.
    """

    def __init__(self, engine: AsyncEngine, seal: Seal) -> None:
        self._engine = engine
        self._seal = seal
        self._late: deque[Named] = deque(maxlen=_MOST_LATE)

    async def standing(self, names: Collection[bytes]) -> dict[bytes, Standing]:
        """The versions that count of these names; a name nobody has used is left out."""
        if not names:
            return {}
        async with self._engine.connect() as connection:
            return await self._ask(connection, names)

    async def _ask(
        self, connection: AsyncConnection, names: Collection[bytes], *, is_locking: bool = False
    ) -> dict[bytes, Standing]:
        query = (
            select(*StatementRow.__table__.columns)
            .where(StatementRow.name.in_(names))
            .order_by(StatementRow.name)
        )
        rows = (await connection.execute(query.with_for_update() if is_locking else query)).all()
        standing = {}
        for row in rows:
            content = json.loads(self._seal.open(row.sealed))
            key = (row.said_at, row.recorded_at, tuple(row.place), row.fact_id)
            name = bytes(row.name)
            standing[name] = Standing(
                name,
                row.fact_id,
                content["id"],
                content["source"],
                row.household_id,
                key,
                content["content"],
            )
        return standing

    async def note(self, kept: Sequence[Named], take_back: TakeBack) -> None:
        """These are in the log, or held.

        The later version of each name counts; what it said of another household is taken back there
        first.

        While the database is away they are noted with the next ones.
        """
        concerned = [
            judgement
            for judgement in kept
            if _name(judgement) is not None or judgement.record.withdraws
        ]
        if not concerned and not self._late:
            return
        late = [self._late.popleft() for _ in range(len(self._late))]
        try:
            async with self._engine.begin() as connection:
                await self._note(connection, [*late, *concerned], take_back)
        except (OperationalError, InterfaceError):
            self._late.extend([*late, *concerned])
        # what comes next is its caller's affair; what was late belongs to nobody else
        except BaseException:
            self._late.extend(late)
            raise

    async def _note(
        self, connection: AsyncConnection, kept: Sequence[Named], take_back: TakeBack
    ) -> None:
        named: dict[bytes, list[FactRecord]] = {}
        for judgement in kept:
            if (name := _name(judgement)) is not None:
                named.setdefault(name, []).append(judgement.record)
        await _forget_withdrawn(connection, kept, named)
        if not named:
            return
        await connection.execute(
            insert(StatementRow).on_conflict_do_nothing(),
            [self._row(name, named[name][0]) for name in sorted(named)],
        )
        standing = await self._ask(connection, list(named), is_locking=True)
        moved, wrong = self._judged(named, standing)
        if wrong:
            await take_back(wrong)
        if moved:
            await self._write(connection, moved)

    def _judged(
        self, named: Mapping[bytes, list[FactRecord]], standing: Mapping[bytes, Standing]
    ) -> tuple[dict[bytes, FactRecord], list[FactRecord]]:
        """What each name says from now on, where that changes, and what is to be taken back."""
        moved, wrong = dict[bytes, FactRecord](), list[FactRecord]()
        for name, records in named.items():
            counts = standing[name]
            for record in sorted(records, key=lambda record: record.version_key):
                wrong += _elsewhere(counts, record)
                if _counts_now(record, counts):
                    moved[name], counts = record, self._standing(name, record)
        return moved, wrong

    async def _write(self, connection: AsyncConnection, moved: Mapping[bytes, FactRecord]) -> None:
        rows = [
            {f"new_{field}": value for field, value in self._row(name, record).items()}
            for name, record in sorted(moved.items())
        ]
        fields: dict[str, Any] = {field: bindparam(f"new_{field}") for field in _CHANGING}
        await connection.execute(
            update(StatementRow).where(StatementRow.name == bindparam("new_name")).values(fields),
            rows,
        )

    def _standing(self, name: bytes, record: FactRecord) -> Standing:
        return Standing(
            name,
            record.fact_id,
            record.id,
            record.source,
            record.household_id,
            record.version_key,
            content_of(record),
        )

    def _row(self, name: bytes, record: FactRecord) -> dict[str, object]:
        content = {"id": record.id, "source": record.source, "content": content_of(record)}
        return {
            "name": name,
            "agency": record.agency,
            "fact_id": record.fact_id,
            "household_id": record.household_id,
            "said_at": record.time,
            "recorded_at": record.recorded_time,
            "place": list(record.place or ()),
            "sealed": self._seal.close(json.dumps(content, ensure_ascii=False).encode()),
        }

    async def erase(self, household_id: str) -> bool:
        """Forget what is kept of a household's statements; tell whether there was any."""
        async with self._engine.begin() as connection:
            gone = await connection.execute(
                delete(StatementRow)
                .where(StatementRow.household_id == household_id)
                .returning(StatementRow.name)
            )
            return gone.first() is not None

    async def forget_old(self, now: datetime) -> None:
        """Statements nobody decides by any longer."""
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(StatementRow).where(StatementRow.recorded_at < now - KEPT)
            )


async def _forget_withdrawn(
    connection: AsyncConnection, kept: Sequence[Named], named: Collection[bytes]
) -> None:
    """Forget what these withdraw, but for the names they speak of themselves."""
    if withdrawn := {fact for judgement in kept for fact in judgement.record.withdraws}:
        others = StatementRow.fact_id.in_(withdrawn) & StatementRow.name.not_in(named)
        await connection.execute(delete(StatementRow).where(others))


def _name(named_record: Named) -> bytes | None:
    return named_record.name if named_record.name is not None else name_of(named_record.record)


def _counts_now(record: FactRecord, counts: Standing) -> bool:
    """Whether the record takes the place of the version that counted.

    And one whose household has become known, its own place.
    """
    if record.fact_id == counts.fact_id:
        return counts.household_id is None and record.household_id is not None
    return counts.fact_id in record.withdraws or record.version_key > counts.key


def _elsewhere(counts: Standing, record: FactRecord) -> list[FactRecord]:
    """What takes back the earlier of the two versions, where they are told of two households."""
    if record.household_id is None or counts.household_id in (None, record.household_id):
        return []
    columns = (counts.fact_id, counts.event_id, counts.source, counts.household_id)
    fact_id, event_id, source, household = (
        columns
        if _counts_now(record, counts)
        else (record.fact_id, record.id, record.source, record.household_id)
    )
    by = blake2b(f"taken back\n{fact_id}".encode(), digest_size=16).hexdigest()
    return [
        FactRecord(
            fact_id=by,
            household_id=household,
            agency=record.agency,
            source=source,
            id=f"taken-back-{by}",
            time=record.time,
            recorded_time=max(record.recorded_time, counts.key[1]),
            withdraws=(fact_id,),
            data=FactsRetracted(events=(event_id,), reason=RetractionReason.WRONG_HOUSEHOLD),
        )
    ]
