"""The ugliest values of every field of every kind an agency or an operator sends.

They are walked from the models: a new field has them by itself.
"""

import copy
import json
import random
from itertools import pairwise, product
from typing import Any, Final

from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from tests.support.made.models import SCHEMAS, nodes
from tests.support.running.parts import ROOT

Event = dict[str, Any]
Change = tuple[tuple[str | int, ...], object]

_DATES: Final = (
    "0000-00-00",
    "0001-01-01",
    "0001-12-31",
    "1899-12-31",
    "1900-01-01",
    "1900-02-29",
    "1970-01-01",
    "2000-02-29",
    "2023-02-29",
    "2024-02-29",
    "2026-02-30",
    "2200-12-31",
    "2201-01-01",
    "9999-01-01",
    "9999-12-30",
    "9999-12-31",
)
DAYS: Final = (
    *_DATES,
    "-0001-01-01",
    "10000-01-01",
    "26-1-1",
    "2026/01/01",
    "20260101",
    "2026-W01-1",
    "２０２６-01-01",
    "2026-01-01T00:00:00Z",
    " 2026-01-01",
)
_CLOCKS: Final = (
    "00:00:00",
    "23:59:59",
    "23:59:60",
    "24:00:00",
    "12:00",
    "12",
    "12:00:00.999999999999",
)
_OFFSETS: Final = (
    "Z",
    "z",
    "",
    "+00:00",
    "-00:00",
    "+08:00",
    "+14:00",
    "-12:00",
    "+23:59",
    "-23:59",
    "+24:00",
    "+0800",
)
MOMENTS: Final = (
    *(f"{day}T{clock}{offset}" for day, clock, offset in product(_DATES, _CLOCKS, _OFFSETS)),
    "1794880800",
    "now",
    "2026-01-01 00:00:00Z",
)
MONTHS: Final = (
    *(day[:7] for day in _DATES),
    "2026-13",
    "2026-00",
    "2026-1",
    "٢٠٢٦-01",
    "2026-01-01",
)
TEXTS: Final = (
    "",
    " ",
    "-0",
    "NaN",
    "1e309",
    "true",
    "null",
    "x" * 4_096,
    "e\u0301" * 30,
    "\u200b\u200d\ufeff",
    "٣٣٣٣٣٣",
    "９９９９９９",
    "𬱖" * 60,
    "'; drop table facts; --",
    "{{ 7 * 7 }}${7*7}",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "=1+1",
    "%00%ff",
    "370399/V1 ",
    "A" * 33,
    "9" * 18,
)
SPOILING: Final = (
    "\x00",
    "a\x1b[2Jb",
    "0.1\n",
    "\u202eabc",
    "\ud800",
    "x" * 4_097,
    10**39,
    10**60,
    float("inf"),
    float("nan"),
    "@1e309@",
)
"""Values for which a whole body is refused: they are sent alone."""
AMOUNTS: Final = (
    "0",
    "-0",
    "-0.00",
    "999999999999.99",
    "-999999999999.99",
    "9999999999999",
    "0.001",
    "1,000.00",
    "1e309",
    "１",
    "0.1\n",
    "+1",
    "0x1",
)
NUMBERS: Final = (0, -1, 1, 2**31, 2**63, 2**64 - 1, 10**38, True, 1.0, 1.5, "1", "1_0")
RUBBISH: Final[tuple[object, ...]] = (
    None,
    True,
    False,
    0,
    -0.0,
    1e308,
    [],
    {},
    [[[[]]]],
    {"a": {"a": {"a": [1, "x", None]}}},
    ["x"] * 300,
    [{}] * 61,
    {"kind": "X"},
)

ENVELOPE: Final = {
    name: node
    for name, node in nodes(SCHEMAS["cloudevent"], SCHEMAS["cloudevent"])
    if name.count("/") == 1 and not name.startswith("/data")
}


def values_for(node: dict[str, Any]) -> tuple[object, ...]:
    """The ugliest values of a field's type."""
    if node.get("format") == "date":
        return DAYS
    if node.get("format") == "date-time":
        return MOMENTS
    if "2200" in node.get("pattern", ""):
        return MONTHS
    if "exact amount" in node.get("description", ""):
        return AMOUNTS
    if node.get("type") == "integer":
        return NUMBERS
    return tuple(value.upper() for value in node.get("enum", ())) + TEXTS


