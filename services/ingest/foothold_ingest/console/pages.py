"""The console's templates, and whether a form really came from one of them."""

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import FormData

from foothold_ingest.console.sessions import Person
from foothold_ingest.console.words import (
    ANSWERS,
    ASKED,
    CONCERNS,
    DOUBTS,
    FIELDS,
    OUTCOMES,
    ROUTES,
    STATUS,
    UNREADABLE,
    WHERE,
    value_words,
)
from foothold_ingest.files.store import TOPIC
from foothold_ingest.rules.times import SHANGHAI
from foothold_ingest.rules.words import sentence
from foothold_schemas.characters import trimmed
from foothold_schemas.titles import FACT_TITLES
from foothold_schemas.values import Sentence
from foothold_schemas.wire.quarantine import RefusalReason

_FILE_ROW: Final = re.compile(rf"{re.escape(TOPIC)}\.[^:]+\.([0-9a-f]+):\d+:(\d+)")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL takes in no text, and UTF-8 in no byte."""


class Forged(Exception):  # noqa: N818 - says what it looks like
    """A form that did not come from our page."""


class Unstorable(Exception):  # noqa: N818 - says what it is
    """A field of the form holds a character that can be kept nowhere."""


class Pages:
    """Renders templates; every value is escaped."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("foothold_ingest.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._environment.filters |= {
            "moment": _moment,
            "reason": sentence,
            "kind": lambda code: FACT_TITLES.get(code, UNREADABLE),
        }
        self._environment.globals |= {
            "outcomes": OUTCOMES,
            "status_of": STATUS,
            "where_of": WHERE,
            "routes": ROUTES,
            "concerns": CONCERNS,
            "doubts": DOUBTS,
        }
        self._environment.globals |= {"asked": ASKED, "answers": ANSWERS}
        self._environment.filters["field"] = lambda name: FIELDS.get(name, name)
        self._environment.filters["said"] = lambda value, field: value_words(field, str(value))
        self._environment.filters |= {"file_row": file_row, "retried": retried}

    def render(self, name: str, status: int = 200, **values: object) -> HTMLResponse:
        """A page."""
        return HTMLResponse(
            self._environment.get_template(name).render(**values), status_code=status
        )


def file_row(source_id: str) -> tuple[str, str] | None:
    """Upload and row of a record that stood in a file; None for one of a topic."""
    match = _FILE_ROW.fullmatch(source_id)
    return None if match is None else (match[1], match[2])


def retried(text: str) -> tuple[Sentence | None, str]:
    """What a retry came to, as it is kept.

    The reason in words where it begins with one, and the rest.
    """
    code, colon, rest = text.partition(": ")
    return (sentence(code), rest) if colon and code in set(RefusalReason) else (None, text)


def _moment(value: datetime | None) -> str:
    return "" if value is None else f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


async def require_csrf(request: Request, person: Person) -> FormData:
    """The form, if it came from our own page and can be kept; raise Forged or Unstorable."""
    try:
        form = await request.form(max_files=1, max_fields=1_000)
    except (UnicodeError, ValueError):  # a charset nobody speaks
        raise Forged from None
    if not require_same_origin(request) or form.get("csrf") != person.csrf:
        raise Forged
    if not all(is_storable(value) for _, value in form.multi_items() if isinstance(value, str)):
        raise Unstorable
    return FormData(
        [
            (name, trimmed(value) if isinstance(value, str) else value)
            for name, value in form.multi_items()
        ]
    )


def require_same_origin(request: Request) -> bool:
    """Whether a browser says that the form stood on our page.

    One that says nothing of it is believed.
    """
    origin = request.headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:  # half an IPv6 address
        return False


def is_storable(text: str) -> bool:
    """Whether the text can be kept at all; everything else about it is for its reader to say."""
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """The text without what cannot be kept."""
    return _UNSTORABLE.sub("", text)
