"""The HTTP door: bytes → strict events → the log. It answers 202 only after the broker has the facts."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.responses import JSONResponse

from foothold_ingest.agencies import Agencies
from foothold_ingest.days import CannotOpen, Days
from foothold_ingest.metrics import Metrics
from foothold_ingest.problems import Problem, answer, of_rejected, problem
from foothold_ingest.publish import Busy, Publisher, Unknown
from foothold_ingest.rules.accept import Accepted, Caller, Rejected, RejectReason, accept
from foothold_ingest.rules.strict_json import JsonValue, NotStrict, loads
from foothold_ingest.settings import DayClock
from foothold_schemas.envelope import event_type
from foothold_schemas.facts import AGENCY_KINDS, OPERATOR_KINDS, DayOpened, FeedHeard, PolicyAdopted

SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
MAX_BODY: Final = 1024 * 1024
MAX_BATCH: Final = 1_000
RETRY_SECONDS: Final = "2"

log = structlog.get_logger()


class TooLarge(Exception):  # noqa: N818 - an answer
    """The body is larger than MAX_BODY."""


class Door:
    """Judges and publishes the events of one request."""

    def __init__(self, *, agencies: Agencies, publisher: Publisher, days: Days, metrics: Metrics, day_clock: DayClock, secret: bytes) -> None:
        self._agencies = agencies
        self._publisher = publisher
        self._days = days
        self._metrics = metrics
        self._day_clock = day_clock
        self._secret = secret

    async def events(self, request: Request) -> Response:
        """POST /v1/events."""
        started = time.perf_counter()
        try:
            response = await self._answer(request)
        except (OperationalError, InterfaceError):
            log.warning("ingest.database_away")
            detail = "The register of agencies cannot be asked at this moment; send the same request again."
            response = answer(problem(503, "register_away", detail), {"retry-after": RETRY_SECONDS})
        self._metrics.requests.labels(str(response.status_code)).inc()
        log.info("ingest.request", status=response.status_code, ms=round((time.perf_counter() - started) * 1000, 1))
        return response

    async def _answer(self, request: Request) -> Response:
        caller = await self._agencies.caller(request.headers.get("authorization"))
        if caller is None:
            detail = "Send your agency's key as `Authorization: Bearer <key>`."
            return answer(problem(401, "key_needed", detail), {"www-authenticate": "Bearer"})
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in (SINGLE, BATCH):
            return answer(problem(415, "media_type", f"Send one event as {SINGLE} or a list of them as {BATCH}."))
        try:
            events = _events(loads(await _body(request)), is_batch=media_type == BATCH)
        except TooLarge:
            return answer(problem(413, "too_large", f"A body may have {MAX_BODY} bytes and {MAX_BATCH} events; send several requests."))
        except NotStrict as error:
            return answer(of_rejected(Rejected(RejectReason(error.reason), f"{str(error)[:1].upper()}{str(error)[1:]}.")))
        results = await self._judge_and_send(events, caller)
        if isinstance(results, Response):
            return results
        return _single(results[0]) if media_type == SINGLE else _batch(results)

    async def _judge_and_send(self, events: list[JsonValue], caller: Caller) -> list[Problem | Accepted] | Response:
        clock = self._days.clock(datetime.now(UTC))
        judged = [_judge(event, lambda e: accept(e, caller, clock, self._secret)) for event in events]
        accepted = [a for a in judged if isinstance(a, Accepted)]
        try:
            if keyed := [a.record for a in accepted if a.record.household_id is not None]:
                await self._publisher.send(keyed)
            if everywhere := [a.record for a in accepted if isinstance(a.record.data, FeedHeard | PolicyAdopted)]:
                await self._publisher.broadcast(everywhere)
            results = [await self._open_day(a) if isinstance(a, Accepted) and isinstance(a.record.data, DayOpened) else a for a in judged]
        except Busy:
            return answer(problem(503, "busy", "Too many events wait already; nothing of this request was taken."), {"retry-after": RETRY_SECONDS})
        except Unknown:
            detail = "Kafka has not confirmed; the facts may be there or not. Send the same events (same source and id) again: repeats count once."
            return answer(problem(503, "unconfirmed", detail, outcome="unknown"), {"retry-after": RETRY_SECONDS})
        for event, judgement in zip(events, results, strict=True):
            self._tell(_kind(event), judgement)
        return [of_rejected(r) if isinstance(r, Rejected) else r for r in results]

    async def _open_day(self, accepted: Accepted) -> Accepted | Problem:
        data = accepted.record.data
        if not isinstance(data, DayOpened) or self._day_clock is DayClock.WALL:
            return problem(409, "days_by_clock", "Days are opened by the clock here (FOOTHOLD_DAY_CLOCK=wall).")
        try:
            await self._days.open(data.day, datetime.now(UTC))
        except CannotOpen as error:
            return problem(409, "day_not_opened", f"The day was not opened: {error}.")
        return accepted

    def _tell(self, kind: str, judgement: Accepted | Rejected | Problem) -> None:
        match judgement:
            case Accepted(record):
                self._metrics.facts.labels(record.data.kind, "accepted").inc()
                log.info(
                    "ingest.event", fact_id=record.fact_id, household_id=record.household_id, kind=record.data.kind, agency=record.agency, outcome="accepted"
                )
            case Rejected(reason, _, fields):
                self._metrics.facts.labels(kind, reason.value).inc()
                log.info("ingest.event", kind=kind, outcome="rejected", reason=reason.value, fields=[f.field for f in fields])
            case _:
                self._metrics.facts.labels(kind, "refused").inc()
                log.info("ingest.event", kind=kind, outcome="rejected", reason=judgement["type"])


def _judge(event: JsonValue, judge: Callable[[dict[str, JsonValue]], Accepted | Rejected]) -> Accepted | Rejected:
    if not isinstance(event, dict):
        return Rejected(RejectReason.INVALID_ENVELOPE, "An event is a JSON object.")
    return judge(event)


def _kind(event: JsonValue) -> str:
    """The event's kind for metrics and logs: one of the known ones, or `unknown`, whatever the sender wrote."""
    named = event.get("type") if isinstance(event, dict) else None
    return next((kind for kind in (*AGENCY_KINDS, *OPERATOR_KINDS) if named == event_type(kind)), "unknown")


async def _body(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def _events(value: JsonValue, *, is_batch: bool) -> list[JsonValue]:
    if not is_batch:
        return [value]
    if not isinstance(value, list):
        raise NotStrict("not_json", "a batch is a JSON array of events")
    if len(value) > MAX_BATCH:
        raise TooLarge
    return value


def _single(result: Problem | Accepted) -> Response:
    return JSONResponse(_accepted(result), status_code=202) if isinstance(result, Accepted) else answer(result)


def _batch(results: list[Problem | Accepted]) -> Response:
    items = [{"index": i, **(_accepted(r) if isinstance(r, Accepted) else {"status": r["status"], "problem": r})} for i, r in enumerate(results)]
    refused = sum(not isinstance(r, Accepted) for r in results)
    return JSONResponse({"accepted": len(results) - refused, "refused": refused, "results": items}, status_code=207 if refused else 202)


def _accepted(result: Accepted) -> dict[str, object]:
    return {"status": 202, "id": result.record.id, "fact_id": result.record.fact_id}


def make_app(door: Door) -> FastAPI:
    """The application: one route. Its OpenAPI document stands at /openapi.json."""
    app = FastAPI(title="Foothold ingest", version="1", docs_url=None, redoc_url=None)
    app.add_api_route("/v1/events", door.events, methods=["POST"], status_code=202, summary="Report events", response_class=JSONResponse, response_model=None)
    return app
