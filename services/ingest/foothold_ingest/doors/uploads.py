"""The door for files.

It takes one whole, says how far it is, gives back the rows that were not taken, and gives
templates.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Final, NamedTuple

from fastapi import FastAPI, Request, Response
from pydantic import TypeAdapter
from sqlalchemy import RowMapping
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, StreamingResponse

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.doors.problems import (
    WrongFlag,
    answer,
    flag,
    has_nul,
    problem,
    stranger,
    trace_of,
)
from foothold_ingest.files.mappings import MappingBook, parse
from foothold_ingest.files.sheets import CSV, XLSX, errors_as_csv, errors_as_workbook, template
from foothold_ingest.files.store import EmptyFile, UploadStore
from foothold_ingest.rules.judgement import Caller
from foothold_ingest.rules.rows.mapping import Mapping
from foothold_ingest.rules.statements import Difference
from foothold_schemas.values import Moment

MAX_FILE: Final = 64 * 1024 * 1024
SHOWN: Final = 20
_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(Moment)
Handler = Callable[[Request, Caller], Awaitable[Response]]


class TooLargeFile(Exception):  # noqa: N818 - an answer
    """The file is larger than MAX_FILE."""


class Named(NamedTuple):
    """What a file holds, by its mapping, and its name at the sender's.

    `is_dry_run`: it is only checked. `as_of`: what counts later than it; as of now where left out.
    """

    mapping: str
    name: str
    is_dry_run: bool
    as_of: datetime | None = None


class FileDoor:
    """An agency sees its own files and mappings only."""

    def __init__(self, agencies: Agencies, store: UploadStore, mappings: MappingBook) -> None:
        self._agencies = agencies
        self._store = store
        self._mappings = mappings

    def add_to(self, app: FastAPI) -> None:
        """Its routes."""
        routes: list[tuple[str, str, Handler, str]] = [
            ("POST", "/v1/files", self.take, "Upload a file"),
            ("GET", "/v1/files", self.recent, "The agency's last files"),
            ("GET", "/v1/files/{upload}", self.show, "How far a file is, and what came of it"),
            (
                "GET",
                "/v1/files/{upload}/errors",
                self.errors,
                "The rows that were not taken, with a column that says why",
            ),
            ("GET", "/v1/mappings", self.list_mappings, "The kinds of files the agency may send"),
            ("GET", "/v1/mappings/{mapping}/template", self.give_template, "A workbook to fill in"),
        ]
        for method, path, handler, summary in routes:
            app.add_api_route(
                path,
                self.known(handler),
                methods=[method],
                summary=summary,
                response_model=None,
                name=summary,
            )

    def known(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A route for agencies only, each by its key."""

        async def route(request: Request) -> Response:
            if has_nul(request):
                return answer(
                    request, problem(422, "control_character", "The address holds a NUL character.")
                )
            try:
                caller = await self._agencies.caller(request.headers.get("authorization"))
                if caller is None:
                    return stranger(request)
                return await handler(request, caller)
            except WrongFlag:
                return answer(request, problem(422, "invalid_field", "`dry_run` is true or false."))
            except TooLargeFile:
                return answer(
                    request,
                    problem(
                        413,
                        "too_large",
                        f"A file may have {MAX_FILE // 1024 // 1024} MiB; send it in pieces, each"
                        " with its headers.",
                    ),
                )
            except (OperationalError, InterfaceError):
                return answer(
                    request,
                    problem(
                        503,
                        "register_away",
                        "The database cannot be asked at this moment; send the same request again.",
                    ),
                    {"retry-after": "2"},
                )

        return route

    async def take(self, request: Request, caller: Caller) -> Response:
        """The body is the file itself. Answered once all of it is kept."""
        if request.headers.get("content-type", "").strip().lower().startswith("multipart/"):
            detail = (
                "请求体就是文件本身，不要用表单上传（curl 用 --data-binary @文件，不用 -F）。 The"
                " body is the file itself, not a form: with curl send it by `--data-binary @file`,"
                " not by `-F`."
            )
            return answer(request, problem(415, "media_type", detail))
        named = request.query_params
        try:
            as_of = _MOMENT.validate_python(named["as_of"]) if "as_of" in named else None
        except ValueError:
            return answer(
                request,
                problem(
                    422,
                    "invalid_field",
                    "`as_of` is a moment, such as 2026-01-15T09:00:00+08:00 (in an address, + is"
                    " written %2B).",
                ),
            )
        mapping, name, is_dry_run = (
            named.get("mapping", ""),
            named.get("name", ""),
            flag(named.get("dry_run")),
        )
        try:
            upload = await self.keep(
                request,
                caller.agency,
                request.stream(),
                Named(mapping, name, is_dry_run, as_of),
            )
        except EmptyFile:
            return answer(
                request,
                problem(
                    422,
                    "empty_file",
                    "The body is the file itself, and it is empty. To say that there is nothing to"
                    " report, send FeedHeard.",
                ),
            )
        if upload is None:
            names = ", ".join(sorted(await self._mappings.of(caller.agency)))
            return answer(
                request,
                problem(422, "unknown_mapping", f"`mapping` names what the file holds: {names}."),
            )
        return JSONResponse(
            {"upload": upload, "url": f"/v1/files/{upload}"},
            status_code=202,
            headers={"location": f"/v1/files/{upload}"},
        )

    async def keep(
        self,
        request: Request,
        agency: str,
        pieces: AsyncIterator[bytes],
        named: Named,
    ) -> str | None:
        """Keep a file of the agency, as of now unless told otherwise.

        Its id, or None where there is no such mapping; raise EmptyFile or TooLargeFile.
        """
        text = (await self._mappings.of(agency)).get(named.mapping)
        if text is None:
            return None
        now = datetime.now(UTC)
        values = {
            "agency": agency,
            "at": now,
            "as_of": named.as_of or now,
            "mapping": named.mapping,
            "mapping_text": text,
            "file_name": named.name[:100],
            "is_dry_run": named.is_dry_run,
            "traceparent": trace_of(request),
        }
        # however slowly it comes, no connection to the database waits for it
        with TemporaryFile() as file:
            size = 0
            async for piece in pieces:
                size += len(piece)
                if size > MAX_FILE:
                    raise TooLargeFile
                file.write(piece)
            file.seek(0)
            return await self._store.receive(values, file)

    async def changes(self, upload_id: str) -> list[tuple[int, list[Difference]]]:
        """The first rows of a file that say otherwise than what counted when they came."""
        return await self._store.changed.of(upload_id)

    async def take_checked(self, upload_id: str, agency: str) -> str | None:
        """Take what was only checked; the new file's id, or None where it is kept no longer."""
        return await self._store.take(upload_id, agency, datetime.now(UTC))

    async def summary_of(
        self, upload_id: str, agency: str
    ) -> tuple[RowMapping, dict[str, int], list[RowMapping]] | None:
        """A file of the agency, how many rows each reason kept out, and the first of them."""
        upload = await self._store.find(upload_id, agency)
        if upload is None:
            return None
        return (
            upload,
            await self._store.reasons(upload_id),
            [problem async for problem, _ in self._store.problems(upload_id, SHOWN)],
        )

    async def recent(self, _: Request, caller: Caller) -> Response:
        """Newest first."""
        return JSONResponse(
            {"files": [_summary(row) for row in await self._store.recent(caller.agency)]}
        )

    async def show(self, request: Request, caller: Caller) -> Response:
        """Counts that add up to the file, and the first rows that were not taken."""
        upload_and_more = await self.summary_of(request.path_params["upload"], caller.agency)
        if upload_and_more is None:
            return _no_file(request)
        upload, reasons, problems = upload_and_more
        first = [{"row": p["row"], "reason": p["reason"], "detail": p["detail"]} for p in problems]
        changes = [
            {"row": row, "differences": [asdict(difference) for difference in upload_and_more]}
            for row, upload_and_more in await self._store.changed.of(upload["upload_id"])
        ]
        return JSONResponse(
            {
                **_summary(upload),
                "reasons": reasons,
                "first_problems": first,
                "first_changes": changes,
            }
        )

    async def errors(self, request: Request, caller: Caller) -> Response:
        """The rows that were not taken."""
        return await self.errors_of(request, caller.agency)

    async def errors_of(self, request: Request, agency: str) -> Response:
        """In the format in which the file came."""
        upload_id: str = request.path_params["upload"]
        upload = await self._store.find(upload_id, agency)
        if upload is None:
            return _no_file(request)
        problems = self._store.problems(upload_id)
        name = f"{upload['mapping']}-{upload_id}-errors"
        if upload["encoding"] != "xlsx":
            return StreamingResponse(
                errors_as_csv(upload["headers"] or [], problems),
                media_type=CSV,
                headers=_attached(f"{name}.csv"),
            )
        file = await errors_as_workbook(upload["headers"] or [], problems)
        pieces = iter(lambda: file.read(65_536), b"")
        return StreamingResponse(
            pieces,
            media_type=XLSX,
            headers=_attached(f"{name}.xlsx"),
            background=BackgroundTask(file.close),
        )

    async def mappings_of(self, agency: str) -> list[Mapping]:
        """The kinds of files it may send, by name."""
        return [parse(text) for _, text in sorted((await self._mappings.of(agency)).items())]

    async def list_mappings(self, _: Request, caller: Caller) -> Response:
        """Names, titles and headers."""
        mappings = await self.mappings_of(caller.agency)
        return JSONResponse({"mappings": [_described(mapping) for mapping in mappings]})

    async def give_template(self, request: Request, caller: Caller) -> Response:
        """Of one mapping."""
        return await self.template_of(request, caller.agency)

    async def template_of(self, request: Request, agency: str) -> Response:
        """A workbook to fill in."""
        name: str = request.path_params["mapping"]
        text = (await self._mappings.of(agency)).get(name)
        if text is None:
            return answer(
                request,
                problem(404, "unknown_mapping", "GET /v1/mappings lists the kinds of files."),
            )
        return Response(template(parse(text)), media_type=XLSX, headers=_attached(f"{name}.xlsx"))


def _no_file(request: Request) -> Response:
    return answer(
        request, problem(404, "unknown_file", "This agency has sent no file of that name.")
    )


def _described(mapping: Mapping) -> dict[str, object]:
    columns = [
        {"headers": c.headers, "kind": c.kind, "required": c.required, "choices": list(c.choices)}
        for c in mapping.columns
    ]
    return {
        "name": mapping.name,
        "title": mapping.title.model_dump(),
        "kind": mapping.kind,
        "columns": columns,
    }


def _summary(upload: RowMapping) -> dict[str, object]:
    fields = {name: upload[name] for name in ("mapping", "status", "problem", "encoding", "size")}
    moments = {
        name: None if upload[name] is None else upload[name].isoformat()
        for name in ("at", "as_of", "finished_at")
    }
    return {
        "upload": upload["upload_id"],
        "name": upload["file_name"],
        **fields,
        **moments,
        "dry_run": upload["is_dry_run"],
        "share": upload["share"],
        "counts": upload["counts"],
        "warnings": upload["warnings"],
    }


def _attached(name: str) -> dict[str, str]:
    return {
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
    }
