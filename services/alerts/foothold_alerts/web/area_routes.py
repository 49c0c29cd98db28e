"""Shows whole areas.

There are incidents and whom they may have hit, the levels that stand, and a warning with the
households behind it, seen by somebody.
"""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from foothold_alerts.areas.warnings import Standing
from foothold_alerts.cases.locked import NotAllowed, Stale
from foothold_alerts.people.accounts import Person
from foothold_alerts.rules.case import Stage
from foothold_alerts.tables.paging import SHOWN
from foothold_alerts.web.case_routes import Number, PageNumber, Who
from foothold_alerts.web.desk import Desk, require_csrf
from foothold_alerts.web.filtered import FilteredRoute
from foothold_alerts.web.pages import Pages
from foothold_alerts.web.refusals import refusal

_TAKE: Final = "take"
ProjectName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Refused = list[tuple[int, tuple[str, str]]]
"""Numbers of cases, and why each was not taken, in both languages."""


class TakeForm(BaseModel):
    """Cases of a warning to take together, each as `number:version` of the page."""

    csrf: str
    cases: Annotated[
        list[Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}:[0-9]{1,9}$")]],
        Field(max_length=SHOWN),
    ] = []


def area_routes(desk: Desk, pages: Pages) -> APIRouter:
    """Everything inside the person's area."""
    router = APIRouter(route_class=FilteredRoute)

    @router.get("/areas")
    async def standing(
        request: Request,
        who: Who,
        page: PageNumber = 1,
        incidents: PageNumber = 1,
        projects: PageNumber = 1,
    ) -> Response:
        """Three lists, each with its own page: the levels, the incidents and the projects."""
        levels = await desk.areas.standing(who.area, page)
        by_area: dict[str, list[Standing]] = {}
        for one in levels.lines:
            by_area.setdefault(one.warning["area"], []).append(one)
        struck, underpaid = (
            await desk.incidents.standing(who.area, incidents),
            await desk.projects.standing(who.area, projects),
        )
        return pages.render(
            request,
            "areas.html",
            person=who,
            levels=levels,
            by_area=list(by_area.values()),
            incidents=struck,
            projects=underpaid,
        )

    @router.get("/incidents/{number}")
    async def incident(
        request: Request, who: Who, number: Number, page: PageNumber = 1
    ) -> Response:
        return await _incident_page(desk, pages, request, who, number, page=page)

    @router.post("/incidents/{number}/take")
    async def take_all(
        request: Request,
        who: Who,
        number: Number,
        form: Annotated[TakeForm, Form()],
        page: PageNumber = 1,
    ) -> Response:
        require_csrf(request, who, form.csrf)
        taken, refused = await _take(desk, who, form)
        return await _incident_page(desk, pages, request, who, number, taken, refused, page=page)

    @router.get("/projects/{project}")
    async def project(
        request: Request, who: Who, project: ProjectName, page: PageNumber = 1
    ) -> Response:
        return await _project_page(desk, pages, request, who, project, page=page)

    @router.post("/projects/{project}/take")
    async def take_project(
        request: Request,
        who: Who,
        project: ProjectName,
        form: Annotated[TakeForm, Form()],
        page: PageNumber = 1,
    ) -> Response:
        require_csrf(request, who, form.csrf)
        taken, refused = await _take(desk, who, form)
        return await _project_page(desk, pages, request, who, project, taken, refused, page=page)

    @router.get("/areas/{number}")
    async def one(request: Request, who: Who, number: Number, page: PageNumber = 1) -> Response:
        return await _page(desk, pages, request, who, number, page=page)

    @router.post("/areas/{number}/acknowledge")
    async def acknowledge(
        request: Request, who: Who, number: Number, csrf: Annotated[str, Form()]
    ) -> Response:
        require_csrf(request, who, csrf)
        is_done = await desk.areas.acknowledge(who.name, who.area, number, datetime.now(UTC))
        desk.metrics.actions.labels("acknowledge_region", "done" if is_done else "stale").inc()
        return (
            RedirectResponse(f"/areas/{number}", status_code=303)
            if is_done
            else await _page(desk, pages, request, who, number)
        )

    @router.post("/areas/{number}/take")
    async def take(
        request: Request,
        who: Who,
        number: Number,
        form: Annotated[TakeForm, Form()],
        page: PageNumber = 1,
    ) -> Response:
        """Take the ticked cases, each by its own rules and version.

        What was not possible is said case by case.
        """
        require_csrf(request, who, form.csrf)
        taken, refused = await _take(desk, who, form)
        return await _page(desk, pages, request, who, number, taken, refused, page=page)

    return router


