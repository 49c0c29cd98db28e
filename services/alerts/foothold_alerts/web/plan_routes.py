"""Plan, visits, what is overdue, and the work lists."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field

from foothold_alerts.queries.lists import WorkList
from foothold_alerts.rules.acts.moment import moment
from foothold_alerts.rules.public import public_notice
from foothold_alerts.tables.rows import case_of
from foothold_alerts.web.case_routes import (
    MAX_NOTE,
    Number,
    PageNumber,
    Version,
    Who,
    changed,
    contact_of,
    not_found,
)
from foothold_alerts.web.desk import Desk, require_csrf
from foothold_alerts.web.filtered import FilteredRoute
from foothold_alerts.web.pages import Pages
from foothold_alerts.web.shown import Shown, given_back, of_finding
from foothold_alerts.web.words import WORDS
from foothold_schemas.facts.decisions import HarmlessReason, MeasureKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.disputes import Doubt

Note = Annotated[str, Form(max_length=MAX_NOTE)]


_LABELS = {
    "head": ("户主", "head of household"),
    "village": ("村", "village"),
    "members": ("人口", "members"),
    "posted_on": ("公示日期", "posted on"),
    "stands_until": ("公示截止", "stands until"),
}


class MeasureForm(BaseModel):
    """A measure to plan."""

    csrf: str
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    measure: MeasureKind
    against: Annotated[list[FindingKind], Field(max_length=20)] = []
    department: Annotated[str, Field(max_length=100)] = ""


class DisputeForm(BaseModel):
    """A fact that is doubted."""

    csrf: str
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    fact: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    doubt: Doubt
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""


class ExemptForm(BaseModel):
    """A finding that was checked."""

    csrf: str
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    finding: FindingKind
    reason: HarmlessReason
    until: date
    saw: Shown = ""


def plan_routes(desk: Desk, pages: Pages) -> APIRouter:
    """What is planned, done and listed."""
    router = APIRouter(route_class=FilteredRoute)
    _planning(router, desk, pages)

    @router.post("/cases/{number}/visits")
    async def visit(
        request: Request,
        who: Who,
        number: Number,
        csrf: Annotated[str, Form()],
        version: Version,
        on: Annotated[date, Form()],
        note: Note = "",
    ) -> Response:
        require_csrf(request, who, csrf)
        change = desk.plan.visit(who, number, version, on, now=datetime.now(UTC), note=note.strip())
        return await changed(desk, pages, request, who, number, "visit", change)

    @router.post("/cases/{number}/acknowledge")
    async def acknowledge(
        request: Request, who: Who, number: Number, csrf: Annotated[str, Form()], version: Version
    ) -> Response:
        require_csrf(request, who, csrf)
        return await changed(
            desk,
            pages,
            request,
            who,
            number,
            "acknowledge",
            desk.work.acknowledge(who, number, version, now=datetime.now(UTC)),
        )

    @router.post("/cases/{number}/take-over")
    async def take_over(
        request: Request, who: Who, number: Number, csrf: Annotated[str, Form()], version: Version
    ) -> Response:
        require_csrf(request, who, csrf)
        return await changed(
            desk,
            pages,
            request,
            who,
            number,
            "take_over",
            desk.work.take_over(who, number, version, now=datetime.now(UTC)),
        )

    @router.post("/cases/{number}/exempt")
    async def exempt(
        request: Request, who: Who, number: Number, form: Annotated[ExemptForm, Form()]
    ) -> Response:
        require_csrf(request, who, form.csrf)
        seen = of_finding(given_back(form.saw), form.finding)
        change = desk.work.exempt(
            who,
            number,
            form.version,
            form.finding,
            form.reason,
            form.until,
            now=datetime.now(UTC),
            saw=seen,
        )
        return await changed(desk, pages, request, who, number, "exempt", change)

    @router.post("/cases/{number}/pause")
    async def pause(
        request: Request,
        who: Who,
        number: Number,
        csrf: Annotated[str, Form()],
        version: Version,
        reason: Annotated[str, Form(max_length=40)],
    ) -> Response:
        require_csrf(request, who, csrf)
        return await changed(
            desk,
            pages,
            request,
            who,
            number,
            "pause",
            desk.work.pause(who, number, version, reason, now=datetime.now(UTC)),
        )

    @router.post("/cases/{number}/resume")
    async def resume(
        request: Request, who: Who, number: Number, csrf: Annotated[str, Form()], version: Version
    ) -> Response:
        require_csrf(request, who, csrf)
        return await changed(
            desk,
            pages,
            request,
            who,
            number,
            "resume",
            desk.work.resume(who, number, version, now=datetime.now(UTC)),
        )

    _printing(router, desk, pages)
    return router


def _printing(router: APIRouter, desk: Desk, pages: Pages) -> None:
    @router.get("/cases/{number}/public-notice")
    async def notice(request: Request, who: Who, number: Number) -> Response:
        """The sheet to post in the village: the allowed fields, and nothing of the rest."""
        found = await desk.inbox.case(who.area, number)
        contact = None if found is None else contact_of(desk, found.entry, is_masked=False)
        if found is None:
            return not_found(pages, request, who)
        case = case_of(found.case)
        household = moment(found.case["latest"], found.view, case.stage, case.episode)["household"]
        head = "" if contact is None else contact.name
        made = public_notice(
            case,
            head,
            found.case["area"],
            household["members"],
            desk.workflows.of(case.workflow),
            desk.calendar,
        )
        if made is None:
            said = ("目前不在公示期。", "No notice stands at the moment.")
            return pages.render(
                request, "message.html", 404, person=who, title=("未找到", "Not found"), text=said
            )
        return pages.render(
            request, "notice.html", person=who, number=number, fields=made.fields(), labels=_LABELS
        )

    @router.get("/lists/{name}")
    async def listed(request: Request, who: Who, name: WorkList, page: PageNumber = 1) -> Response:
        found = await desk.lists.page(name, who.area, datetime.now(UTC), page)
        return pages.render(
            request,
            "list.html",
            person=who,
            name=name,
            lists=list(WorkList),
            entries=found.entries,
            found=found,
            has_words=WORDS,
        )


def _planning(router: APIRouter, desk: Desk, pages: Pages) -> None:
    @router.post("/cases/{number}/disputes")
    async def dispute(
        request: Request, who: Who, number: Number, form: Annotated[DisputeForm, Form()]
    ) -> Response:
        require_csrf(request, who, form.csrf)
        change = desk.disputes.ask(
            who,
            number,
            form.version,
            form.fact,
            form.doubt,
            form.note.strip(),
            now=datetime.now(UTC),
        )
        return await changed(desk, pages, request, who, number, "dispute", change)

    @router.post("/cases/{number}/measures")
    async def intend(
        request: Request, who: Who, number: Number, form: Annotated[MeasureForm, Form()]
    ) -> Response:
        require_csrf(request, who, form.csrf)
        change = desk.plan.intend(
            who,
            number,
            form.version,
            form.measure,
            frozenset(form.against),
            form.department.strip(),
            now=datetime.now(UTC),
        )
        return await changed(desk, pages, request, who, number, "measure", change)

    @router.post("/cases/{number}/measures/{measure_id}/delivered")
    async def deliver(
        request: Request,
        who: Who,
        number: Number,
        measure_id: Number,
        csrf: Annotated[str, Form()],
        version: Version,
        on: Annotated[date, Form()],
    ) -> Response:
        require_csrf(request, who, csrf)
        return await changed(
            desk,
            pages,
            request,
            who,
            number,
            "measure",
            desk.plan.deliver(who, number, version, measure_id, on, now=datetime.now(UTC)),
        )

    @router.post("/cases/{number}/measures/{measure_id}/dropped")
    async def drop(
        request: Request,
        who: Who,
        number: Number,
        measure_id: Number,
        csrf: Annotated[str, Form()],
        version: Version,
        note: Note = "",
    ) -> Response:
        require_csrf(request, who, csrf)
        change = desk.plan.drop(
            who, number, version, measure_id, now=datetime.now(UTC), note=note.strip()
        )
        return await changed(desk, pages, request, who, number, "measure", change)
