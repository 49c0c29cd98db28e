"""Follows what households bore for the causes relief was paid for.

What was paid beyond it is to settle, whenever a statement changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.cases.mirror import Shown
from foothold_alerts.rules.acts.moment import moment
from foothold_alerts.rules.case import ReliefStatus, Stage
from foothold_alerts.rules.relief.causes import BY_EVENT
from foothold_alerts.rules.relief.relief import Relief
from foothold_alerts.rules.relief.settle import HEARD_FOR, borne, settled
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import AuditRow, CaseRow, ReliefRow, ViewRow
from foothold_alerts.tables.rows import SYSTEM, audit_row, relief_of, relief_values
from foothold_runtime.databases import rows_of, whole
from foothold_schemas.messages.transitions import Transition

_PAID = (ReliefStatus.PAID.value, ReliefStatus.SETTLED.value)


class Heard(NamedTuple):
    """What risk reported of a household.

    It says as of which of its transitions and which day, and what the household bore, as messages
    carry it.
    """

    number: int
    day: date
    outlays: Sequence[Mapping[str, Any]]


def heard(latest: Mapping[str, Any], view: Mapping[str, Any] | None) -> Heard | None:
    """The newer of a case's last transition and the household's view, of two alike the view.

    None where neither says what it bore.
    """
    reports: list[Heard] = []
    if view is not None and "outlays" in view:
        reports.append(
            Heard(view.get("number", 0), date.fromisoformat(view["as_of"]), view["outlays"])
        )
    if "outlays" in latest:
        reports.append(
            Heard(latest["number"], date.fromisoformat(latest["open_day"]), latest["outlays"])
        )
    return max(reports, key=lambda report: report.number, default=None)


def with_borne(relief: Relief, report: Heard | None) -> Relief:
    """The relief with what the household bore.

    As it was while that is not said, or so long after the payment that statements of then may be
    gone.
    """
    if report is None or relief.paid_on is None or report.day > relief.paid_on + HEARD_FOR:
        return relief
    return replace(
        relief,
        borne=borne(
            relief.cause,
            report.outlays,
            relief.paid_on,
            relief.event,
            bills_after=relief.bills_after,
        ),
    )


class Settling:
    """Few households were ever paid relief: the others cost one query a batch."""

    def __init__(self, engine: AsyncEngine, workflows: Workflows) -> None:
        self._engine = engine
        self._workflows = workflows

    async def take(self, shown: Sequence[Shown], now: datetime) -> None:
        """Views that were just kept."""
        reports = {
            household.household_id: Heard(
                household.view["number"],
                date.fromisoformat(household.view["as_of"]),
                household.view["outlays"],
            )
            for household in shown
            if household.view is not None
            and "outlays" in household.view
            and household.view.get("number")
        }
        if reports:
            async with self._engine.begin() as connection:
                await self.follow(connection, reports, now)

    async def moved(
        self, connection: AsyncConnection, transitions: Sequence[Transition], now: datetime
    ) -> None:
        """Transitions, in the transaction that takes them."""
        reports = {
            transition.household_id: Heard(
                transition.number,
                transition.open_day,
                [
                    outlay.model_dump(mode="json", exclude_none=True)
                    for outlay in transition.outlays
                ],
            )
            for transition in transitions
            if transition.outlays is not None and transition.looks_back_to is None
        }
        if reports:
            await self.follow(connection, reports, now)

    async def follow(
        self, connection: AsyncConnection, reports: Mapping[str, Heard], now: datetime
    ) -> None:
        """Bring every relief paid to these households to what they bore by now.

        What changes the amount to settle stands in the audit.
        """
        paid = select(ReliefRow.case_id).where(
            ReliefRow.household_id.in_(reports), ReliefRow.status.in_(_PAID)
        )
        of_cases = (
            whole(CaseRow)
            .where(CaseRow.case_id.in_(paid))
            .order_by(CaseRow.case_id)
            .with_for_update()
        )
        cases = {case.case_id: case for case in await rows_of(connection, of_cases)}
        if not cases:
            return
        reliefs = (
            whole(ReliefRow)
            .where(ReliefRow.case_id.in_(cases), ReliefRow.status.in_(_PAID))
            .with_for_update()
        )
        for row in await rows_of(connection, reliefs):
            report = reports[row.household_id]
            if report.number >= row.borne_number:
                await self._change(connection, cases[row.case_id], row, report, now)

    async def _change(
        self,
        connection: AsyncConnection,
        case: CaseRow,
        row: ReliefRow,
        report: Heard,
        now: datetime,
    ) -> None:
        before = relief_of(row, await earlier_bills(connection, row))
        after = settled(with_borne(before, report), self._workflows.of(case.workflow).limits)
        if after == before:
            return
        values = relief_values(after) | {"borne_number": report.number}
        await connection.execute(
            update(ReliefRow).where(ReliefRow.relief_id == row.relief_id).values(**values)
        )
        if after.open != before.open:
            await connection.execute(
                update(CaseRow)
                .where(CaseRow.case_id == case.case_id)
                .values(version=CaseRow.version + 1)
            )
            detail = {
                "relief_id": row.relief_id,
                "amount_fen": after.open,
                "paid_fen": after.amount,
                "allowed_fen": after.allowed,
            }
            await connection.execute(
                insert(AuditRow),
                [audit_row(now, SYSTEM, "relief_to_settle", case.case_id, **detail)],
            )


async def earlier_bills(connection: AsyncConnection, row: ReliefRow) -> date | None:
    """The day of the newest bill that relief before this one was for.

    None where there is none, or the county excepted this one from it.
    """
    if row.is_exception or row.cause in BY_EVENT:
        return None
    ended = (ReliefStatus.WITHDRAWN.value, ReliefStatus.REFUSED.value)
    before = (
        ReliefRow.household_id == row.household_id,
        ReliefRow.relief_id < row.relief_id,
        ReliefRow.status.not_in(ended),
    )
    return (
        await connection.execute(select(func.max(ReliefRow.bills_until)).where(*before))
    ).scalar_one()


async def stands_of(connection: AsyncConnection, row: CaseRow) -> Mapping[str, Any]:
    """The household of a case as its page shows it."""
    return moment(
        row.latest,
        await view_of(connection, row.household_id),
        Stage(row.stage),
        row.episode,
    )


async def view_of(connection: AsyncConnection, household_id: str) -> Mapping[str, Any] | None:
    """The household as risk shows it now."""
    body: Mapping[str, Any] | None = (
        await connection.execute(select(ViewRow.body).where(ViewRow.household_id == household_id))
    ).scalar_one_or_none()
    return body
