"""Sends requests as a server hands them on, byte for byte.

What a client's library would mend on the way arrives as it was meant.
"""

from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from starlette.types import ASGIApp

Header = tuple[bytes, bytes]
PROBLEM: Final = b"application/problem+json"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


async def call(
    app: ASGIApp,
    method: str,
    path: bytes,
    query: bytes = b"",
    headers: tuple[Header, ...] = (),
    body: bytes = b"",
) -> Answer:
    """One request; an exception that leaves the application fails the test."""
    named = {name for name, _ in headers}
    more: tuple[Header, ...] = ((b"host", b"door"), (b"content-length", str(len(body)).encode()))
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [*headers, *(pair for pair in more if pair[0] not in named)],
        "client": ("127.0.0.1", 1),
        "server": ("door", 80),
    }
    messages: list[Any] = []
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Any) -> None:  # noqa: ANN401 - as ASGI has it
        messages.append(message)

    await app(scope, receive, send)
    start = next(message for message in messages if message["type"] == "http.response.start")
    whole = b"".join(
        message.get("body", b"") for message in messages if message["type"] == "http.response.body"
    )
    return Answer(start["status"], dict(start["headers"]), whole)
