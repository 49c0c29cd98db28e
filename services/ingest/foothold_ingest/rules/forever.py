"""Registers write 9999-12-31 where they mean "for ever".

In a field that says until when, the door reads it as empty and tells the sender.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from foothold_ingest.rules.judgement import FieldProblem
from foothold_schemas.values import JsonObject

UNTIL: Final[Mapping[str, tuple[str, ...]]] = {
    "HouseholdRegistered": ("/members/*/left_on", "/covers/*/until_day"),
    "IncomeReported": ("/until_month",),
    "AreaStruck": ("/last_day",),
}
"""Kind → the fields in which an empty value means "for ever". `*`: every place of a list."""

READ_AS_EMPTY: Final = (
    "9999 表示长期有效，已按空值处理 9999 means for ever: read as empty, leave the field out"
)
_FOR_EVER: Final = re.compile(r"9999-[0-9]{2}(-[0-9]{2})?")


def without_forever(kind: str, data: JsonObject) -> tuple[JsonObject, tuple[FieldProblem, ...]]:
    """The data without values that mean "for ever", and what the sender is told of them.

    What was sent stays as it is.
    """
    warnings: list[FieldProblem] = []
    for path in UNTIL.get(kind, ()):
        for where in _places(data, path.split("/")[1:], ()):
            data = _without(data, where)
            warnings.append(FieldProblem("/data/" + "/".join(map(str, where)), READ_AS_EMPTY))
    return data, tuple(warnings)


def _places(
    value: object, path: list[str], where: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
    """Where in the value the path leads to a day or month that means "for ever".

    A value of another shape is judged by the model.
    """
    match path, value:
        case [], str():
            if _FOR_EVER.fullmatch(value):
                yield where
        case ["*", *rest], list():
            for index, item in enumerate(value):
                yield from _places(item, rest, (*where, index))
        case [name, *rest], dict():
            yield from _places(value.get(name), rest, (*where, name))


def _without(value: Any, where: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - a JSON value
    """A copy along the path, without the field at its end."""
    step, *rest = where
    changed = value.copy()
    if rest:
        changed[step] = _without(value[step], tuple(rest))
    else:
        del changed[step]
    return changed
