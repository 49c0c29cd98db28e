"""Shows whole areas.

There are incidents and whom they may have hit, the levels that stand, and a warning with the
households behind it, seen by somebody.
"""

from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Form, Path, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from foothold_alerts.areas.warnings import Standing
from foothold_alerts.cases.locked import Handling, NotAllowed, Stale
from foothold_alerts.rules.case import Stage
from foothold_alerts.tables.paging import SHOWN
from foothold_alerts.web.act import Act, Acting, Number, PageNumber, Visit, Visiting
from foothold_alerts.web.filtered import FilteredRoute
from foothold_alerts.web.refusals import refusal

_TAKE: Final = "take"
ProjectName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Refused = list[tuple[int, tuple[str, str]]]
"""Numbers of cases, and why each was not taken, in both languages."""
Outcome = tuple[int | None, Refused]
"""How many cases were taken, if any were to be, and which were not."""
NOTHING_TAKEN: Final[Outcome] = (None, [])


class TakeForm(BaseModel):
    """Cases of a warning to take together, each as `number:version` of the page."""

    cases: Annotated[
        list[Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}:[0-9]{1,9}$")]],
        Field(max_length=SHOWN),
    ] = []


def area_routes() -> APIRouter:
    """Everything inside the person's area."""
    router = APIRouter(route_class=FilteredRoute)
    _incidents(router)
    _projects(router)
    _warnings(router)
    return router


def _incidents(router: APIRouter) -> None:
    @router.get("/incidents/{number}")
    async def incident(visit: Visiting, number: Number, page: PageNumber = 1) -> Response:
        return await _incident_page(visit, number, page=page)

    @router.post("/incidents/{number}/take")
    async def take_all(
        act: Acting,
        number: Number,
        form: Annotated[TakeForm, Form()],
        page: PageNumber = 1,
    ) -> Response:
        outcome = await _take(act, form)
        return await _incident_page(act, number, outcome, page=page)


def _projects(router: APIRouter) -> None:
    @router.get("/projects/{project}")
    async def project(visit: Visiting, project: ProjectName, page: PageNumber = 1) -> Response:
        return await _project_page(visit, project, page=page)

    @router.post("/projects/{project}/take")
    async def take_project(
        act: Acting,
        project: ProjectName,
        form: Annotated[TakeForm, Form()],
        page: PageNumber = 1,
    ) -> Response:
        outcome = await _take(act, form)
        return await _project_page(act, project, outcome, page=page)


def _warnings(router: APIRouter) -> None:
    @router.get("/areas")
    async def standing(
        visit: Visiting,
        page: PageNumber = 1,
        incidents: PageNumber = 1,
        projects: PageNumber = 1,
    ) -> Response:
        """Three lists, each with its own page: the levels, the incidents and the projects."""
        desk, area = visit.desk, visit.who.area
        levels = await desk.areas.standing(area, page)
        return visit.render(
            "areas.html",
            levels=levels,
            by_area=_by_area(levels.lines),
            incidents=await desk.incidents.standing(area, incidents),
            projects=await desk.projects.standing(area, projects),
        )

    @router.get("/areas/{number}")
    async def warning(visit: Visiting, number: Number, page: PageNumber = 1) -> Response:
        return await _page(visit, number, page=page)

    @router.post("/areas/{number}/acknowledge")
    async def acknowledge(act: Acting, number: Number) -> Response:
        is_done = await act.desk.areas.acknowledge(act.who.name, act.who.area, number, act.now)
        act.desk.metrics.actions.labels("acknowledge_region", "done" if is_done else "stale").inc()
        if not is_done:
            return await _page(act, number)
        return RedirectResponse(f"/areas/{number}", status_code=303)

    @router.post("/areas/{number}/take")
    async def take(
        act: Acting,
        number: Number,
        form: Annotated[TakeForm, Form()],
        page: PageNumber = 1,
    ) -> Response:
        """Take the ticked cases, each by its own rules and version.

        What was not possible is said case by case.
        """
        outcome = await _take(act, form)
        return await _page(act, number, outcome, page=page)


def _by_area(levels: Iterable[Standing]) -> list[list[Standing]]:
    by_area: dict[str, list[Standing]] = {}
    for level in levels:
        by_area.setdefault(level.warning["area"], []).append(level)
    return list(by_area.values())


async def _take(act: Act, form: TakeForm) -> Outcome:
    """How many were taken, and which were not, and why."""
    outcomes = [(case, await _taken(act, *map(int, case.split(":")))) for case in form.cases]
    for _, why in outcomes:
        act.desk.metrics.actions.labels(_TAKE, "done" if why is None else "refused").inc()
    refused = [(int(case.split(":")[0]), why) for case, why in outcomes if why is not None]
    return len(outcomes) - len(refused), refused


async def _taken(act: Act, number: int, version: int) -> tuple[str, str] | None:
    """None once it is taken; or why not, in both languages."""
    try:
        await act.desk.work.step(Handling(act.who, number, version, act.now), _TAKE)
    except (Stale, LookupError):
        return "已有变化", "changed meanwhile"
    except NotAllowed as error:
        return refusal(error.why)
    return None


async def _project_page(
    visit: Visit,
    project: str,
    outcome: Outcome = NOTHING_TAKEN,
    *,
    page: int = 1,
) -> Response:
    listed = await visit.desk.projects.households(visit.who.area, project, page)
    if not listed.lines:
        text = (
            "辖区内没有该项目未兑现的农户。",
            "The project pays no household of your area too little.",
        )
        return visit.not_found(text)
    takeable = {Stage.LEAD.value}
    return visit.render(
        "project.html",
        project=project,
        listed=listed,
        takeable=takeable,
        taken=outcome[0],
        refused=outcome[1],
    )


async def _incident_page(
    visit: Visit,
    number: int,
    outcome: Outcome = NOTHING_TAKEN,
    *,
    page: int = 1,
) -> Response:
    shown = await visit.desk.incidents.page(visit.who.area, number, page)
    if shown is None:
        text = (
            "没有这起区域灾害，或不涉及您的辖区。",
            "There is no such incident, or none of your area.",
        )
        return visit.not_found(text)
    checks = visit.desk.checklists[shown.incident["body"]["hazard"]]
    return visit.render(
        "incident.html",
        shown=shown,
        checks=checks,
        takeable={Stage.LEAD.value},
        taken=outcome[0],
        refused=outcome[1],
    )


async def _page(
    visit: Visit,
    number: int,
    outcome: Outcome = NOTHING_TAKEN,
    *,
    page: int = 1,
) -> Response:
    shown = await visit.desk.areas.page(visit.who.area, number, page)
    if shown is None:
        text = (
            "没有这条区域预警，或不在您的辖区。",
            "There is no such region warning in your area.",
        )
        return visit.not_found(text)
    return visit.render(
        "area.html",
        shown=shown,
        takeable={Stage.LEAD.value},
        taken=outcome[0],
        refused=outcome[1],
    )
