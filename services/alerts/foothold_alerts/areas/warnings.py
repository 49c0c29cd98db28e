"""Keeps warnings of whole areas, once each.

They are sent to the place and its county, shown with the households behind them, and acknowledged
by people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, RowMapping, Select, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.areas import counts as region_counts
from foothold_alerts.jobs.clocks import is_soon, next_due
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.jobs.queue import Jobs
from foothold_alerts.people.presence import must_be_here
from foothold_alerts.rules.case import OPEN
from foothold_alerts.rules.notices import Event, Note
from foothold_alerts.rules.regions import (
    LEVEL,
    Answers,
    gravity,
    is_news,
    is_over,
    place_in_day,
    places,
)
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.areas import RegionWarningRow
from foothold_alerts.tables.cases import AuditRow, CaseRow, PartitionDay
from foothold_alerts.tables.paging import SHOWN, Paged, read_page
from foothold_alerts.tables.rows import audit_row
from foothold_schemas.messages.areas import ANY, Direction, RegionWarning, WarningLevel
from foothold_schemas.values import JsonObject

REMIND: Final = "remind_of_region"
HISTORY: Final = 20
"""Changes of a level a warning's page shows."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AreaPage:
    """The page of one warning.

    It has the warning, the cases of its households inside the reader's area, how many households
    have none there, and what came before it.

    `standing`: the last change of the same area, cause and window; `now`: how it stands, with the
    count of now.
    """

    warning: RowMapping
    cases: Paged[RowMapping]
    without: int
    history: Paged[RowMapping]
    standing: RowMapping
    now: JsonObject


@dataclass(frozen=True, slots=True)
class Standing:
    """A level that stands, and how it stands now."""

    warning: RowMapping
    now: JsonObject


