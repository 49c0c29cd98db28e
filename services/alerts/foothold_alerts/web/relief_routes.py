"""What people do with temporary relief.

Every amount is seen once more on a page of its own before anything is done with it.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field

from foothold_alerts.cases.locked import NotAllowed, Stale
from foothold_alerts.people.accounts import Person
from foothold_alerts.queries.inbox import CasePage
from foothold_alerts.rules.relief.relief import ReliefAct, ReliefRefusal
from foothold_alerts.web.amounts import AMOUNT_WORDS, AmountNo, fen_of
from foothold_alerts.web.case_routes import (
    MAX_NOTE,
    Number,
    Version,
    Who,
    changed,
    not_found,
    outdated,
)
from foothold_alerts.web.desk import Desk, require_csrf
from foothold_alerts.web.filtered import FilteredRoute
from foothold_alerts.web.pages import Pages
from foothold_alerts.web.refusals import refusal
from foothold_schemas.findings import FindingKind

MAX_AMOUNT: Final = 20
WITH_AMOUNT: Final = frozenset(
    {
        ReliefAct.DECIDE,
        ReliefAct.AMEND,
        ReliefAct.PAPERS,
        ReliefAct.CORRECT_PAPERS,
        ReliefAct.CAME_BACK,
    }
)
"""Acts that fill in an amount: they go by the page that shows it once more."""
_OF_THE_AMOUNT: Final = frozenset(ReliefRefusal) - {
    ReliefRefusal.STATUS,
    ReliefRefusal.ROLE,
    ReliefRefusal.SAME_PERSON,
    ReliefRefusal.NOT_FOUND,
}
"""Reasons that another amount or a note does away with: what was filled in stays on the page."""


class ReliefForm(BaseModel):
    """A form of a relief; which fields count depends on the act."""

    csrf: str
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    amount: Annotated[str, Field(max_length=MAX_AMOUNT)] = ""
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""


class _Asked(NamedTuple):
    """What a person is about to do: with which relief of which case."""

    number: int
    relief_id: int
    act: ReliefAct
    form: ReliefForm


def relief_routes(desk: Desk, pages: Pages) -> APIRouter:
    """The acts, the page before those with an amount, and the county's exception."""
    router = APIRouter(route_class=FilteredRoute)

    @router.post("/cases/{number}/relief/{relief_id}/{act}")
    async def relieve(
        request: Request,
        who: Who,
        number: Number,
        relief_id: Number,
        act: ReliefAct,
        form: Annotated[ReliefForm, Form()],
    ) -> Response:
        require_csrf(request, who, form.csrf)
        asked = _Asked(number, relief_id, act, form)
        fen = fen_of(form.amount)
        if isinstance(fen, AmountNo):
            return await _confirm_page(desk, pages, request, who, asked, AMOUNT_WORDS[fen])
        change = desk.relief.relieve(
            who,
            number,
            form.version,
            relief_id,
            act,
            now=datetime.now(UTC),
            amount=fen,
            note=form.note.strip(),
        )

        async def with_what_was_filled_in(error: NotAllowed) -> Response | None:
            is_of_amount = act in WITH_AMOUNT and error.why in _OF_THE_AMOUNT
            return (
                await _confirm_page(desk, pages, request, who, asked, refusal(error.why))
                if is_of_amount
                else None
            )

        return await changed(
            desk, pages, request, who, number, "relief", change, with_what_was_filled_in
        )

    @router.post("/cases/{number}/relief/{relief_id}/{act}/confirm")
    async def confirm(
        request: Request,
        who: Who,
        number: Number,
        relief_id: Number,
        act: ReliefAct,
        form: Annotated[ReliefForm, Form()],
    ) -> Response:
        """The amount once more, in figures and in words, before anything is done with it.

        Or why it cannot be done, beside what was filled in.
        """
        require_csrf(request, who, form.csrf)
        asked = _Asked(number, relief_id, act, form)
        fen = fen_of(form.amount)
        if isinstance(fen, AmountNo):
            return await _confirm_page(desk, pages, request, who, asked, AMOUNT_WORDS[fen])
        try:
            why = await desk.relief.refusal_of(
                who,
                number,
                form.version,
                relief_id,
                act,
                now=datetime.now(UTC),
                amount=fen,
                note=form.note.strip(),
            )
        except LookupError:
            return not_found(pages, request, who)
        except Stale:
            return await outdated(desk, pages, request, who, number)
        return await _confirm_page(
            desk, pages, request, who, asked, None if why is None else refusal(why)
        )

    @router.post("/cases/{number}/relief-again")
    async def again(
        request: Request,
        who: Who,
        number: Number,
        csrf: Annotated[str, Form()],
        version: Version,
        cause: Annotated[FindingKind, Form()],
        note: Annotated[str, Form(max_length=MAX_NOTE)] = "",
    ) -> Response:
        require_csrf(request, who, csrf)
        change = desk.relief.again(
            who, number, version, cause, now=datetime.now(UTC), note=note.strip()
        )
        return await changed(desk, pages, request, who, number, "relief", change)

    return router


async def _confirm_page(
    desk: Desk,
    pages: Pages,
    request: Request,
    who: Person,
    asked: _Asked,
    said: tuple[str, str] | None,
) -> Response:
    """What is about to be done, whose it is, and the fields to fill in otherwise.

    With `said` it cannot be done as it stands.
    """
    found = await desk.inbox.case(who.area, asked.number)
    relief = None if found is None else _relief_of(found, asked.relief_id)
    if found is None or relief is None or asked.act not in WITH_AMOUNT:
        return not_found(pages, request, who)
    fen = fen_of(asked.form.amount)
    return pages.render(
        request,
        "confirm.html",
        200 if said is None else 422,
        person=who,
        case=found.case,
        relief=relief,
        act=asked.act,
        version=asked.form.version,
        fen=None if isinstance(fen, AmountNo) else fen,
        typed=asked.form.amount.strip(),
        note=asked.form.note.strip(),
        currency=found.case["latest"]["policy"]["currency"],
        said=said,
    )


def _relief_of(found: CasePage, relief_id: int) -> object | None:
    return next(
        (
            one
            for one in found.relief
            if one["relief_id"] == relief_id and one["case_id"] == found.case["case_id"]
        ),
        None,
    )
