"""What became of one event, by the id its sender gave it.

The log itself is asked, from the day it was sent; no list of ids is kept for this.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.console.desk import of_agency
from foothold_ingest.database import HeldRow, QuarantinedRecord
from foothold_ingest.log.search import LoggedFact, LogSearch
from foothold_ingest.rules.accept import fact_id
from foothold_ingest.rules.times import SHANGHAI
from foothold_schemas.seal import Seal
from foothold_schemas.values import Day
from foothold_schemas.wire.codec import Unreadable, decode_fact
from foothold_schemas.wire.quarantine import SourceRecord
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS

SCAN_SECONDS: Final = 15.0
_DAY: Final[TypeAdapter[date]] = TypeAdapter(Day)
OPENED: Final = 1_000
"""So many records in quarantine are opened to look for an id."""


class Where(StrEnum):
    """Where an event was found."""

    LOG = "log"
    SET_ASIDE = "set_aside"
    HELD = "held"
    QUARANTINE = "quarantine"
    NOWHERE = "nowhere"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Fate:
    """Where, since when, and what there is to say: a reason, or an address."""

    where: Where
    at: datetime | None = None
    detail: str = ""


class Fates:
    """Looks for the events of one agency at a time."""

    def __init__(self, engine: AsyncEngine, search: LogSearch, quarantine_seal: Seal) -> None:
        self._engine = engine
        self._search = search
        self._seal = quarantine_seal

    async def find(self, agency: str, source: str, event_id: str, since: datetime) -> list[Fate]:
        """Everything that is known of it.

        The log is read from `since` on, for SCAN_SECONDS at most and one question at a time.
        """
        fact = fact_id(source, event_id)
        fates = [*await self._held(agency, fact), *await self._aside(agency, source, event_id)]
        fates += await self._in_log(fact, since)
        return fates or [Fate(Where.NOWHERE)]

    async def _held(self, agency: str, fact: str) -> list[Fate]:
        query = select(HeldRow.at, HeldRow.problem).where(
            HeldRow.fact_id == fact, HeldRow.agency == agency, HeldRow.released_at.is_(None)
        )
        async with self._engine.connect() as connection:
            return [
                Fate(Where.HELD, row.at, row.problem or "")
                for row in await connection.execute(query)
            ]

    async def _aside(self, agency: str, source: str, event_id: str) -> list[Fate]:
        """Among the agency's records that wait.

        A row of a file has its id only once it is an event.
        """
        columns = (
            QuarantinedRecord.at,
            QuarantinedRecord.reason,
            QuarantinedRecord.detail,
            QuarantinedRecord.sealed,
        )
        query = (
            select(*columns)
            .where(of_agency(agency), QuarantinedRecord.retried_at.is_(None))
            .order_by(QuarantinedRecord.at.desc())
            .limit(OPENED)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        names = {(source, event_id)}
        return [
            Fate(Where.QUARANTINE, row.at, f"{row.reason}: {row.detail}")
            for row in rows
            if _name_of(self._seal.open(row.sealed)) in names
        ]

    async def _in_log(self, fact: str, since: datetime) -> list[Fate]:
        search = await self._search.first(fact, since, SCAN_SECONDS)
        if search.is_unfinished:
            return [Fate(Where.UNFINISHED)]
        return [await self._fate_of(fact_in_log) for fact_in_log in search.facts.values()]

    async def _fate_of(self, record: LoggedFact) -> Fate:
        """In the log; and whether risk has set it aside since."""
        address = f"{HOUSEHOLD_FACTS.name}:{record.partition}:{record.offset}"
        query = select(
            QuarantinedRecord.at, QuarantinedRecord.reason, QuarantinedRecord.detail
        ).where(QuarantinedRecord.source_id == address)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is not None:
            return Fate(Where.SET_ASIDE, row.at, f"{row.reason}: {row.detail}")
        try:
            return Fate(Where.LOG, decode_fact(record.value).recorded_time, address)
        except Unreadable:
            return Fate(Where.LOG, None, address)


def _name_of(sealed: bytes) -> tuple[str, str] | None:
    """Source and id of a record's event, wherever it has them."""
    record = SourceRecord.model_validate_json(sealed)
    headers = {name: (text or b"").decode(errors="replace") for name, text in record.headers}
    if "ce_id" in headers:
        return headers.get("ce_source", ""), headers["ce_id"]
    try:
        event = json.loads(record.value or b"")
    except (ValueError, RecursionError):
        return None
    return (str(event.get("source")), str(event.get("id"))) if isinstance(event, dict) else None


def at_start_of(day: str) -> datetime:
    """The first moment of "YYYY-MM-DD" in Shanghai; raise ValueError."""
    return datetime.combine(_DAY.validate_python(day), time.min, SHANGHAI).astimezone(UTC)
