"""The inbox, a case, and what people do with it.

Every change needs the session's token and the version of the page.
"""

import unicodedata
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Path, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, Field

from foothold_alerts.cases.locked import NotAllowed, Stale
from foothold_alerts.jobs.clocks import are_soon
from foothold_alerts.queries.grounds import grounds_of
from foothold_alerts.queries.inbox import CasePage, Search, hours_left
from foothold_alerts.queries.lists import WorkList
from foothold_alerts.rules.acts.act import WrongRole
from foothold_alerts.rules.acts.moment import moment, since
from foothold_alerts.rules.acts.pause import ends_on
from foothold_alerts.rules.case import (
    BEFORE_IDENTIFIED,
    DISMISS_REASONS,
    OPEN,
    SINCE_IDENTIFIED,
    CloseReason,
    Role,
    Stage,
)
from foothold_alerts.rules.relief.causes import RELIEF
from foothold_alerts.rules.relief.relief import ReliefRefusal, may
from foothold_alerts.tables.rows import relief_of
from foothold_alerts.web.act import (
    MAX_NOTE,
    Acting,
    CaseAct,
    NoteText,
    Number,
    OnCase,
    PageNumber,
    Visit,
    Visiting,
)
from foothold_alerts.web.desk import Desk
from foothold_alerts.web.filtered import FilteredRoute
from foothold_alerts.web.refusals import refusal
from foothold_alerts.web.shown import Shown, given_back, shown_by
from foothold_alerts.web.words import en, zh
from foothold_schemas.facts.decisions import HarmlessReason, MeasureKind
from foothold_schemas.facts.directory import Contact, DirectoryEntry
from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.messages.disputes import Doubt
from foothold_schemas.seal import BrokenSeal
from foothold_schemas.values import JsonObject

Find = Annotated[str, Query(max_length=64)]
StepName = Annotated[str, Path(pattern=r"^[a-z][a-z_]{1,39}$")]
ReviewNote = Annotated[str, Form(min_length=1, max_length=MAX_NOTE)]


class StepForm(BaseModel):
    """A step of the workflow; which fields count depends on what it needs."""

    reason: Annotated[CloseReason | None, BeforeValidator(lambda chosen: chosen or None)] = None
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""
    saw: Shown = ""


log = structlog.get_logger()


def case_routes() -> APIRouter:
    """What is looked at, and what is done."""
    router = APIRouter(route_class=FilteredRoute)
    _looking(router)
    _doing(router)
    _taking_back(router)
    return router


def _looking(router: APIRouter) -> None:

    @router.get("/")
    async def inbox(
        visit: Visiting,
        stage: Stage | None = None,
        page: PageNumber = 1,
        find: Find = "",
        *,
        urgent: bool = False,
    ) -> Response:
        searched = unicodedata.normalize("NFKC", find).strip()
        cases = await visit.desk.inbox.page(
            visit.who.area,
            stage,
            page,
            is_urgent=urgent,
            find=Search(searched, visit.desk.area_names.holding(searched)),
        )
        stages, lists = list(Stage), list(WorkList)
        chosen = {
            "stage": stage,
            "is_urgent": urgent,
            "find": searched,
            "stages": stages,
            "lists": lists,
        }
        return visit.render(
            "inbox.html",
            inbox=cases,
            hours_left=hours_left,
            status=200,
            **chosen,
        )

    @router.get("/cases/{number}")
    async def case(visit: Visiting, number: Number) -> Response:
        return await _case_page(visit, number)

    @router.get("/cases/{number}/news")
    async def news(visit: Visiting, number: Number, version: int = 0) -> Response:
        """What a page of an older version shows; nothing while it is the newest."""
        current = await visit.desk.inbox.version(visit.who.area, number)
        if current is None or current == version:
            return Response(status_code=204)
        return visit.pages.render(visit.request, "news.html", number=number)

    @router.post("/cases/{number}/contact")
    async def contact(act: Acting, number: Number) -> Response:
        if not await act.desk.work.note_shown(act.who, number, now=act.now):
            return act.not_found()
        act.desk.metrics.actions.labels("contact", "done").inc()
        return await _case_page(act, number, is_masked=False)


def _taking_back(router: APIRouter) -> None:
    @router.post("/cases/{number}/reopen")
    async def reopen(act: OnCase, note: NoteText = "") -> Response:
        change = act.desk.back.reopen(act.handling, note.strip())
        return await changed(act, "step", change)

    @router.post("/cases/{number}/roll-back")
    async def roll_back(act: OnCase, note: NoteText = "") -> Response:
        change = act.desk.back.roll_back(act.handling, note.strip())
        return await changed(act, "step", change)


def _doing(router: APIRouter) -> None:
    @router.post("/cases/{number}/reviewed")
    async def reviewed(
        act: OnCase, note: Annotated[str, Form(min_length=1, max_length=MAX_NOTE)]
    ) -> Response:
        change = act.desk.work.reviewed(act.handling, note.strip())
        return await changed(act, "reviewed", change)

    @router.post("/cases/{number}/steps/{name}")
    async def step(act: OnCase, name: StepName, form: Annotated[StepForm, Form()]) -> Response:
        change = act.desk.work.step(
            act.handling, name, reason=form.reason, note=form.note.strip(), saw=given_back(form.saw)
        )
        return await changed(act, "step", change)


Refused = Callable[[NotAllowed], Awaitable[Response | None]]


