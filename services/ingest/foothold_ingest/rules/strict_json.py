"""JSON as agencies must write it: no key twice, no control character, no endless nesting, no NaN.

Standard parsers let all of these through.

What it costs follows the size of the text: nothing is looked for a second time, and counting stops
where a limit is passed.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Final, NoReturn

from foothold_ingest.rules.names import repeatable
from foothold_schemas.wire.quarantine import RefusalReason

MAX_DEPTH: Final = 32
MAX_TEXT: Final = 4096
MAX_KEYS: Final = 1_000
"""Of one object."""
MAX_VALUES: Final = 2_000
"""Of one event, objects and lists included."""
MAX_EVENTS: Final = 1_000
"""Of one batch."""
MAX_DIGITS: Final = 40
"""Of one number, as it is written."""

_FORBIDDEN: Final = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0x202A, 0x202E),
    (0x2066, 0x2069),
    (0xD800, 0xDFFF),
)
"""C0 and C1 controls, bidirectional overrides and isolates, lone surrogates."""

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class NotStrict(ValueError):  # noqa: N818 - named for what it says about the text
    """The message says what is wrong and where, and repeats nothing that was sent."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def loads(body: bytes) -> JsonValue:
    """Parse one event, or the data of one, from UTF-8 JSON; raise NotStrict."""
    value = _parsed(body)
    _Walk().event(value)
    return value


def loads_batch(body: bytes) -> list[JsonValue]:
    """Parse a list of events, each within an event's own limits; raise NotStrict."""
    events = _parsed(body)
    if not isinstance(events, list):
        raise NotStrict(RefusalReason.NOT_JSON, "a batch is a JSON array of events")
    if len(events) > MAX_EVENTS:
        raise NotStrict(
            RefusalReason.TOO_LARGE,
            f"a batch has more than {MAX_EVENTS} events; send several requests",
        )
    for index, event in enumerate(events):
        _Walk([index]).event(event)
    return events


def _parsed(body: bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_whole,
            parse_float=_broken,
        )
    except UnicodeDecodeError as error:
        raise NotStrict(
            RefusalReason.NOT_JSON, f"the body is not UTF-8 (byte {error.start})"
        ) from None
    except json.JSONDecodeError as error:
        raise NotStrict(
            RefusalReason.NOT_JSON,
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
        ) from None
    except RecursionError:
        raise NotStrict(
            RefusalReason.TOO_DEEP, f"the body is nested deeper than {MAX_DEPTH} levels"
        ) from None
    return value


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    if len(pairs) > MAX_KEYS:
        raise NotStrict(RefusalReason.TOO_LARGE, f"an object has more than {MAX_KEYS} keys")
    result = dict(pairs)
    if len(result) != len(pairs):
        raise NotStrict(
            RefusalReason.DUPLICATE_KEY,
            f"the key {repeatable(_twice(pairs))} stands twice in one object",
        )
    return result


def _twice(pairs: list[tuple[str, JsonValue]]) -> str:
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # add returns None, which is the point


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotStrict(RefusalReason.TOO_LONG, f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _broken(digits: str) -> float:
    if len(digits) > MAX_DIGITS:
        raise NotStrict(RefusalReason.TOO_LONG, f"a number has more than {MAX_DIGITS} digits")
    number = float(digits)
    if not math.isfinite(number):
        raise NotStrict(RefusalReason.TOO_LONG, "a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise NotStrict(RefusalReason.NOT_JSON, f"{name} is not JSON")


@dataclass(slots=True)
class _Walk:
    """Looks at every value of one event.

    `trail` leads to the value at hand: a path is written only where something is wrong.
    """

    trail: list[str | int] = field(default_factory=list)
    left: int = MAX_VALUES

    def event(self, value: JsonValue) -> None:
        """Raise NotStrict for what a parser lets through."""
        try:
            self._value(value, 0)
        except _AtThisPlace as error:
            path = "".join(f"/{repeatable(step)}" for step in self.trail)
            raise NotStrict(error.reason, f"{error} at {path or '/'}") from None

    def _value(self, value: JsonValue, depth: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise NotStrict(
                RefusalReason.TOO_LARGE,
                f"an event has more than {MAX_VALUES} values; its lists and objects count",
            )
        if depth > MAX_DEPTH:
            raise NotStrict(
                RefusalReason.TOO_DEEP, f"the body is nested deeper than {MAX_DEPTH} levels"
            )
        if isinstance(value, str):
            _look_at(value)
        elif isinstance(value, dict):
            for name, item in value.items():
                _look_at(name)
                self._inside(name, item, depth)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._inside(index, item, depth)

    def _inside(self, step: str | int, item: JsonValue, depth: int) -> None:
        self.trail.append(step)
        self._value(item, depth + 1)
        self.trail.pop()


class _AtThisPlace(ValueError):  # noqa: N818 - completed by who knows the place
    """A text that may not stand there."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_text(text: str, path: str) -> None:
    """Raise NotStrict for a text that is too long or holds a control or bidirectional character."""
    try:
        _look_at(text)
    except _AtThisPlace as error:
        raise NotStrict(error.reason, f"{error} at {path or '/'}") from None


def _look_at(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise _AtThisPlace(RefusalReason.TOO_LONG, f"a text is longer than {MAX_TEXT} characters")
    if not text.isprintable() and any(_is_control(c) for c in text):
        raise _AtThisPlace(
            RefusalReason.CONTROL_CHARACTER, "a control or bidirectional character stands"
        )


def _is_control(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _FORBIDDEN)
