"""What people take back: each act in one transaction with its audit row and what it tells risk."""

from collections.abc import Callable
from datetime import date

from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import (
    CaseLock,
    Handling,
    NotAllowed,
    Stale,
    business_day,
    is_disputed,
    unmet_of,
)
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.rules.acts.back import REOPEN, ROLL_BACK, Back, BackNo, reopen, roll_back
from foothold_alerts.rules.acts.two import TwoNo
from foothold_alerts.rules.case import Case
from foothold_alerts.rules.days import WorkDays, last_day
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.rows import case_of, standing
from foothold_schemas.facts.decisions import CaseDecided

Decide = Callable[[Case, date, bool], Back | BackNo | TwoNo | None]


class TakingBack:
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

    async def reopen(self, handling: Handling, note: str) -> None:
        """Take a dismissal back; raise Stale, NotAllowed or LookupError."""

        def decide(case: Case, today: date, _: bool) -> Back | BackNo | TwoNo | None:  # noqa: FBT001 - one shape for both
            limit = self._workflows.of(case.workflow).limits.settle
            due_on = last_day(today, limit, self._calendar)
            return reopen(case, handling.signed(note), due_on, today)

        await self._take_back(handling, REOPEN, note, decide)

    async def roll_back(self, handling: Handling, note: str) -> None:
        """Take an elimination back; raise Stale, NotAllowed or LookupError."""

        def decide(case: Case, today: date, disputed: bool) -> Back | BackNo | TwoNo | None:  # noqa: FBT001 - as above
            return roll_back(case, handling.signed(note), today, is_disputed=disputed)

        await self._take_back(handling, ROLL_BACK, note, decide)

    async def _take_back(
        self,
        handling: Handling,
        action: str,
        note: str,
        decide: Decide,
    ) -> None:
        async with self._engine.begin() as connection:
            row = await self._hold.locked(connection, handling)
            today = await business_day(connection, handling.now)
            outcome = decide(
                case_of(row), today, is_disputed(await unmet_of(connection, row.household_id))
            )
            if outcome is None:
                raise Stale
            if not isinstance(outcome, Back):
                raise NotAllowed(outcome)
            await self._hold.change(connection, row, standing(outcome.case), handling.now)
            if outcome.decision is not None:
                fact = CaseDecided(decision=outcome.decision, decided_on=today, episode=row.episode)
                await self._outbox.say(
                    connection, row.household_id, fact, by=handling.who.name, at=handling.now
                )
            await self._hold.note(
                connection,
                handling,
                action if outcome.decision is not None else f"{action}_proposed",
                row,
                note=note,
            )
