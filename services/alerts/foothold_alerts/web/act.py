"""What a request at the desk carries: who asks, and for a change the proof that it is theirs.

Session, origin, token, number, version and clock are read here, once. A route that changes
something takes an Act or a CaseAct, and cannot forget one of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Form, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from foothold_alerts.cases.locked import Handling
from foothold_alerts.people.accounts import Person
from foothold_alerts.web.desk import Desk, person_of, require_csrf
from foothold_alerts.web.pages import Pages

MAX_NOTE: Final = 500
MOST_PAGES: Final = 10_000
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
PageNumber = Annotated[int, AfterValidator(lambda page: max(1, min(page, MOST_PAGES)))]
"""A page of a list: what lies outside is the first or the last."""
NoteText = Annotated[str, Form(max_length=MAX_NOTE)]
_VERSION: Final = TypeAdapter[int](Annotated[int, Field(ge=0, le=2**31 - 1)])


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at the desk, and what their page is made with."""

    desk: Desk
    pages: Pages
    request: Request
    who: Person

    def render(self, template: str, status: int = 200, **values: object) -> Response:
        """The page, in the reader's language."""
        return self.pages.render(self.request, template, status, person=self.who, **values)

    def not_found(
        self,
        text: tuple[str, str] = (
            "您的辖区内没有此案件。",
            "There is no such case in your area.",
        ),
    ) -> Response:
        """No such thing, or none in the person's area: both look the same."""
        return self.render("message.html", 404, title=("未找到", "Not found"), text=text)


@dataclass(frozen=True, slots=True)
class Act(Visit):
    """A form of ours, sent by whose session it was made for. `now`: when it came."""

    now: datetime


@dataclass(frozen=True, slots=True)
class CaseAct(Act):
    """A change of the case with this number, from a page of this version."""

    number: int
    version: int

    @property
    def handling(self) -> Handling:
        """What the case's acts ask for."""
        return Handling(self.who, self.number, self.version, self.now)


async def _visit(request: Request) -> Visit:
    desk: Desk = request.app.state.desk
    pages: Pages = request.app.state.pages
    return Visit(desk, pages, request, await person_of(desk, request))


Visiting = Annotated[Visit, Depends(_visit)]


async def prove(visit: Visiting) -> Act:
    """The act, once its form is proven; raise Forged, or RequestValidationError without a token."""
    csrf = (await visit.request.form()).get("csrf")
    if not csrf or not isinstance(csrf, str):
        raise RequestValidationError([_missing("csrf")])
    require_csrf(visit.request, visit.who, csrf)
    return Act(visit.desk, visit.pages, visit.request, visit.who, datetime.now(UTC))


Acting = Annotated[Act, Depends(prove)]


async def _case_act(act: Acting, number: Number) -> CaseAct:
    try:
        version = _VERSION.validate_python((await act.request.form()).get("version"))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_context=False)) from None
    return CaseAct(act.desk, act.pages, act.request, act.who, act.now, number, version)


OnCase = Annotated[CaseAct, Depends(_case_act)]


def _missing(field: str) -> dict[str, Any]:
    return {"type": "missing", "loc": ("body", field), "msg": "Field required", "input": None}
