"""The HTTP door: bytes → strict events → the log.

It answers 202 only after the broker has the facts.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final, TypeVar

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.doors.problems import (
    Problem,
    Unbroken,
    WrongFlag,
    answer,
    flag,
    of_rejected,
    problem,
    stranger,
    trace_of,
    unexpected,
    unreadable_form,
)
from foothold_ingest.doors.uploads import FileDoor
from foothold_ingest.intake.days import CannotOpen, Days
from foothold_ingest.intake.intake import Breath, Intake, traced
from foothold_ingest.intake.recent import Recent
from foothold_ingest.log.writer import Busy, Unknown
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.binding import BATCH, EVENTS, MAX_BODY, STRUCTURED, from_http
from foothold_ingest.rules.judgement import (
    Accepted,
    Caller,
    FieldProblem,
    Held,
    Judgement,
    Rejected,
)
from foothold_ingest.rules.media_types import MediaType, check_charset
from foothold_ingest.rules.strict_json import MAX_EVENTS, JsonValue, NotStrict, loads, loads_batch
from foothold_ingest.settings import DayClock
from foothold_schemas.facts.facts import DayOpened
from foothold_schemas.wire.tracing import trace_id

DOOR: Final = "http"
OFF_THE_LOOP_BYTES: Final = 64 * 1024
"""A body larger than this is parsed in a thread: nobody else waits for it."""
RETRY_SECONDS: Final = "2"

T = TypeVar("T")
log = structlog.get_logger()


class TooLarge(Exception):  # noqa: N818 - an answer
    """The body is larger than MAX_BODY."""


class OtherMedia(Exception):  # noqa: N818 - an answer
    """The content type is none in which events come."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that is kept: in the log, or held until the register names its person.

    `is_repeat`: this replica saw it before.

    `warnings`: what was read otherwise than it was written, or can hardly be.
    """

    id: str
    fact_id: str
    is_repeat: bool
    is_held: bool = False
    warnings: tuple[FieldProblem, ...] = ()


class Door:
    """Judges and publishes the events of one request."""

    def __init__(
        self,
        *,
        agencies: Agencies,
        intake: Intake,
        days: Days,
        metrics: Metrics,
        day_clock: DayClock,
    ) -> None:
        self._agencies = agencies
        self._intake = intake
        self._days = days
        self.metrics = metrics
        self._day_clock = day_clock
        self._recent = Recent()

    async def events(self, request: Request) -> Response:
        """POST /v1/events."""
        started = time.perf_counter()
        try:
            response = await self._answer(request)
        except (OperationalError, InterfaceError):
            log.warning("ingest.database_away")
            detail = (
                "The register of agencies cannot be asked at this moment; send the same request"
                " again."
            )
            response = answer(
                request, problem(503, "register_away", detail), {"retry-after": RETRY_SECONDS}
            )
        self.metrics.requests.labels(str(response.status_code)).inc()
        took = round((time.perf_counter() - started) * 1000, 1)
        log.info(
            "ingest.request",
            status=response.status_code,
            ms=took,
            trace_id=trace_id(trace_of(request)),
        )
        return response

    async def _answer(self, request: Request) -> Response:  # noqa: PLR0911 - a line per answer
        caller = await self._agencies.caller(request.headers.get("authorization"))
        if caller is None:
            return stranger(request)
        try:
            is_dry_run = flag(request.query_params.get("dry_run"))
            events = [traced(event, trace_of(request)) for event in await events_of(request)]
        except WrongFlag:
            return answer(request, problem(422, "invalid_field", "`dry_run` is true or false."))
        except OtherMedia as error:
            return answer(request, problem(415, "media_type", str(error) or _MEDIA))
        except TooLarge:
            return answer(
                request,
                problem(
                    413,
                    "too_large",
                    f"A body may have {MAX_BODY} bytes and {MAX_EVENTS} events; send several"
                    " requests.",
                ),
            )
        except NotStrict as error:
            return answer(
                request,
                of_rejected(Rejected(error.reason, f"{str(error)[:1].upper()}{str(error)[1:]}.")),
            )
        if is_dry_run:
            return await self._dry_run(request, events, caller, is_batch=_is_batch(request))
        results = await self._judge_and_keep(request, events, caller)
        if isinstance(results, Response):
            return results
        return _batch(request, results) if _is_batch(request) else _single(request, results[0])

    async def _judge_and_keep(
        self, request: Request, events: list[JsonValue], caller: Caller
    ) -> list[Problem | Taken] | Response:
        clock = self._days.clock(datetime.now(UTC))
        judged = await self._intake.judge(events, caller, clock, is_barrier=True)
        try:
            await self._intake.keep(
                [a for a in judged if not isinstance(a, Rejected)], is_patient=False
            )
            results = [
                (
                    await self._open_day(a)
                    if isinstance(a, Accepted) and isinstance(a.record.data, DayOpened)
                    else a
                )
                for a in judged
            ]
        except Busy:
            return answer(
                request,
                problem(
                    503, "busy", "Too many events wait already; nothing of this request was taken."
                ),
                {"retry-after": RETRY_SECONDS},
            )
        except Unknown:
            detail = (
                "Kafka has not confirmed, or you said much to everybody at once, which goes out a"
                " few at a time; the facts may be there or not. Send the same events (same source"
                " and id) again: repeats count once."
            )
            return answer(
                request,
                problem(503, "unconfirmed", detail, outcome="unknown"),
                {"retry-after": RETRY_SECONDS},
            )
        breath = Breath()
        for event, result in zip(events, results, strict=True):
            self._intake.report(
                DOOR,
                caller.agency,
                event,
                result if isinstance(result, Accepted | Held | Rejected) else None,
            )
            await breath.take()
        return [
            (
                of_rejected(r)
                if isinstance(r, Rejected)
                else self._taken(r)
                if isinstance(r, Accepted | Held)
                else r
            )
            for r in results
        ]

    async def _dry_run(
        self, request: Request, events: list[JsonValue], caller: Caller, *, is_batch: bool
    ) -> Response:
        """What would be answered; nothing is kept, counted or told."""
        now = datetime.now(UTC)
        results = await self._with_days(
            await self._intake.judge(events, caller, self._days.clock(now), is_barrier=True), now
        )
        if not is_batch and isinstance(refusal := results[0], dict):
            return answer(request, refusal)
        refused = sum(isinstance(result, dict) for result in results)
        items = [{"index": place, **_previewed(result)} for place, result in enumerate(results)]
        return JSONResponse(
            {
                "dry_run": True,
                "accepted": len(results) - refused,
                "refused": refused,
                "results": items,
            }
        )

    async def _with_days(
        self, judged: Sequence[Judgement], now: datetime
    ) -> list[Accepted | Held | Problem]:
        """Return what the door would make of these judgements.

        Events are refused by the rules, and days by their book, which no rule can know.
        """
        refusals = iter(
            await self._refusals_of(
                [
                    a.record.data
                    for a in judged
                    if isinstance(a, Accepted) and isinstance(a.record.data, DayOpened)
                ],
                now,
            )
        )
        results: list[Accepted | Held | Problem] = []
        for judgement in judged:
            if isinstance(judgement, Rejected):
                results.append(of_rejected(judgement))
            else:
                is_day = isinstance(judgement.record.data, DayOpened) and isinstance(
                    judgement, Accepted
                )
                results.append((next(refusals) if is_day else None) or judgement)
        return results

    async def _refusals_of(self, days: Sequence[DayOpened], now: datetime) -> list[Problem | None]:
        if not days or self._day_clock is DayClock.WALL:
            return [_BY_CLOCK for _ in days]
        previews = await self._days.preview([(d.day, d.is_quiet) for d in days], now)
        return [None if error is None else _not_opened(error) for error in previews]

    def _taken(self, kept: Accepted | Held) -> Taken:
        says_the_same = self._recent.seen(kept.record.fact_id, kept.record.data.model_dump_json())
        warnings = (*kept.warnings, _OTHER_CONTENT) if says_the_same is False else kept.warnings
        return Taken(
            kept.record.id,
            kept.record.fact_id,
            is_repeat=says_the_same is not None,
            is_held=isinstance(kept, Held),
            warnings=warnings,
        )

    async def _open_day(self, accepted: Accepted) -> Accepted | Problem:
        data = accepted.record.data
        if not isinstance(data, DayOpened) or self._day_clock is DayClock.WALL:
            return _BY_CLOCK
        try:
            await self._days.open(data.day, datetime.now(UTC), is_quiet=data.is_quiet)
        except CannotOpen as error:
            return _not_opened(error)
        return accepted


_OTHER_CONTENT: Final = FieldProblem(
    "/id",
    "another content came under this id, and that counts: give a correction an id of its own, and"
    " name this one in `amends` （该编号此前已报过其他内容，以先报的为准；更正请用新编号，并在"
    " amends 中写明本编号）",
)
_PACKED: Final = "Send the body as it is; a content encoding such as gzip is not taken."
_MEDIA: Final = (
    f"Send one event as {STRUCTURED}, a list of them as {BATCH}, or its data as application/json or"
    " application/*+json with ce- headers; always in UTF-8."
)
_BY_CLOCK: Final = problem(
    409, "days_by_clock", "Days are opened by the clock here (FOOTHOLD_DAY_CLOCK=wall)."
)


def _not_opened(error: CannotOpen) -> Problem:
    return problem(409, "day_not_opened", f"The day was not opened: {error}.")


def _previewed(result: Accepted | Held | Problem) -> dict[str, object]:
    if isinstance(result, dict):
        return {"status": result["status"], "problem": result}
    held = {"held": True} if isinstance(result, Held) else {}
    return {"status": 202, **held, **_warned(result.warnings)}


async def _body(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


async def events_of(request: Request) -> list[JsonValue]:
    """The events of a request in any of the three content modes of CloudEvents over HTTP."""
    media = MediaType.of(request.headers.get("content-type", ""))
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise OtherMedia(_PACKED)
    if media.name in (STRUCTURED, BATCH):
        check_charset(media)
        body = await _body(request)
        return (
            await _parsed(loads_batch, body)
            if media.name == BATCH
            else [await _parsed(loads, body)]
        )
    if media.name.startswith(EVENTS) or "ce-specversion" not in request.headers:
        raise OtherMedia
    return [await _parsed(partial(from_http, request.headers.items()), await _body(request))]


def _is_batch(request: Request) -> bool:
    return MediaType.of(request.headers.get("content-type", "")).name == BATCH


async def _parsed(parse: Callable[[bytes], T], body: bytes) -> T:
    return await asyncio.to_thread(parse, body) if len(body) > OFF_THE_LOOP_BYTES else parse(body)


def _warned(warnings: Sequence[FieldProblem]) -> dict[str, object]:
    """What the sender is told beside the acceptance."""
    return (
        {"warnings": [{"field": w.field, "problem": w.problem} for w in warnings]}
        if warnings
        else {}
    )


def _single(request: Request, result: Problem | Taken) -> Response:
    return (
        JSONResponse(_result_of(result), status_code=202)
        if isinstance(result, Taken)
        else answer(request, result)
    )


def _batch(request: Request, results: list[Problem | Taken]) -> Response:
    items = [
        {
            "index": i,
            **(_result_of(r) if isinstance(r, Taken) else {"status": r["status"], "problem": r}),
        }
        for i, r in enumerate(results)
    ]
    refused = sum(not isinstance(r, Taken) for r in results)
    answer = {
        "accepted": len(results) - refused,
        "refused": refused,
        "results": items,
        "trace_id": trace_id(trace_of(request)),
    }
    return JSONResponse(answer, status_code=207 if refused else 202)


def _result_of(taken: Taken) -> dict[str, object]:
    more = {"duplicate": taken.is_repeat, "held": taken.is_held}
    return {
        "status": 202,
        "id": taken.id,
        "fact_id": taken.fact_id,
        **{name: True for name, is_so in more.items() if is_so},
        **_warned(taken.warnings),
    }


def routes_of(app: FastAPI) -> list[Route]:
    """Every route of the application, also those it took over from a router."""
    return [
        route
        for mounted in app.routes
        for route in getattr(getattr(mounted, "original_router", None), "routes", [mounted])
        if isinstance(route, Route)
    ]


async def _not_here(request: Request, error: Exception) -> Response:
    """No such route, or not with this method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == HTTPStatus.BAD_REQUEST:
        return answer(
            request,
            problem(400, "unreadable_form", "The form cannot be read; open its page again."),
        )
    slug, detail = (
        ("other_method", "This address takes another method.")
        if status == 405  # noqa: PLR2004
        else ("not_here", "Nothing stands at this address.")
    )
    methods = {
        m
        for route in routes_of(request.app)
        if route.matches(request.scope)[0] is Match.PARTIAL
        for m in route.methods or ()
    }
    # each route knows only its own
    headers = {"allow": ", ".join(sorted(methods))} if methods else None
    return answer(
        request, problem(status, slug, f"{detail} /openapi.json says what there is."), headers
    )


@cache
def _document() -> dict[str, Any]:
    """Made from the contract's models by `make generate`; a test holds it against the routes."""
    document: dict[str, Any] = json.loads(
        files("foothold_ingest").joinpath("openapi.json").read_text(encoding="utf-8")
    )
    return document


def make_app(door: Door, file_door: FileDoor | None = None) -> FastAPI:
    """The application. Its OpenAPI document stands at /openapi.json."""
    app = FastAPI(title="Foothold ingest", version="1", docs_url=None, redoc_url=None)
    app.openapi = _document  # type: ignore[method-assign]  # the way FastAPI offers for a document of one's own
    app.add_api_route(
        "/v1/events",
        door.events,
        methods=["POST"],
        status_code=202,
        summary="Report events",
        response_class=JSONResponse,
        response_model=None,
    )
    app.add_exception_handler(HTTPException, _not_here)
    app.add_exception_handler(RequestValidationError, unreadable_form)
    app.add_exception_handler(Exception, unexpected)
    app.add_middleware(Unbroken, metrics=door.metrics)
    if file_door is not None:
        file_door.add_to(app)
    return app