async def _take(desk: Desk, who: Person, form: TakeForm) -> tuple[int, Refused]:
    """How many were taken, and which were not, and why."""
    outcomes = [(case, await _taken(desk, who, *map(int, case.split(":")))) for case in form.cases]
    for _, why in outcomes:
        desk.metrics.actions.labels(_TAKE, "done" if why is None else "refused").inc()
    refused = [(int(case.split(":")[0]), why) for case, why in outcomes if why is not None]
    return len(outcomes) - len(refused), refused


async def _taken(desk: Desk, who: Person, number: int, version: int) -> tuple[str, str] | None:
    """None once it is taken; or why not, in both languages."""
    try:
        await desk.work.step(who, number, version, _TAKE, now=datetime.now(UTC))
    except (Stale, LookupError):
        return "已有变化", "changed meanwhile"
    except NotAllowed as error:
        return refusal(error.why)
    return None


async def _project_page(
    desk: Desk,
    pages: Pages,
    request: Request,
    who: Person,
    project: str,
    taken: int | None = None,
    refused: Refused | None = None,
    *,
    page: int = 1,
) -> Response:
    found = await desk.projects.households(who.area, project, page)
    if not found.lines:
        said = (
            "辖区内没有该项目未兑现的农户。",
            "The project pays no household of your area too little.",
        )
        return pages.render(
            request, "message.html", 404, person=who, title=("未找到", "Not found"), text=said
        )
    takeable = {Stage.LEAD.value}
    return pages.render(
        request,
        "project.html",
        person=who,
        project=project,
        found=found,
        takeable=takeable,
        taken=taken,
        refused=refused or [],
    )


async def _incident_page(
    desk: Desk,
    pages: Pages,
    request: Request,
    who: Person,
    number: int,
    taken: int | None = None,
    refused: Refused | None = None,
    *,
    page: int = 1,
) -> Response:
    found = await desk.incidents.page(who.area, number, page)
    if found is None:
        said = (
            "没有这起区域灾害，或不涉及您的辖区。",
            "There is no such incident, or none of your area.",
        )
        return pages.render(
            request, "message.html", 404, person=who, title=("未找到", "Not found"), text=said
        )
    checks = desk.checklists[found.incident["body"]["hazard"]]
    return pages.render(
        request,
        "incident.html",
        person=who,
        found=found,
        checks=checks,
        takeable={Stage.LEAD.value},
        taken=taken,
        refused=refused or [],
    )


async def _page(
    desk: Desk,
    pages: Pages,
    request: Request,
    who: Person,
    number: int,
    taken: int | None = None,
    refused: Refused | None = None,
    *,
    page: int = 1,
) -> Response:
    found = await desk.areas.page(who.area, number, page)
    if found is None:
        said = (
            "没有这条区域预警，或不在您的辖区。",
            "There is no such region warning in your area.",
        )
        return pages.render(
            request, "message.html", 404, person=who, title=("未找到", "Not found"), text=said
        )
    return pages.render(
        request,
        "area.html",
        person=who,
        found=found,
        takeable={Stage.LEAD.value},
        taken=taken,
        refused=refused or [],
    )
