"""What is urgent for people: a duty of the case ends soon, or has passed.

Danger is another word: it is risk's, and starts a duty of its own.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, literal, select

from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import CaseRow, DeadlineRow


def is_soon(workflows: Workflows, cases: Any = CaseRow) -> ColumnElement[bool]:  # noqa: ANN401 - a table, an alias, or the columns of a subquery
    """Whether an open duty of the case ends within the hours its workflow names.

    The database's clock counts. `cases` has `case_id` and `workflow`.
    """
    hours = {
        version: timedelta(hours=workflow.limits.urgent_hours)
        for version, workflow in workflows.versions.items()
    }
    newest = timedelta(hours=workflows.newest.limits.urgent_hours)
    near = (
        literal(newest)
        if set(hours.values()) == {newest}
        else case(hours, value=cases.workflow, else_=newest)
    )
    waiting = select(DeadlineRow.deadline_id).where(
        DeadlineRow.case_id == cases.case_id, DeadlineRow.done_at.is_(None)
    )
    return exists(waiting.where(DeadlineRow.due_at <= func.now() + near))


def next_due(cases: Any = CaseRow) -> ColumnElement[datetime]:  # noqa: ANN401 - as above
    """The instant at which the next open duty of the case ends; empty where it has none."""
    return (
        select(func.min(DeadlineRow.due_at))
        .where(DeadlineRow.case_id == cases.case_id, DeadlineRow.done_at.is_(None))
        .scalar_subquery()
    )


def next_kind(cases: Any = CaseRow) -> ColumnElement[str]:  # noqa: ANN401 - as above
    """What is due then."""
    waiting = select(DeadlineRow.kind).where(
        DeadlineRow.case_id == cases.case_id, DeadlineRow.done_at.is_(None)
    )
    return waiting.order_by(DeadlineRow.due_at, DeadlineRow.deadline_id).limit(1).scalar_subquery()


def are_soon(due: Iterable[datetime], hours: int, now: datetime) -> bool:
    """The same, of a case of which it is at hand when its open duties are due."""
    return any(at <= now + timedelta(hours=hours) for at in due)
