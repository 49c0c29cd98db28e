"""The one text filter every form passes.

What people type may hold any script, and nothing that cannot be seen or kept.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData, UploadFile

from foothold_schemas.characters import has_unseen, trimmed

_ALLOWED: Final = "\t\n\r"
_FORBIDDEN: Final = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0x202A, 0x202E),
    (0x2066, 0x2069),
    (0xD800, 0xDFFF),
)
"""C0 and C1 controls, bidirectional overrides and isolates, lone surrogates: PostgreSQL takes no
NUL, UTF-8 no surrogate, and a reader is misled by the rest. Other format characters go by the rule
of all doors: see `foothold_schemas.characters`."""
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_FIELDS: Final = 1_000

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Unseen(Exception):  # noqa: N818 - an answer
    """A field holds a character that cannot be seen or kept; the message names the field."""


def is_plain(text: str) -> bool:
    """Whether all of it can be seen and kept, once what nobody sees at its ends is off."""
    return text.isprintable() or not (any(map(_is_forbidden, text)) or has_unseen(trimmed(text)))


def _is_forbidden(character: str) -> bool:
    return character not in _ALLOWED and any(
        first <= ord(character) <= last for first, last in _FORBIDDEN
    )


class FilteredRoute(APIRoute):
    """A route whose path, query and form hold plain text only.

    Raise Unseen before anything is done with them.
    """

    def get_route_handler(self) -> Handler:
        """The usual handler, behind the filter."""
        handle = super().get_route_handler()

        async def filtered(request: Request) -> Response:
            for name, text in (*request.path_params.items(), *request.query_params.multi_items()):
                _check(name, text)
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() in _FORMS:
                fields = (await request.form(max_fields=MOST_FIELDS, max_files=0)).multi_items()
                for name, value in fields:
                    _check(name, value)
                request._form = FormData(  # noqa: SLF001 - what handlers are given
                    [(n, trimmed(v) if isinstance(v, str) else v) for n, v in fields]
                )
            return await handle(request)

        return filtered


def _check(name: str, text: str | UploadFile | object) -> None:
    if isinstance(text, str) and not (is_plain(text) and is_plain(name)):
        raise Unseen(name[:40] if is_plain(name) else "?")
