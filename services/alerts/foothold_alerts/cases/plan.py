"""The plan of a household: measures of several departments against its risks, and the visits.

What was delivered, risk hears of.
"""

from datetime import date, datetime

from sqlalchemy import Update, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import CaseLock, Handling, NotAllowed, Stale, business_day
from foothold_alerts.cases.settling import stands_of
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.rules.acts.plan import PlanNo, not_on, not_visited, suits
from foothold_alerts.rules.case import SINCE_IDENTIFIED, Stage
from foothold_alerts.rules.days import SHANGHAI
from foothold_alerts.tables.cases import CaseRow, MeasureRow, VisitRow
from foothold_schemas.facts.decisions import MeasureDelivered, MeasureKind
from foothold_schemas.findings import FindingKind


class Plan:
    """Each act in one transaction with its audit row; raise Stale, NotAllowed or LookupError."""

    def __init__(self, engine: AsyncEngine, hold: CaseLock, outbox: Outbox) -> None:
        self._engine = engine
        self._hold = hold
        self._outbox = outbox

    async def intend(
        self,
        handling: Handling,
        measure: MeasureKind,
        against: frozenset[FindingKind],
        department: str,
    ) -> None:
        """Plan a measure of a department against risks of the household."""
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            risks = {
                FindingKind(f["rule"])
                for f in (await stands_of(connection, row)).get("findings", ())
                if f["is_risk"]
            }
            if Stage(row.stage) not in SINCE_IDENTIFIED:
                raise Stale
            if (no := suits(measure, against, risks, department)) is not None:
                raise NotAllowed(no)
            today = await business_day(connection, handling.now)
            planned = {
                "case_id": row.case_id,
                "household_id": row.household_id,
                "kind": measure.value,
                "against": sorted(f.value for f in against),
                "department": department,
                "planned_on": today,
                "planned_by": handling.who.name,
            }
            await connection.execute(insert(MeasureRow), [planned])
            await self._hold.change(connection, row, {}, handling.now)
            await self._hold.note(
                connection, handling, "measure_planned", row, measure=measure.value, note=department
            )

    async def deliver(self, handling: Handling, measure_id: int, on: date) -> None:
        """It reached the household, on a day up to the business day."""
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            if (no := not_on(on, await business_day(connection, handling.now))) is not None:
                raise NotAllowed(no)
            done = _planned(measure_id, row.case_id).values(
                delivered_on=on, delivered_by=handling.who.name
            )
            measure = (
                await connection.execute(done.returning(MeasureRow.kind, MeasureRow.against))
            ).one_or_none()
            if measure is None:
                raise Stale
            fact = MeasureDelivered(
                measure=MeasureKind(measure.kind),
                against=tuple(map(FindingKind, measure.against)),
                delivered_on=on,
            )
            await self._outbox.say(
                connection, row.household_id, fact, by=handling.who.name, at=handling.now
            )
            await self._hold.change(connection, row, {}, handling.now)
            await self._hold.note(
                connection, handling, "measure_delivered", row, measure=measure.kind
            )

    async def drop(self, handling: Handling, measure_id: int, *, note: str) -> None:
        """It will not come, and why."""
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            if not note:
                raise NotAllowed(PlanNo.NOTE)
            gone = _planned(measure_id, row.case_id).values(dropped_because=note)
            measure = (await connection.execute(gone.returning(MeasureRow.kind))).one_or_none()
            if measure is None:
                raise Stale
            await self._hold.change(connection, row, {}, handling.now)
            await self._hold.note(
                connection, handling, "measure_dropped", row, measure=measure.kind, note=note
            )

    async def visit(self, handling: Handling, on: date, *, note: str) -> None:
        """Somebody was there, on a day up to the business day."""
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            same = select(VisitRow.visit_id).where(
                VisitRow.case_id == row.case_id,
                VisitRow.visited_on == on,
                VisitRow.by == handling.who.name,
            )
            was_there = (await connection.execute(same)).first() is not None
            if (
                no := not_visited(
                    on, await business_day(connection, handling.now), note, was_there=was_there
                )
            ) is not None:
                raise NotAllowed(no)
            await connection.execute(
                insert(VisitRow),
                [
                    {
                        "case_id": row.case_id,
                        "visited_on": on,
                        "by": handling.who.name,
                        "note": note,
                    }
                ],
            )
            await self._hold.change(connection, row, _looked(row, on, handling.now), handling.now)
            await self._hold.note(connection, handling, "visited", row, note=note)


def _looked(row: CaseRow, on: date, now: datetime) -> dict[str, object]:
    """A visit since the danger began is the look it asks for.

    One of the day itself counts: only its day is written down.
    """
    urgent_at, looked_at = row.urgent_at, row.looked_at
    is_look = (
        urgent_at is not None and looked_at is None and on >= urgent_at.astimezone(SHANGHAI).date()
    )
    return {"looked_at": now} if is_look else {}


def _planned(measure_id: int, case_id: str) -> Update:
    """The measure while it is neither delivered nor dropped."""
    statement = update(MeasureRow).where(
        MeasureRow.measure_id == measure_id, MeasureRow.case_id == case_id
    )
    return statement.where(MeasureRow.delivered_on.is_(None), MeasureRow.dropped_because.is_(None))
