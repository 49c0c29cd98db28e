"""The desk's application, beside which the routes of the cases stand.

It has headers, answers to what goes wrong, the log-in, the language and the live stream.
"""

import pathlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import quote, urlencode, urlsplit

import structlog
from fastapi import APIRouter, FastAPI, Form, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from foothold_alerts.people.passwords import TryLater
from foothold_alerts.people.presence import Gone
from foothold_alerts.web.act import Acting
from foothold_alerts.web.area_routes import area_routes
from foothold_alerts.web.case_routes import case_routes
from foothold_alerts.web.desk import Desk, Forged, NotLoggedIn, person_of, require_same_origin
from foothold_alerts.web.filtered import FilteredRoute, Unseen
from foothold_alerts.web.live import TooMany
from foothold_alerts.web.pages import COOKIE as LANGUAGE
from foothold_alerts.web.pages import Language, Pages
from foothold_alerts.web.plan_routes import plan_routes
from foothold_alerts.web.relief_routes import relief_routes
from foothold_runtime.logs import where_raised
from foothold_runtime.web import BodyLimits

MAX_FORM: Final = 256 * 1024
"""A form of the desk: its longest is a list of cases to take together."""
MAX_ADDRESS: Final = 2_000
A_YEAR: Final = 365 * 86_400
"""In seconds: how long a browser remembers the language."""
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src"
        " 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}

_NOT_VALID: Final = (
    ("请求无效", "Not valid"),
    (
        "地址或表单中的内容无效，请返回后重试。",
        "Something in the address or the form is not valid; go back and try again.",
    ),
)
_FAILED: Final = (
    ("出错了", "Something went wrong"),
    (
        "此操作未能完成，运维人员已收到记录。请返回后重试；如再次出现，请告知管理员。",
        (
            "This could not be done, and operations have a record of it. Go back and try again; if"
            " it happens again, tell them."
        ),
    ),
)
_AWAY: Final = (
    ("暂时无法使用", "Temporarily unavailable"),
    (
        "系统暂时无法使用，请稍后再试。",
        "The desk cannot be reached at this moment; try again shortly.",
    ),
)
_FORGED: Final = (
    ("请求被拒绝", "Refused"),
    ("请重新打开页面后再试。", "Open the page again and retry."),
)
_BY_STATUS: Final[dict[int, tuple[tuple[str, str], tuple[str, str]]]] = {
    404: (("未找到", "Not found"), ("没有这个页面。", "There is no such page.")),
    405: (
        ("请求无效", "Not valid"),
        ("此地址不接受这种请求。", "This address does not take such a request."),
    ),
    413: (
        ("内容过大", "Too large"),
        ("提交的内容过大，请缩短后重试。", "What was sent is too large; shorten it and try again."),
    ),
}

log = structlog.get_logger()


