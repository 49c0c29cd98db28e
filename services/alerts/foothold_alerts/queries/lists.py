"""The work lists: what is owed, overdue, missing or left out, inside the person's area.

Queries only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    any_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.judgements import JudgementRow
from foothold_alerts.cases.locked import business_day
from foothold_alerts.jobs.clocks import is_soon, next_due
from foothold_alerts.queries.inbox import has_refused
from foothold_alerts.rules.case import (
    BEFORE_IDENTIFIED,
    OPEN,
    SINCE_IDENTIFIED,
    ReliefKind,
    ReliefStatus,
    Stage,
)
from foothold_alerts.rules.deadlines import DeadlineKind
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.accounts import AccountRow
from foothold_alerts.tables.cases import (
    CaseRow,
    DeadlineRow,
    MeasureRow,
    ReliefRow,
    ViewRow,
    VisitRow,
)
from foothold_alerts.tables.paging import SHOWN
from foothold_schemas.messages.transitions import Status

TOWNSHIP_DIGITS: Final = 9
_MEASURE_KINDS: Final = (DeadlineKind.MEASURE, DeadlineKind.FIRST_MEASURE)


class WorkList(StrEnum):
    """Each a question a county asks every week."""

    OVERDUE = "overdue"
    PAPERS_OWED = "papers_owed"
    TO_SETTLE = "to_settle"
    MEASURES_MISSING = "measures_missing"
    BY_DEPARTMENT = "by_department"
    VISITS_DUE = "visits_due"
    NOBODYS = "nobodys"
    LEFT_OUT = "left_out"
    OUTSIDE_THE_SYSTEM = "outside_the_system"
    WATCH = "watch"
    LIVES_HERE = "lives_here"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    `number` None: there is no case. `what`: a code with words; `note`: an account or a count.

    `lives_in`: the household lives in this part of the person's area and another area is
    responsible. Then `register_number` is empty: who it is stays there, as does the case.
    """

    number: int | None
    register_number: str
    area: str
    what: str
    due_on: datetime | date | None
    note: str
    lives_in: str = ""


@dataclass(frozen=True, slots=True)
class ListPage:
    """SHOWN lines at most, and how many lines the whole list has."""

    entries: list[Entry]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // SHOWN))


class Lists:
    """Reads what the lists show."""

    def __init__(self, engine: AsyncEngine, workflows: Workflows) -> None:
        self._engine = engine
        self._workflows = workflows

    async def entries(self, name: WorkList, area: str, now: datetime) -> list[Entry]:
        """The list's first page, the most pressing first."""
        return (await self.page(name, area, now, 1)).entries

    async def page(self, name: WorkList, area: str, now: datetime, page: int) -> ListPage:
        """A page of the list, the most pressing first on the first, and how many there are."""
        async with self._engine.connect() as connection:
            today = await business_day(connection, now)
            query = (
                QUESTIONS[name](now, today, self._workflows)
                .where(*_inside(name, area))
                .order_by(*_LAST.get(name, (CaseRow.number,)))
            )
            total = (
                await connection.execute(
                    select(func.count()).select_from(query.order_by(None).subquery())
                )
            ).scalar_one()
            # a list that has become shorter shows its last page
            page = min(page, ListPage([], total, page).pages)
            rows = await connection.execute(query.limit(SHOWN).offset((page - 1) * SHOWN))
            entries = [Entry(*row) for row in rows]
        return ListPage(entries, total, page)


def _inside(name: WorkList, area: str) -> tuple[ColumnElement[bool], ...]:
    """Cases of the area.

    Of households that only live there, those of other areas, so that nobody stands on both lists.
    """
    responsible = CaseRow.area.startswith(area, autoescape=True)
    match name:
        case WorkList.WATCH:
            return (ViewRow.body["household"]["area"].astext.startswith(area, autoescape=True),)
        case WorkList.LIVES_HERE:
            return _residence().startswith(area, autoescape=True), ~responsible
        case WorkList.NOT_JUDGED:
            return (JudgementRow.area.startswith(area, autoescape=True),)
        case _:
            return (responsible,)


def _residence() -> ColumnElement[str]:
    """As risk shows it now; of a household risk shows no more, as its case heard last."""
    return case(
        (ViewRow.body.is_not(None), ViewRow.body["household"]["residence"].astext),
        else_=CaseRow.latest["household"]["residence"].astext,
    )


