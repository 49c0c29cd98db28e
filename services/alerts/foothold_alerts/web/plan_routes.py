"""Plan, visits, what is overdue, and the work lists."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from foothold_alerts.queries.lists import WorkList
from foothold_alerts.rules.acts.moment import moment
from foothold_alerts.rules.public import Posted, public_notice
from foothold_alerts.tables.rows import case_of
from foothold_alerts.web.act import MAX_NOTE, NoteText, Number, OnCase, PageNumber, Visiting
from foothold_alerts.web.case_routes import changed, contact_of
from foothold_alerts.web.filtered import FilteredRoute
from foothold_alerts.web.shown import Shown, given_back, of_finding
from foothold_alerts.web.words import WORDS
from foothold_schemas.facts.decisions import HarmlessReason, MeasureKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.disputes import Doubt

_LABELS = {
    "head": ("户主", "head of household"),
    "village": ("村", "village"),
    "members": ("人口", "members"),
    "posted_on": ("公示日期", "posted on"),
    "stands_until": ("公示截止", "stands until"),
}


class MeasureForm(BaseModel):
    """A measure to plan."""

    measure: MeasureKind
    against: Annotated[list[FindingKind], Field(max_length=20)] = []
    department: Annotated[str, Field(max_length=100)] = ""


class DisputeForm(BaseModel):
    """A fact that is doubted."""

    fact: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    doubt: Doubt
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""


class ExemptForm(BaseModel):
    """A finding that was checked."""

    finding: FindingKind
    reason: HarmlessReason
    until: date
    saw: Shown = ""


def plan_routes() -> APIRouter:
    """What is planned, done and listed."""
    router = APIRouter(route_class=FilteredRoute)
    _planning(router)

    @router.post("/cases/{number}/visits")
    async def visit(act: OnCase, on: Annotated[date, Form()], note: NoteText = "") -> Response:
        change = act.desk.plan.visit(act.handling, on, note=note.strip())
        return await changed(act, "visit", change)

    @router.post("/cases/{number}/acknowledge")
    async def acknowledge(act: OnCase) -> Response:
        return await changed(
            act,
            "acknowledge",
            act.desk.work.acknowledge(act.handling),
        )

    @router.post("/cases/{number}/take-over")
    async def take_over(act: OnCase) -> Response:
        return await changed(
            act,
            "take_over",
            act.desk.work.take_over(act.handling),
        )

    @router.post("/cases/{number}/exempt")
    async def exempt(act: OnCase, form: Annotated[ExemptForm, Form()]) -> Response:
        seen = of_finding(given_back(form.saw), form.finding)
        change = act.desk.work.exempt(act.handling, form.finding, form.reason, form.until, saw=seen)
        return await changed(act, "exempt", change)

    @router.post("/cases/{number}/pause")
    async def pause(act: OnCase, reason: Annotated[str, Form(max_length=40)]) -> Response:
        return await changed(
            act,
            "pause",
            act.desk.work.pause(act.handling, reason),
        )

    @router.post("/cases/{number}/resume")
    async def resume(act: OnCase) -> Response:
        return await changed(
            act,
            "resume",
            act.desk.work.resume(act.handling),
        )

    _printing(router)
    return router


def _printing(router: APIRouter) -> None:
    @router.get("/cases/{number}/public-notice")
    async def notice(visit: Visiting, number: Number) -> Response:
        """The sheet to post in the village: the allowed fields, and nothing of the rest."""
        desk = visit.desk
        shown = await desk.inbox.case(visit.who.area, number)
        contact = None if shown is None else contact_of(desk, shown.entry, is_masked=False)
        if shown is None:
            return visit.not_found()
        case = case_of(shown.case)
        household = moment(shown.case.latest, shown.view, case.stage, case.episode)["household"]
        head = "" if contact is None else contact.name
        posted = public_notice(
            case,
            Posted(head, shown.case.area, household["members"]),
            desk.workflows.of(case.workflow),
            desk.calendar,
        )
        if posted is None:
            text = ("目前不在公示期。", "No notice stands at the moment.")
            return visit.not_found(text)
        return visit.render("notice.html", number=number, fields=posted.fields(), labels=_LABELS)

    @router.get("/lists/{name}")
    async def listed(visit: Visiting, name: WorkList, page: PageNumber = 1) -> Response:
        shown = await visit.desk.lists.page(name, visit.who.area, datetime.now(UTC), page)
        return visit.render(
            "list.html",
            name=name,
            lists=list(WorkList),
            entries=shown.entries,
            shown=shown,
            has_words=WORDS,
        )


def _planning(router: APIRouter) -> None:
    @router.post("/cases/{number}/disputes")
    async def dispute(act: OnCase, form: Annotated[DisputeForm, Form()]) -> Response:
        change = act.desk.disputes.ask(act.handling, form.fact, form.doubt, form.note.strip())
        return await changed(act, "dispute", change)

    @router.post("/cases/{number}/measures")
    async def intend(act: OnCase, form: Annotated[MeasureForm, Form()]) -> Response:
        change = act.desk.plan.intend(
            act.handling, form.measure, frozenset(form.against), form.department.strip()
        )
        return await changed(act, "measure", change)

    @router.post("/cases/{number}/measures/{measure_id}/delivered")
    async def deliver(act: OnCase, measure_id: Number, on: Annotated[date, Form()]) -> Response:
        return await changed(
            act,
            "measure",
            act.desk.plan.deliver(act.handling, measure_id, on),
        )

    @router.post("/cases/{number}/measures/{measure_id}/dropped")
    async def drop(act: OnCase, measure_id: Number, note: NoteText = "") -> Response:
        change = act.desk.plan.drop(act.handling, measure_id, note=note.strip())
        return await changed(act, "measure", change)