def example(kind: str, number: int, source: str, **fixed: Any) -> Event:  # noqa: ANN401 - JSON
    """A sound event of the kind, about one of fifty households."""
    envelope: Event = json.loads((ROOT / f"schemas/examples/events/{kind}.json").read_text())
    envelope |= {"id": f"ugly-{kind}-{number}", "source": source}
    envelope["data"] |= fixed
    if "subject" in envelope:
        name = f"UGLY{number % 50}"
        envelope["subject"] = f"370399/{name}"
        if kind == "HouseholdRegistered":
            envelope["data"]["register_number"] = name
    return envelope


class _Remove:
    """In place of a value: the field goes."""


REMOVE: Final = _Remove()


def changed(event: Event, changes: list[Change]) -> Event:
    """The event with its changes, as far as its shape allows them."""
    bent = copy.deepcopy(event)
    for path, value in changes:
        put(bent, path, value)
    return bent


def put(inside: Any, path: tuple[str | int, ...], value: object) -> None:  # noqa: ANN401 - JSON
    """Change the value at a path, as far as the shape allows."""
    for step, following in pairwise(path):
        inside = _below(inside, step, following)
    last = path[-1]
    if isinstance(inside, list) and isinstance(last, int):
        inside[:1] = [] if value is REMOVE else [copy.deepcopy(value)]
    elif isinstance(inside, dict) and isinstance(last, str):
        inside.pop(last, None)
        if value is not REMOVE:
            inside[last] = copy.deepcopy(value)


def _below(inside: Any, step: str | int, following: str | int) -> Any:  # noqa: ANN401 - JSON
    """What stands there, made where it is missing; None where the shape has no such place."""
    if isinstance(step, int) and isinstance(inside, list):
        if not inside:
            inside.append({})
        return inside[0]
    if isinstance(step, str) and isinstance(inside, dict):
        return inside.setdefault(step, [] if isinstance(following, int) else {})
    return None


def examples(kind: str, count: int, source: str, **fixed: Any) -> list[Event]:  # noqa: ANN401 - JSON
    """So many ugly events of the kind, the same in every run.

    Each has one to three changes; the first walks the fields in turn, so that a count of as many
    events as the kind has fields leaves none out.
    """
    fields, chance = fields_of(kind), random.Random(kind)  # noqa: S311 - chosen values, not secrets
    events = []
    for number in range(count):
        more = chance.choices(fields, k=chance.choice((0, 0, 1, 2)))
        changes = [_change(field, chance) for field in (fields[number % len(fields)], *more)]
        events.append(changed(example(kind, number, source, **fixed), changes))
    return events


def fields_of(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Pointer and schema of every field of the kind and its envelope, and of some it has not."""
    schema = SCHEMAS[f"data.{kind}"]
    return [
        *((f"/data{path}", node) for path, node in nodes(schema, schema) if path),
        *ENVELOPE.items(),
        ("/data", {}),
        ("/data/nonesuch", {}),
        ("/x-y", {}),
    ]


def _change(field: tuple[str, dict[str, Any]], chance: random.Random) -> Change:
    """Where, and the value: of the field's type, of another, one that spoils a body, or none."""
    path, node = field
    values = chance.choice((values_for(node), RUBBISH, SPOILING, (REMOVE,)))
    place = tuple(0 if step == "*" else step for step in path.split("/")[1:])
    return place, chance.choice(values)


def as_json(value: object) -> bytes:
    """Return the value as a careless sender's library writes it.

    NaN, Infinity, half surrogates and numbers beyond any double are included.
    """
    return json.dumps(value).encode().replace(b'"@1e309@"', b"1e309")


def as_headers(event: Event) -> list[tuple[str, str | bytes | None]]:
    """The attributes of a record in binary mode, in whatever bytes."""
    return [
        (f"ce_{name}", str(value).encode(errors="surrogatepass"))
        for name, value in event.items()
        if name != "data"
    ]


def spoils(event: Event) -> bool:
    """Whether a whole body is refused because of this event."""
    text = json.dumps(event)
    return any(json.dumps(value).strip('"') in text for value in SPOILING)


KINDS: Final = (*AGENCY_KINDS, *OPERATOR_KINDS)
