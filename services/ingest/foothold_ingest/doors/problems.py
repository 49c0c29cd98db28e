"""RFC 9457 problems, which say what, where and what to do.

Every refusal does so, and carries no value that was sent.
"""

from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foothold_ingest.agencies.audit import FORBIDDEN
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.judgement import Rejected
from foothold_runtime.logs import where_raised
from foothold_runtime.process.away import unavailable_dependency
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.tracing import TRACEPARENT, begin, read, trace_id

_MALFORMED: Final = frozenset(
    {
        RefusalReason.NOT_JSON,
        RefusalReason.DUPLICATE_KEY,
        RefusalReason.CONTROL_CHARACTER,
        RefusalReason.TOO_DEEP,
        RefusalReason.TOO_LONG,
    }
)
_TITLES: Final = {
    400: "Not readable",
    401: "Key needed",
    403: "Not allowed",
    404: "Not here",
    405: "Other method",
    409: "Not now",
    413: "Too large",
    415: "Media type",
    422: "Not acceptable",
    500: "Our fault",
    503: "Try again",
}

Problem = dict[str, object]
log = structlog.get_logger()


def problem(status: int, slug: str, detail: str, **more: object) -> Problem:
    """The body of a problem."""
    return {
        "type": f"urn:foothold:problem:{slug.replace('_', '-')}",
        "title": _TITLES[status],
        "status": status,
        "detail": detail,
        **more,
    }


class WrongFlag(ValueError):  # noqa: N818 - an answer
    """A yes-or-no in the address is neither."""


def flag(text: str | None) -> bool:
    """`true` or `false`, false without one; anything else might mean either, so raise WrongFlag."""
    if text not in (None, "true", "false", "1", "0"):
        raise WrongFlag
    return text in ("true", "1")


def has_nul(request: Request) -> bool:
    """Whether a NUL stands in the address, which PostgreSQL takes in no text."""
    return b"%00" in request.scope.get("raw_path", b"") + request.scope.get("query_string", b"")


def _status_of(reason: RefusalReason) -> int:
    if reason in FORBIDDEN:
        return 403
    if reason is RefusalReason.TOO_LARGE:
        return 413
    if reason is RefusalReason.MEDIA_TYPE:
        return 415
    return 400 if reason in _MALFORMED else 422


def of_rejected(rejected: Rejected) -> Problem:
    """The problem of a refused event."""
    status = _status_of(rejected.reason)
    fields = [{"field": f.field, "problem": f.problem} for f in rejected.fields]
    return problem(
        status, rejected.reason, rejected.detail, **({"fields": fields} if fields else {})
    )


def trace_of(request: Request) -> str:
    """The trace context the request came in, else one of our own; the same whenever it is asked."""
    if not hasattr(request.state, TRACEPARENT):
        request.state.traceparent = read(request.headers.get(TRACEPARENT)) or begin()
    traceparent: str = request.state.traceparent
    return traceparent


def answer(request: Request, body: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response of a problem, with the id by which our logs know the request."""
    status, named = body["status"], {**body, "trace_id": trace_id(trace_of(request))}
    return JSONResponse(
        named,
        status_code=status if isinstance(status, int) else 500,
        media_type="application/problem+json",
        headers=headers,
    )


def stranger(request: Request) -> JSONResponse:
    """Answer a request with nobody's key.

    None was sent, or one that no agency has, has any longer, or whose agency is disabled. Which of
    these it is a stranger is not told.
    """
    if request.headers.get("authorization"):
        detail = (
            "密钥不对，或已停用。请核对，或请运维核发新的。 This key is wrong, or was ended;"
            " compare it with the one you were given, or ask the operators for another."
        )
        return answer(request, problem(401, "key_wrong", detail), {"www-authenticate": "Bearer"})
    detail = "请在请求头中带上密钥： Send your agency's key as `Authorization: Bearer <key>`."
    return answer(request, problem(401, "key_needed", detail), {"www-authenticate": "Bearer"})


async def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Answer a request at a defect of ours.

    The caller learns under which id operations find it, the log where it was raised, and nobody
    what was sent.
    """
    # as it was declared, without what was sent
    route = getattr(request.scope.get("route"), "path", "")
    if unavailable_dependency(error) is not None:
        log.warning(
            "ingest.away",
            route=route,
            where=where_raised(error),
            trace_id=trace_id(trace_of(request)),
        )
        detail = (
            "暂时无法处理，请稍后原样重发。 Kafka or the database cannot be asked at this moment;"
            " send the same request again."
        )
        return answer(request, problem(503, "away", detail), {"retry-after": "2"})
    if isinstance(error, ClientDisconnect):  # nobody hears the answer
        log.info("ingest.hung_up", route=route, trace_id=trace_id(trace_of(request)))
        return answer(
            request,
            problem(
                400,
                "hung_up",
                "连接在内容传完之前断开。 The connection ended before the body did; send the"
                " request again.",
            ),
        )
    log.error(
        "ingest.unexpected",
        route=route,
        where=where_raised(error),
        trace_id=trace_id(trace_of(request)),
    )
    detail = (
        "出现内部错误，已记录；请稍后原样重发。 Something went wrong here and is written down; send"
        " the same request again later, or name the trace id."
    )
    return answer(request, problem(500, "internal", detail))


async def too_large(scope: Scope, receive: Receive, send: Send) -> None:
    """A body larger than any its address takes, answered without reading it."""
    refused = answer(
        Request(scope),
        problem(
            413,
            "too_large",
            "内容过大，请分次报送。 The body is larger than this address takes; send it in pieces.",
        ),
    )
    await refused(scope, receive, send)


async def unreadable_form(request: Request, _: Exception) -> JSONResponse:
    """A form or an address of another shape than the route's.

    The framework's own answer would repeat what was sent.
    """
    return answer(
        request,
        problem(
            422,
            "invalid_field",
            "表单或地址不完整。 A field of the form or of the address is missing, or is not right.",
        ),
    )


class Unbroken:
    """Stands around every route and answers an exception nobody has thought of.

    The answer is inside the pages' own headers, and the exception ends neither connection nor
    process.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def note(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception as error:  # the last resort; what it was stands in the log
            if has_begun:
                raise
            response = await unexpected(Request(scope), error)
            self._metrics.requests.labels(str(response.status_code)).inc()
            await response(scope, receive, send)