def _columns(what: Any, due: Any, note: Any = None) -> tuple[Any, ...]:  # noqa: ANN401 - SQL expressions
    return (
        CaseRow.number,
        CaseRow.register_number,
        CaseRow.area,
        what,
        due,
        literal("") if note is None else note,
    )


def _overdue(now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    query = select(
        *_columns(
            DeadlineRow.kind, DeadlineRow.due_at, func.coalesce(DeadlineRow.acknowledged_by, "")
        )
    )
    return (
        query.join(DeadlineRow)
        .where(DeadlineRow.done_at.is_(None), DeadlineRow.due_at < now)
        .order_by(DeadlineRow.due_at)
    )


def _papers(_now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    query = select(
        *_columns(ReliefRow.cause, ReliefRow.papers_due_on, func.coalesce(ReliefRow.paid_by, ""))
    ).join(ReliefRow)
    owed = query.where(
        ReliefRow.kind == ReliefKind.EMERGENCY, ReliefRow.status == ReliefStatus.PAID
    )
    return owed.order_by(ReliefRow.papers_due_on)


def _to_settle(_now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    """Paid beyond what is allowed, and neither come back nor waived.

    Whatever became of the case.
    """
    still_open = ReliefRow.to_settle_fen - ReliefRow.came_back_fen - ReliefRow.waived_fen
    amount = func.to_char(still_open / literal(100.0), "FM999999999990.00")
    listed = select(*_columns(ReliefRow.cause, ReliefRow.paid_on, amount)).join(
        ReliefRow, ReliefRow.case_id == CaseRow.case_id
    )
    return listed.where(still_open > 0).order_by(ReliefRow.paid_on, ReliefRow.relief_id)


def _measures(_now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    query = select(
        *_columns(
            func.coalesce(func.nullif(DeadlineRow.subject, ""), DeadlineRow.kind),
            DeadlineRow.due_at,
        )
    ).join(DeadlineRow)
    return query.where(
        DeadlineRow.done_at.is_(None), DeadlineRow.kind.in_(_MEASURE_KINDS)
    ).order_by(DeadlineRow.due_at)


def _departments(_now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    """What was referred to a department and has not come, each department's together.

    Due by the risk that waits longest.
    """
    is_for = or_(DeadlineRow.subject == "", DeadlineRow.subject == any_(MeasureRow.against))
    waiting = (
        DeadlineRow.case_id == MeasureRow.case_id,
        DeadlineRow.done_at.is_(None),
        DeadlineRow.kind.in_(_MEASURE_KINDS),
        is_for,
    )
    due = select(func.min(DeadlineRow.due_at)).where(*waiting).scalar_subquery()
    listed = select(*_columns(MeasureRow.kind, due, MeasureRow.department)).join(MeasureRow)
    planned = listed.where(MeasureRow.delivered_on.is_(None), MeasureRow.dropped_because.is_(None))
    return planned.order_by(MeasureRow.department, due.nulls_last(), MeasureRow.measure_id)


def _visits(_now: datetime, today: date, workflows: Workflows) -> Select[Any]:
    """Fewer than so many in the running month."""
    visits_due = workflows.newest.limits.visits_a_month
    visits_done = (
        select(func.count())
        .where(VisitRow.case_id == CaseRow.case_id, VisitRow.visited_on >= today.replace(day=1))
        .scalar_subquery()
    )
    listed = select(*_columns(literal("visits"), null(), visits_done.concat(f"/{visits_due}")))
    return listed.where(
        CaseRow.stage.in_([s.value for s in SINCE_IDENTIFIED]), visits_done < visits_due
    ).order_by(visits_done, CaseRow.number)


def _nobodys(_now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    """Select cases taken further than a lead that nobody has in hand.

    They were never taken, were let go of, or belong to an account that is no longer there.
    """
    gone = exists().where(
        AccountRow.name == CaseRow.assigned_to,
        or_(AccountRow.disabled_at.is_not(None), ~func.starts_with(CaseRow.area, AccountRow.area)),
    )
    listed = select(*_columns(CaseRow.stage, next_due()))
    under_way = [s.value for s in OPEN if s is not Stage.LEAD]
    return listed.where(
        CaseRow.stage.in_(under_way), or_(CaseRow.assigned_to.is_(None), gone)
    ).order_by(next_due().nulls_last(), CaseRow.number)


def _left_out(_now: datetime, today: date, _workflows: Workflows) -> Select[Any]:
    """Select cases with a group by their figures that were left out.

    People have not decided in time, or the case does not stand any more.
    """
    late = CaseRow.stage.in_([s.value for s in BEFORE_IDENTIFIED]) & (CaseRow.due_on < today)
    listed = select(*_columns(CaseRow.priority_group, CaseRow.due_on, CaseRow.stage))
    return listed.where(
        CaseRow.priority_group.is_not(None), or_(late, CaseRow.stage == Stage.DISMISSED)
    ).order_by(CaseRow.due_on)


def _outside(_now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    """Helped, and never identified: the help went past the system."""
    helped = exists().where(
        ReliefRow.case_id == CaseRow.case_id,
        ReliefRow.status.in_([ReliefStatus.PAID, ReliefStatus.SETTLED]),
    )
    over = [s.value for s in Stage if s not in OPEN]
    listed = select(*_columns(CaseRow.stage, null(), func.coalesce(CaseRow.close_reason, "")))
    return listed.where(helped, CaseRow.identified_on.is_(None), CaseRow.stage.in_(over)).order_by(
        CaseRow.number.desc()
    )


def _watch(_now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    """Watched without a case: income alone, or foretold."""
    view = ViewRow.body
    open_case = exists().where(
        CaseRow.household_id == ViewRow.household_id, CaseRow.stage.in_([s.value for s in OPEN])
    )
    listed = select(
        null(),
        view["household"]["register_number"].astext,
        view["household"]["area"].astext,
        literal("watch"),
        cast(view["as_of"].astext, Date),
        literal(""),
    )
    return listed.where(view["status"].astext == Status.WATCH, ~open_case).order_by(
        view["household"]["area"].astext
    )


def _lives_here(_now: datetime, _today: date, workflows: Workflows) -> Select[Any]:
    """Select households that live here while another area is responsible.

    The list shows that a household is cared for, by whom and how far, and nothing of the household.
    Who refused is shown nowhere else.
    """
    columns = (
        CaseRow.number,
        literal(""),
        func.left(CaseRow.area, TOWNSHIP_DIGITS),
        CaseRow.stage,
        null(),
        func.coalesce(CaseRow.priority_group, ""),
    )
    listed = select(*columns, _residence()).outerjoin(
        ViewRow, ViewRow.household_id == CaseRow.household_id
    )
    return listed.where(CaseRow.stage.in_([s.value for s in OPEN]), ~has_refused(CaseRow)).order_by(
        is_soon(workflows).desc(), next_due().nulls_last(), CaseRow.number
    )


def _not_judged(_now: datetime, _today: date, _workflows: Workflows) -> Select[Any]:
    """The program failed at them: what is shown of them is as old as the day beside it.

    With their newest case, where they have one.
    """
    newest = (
        select(func.max(CaseRow.number))
        .where(CaseRow.household_id == JudgementRow.household_id)
        .scalar_subquery()
    )
    listed = select(
        newest,
        JudgementRow.register_number,
        JudgementRow.area,
        literal("not_judged"),
        JudgementRow.since,
        literal(""),
    )
    return listed.where(~JudgementRow.is_judged).order_by(
        JudgementRow.since, JudgementRow.household_id
    )


QUESTIONS: Final[dict[WorkList, Callable[[datetime, date, Workflows], Select[Any]]]] = {
    WorkList.OVERDUE: _overdue,
    WorkList.PAPERS_OWED: _papers,
    WorkList.TO_SETTLE: _to_settle,
    WorkList.MEASURES_MISSING: _measures,
    WorkList.BY_DEPARTMENT: _departments,
    WorkList.VISITS_DUE: _visits,
    WorkList.NOBODYS: _nobodys,
    WorkList.LEFT_OUT: _left_out,
    WorkList.OUTSIDE_THE_SYSTEM: _outside,
    WorkList.WATCH: _watch,
    WorkList.LIVES_HERE: _lives_here,
    WorkList.NOT_JUDGED: _not_judged,
}
_LAST: Final[dict[WorkList, tuple[Any, ...]]] = {
    WorkList.WATCH: (ViewRow.household_id,),
    WorkList.NOT_JUDGED: (),
    WorkList.BY_DEPARTMENT: (),
}
"""What decides between lines that are equally pressing, so that no line stands on two pages or on
none; elsewhere the case's number."""
