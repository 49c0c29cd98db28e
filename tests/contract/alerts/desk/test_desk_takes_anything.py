"""Puts the ugliest values into the desk's every form, address and cookie.

Each is answered, none by a failure, and the database is asked as before.

Walked from the routes: a new route or field is tried by itself.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute

from foothold_alerts.people.accounts import Accounts
from foothold_alerts.rules.case import Role
from foothold_alerts.web.app import make_app
from foothold_alerts.web.filtered import FilteredRoute
from foothold_schemas.findings import FindingKind
from tests.support.alerts import NOW, cases_on, desk_on, transition
from tests.support.made.ugly import AMOUNTS, DAYS
from tests.support.running.asgi import call

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

FORM = (b"content-type", b"application/x-www-form-urlencoded")
USUAL: dict[str, str] = {
    "version": "1",
    "amount": "100.00",
    "note": "看过",
    "on": "2026-06-10",
    "until": "2026-07-10",
    "finding": FindingKind.DISASTER_LOSS.value,
    "cause": FindingKind.DISASTER_LOSS.value,
    "reason": "verified_harmless",
    "fact": "a" * 32,
    "doubt": "other_amount",
    "measure": "employment",
    "against": FindingKind.DISASTER_LOSS.value,
    "department": "民政局",
    "cases": "1:1",
    "name": "zhang",
    "password": "guess",
}
IN_PATHS: dict[str, str] = {
    "number": "1",
    "relief_id": "1",
    "measure_id": "1",
    "act": "decide",
    "name": "take",
    "project": "P1",
    "language": "zh",
    "warning": "1",
}
UGLY = [
    *(
        day
        for day in DAYS
        if day[:4] in ("0000", "0001", "1899", "2201", "9999") or not day[:1].isdigit()
    ),
    *AMOUNTS,
    *(
        "",
        "\x00",
        "a\x00b",
        "\x1b[2J",
        "\u202eabc",
        "\u200b",
        "é" * 600,
        "x" * 4_097,
        "x" * 70_000,
        "𠮷𠮷",
        "=1+1",
        "' or 1=1 --",
        "%00",
        "%ff",
        "1e9",
        "-1",
        "9" * 400,
    ),
]


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    """Every route of the application, also those it took over from a router."""
    routes: list[BaseRoute] = [
        route
        for entry in app.routes
        for route in getattr(getattr(entry, "original_router", None), "routes", [entry])
    ]
    yield from (route for route in routes if isinstance(route, APIRoute))


def fields_of(route: APIRoute) -> list[str]:
    """What its form holds, by name."""
    names: list[str] = []
    for dependant in (route.dependant, *route.dependant.dependencies):
        for field in dependant.body_params:
            kind: Any = field.field_info.annotation
            names += (
                list(kind.model_fields)
                if isinstance(kind, type) and issubclass(kind, BaseModel)
                else [field.alias]
            )
    return names


@pytest.fixture
async def desk(alerts_database: AsyncEngine) -> tuple[FastAPI, tuple[bytes, bytes], str]:
    """A desk with a case on it, a log-in's cookie and its token."""
    engine = alerts_database
    await cases_on(engine).take([transition("a", 1, FindingKind.DISASTER_LOSS)], NOW)
    accounts = Accounts(engine, session_hours=100_000)
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    token = await accounts.log_in("zhang", password, NOW)
    assert token is not None
    services = desk_on(engine, accounts)
    app, cookie = make_app(services), (b"cookie", f"foothold={token}".encode())
    page = (await call(app, "GET", b"/cases/1", headers=(cookie,))).body.decode()
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None, page[:500]
    return app, cookie, csrf[1]


def address(route: APIRoute, **changed: str) -> bytes:
    """The route's path with usual values in it, or others."""
    return re.sub(
        r"\{(\w+)[^}]*\}",
        lambda place: quote(changed.get(place[1], IN_PATHS.get(place[1], "1")), safe=""),
        route.path,
    ).encode()


def test_every_route_of_the_desk_has_the_filter(
    desk: tuple[FastAPI, tuple[bytes, bytes], str],
) -> None:
    routes = list(routes_of(desk[0]))

    assert len(routes) > 20
    assert [route.path for route in routes if not isinstance(route, FilteredRoute)] == []


async def test_no_form_of_the_desk_is_answered_by_a_failure(
    desk: tuple[FastAPI, tuple[bytes, bytes], str],
) -> None:
    app, cookie, csrf = desk
    tried, failed = 0, []
    for route in routes_of(app):
        if "POST" not in (route.methods or ()) or route.path == "/logout":
            continue
        fields = fields_of(route)
        for name, value in itertools.product(fields, UGLY):
            form = {field: USUAL.get(field, "1") for field in fields} | {"csrf": csrf, name: value}
            body = urlencode(form, errors="surrogatepass").encode()
            answer = await call(app, "POST", address(route), headers=(cookie, FORM), body=body)
            tried += 1
            if answer.status >= 500 or b"content-security-policy" not in answer.headers:
                failed.append((route.path, name, value[:30], answer.status))

    print(f"{tried} forms")
    assert tried > 500
    assert failed == []


async def test_no_address_of_the_desk_is_answered_by_a_failure(
    desk: tuple[FastAPI, tuple[bytes, bytes], str],
) -> None:
    app, cookie, _ = desk
    failed = []
    for route in (route for route in routes_of(app) if route.path != "/live"):
        names = re.findall(r"\{(\w+)", route.path)
        for name, value in itertools.product((*names, "?"), UGLY):
            path = address(route, **{name: value[:2_000]} if name != "?" else {})
            ugly = quote(value[:500], safe="")
            query = f"stage={ugly}&page={ugly}&version={ugly}".encode() if name == "?" else b""
            for method in route.methods or ():
                answer = await call(app, method, path, query, headers=(cookie,))
                if answer.status >= 500 or b"content-security-policy" not in answer.headers:
                    failed.append((route.path, name, value[:30], answer.status))

    assert failed == []


@pytest.mark.parametrize(
    "cookie",
    [
        b"foothold=",
        b"foothold=\xff\xfe",
        b"foothold=" + b"x" * 8_000,
        b"foothold-language=%00",
        b"=;=;;",
        b"foothold=\x00",
    ],
)
async def test_an_odd_cookie_is_nobodys(
    desk: tuple[FastAPI, tuple[bytes, bytes], str], cookie: bytes
) -> None:
    answer = await call(desk[0], "GET", b"/", headers=((b"cookie", cookie),))

    assert answer.status == 303


@pytest.mark.parametrize(
    "kind",
    [
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=x",
        b"application/x-www-form-urlencoded; charset=utf-7",
        b"text/plain",
        b"",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b'--x\r\ncontent-disposition: form-data; name="name"\r\n\r\n\x00\r\n--x--',
        b"name=%ff&password=%00",
        b"&&&=&=",
        b"a=b&" * 2_000,
    ],
)
async def test_an_odd_body_is_answered(
    desk: tuple[FastAPI, tuple[bytes, bytes], str], kind: bytes, body: bytes
) -> None:
    answer = await call(desk[0], "POST", b"/login", headers=((b"content-type", kind),), body=body)

    assert answer.status < 500
    assert b"content-security-policy" in answer.headers
