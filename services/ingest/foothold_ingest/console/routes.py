"""The console's pages and forms.

Every form proves by token and origin that it is ours; every page is without a script.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import structlog
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI, Form, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import UploadFile
from starlette.status import HTTP_404_NOT_FOUND

from foothold_ingest.console.desk import FILES_SHOWN, SHOWN, Desk
from foothold_ingest.console.fates import Fate, Fates, at_start_of
from foothold_ingest.console.keys import KeyPages
from foothold_ingest.console.pages import (
    Forged,
    Pages,
    Unstorable,
    is_storable,
    require_csrf,
    require_same_origin,
    storable,
)
from foothold_ingest.console.report import NotTaken, Reports, Written, as_typed, empty, explained
from foothold_ingest.console.sessions import Person, Sessions
from foothold_ingest.console.statement_pages import StatementPages
from foothold_ingest.doors.problems import has_nul
from foothold_ingest.doors.uploads import MAX_FILE, FileDoor, Named
from foothold_ingest.quarantine.retry import Retried
from foothold_ingest.rules.judgement import Held, Rejected
from foothold_ingest.rules.times import SHANGHAI
from foothold_schemas.messages.disputes import MAX_NOTE, is_plain

COOKIE: Final = "foothold-console"
MAX_FORM: Final = 1024 * 1024
_DIGITS: Final = 12
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}

log = structlog.get_logger()


class OwnPages(NamedTuple):
    """Pages that stand in modules of their own."""

    keys: KeyPages
    questions: StatementPages


class Asked(NamedTuple):
    """The event somebody asks for: its id, its source and the day from which it is looked for."""

    name: str
    source: str
    day: str


class Reported(NamedTuple):
    """What became of a report: `taken`, `held` or `away`, its name, and why it was refused."""

    taken: str = ""
    sent: str = ""
    refused: Rejected | None = None
    status: int = 200


NOTHING_REPORTED: Final = Reported()


class Console:
    """Its routes below /console."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        desk: Desk,
        reports: Reports,
        fates: Fates,
        own_pages: OwnPages,
        sessions: Sessions,
        files: FileDoor,
        pages: Pages,
        is_production: bool,
    ) -> None:
        self._desk = desk
        self._keys, self._questions = own_pages
        self._reports = reports
        self._fates = fates
        self._sessions = sessions
        self._files = files
        self._is_production = is_production
        self._cookie = f"__Host-{COOKIE}" if is_production else COOKIE
        self._pages = pages

    def add_to(self, app: FastAPI) -> None:
        """Pages, forms, and the headers of both."""
        router = APIRouter(prefix="/console", include_in_schema=False)
        pages = {
            "": self.overview,
            "/quarantine": self.quarantine,
            "/held": self.held,
            "/report": self.report,
            "/event": self.event,
            "/doubts": self.doubts,
            "/questions": self._questions.show,
            "/keys": self._keys.show,
            "/files/{upload}": self.file,
        }
        for path, page in pages.items():
            router.add_api_route(path, self._signed_in(page), methods=["GET"], response_model=None)
        router.add_api_route(
            "/files/{upload}/errors",
            self._signed_in(self.errors),
            methods=["GET"],
            response_model=None,
        )
        router.add_api_route(
            "/templates/{mapping}",
            self._signed_in(self.template),
            methods=["GET"],
            response_model=None,
        )
        for path, action in (
            ("/quarantine", self.retry),
            ("/held", self.retry_held),
            ("/report", self.take_report),
            ("/event", self.fate),
            ("/doubts", self.confirm),
            ("/questions", self._questions.answer),
            ("/keys", self._keys.make),
            ("/keys/end", self._keys.end),
            ("/files", self.upload),
            ("/files/{upload}/take", self.take),
            ("/sign-out", self.sign_out),
        ):
            router.add_api_route(
                path, self._signed_in(action), methods=["POST"], response_model=None
            )
        router.add_api_route("/sign-in", self.sign_in_page, methods=["GET"], response_model=None)
        router.add_api_route("/sign-in", self.sign_in, methods=["POST"], response_model=None)
        app.include_router(router)
        app.mount(
            "/console/static",
            StaticFiles(directory=Path(__file__).with_name("static")),
            name="console-static",
        )
        app.middleware("http")(self._harden)

    def _signed_in(
        self, page: Callable[[Request, Person], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def route(request: Request) -> Response:
            person = await self._sessions.person(
                request.cookies.get(self._cookie), datetime.now(UTC)
            )
            if person is None:
                return RedirectResponse("/console/sign-in", status_code=303)
            try:
                return await page(request, person)
            except Forged:
                return self._message(
                    person,
                    403,
                    "请求被拒绝，请重新打开页面后再试。",
                    "Refused; open the page again and retry.",
                )
            except Unstorable:
                return self._message(
                    person,
                    422,
                    "填写的内容含有无法保存的字符（如空字符），请删除后再试。",
                    "A field holds a character that cannot be kept, such as NUL; remove it.",
                )
            finally:
                await request.close()  # the file of a form

        return route

    async def _harden(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Headers on every page; a form too large to be read is refused before it is."""
        path: str = request.scope["path"]  # `request.url` cannot be made of every address
        if not path.startswith("/console"):
            return await call_next(request)
        limit = MAX_FILE + MAX_FORM if path == "/console/files" else MAX_FORM
        length = request.headers.get("content-length", "")
        if request.method == "POST" and not (
            length.isdecimal() and len(length) <= _DIGITS and int(length) <= limit
        ):
            texts = (
                "文件过大，请拆分后上传，每份都带表头。",
                "Too large; send a file in pieces, each with its headers.",
            )
            response = self._message(None, 413, *texts)
        elif has_nul(request):
            response = self._message(None, 422, "地址无效。", "The address is not valid.")
        else:
            response = await call_next(request)
            if response.status_code == HTTP_404_NOT_FOUND and response.headers.get(
                "content-type", ""
            ).startswith("application/"):
                response = self._message(
                    None, HTTP_404_NOT_FOUND, "没有这个页面。", "There is no such page."
                )
        for name, value in _HEADERS.items():
            if name != "cache-control" or not path.startswith("/console/static/"):
                response.headers[name] = value
        return response

    def _message(self, person: Person | None, status: int, zh: str, en: str) -> Response:
        return self._pages.render("message.html", status, person=person, zh=zh, en=en)

    async def sign_in_page(self) -> Response:
        """The form."""
        return self._pages.render("sign-in.html", person=None, is_wrong=False)

    async def sign_in(
        self,
        request: Request,
        key: Annotated[str, Form(max_length=200)],
        name: Annotated[str, Form(min_length=1, max_length=40)],
    ) -> Response:
        """By the agency's key.

        A wrong one costs nothing but is answered alike whatever is wrong with it.
        """
        if not require_same_origin(request) or not is_storable(key + name):
            return self._message(
                None,
                403,
                "请求被拒绝，请重新打开页面后再试。",
                "Refused; open the page again and retry.",
            )
        token = await self._sessions.sign_in(key, name, datetime.now(UTC))
        if token is None:
            return self._pages.render("sign-in.html", 401, person=None, is_wrong=True)
        response = RedirectResponse("/console", status_code=303)
        response.set_cookie(
            self._cookie,
            token,
            httponly=True,
            samesite="strict",
            secure=self._is_production,
            path="/",
        )
        return response

    async def sign_out(self, request: Request, person: Person) -> Response:
        """End the session."""
        await require_csrf(request, person)
        await self._sessions.sign_out(request.cookies[self._cookie])
        response = RedirectResponse("/console/sign-in", status_code=303)
        response.delete_cookie(
            self._cookie, path="/", secure=self._is_production, httponly=True, samesite="strict"
        )
        return response

    async def overview(self, _: Request, person: Person) -> Response:
        """What arrived, what waits, feeds, files, keys."""
        mappings = await self._files.mappings_of(person.agency)
        return self._pages.render(
            "overview.html",
            person=person,
            it=await self._desk.overview(person.agency, datetime.now(UTC)),
            mappings=mappings,
            files_shown=FILES_SHOWN,
        )

    async def quarantine(self, request: Request, person: Person) -> Response:
        """What waits, by reason."""
        reason = request.query_params.get("reason") or None
        return await self._quarantine_page(person, reason)

    async def retry(self, request: Request, person: Person) -> Response:
        """Those that are ticked, or all that are shown of one reason."""
        form = await require_csrf(request, person)
        reason = str(form.get("reason") or "") or None
        ids = [str(value) for value in form.getlist("id")][:SHOWN]
        if form.get("all"):
            ids = [row["source_id"] for row in await self._desk.quarantine(person.agency, reason)]
        tried = await self._desk.retry(
            person.agency, ids, actor=person.actor, now=datetime.now(UTC)
        )
        return await self._quarantine_page(person, reason, tried)

    async def _quarantine_page(
        self, person: Person, reason: str | None, tried: Sequence[Retried] | None = None
    ) -> Response:
        rows, waiting = (
            await self._desk.quarantine(person.agency, reason),
            await self._desk.waiting(person.agency),
        )
        total = sum(waiting.values()) if reason is None else waiting.get(reason, 0)
        return self._pages.render(
            "quarantine.html", person=person, rows=rows, total=total, reason=reason, tried=tried
        )

    async def held(self, _: Request, person: Person) -> Response:
        """What waits for its person."""
        return self._pages.render(
            "held.html", person=person, rows=await self._desk.held(person.agency), again=None
        )

    async def retry_held(self, request: Request, person: Person) -> Response:
        """Look again at what could not be released."""
        await require_csrf(request, person)
        again = await self._desk.retry_held(person.agency)
        return self._pages.render(
            "held.html", person=person, rows=await self._desk.held(person.agency), again=again
        )

    async def doubts(self, _: Request, person: Person) -> Response:
        """What caseworkers doubt of what the agency sent."""
        return await self._doubts_page(person)

    async def confirm(self, request: Request, person: Person) -> Response:
        """The agency has looked: what it sent is right."""
        form = await require_csrf(request, person)
        note = str(form.get("note") or "").strip()
        if len(note) > MAX_NOTE or not is_plain(note):
            return await self._doubts_page(
                person,
                message="numbers",
                status=422,
                typed={str(form.get("dispute")): note[:MAX_NOTE]},
            )
        now = datetime.now(UTC)
        done = await self._desk.confirm(
            person.agency, str(form.get("dispute")), note, actor=person.actor, now=now
        )
        return await self._doubts_page(
            person, message="confirmed" if done else "not_waiting", status=200 if done else 409
        )

    async def _doubts_page(
        self,
        person: Person,
        *,
        message: str = "",
        status: int = 200,
        typed: Mapping[str, str] | None = None,
    ) -> Response:
        rows = await self._desk.doubts(person.agency, datetime.now(UTC))
        return self._pages.render(
            "doubts.html", status, person=person, rows=rows, notice=message, typed=typed or {}
        )

    async def report(self, _: Request, person: Person) -> Response:
        """A form to write down what somebody reported."""
        return self._report_page(person, empty(self._reports.today(datetime.now(UTC))))

    async def take_report(self, request: Request, person: Person) -> Response:
        """Into the log, or back with what is wrong; the person's number is never shown again."""
        form = await require_csrf(request, person)
        written = Written(
            **{field: as_typed(form.get(field)) for field in Written.__dataclass_fields__}
        )
        try:
            outcome = await self._reports.take(person.agency, written, datetime.now(UTC))
        except NotTaken:
            return self._report_page(person, written, Reported("away", status=503))
        if isinstance(outcome, Rejected):
            return self._report_page(person, written, Reported(refused=outcome, status=422))
        taken = "held" if isinstance(outcome, Held) else "taken"
        return self._report_page(person, empty(written.day), Reported(taken, written.name))

    def _report_page(
        self, person: Person, it: Written, reported: Reported = NOTHING_REPORTED
    ) -> Response:
        return self._pages.render(
            "report.html",
            reported.status,
            person=person,
            it=it,
            taken=reported.taken,
            sent=reported.sent,
            refused=reported.refused,
            why=None if reported.refused is None else explained(it, reported.refused),
        )

    async def event(self, _: Request, person: Person) -> Response:
        """Ask for an event."""
        today = f"{datetime.now(SHANGHAI):%Y-%m-%d}"
        return self._fate_page(person, Asked("", f"/agencies/{person.agency}", today))

    async def fate(self, request: Request, person: Person) -> Response:
        """The answer; asked by a form, so that no id stands in an address."""
        form = await require_csrf(request, person)
        asked = Asked(*(str(form.get(field) or "") for field in ("id", "source", "day")))
        if not f"{asked.source}/".startswith(f"/agencies/{person.agency}/"):
            wrong = "来源属于其他单位。", "The source is another agency's."
            return self._fate_page(person, asked, wrong=wrong, status=422)
        try:
            since = at_start_of(asked.day)
        except ValueError:
            wrong = "日期无效。", "This is no day."
            return self._fate_page(person, asked._replace(day=""), wrong=wrong, status=422)
        try:
            fates = await self._fates.find(person.agency, asked.source, asked.name, since)
        except KafkaError:
            away = (
                "暂时查不到，请稍后再试。",
                "The log cannot be read at this moment; try again shortly.",
            )
            return self._fate_page(person, asked, wrong=away, status=503)
        return self._fate_page(person, asked, fates)

    def _fate_page(
        self,
        person: Person,
        asked: Asked,
        fates: list[Fate] | None = None,
        *,
        wrong: tuple[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        return self._pages.render(
            "event.html",
            status,
            person=person,
            id=asked.name,
            source=asked.source,
            day=asked.day,
            fates=fates,
            wrong=wrong,
        )

    async def upload(self, request: Request, person: Person) -> Response:
        """Keep the file and go to its page."""
        form = await require_csrf(request, person)
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.size:
            return self._message(
                person, 422, "请选择一个有内容的文件。", "Choose a file that is not empty."
            )
        upload = await self._files.keep(
            request,
            person.agency,
            _chunks(file),
            Named(
                str(form.get("mapping")),
                storable(file.filename or ""),
                is_dry_run=not form.get("at_once"),
            ),
        )
        if upload is None:
            return self._message(person, 422, "请选择文件类型。", "Choose what the file holds.")
        return RedirectResponse(f"/console/files/{upload}", status_code=303)

    async def file(self, request: Request, person: Person) -> Response:
        """How far it is, and what came of it."""
        shown = await self._files.summary_of(request.path_params["upload"], person.agency)
        if shown is None:
            return self._message(person, 404, "没有这份文件。", "There is no such file.")
        upload, reasons, problems = shown
        changes = await self._files.changes(upload["upload_id"])
        titles = {
            mapping.name: f"{mapping.title.zh} {mapping.title.en}"
            for mapping in await self._files.mappings_of(person.agency)
        }
        title = titles.get(upload["mapping"], upload["mapping"])
        return self._pages.render(
            "file.html",
            person=person,
            upload=upload,
            reasons=reasons,
            problems=problems,
            changes=changes,
            title=title,
        )

    async def take(self, request: Request, person: Person) -> Response:
        """Take what was checked, as it was checked, and go to its page."""
        await require_csrf(request, person)
        taken = await self._files.take_checked(request.path_params["upload"], person.agency)
        if taken is None:
            gone = (
                "这份检查过的文件已采用或已不再保留，请重新上传。",
                "What was checked was taken already, or is kept no longer; upload it again.",
            )
            return self._message(person, 409, *gone)
        return RedirectResponse(f"/console/files/{taken}", status_code=303)

    async def errors(self, request: Request, person: Person) -> Response:
        """The rows that were not taken."""
        return await self._files.errors_of(request, person.agency)

    async def template(self, request: Request, person: Person) -> Response:
        """A workbook to fill in."""
        return await self._files.template_of(request, person.agency)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(256 * 1024):
        yield piece
