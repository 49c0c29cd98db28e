"""What people do with a case.

Each act is in one transaction with its audit row, and with what it tells risk.
"""

from datetime import date, datetime
from typing import Final

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
from foothold_alerts.cases.settling import stands_of
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.people.accounts import Person
from foothold_alerts.people.presence import must_be_here
from foothold_alerts.rules.acts.act import Acted, StepContext, WrongRole, WrongStage, act
from foothold_alerts.rules.acts.exempt import not_exempt
from foothold_alerts.rules.acts.pause import PauseNo, pause, resume
from foothold_alerts.rules.acts.two import TwoNo, second_word, taken_back
from foothold_alerts.rules.case import OPEN, CloseReason, Stage
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.workflow import Announcement, Workflows
from foothold_alerts.tables.cases import AuditRow, CaseRow, DeadlineRow, ReviewRow
from foothold_alerts.tables.rows import audit_row, case_of, standing
from foothold_schemas.facts.decisions import (
    AuthorisationGiven,
    AuthorisationRefused,
    CaseDecided,
    Decision,
    FindingExempted,
    HarmlessReason,
)
from foothold_schemas.facts.facts import PeopleFact
from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind

_DECISION: Final = {
    Announcement.IDENTIFIED: Decision.IDENTIFIED,
    Announcement.ELIMINATED: Decision.ELIMINATED,
    Announcement.NOT_MARKED: Decision.NOT_MARKED,
    Announcement.DISMISSED: Decision.DISMISSED,
}


