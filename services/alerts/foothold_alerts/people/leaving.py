"""Releases what a colleague held who leaves, or gets another area or role.

That is cases, acknowledgements that keep others quiet, pauses, and the first of two people's
decisions.

Everything is written in the transaction that ends or changes the account. What follows from it (who
is told next, a time that runs again) the sweep does within seconds, since it needs the clock and
the calendar.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from foothold_alerts.rules.case import OPEN, Role
from foothold_alerts.tables.areas import RegionWarningRow
from foothold_alerts.tables.cases import AuditRow, CaseRow, DeadlineRow
from foothold_alerts.tables.rows import audit_row

OPERATOR: Final = "operator"


async def let_go(
    connection: AsyncConnection,
    name: str,
    now: datetime,
    *,
    keeps: str | None = None,
    role: Role | None = None,
) -> int:
    """Let go of everything outside the area that is kept; None: of everything.

    Return how many cases are nobody's now.

    `role`: what the account is from now on; a village pauses nothing.
    """
    outside = [] if keeps is None else [~CaseRow.area.startswith(keeps, autoescape=True)]
    is_open = CaseRow.stage.in_([stage.value for stage in OPEN])
    cases = await _change(
        connection,
        now,
        name,
        "unassigned",
        {"assigned_to": None},
        CaseRow.assigned_to == name,
        is_open,
        *outside,
    )
    await _change(
        connection,
        now,
        name,
        "word_ended",
        {"proposed_by": None, "proposed_what": None},
        CaseRow.proposed_by == name,
        *outside,
    )
    may_pause = role is not None and role is not Role.VILLAGE
    authors = (
        CaseRow.paused_by == name,
        CaseRow.paused_on.is_not(None),
        *(outside if may_pause else ()),
    )
    await connection.execute(update(CaseRow).where(*authors).values(paused_by=None))
    await _acknowledged(connection, name, now, outside)
    seen = (RegionWarningRow.acknowledged_by == name, RegionWarningRow.gravity > 0)
    there = [] if keeps is None else [~RegionWarningRow.area.startswith(keeps, autoescape=True)]
    await connection.execute(
        update(RegionWarningRow)
        .where(*seen, *there)
        .values(acknowledged_by=None, acknowledged_at=None, let_go_at=now)
    )
    return len(cases)


async def _acknowledged(
    connection: AsyncConnection, name: str, now: datetime, outside: list[ColumnElement[bool]]
) -> None:
    """Notify again of what the person had acknowledged.

    Those who were notified last are notified again: nobody is at it any more.
    """
    where = (
        DeadlineRow.acknowledged_by == name,
        DeadlineRow.done_at.is_(None),
        DeadlineRow.case_id == CaseRow.case_id,
        *outside,
    )
    again = {
        "acknowledged_by": None,
        "passed_at": None,
        "level": func.greatest(DeadlineRow.level - 1, 0),
    }
    ended = update(DeadlineRow).where(*where).values(**again).returning(DeadlineRow.case_id)
    case_ids = sorted(set((await connection.execute(ended)).scalars()))
    await _change(connection, now, name, "acknowledgement_ended", {}, CaseRow.case_id.in_(case_ids))


async def _change(
    connection: AsyncConnection,
    now: datetime,
    name: str,
    action: str,
    values: dict[str, Any],
    *where: ColumnElement[bool],
) -> list[str]:
    """Change cases, each with a new version and an audit row; return which."""
    case_ids = (
        (
            await connection.execute(
                select(CaseRow.case_id).where(*where).order_by(CaseRow.case_id).with_for_update()
            )
        )
        .scalars()
        .all()
    )
    if case_ids:
        await connection.execute(
            update(CaseRow)
            .where(CaseRow.case_id.in_(case_ids))
            .values(**values, version=CaseRow.version + 1)
        )
        await connection.execute(
            insert(AuditRow),
            [audit_row(now, OPERATOR, action, case_id, note=name) for case_id in case_ids],
        )
    return list(case_ids)
