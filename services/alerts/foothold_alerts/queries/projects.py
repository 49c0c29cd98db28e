"""Dividend projects that pay too little.

There is one line for a project however many households it concerns, with their cases. Queries only.
"""

from typing import Any, NamedTuple

from sqlalchemy import Select, column, func, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.jobs.clocks import is_soon, next_due
from foothold_alerts.rules.case import OPEN
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import CaseRow
from foothold_alerts.tables.paging import Paged, read_page
from foothold_schemas.findings import FindingKind


class Underpaid(NamedTuple):
    """A project, and how many households inside the reader's area it pays too little.

    It also says in how many villages they are.
    """

    project: str
    households: int
    villages: int


class Owed(NamedTuple):
    """A household's open case, and what the project paid of what it guaranteed.

    The amount is as the finding says it.
    """

    number: int
    register_number: str
    area: str
    stage: str
    is_urgent: bool
    is_soon: bool
    version: int
    paid: str
    guaranteed: str


class Projects:
    """Reads open cases; a finding stands until the household's next transition says otherwise."""

    def __init__(self, engine: AsyncEngine, workflows: Workflows) -> None:
        self._engine = engine
        self._workflows = workflows

    async def standing(self, area: str, page: int = 1) -> Paged[Underpaid]:
        """A page of the projects, those with most households first."""
        query, finding = _underpaid(area)
        project = finding.c.value["project"].astext
        households, villages = (
            func.count(CaseRow.household_id.distinct()),
            func.count(CaseRow.area.distinct()),
        )
        counted = query.with_only_columns(
            project.label("project"), households.label("households"), villages.label("villages")
        )
        ordered = (
            counted.where(project.is_not(None))
            .group_by(project)
            .order_by(households.desc(), project)
        )
        async with self._engine.connect() as connection:
            found_page = await read_page(connection, ordered, page)
        return Paged(
            [Underpaid(**row) for row in found_page.lines], found_page.total, found_page.page
        )

    async def households(self, area: str, project: str, page: int = 1) -> Paged[Owed]:
        """A page of the project's households inside the area."""
        query, finding = _underpaid(area)
        soon = is_soon(self._workflows)
        columns = (
            CaseRow.number,
            CaseRow.register_number,
            CaseRow.area,
            CaseRow.stage,
            CaseRow.is_urgent,
            soon.label("is_soon"),
            CaseRow.version,
        )
        amounts = (
            finding.c.value["value"].astext.label("paid"),
            finding.c.value["threshold"].astext.label("guaranteed"),
        )
        listed = query.with_only_columns(*columns, *amounts).where(
            finding.c.value["project"].astext == project
        )
        async with self._engine.connect() as connection:
            ordered = listed.order_by(soon.desc(), next_due().nulls_last(), CaseRow.number)
            found_page = await read_page(connection, ordered, page)
        return Paged([Owed(**row) for row in found_page.lines], found_page.total, found_page.page)


def _underpaid(area: str) -> tuple[Select[Any], Any]:
    """Open cases of the area, once for each of their findings of this kind."""
    finding = func.jsonb_array_elements(CaseRow.latest["findings"]).table_valued(
        column("value", JSONB), name="finding"
    )
    is_inside = (
        CaseRow.area.startswith(area, autoescape=True),
        CaseRow.stage.in_([stage.value for stage in OPEN]),
    )
    asked = select(CaseRow.number).select_from(CaseRow).join(finding, true())
    return (
        asked.where(
            *is_inside, finding.c.value["rule"].astext == FindingKind.PROJECT_UNDERPAID.value
        ),
        finding,
    )
