"""What changed between two JSON Schemas of one message, and whether anybody who reads or wrote it would be hurt.

The log is kept for ever, so a change must hold in both directions: readers of today's release get tomorrow's records (producers may be
updated first), and tomorrow's readers get every record ever written. Source of the rules: how readers here decode (unknown fields are
ignored, enumerations and tags are closed).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
_LIMITS = ("pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "format", "const")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where (a path of field names), what, and whether it breaks a reader."""

    where: str
    what: str
    is_breaking: bool

    def __str__(self) -> str:
        """One line for people."""
        return f"{'BREAKING ' if self.is_breaking else ''}{self.where}: {self.what}"


def changes(before: Schema, after: Schema) -> list[Change]:
    """All differences, descriptions and examples aside."""
    return list(_compare("", before, after, before, after))


def _compare(where: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[Change]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    here = where or "/"
    if old.get("type") != new.get("type"):
        yield Change(here, f"type {old.get('type')} became {new.get('type')}", is_breaking=True)
        return
    yield from _values(here, old, new)
    yield from _fields(where, old, new, old_root, new_root)
    for word in ("items", "additionalProperties"):
        if isinstance(old.get(word), Mapping) and isinstance(new.get(word), Mapping):
            yield from _compare(f"{where}/*", old[word], new[word], old_root, new_root)
    for word in ("oneOf", "anyOf", "prefixItems"):
        yield from _branches(where, word, old, new, old_root, new_root)


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _values(here: str, old: Schema, new: Schema) -> Iterator[Change]:
    for value in sorted(set(map(str, old.get("enum", ()))) - set(map(str, new.get("enum", ())))):
        yield Change(here, f"the value {value} is gone: records that hold it could not be read", is_breaking=True)
    for value in sorted(set(map(str, new.get("enum", ()))) - set(map(str, old.get("enum", ())))):
        yield Change(here, f"the value {value} is new: readers of before set such records aside until they are updated", is_breaking=False)
    for word in _LIMITS:
        if old.get(word) != new.get(word):
            yield Change(here, f"{word} {old.get(word)} became {new.get(word)}", is_breaking=word in new)


def _fields(where: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[Change]:
    had, has = old.get("properties", {}), new.get("properties", {})
    must_before, must_now = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(had.keys() - has.keys()):
        yield Change(f"{where}/{name}", "the field is gone", is_breaking=name in must_before)
    for name in sorted(has.keys() - had.keys()):
        yield Change(f"{where}/{name}", "the field is new", is_breaking=name in must_now)
    for name in sorted(had.keys() & has.keys()):
        if (name in must_before) != (name in must_now):
            word = "required" if name in must_now else "optional"
            yield Change(f"{where}/{name}", f"the field became {word}", is_breaking=True)
        yield from _compare(f"{where}/{name}", had[name], has[name], old_root, new_root)


def _branches(where: str, word: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[Change]:
    had, has = _named(old.get(word, ())), _named(new.get(word, ()))
    for name in sorted(had.keys() - has.keys()):
        yield Change(where or "/", f"the alternative {name} is gone", is_breaking=True)
    for name in sorted(has.keys() - had.keys()):
        yield Change(where or "/", f"the alternative {name} is new: readers of before set such records aside until they are updated", is_breaking=False)
    for name in sorted(had.keys() & has.keys()):
        yield from _compare(where, had[name], has[name], old_root, new_root)


def _named(branches: Any) -> dict[str, Schema]:  # noqa: ANN401 - a part of a JSON Schema
    return {str(branch.get("$ref", branch.get("type", n))): branch for n, branch in enumerate(branches)}
