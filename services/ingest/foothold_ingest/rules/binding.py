"""Where a CloudEvent stands in a request or a record.

It is one text (structured) or headers with the data beside them (binary). Pure.

Source: CloudEvents 1.0.2, the HTTP and the Kafka protocol bindings.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from foothold_ingest.rules.media_types import MediaType, check_charset, check_data
from foothold_ingest.rules.names import repeatable
from foothold_ingest.rules.strict_json import JsonValue, NotStrict, check_text, loads
from foothold_schemas.wire.quarantine import RefusalReason

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
EVENTS: Final = "application/cloudevents"
"""Every media type of whole events begins with it."""
MAX_BODY: Final = 1024 * 1024
MAX_ATTRIBUTES: Final = 100
"""Of one event in binary mode, where each is a header."""
_HTTP_PREFIX: Final = "ce-"
_KAFKA_PREFIX: Final = "ce_"


def from_http(headers: Iterable[tuple[str, str]], body: bytes) -> JsonValue:
    """The event of a binary-mode request (names lower-case, values percent-encoded).

    Raise NotStrict.
    """
    named = list(headers)
    check_data(next((value for name, value in named if name == "content-type"), ""))
    attributes = (
        (name.removeprefix(_HTTP_PREFIX), unquote(value, errors="strict"))
        for name, value in named
        if name.startswith(_HTTP_PREFIX)
    )
    try:
        return _binary(attributes, body)
    except UnicodeDecodeError:
        raise NotStrict(
            RefusalReason.INVALID_ENVELOPE, "a ce- header is not percent-encoded UTF-8"
        ) from None


def from_kafka(headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> JsonValue:
    """The event of a record: binary where it has `ce_` headers, else structured.

    Raise NotStrict.
    """
    if value is None:
        raise NotStrict(
            RefusalReason.NO_VALUE,
            "the record has no value; to take a fact back, send an event that says so",
        )
    if len(value) > MAX_BODY:
        raise NotStrict(
            RefusalReason.TOO_LARGE, f"the record's value is larger than {MAX_BODY} bytes"
        )
    try:
        named = [(name, text.decode()) for name, text in headers if text is not None]
    except UnicodeDecodeError:
        raise NotStrict(RefusalReason.INVALID_ENVELOPE, "a header is not UTF-8") from None
    content = next((text for name, text in named if name.lower() == "content-type"), None)
    media = MediaType.of(content or "")
    if media.name.startswith(EVENTS) and media.name != STRUCTURED:
        raise NotStrict(
            RefusalReason.INVALID_ENVELOPE,
            f"a record holds one event as {STRUCTURED}, not a batch and no other format",
        )
    attributes = [
        (name.removeprefix(_KAFKA_PREFIX), text)
        for name, text in named
        if name.startswith(_KAFKA_PREFIX)
    ]
    if media.name == STRUCTURED:
        check_charset(media)
    elif content is not None:
        check_data(content)
    return (
        loads(value) if media.name == STRUCTURED or not attributes else _binary(attributes, value)
    )


def _binary(attributes: Iterable[tuple[str, str]], data: bytes) -> JsonValue:
    event: dict[str, JsonValue] = {}
    for name, text in attributes:
        if len(event) >= MAX_ATTRIBUTES:
            raise NotStrict(
                RefusalReason.TOO_LARGE,
                f"an event has more than {MAX_ATTRIBUTES} attributes among the headers",
            )
        if name in event:
            raise NotStrict(
                RefusalReason.DUPLICATE_KEY,
                f"the attribute {repeatable(name)} stands twice among the headers",
            )
        check_text(text, f"/{repeatable(name)}")
        if name == "datacontenttype":
            check_data(text)
        event[name] = text
    if "data" in event:
        raise NotStrict(
            RefusalReason.INVALID_ENVELOPE, "in binary mode the data is the body, not a header"
        )
    event["data"] = loads(data)
    return event
