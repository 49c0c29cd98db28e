"""A caseworker at a running desk, without a browser."""

import re
from types import TracebackType
from typing import Self

import httpx
import psycopg

from deploy.local.stack import Stack


class Caseworker:
    """Logged in; every form carries the page's own token and version."""

    def __init__(self, stack: Stack, name: str, password: str) -> None:
        self.stack = stack
        self.client = httpx.Client(base_url=stack.inbox_url, timeout=20)
        answer = self.client.post("/login", data={"name": name, "password": password})
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the desk."""
        self.client.close()

    def page(self, number: int, below: str = "") -> str:
        """The case's page, or one below it."""
        return self.client.get(f"/cases/{number}{below}").text

    def send(self, number: int, path: str, **fields: str | list[str]) -> httpx.Response:
        """A form of the case's page."""
        page = self.page(number)
        hidden = {
            field: match[1]
            for field in ("csrf", "version")
            if (match := re.search(rf'name="{field}" value="([^"]+)"', page))
        }
        return self.client.post(f"/cases/{number}/{path}", data={**hidden, **fields})

    def do(self, number: int, path: str, **fields: str | list[str]) -> None:
        """A form that must be taken."""
        answer = self.send(number, path, **fields)
        assert answer.status_code == httpx.codes.SEE_OTHER, (
            path,
            answer.status_code,
            re.findall(r'role="alert">([^<]*)', answer.text),
        )


def case_number(stack: Stack, register_number: str) -> int | None:
    """The household's newest case."""
    asked = "select number from cases where register_number = %s order by episode desc limit 1"
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        row = connection.execute(asked, [register_number]).fetchone()
        return None if row is None else int(row[0])


def number_of(stack: Stack, register_number: str, *, urgent: bool = False) -> int | None:
    """The household's case, once there is one; an urgent one only, where asked for."""
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        row = connection.execute(
            "select number from cases where register_number = %s and (is_urgent or not %s)",
            [register_number, urgent],
        ).fetchone()
        return None if row is None else int(row[0])
