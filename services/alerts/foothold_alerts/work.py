"""What people do with a case: each act in one transaction with its audit row, and with what it tells risk."""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.accounts import Person
from foothold_alerts.database import AuditRow, CaseRow, PartitionDay, ReliefRow, ReviewRow, ViewRow
from foothold_alerts.rows import audit_row, case_of, standing
from foothold_alerts.rules.act import Acted, Given, Missing, NotNow, NotYours, act
from foothold_alerts.rules.case import CloseReason, ReliefStatus
from foothold_alerts.rules.days import SHANGHAI, WorkDays
from foothold_alerts.rules.workflow import Says, Workflows
from foothold_alerts.said import Said
from foothold_schemas.decisions import AuthorisationGiven, AuthorisationRefused, CaseDecided, Decision
from foothold_schemas.facts import PeopleFact

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

    def __init__(self, why: NotYours | Missing) -> None:
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

    async def pay(self, who: Person, number: int, version: int, relief_id: int, amount_fen: int, *, now: datetime) -> None:
        """Record that a person paid proposed relief; raise Stale, or LookupError outside the person's area."""
        async with self._engine.begin() as connection:
            row = await self._locked(connection, number, version, who.area)
            papers = now.astimezone(SHANGHAI).date() + timedelta(days=self._workflows.of(row["workflow"]).limits.papers.count)
            paid = (
                update(ReliefRow)
                .where(ReliefRow.relief_id == relief_id, ReliefRow.case_id == row["case_id"], ReliefRow.status == ReliefStatus.PROPOSED)
                .values(status=ReliefStatus.PAID.value, amount_fen=amount_fen, paid_at=now, paid_by=who.name, papers_due_on=papers)
            )
            if not (await connection.execute(paid.returning(ReliefRow.relief_id))).all():
                raise Stale
            await self._change(connection, row, {})
            await self._note(connection, now, who, "relief_paid", row, relief_id=relief_id, amount_fen=amount_fen)

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
