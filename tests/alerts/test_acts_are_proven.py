"""Whatever changes something at the desk is proven first: the session, and the form's token.

A route that forgets it is found by its missing dependency.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from foothold_alerts.area_names import AreaNames
from foothold_alerts.web import act
from foothold_alerts.web.act import prove
from foothold_alerts.web.app import make_app

BEFORE_ANY_SESSION = {"/login"}
"""Nobody is in yet: the origin alone is asked for."""


def calls(dependant: Dependant) -> Iterator[object]:
    for below in dependant.dependencies:
        yield below.call
        yield from calls(below)


def changing(routes: list[Any]) -> dict[str, APIRoute]:
    return {
        route.path: route
        for route in routes
        if isinstance(route, APIRoute) and not (route.methods or set()) <= {"GET", "HEAD"}
    }


def unproven(routes: list[Any]) -> list[str]:
    return [
        path
        for path, route in changing(routes).items()
        if path not in BEFORE_ANY_SESSION and prove not in calls(route.dependant)
    ]


def desk_routes() -> list[Any]:
    """Every route of the application, also of the routers it took over."""
    app = make_app(cast("Any", SimpleNamespace(area_names=AreaNames({}))))
    return [
        route
        for mounted in app.routes
        for route in getattr(getattr(mounted, "original_router", None), "routes", [mounted])
    ]


def test_every_route_that_changes_something_asks_for_the_proof() -> None:
    assert {"/logout", "/cases/{number}/contact", "/areas/{number}/take"} <= changing(
        desk_routes()
    ).keys()
    assert len(changing(desk_routes())) > 20
    assert unproven(desk_routes()) == []


def test_one_that_does_not_is_noticed() -> None:
    router = APIRouter()

    @router.post("/cases/{number}/forgotten")
    async def forgotten(number: int) -> int:
        return number

    assert unproven(list(router.routes)) == ["/cases/{number}/forgotten"]


def test_no_function_of_the_desks_pages_takes_more_than_five_things() -> None:
    long = [
        f"{file.name}: {node.name}"
        for file in Path(act.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and len([*node.args.args, *node.args.kwonlyargs]) > 5
    ]

    assert long == []
