"""Stores what risk reports in the database, as the desk's memory.

Each batch is in one transaction with its audit rows. What people do is in `steps.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.cases import judgements
from foothold_alerts.cases.changes import Changes, Taken
from foothold_alerts.cases.relieving import ReliefOfBatch
from foothold_alerts.cases.settling import Settling
from foothold_alerts.jobs.deadlines import Deadlines
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.rules.case import Role
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.notices import Event, Note, place_of
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import (
    AuditRow,
    CaseRow,
    MeasureRow,
    PartitionDay,
    ReviewRow,
    TransitionRow,
)
from foothold_runtime.databases import rows_of, whole
from foothold_schemas.messages.transitions import DayDone, Judgement, Transition

EMPTY: Final[Mapping[str, str]] = {}
ENDED: Final = "案件已结束 the case ended"
_CHANGING: Final = (
    "stage",
    "is_urgent",
    "priority_group",
    "due_on",
    "close_reason",
    "is_recovering",
    "is_quiet",
    "version",
    "latest",
    "register_number",
    "area",
    "identified_on",
    "paused_on",
    "pause_reason",
    "urgent_at",
    "looked_at",
    "proposed_by",
    "proposed_what",
    "closed_on",
    "closed_at",
    "settle_from",
    "stood_still",
    "paused_by",
    "held_pause",
)

_INSERT_CASES: Final = upsert(CaseRow)
_PUT_CASES: Final = _INSERT_CASES.on_conflict_do_update(
    index_elements=["case_id"], set_={name: _INSERT_CASES.excluded[name] for name in _CHANGING}
).returning(CaseRow.case_id)
"""Asks for the ids so that many rows go in one statement."""


class Cases:
    """What becomes of transitions. Reading for pages is in `queries/inbox.py`."""

    def __init__(  # noqa: PLR0913, PLR0917 - wiring
        self,
        engine: AsyncEngine,
        workflows: Workflows,
        calendar: WorkDays,
        deadlines: Deadlines,
        notices: Notices,
        settling: Settling,
    ) -> None:
        self._engine = engine
        self._settling = settling
        self._notices = notices
        self._deadlines = deadlines
        self._workflows = workflows
        self._calendar = calendar

    async def take(
        self,
        outputs: Sequence[Transition | DayDone | Judgement],
        now: datetime,
        traces: Mapping[str, str] = EMPTY,
    ) -> list[Taken]:
        """One database transaction for a batch, in order.

        A transition already taken is skipped, so a repeat changes nothing.

        `traces`: the id of the trace a transition came in, by its own id.
        """
        transitions = [o for o in outputs if isinstance(o, Transition)]
        async with self._engine.begin() as connection:
            fresh = await self._keep_new(connection, transitions)
            taken = await self._respond(connection, fresh, now, traces) if fresh else []
            await self._keep_days(connection, [o for o in outputs if isinstance(o, DayDone)])
            await judgements.keep(connection, [o for o in outputs if isinstance(o, Judgement)])
        return taken

    async def _keep_new(
        self, connection: AsyncConnection, transitions: Sequence[Transition]
    ) -> list[Transition]:
        if not transitions:
            return []
        rows = [
            {
                "transition_id": t.transition_id,
                "household_id": t.household_id,
                "case_id": (
                    f"{t.household_id}-e{t.episode}"
                    if t.is_lead or t.is_episode_over or t.looks_back_to
                    else None
                ),
                "number": t.number,
                "body": t.model_dump(mode="json", exclude_none=True),
            }
            for t in transitions
        ]
        # The rows beside the statement, not in it: it is compiled once, however many there are.
        done = await connection.execute(
            upsert(TransitionRow).on_conflict_do_nothing().returning(TransitionRow.transition_id),
            rows,
        )
        fresh = set(done.scalars())
        return [
            t
            for t in {t.transition_id: t for t in transitions}.values()
            if t.transition_id in fresh
        ]

    async def _respond(
        self,
        connection: AsyncConnection,
        transitions: Sequence[Transition],
        now: datetime,
        traces: Mapping[str, str],
    ) -> list[Taken]:
        households = {t.household_id for t in transitions}
        of_cases = whole(CaseRow).where(CaseRow.household_id.in_(households))
        rows = await rows_of(connection, of_cases.with_for_update())
        relief = await ReliefOfBatch.load(connection, households)
        changes = Changes.of(rows, relief, now)
        for transition in transitions:
            trace = traces.get(transition.transition_id, "")
            changes.apply(transition, trace, self._workflows, self._calendar)
        await _write(connection, changes)
        await self._settling.moved(connection, transitions, now)
        await self._deadlines.follow(connection, changes.rows.keys(), now)
        await self._notify(connection, changes.news, now)
        return changes.taken

    async def _notify(
        self, connection: AsyncConnection, news: dict[str, Event], now: datetime
    ) -> None:
        if not news:
            return
        rows = await connection.execute(
            select(CaseRow.case_id, CaseRow.number, CaseRow.area).where(CaseRow.case_id.in_(news))
        )
        await self._notices.add(
            connection,
            [
                Note(row.number, place_of(row.area, Role.TOWNSHIP), news[row.case_id])
                for row in rows
            ],
            now,
        )

    async def _keep_days(self, connection: AsyncConnection, days: Sequence[DayDone]) -> None:
        for done in days:
            body = done.model_dump(mode="json", include={"registered", "stale"}, exclude_none=True)
            statement = upsert(PartitionDay).values(partition=done.partition, day=done.day, **body)
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["partition"],
                    set_={
                        "day": statement.excluded.day,
                        "registered": statement.excluded.registered,
                        "stale": statement.excluded.stale,
                    },
                    where=PartitionDay.day < statement.excluded.day,
                )
            )


async def _write(connection: AsyncConnection, changes: Changes) -> None:
    """The batch's cases, what is planned for them, relief, reviews and the audit."""
    if changes.rows:
        await connection.execute(_PUT_CASES, list(changes.rows.values()))
    await _drop_planned(connection, changes.ended)
    await changes.relief.write(connection)
    if changes.audit:
        await connection.execute(insert(AuditRow), changes.audit)
    await _plan_again(connection, changes.planned_again)
    if changes.reviews:
        await connection.execute(insert(ReviewRow), changes.reviews)
        doubted = update(CaseRow).where(
            CaseRow.case_id.in_([row["case_id"] for row in changes.reviews])
        )
        await connection.execute(doubted.values(version=CaseRow.version + 1))


async def _drop_planned(connection: AsyncConnection, ended: Sequence[str]) -> None:
    """What is planned and not delivered ends with its case."""
    if ended:
        planned = update(MeasureRow).where(
            MeasureRow.case_id.in_(ended),
            MeasureRow.delivered_on.is_(None),
            MeasureRow.dropped_because.is_(None),
        )
        await connection.execute(planned.values(dropped_because=ENDED))


async def _plan_again(connection: AsyncConnection, going_on: Sequence[str]) -> None:
    """What was planned and ended with a case that goes on."""
    if going_on:
        again = update(MeasureRow).where(
            MeasureRow.case_id.in_(going_on), MeasureRow.dropped_because == ENDED
        )
        await connection.execute(again.values(dropped_because=None))
