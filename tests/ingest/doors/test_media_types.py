"""JSON in UTF-8 is taken however its media type is written.

Everything else is refused by name: the same at each door.
"""

import asyncio
import json
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from foothold_ingest.doors.http import OtherMedia, events_of
from foothold_ingest.doors.problems import of_rejected
from foothold_ingest.rules.accept import accept
from foothold_ingest.rules.binding import BATCH, STRUCTURED, from_kafka
from foothold_ingest.rules.judgement import Caller, Clock, Rejected
from foothold_ingest.rules.media_types import problem_of_data
from foothold_ingest.rules.strict_json import JsonValue, NotStrict
from foothold_schemas.wire.quarantine import RefusalReason
from tests.support.made.regions import deployment

NOW: Final = datetime(2026, 6, 10, 4, tzinfo=UTC)
DATA: Final = {"category": "wage", "item": "salary", "amount": "1.00", "earned_month": "2026-05"}
ATTRIBUTES: Final = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/agencies/clinic",
    "type": "foothold.IncomeReported.v1",
    "time": "2026-06-10T11:00:00+08:00",
    "subject": "370399/V1",
}
TYPES: Final = {
    "application/json": True,
    "Application/JSON": True,
    " application/json ": True,
    "application/vnd.county+json": True,
    "APPLICATION/VND.X.V1+JSON": True,
    "application/problem+json": True,
    "": False,
    "text/json": False,
    "text/plain": False,
    "application/xml": False,
    "application/jsonx": False,
    "application/+json": False,
    "application/a b+json": False,
    "application/json+xml": False,
    "json": False,
    "application/json, text/plain": False,
    "x" * 300: False,
}
CHARSETS: Final = {
    "": True,
    ";": True,
    "; charset=utf-8": True,
    ";charset=UTF-8": True,
    ' ; Charset="Utf-8"': True,
    "; charset = utf-8 ": True,
    "; version=2": True,
    '; profile="a;charset=gbk"; charset=utf-8': True,
    "; charset=gbk": False,
    "; CHARSET=GB18030": False,
    '; charset="utf-16"': False,
    "; charset=iso-8859-1": False,
    "; charset=utf-8; charset=gbk": False,
    "; charset=": False,
    "; charset": False,
    '; charset="utf-8': False,
    "; charset=utf-8 gbk": False,
}
Send = Callable[[str], JsonValue]


async def _receive(body: bytes) -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": body, "more_body": False}


def over_http(content_type: str, body: object, **headers: str) -> JsonValue:
    named = {"content-type": content_type, **headers}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
    request = Request(
        {"type": "http", "method": "POST", "headers": raw},
        lambda: _receive(json.dumps(body).encode()),
    )
    return asyncio.run(events_of(request))[0]


def binary_headers(prefix: str) -> dict[str, str]:
    return {f"{prefix}{name}": value for name, value in ATTRIBUTES.items()}


def record(value: object, **headers: str) -> JsonValue:
    return from_kafka(
        [
            (name.replace("content_type", "content-type"), text.encode())
            for name, text in headers.items()
        ],
        json.dumps(value).encode(),
    )


DOORS: Final[dict[str, Send]] = {
    "HTTP, structured": lambda media: over_http(
        STRUCTURED, {**ATTRIBUTES, "datacontenttype": media, "data": DATA}
    ),
    "HTTP, batch": lambda media: over_http(
        BATCH, [{**ATTRIBUTES, "datacontenttype": media, "data": DATA}]
    ),
    "HTTP, binary": lambda media: over_http(media, DATA, **binary_headers("ce-")),
    "HTTP, binary with the attribute too": lambda media: over_http(
        "application/json", DATA, **{**binary_headers("ce-"), "ce-datacontenttype": media}
    ),
    "Kafka, structured": lambda media: record(
        {**ATTRIBUTES, "datacontenttype": media, "data": DATA}, content_type=STRUCTURED
    ),
    "Kafka, binary": lambda media: record(DATA, content_type=media, **binary_headers("ce_")),
    "Kafka, binary by the attribute": lambda media: record(
        DATA, ce_datacontenttype=media, **binary_headers("ce_")
    ),
    "Kafka, both": lambda media: record(
        DATA, content_type="application/json", ce_datacontenttype=media, **binary_headers("ce_")
    ),
    "Kafka, JSON that says what it is": lambda media: record(
        {**ATTRIBUTES, "data": DATA}, content_type=media
    ),
}


def refusal(send: Send, media: str) -> tuple[RefusalReason, object] | None:
    """By which name the door and the rules behind it refuse, and with which status."""
    try:
        event = send(media)
    except NotStrict as error:
        return error.reason, of_rejected(Rejected(error.reason, str(error)))["status"]
    except OtherMedia:
        return RefusalReason.MEDIA_TYPE, 415
    assert isinstance(event, dict)
    judged = accept(
        event,
        Caller("clinic", is_operator=False),
        Clock(NOW, NOW.date(), NOW),
        deployment(b"s" * 32),
    )
    return (judged.reason, of_rejected(judged)["status"]) if isinstance(judged, Rejected) else None


@pytest.mark.parametrize("door", DOORS)
def test_what_is_json_in_utf_8_is_taken_and_everything_else_is_a_media_type(door: str) -> None:
    for (media, is_json), (charset, is_utf8) in product(TYPES.items(), CHARSETS.items()):
        expected = None if is_json and is_utf8 else (RefusalReason.MEDIA_TYPE, 415)
        assert refusal(DOORS[door], media + charset) == expected, media + charset


@pytest.mark.parametrize(("charset", "is_utf8"), CHARSETS.items())
def test_a_whole_event_is_in_utf_8_too(charset: str, *, is_utf8: bool) -> None:
    body = {**ATTRIBUTES, "data": DATA}
    doors: list[Send] = [
        lambda media: over_http(media, body),
        lambda media: record(body, content_type=media),
    ]

    for door in doors:
        assert refusal(door, STRUCTURED + charset) == (
            None if is_utf8 else (RefusalReason.MEDIA_TYPE, 415)
        )
    assert refusal(lambda media: over_http(media, [body]), BATCH + charset) == (
        None if is_utf8 else (RefusalReason.MEDIA_TYPE, 415)
    )


@given(st.text(max_size=30) | st.sampled_from(sorted(TYPES)))
def test_a_refusal_repeats_nothing_of_what_was_sent(text: str) -> None:
    problem = problem_of_data(f"{text}\u00a7")

    assert problem is not None
    assert "\u00a7" not in problem
