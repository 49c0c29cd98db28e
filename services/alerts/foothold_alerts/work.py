"""What people do with a case: each act in one transaction with its audit row, and with what it tells risk."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.accounts import Person
from foothold_alerts.database import AuditRow, CaseRow, PartitionDay, ReliefRow, ReviewRow, ViewRow
from foothold_alerts.rows import audit_row, case_of, relief_of, relief_values, standing
from foothold_alerts.rules.act import Acted, Given, Missing, NotNow, NotYours, act
from foothold_alerts.rules.case import OPEN, UNPAID, CloseReason, ReliefKind, ReliefStatus, Role, Stage
from foothold_alerts.rules.days import SHANGHAI, WorkDays, due_at
from foothold_alerts.rules.relief import AFTER_PAYMENT, Hand, ReliefAct, ReliefNo, relieve
from foothold_alerts.rules.respond import RELIEF
from foothold_alerts.rules.workflow import Says, Workflows
from foothold_alerts.said import Said
from foothold_schemas.decisions import AuthorisationGiven, AuthorisationRefused, CaseDecided, Decision, ReliefPaid
from foothold_schemas.facts import PeopleFact
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen

_DECISION: Final = {
    Says.IDENTIFIED: Decision.IDENTIFIED,
    Says.ELIMINATED: Decision.ELIMINATED,
    Says.NOT_MARKED: Decision.NOT_MARKED,
    Says.DISMISSED: Decision.DISMISSED,
}


class Stale(Exception):  # noqa: N818 - an answer
    """Somebody changed the case since the page was made, or the action does not fit it any more."""


class NotAllowed(Exception):  # noqa: N818 - an answer
    """The step is another role's, or something it needs is missing."""

    def __init__(self, why: NotYours | Missing | ReliefNo) -> None:
        super().__init__(repr(why))
        self.why = why


