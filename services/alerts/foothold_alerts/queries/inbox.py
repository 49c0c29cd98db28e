"""Reads what pages show. Everything stays inside the person's area, counts included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    SQLColumnExpression,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import aliased

from foothold_alerts.cases.judgements import not_judged_since
from foothold_alerts.jobs.clocks import is_soon, next_due, next_kind
from foothold_alerts.rules.case import OPEN, Consent, Stage
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import (
    AuditRow,
    CaseRow,
    DeadlineRow,
    DirectoryRow,
    DisputeRow,
    MeasureRow,
    PartitionDay,
    ReliefRow,
    ReviewRow,
    TransitionRow,
    ViewRow,
    VisitRow,
)
from foothold_alerts.tables.paging import Paged, read_page
from foothold_runtime.databases import row_of, rows_of, whole
from foothold_schemas.facts.decisions import Decision
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.values import JsonObject

PAGE: Final = 50
COUNTY_DIGITS: Final = 6
MOST_DIGITS: Final = 18
"""Of a case's number."""


class StaleHere(NamedTuple):
    """A feed silent for too long in a county of the person's area; `last_heard` empty: never."""

    county: str
    agency: str
    feed: str
    last_heard: str
    rhythm_days: int


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for: the beginning of a register number or area's code, a case's number.

    `areas`: the codes of the areas that are called so.
    """

    text: str = ""
    areas: tuple[str, ...] = ()


R = TypeVar("R")
NOTHING_SOUGHT: Final = Search()


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of the list, and the numbers above it."""

    rows: list[RowMapping]
    total: int
    page: int
    by_stage: dict[str, int]
    urgent: int
    business_day: date | None
    is_illustrative: bool
    stale: list[StaleHere]
    reviews: list[RowMapping]
    without_case: Paged[RowMapping]

    @property
    def open(self) -> int:
        """Cases people still work on."""
        return sum(self.by_stage.get(stage.value, 0) for stage in OPEN)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE))


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything of one case.

    `not_judged_since`: risk fails at the household, so nothing computed of it is newer.
    """

    case: CaseRow
    relief: Sequence[ReliefRow]
    transitions: Sequence[TransitionRow]
    audit: Sequence[AuditRow]
    previous: RowMapping | None
    reviews: list[RowMapping]
    view: JsonObject | None
    entry: JsonObject | None
    deadlines: Sequence[DeadlineRow]
    measures: Sequence[MeasureRow]
    visits: Sequence[VisitRow]
    disputes: Sequence[DisputeRow]
    not_judged_since: datetime | None


def _is_wavering() -> ColumnElement[bool]:
    """Whether risk's last view of the household says that it goes and returns.

    Before the first view, its last transition.
    """
    shown = (
        select(ViewRow.body["is_wavering"].as_boolean())
        .where(ViewRow.household_id == CaseRow.household_id)
        .scalar_subquery()
    )
    return func.coalesce(shown, CaseRow.latest["is_wavering"].as_boolean(), false())


class Inbox:
    """Queries only."""

    def __init__(self, engine: AsyncEngine, workflows: Workflows) -> None:
        self._engine = engine
        self._workflows = workflows

    async def page(
        self,
        area: str,
        stage: Stage | None,
        page: int,
        *,
        is_urgent: bool = False,
        find: Search = NOTHING_SOUGHT,
    ) -> InboxPage:
        """Return a page of open cases, or of those of a stage.

        First come those of which a duty ends soon, then by the next duty. `is_urgent`: only those.

        `find`: cases of every stage, and households that risk shows and that have no case.
        """
        is_inside = CaseRow.area.startswith(area, autoescape=True)
        soon = is_soon(self._workflows)
        listed = _listed(soon).where(is_inside, _is_shown(stage, find))
        if is_urgent and not find.text:
            listed = listed.where(soon)
        waiting = _reviews().where(is_inside, ReviewRow.done_at.is_(None)).limit(PAGE)
        async with self._engine.connect() as connection:
            cases = await read_page(connection, listed, page, PAGE)
            return InboxPage(
                rows=cases.lines,
                total=cases.total,
                page=cases.page,
                by_stage=await _by_stage(connection, is_inside),
                urgent=await _urgent(connection, is_inside & soon),
                business_day=await connection.scalar(select(func.min(PartitionDay.day))),
                is_illustrative=any(row["is_illustrative"] for row in cases.lines),
                without_case=await _found_without_case(connection, area, find),
                reviews=list((await connection.execute(waiting)).mappings()),
                stale=await _stale(connection, area),
            )

    async def case(self, area: str, number: int) -> CasePage | None:
        """The case, or None if there is none in the area."""
        async with self._engine.connect() as connection:
            query = whole(CaseRow).where(
                CaseRow.number == number, CaseRow.area.startswith(area, autoescape=True)
            )
            row = await row_of(connection, query)
            if row is None:
                return None
            return await _case_page(connection, row)

    async def version(self, area: str, number: int) -> int | None:
        """The case's version, or None if there is none in the area."""
        async with self._engine.connect() as connection:
            query = select(CaseRow.version).where(
                CaseRow.number == number, CaseRow.area.startswith(area, autoescape=True)
            )
            return (await connection.execute(query)).scalar_one_or_none()