class Work:
    """People's side of the desk. LookupError: no such case in the person's area."""

    def __init__(
        self,
        engine: AsyncEngine,
        workflows: Workflows,
        calendar: WorkDays,
        outbox: Outbox,
        hold: CaseLock,
    ) -> None:
        self._engine = engine
        self._hold = hold
        self._workflows = workflows
        self._calendar = calendar
        self._outbox = outbox

    async def step(
        self,
        handling: Handling,
        name: str,
        *,
        reason: CloseReason | None = None,
        note: str = "",
        saw: tuple[Saw, ...] | None = None,
    ) -> None:
        """Take a step of the case's workflow; raise Stale, NotAllowed or LookupError."""
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            workflow = self._workflows.of(row.workflow)
            step = workflow.step(name)
            if step is None:
                raise Stale
            unmet = await unmet_of(connection, row.household_id)
            given = StepContext(
                await business_day(connection, handling.now),
                self._calendar,
                1 if unmet is None else len(unmet),
                reason,
                note,
                is_disputed(unmet),
                handling.who.name,
                handling.now,
            )
            outcome = act(case_of(row), step, handling.who.role, workflow, given)
            if isinstance(outcome, WrongStage):
                raise Stale
            if not isinstance(outcome, Acted):
                raise NotAllowed(outcome)
            taken = {"assigned_to": handling.who.name} if name == "take" else {}
            await self._hold.change(connection, row, standing(outcome.case) | taken, handling.now)
            if outcome.says is not None:
                fact = _fact(outcome.says, given.today, row.episode, saw)
                await self._outbox.say(
                    connection, row.household_id, fact, by=handling.who.name, at=handling.now
                )
            action = f"{name}_proposed" if outcome.is_first_word else name
            await self._hold.note(
                connection, handling, action, row, reason=reason and reason.value, note=note
            )

    async def take_over(self, handling: Handling) -> None:
        """Take over a case for somebody of a level that acts at the case's stage.

        It does not matter who had the case, or that nobody had. Raise Stale, NotAllowed or
        LookupError.
        """
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            stage = Stage(row.stage)
            if stage not in OPEN or row.assigned_to == handling.who.name:
                raise Stale
            roles = frozenset(
                role for step in self._workflows.of(row.workflow).at(stage) for role in step.roles
            )
            if handling.who.role not in roles:
                raise NotAllowed(WrongRole(roles))
            await self._hold.change(
                connection, row, {"assigned_to": handling.who.name}, handling.now
            )
            await self._hold.note(connection, handling, "taken_over", row, note=row.assigned_to)

    async def reviewed(self, handling: Handling, note: str) -> None:
        """A person looked at a decision of the past that was in doubt.

        Raise Stale, or LookupError outside the person's area.
        """
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            waiting = update(ReviewRow).where(
                ReviewRow.case_id == row.case_id, ReviewRow.done_at.is_(None)
            )
            if not (
                await connection.execute(
                    waiting.values(done_by=handling.who.name, done_at=handling.now).returning(
                        ReviewRow.transition_id
                    )
                )
            ).all():
                raise Stale
            await self._hold.change(connection, row, {}, handling.now)
            await self._hold.note(connection, handling, "reviewed", row, note=note)

    async def exempt(
        self,
        handling: Handling,
        finding: FindingKind,
        reason: HarmlessReason,
        until: date,
        *,
        saw: Saw | None = None,
    ) -> None:
        """A finding was checked and is harmless; it stays quiet until the day.

        Raise Stale, NotAllowed or LookupError.
        """
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            today = await business_day(connection, handling.now)
            if not await _is_warned_of(connection, row, finding):
                raise Stale
            if (no := not_exempt(handling.who.role, until, today)) is not None:
                raise NotAllowed(no)
            waits = second_word(
                case_of(row), handling.who.name, f"exempt {finding.value} {reason.value} {until}"
            )
            if isinstance(waits, TwoNo):
                raise NotAllowed(waits)
            if waits is None:
                word = FindingExempted(
                    finding=finding,
                    reason=reason,
                    by=handling.who.name,
                    exempted_on=today,
                    until=until,
                    saw=saw,
                )
                await self._outbox.say(
                    connection, row.household_id, word, by=handling.who.name, at=handling.now
                )
            after = taken_back(case_of(row)) if waits is None else waits
            await self._hold.change(connection, row, standing(after), handling.now)
            await self._hold.note(
                connection,
                handling,
                "exempted" if waits is None else "exempt_proposed",
                row,
                reason=reason.value,
                finding=finding.value,
                note=f"{until}",
            )

    async def pause(self, handling: Handling, reason: str) -> None:
        """Let the time to settle stand still, for a reason of the list.

        Raise Stale, NotAllowed or LookupError.
        """
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            after = pause(
                case_of(row),
                reason,
                handling.signed(),
                await business_day(connection, handling.now),
                self._workflows.of(row.workflow),
            )
            if isinstance(after, PauseNo):
                raise NotAllowed(after)
            if after is None:
                raise Stale
            await self._hold.change(connection, row, standing(after), handling.now)
            await self._hold.note(connection, handling, "paused", row, reason=reason)

    async def resume(self, handling: Handling) -> None:
        """Let it run again, with as many days more; raise Stale or LookupError."""
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            after = resume(
                case_of(row),
                await business_day(connection, handling.now),
                self._workflows.of(row.workflow),
                self._calendar,
            )
            if after is None:
                raise Stale
            await self._hold.change(connection, row, standing(after), handling.now)
            await self._hold.note(connection, handling, "resumed", row)

    async def acknowledge(self, handling: Handling) -> None:
        """Somebody has seen what is overdue and is at it: nobody further up is told.

        Raise Stale, or LookupError outside the person's area.
        """
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            overdue = update(DeadlineRow).where(
                DeadlineRow.case_id == row.case_id,
                DeadlineRow.done_at.is_(None),
                DeadlineRow.passed_at.is_not(None),
                DeadlineRow.acknowledged_by.is_(None),
            )
            if not (
                await connection.execute(
                    overdue.values(acknowledged_by=handling.who.name).returning(
                        DeadlineRow.deadline_id
                    )
                )
            ).all():
                raise Stale
            await self._hold.change(connection, row, {}, handling.now)
            await self._hold.note(connection, handling, "acknowledged", row)

    async def note_shown(self, who: Person, number: int, *, now: datetime) -> bool:
        """Put into the audit that somebody looked at a contact in full.

        False for a case outside the person's area.
        """
        async with self._engine.begin() as connection:
            await must_be_here(connection, who.name, who.area, who.role)
            query = select(CaseRow.case_id).where(
                CaseRow.number == number, CaseRow.area.startswith(who.area, autoescape=True)
            )
            case_id = (await connection.execute(query)).scalar_one_or_none()
            if case_id is not None:
                await connection.execute(
                    insert(AuditRow), [audit_row(now, who.name, "contact_shown", case_id)]
                )
        return case_id is not None


async def _is_warned_of(connection: AsyncConnection, row: CaseRow, finding: FindingKind) -> bool:
    """Whether the finding stands and is not exempted already."""
    findings = (await stands_of(connection, row)).get("findings", ())
    return any(f["rule"] == finding and not f.get("quiet_until") for f in findings)


def _fact(
    says: Announcement, today: date, episode: int, saw: tuple[Saw, ...] | None = None
) -> PeopleFact:
    """The step as risk hears of it."""
    match says:
        case Announcement.CONSENT_GIVEN:
            return AuthorisationGiven(signed_on=today)
        case Announcement.CONSENT_REFUSED:
            return AuthorisationRefused(refused_on=today)
        case _:
            return CaseDecided(
                decision=_DECISION[says],
                decided_on=today,
                episode=episode,
                saw=saw if says is Announcement.DISMISSED else None,
            )