class Areas:
    """Works beside the cases, and no case ever waits for it."""

    def __init__(
        self,
        engine: AsyncEngine,
        jobs: Jobs,
        notices: Notices,
        answers: Answers,
        workflows: Workflows,
    ) -> None:
        self._engine = engine
        self._workflows = workflows
        self._jobs = jobs
        self._notices = notices
        self._answers = answers
        jobs.task(REMIND, self.remind)

    async def take(self, warnings: Sequence[RegionWarning], now: datetime) -> None:
        """Keep what is new, and tell the people of the place.

        The same warning again changes nothing.
        """
        if not warnings:
            return
        async with self._engine.begin() as connection:
            business_day = (
                await connection.execute(select(func.min(PartitionDay.day)))
            ).scalar_one()
            for warning in warnings:
                await region_counts.keep(connection, warning)
                if warning.direction is Direction.SAME:
                    continue
                before = await self._gravest(connection, warning.area)
                number = await _keep(connection, warning, now)
                if number is not None and is_over(
                    warning, before, await self._gravest(connection, warning.area), business_day
                ):
                    places_to_tell = sorted(places(warning, self._answers[LEVEL[before]]))
                    await self._notices.add(
                        connection,
                        [Note(number, place, Event.REGION_OVER) for place in places_to_tell],
                        now,
                    )
                    log.info("alerts.region_over", warning_id=warning.warning_id, number=number)
                if (
                    number is None
                    or warning.level is None
                    or not is_news(warning, before, business_day)
                ):
                    continue
                answer = self._answers[warning.level]
                await self._notices.add(
                    connection,
                    [
                        Note(number, place, Event.REGION)
                        for place in sorted(places(warning, answer))
                    ],
                    now,
                )
                await self._jobs.defer(
                    connection,
                    REMIND,
                    lock=f"region {number}",
                    at=now + answer.acknowledge,
                    number=number,
                )
                log.info(
                    "alerts.region_warning",
                    warning_id=warning.warning_id,
                    number=number,
                    level=warning.level.value,
                )

    async def remind(self, number: int) -> None:
        """Remind the county of a warning that stands and that nobody has acknowledged.

        This is the job: the county is notified again, and again as long as that is so.
        """
        async with self._engine.begin() as connection:
            now = (await connection.execute(select(func.now()))).scalar_one()
            query = (
                select(RegionWarningRow)
                .where(
                    RegionWarningRow.number == number, RegionWarningRow.acknowledged_at.is_(None)
                )
                .with_for_update()
            )
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return
            if row.let_go_at is not None:
                await connection.execute(
                    update(RegionWarningRow)
                    .where(RegionWarningRow.number == number)
                    .values(let_go_at=None)
                )
            if await self._gravest(connection, row.area) < row.gravity:
                return
            answer = self._answers[WarningLevel(row.body["level"])]
            await self._notices.add(connection, [Note(number, row.county, Event.REGION)], now)
            await self._jobs.defer(
                connection,
                REMIND,
                lock=f"region {number}",
                at=now + answer.acknowledge,
                number=number,
            )
        log.warning("alerts.region_unacknowledged", number=number, level=row.body["level"])

    async def let_go(self) -> list[int]:
        """Return warnings that somebody had seen who has left since.

        Nobody has been reminded of them yet.
        """
        async with self._engine.connect() as connection:
            asked = (
                select(RegionWarningRow.number)
                .where(RegionWarningRow.let_go_at.is_not(None))
                .order_by(RegionWarningRow.number)
                .limit(SHOWN)
            )
            return list((await connection.execute(asked)).scalars())

    async def standing(self, area: str, page: int = 1) -> Paged[Standing]:
        """A page of the levels that stand inside the area, the gravest first, with today's counts.

        A level stands until a later change of its kind.
        """
        last = _last().where(RegionWarningRow.area.startswith(area, autoescape=True)).subquery()
        query = (
            select(last)
            .where(last.c.gravity > 0)
            .order_by(
                last.c.gravity.desc(), last.c.day.desc(), last.c.area, last.c.cause, last.c.window
            )
        )
        async with self._engine.connect() as connection:
            warnings = await read_page(connection, query, page)
            now = await region_counts.now_of(connection, warnings.lines)
        levels = [
            Standing(row, now[row["area"], row["cause"], row["window"]]) for row in warnings.lines
        ]
        return Paged(levels, warnings.total, warnings.page)

    async def page(self, area: str, number: int, page: int = 1) -> AreaPage | None:
        """The warning with that page of its cases, or None if there is none inside the area."""
        is_inside = RegionWarningRow.area.startswith(area, autoescape=True)
        async with self._engine.connect() as connection:
            row = (
                (
                    await connection.execute(
                        select(*_COLUMNS).where(RegionWarningRow.number == number, is_inside)
                    )
                )
                .mappings()
                .one_or_none()
            )
            if row is None:
                return None
            households = row["body"]["household_ids"]
            inside = CaseRow.area.startswith(area, autoescape=True)
            listed = _newest(
                or_(CaseRow.household_id.in_(households), _came_since(row)) & inside,
                self._workflows,
            )
            cases = await read_page(connection, listed, page)
            known = select(func.count(CaseRow.household_id.distinct())).where(
                CaseRow.household_id.in_(households), inside
            )
            without = len(households) - int((await connection.execute(known)).scalar_one())
            same = (
                RegionWarningRow.area == row["area"],
                RegionWarningRow.cause == row["cause"],
                RegionWarningRow.window == row["window"],
            )
            before = (
                select(*_COLUMNS)
                .where(*same)
                .order_by(RegionWarningRow.day.desc(), RegionWarningRow.place_in_day.desc())
            )
            history = await read_page(connection, before, 1, HISTORY)
            last = (await connection.execute(_last().where(*same))).mappings().one()
            (now,) = (await region_counts.now_of(connection, [last])).values()
        return AreaPage(row, cases, without, history, last, now)

    async def acknowledge(self, name: str, area: str, number: int, now: datetime) -> bool:
        """Somebody has seen it and sees to it.

        False if there is none inside the area, or somebody had before.
        """
        is_concerned = (
            RegionWarningRow.number == number,
            RegionWarningRow.area.startswith(area, autoescape=True),
            RegionWarningRow.acknowledged_at.is_(None),
        )
        seen = (
            update(RegionWarningRow)
            .where(*is_concerned)
            .values(acknowledged_by=name, acknowledged_at=now)
            .returning(RegionWarningRow.warning_id)
        )
        async with self._engine.begin() as connection:
            await must_be_here(connection, name, area)
            warning_id = (await connection.execute(seen)).scalar_one_or_none()
            if warning_id is not None:
                await connection.execute(
                    insert(AuditRow),
                    [audit_row(now, name, "region_acknowledged", None, warning=warning_id)],
                )
        return warning_id is not None

    @staticmethod
    async def _gravest(connection: AsyncConnection, area: str) -> int:
        last = _last().where(RegionWarningRow.area == area).subquery()
        return int(
            (
                await connection.execute(select(func.coalesce(func.max(last.c.gravity), 0)))
            ).scalar_one()
        )