async def _case_page(connection: AsyncConnection, row: CaseRow) -> CasePage:
    case_id, household_id = row.case_id, row.household_id
    before = select(CaseRow.number, CaseRow.episode, CaseRow.close_reason).where(
        CaseRow.household_id == household_id, CaseRow.episode == row.episode - 1
    )
    reviews = _reviews().where(ReviewRow.case_id == case_id)
    view = select(ViewRow.body).where(ViewRow.household_id == household_id)
    entry = select(DirectoryRow.entry).where(DirectoryRow.household_id == household_id)
    return CasePage(
        case=row,
        relief=await _all(
            connection,
            ReliefRow,
            ReliefRow.household_id == household_id,
            order=(ReliefRow.due_at, ReliefRow.relief_id),
        ),
        transitions=await _all(
            connection,
            TransitionRow,
            TransitionRow.case_id == case_id,
            order=(TransitionRow.number.desc(),),
        ),
        audit=await _all(
            connection, AuditRow, AuditRow.case_id == case_id, order=(AuditRow.audit_id.desc(),)
        ),
        previous=(await connection.execute(before)).mappings().one_or_none(),
        reviews=list((await connection.execute(reviews)).mappings()),
        view=(await connection.execute(view)).scalar_one_or_none(),
        entry=(await connection.execute(entry)).scalar_one_or_none(),
        deadlines=await _all(
            connection,
            DeadlineRow,
            DeadlineRow.case_id == case_id,
            DeadlineRow.done_at.is_(None),
            order=(DeadlineRow.due_at,),
        ),
        measures=await _all(
            connection,
            MeasureRow,
            MeasureRow.household_id == household_id,
            order=(MeasureRow.measure_id,),
        ),
        disputes=await _all(
            connection,
            DisputeRow,
            DisputeRow.household_id == household_id,
            order=(DisputeRow.at,),
        ),
        visits=await _all(
            connection,
            VisitRow,
            VisitRow.case_id == case_id,
            order=(VisitRow.visited_on.desc(),),
        ),
        not_judged_since=await not_judged_since(connection, household_id),
    )


def _listed(soon: ColumnElement[bool]) -> Select[Any]:
    """Cases as the list shows them: those of which a duty ends soon, then by the next duty."""
    now = aliased(ViewRow)
    return (
        select(
            *(c for c in CaseRow.__table__.columns if c.name != "latest"),
            _reason(now, "zh").label("reason_zh"),
            _reason(now, "en").label("reason_en"),
            _told_otherwise(now).label("told_otherwise"),
            CaseRow.latest["policy"]["illustrative"].as_boolean().label("is_illustrative"),
            _is_wavering().label("is_wavering"),
            soon.label("is_soon"),
            next_due().label("next_due_at"),
            next_kind().label("next_kind"),
        )
        .select_from(CaseRow)
        .outerjoin(now, now.household_id == CaseRow.household_id)
        .order_by(
            literal_column("is_soon").desc(),
            literal_column("next_due_at").nulls_last(),
            CaseRow.number,
        )
    )


def _is_open() -> ColumnElement[bool]:
    return CaseRow.stage.in_([stage.value for stage in OPEN])


def _is_shown(stage: Stage | None, find: Search) -> ColumnElement[bool]:
    """What is found, at every stage; else the cases of the stage; else those that are open."""
    if find.text:
        return _is_found(find)
    return _is_open() if stage is None else CaseRow.stage == stage.value


async def _by_stage(connection: AsyncConnection, where: ColumnElement[bool]) -> dict[str, int]:
    stages = await connection.execute(
        select(CaseRow.stage, func.count()).where(where).group_by(CaseRow.stage)
    )
    return {code: count for code, count in stages}  # noqa: C416 - dict() does not see that a row is a pair


async def _urgent(connection: AsyncConnection, where: ColumnElement[bool]) -> int:
    """How many open cases have a duty that ends soon."""
    counted = select(func.count()).select_from(CaseRow).where(where, _is_open())
    return (await connection.execute(counted)).scalar_one()


async def _found_without_case(
    connection: AsyncConnection, area: str, find: Search
) -> Paged[RowMapping]:
    if not find.text:
        return Paged([], 0)
    return await read_page(connection, _without_case(area, find), 1, PAGE)


