"""Stores what risk reports in the database, as the desk's memory.

Each batch is in one transaction with its audit rows. What people do is in `work.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.cases import judgements
from foothold_alerts.cases.relieving import ReliefOfBatch
from foothold_alerts.cases.settling import Settling
from foothold_alerts.jobs.deadlines import Deadlines
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.rules.case import OPEN, Case, Role
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.notices import Event, Note, place_of
from foothold_alerts.rules.respond import NOT_CARRIED_OUT, RESTORED, REVIEW, Response, respond
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import (
    AuditRow,
    CaseRow,
    MeasureRow,
    PartitionDay,
    ReviewRow,
    TransitionRow,
)
from foothold_alerts.tables.rows import SYSTEM, area_of, audit_row, case_of, case_row, review_row
from foothold_schemas.facts.decisions import Decision
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


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one transition."""

    transition: Transition
    action: str
    case_id: str
    trace_id: str


class Cases:
    """What becomes of transitions. Reading for pages is in `inbox.py`."""

    def __init__(
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
        rows = await connection.execute(
            select(*CaseRow.__table__.columns)
            .where(CaseRow.household_id.in_(households))
            .with_for_update()
        )
        cases = {
            row["case_id"]: (case_of(row), row["version"], row["latest"]["number"], row["area"])
            for row in rows.mappings()
        }
        relief = await ReliefOfBatch.load(connection, households)
        changed: dict[str, dict[str, object]] = {}
        going_on: set[str] = set()
        audit: list[dict[str, object]] = []
        reviews: list[dict[str, object]] = []
        news: dict[str, Event] = {}
        taken = []
        for transition in transitions:
            case_id, trace = (
                f"{transition.household_id}-e{transition.episode}",
                traces.get(transition.transition_id, ""),
            )
            case, version, seen, area = cases.get(case_id, (None, 0, 0, None))
            # retried from quarantine: kept in the history, but the case has gone on since
            if transition.number < seen:
                taken.append(Taken(transition, "late", case_id, trace))
                continue
            workflow = self._workflows.newest if case is None else self._workflows.of(case.workflow)
            response = respond(
                case,
                transition,
                relief.relieved(transition.household_id, case_id),
                workflow,
                self._calendar,
            )
            taken.append(Taken(transition, response.action, case_id, trace))
            if response.case is None:
                continue
            if response.action == REVIEW:
                reviews.append(review_row(case_id, transition))
                continue
            if (event := _news(case, response, transition)) is not None:
                news[case_id] = event
            relief.follow(response, transition)
            if response.goes_on and response.action in (RESTORED, "reopened"):
                going_on.add(case_id)
            cases[case_id] = (
                response.case,
                version + 1,
                transition.number,
                area_of(transition, area),
            )
            changed[case_id] = case_row(response.case, version + 1, transition, area)
            detail = {
                "transition_id": transition.transition_id,
                "movement": transition.movement.value,
                "trace_id": trace,
            }
            audit.append(audit_row(now, SYSTEM, response.action, case_id, **detail))
        await self._write(connection, changed, relief, audit)
        await self._plan_again(
            connection, [case_id for case_id in going_on if cases[case_id][0].stage in OPEN]
        )
        await self._settling.moved(connection, transitions, now)
        await self._deadlines.follow(connection, changed.keys(), now)
        await self._tell(connection, news, now)
        if reviews:
            await connection.execute(insert(ReviewRow), reviews)
            doubted = update(CaseRow).where(CaseRow.case_id.in_([r["case_id"] for r in reviews]))
            await connection.execute(doubted.values(version=CaseRow.version + 1))
        return taken

    async def _plan_again(self, connection: AsyncConnection, going_on: Sequence[str]) -> None:
        """What was planned and ended with a case that goes on."""
        if going_on:
            again = update(MeasureRow).where(
                MeasureRow.case_id.in_(going_on), MeasureRow.dropped_because == ENDED
            )
            await connection.execute(again.values(dropped_because=None))

    async def _write(
        self,
        connection: AsyncConnection,
        changed: dict[str, dict[str, object]],
        relief: ReliefOfBatch,
        audit: list[dict[str, object]],
    ) -> None:
        if changed:
            await connection.execute(_PUT_CASES, list(changed.values()))
        if ended := [case_id for case_id, row in changed.items() if row["stage"] not in OPEN]:
            planned = update(MeasureRow).where(
                MeasureRow.case_id.in_(ended),
                MeasureRow.delivered_on.is_(None),
                MeasureRow.dropped_because.is_(None),
            )
            await connection.execute(planned.values(dropped_because=ENDED))
        await relief.write(connection)
        if audit:
            await connection.execute(insert(AuditRow), audit)

    async def _tell(
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


_ACTED: Final = {
    RESTORED: Event.RESTORED,
    NOT_CARRIED_OUT: Event.NOT_CARRIED_OUT,
    "reopened": Event.REOPENED,
}
"""What became of a case, where nobody decided it just now."""
_DECIDED: Final = {
    Decision.REOPENED: Event.TAKEN_BACK,
    Decision.ROLLED_BACK: Event.ROLLED_BACK,
}


def _news(before: Case | None, response: Response, transition: Transition) -> Event | None:
    """What people should be told of: a case opened, one that has turned urgent, or news of one.

    A quiet go-live tells nobody, nor does what wavers.
    """
    if transition.is_quiet or response.case is None or transition.is_told is False:
        return None
    if response.case.is_urgent and not (
        before is not None and before.is_urgent and response.action == "updated"
    ):
        return Event.URGENT_IDENTIFIED if transition.is_identified else Event.URGENT
    decided = None if transition.decided is None else _DECIDED.get(transition.decided)
    if decided is not None:
        return decided
    if response.action == "opened":
        return Event.NEWS if transition.is_identified else Event.OPENED
    if response.action in _ACTED:
        return _ACTED[response.action]
    return Event.NEWS if transition.is_told else None