_COLUMNS: Final = tuple(RegionWarningRow.__table__.columns)


def _last() -> Select[Any]:
    """The last change of each area, cause and window: by day, then by its place in the day.

    Never by when it was read.
    """
    kinds = (RegionWarningRow.area, RegionWarningRow.cause, RegionWarningRow.window)
    return (
        select(*_COLUMNS)
        .ext(distinct_on(*kinds))
        .order_by(*kinds, RegionWarningRow.day.desc(), RegionWarningRow.place_in_day.desc())
    )


def _newest(which: ColumnElement[bool], workflows: Workflows) -> Select[Any]:
    """The newest of each household's cases, the urgent ones first."""
    names = (
        "household_id",
        "case_id",
        "workflow",
        "number",
        "register_number",
        "area",
        "stage",
        "is_urgent",
        "version",
    )
    columns = [CaseRow.__table__.columns[name] for name in names]
    newest = (
        select(*columns)
        .where(which)
        .ext(distinct_on(CaseRow.household_id))
        # an earlier case may have returned, and is open beside a later one that is over
        .order_by(
            CaseRow.household_id,
            CaseRow.stage.in_([stage.value for stage in OPEN]).desc(),
            CaseRow.episode.desc(),
        )
        .subquery()
    )
    soon = is_soon(workflows, newest.c)
    return select(newest, soon.label("is_soon")).order_by(
        soon.desc(), next_due(newest.c).nulls_last(), newest.c.number
    )


def _came_since(warning: RowMapping) -> ColumnElement[bool]:
    """Match open cases of the area for the same cause.

    A level says the count at which it was reached, and more may have come since.
    """
    is_there = CaseRow.area.startswith(warning["area"], autoescape=True) & CaseRow.stage.in_(
        [s.value for s in OPEN]
    )
    return (
        is_there
        if warning["cause"] == ANY
        else is_there & CaseRow.latest["findings"].contains([{"rule": warning["cause"]}])
    )


async def _keep(connection: AsyncConnection, warning: RegionWarning, now: datetime) -> int | None:
    """Its number; None if it is known."""
    row = {
        "warning_id": warning.warning_id,
        "area": warning.area,
        "county": warning.county,
        "cause": str(warning.cause),
        "window": warning.window,
        "day": warning.day,
        "place_in_day": place_in_day(warning),
        "gravity": gravity(warning),
        "body": warning.model_dump(mode="json", exclude_none=True),
        "at": now,
    }
    statement = (
        upsert(RegionWarningRow)
        .values(row)
        .on_conflict_do_nothing(index_elements=["warning_id"])
        .returning(RegionWarningRow.number)
    )
    number: int | None = (await connection.execute(statement)).scalar_one_or_none()
    return number
