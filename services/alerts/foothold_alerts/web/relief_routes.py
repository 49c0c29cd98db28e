"""What people do with temporary relief.

Every amount is seen once more on a page of its own before anything is done with it.
"""

from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Form, Path, Response
from pydantic import BaseModel, Field

from foothold_alerts.cases.locked import NotAllowed, Stale
from foothold_alerts.queries.grounds import grounds_of
from foothold_alerts.queries.inbox import CasePage
from foothold_alerts.rules.acts.moment import moment
from foothold_alerts.rules.case import Stage
from foothold_alerts.rules.relief.relief import ReliefAct, ReliefRefusal
from foothold_alerts.web.act import MAX_NOTE, CaseAct, Number, OnCase
from foothold_alerts.web.amounts import AMOUNT_WORDS, AmountNo, fen_of
from foothold_alerts.web.case_routes import changed, outdated
from foothold_alerts.web.filtered import FilteredRoute
from foothold_alerts.web.refusals import refusal
from foothold_schemas.findings import FindingKind

MAX_AMOUNT: Final = 20
Kind = Annotated[ReliefAct, Path(alias="act")]
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

    amount: Annotated[str, Field(max_length=MAX_AMOUNT)] = ""
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""


class _Asked(NamedTuple):
    """What a person is about to do, and with which relief of the case."""

    relief_id: int
    kind: ReliefAct
    form: ReliefForm


def relief_routes() -> APIRouter:
    """The acts, the page before those with an amount, and the county's exception."""
    router = APIRouter(route_class=FilteredRoute)

    @router.post("/cases/{number}/relief/{relief_id}/{act}")
    async def relieve(
        act: OnCase, relief_id: Number, kind: Kind, form: Annotated[ReliefForm, Form()]
    ) -> Response:
        return await _relieve(act, _Asked(relief_id, kind, form))

    @router.post("/cases/{number}/relief/{relief_id}/{act}/confirm")
    async def confirm(
        act: OnCase, relief_id: Number, kind: Kind, form: Annotated[ReliefForm, Form()]
    ) -> Response:
        """The amount once more, in figures and in words, before anything is done with it.

        Or why it cannot be done, beside what was filled in.
        """
        return await _confirm(act, _Asked(relief_id, kind, form))

    @router.post("/cases/{number}/relief-again")
    async def again(
        act: OnCase,
        cause: Annotated[FindingKind, Form()],
        note: Annotated[str, Form(max_length=MAX_NOTE)] = "",
    ) -> Response:
        change = act.desk.relief.again(act.handling, cause, note=note.strip())
        return await changed(act, "relief", change)

    return router


async def _relieve(act: CaseAct, asked: _Asked) -> Response:
    fen = fen_of(asked.form.amount)
    if isinstance(fen, AmountNo):
        return await _confirm_page(act, asked, AMOUNT_WORDS[fen])
    change = act.desk.relief.relieve(
        act.handling, asked.relief_id, asked.kind, amount=fen, note=asked.form.note.strip()
    )

    async def with_what_was_filled_in(error: NotAllowed) -> Response | None:
        is_of_amount = asked.kind in WITH_AMOUNT and error.why in _OF_THE_AMOUNT
        return await _confirm_page(act, asked, refusal(error.why)) if is_of_amount else None

    return await changed(act, "relief", change, with_what_was_filled_in)


async def _confirm(act: CaseAct, asked: _Asked) -> Response:
    fen = fen_of(asked.form.amount)
    if isinstance(fen, AmountNo):
        return await _confirm_page(act, asked, AMOUNT_WORDS[fen])
    try:
        why = await act.desk.relief.refusal_of(
            act.handling, asked.relief_id, asked.kind, amount=fen, note=asked.form.note.strip()
        )
    except LookupError:
        return act.not_found()
    except Stale:
        return await outdated(act)
    return await _confirm_page(act, asked, None if why is None else refusal(why))


async def _confirm_page(
    act: CaseAct,
    asked: _Asked,
    objection: tuple[str, str] | None,
) -> Response:
    """What is about to be done, whose it is, and the fields to fill in otherwise.

    With an objection it cannot be done as it stands.
    """
    shown = await act.desk.inbox.case(act.who.area, act.number)
    relief = None if shown is None else _relief_of(shown, asked.relief_id)
    if shown is None or relief is None or asked.kind not in WITH_AMOUNT:
        return act.not_found()
    stands = moment(shown.case.latest, shown.view, Stage(shown.case.stage), shown.case.episode)
    limits = act.desk.workflows.of(shown.case.workflow).limits
    fen = fen_of(asked.form.amount)
    return act.render(
        "confirm.html",
        200 if objection is None else 422,
        case=shown.case,
        relief=relief,
        grounds=grounds_of(shown, stands, limits),
        is_withheld=shown.case.latest["figures"].get("is_withheld", False),
        act=asked.kind,
        version=act.version,
        fen=None if isinstance(fen, AmountNo) else fen,
        typed=asked.form.amount.strip(),
        note=asked.form.note.strip(),
        currency=shown.case.latest["policy"]["currency"],
        objection=objection,
    )


def _relief_of(shown: CasePage, relief_id: int) -> object | None:
    return next(
        (
            relief
            for relief in shown.relief
            if relief.relief_id == relief_id and relief.case_id == shown.case.case_id
        ),
        None,
    )
