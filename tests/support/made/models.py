"""Walks the contract's models as JSON Schema.

So what a test says of every field holds for those that come later.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from tools.generate import schemas

SCHEMAS: Final[dict[str, Any]] = {
    name.removesuffix(".schema.json"): json.loads(text) for name, text in schemas().items()
}
"""Message → its schema."""


def nodes(
    schema: Any,  # noqa: ANN401 - JSON Schema
    root: Any,  # noqa: ANN401 - JSON Schema
    path: str = "",
    seen: frozenset[str] = frozenset(),
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a message, with its place."""
    if "$ref" in schema:
        if schema["$ref"] in seen:
            return
        seen |= {schema["$ref"]}
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, root, f"{path}/{name}", seen)
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from nodes(inner, root, f"{path}/*", seen)
    for word in ("anyOf", "oneOf", "prefixItems"):
        for inner in schema.get(word, ()):
            yield from nodes(inner, root, path, seen)