def make_app(desk: Desk) -> FastAPI:
    """The application."""
    app = FastAPI(title="Foothold inbox", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.state.pages = pages = Pages(desk.area_names)
    app.mount(
        "/static", StaticFiles(directory=pathlib.Path(__file__).with_name("static")), name="static"
    )
    app.include_router(_log_in_routes(pages))
    app.include_router(case_routes())
    app.include_router(relief_routes())
    app.include_router(plan_routes())
    app.include_router(area_routes())
    app.include_router(_live_routes(desk))
    app.add_middleware(BodyLimits, refuse=_too_large(pages), usual=MAX_FORM, larger={})
    app.middleware("http")(_harden)
    _answer_errors(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    app.exception_handler(Gone)(_to_log_in)
    app.exception_handler(NotLoggedIn)(_to_log_in)
    app.exception_handler(InterfaceError)(_database_away)
    app.exception_handler(OperationalError)(_database_away)
    app.exception_handler(Forged)(_forged)
    app.exception_handler(RequestValidationError)(_not_understood)
    app.exception_handler(Unseen)(_unseen)
    app.exception_handler(HTTPException)(_other)


async def _harden(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Give every page the headers, also one nobody has thought of."""
    try:
        response = await call_next(request)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except Exception as error:  # noqa: BLE001 - a page nobody has thought of must not come without headers
        # Where it was raised and nothing of its words, which may repeat what was sent.
        log.error(  # noqa: TRY400
            "alerts.request_failed",
            method=request.method,
            route=_route_of(request),
            where=where_raised(error),
        )
        response = _message(request, 500, *_FAILED)
    is_static = request.scope["path"].startswith("/static/")
    for name, value in _HEADERS.items():
        if name != "cache-control" or not is_static:
            response.headers[name] = value
    return response


async def _to_log_in(request: Request, _error: Exception) -> Response:
    # htmx would put the log-in page into a corner of this one
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": "/login"})
    is_form = request.method == "POST"
    is_act = is_form and request.url.path != "/logout"
    target = _back_to(request) if is_form else _address_of(request)
    asked = {"to": target} | ({"ended": "1"} if is_act else {})
    is_plain = not is_act and (target == "/" or is_form)
    return RedirectResponse("/login" if is_plain else f"/login?{urlencode(asked)}", status_code=303)


async def _database_away(request: Request, _error: Exception) -> Response:
    log.warning("alerts.database_away")
    return _message(request, 503, *_AWAY)


async def _forged(request: Request, _error: Forged) -> Response:
    return _message(request, 403, *_FORGED)


async def _not_understood(request: Request, _error: RequestValidationError) -> Response:
    return _message(request, 422, *_NOT_VALID)


async def _unseen(request: Request, error: Unseen) -> Response:
    chinese = f"“{error}”一栏含有看不见的控制字符，请重新输入后再提交。"
    english = f"The field “{error}” holds a control character that cannot be seen; type it again."
    return _message(request, 422, ("内容无效", "Not valid"), (chinese, english))


async def _other(request: Request, error: HTTPException) -> Response:
    return _message(request, error.status_code, *_BY_STATUS.get(error.status_code, _NOT_VALID))


def _message(
    request: Request, status: int, title: tuple[str, str], text: tuple[str, str]
) -> Response:
    pages: Pages = request.app.state.pages
    return pages.render(request, "message.html", status, person=None, title=title, text=text)


def _too_large(pages: Pages) -> ASGIApp:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        title, text = _BY_STATUS[413]
        page = pages.render(
            Request(scope), "message.html", 413, person=None, title=title, text=text
        )
        await page(scope, receive, send)

    return refuse


def _address_of(request: Request) -> str:
    return f"{request.url.path}{'?' + request.url.query if request.url.query else ''}"


def _route_of(request: Request) -> str:
    """The route's pattern, never the address: it may hold what somebody typed."""
    route = request.scope.get("route")
    return str(getattr(route, "path", "unknown"))


class LogIn(BaseModel):
    """Who comes in, and the page they asked for."""

    name: Annotated[str, Field(max_length=100)]
    password: Annotated[str, Field(max_length=200)]
    to: Annotated[str, Field(max_length=MAX_ADDRESS)] = "/"


def _of_the_desk(address: str) -> str:
    """The address, if it is a page of the desk and of nobody else; else the first page."""
    is_page = address.startswith("/") and not address.startswith(("//", "/\\", "/login"))
    return quote(address, safe="/?&=%") if is_page else "/"


def _back_to(request: Request) -> str:
    """The page of ours the request came from, else the first one."""
    try:
        before = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # half an IPv6 address
        return "/"
    is_ours = before.netloc == request.headers.get("host") and not before.path.startswith("//")
    return f"{before.path or '/'}{'?' + before.query if before.query else ''}" if is_ours else "/"


def _log_in_routes(pages: Pages) -> APIRouter:
    """The log-in page, coming in, going, and the language."""
    router = APIRouter(route_class=FilteredRoute)

    @router.get("/login")
    async def form(
        request: Request,
        to: Annotated[str, Query(max_length=MAX_ADDRESS)] = "/",
        *,
        ended: bool = False,
    ) -> Response:
        return pages.render(
            request,
            "login.html",
            person=None,
            is_wrong=False,
            wait=0,
            target=_of_the_desk(to),
            is_ended=ended,
        )

    @router.post("/login")
    async def log_in(request: Request, form: Annotated[LogIn, Form()]) -> Response:
        return await _log_in(request, form)

    @router.post("/logout")
    async def log_out(act: Acting) -> Response:
        desk = act.desk
        await desk.accounts.log_out(act.who, act.request.cookies[desk.cookie], act.now)
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(
            desk.cookie, path="/", secure=desk.is_production, httponly=True, samesite="strict"
        )
        return response

    @router.get("/language/{language}")
    async def choose(request: Request, language: Language) -> Response:
        """Remember how pages should speak, and go back to the page."""
        response = RedirectResponse(_back_to(request), status_code=303)
        _set_cookie(request, response, LANGUAGE, language.value, max_age=A_YEAR)
        return response

    return router


async def _log_in(request: Request, form: LogIn) -> Response:
    """Let the person in, and on to the page that was asked for."""
    require_same_origin(request)
    desk: Desk = request.app.state.desk
    address = request.client.host if request.client is not None else ""
    try:
        token = await desk.accounts.log_in(form.name, form.password, datetime.now(UTC), address)
    except TryLater as error:
        desk.metrics.actions.labels("log_in", "throttled").inc()
        page = _again(request, form, 429, wait=error.seconds)
        page.headers["retry-after"] = str(error.seconds)
        return page
    desk.metrics.actions.labels("log_in", "done" if token else "refused").inc()
    if token is None:
        return _again(request, form, 401, wait=0)
    response = RedirectResponse(_of_the_desk(form.to), status_code=303)
    _set_cookie(request, response, desk.cookie, token)
    return response


def _again(request: Request, form: LogIn, status: int, *, wait: int) -> Response:
    """The page once more: `wait` seconds, or the name or the password was wrong."""
    pages: Pages = request.app.state.pages
    return pages.render(
        request,
        "login.html",
        status,
        person=None,
        target=_of_the_desk(form.to),
        is_ended=False,
        is_wrong=not wait,
        wait=wait,
    )


def _set_cookie(
    request: Request, response: Response, name: str, value: str, *, max_age: int | None = None
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        httponly=True,
        samesite="strict",
        secure=request.app.state.desk.is_production,
        path="/",
    )


def _live_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=FilteredRoute)

    @router.get("/live")
    async def live(request: Request) -> Response:
        """Server-sent events: `changed` when a case of the person's area changed."""
        person = await person_of(desk, request)
        token = request.cookies[desk.cookie]

        async def is_welcome() -> bool:
            return await desk.accounts.person(token, datetime.now(UTC)) is not None

        try:
            events = await desk.pulse.stream(person.name, person.area, is_welcome)
        except TooMany:
            # tells the browser not to ask again; the page goes on polling
            return Response(status_code=204)
        return StreamingResponse(
            events, media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )

    return router
