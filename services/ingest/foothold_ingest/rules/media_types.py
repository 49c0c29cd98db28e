"""Which media types data may have: JSON in UTF-8, however that is written (RFC 9110, RFC 6839).

Pure, and the same at each door.
"""

import re
from typing import Final, NamedTuple

from foothold_ingest.rules.strict_json import NotStrict
from foothold_schemas.wire.quarantine import RefusalReason

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_JSON: Final = re.compile(rf"application/(json|{_NAME}\+json)")
_PARAMETER: Final = re.compile(rf';[ \t]*(?:({_NAME})[ \t]*=[ \t]*({_NAME}|"[^"\\]*")[ \t]*)?')
_LONGEST: Final = 200
_PLAIN: Final = "application/json"
OTHER_TYPE: Final = (
    "数据的媒体类型应为 application/json 或 application/*+json Data is application/json or"
    " application/*+json"
)
OTHER_CHARSET: Final = "字符编码只能是 UTF-8 The charset is utf-8, or is not named"


class MediaType(NamedTuple):
    """A media type in lower case, and the charsets it names.

    None where its parameters cannot be read.
    """

    name: str
    charsets: tuple[str, ...] | None

    @classmethod
    def of(cls, text: str) -> "MediaType":
        """`Application/JSON; charset="UTF-8"` → `application/json` with `utf-8`."""
        name, _, _ = text.partition(";")
        return cls(name.strip(" \t").lower(), _charsets(text[len(name) :]))

    @property
    def is_utf8(self) -> bool:
        """Whether it is UTF-8, as JSON is where nothing is said."""
        return self.charsets is not None and set(self.charsets) <= {"utf-8"}


def _charsets(parameters: str) -> tuple[str, ...] | None:
    charsets, at = list[str](), 0
    while at < len(parameters):
        parameter = _PARAMETER.match(parameters, at)
        if parameter is None:
            return None
        at = parameter.end()
        if (parameter[1] or "").lower() == "charset":
            charsets.append(parameter[2].strip('"').lower())
    return tuple(charsets)


def problem_of_data(text: str) -> str | None:
    """What is wrong with the media type that data is said to have; it repeats nothing of it."""
    if text == _PLAIN:
        return None
    media = MediaType.of(text)
    if len(text) > _LONGEST or not _JSON.fullmatch(media.name):
        return OTHER_TYPE
    return None if media.is_utf8 else OTHER_CHARSET


def check_charset(media: MediaType) -> None:
    """Raise NotStrict where the text of an event is said to be in anything but UTF-8."""
    if not media.is_utf8:
        raise NotStrict(RefusalReason.MEDIA_TYPE, OTHER_CHARSET)


def check_data(text: str) -> None:
    """Raise NotStrict where data is said to be anything but JSON in UTF-8."""
    if (problem := problem_of_data(text)) is not None:
        raise NotStrict(RefusalReason.MEDIA_TYPE, problem)
