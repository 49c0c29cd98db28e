"""Every route of ingest answers whatever it is sent, and never with a 500.

It is sent anything in its address, headers, cookies, forms and bodies. The routes are walked from
the table of routes.
"""

import asyncio
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice, product
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote_from_bytes, unquote_to_bytes

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from foothold_ingest.build import Built
from foothold_ingest.console.pages import Pages
from foothold_ingest.doors.http import Door, make_app, routes_of
from foothold_ingest.doors.statement_questions import QuestionDoor
from foothold_ingest.doors.topics import TopicDoor
from foothold_ingest.doors.uploads import FileDoor
from foothold_ingest.serve import console
from foothold_ingest.settings import DayClock
from tests.support.running.asgi import PROBLEM, Answer, Header, call
from tests.support.running.clerk import AGENCY
from tests.support.running.parts import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(240)]

T = TypeVar("T")
STEP: Final = 1 if "FOOTHOLD_UGLY_EXAMPLES" in os.environ else 3
"""`make test-faults` tries every value at every place, `make test` each third pair of them."""
UGLY: Final[dict[str, bytes]] = {
    "nothing": b"",
    "a NUL": b"%00",
    "a NUL inside": b"a%00b",
    "half a surrogate": b"%ed%a0%80",
    "no UTF-8": b"%ff%fe",
    "a broken escape": b"%zz%",
    "raw bytes": b"\xff\xfe\x80",
    "a right-to-left override": b"%e2%80%aepdf",
    "a line feed": b"%0d%0aset-cookie:%20a=b",
    "an astral letter": b"%f0%ac%b1%96",
    "digits of another script": b"%d9%a3%d9%a3",
    "a path upwards": b"..%2f..%2f..%2fetc%2fpasswd",
    "a quotation": b"'%22%3b--",
    "a pattern": b"%25_%5c",
    "half an address": b"http://[",
    "a long word": b"a" * 20_000,
    "a long number": b"9" * 5_000,
    "minus one": b"-1",
    "not a number": b"NaN",
    "infinite": b"1e309",
    "the first day of all": b"0001-01-01",
    "the last day of all": b"9999-12-31",
    "a moment before time": b"0001-01-01T00:00:00%2b08:00",
    "a moment after time": b"9999-12-31T23:59:59-08:00",
    "a leap second": b"2016-12-31T23:59:60Z",
    "a template": b"%7b%7b7*7%7d%7d",
}
QUERY: Final = ("dry_run", "as_of", "mapping", "name", "reason", "%00", "anything")
OURS: Final = (
    b"authorization",
    b"content-type",
    b"content-length",
    b"cookie",
    b"origin",
    b"traceparent",
)
"""Headers our own code reads on every route."""
THEIRS: Final = (
    b"host",
    b"accept",
    b"range",
    b"if-none-match",
    b"if-modified-since",
    b"ce-id",
    b"ce-specversion",
    b"ce-time",
    b"ce-",
)
CHARSETS: Final = (
    "idna",
    "undefined",
    "utf-7",
    "utf-16",
    "unicode_escape",
    "raw_unicode_escape",
    "punycode",
    "rot13",
    "zip",
    "ascii",
    "",
    "\x00",
    "9" * 300,
)
TEMPLATES: Final = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "services/ingest/foothold_ingest/console/templates").glob("*.html"))
)
FIELDS: Final = {
    re.sub(r"\{\{ (\w+)\.\w+ \}\}", r"{\1}", path): sorted(
        {"csrf", "anything", *re.findall(r'name="([a-z_]+)"', form)}
    )
    for path, form in re.findall(
        r'<form [^>]*action="(/console/[^"]+)"(.*?)</form>', TEMPLATES, re.DOTALL
    )
}
"""The fields of each form, as its page has them."""
FORM: Final = (b"content-type", b"application/x-www-form-urlencoded")
SOUND: Final = {
    "day": "2026-01-20",
    "source": f"/agencies/{AGENCY}",
    "id": "e-1",
    "route": "self",
    "concern": "illness",
    "mapping": "incomes",
}


class Routes(NamedTuple):
    """The whole application, and who is known to it."""

    app: ASGIApp
    table: list[tuple[str, str]]
    key: Header
    cookie: Header
    csrf: str


@pytest.fixture
async def routes(ingest: Built) -> Routes:
    key = await ingest.register.add(AGENCY, is_operator=False, by="op", now=datetime.now(UTC))
    app = whole(ingest)
    signed_in = await call(
        app, "POST", b"/console/sign-in", headers=(FORM,), body=f"key={key}&name=li".encode()
    )
    cookie = (b"cookie", signed_in.headers[b"set-cookie"].partition(b";")[0])
    page = (await call(app, "GET", b"/console/keys", headers=(cookie,))).body.decode()
    csrf, *_ = re.findall(r'name="csrf" value="([^"]+)"', page)
    table = sorted(
        {(method, route.path) for route in routes_of(app) for method in route.methods or ()}
    )
    return Routes(app, table, (b"authorization", f"Bearer {key}".encode()), cookie, csrf)


