"""What people do with temporary relief: each act in one transaction with its audit row.

What is paid, risk hears of.
"""

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.cases.locked import (
    CaseLock,
    Handling,
    NotAllowed,
    Stale,
    business_day,
    is_disputed,
    unmet_of,
)
from foothold_alerts.cases.settling import earlier_bills, heard, view_of, with_borne
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.rules.case import OPEN, UNPAID, ReliefKind, ReliefStatus, Role, Stage
from foothold_alerts.rules.days import WorkDays, due_at
from foothold_alerts.rules.relief.causes import RELIEF
from foothold_alerts.rules.relief.relief import (
    AFTER_PAYMENT,
    Actor,
    Relief,
    ReliefAct,
    ReliefRefusal,
    relieve,
)
from foothold_alerts.rules.relief.settle import settled
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import CaseRow, ReliefRow
from foothold_alerts.tables.rows import relief_of, relief_values
from foothold_runtime.databases import row_of, whole
from foothold_schemas.facts.decisions import ReliefPaid
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen


class ReliefDesk:
    """LookupError: no such case in the person's area."""

    def __init__(
        self,
        engine: AsyncEngine,
        workflows: Workflows,
        calendar: WorkDays,
        outbox: Outbox,
        hold: CaseLock,
    ) -> None:
        self._engine = engine
        self._workflows = workflows
        self._calendar = calendar
        self._outbox = outbox
        self._hold = hold

    async def relieve(
        self,
        handling: Handling,
        relief_id: int,
        act: ReliefAct,
        *,
        amount: int | None,
        note: str,
    ) -> None:
        """Take a step of temporary relief; raise Stale, NotAllowed or LookupError.

        What is paid, risk hears of.
        """
        async with self._engine.begin() as connection:
            row, held = await self._locked(connection, handling, relief_id, act)
            hand = await self._hand(connection, handling, row, amount, note)
            after = await self._after(connection, row, held, act, hand)
            if isinstance(after, ReliefRefusal):
                raise NotAllowed(after)
            borne = heard(row.latest, await view_of(connection, row.household_id))
            after = settled(
                with_borne(after, borne) if act is ReliefAct.PAY else after,
                self._workflows.of(row.workflow).limits,
            )
            marks: dict[str, object] = (
                {"decided_at": handling.now} if act in (ReliefAct.DECIDE, ReliefAct.AMEND) else {}
            )
            if act is ReliefAct.PAY:
                marks = {
                    "paid_at": handling.now,
                    "borne_number": 0 if borne is None else borne.number,
                }
            await connection.execute(
                update(ReliefRow)
                .where(ReliefRow.relief_id == relief_id)
                .values(**relief_values(after), **marks)
            )
            if act is ReliefAct.PAY and after.amount is not None:
                paid = ReliefPaid(
                    relief=after.kind.value,
                    cause=after.cause.value,
                    amount=Fen(after.amount),
                    paid_on=hand.today or handling.now.date(),
                )
                await self._outbox.say(
                    connection, row.household_id, paid, by=handling.who.name, at=handling.now
                )
            await self._hold.change(connection, row, {}, handling.now)
            amount_fen = after.waived - relief_of(held).waived if act is ReliefAct.WAIVE else amount
            await self._hold.note(
                connection,
                handling,
                f"relief_{act.value}",
                row,
                relief_id=relief_id,
                amount_fen=amount_fen,
                note=note,
            )

    async def refusal_of(
        self,
        handling: Handling,
        relief_id: int,
        act: ReliefAct,
        *,
        amount: int | None,
        note: str,
    ) -> ReliefRefusal | None:
        """Why the act would not be done as things stand, None if it would; nothing is changed.

        Raise Stale or LookupError.
        """
        async with self._engine.begin() as connection:
            row, held = await self._locked(connection, handling, relief_id, act)
            after = await self._after(
                connection,
                row,
                held,
                act,
                await self._hand(connection, handling, row, amount, note),
            )
        return after if isinstance(after, ReliefRefusal) else None

    async def _locked(
        self,
        connection: AsyncConnection,
        handling: Handling,
        relief_id: int,
        act: ReliefAct,
    ) -> tuple[CaseRow, ReliefRow]:
        """The case and its relief; raise Stale where the act is none of the case any more."""
        row = await self._hold.locked(connection, handling)
        query = (
            whole(ReliefRow)
            .where(ReliefRow.relief_id == relief_id, ReliefRow.case_id == row.case_id)
            .with_for_update()
        )
        held = await row_of(connection, query)
        if held is None or (Stage(row.stage) not in OPEN and act not in AFTER_PAYMENT):
            raise Stale
        return row, held

    async def _hand(
        self,
        connection: AsyncConnection,
        handling: Handling,
        row: CaseRow,
        amount: int | None,
        note: str,
    ) -> Actor:
        in_doubt = is_disputed(await unmet_of(connection, row.household_id))
        owed = await self._owes_papers(connection, row.household_id)
        currency, today = (
            row.latest["policy"]["currency"]["en"],
            await business_day(connection, handling.now),
        )
        return Actor(
            handling.who.name,
            handling.who.role,
            handling.now,
            owed,
            amount,
            note,
            in_doubt,
            today,
            currency,
        )

    async def _after(
        self,
        connection: AsyncConnection,
        row: CaseRow,
        held: ReliefRow,
        act: ReliefAct,
        hand: Actor,
    ) -> Relief | ReliefRefusal:
        limits = self._workflows.of(row.workflow).limits
        after = relieve(
            relief_of(held, await earlier_bills(connection, held)),
            act,
            hand,
            limits,
            self._calendar,
        )
        if after is ReliefRefusal.STATUS:
            raise Stale
        return after

    async def again(
        self,
        handling: Handling,
        cause: FindingKind,
        *,
        note: str,
    ) -> None:
        """The county proposes relief a second time in a year for one cause, and says why.

        Raise Stale, NotAllowed or LookupError.
        """
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            if handling.who.role is not Role.COUNTY:
                raise NotAllowed(ReliefRefusal.ROLE)
            if not note:
                raise NotAllowed(ReliefRefusal.NOTE)
            if cause not in await self._causes(connection, row):
                raise NotAllowed(ReliefRefusal.NOT_FOUND)
            today = await business_day(connection, handling.now)
            under_way = select(ReliefRow.relief_id).where(
                ReliefRow.case_id == row.case_id,
                ReliefRow.cause == cause,
                ReliefRow.status.in_(UNPAID),
            )
            if (
                Stage(row.stage) not in OPEN
                or cause not in RELIEF
                or (await connection.execute(under_way)).first() is not None
            ):
                raise Stale
            limit = self._workflows.of(row.workflow).limits.relief(RELIEF[cause])
            proposal = {
                "case_id": row.case_id,
                "household_id": row.household_id,
                "kind": RELIEF[cause].value,
                "cause": cause.value,
                "year": today.year,
                "status": ReliefStatus.PROPOSED.value,
                "due_at": due_at(handling.now, today, limit, self._calendar),
                "is_exception": True,
            }
            await connection.execute(insert(ReliefRow), [proposal])
            await self._hold.change(connection, row, {}, handling.now)
            await self._hold.note(
                connection, handling, "relief_excepted", row, cause=cause.value, note=note
            )

    async def _causes(self, connection: AsyncConnection, row: CaseRow) -> set[str]:
        """The causes the household has now, as the case or its view says."""
        view = await view_of(connection, row.household_id) or {}
        return {
            finding["rule"]
            for finding in (*row.latest.get("findings", ()), *view.get("findings", ()))
        }

    async def _owes_papers(self, connection: AsyncConnection, household_id: str) -> bool:
        """Whether an advance was paid to the household whose papers are not there yet.

        It counts whatever case it belongs to.
        """
        owed = select(ReliefRow.relief_id).where(
            ReliefRow.household_id == household_id,
            ReliefRow.kind == ReliefKind.EMERGENCY,
            ReliefRow.status == ReliefStatus.PAID,
        )
        return (await connection.execute(owed.limit(1))).first() is not None
