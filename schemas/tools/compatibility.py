"""Finds what changed between two JSON Schemas of one message.

It says whether anybody who reads or wrote the message would be hurt.

The log is kept for ever, so a change must hold in both directions: readers of today's release get
tomorrow's records (producers may be updated first), and tomorrow's readers get every record ever
written. Source of the rules: how readers here decode (unknown fields are ignored, enumerations and
tags are closed).

What agencies send is read by one reader only, which is never older than its own contract. There a
field may be loosened; but it may not go, because the door refuses what it does not know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Schema = Mapping[str, Any]
_LIMITS = (
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "format",
    "formatMinimum",
    "formatMaximum",
    "const",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where (a path of field names), what, and whether it breaks a reader."""

    where: str
    what: str
    is_breaking: bool

    def __str__(self) -> str:
        """One line for people."""
        return f"{'BREAKING ' if self.is_breaking else ''}{self.where}: {self.what}"


class Roots(NamedTuple):
    """Both whole schemas, and whether they describe what is sent to the door."""

    old: Schema
    new: Schema
    is_door: bool


def changes(before: Schema, after: Schema, *, is_door: bool = False) -> list[Change]:
    """All differences, descriptions and examples aside."""
    return list(_compare("", before, after, Roots(before, after, is_door)))


def _compare(where: str, old: Schema, new: Schema, roots: Roots) -> Iterator[Change]:
    old, new = _resolved(old, roots.old), _resolved(new, roots.new)
    here = where or "/"
    if roots.is_door and (loosened := _nullable(old, new)) is not None:
        yield Change(here, "it may be left empty", is_breaking=False)
        new = _resolved(loosened, roots.new)
    if old.get("type") != new.get("type"):
        yield Change(here, f"type {old.get('type')} became {new.get('type')}", is_breaking=True)
        return
    yield from _values(here, old, new)
    yield from _fields(where, old, new, roots)
    for word in ("items", "additionalProperties"):
        if isinstance(old.get(word), Mapping) and isinstance(new.get(word), Mapping):
            yield from _compare(f"{where}/*", old[word], new[word], roots)
    for word in ("oneOf", "anyOf", "prefixItems"):
        yield from _branches(where, word, old, new, roots)


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _nullable(old: Schema, new: Schema) -> Schema | None:
    """What the field takes beside null, where it took no null before."""
    branches = [branch for branch in new.get("anyOf", ()) if branch.get("type") != "null"]
    return (
        branches[0] if "anyOf" not in old and len(branches) == 1 and len(new["anyOf"]) > 1 else None
    )


def _values(here: str, old: Schema, new: Schema) -> Iterator[Change]:
    for value in sorted(set(map(str, old.get("enum", ()))) - set(map(str, new.get("enum", ())))):
        yield Change(
            here,
            f"the value {value} is gone: records that hold it could not be read",
            is_breaking=True,
        )
    for value in sorted(set(map(str, new.get("enum", ()))) - set(map(str, old.get("enum", ())))):
        yield Change(
            here,
            f"the value {value} is new: readers of before set such records aside until they are"
            " updated",
            is_breaking=False,
        )
    for word in _LIMITS:
        if old.get(word) != new.get(word):
            yield Change(
                here, f"{word} {old.get(word)} became {new.get(word)}", is_breaking=word in new
            )


def _fields(where: str, old: Schema, new: Schema, roots: Roots) -> Iterator[Change]:
    had, has = old.get("properties", {}), new.get("properties", {})
    must_before, must_now = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(had.keys() - has.keys()):
        yield Change(
            f"{where}/{name}", "the field is gone", is_breaking=roots.is_door or name in must_before
        )
    for name in sorted(has.keys() - had.keys()):
        yield Change(f"{where}/{name}", "the field is new", is_breaking=name in must_now)
    for name in sorted(had.keys() & has.keys()):
        if (name in must_before) != (name in must_now):
            word = "required" if name in must_now else "optional"
            yield Change(
                f"{where}/{name}",
                f"the field became {word}",
                is_breaking=not roots.is_door or name in must_now,
            )
        yield from _compare(f"{where}/{name}", had[name], has[name], roots)


def _branches(where: str, word: str, old: Schema, new: Schema, roots: Roots) -> Iterator[Change]:
    had, has = _named(old.get(word, ())), _named(new.get(word, ()))
    for name in sorted(had.keys() - has.keys()):
        yield Change(where or "/", f"the alternative {name} is gone", is_breaking=True)
    for name in sorted(has.keys() - had.keys()):
        yield Change(
            where or "/",
            f"the alternative {name} is new: readers of before set such records aside until they"
            " are updated",
            is_breaking=False,
        )
    for name in sorted(had.keys() & has.keys()):
        yield from _compare(where, had[name], has[name], roots)


def _named(branches: Any) -> dict[str, Schema]:  # noqa: ANN401 - a part of a JSON Schema
    return {
        str(branch.get("$ref", branch.get("type", n))): branch for n, branch in enumerate(branches)
    }