def whole(ingest: Built) -> FastAPI:
    door = Door(
        agencies=ingest.agencies,
        intake=ingest.intake,
        days=ingest.days,
        metrics=ingest.metrics,
        day_clock=DayClock.MANUAL,
    )
    app = make_app(door, files := FileDoor(ingest.agencies, ingest.uploads, ingest.mappings))
    TopicDoor(files, ingest.readers).add_to(app)
    QuestionDoor(files, ingest.statement_questions, ingest.statement_asking).add_to(app)
    console(ingest, files).add_to(app)
    return app


def filled(path: str, value: bytes = b"x") -> bytes:
    return re.sub(rb"\{[a-z]+\}", lambda _: value, path.encode())


def wrong(request: str, answer: Answer) -> list[str]:
    """What is wrong with an answer, if anything."""
    is_problem = answer.headers.get(b"content-type", b"").startswith(PROBLEM)
    if answer.status >= 500 or (
        answer.status >= 400 and request.split()[1].startswith("/v1") and not is_problem
    ):
        return [f"{request}: {answer.status} {answer.body[:200]!r}"]
    return []


async def test_the_table_of_routes_is_the_one_that_is_walked(routes: Routes) -> None:
    assert len(routes.table) > 20
    assert {"/v1/events", "/v1/files", "/console/report", "/console/event", "/console/sign-in"} <= {
        path for _, path in routes.table
    }
    assert set(FIELDS) == {
        path for method, path in routes.table if method == "POST" and path.startswith("/console")
    }


async def test_an_address_may_hold_anything(routes: Routes) -> None:
    faults: list[str] = []
    for (method, path), (name, value) in product(routes.table, UGLY.items()):
        known = (routes.key, routes.cookie)
        if "{" in path:
            faults += wrong(
                f"{method} {path} {name} in the path",
                await call(routes.app, method, filled(path, value), headers=known),
            )
        query = b"&".join(b"%b=%b" % (key.encode(), value) for key in QUERY)
        for asked in (
            query,
            value,
            *(
                [b"%b=%b" % (key.encode(), value) for key in QUERY]
                if path.startswith("/v1") or "quarantine" in path
                else []
            ),
        ):
            faults += wrong(
                f"{method} {path} {name} in the query",
                await call(routes.app, method, filled(path), asked, known),
            )

    assert faults == []


async def test_an_address_may_be_asked_with_any_method(routes: Routes) -> None:
    faults: list[str] = []
    for path, method in product(
        {path for _, path in routes.table},
        ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "x" * 300),
    ):
        answer = await call(routes.app, method, filled(path), headers=(routes.key, routes.cookie))
        faults += [
            *wrong(f"{method} {path}", answer),
            *(
                [f"{method} {path}: no allow"]
                if answer.status == 405 and b"allow" not in answer.headers
                else []
            ),
        ]

    assert faults == []


def slice_of(*products: Iterable[T]) -> Iterator[T]:
    """Every STEP-th of them, so that each place and each value has its turn."""
    assert len(UGLY) % STEP or STEP == 1, "the same values would come at every place"
    return islice(chain(*products), 0, None, STEP)


async def test_a_header_or_cookie_may_hold_anything(routes: Routes) -> None:
    faults: list[str] = []
    some = [
        (method, path)
        for method, path in routes.table
        if path in ("/v1/events", "/v1/files", "/console", "/console/sign-in")
    ]
    some += [("GET", "/console/static/console.css"), ("GET", "/openapi.json")]
    for (method, path), header, (name, value) in slice_of(
        product(routes.table, OURS, UGLY.items()), product(some, THEIRS, UGLY.items())
    ):
        raw = unquote_to_bytes(value)
        before = {
            b"authorization": b"Bearer ",
            b"cookie": routes.cookie[1].partition(b"=")[0] + b"=",
        }.get(header, b"")
        for sent in {raw, before + raw}:
            known = [
                pair
                for pair in (routes.key, routes.cookie, (b"content-type", b"application/json"))
                if pair[0] != header
            ]
            answer = await call(
                routes.app, method, filled(path), b"", (*known, (header, sent)), b"{}"
            )
            faults += wrong(f"{method} {path} {name} in {header.decode()}", answer)

    assert faults == []


def forms(csrf: str, field: str, value: bytes) -> Iterator[tuple[str, Header, bytes]]:
    """A form in which one field holds the value, in each way a form is written."""
    sound = {name: text.encode() for name, text in (SOUND | {"csrf": csrf}).items()} | {
        field: unquote_to_bytes(value)
    }
    yield (
        "urlencoded",
        FORM,
        b"&".join(
            b"%b=%b" % (name.encode(), quote_from_bytes(text).encode())
            for name, text in sound.items()
        ),
    )
    yield (
        "raw",
        FORM,
        b"&".join(
            b"%b=%b" % (name.encode(), value if name == field else text)
            for name, text in sound.items()
        ),
    )
    parts = b"".join(
        b'--b\r\ncontent-disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), text)
        for name, text in sound.items()
    )
    yield "multipart", (b"content-type", b"multipart/form-data; boundary=b"), parts + b"--b--\r\n"