class Work:
    """People's side of the desk. LookupError: no such case in the person's area."""

    def __init__(self, engine: AsyncEngine, workflows: Workflows, calendar: WorkDays, said: Said) -> None:
        self._engine = engine
        self._workflows = workflows
        self._calendar = calendar
        self._said = said

    async def step(self, who: Person, number: int, version: int, name: str, *, now: datetime, reason: CloseReason | None = None, note: str = "") -> None:
        """Take a step of the case's workflow; raise Stale, NotAllowed or LookupError."""
        async with self._engine.begin() as connection:
            row = await self._locked(connection, number, version, who.area)
            workflow = self._workflows.of(row["workflow"])
            step = workflow.step(name)
            if step is None:
                raise Stale
            given = Given(await business_day(connection, now), self._calendar, await self._unmet(connection, row["household_id"]), reason, note)
            outcome = act(case_of(row), step, who.role, workflow, given)
            if isinstance(outcome, NotNow):
                raise Stale
            if not isinstance(outcome, Acted):
                raise NotAllowed(outcome)
            taken = {"assigned_to": who.name} if name == "take" else {}
            await self._change(connection, row, standing(outcome.case) | taken)
            if outcome.says is not None:
                fact = _fact(outcome.says, given.today, row["episode"])
                await self._said.say(connection, row["household_id"], fact, by=who.name, at=now)
            detail = {"reason": reason.value if reason else "", "note": note}
            await self._note(connection, now, who, name, row, **{k: v for k, v in detail.items() if v})

    async def relieve(self, who: Person, number: int, version: int, relief_id: int, act: ReliefAct, *, now: datetime, amount: int | None, note: str) -> None:
        """Take a step of temporary relief; raise Stale, NotAllowed or LookupError. What is paid, risk hears of."""
        async with self._engine.begin() as connection:
            row = await self._locked(connection, number, version, who.area)
            wanted = select(*ReliefRow.__table__.columns).where(ReliefRow.relief_id == relief_id, ReliefRow.case_id == row["case_id"]).with_for_update()
            held = (await connection.execute(wanted)).mappings().one_or_none()
            if held is None or (Stage(row["stage"]) not in OPEN and act not in AFTER_PAYMENT):
                raise Stale
            hand = Hand(who.name, who.role, now, await self._owes_papers(connection, row["household_id"]), amount, note)
            after = relieve(relief_of(held), act, hand, self._workflows.of(row["workflow"]).limits, self._calendar)
            if after is ReliefNo.STATUS:
                raise Stale
            if isinstance(after, ReliefNo):
                raise NotAllowed(after)
            marks = {ReliefAct.DECIDE: {"decided_at": now}, ReliefAct.PAY: {"paid_at": now}}.get(act, {})
            await connection.execute(update(ReliefRow).where(ReliefRow.relief_id == relief_id).values(**relief_values(after), **marks))
            if act is ReliefAct.PAY and after.amount is not None:
                paid = ReliefPaid(relief=after.kind.value, cause=after.cause.value, amount=Fen(after.amount), paid_on=await business_day(connection, now))
                await self._said.say(connection, row["household_id"], paid, by=who.name, at=now)
            await self._change(connection, row, {})
            detail = {"relief_id": relief_id, "amount_fen": amount, "note": note or None}
            await self._note(connection, now, who, f"relief_{act.value}", row, **{k: v for k, v in detail.items() if v is not None})

    async def except_cause(self, who: Person, number: int, version: int, cause: FindingKind, *, now: datetime, note: str) -> None:
        """The county proposes relief a second time in a year for one cause, and says why; raise Stale, NotAllowed or LookupError."""
        async with self._engine.begin() as connection:
            row = await self._locked(connection, number, version, who.area)
            if who.role is not Role.COUNTY:
                raise NotAllowed(ReliefNo.ROLE)
            if not note:
                raise NotAllowed(ReliefNo.NOTE)
            today = await business_day(connection, now)
            under_way = select(ReliefRow.relief_id).where(ReliefRow.case_id == row["case_id"], ReliefRow.cause == cause, ReliefRow.status.in_(UNPAID))
            if Stage(row["stage"]) not in OPEN or cause not in RELIEF or (await connection.execute(under_way)).first() is not None:
                raise Stale
            workflow = self._workflows.of(row["workflow"])
            limit = workflow.limits.emergency if RELIEF[cause] is ReliefKind.EMERGENCY else workflow.limits.settle
            proposal = {
                "case_id": row["case_id"],
                "household_id": row["household_id"],
                "kind": RELIEF[cause].value,
                "cause": cause.value,
                "year": today.year,
                "status": ReliefStatus.PROPOSED.value,
                "due_at": due_at(now, today, limit, self._calendar),
                "is_exception": True,
            }
            await connection.execute(insert(ReliefRow), [proposal])
            await self._change(connection, row, {})
            await self._note(connection, now, who, "relief_excepted", row, cause=cause.value, note=note)

    async def _owes_papers(self, connection: AsyncConnection, household_id: str) -> bool:
        """Whether an advance was paid to the household whose papers are not there yet, whatever case it belongs to."""
        owed = select(ReliefRow.relief_id).where(
            ReliefRow.household_id == household_id, ReliefRow.kind == ReliefKind.EMERGENCY, ReliefRow.status == ReliefStatus.PAID
        )
        return (await connection.execute(owed.limit(1))).first() is not None

    async def reviewed(self, who: Person, number: int, version: int, note: str, *, now: datetime) -> None:
        """A person looked at a decision of the past that was in doubt; raise Stale, or LookupError outside the person's area."""
        async with self._engine.begin() as connection:
            row = await self._locked(connection, number, version, who.area)
            waiting = update(ReviewRow).where(ReviewRow.case_id == row["case_id"], ReviewRow.done_at.is_(None))
            if not (await connection.execute(waiting.values(done_by=who.name, done_at=now).returning(ReviewRow.transition_id))).all():
                raise Stale
            await self._change(connection, row, {})
            await self._note(connection, now, who, "reviewed", row, note=note)

    async def note_shown(self, who: Person, number: int, *, now: datetime) -> bool:
        """Put into the audit that somebody looked at a contact in full; False for a case outside the person's area."""
        async with self._engine.begin() as connection:
            wanted = select(CaseRow.case_id).where(CaseRow.number == number, CaseRow.area.startswith(who.area, autoescape=True))
            case_id = (await connection.execute(wanted)).scalar_one_or_none()
            if case_id is not None:
                await connection.execute(insert(AuditRow), [audit_row(now, who.name, "contact_shown", case_id)])
        return case_id is not None

    async def _locked(self, connection: AsyncConnection, number: int, version: int, area: str) -> RowMapping:
        wanted = select(*CaseRow.__table__.columns).where(CaseRow.number == number, CaseRow.area.startswith(area, autoescape=True)).with_for_update()
        row = (await connection.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise LookupError(number)
        if row["version"] != version:
            raise Stale
        return row

    async def _change(self, connection: AsyncConnection, row: RowMapping, values: dict[str, object]) -> None:
        await connection.execute(update(CaseRow).where(CaseRow.case_id == row["case_id"]).values(**values, version=row["version"] + 1))

    async def _note(self, connection: AsyncConnection, now: datetime, who: Person, action: str, row: RowMapping, **detail: object) -> None:
        await connection.execute(insert(AuditRow), [audit_row(now, who.name, action, row["case_id"], **detail)])

    async def _unmet(self, connection: AsyncConnection, household_id: str) -> int:
        """How many conditions of leaving risk last said are not met; a household risk does not show cannot leave either."""
        body = (await connection.execute(select(ViewRow.body).where(ViewRow.household_id == household_id))).scalar_one_or_none()
        return 1 if body is None else len(body.get("unmet", ()))


async def business_day(connection: AsyncConnection, now: datetime) -> date:
    """The day the desk works in: the earliest any partition of risk is done with; today while none has said so."""
    day: date | None = (await connection.execute(select(func.min(PartitionDay.day)))).scalar_one()
    return now.astimezone(SHANGHAI).date() if day is None else day


def _fact(says: Says, today: date, episode: int) -> PeopleFact:
    """The step as risk hears of it."""
    match says:
        case Says.CONSENT_GIVEN:
            return AuthorisationGiven(signed_on=today)
        case Says.CONSENT_REFUSED:
            return AuthorisationRefused(refused_on=today)
        case _:
            return CaseDecided(decision=_DECISION[says], decided_on=today, episode=episode)
