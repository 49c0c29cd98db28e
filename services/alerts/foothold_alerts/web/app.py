"""Routes of the desk. Every one but the log-in needs a session; every change needs the session's token and the version of the page."""

import hmac
import pathlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, FastAPI, Form, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.exc import InterfaceError, OperationalError

from foothold_alerts.accounts import Accounts, Person
from foothold_alerts.cases import Cases, Stale
from foothold_alerts.inbox import Inbox, hours_left
from foothold_alerts.metrics import Metrics
from foothold_alerts.rules.act import Action
from foothold_alerts.rules.case import DISMISS_REASONS, OPEN, CloseReason, Stage
from foothold_alerts.rules.respond import SHANGHAI
from foothold_alerts.web.words import en, zh
from foothold_schemas.values import Fen

MAX_NOTE: Final = 500
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Version = Annotated[int, Form(ge=0, le=2**31 - 1)]
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}

log = structlog.get_logger()


class NotLoggedIn(Exception):  # noqa: N818 - an answer
    """No session, or one that ended."""


class Forged(Exception):  # noqa: N818 - an answer
    """A change without the session's token, or from another site."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    accounts: Accounts
    cases: Cases
    inbox: Inbox
    metrics: Metrics
    is_production: bool

    @property
    def cookie(self) -> str:
        """`__Host-` ties the cookie to this host and HTTPS; plain HTTP on a developer's machine cannot carry it."""
        return "__Host-foothold" if self.is_production else "foothold"