async def test_a_form_may_hold_anything_in_any_field(routes: Routes) -> None:
    everywhere = [
        (path, field)
        for path, fields in FIELDS.items()
        if path != "/console/sign-out"
        for field in fields
    ]
    faults: list[str] = []
    for (path, field), (name, value) in slice_of(product(everywhere, UGLY.items())):
        for how, header, body in forms(routes.csrf, field, value):
            answer = await call(
                routes.app, "POST", path.encode(), headers=(routes.cookie, header), body=body
            )
            faults += wrong(f"POST {path} {how} {name} in {field}", answer)

    assert faults == []


async def test_a_form_may_be_written_in_any_character_set_and_hold_any_file(routes: Routes) -> None:
    posts = [
        path for method, path in routes.table if method == "POST" and path != "/console/sign-out"
    ]
    names = [
        unquote_to_bytes(value).replace(b'"', b"").replace(b"\r\n", b"") for value in UGLY.values()
    ]
    faults: list[str] = []
    for path, (charset, file_name) in product(
        posts, [*((c, b"f.csv") for c in CHARSETS), *(("utf-8", name) for name in names)]
    ):
        fields = b"".join(
            b'--b\r\ncontent-disposition: form-data; name="%b"\r\n\r\n%b\r\n' % pair
            for pair in (
                (b"csrf", routes.csrf.encode()),
                (b"mapping", b"incomes"),
                (b"\\ud800", b"\\ud800\xff"),
            )
        )
        file = (
            b'--b\r\ncontent-disposition: form-data; name="file";'
            b' filename="%b"\r\n\r\na,b\r\n\r\n--b--\r\n' % file_name
        )
        header = (b"content-type", b"multipart/form-data; boundary=b; charset=" + charset.encode())
        answer = await call(
            routes.app,
            "POST",
            path.encode(),
            headers=(routes.key, routes.cookie, header),
            body=fields + file,
        )
        faults += wrong(f"POST {path} in {charset[:20]!r} with a file {file_name[:20]!r}", answer)
        broken = await call(
            routes.app,
            "POST",
            path.encode(),
            headers=(routes.key, routes.cookie, header),
            body=fields[:-9],
        )
        faults += wrong(f"POST {path} in {charset[:20]!r}, cut off", broken)

    assert faults == []


async def test_many_fields_and_many_values_are_no_more_than_a_form(routes: Routes) -> None:
    body = b"csrf=" + routes.csrf.encode() + b"&id=a" * 150_000
    answers = [
        await call(routes.app, "POST", path, headers=(routes.cookie, FORM), body=body)
        for path in (b"/console/quarantine", b"/console/event")
    ]

    assert [answer.status for answer in answers if answer.status >= 500] == []


async def test_a_form_that_lacks_a_field_is_refused_without_what_was_sent(routes: Routes) -> None:
    answer = await call(
        routes.app, "POST", b"/console/sign-in", headers=(FORM,), body=b"key=" + b"fh_secret" * 100
    )

    assert answer.status == 422
    assert b"fh_secret" not in answer.body


async def test_a_defect_in_a_route_is_told_by_its_trace_id_and_logged_without_what_was_sent(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted(*_: object, **__: object) -> Response:
        raise RuntimeError("11010519491231002X")

    monkeypatch.setattr(Pages, "render", planted)
    app = whole(ingest)

    @app.get("/v1/planted")
    async def planted_route(_: Request) -> Response:
        return planted()

    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with capture_logs() as logs:
        page = await call(app, "GET", b"/console/sign-in", headers=((b"traceparent", trace),))
        route = await call(app, "GET", b"/v1/planted", headers=((b"traceparent", trace),))
    counted = ingest.metrics.registry.get_sample_value(
        "foothold_ingest_requests_total", {"status": "500"}
    )

    for answer in (page, route):
        assert (answer.status, answer.headers[b"content-type"]) == (500, PROBLEM)
        assert b"4bf92f3577b34da6a3ce929d0e0e4736" in answer.body
        assert b"110105" not in answer.body
    assert page.headers[b"content-security-policy"].startswith(b"default-src 'none'")
    assert [(line["event"], line["route"], line["where"][-1]) for line in logs] == [
        ("ingest.unexpected", "/console/sign-in", "RuntimeError"),
        ("ingest.unexpected", "/v1/planted", "RuntimeError"),
    ]
    assert "110105" not in str(logs)
    assert [line for line in logs if "exc_info" in line] == []  # its words would be written out
    assert counted == 2
    await asyncio.sleep(0)
