"""Keeps which feeds have spoken.

That is the business day each agency was last heard with each kind of fact from each county. It is
announced to everybody with the next day.
"""

import time
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple, cast, get_args

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.database import FeedRow, HouseholdRow, OpenedDay
from foothold_ingest.rules.judgement import Accepted
from foothold_runtime.databases import UNAVAILABLE
from foothold_schemas.facts.facts import FactsRetracted
from foothold_schemas.facts.feeds import FeedKind, FeedSpoke

FRESH_SECONDS: Final = 10.0
"""A feed written down so recently is not written down again: a busy feed costs one small statement
in ten seconds."""
_EVERY_KIND: Final = ""
MOST: Final = 5_000
"""As many as a day tells of."""

log = structlog.get_logger()


class Feed(NamedTuple):
    """An agency's facts of one kind from one county; of a retraction every kind it has sent."""

    agency: str
    kind: str
    county: str


class FeedBook:
    """The record of which feeds have spoken, beside the facts, never in their way.

    While the database is unavailable facts are accepted, and what was heard is written down later.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._written: dict[Feed, float] = {}

    async def hear(self, accepted: Sequence[Accepted]) -> None:
        """Note that these feeds have spoken today."""
        now = time.monotonic()
        spoken = {feed for a in accepted if (feed := _feed(a)) is not None}
        due = sorted(
            feed
            for feed in spoken
            if now - self._written.get(feed, -FRESH_SECONDS) >= FRESH_SECONDS
        )
        if not due:
            return
        self._written |= dict.fromkeys(due, now)
        try:
            async with self._engine.begin() as connection:
                await _write(connection, due)
        except UNAVAILABLE:
            for feed in due:
                del self._written[feed]
            log.warning("ingest.feeds_not_noted", feeds=len(due), reason="the database is away")


async def last_heard(connection: AsyncConnection, opening: date) -> tuple[FeedSpoke, ...]:
    """The feeds of counties that have a household, and when each was last heard.

    At most MOST, those heard last.

    What came before any day was opened counts for the first, `opening` if none is open yet. However
    many feeds an agency makes up, a day is opened.
    """
    first_day = (
        await connection.execute(select(func.min(OpenedDay.day)))
    ).scalar_one_or_none() or opening
    is_served = FeedRow.county.in_(select(HouseholdRow.county).distinct())
    newest = FeedRow.heard_on.desc().nulls_first()
    query = (
        select(FeedRow)
        .where(is_served)
        .order_by(newest, FeedRow.agency, FeedRow.kind, FeedRow.county)
        .limit(MOST + 1)
    )
    rows = list(await connection.execute(query))
    if len(rows) > MOST:
        log.error(
            "ingest.too_many_feeds",
            most=MOST,
            do="narrow the areas of agencies that send for counties they have nothing to do with",
        )
        rows = rows[:MOST]
    rows.sort(key=lambda row: (row.agency, row.kind, row.county))
    return tuple(
        FeedSpoke(
            agency=r.agency,
            feed=cast(FeedKind, r.kind),
            area=r.county,
            heard_on=r.heard_on or first_day,
        )
        for r in rows
    )


async def _write(connection: AsyncConnection, feeds: Sequence[Feed]) -> None:
    today = select(func.max(OpenedDay.day)).scalar_subquery()
    spoken = [
        {"agency": f.agency, "kind": f.kind, "county": f.county}
        for f in feeds
        if f.kind != _EVERY_KIND
    ]
    if spoken:
        insert_query = insert(FeedRow).values([{**row, "heard_on": today} for row in spoken])
        await connection.execute(
            insert_query.on_conflict_do_update(
                index_elements=["agency", "kind", "county"],
                set_={"heard_on": insert_query.excluded.heard_on},
            )
        )
    for feed in feeds:
        if feed.kind == _EVERY_KIND:
            renewal = update(FeedRow).where(
                FeedRow.agency == feed.agency, FeedRow.county == feed.county
            )
            await connection.execute(renewal.values(heard_on=today))


def _feed(accepted: Accepted) -> Feed | None:
    record = accepted.record
    if accepted.county is None:
        return None
    if isinstance(record.data, FactsRetracted):
        return Feed(record.agency, _EVERY_KIND, accepted.county)
    return (
        Feed(record.agency, record.data.kind, accepted.county)
        if record.data.kind in get_args(FeedKind)
        else None
    )
