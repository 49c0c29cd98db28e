"""Keeps each case's deadlines.

They are set with the change they follow from, done with the change that meets them, and escalated
by a job of their own.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import BigInteger, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.jobs.aside import set_aside
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.jobs.queue import Jobs
from foothold_alerts.rules.acts.pause import settle_on
from foothold_alerts.rules.case import BEFORE_IDENTIFIED, OPEN, Role
from foothold_alerts.rules.days import WorkDays, began_for, due_at, end_of, is_provisional
from foothold_alerts.rules.deadlines import Deadline, DeadlineKind, Helped, Standing, deadlines_of
from foothold_alerts.rules.notices import Event, Note, place_of, remind_at
from foothold_alerts.rules.workflow import Limit, Unit, Workflows
from foothold_alerts.tables.cases import AuditRow, CaseRow, DeadlineRow, MeasureRow, ReliefRow
from foothold_alerts.tables.rows import SYSTEM, audit_row, case_of, relief_of
from foothold_runtime.databases import row_of, rows_of, whole
from foothold_schemas.facts.decisions import MeasureKind
from foothold_schemas.findings import FindingKind

TASK: Final = "deadline_passed"
NEAR: Final = "deadline_near"
AT_ONCE: Final = 500

log = structlog.get_logger()


class Deadlines:
    """Every method works in the caller's transaction, but for the job."""

    def __init__(
        self,
        engine: AsyncEngine,
        jobs: Jobs,
        workflows: Workflows,
        calendar: WorkDays,
        notices: Notices,
    ) -> None:
        self._engine = engine
        self._notices = notices
        self._jobs = jobs
        self._workflows = workflows
        self._calendar = calendar
        jobs.task(TASK, self.passed)
        jobs.task(NEAR, self.near)

    async def follow(
        self, connection: AsyncConnection, case_ids: Collection[str], now: datetime
    ) -> None:
        """Bring the deadlines of these cases to where the cases stand now."""
        if not case_ids:
            return
        standings = await self._standings(connection, case_ids)
        unmet = await _unmet(connection, case_ids)
        done: list[int] = []
        new: list[dict[str, object]] = []
        for case_id, standing in standings.items():
            workflow = self._workflows.of(standing.case.workflow)
            still = {
                (d.kind.value, d.subject): d
                for d in deadlines_of(standing, workflow, self._calendar)
            }
            ended, begun = _difference(unmet[case_id], still)
            done += ended
            new += [_row(case_id, deadline) for deadline in begun]
        if done:
            await connection.execute(
                update(DeadlineRow).where(DeadlineRow.deadline_id.in_(done)).values(done_at=now)
            )
        if new:
            await self._begin(connection, new, standings, now)

    async def _begin(
        self,
        connection: AsyncConnection,
        new: list[dict[str, object]],
        standings: Mapping[str, Standing],
        now: datetime,
    ) -> None:
        """Set these deadlines, each with its job and its reminder."""
        waiting = ["case_id", "kind", "subject"]  # another worker may have set it just now
        kept = upsert(DeadlineRow).on_conflict_do_nothing(
            index_elements=waiting, index_where=DeadlineRow.done_at.is_(None)
        )
        columns = (
            DeadlineRow.deadline_id,
            DeadlineRow.case_id,
            DeadlineRow.kind,
            DeadlineRow.due_at,
        )
        inserted = (await connection.execute(kept.returning(*columns), new)).all()
        await self._jobs.defer_many(
            connection, TASK, [(row.due_at, {"deadline_id": row.deadline_id}) for row in inserted]
        )
        near = [
            (
                row.deadline_id,
                self._near(standings[row.case_id].case.workflow, row.kind, row.due_at),
            )
            for row in inserted
        ]
        await self._jobs.defer_many(
            connection,
            NEAR,
            [
                (at, {"deadline_id": deadline_id})
                for deadline_id, at in near
                if at is not None and at > now
            ],
        )

    async def passed(self, deadline_id: int) -> None:
        """Notify the next level once the deadline has come and nothing is done.

        This is the job: it goes on until somebody acknowledges or the duty is done.

        The case keeps its version: whoever is at work on it just now need not begin again because
        time has passed.
        """
        async with self._engine.begin() as connection:
            now: datetime = (await connection.execute(select(func.now()))).scalar_one()
            query = (
                whole(DeadlineRow).where(DeadlineRow.deadline_id == deadline_id).with_for_update()
            )
            row = await row_of(connection, query)
            if row is None or row.done_at is not None or row.acknowledged_by is not None:
                return
            case = select(CaseRow.number, CaseRow.workflow, CaseRow.area).where(
                CaseRow.case_id == row.case_id
            )
            number, workflow, area = (await connection.execute(case)).one()
            ladder = self._workflows.of(workflow).escalation
            level = row.level
            if level >= len(ladder):
                return
            at = row.due_at + timedelta(hours=ladder[level].after_hours)
            if now < at:
                await self._jobs.defer(connection, TASK, at=at, deadline_id=deadline_id)
                return
            values = {"level": level + 1, "passed_at": row.passed_at or now}
            await connection.execute(
                update(DeadlineRow).where(DeadlineRow.deadline_id == deadline_id).values(**values)
            )
            detail = {
                "deadline": row.kind,
                "subject": row.subject,
                "to": ladder[level].to.value,
            }
            await connection.execute(
                insert(AuditRow), [audit_row(now, SYSTEM, "overdue", row.case_id, **detail)]
            )
            await self._notices.add(
                connection,
                [Note(number, place_of(area, ladder[level].to), Event.OVERDUE)],
                now,
            )
            if level + 1 < len(ladder):
                later = row.due_at + timedelta(hours=ladder[level + 1].after_hours)
                await self._jobs.defer(connection, TASK, at=later, deadline_id=deadline_id)
        log.info(
            "alerts.overdue",
            case_number=number,
            deadline=row.kind,
            to=ladder[level].to.value,
        )

    def _near(self, workflow: int, kind: str, due: datetime) -> datetime | None:
        """When somebody is reminded of it; None: never."""
        hours = self._workflows.of(workflow).reminders.get(kind)
        return None if hours is None else remind_at(due, hours, self._calendar)

    async def near(self, deadline_id: int) -> None:
        """Remind the township once of a deadline that is near.

        This is the job: it does not remind where the duty is done, stands still, or has passed
        already.
        """
        async with self._engine.begin() as connection:
            now: datetime = (await connection.execute(select(func.now()))).scalar_one()
            query = (
                whole(DeadlineRow).where(DeadlineRow.deadline_id == deadline_id).with_for_update()
            )
            row = await row_of(connection, query)
            if row is None or any(
                mark is not None
                for mark in (row.done_at, row.reminded_at, row.passed_at, row.acknowledged_by)
            ):
                return
            case = select(CaseRow.number, CaseRow.workflow, CaseRow.area).where(
                CaseRow.case_id == row.case_id
            )
            number, workflow, area = (await connection.execute(case)).one()
            at = self._near(workflow, row.kind, row.due_at)
            if at is None or row.due_at <= now:
                return
            if now < at:  # counted anew since, by a calendar that has come
                await self._jobs.defer(connection, NEAR, at=at, deadline_id=deadline_id)
                return
            await connection.execute(
                update(DeadlineRow)
                .where(DeadlineRow.deadline_id == deadline_id)
                .values(reminded_at=now)
            )
            await connection.execute(
                insert(AuditRow),
                [
                    audit_row(
                        now,
                        SYSTEM,
                        "reminded",
                        row.case_id,
                        deadline=row.kind,
                        subject=row.subject,
                    )
                ],
            )
            await self._notices.add(
                connection,
                [Note(number, place_of(area, Role.TOWNSHIP), Event.NEAR)],
                now,
            )
        log.info("alerts.near", case_number=number, deadline=row.kind)

    async def forgotten(self, before: datetime) -> Sequence[int]:
        """Deadlines that passed before then and nobody has been told of: their job is gone.

        One whose job was set aside waits for somebody.
        """
        untold = select(DeadlineRow.deadline_id).where(
            DeadlineRow.done_at.is_(None),
            DeadlineRow.passed_at.is_(None),
            DeadlineRow.due_at < before,
        )
        untold = untold.where(
            DeadlineRow.deadline_id.not_in(set_aside(TASK, "deadline_id", BigInteger))
        )
        async with self._engine.connect() as connection:
            return (
                (await connection.execute(untold.order_by(DeadlineRow.due_at).limit(AT_ONCE)))
                .scalars()
                .all()
            )

    async def recount(self, now: datetime) -> int:
        """Give cases that never had a deadline theirs when alerts starts.

        Deadlines whose year's calendar has come are counted anew. Return how many.
        """
        async with self._engine.connect() as connection:
            has_some = exists().where(DeadlineRow.case_id == CaseRow.case_id)
            waits = CaseRow.urgent_at.is_not(None) & CaseRow.looked_at.is_(None)
            has_look = exists().where(
                DeadlineRow.case_id == CaseRow.case_id,
                DeadlineRow.kind == DeadlineKind.LOOK,
                DeadlineRow.done_at.is_(None),
            )
            asked = select(CaseRow.case_id).where(
                CaseRow.stage.in_([s.value for s in OPEN]), ~has_some | (waits & ~has_look)
            )
            bare = (await connection.execute(asked)).scalars().all()
        for begin in range(0, len(bare), AT_ONCE):  # in slices: a statement takes 65,535 values
            async with self._engine.begin() as connection:
                await self.follow(connection, bare[begin : begin + AT_ONCE], now)
        changed = await self._settle_anew(now)
        async with self._engine.begin() as connection:
            counted = (
                DeadlineRow.is_provisional,
                DeadlineRow.done_at.is_(None),
            )
            query = whole(DeadlineRow).where(*counted).with_for_update()
            for row in await rows_of(connection, query):
                if row.limit_count is None or row.limit_unit is None:
                    continue
                limit = Limit(row.limit_count, Unit(row.limit_unit))
                due = due_at(end_of(row.began_on), row.began_on, limit, self._calendar)
                values = {
                    "due_at": due,
                    "is_provisional": is_provisional(row.began_on, limit, self._calendar),
                }
                await connection.execute(
                    update(DeadlineRow)
                    .where(DeadlineRow.deadline_id == row.deadline_id)
                    .values(**values)
                )
                if due != row.due_at:
                    changed += 1
                    await self._jobs.defer(connection, TASK, at=due, deadline_id=row.deadline_id)
                    # it looks when, and waits until then
                    await self._jobs.defer(connection, NEAR, deadline_id=row.deadline_id)
        return changed

    async def _settle_anew(self, now: datetime) -> int:
        """Count the time to settle anew where a calendar was missing; return how many moved.

        A case from before learns from when it is counted.
        """
        provisional = select(DeadlineRow.case_id).where(
            DeadlineRow.kind == DeadlineKind.SETTLE,
            DeadlineRow.is_provisional,
            DeadlineRow.done_at.is_(None),
            DeadlineRow.limit_count.is_(None),
        )
        is_before = CaseRow.stage.in_([s.value for s in BEFORE_IDENTIFIED])
        asked = (
            select(CaseRow.case_id)
            .where(is_before, CaseRow.settle_from.is_(None) | CaseRow.case_id.in_(provisional))
            .order_by(CaseRow.case_id)
        )
        async with self._engine.connect() as connection:
            case_ids = (await connection.execute(asked)).scalars().all()
        changed = 0
        for begin in range(0, len(case_ids), AT_ONCE):
            some = case_ids[begin : begin + AT_ONCE]
            async with self._engine.begin() as connection:
                locked = (
                    whole(CaseRow)
                    .where(CaseRow.case_id.in_(some))
                    .order_by(CaseRow.case_id)
                    .with_for_update()
                )
                for row in await rows_of(connection, locked):
                    case, workflow = case_of(row), self._workflows.of(row.workflow)
                    values: dict[str, object] = {
                        "settle_from": began_for(
                            case.due_on, workflow.limits.settle, self._calendar
                        )
                    }
                    if case.settle_from is not None:
                        values = {"due_on": settle_on(case, workflow, self._calendar)}
                        changed += values["due_on"] != case.due_on
                    await connection.execute(
                        update(CaseRow).where(CaseRow.case_id == row.case_id).values(**values)
                    )
                await self.follow(connection, some, now)
        return changed

    async def _standings(
        self, connection: AsyncConnection, case_ids: Collection[str]
    ) -> dict[str, Standing]:
        cases = {
            row.case_id: row
            for row in await rows_of(
                connection, whole(CaseRow).where(CaseRow.case_id.in_(case_ids))
            )
        }
        relief: defaultdict[str, list[ReliefRow]] = defaultdict(list)
        paid = whole(ReliefRow).where(ReliefRow.case_id.in_(case_ids))
        for given in await rows_of(connection, paid):
            relief[given.case_id].append(given)
        helped: defaultdict[str, list[Helped]] = defaultdict(list)
        delivered = whole(MeasureRow).where(
            MeasureRow.case_id.in_(case_ids), MeasureRow.delivered_on.is_not(None)
        )
        for measure in await rows_of(connection, delivered):
            helped[measure.case_id].append(
                Helped(MeasureKind(measure.kind), frozenset(map(FindingKind, measure.against)))
            )
        return {
            case_id: Standing(
                case_of(row),
                [FindingKind(f["rule"]) for f in row.latest.get("findings", ()) if f["is_risk"]],
                {r.relief_id: (relief_of(r), r.due_at) for r in relief[case_id]},
                helped[case_id],
            )
            for case_id, row in cases.items()
        }