class Pages:
    """Renders templates; every value is escaped."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("foothold_alerts.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.filters |= {"zh": zh, "en": en, "moment": _moment, "yuan": _yuan, "area": _area}

    def render(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """The page."""
        text = self._environment.get_template(template).render(now=datetime.now(UTC), **values)
        return HTMLResponse(text, status_code=status)


def _moment(value: datetime | str) -> str:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _yuan(fen: int | None) -> str:
    return "" if fen is None else str(Fen(fen))


def _area(code: str) -> str:
    return " ".join((code[:6], code[6:9], code[9:])).strip()


def make_app(desk: Desk) -> FastAPI:
    """The application."""
    app = FastAPI(title="Foothold inbox", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages()
    app.mount("/static", StaticFiles(directory=pathlib.Path(__file__).with_name("static")), name="static")
    app.include_router(_log_in_routes(desk, pages))
    app.include_router(_case_routes(desk, pages))

    @app.middleware("http")
    async def harden(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in _HEADERS.items():
            if name != "cache-control" or not request.url.path.startswith("/static/"):
                response.headers[name] = value
        return response

    @app.exception_handler(NotLoggedIn)
    async def to_log_in(_request: Request, _error: NotLoggedIn) -> Response:
        return RedirectResponse("/login", status_code=303)

    @app.exception_handler(RequestValidationError)
    async def not_understood(_request: Request, _error: RequestValidationError) -> Response:
        said = ("地址或表单中的内容无效，请返回后重试。", "Something in the address or the form is not valid; go back and try again.")
        return pages.render("message.html", 422, person=None, title=("请求无效", "Not valid"), text=said)

    @app.exception_handler(InterfaceError)
    @app.exception_handler(OperationalError)
    async def away(_request: Request, _error: Exception) -> Response:
        log.warning("alerts.database_away")
        said = (
            "系统暂时无法使用，请稍后再试。",
            "The desk cannot be reached at this moment; try again shortly.",
        )
        return pages.render("message.html", 503, person=None, title=("暂时无法使用", "Temporarily unavailable"), text=said)

    @app.exception_handler(Forged)
    async def refuse(_request: Request, _error: Forged) -> Response:
        return pages.render(
            "message.html", 403, person=None, title=("请求被拒绝", "Refused"), text=("请重新打开页面后再试。", "Open the page again and retry.")
        )

    return app


def _log_in_routes(desk: Desk, pages: Pages) -> APIRouter:
    router = APIRouter()

    @router.get("/login")
    async def form() -> Response:
        return pages.render("login.html", person=None, is_wrong=False)

    @router.post("/login")
    async def log_in(request: Request, name: Annotated[str, Form(max_length=100)], password: Annotated[str, Form(max_length=200)]) -> Response:
        _same_origin(request)
        token = await desk.accounts.log_in(name, password, datetime.now(UTC))
        desk.metrics.actions.labels("log_in", "done" if token else "refused").inc()
        if token is None:
            return pages.render("login.html", 401, person=None, is_wrong=True)
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(desk.cookie, token, httponly=True, samesite="strict", secure=desk.is_production, path="/")
        return response

    @router.post("/logout")
    async def log_out(request: Request, csrf: Annotated[str, Form()]) -> Response:
        person = await _person(desk, request)
        _own_form(request, person, csrf)
        await desk.accounts.log_out(person, request.cookies[desk.cookie], datetime.now(UTC))
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(desk.cookie, path="/", secure=desk.is_production, httponly=True, samesite="strict")
        return response

    return router


def _case_routes(desk: Desk, pages: Pages) -> APIRouter:
    router = APIRouter()

    async def person(request: Request) -> Person:
        return await _person(desk, request)

    Who = Annotated[Person, Depends(person)]  # noqa: N806 - a type

    @router.get("/")
    async def inbox(who: Who, stage: Stage | None = None, page: int = 1) -> Response:
        found = await desk.inbox.page(who.area, stage, max(1, min(page, 10_000)))
        return pages.render("inbox.html", person=who, inbox=found, stage=stage, stages=list(Stage), hours_left=hours_left)

    @router.get("/cases/{number}")
    async def case(who: Who, number: Number) -> Response:
        return await _case_page(desk, pages, who, number)

    @router.post("/cases/{number}/relief/{relief_id}")
    async def pay(
        request: Request, who: Who, number: Number, relief_id: Number, csrf: Annotated[str, Form()], version: Version, amount: Annotated[str, Form()]
    ) -> Response:
        _own_form(request, who, csrf)
        text = amount.strip()
        if not _AMOUNT.fullmatch(text) or not text.isascii() or int(Fen.parse(text)) == 0:
            said = ("金额无效：请填写大于零、最多两位小数的数字。", "Not an amount: write a number above zero with at most two decimals.")
            return await _case_page(desk, pages, who, number, 422, said)
        change = desk.cases.pay(
            number=number, version=version, relief_id=relief_id, amount_fen=int(Fen.parse(text)), actor=who.name, area=who.area, now=datetime.now(UTC)
        )
        return await _changed(desk, pages, who, number, "relief_paid", change)

    @router.post("/cases/{number}/{action}")
    async def act(
        request: Request,
        who: Who,
        number: Number,
        action: Action,
        csrf: Annotated[str, Form()],
        version: Version,
        reason: Annotated[CloseReason | None, Form()] = None,
        note: Annotated[str, Form(max_length=MAX_NOTE)] = "",
    ) -> Response:
        _own_form(request, who, csrf)
        change = desk.cases.act(
            number=number, version=version, action=action, actor=who.name, area=who.area, now=datetime.now(UTC), reason=reason, note=note.strip()
        )
        return await _changed(desk, pages, who, number, action.value, change)

    return router


async def _changed(desk: Desk, pages: Pages, who: Person, number: int, action: str, change: Awaitable[None]) -> Response:
    try:
        await change
    except LookupError:
        desk.metrics.actions.labels(action, "unknown").inc()
        return _not_here(pages, who)
    except Stale:
        desk.metrics.actions.labels(action, "stale").inc()
        said = ("此案件已被他人更新，以下为最新内容，请核对后再操作。", "Somebody changed this case meanwhile. This is how it stands now; check and act again.")
        return await _case_page(desk, pages, who, number, 409, said)
    desk.metrics.actions.labels(action, "done").inc()
    log.info("alerts.action", action=action, case_number=number, account=who.name)
    return RedirectResponse(f"/cases/{number}", status_code=303)


async def _case_page(desk: Desk, pages: Pages, who: Person, number: int, status: int = 200, said: tuple[str, str] | None = None) -> Response:
    found = await desk.inbox.case(who.area, number)
    if found is None:
        return _not_here(pages, who)
    is_open = Stage(found.case["stage"]) in OPEN
    return pages.render(
        "case.html", status, person=who, page=found, latest=found.case["latest"], is_open=is_open, reasons=DISMISS_REASONS, said=said, hours_left=hours_left
    )


def _not_here(pages: Pages, who: Person) -> Response:
    return pages.render("message.html", 404, person=who, title=("未找到", "Not found"), text=("您的辖区内没有此案件。", "There is no such case in your area."))


async def _person(desk: Desk, request: Request) -> Person:
    token = request.cookies.get(desk.cookie)
    person = await desk.accounts.person(token, datetime.now(UTC)) if token else None
    if person is None:
        raise NotLoggedIn
    return person


def _own_form(request: Request, person: Person, csrf: str) -> None:
    _same_origin(request)
    if not hmac.compare_digest(csrf.encode(), person.csrf.encode()):
        raise Forged


def _same_origin(request: Request) -> None:
    """Browsers say where a form comes from; a form from elsewhere is refused. Programs that say nothing still need the token."""
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise Forged
