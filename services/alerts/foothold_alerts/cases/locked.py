"""One case in a person's hands: locked, changed with its deadlines, and noted in the audit.

What is done with it stands beside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from foothold_alerts.jobs.deadlines import Deadlines
from foothold_alerts.people.accounts import Person
from foothold_alerts.people.presence import must_be_here
from foothold_alerts.rules.acts.act import Missing, WrongRole
from foothold_alerts.rules.acts.back import BackNo
from foothold_alerts.rules.acts.dispute import DisputeNo
from foothold_alerts.rules.acts.exempt import ExemptNo
from foothold_alerts.rules.acts.pause import PauseNo
from foothold_alerts.rules.acts.plan import PlanNo
from foothold_alerts.rules.acts.two import TwoNo
from foothold_alerts.rules.case import Signed
from foothold_alerts.rules.days import SHANGHAI
from foothold_alerts.rules.relief.relief import ReliefRefusal
from foothold_alerts.tables.cases import AuditRow, CaseRow, PartitionDay, ViewRow
from foothold_alerts.tables.rows import audit_row
from foothold_runtime.databases import row_of, whole
from foothold_schemas.messages.views import UnmetKind

Refusal = (
    WrongRole | Missing | ReliefRefusal | PlanNo | PauseNo | ExemptNo | DisputeNo | TwoNo | BackNo
)


class Stale(Exception):  # noqa: N818 - an answer
    """Somebody changed the case since the page was made, or the action does not fit it any more."""


class NotAllowed(Exception):  # noqa: N818 - an answer
    """The step is another role's, or something it needs is missing."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(repr(why))
        self.why = why


@dataclass(frozen=True, slots=True)
class Handling:
    """A person handles the case with this number, as the page of this version showed it, now."""

    who: Person
    number: int
    version: int
    now: datetime

    def signed(self, note: str = "") -> Signed:
        """What the rules of an act ask: by whom, in which role, with which note."""
        return Signed(self.who.name, self.who.role, note)


class CaseLock:
    """Works in the caller's transaction."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines

    async def locked(self, connection: AsyncConnection, handling: Handling) -> CaseRow:
        """The case, for this transaction alone.

        Raise Stale, Gone, or LookupError outside the person's area.
        """
        who = handling.who
        await must_be_here(connection, who.name, who.area, who.role)
        is_concerned = (
            CaseRow.number == handling.number,
            CaseRow.area.startswith(who.area, autoescape=True),
        )
        query = whole(CaseRow).where(*is_concerned).with_for_update()
        row = await row_of(connection, query)
        if row is None:
            raise LookupError(handling.number)
        if row.version != handling.version:
            raise Stale
        return row

    async def change(
        self, connection: AsyncConnection, row: CaseRow, values: dict[str, object], now: datetime
    ) -> None:
        """Write the change, a new version, and the deadlines that follow."""
        await connection.execute(
            update(CaseRow)
            .where(CaseRow.case_id == row.case_id)
            .values(**values, version=row.version + 1)
        )
        await self._deadlines.follow(connection, [row.case_id], now)

    async def note(
        self,
        connection: AsyncConnection,
        handling: Handling,
        action: str,
        row: CaseRow,
        **detail: object,
    ) -> None:
        """One row in the audit; details that are empty are left out."""
        given = {name: value for name, value in detail.items() if value not in (None, "")}
        await connection.execute(
            insert(AuditRow),
            [audit_row(handling.now, handling.who.name, action, row.case_id, **given)],
        )


async def business_day(connection: AsyncConnection, now: datetime) -> date:
    """The day the desk works in: the earliest any partition of risk is done with.

    Today while none has said so.
    """
    day: date | None = (await connection.execute(select(func.min(PartitionDay.day)))).scalar_one()
    return now.astimezone(SHANGHAI).date() if day is None else day


async def unmet_of(
    connection: AsyncConnection, household_id: str
) -> Sequence[Mapping[str, Any]] | None:
    """The conditions risk last said are not met; None for a household risk does not show."""
    body = (
        await connection.execute(select(ViewRow.body).where(ViewRow.household_id == household_id))
    ).scalar_one_or_none()
    return None if body is None else body.get("unmet", ())


def is_disputed(unmet: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether a member also stands in another household."""
    return any(condition["kind"] == UnmetKind.MEMBER_DISPUTED for condition in unmet or ())
