"""JSON as agencies must write it: no key twice, no control character, no endless nesting, no NaN. Standard parsers let all of these through."""

import json
from typing import Final, NoReturn

from foothold_ingest.rules.names import repeatable
from foothold_schemas.quarantine import RefusalReason

MAX_DEPTH: Final = 32
MAX_TEXT: Final = 4096

_FORBIDDEN: Final = ((0x00, 0x1F), (0x7F, 0x9F), (0x202A, 0x202E), (0x2066, 0x2069), (0xD800, 0xDFFF))
"""C0 and C1 controls, bidirectional overrides and isolates, lone surrogates."""

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class NotStrict(ValueError):  # noqa: N818 - named for what it says about the text
    """The message says what is wrong and where, and repeats nothing that was sent."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def loads(body: bytes) -> JsonValue:
    """Parse UTF-8 JSON strictly; raise NotStrict."""
    try:
        value: JsonValue = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise NotStrict(RefusalReason.NOT_JSON, f"the body is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise NotStrict(RefusalReason.NOT_JSON, f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotStrict(RefusalReason.TOO_DEEP, f"the body is nested deeper than {MAX_DEPTH} levels") from None
    except NotStrict:
        raise
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        raise NotStrict(RefusalReason.TOO_LONG, "a number has too many digits") from None
    _walk(value, "", 0)
    return value


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotStrict(RefusalReason.DUPLICATE_KEY, f"the key {repeatable(twice)} stands twice in one object")
    return result


def _constant(name: str) -> NoReturn:
    raise NotStrict(RefusalReason.NOT_JSON, f"{name} is not JSON")


def _walk(value: JsonValue, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotStrict(RefusalReason.TOO_DEEP, f"the body is nested deeper than {MAX_DEPTH} levels")
    match value:
        case str():
            check_text(value, path)
        case dict():
            for name, item in value.items():
                check_text(name, path)
                _walk(item, f"{path}/{repeatable(name)}", depth + 1)
        case list():
            for index, item in enumerate(value):
                _walk(item, f"{path}/{index}", depth + 1)


def check_text(text: str, path: str) -> None:
    """Raise NotStrict for a text that is too long or holds a control or bidirectional character."""
    where = path or "/"
    if len(text) > MAX_TEXT:
        raise NotStrict(RefusalReason.TOO_LONG, f"a text is longer than {MAX_TEXT} characters at {where}")
    if not text.isprintable() and any(_is_control(c) for c in text):
        raise NotStrict(RefusalReason.CONTROL_CHARACTER, f"a control or bidirectional character stands at {where}")


def _is_control(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _FORBIDDEN)
