"""Incidents: one for each thing that struck an area, with every household it may have hit.

Each township is told of it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, RowMapping, Select, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.cases.mirror import Shown
from foothold_alerts.jobs.clocks import is_soon, next_due
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.rules.case import OPEN, Role
from foothold_alerts.rules.notices import Event, Note, place_of
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.areas import IncidentPlaceRow, IncidentRow
from foothold_alerts.tables.cases import CaseRow, ViewRow
from foothold_alerts.tables.paging import SHOWN, Paged, read_page
from foothold_schemas.values import JsonObject

AT_ONCE: Final = 50
"""Incidents of a page of the list; each costs a count of its households."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Hit:
    """The households of a township that an incident may have hit.

    It says how many they are, and for how many of them a case is open.
    """

    township: str
    households: int
    cases: int


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One incident inside the reader's area. No household: it is over there, or was withdrawn."""

    incident: RowMapping
    townships: list[Hit]
    households: list[RowMapping]
    page: int = 1

    @property
    def pages(self) -> int:
        """How many pages of households there are, at least one."""
        return max(1, -(-self.count // SHOWN))

    @property
    def count(self) -> int:
        """Households it may have hit."""
        return sum(hit.households for hit in self.townships)


class Incidents:
    """Learns of incidents from the views of households; no household's case waits for it."""

    def __init__(self, engine: AsyncEngine, notices: Notices, workflows: Workflows) -> None:
        self._engine = engine
        self._workflows = workflows
        self._notices = notices

    async def take(self, shown: Sequence[Shown], now: datetime) -> None:
        """Keep what is new of incidents, and tell each township once of each."""
        bodies: dict[str, JsonObject] = {}
        places: dict[tuple[str, str], None] = {}
        for view in (household.view for household in shown if household.view is not None):
            for impact in view.get("impacts", ()):
                bodies[impact["incident"]] = {
                    name: impact[name] for name in ("area", "hazard", "severity", "since")
                }
                places[impact["incident"], place_of(view["household"]["area"], Role.TOWNSHIP)] = (
                    None
                )
        if not bodies:
            return
        async with self._engine.begin() as connection:
            rows = [
                {"incident": name, "body": body, "at": now} for name, body in sorted(bodies.items())
            ]
            known = insert(IncidentRow).values(rows)
            is_other = IncidentRow.body.is_distinct_from(known.excluded.body)
            await connection.execute(
                known.on_conflict_do_update(
                    index_elements=["incident"], set_={"body": known.excluded.body}, where=is_other
                )
            )
            place_rows = [
                {"incident": name, "township": township, "at": now}
                for name, township in sorted(places)
            ]
            fresh = (
                insert(IncidentPlaceRow)
                .values(place_rows)
                .on_conflict_do_nothing()
                .returning(IncidentPlaceRow.incident, IncidentPlaceRow.township)
            )
            new = (await connection.execute(fresh)).all()
            asked = select(IncidentRow.incident, IncidentRow.number).where(
                IncidentRow.incident.in_(bodies)
            )
            numbers = {name: number for name, number in await connection.execute(asked)}  # noqa: C416 - dict() does not see that a row is a pair
            await self._notices.add(
                connection,
                [
                    Note(numbers[name], township, Event.INCIDENT)
                    for name, township in sorted(map(tuple, new))
                ],
                now,
            )
        for name, township in new:
            log.info("alerts.incident", incident=name, township=township)

    async def standing(self, area: str, page: int = 1) -> Paged[IncidentPage]:
        """A page of the incidents that may have hit households in the area, the newest first."""
        async with self._engine.connect() as connection:
            place = IncidentPlaceRow.township
            told_here = select(IncidentPlaceRow.incident).where(
                or_(place.startswith(area, autoescape=True), literal(area).startswith(place))
            )
            hit = func.jsonb_build_array(func.jsonb_build_object("incident", IncidentRow.incident))
            in_area = ViewRow.body["household"]["area"].astext.startswith(area, autoescape=True)
            still = exists().where(ViewRow.body["impacts"].contains(hit), in_area)
            query = (
                select(*IncidentRow.__table__.columns)
                .where(IncidentRow.incident.in_(told_here), still)
                .order_by(IncidentRow.number.desc())
            )
            incidents = await read_page(connection, query, page, AT_ONCE)
            pages = [
                IncidentPage(row, await _townships(connection, row["incident"], area), [])
                for row in incidents.lines
            ]
        return Paged(pages, incidents.total, incidents.page, AT_ONCE)

    async def page(self, area: str, number: int, page: int = 1) -> IncidentPage | None:
        """The incident, or None if none of its places ever lay inside the area."""
        async with self._engine.connect() as connection:
            row = (
                (
                    await connection.execute(
                        select(*IncidentRow.__table__.columns).where(IncidentRow.number == number)
                    )
                )
                .mappings()
                .one_or_none()
            )
            if row is None:
                return None
            query = select(IncidentPlaceRow.township).where(
                IncidentPlaceRow.incident == row["incident"]
            )
            places = (await connection.execute(query)).scalars().all()
            if not any(place.startswith(area) or area.startswith(place) for place in places):
                return None
            listed = await read_page(
                connection, _households(row["incident"], area, self._workflows), page
            )
            return IncidentPage(
                row,
                await _townships(connection, row["incident"], area),
                listed.lines,
                listed.page,
            )


def _hit(incident: str, area: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ViewRow.body["impacts"].contains([{"incident": incident}]), ViewRow.body["household"][
        "area"
    ].astext.startswith(area, autoescape=True)


def _newest() -> Any:  # noqa: ANN401 - a subquery
    """Each household's newest case."""
    query = select(
        CaseRow.household_id,
        CaseRow.case_id,
        CaseRow.workflow,
        CaseRow.number,
        CaseRow.stage,
        CaseRow.is_urgent,
        CaseRow.version,
    )
    return (
        query.ext(distinct_on(CaseRow.household_id))
        # an earlier case may have returned, and is open beside a later one that is over
        .order_by(
            CaseRow.household_id,
            CaseRow.stage.in_([stage.value for stage in OPEN]).desc(),
            CaseRow.episode.desc(),
        )
        .subquery()
    )


def _households(incident: str, area: str, workflows: Workflows) -> Select[Any]:
    """Urgent cases first, then other cases, then households nobody has a case of."""
    case = _newest()
    soon = is_soon(workflows, case.c)
    place, register_number = (
        ViewRow.body["household"]["area"].astext,
        ViewRow.body["household"]["register_number"].astext,
    )
    of_case = (case.c.number, case.c.stage, case.c.is_urgent, soon.label("is_soon"), case.c.version)
    columns = (place.label("area"), register_number.label("register_number"), *of_case)
    listed = (
        select(*columns)
        .select_from(ViewRow)
        .outerjoin(case, case.c.household_id == ViewRow.household_id)
        .where(*_hit(incident, area))
    )
    return listed.order_by(
        soon.desc(),
        next_due(case.c).nulls_last(),
        case.c.number.nulls_last(),
        place,
        register_number,
        ViewRow.household_id,
    )


async def _townships(connection: AsyncConnection, incident: str, area: str) -> list[Hit]:
    case = _newest()
    township = func.left(ViewRow.body["household"]["area"].astext, 9)
    is_open = case.c.stage.in_([stage.value for stage in OPEN])
    counted = select(township, func.count(), func.count(case.c.number).filter(is_open)).select_from(
        ViewRow
    )
    joined = (
        counted.outerjoin(case, case.c.household_id == ViewRow.household_id)
        .where(*_hit(incident, area))
        .group_by(township)
        .order_by(township)
    )
    return [Hit(*row) for row in await connection.execute(joined)]