def _is_found(find: Search) -> ColumnElement[bool]:
    """By a case's number, the beginning of a register number or of an area's code, or its name.

    Spaces as pages write them are left out.
    """
    text = "".join(find.text.split())
    is_number = (
        CaseRow.number == int(text)
        if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
        else false()
    )
    return or_(
        is_number,
        CaseRow.register_number.istartswith(text, autoescape=True),
        CaseRow.area.startswith(text, autoescape=True),
        *(CaseRow.area.startswith(code, autoescape=True) for code in find.areas),
    )


def _without_case(area: str, find: Search) -> Select[Any]:
    """Households risk shows that never had a case, by register number."""
    household = ViewRow.body["household"]
    place, register_number = household["area"].astext, household["register_number"].astext
    columns = (
        register_number.label("register_number"),
        place.label("area"),
        ViewRow.body["status"].astext.label("status"),
    )
    never = ~exists().where(CaseRow.household_id == ViewRow.household_id)
    is_found = or_(
        register_number.istartswith("".join(find.text.split()), autoescape=True),
        *(place.startswith(code, autoescape=True) for code in find.areas),
    )
    return (
        select(*columns)
        .where(place.startswith(area, autoescape=True), is_found, never)
        .order_by(register_number)
    )


def hours_left(due_at: datetime, now: datetime) -> int:
    """Whole hours until then; negative when overdue."""
    return int((due_at - now).total_seconds() // 3600)


def has_refused(cases: type[CaseRow]) -> ColumnElement[bool]:
    """Whether the household refused its authorisation.

    It is as people wrote it down or as risk last reported. Then nothing computed of the household
    is shown.
    """
    return or_(
        cases.consent.is_not_distinct_from(Consent.REFUSED),
        cases.latest["figures"]["is_withheld"].as_boolean().is_(True),
    )


async def _all(
    connection: AsyncConnection,
    table: type[R],
    *where: ColumnElement[bool],
    order: tuple[SQLColumnExpression[Any], ...],
) -> Sequence[R]:
    return await rows_of(connection, whole(table).where(*where).order_by(*order))


def _is_now(now: type[ViewRow]) -> ColumnElement[bool]:
    """Whether the case's page shows its view: see `rules/acts/moment.py`."""
    view = now.body
    return and_(
        CaseRow.stage.in_([s.value for s in OPEN]),
        view["episode"].as_integer() == CaseRow.episode,
        func.coalesce(view["number"].as_integer(), 0) >= CaseRow.latest["number"].as_integer(),
        view["reason"].is_not(None),
    )


def _reason(now: type[ViewRow], language: str) -> ColumnElement[str]:
    """The sentence of the moment the case's page shows."""
    shown, latest = now.body["reason"][language].astext, CaseRow.latest["reason"][language].astext
    return case((_is_now(now), shown), else_=latest)


def _told_otherwise(now: type[ViewRow]) -> ColumnElement[Any]:
    """The last transition, where its sentence is made here: see `rules/happened.py`."""
    movement, decided = CaseRow.latest["movement"].astext, CaseRow.latest["decided"].astext
    is_ours = or_(movement == Movement.RELAPSED, decided == Decision.REOPENED)
    return case((and_(is_ours, ~_is_now(now)), CaseRow.latest), else_=null())


def _reviews() -> Select[Any]:
    """Decisions in doubt, the one asked first on top, with the numbers of their cases.

    `is_withheld`: the household has refused since, as its newest case says; then nothing computed
    of it is shown.
    """
    newest = aliased(CaseRow)
    last_word = (
        select(has_refused(newest))
        .where(newest.household_id == CaseRow.household_id)
        .order_by(newest.stage.in_([s.value for s in OPEN]).desc(), newest.episode.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (
        CaseRow.number,
        CaseRow.register_number,
        last_word.label("is_withheld"),
        *ReviewRow.__table__.columns,
    )
    return (
        select(*columns)
        .join(CaseRow, CaseRow.case_id == ReviewRow.case_id)
        .order_by(ReviewRow.asked_on, CaseRow.number)
    )


async def _stale(connection: AsyncConnection, area: str) -> list[StaleHere]:
    """What the partitions of risk said, each feed once.

    Only of counties the person's area touches.
    """
    stale = {
        StaleHere(
            county, feed["agency"], feed["feed"], feed.get("last_heard", ""), feed["rhythm_days"]
        )
        for body in (await connection.execute(select(PartitionDay.stale))).scalars()
        for county, feeds in body.items()
        if county.startswith(area[:COUNTY_DIGITS])
        for feed in feeds
    }
    return sorted(stale)
