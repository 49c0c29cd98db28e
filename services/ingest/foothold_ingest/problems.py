"""RFC 9457 problems: every refusal says what, where and what to do, and carries no value that was sent."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from foothold_ingest.audit import FORBIDDEN
from foothold_ingest.rules.judgement import Rejected
from foothold_schemas.quarantine import RefusalReason
from foothold_schemas.tracing import TRACEPARENT, begin, read, trace_id

_MALFORMED: Final = frozenset(
    {RefusalReason.NOT_JSON, RefusalReason.DUPLICATE_KEY, RefusalReason.CONTROL_CHARACTER, RefusalReason.TOO_DEEP, RefusalReason.TOO_LONG}
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
    503: "Try again",
}

Problem = dict[str, object]


def problem(status: int, slug: str, detail: str, **more: object) -> Problem:
    """The body of a problem."""
    return {"type": f"urn:foothold:problem:{slug.replace('_', '-')}", "title": _TITLES[status], "status": status, "detail": detail, **more}


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


def of_rejected(rejected: Rejected) -> Problem:
    """The problem of a refused event."""
    status = 403 if rejected.reason in FORBIDDEN else 400 if rejected.reason in _MALFORMED else 422
    fields = [{"field": f.field, "problem": f.problem} for f in rejected.fields]
    return problem(status, rejected.reason, rejected.detail, **({"fields": fields} if fields else {}))


def trace_of(request: Request) -> str:
    """The trace context the request came in, else one of our own; the same whenever it is asked."""
    if not hasattr(request.state, TRACEPARENT):
        request.state.traceparent = read(request.headers.get(TRACEPARENT)) or begin()
    traceparent: str = request.state.traceparent
    return traceparent


def answer(request: Request, body: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response of a problem, with the id by which our logs know the request."""
    status, named = body["status"], {**body, "trace_id": trace_id(trace_of(request))}
    return JSONResponse(named, status_code=status if isinstance(status, int) else 500, media_type="application/problem+json", headers=headers)