async def changed(
    act: CaseAct,
    action: str,
    change: Awaitable[None],
    refused: Refused | None = None,
) -> Response:
    """Make the change and go to the case.

    Or say why it was not made, on the page as it stands, or on the one `refused` answers with.
    """
    try:
        await change
    except LookupError:
        act.desk.metrics.actions.labels(action, "unknown").inc()
        return act.not_found()
    except Stale:
        act.desk.metrics.actions.labels(action, "stale").inc()
        return await outdated(act)
    except NotAllowed as error:
        act.desk.metrics.actions.labels(action, "refused").inc()
        if refused is not None and (page := await refused(error)) is not None:
            return page
        is_anothers = isinstance(error.why, WrongRole) or error.why is ReliefRefusal.ROLE
        return await _case_page(
            act,
            act.number,
            status=403 if is_anothers else 422,
            objection=refusal(error.why),
        )
    act.desk.metrics.actions.labels(action, "done").inc()
    log.info("alerts.action", action=action, case_number=act.number, account=act.who.name)
    return RedirectResponse(f"/cases/{act.number}", status_code=303)


async def outdated(act: CaseAct) -> Response:
    """The case as it stands now, for a form of an older page, with the note typed there."""
    zh, en = (
        "此案件已被他人更新，以下为最新内容，请核对后再操作。",
        "Somebody changed this case meanwhile. This is how it stands now; check and act again.",
    )
    note = str((await act.request.form()).get("note") or "").strip()
    objection = (
        (
            f"{zh}您刚才填写的说明没有登记：{note}",
            f"{en} What you had written was not recorded: {note}",
        )
        if note
        else (zh, en)
    )
    return await _case_page(act, act.number, status=409, objection=objection)


async def _case_page(
    visit: Visit,
    number: int,
    *,
    status: int = 200,
    objection: tuple[str, str] | None = None,
    is_masked: bool = True,
) -> Response:
    desk, who = visit.desk, visit.who
    shown = await desk.inbox.case(who.area, number)
    if shown is None:
        return visit.not_found()
    stands = moment(shown.case.latest, shown.view, Stage(shown.case.stage), shown.case.episode)
    return visit.render(
        "case.html",
        status,
        page=shown,
        latest=shown.case.latest,
        stands=stands,
        changes=since(shown.case.latest, stands),
        contact=contact_of(desk, shown.entry, is_masked=is_masked),
        is_masked=is_masked,
        is_soon=are_soon(
            (deadline.due_at for deadline in shown.deadlines),
            desk.workflows.of(shown.case.workflow).limits.urgent_hours,
            datetime.now(UTC),
        ),
        pause_ends=shown.case.paused_on
        and ends_on(shown.case.paused_on, desk.workflows.of(shown.case.workflow)),
        is_before=Stage(shown.case.stage) in BEFORE_IDENTIFIED,
        proposed=_proposed(shown.case.proposed_what or ""),
        is_open=Stage(shown.case.stage) in OPEN,
        pauses=(
            desk.workflows.of(shown.case.workflow).pauses
            if Stage(shown.case.stage) in BEFORE_IDENTIFIED and who.role is not Role.VILLAGE
            else {}
        ),
        steps=[
            s
            for s in desk.workflows.of(shown.case.workflow).at(Stage(shown.case.stage))
            if who.role in s.roles
        ],
        reasons=DISMISS_REASONS,
        grounds=grounds_of(shown, stands, desk.workflows.of(shown.case.workflow).limits),
        may=lambda relief: may(relief_of(relief), who.role),
        causes=[cause for cause in RELIEF if cause in found_causes(shown)],
        measures=list(MeasureKind),
        harmless=list(HarmlessReason),
        doubts=list(Doubt),
        doubted={dispute.fact_id: dispute for dispute in shown.disputes},
        sent=AGENCY_KINDS,
        risks=[f["rule"] for f in stands.get("findings", ()) if f["is_risk"]],
        is_identified=Stage(shown.case.stage) in SINCE_IDENTIFIED,
        role=who.role,
        objection=objection,
        shown=shown_by(stands),
        hours_left=hours_left,
    )


def found_causes(shown: CasePage) -> set[str]:
    """What the household comes under now, as its case or its view says."""
    return {
        finding["rule"]
        for finding in (
            *shown.case.latest.get("findings", ()),
            *(shown.view or {}).get("findings", ()),
        )
    }


def _proposed(what: str) -> tuple[str, str]:
    """The first word of two people, in both languages: codes by their words, a day as it is."""
    codes = what.split()
    return " · ".join(map(zh, codes)), " · ".join(map(en, codes))


def contact_of(desk: Desk, entry: JsonObject | None, *, is_masked: bool) -> Contact | None:
    """Return whom to visit, masked until somebody asks for more.

    Masked, it has the surname and the end of the number. Asking for more leaves a trace.
    """
    if entry is None:
        return None
    try:
        contact = DirectoryEntry.model_validate(entry).open(desk.directory_seal)
    except BrokenSeal:
        log.warning("alerts.contact_sealed_otherwise")
        return None
    if not is_masked:
        return contact
    telephone = contact.telephone and f"*****{contact.telephone[-2:]}"
    return contact.model_copy(
        update={
            "name": f"{contact.name[:1]}**",
            "address": contact.address and "***",
            "telephone": telephone,
        }
    )