async def _unmet(
    connection: AsyncConnection, case_ids: Collection[str]
) -> defaultdict[str, dict[tuple[str, str], DeadlineRow]]:
    """Case -> kind and subject -> the deadline that runs."""
    query = whole(DeadlineRow).where(
        DeadlineRow.case_id.in_(case_ids), DeadlineRow.done_at.is_(None)
    )
    unmet: defaultdict[str, dict[tuple[str, str], DeadlineRow]] = defaultdict(dict)
    for row in await rows_of(connection, query):
        unmet[row.case_id][row.kind, row.subject] = row
    return unmet


def _difference(
    unmet: Mapping[tuple[str, str], DeadlineRow], still: Mapping[tuple[str, str], Deadline]
) -> tuple[list[int], list[Deadline]]:
    """The rows that are done, and the deadlines to set; one that moved is both."""
    moved = {
        key
        for key, deadline in still.items()
        if key in unmet and deadline.limit is None and _is_other(deadline, unmet[key])
    }
    done = [row.deadline_id for key, row in unmet.items() if key not in still or key in moved]
    new = [deadline for key, deadline in still.items() if key not in unmet or key in moved]
    return done, new


def _is_other(deadline: Deadline, row: DeadlineRow) -> bool:
    return (deadline.due_at, deadline.is_provisional) != (row.due_at, row.is_provisional)


def _row(case_id: str, deadline: Deadline) -> dict[str, object]:
    return {
        "case_id": case_id,
        "kind": deadline.kind.value,
        "subject": deadline.subject,
        "began_on": deadline.began_on,
        "due_at": deadline.due_at,
        "limit_count": None if deadline.limit is None else deadline.limit.count,
        "limit_unit": None if deadline.limit is None else deadline.limit.unit.value,
        "is_provisional": deadline.is_provisional,
    }
