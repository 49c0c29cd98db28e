"""What a text costs follows its size.

Twice the text takes about twice as long, whatever it is made of and whoever reads it.
"""

import contextlib
import gc
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from foothold_ingest.rules.accept import accept
from foothold_ingest.rules.binding import from_http, from_kafka
from foothold_ingest.rules.judgement import Caller, Clock
from foothold_ingest.rules.people.resident_number import NotANumber, parse
from foothold_ingest.rules.rows.cells import Number, WrongCell, value_of
from foothold_ingest.rules.rows.mapping import CellKind, Column
from foothold_ingest.rules.strict_json import MAX_KEYS, MAX_VALUES, NotStrict, loads, loads_batch
from tests.support.made.regions import deployment
from tests.support.running.parts import ROOT

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)
CLOCK = Clock(now=NOW, today=date(2026, 7, 1), recorded=NOW)
SIZES: Final = (120_000, 240_000)
"""Characters, about a quarter of what a body may have, and twice that."""
FLOOR: Final = 0.005
"""Seconds below which a ratio says more about the machine than about the text."""


def event(kind: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401
    example: dict[str, Any] = json.loads(
        (ROOT / f"schemas/examples/events/{kind}.json").read_text()
    )
    return example | {"data": example["data"] | data}


SHAPES: Final[dict[str, Callable[[int], bytes]]] = {
    "deep lists": lambda n: b"[" * (n // 2) + b"]" * (n // 2),
    "deep objects": lambda n: b'{"a":' * (n // 6) + b"1" + b"}" * (n // 6),
    "half a nest": lambda n: b"[" * n,
    "a wide list": lambda n: b"[" + b"0," * (n // 2) + b"0]",
    "a wide list of texts": lambda n: b"[" + b'"x",' * (n // 4) + b'""]',
    "a list of objects": lambda n: b"[" + b'{"a":1},' * (n // 8) + b"{}]",
    "many keys": lambda n: json.dumps({f"k{i}": 1 for i in range(n // 10)}).encode(),
    "many keys of one hash": (
        lambda n: json.dumps({str(i * (2**61 - 1)): 1 for i in range(n // 26)}).encode()
    ),
    "a key many times": lambda n: b"{" + b'"a":1,' * (n // 6) + b'"a":1}',
    "the last key twice": (
        lambda n: b"{" + b"".join(b'"k%d":1,' % i for i in range(n // 10)) + b'"z":1,"z":1}'
    ),
    "long keys": lambda n: json.dumps({f"{'k' * 4000}{i}": 1 for i in range(n // 4000)}).encode(),
    "one long key": lambda n: b'{"' + b"k" * n + b'":1}',
    "one long text": lambda n: b'{"a":"' + b"x" * n + b'"}',
    "long texts": lambda n: json.dumps(["x" * 4096] * (n // 4096)).encode(),
    "escapes": lambda n: b'"' + b"\\u0041" * (n // 6) + b'"',
    "surrogates": lambda n: b'"' + b"\\ud800" * (n // 6) + b'"',
    "controls": lambda n: json.dumps(["\x01" * 4000] * (n // 24_000)).encode(),
    "a big number": lambda n: b"1" * n,
    "big numbers": lambda n: b"[" + b",".join([b"9" * 4000] * (n // 4000)) + b"]",
    "a long fraction": lambda n: b"0." + b"1" * n,
    "spaces": lambda n: b" " * n + b"{}",
    "line feeds and a fault": lambda n: b"\n" * n + b"{",
    "not UTF-8": lambda n: b" " * n + b"\xff",
    "events": (
        lambda n: (
            b"[" + b",".join([json.dumps(event("IncomeReported")).encode()] * (n // 400)) + b"]"
        )
    ),
    "nonsense in every field": (
        lambda n: json.dumps(
            {**event("IncomeReported"), "data": {f"f{i}": [] for i in range(n // 12)}}
        ).encode()
    ),
}
PARSERS: Final[dict[str, Callable[[bytes], object]]] = {
    "one event": loads,
    "a batch": loads_batch,
    "over HTTP, beside its headers": lambda body: from_http([("ce-id", "x")], body),
    "from Kafka": lambda body: from_kafka([("ce_id", b"x")], body),
}


def cost(work: Callable[[], object]) -> float:
    """Seconds of this thread, the least of several goes; a refusal is an answer."""

    def once() -> float:
        began = time.thread_time()
        with contextlib.suppress(NotStrict, WrongCell, NotANumber):
            work()
        return time.thread_time() - began

    gc.disable()
    try:
        return min(once() for _ in range(3))
    finally:
        gc.enable()


def assert_linear(
    work_of: Callable[[int], Callable[[], object]], sizes: tuple[int, int] = SIZES
) -> None:
    """Whether twice the size costs less than three times as much.

    Asked again where the machine was busy with other things.
    """
    small, large = (work_of(size) for size in sizes)
    costs = [(cost(small), cost(large))]
    while costs[-1][1] >= 3 * max(costs[-1][0], FLOOR) and len(costs) < 4:
        costs.append((cost(small), cost(large)))

    assert costs[-1][1] < 3 * max(costs[-1][0], FLOOR), costs


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_body_of_any_shape_costs_what_its_size_costs(shape: str, parser: str) -> None:
    def work_of(size: int) -> Callable[[], object]:
        body = SHAPES[shape](size)
        return lambda: PARSERS[parser](body)

    assert_linear(work_of)


def test_many_headers_cost_what_they_are() -> None:
    assert_linear(
        lambda n: lambda: from_http([(f"ce-a{i}", "%41" * 10) for i in range(n)], b"{}"),
        (2_000, 4_000),
    )
    assert_linear(
        lambda n: lambda: from_kafka([(f"ce_a{i}", b"x" * 30) for i in range(n)], b"{}"),
        (2_000, 4_000),
    )
    assert_linear(lambda n: lambda: from_http([("ce-a", "%41" * n)], b"{}"), (10_000, 20_000))


AGENCY = Caller("statistics", is_operator=False)
PERSON = "11010519491231002X"
MARKS: Final = "\u0301\u0323"
"""Combining marks out of their order, which Unicode's normal forms put right."""


def stay(year: int) -> dict[str, str]:
    """A year of somebody in a household."""
    return {"person_ref": "p", "joined_on": f"{year}-01-01", "left_on": f"{year}-12-31"}


EVENTS: Final[dict[str, tuple[tuple[int, int], Callable[[int], dict[str, Any]]]]] = {
    "members by number": (
        (30, 60),
        lambda n: event(
            "HouseholdRegistered", members=[{"resident_number": PERSON}] * n, covers=[]
        ),
    ),
    "members by name": (
        (30, 60),
        lambda n: event(
            "HouseholdRegistered", members=[{"person_ref": f"p{i}"} for i in range(n)], covers=[]
        ),
    ),
    "one member again and again": (
        (30, 60),
        lambda n: event(
            "HouseholdRegistered",
            members=[
                {
                    "person_ref": "p",
                    "joined_on": f"{1900 + i}-01-01",
                    "left_on": f"{1900 + i}-12-31",
                }
                for i in range(n)
            ],
        ),
    ),
    "covers": (
        (100, 200),
        lambda n: event(
            "HouseholdRegistered",
            covers=[{"cover": "a", "from_day": "2020-01-01", "until_day": "9999-12-31"}] * n,
        ),
    ),
    "more members than a household has": (
        (500, 1_000),
        lambda n: event("HouseholdRegistered", members=[{}] * n),
    ),
    "members that are none": (
        (500, 1_000),
        lambda n: event("HouseholdRegistered", members=[7] * n),
    ),
    "members for ever": (
        (500, 1_000),
        lambda n: event("HouseholdRegistered", members=[{"left_on": "9999-12-31"}] * n),
    ),
    "fields nobody knows": (
        (500, 1_000),
        lambda n: event("IncomeReported", **{f"f{i}": 1 for i in range(n)}),
    ),
    "attributes nobody knows": (
        (500, 1_000),
        lambda n: event("IncomeReported") | {f"a{i}": 1 for i in range(n)},
    ),
    "what it amends": (
        (10, 20),
        lambda n: (
            event("IncomeReported") | {"amends": " ".join(f"{'x' * 90}{i}" for i in range(n))}
        ),
    ),
    "a long word where an id stands": (
        (2_000, 4_000),
        lambda n: event("IncomeReported") | {"id": "x" * n, "amends": "x " * (n // 2)},
    ),
    "what it takes back": (
        (500, 1_000),
        lambda n: event("FactsRetracted", events=[f"e{i}" for i in range(n)]),
    ),
    "a name of many marks": (
        (2_000, 4_000),
        lambda n: event(
            "HouseholdRegistered", contact={"name": "e" + MARKS * (n // 2), "address": MARKS * n}
        ),
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_judging_an_event_costs_what_its_size_costs(name: str) -> None:
    sizes, build = EVENTS[name]

    def work_of(size: int) -> Callable[[], object]:
        sent, where = build(size), deployment()
        return lambda: [accept(sent, AGENCY, CLOCK, where) for _ in range(5)]

    assert_linear(work_of, sizes)


TEXTS: Final[dict[str, Callable[[int], str]]] = {
    "digits": lambda n: "1" * n,
    "spaces": lambda n: " " * n + "x",
    "an exponent": lambda n: "1" * n + "." + "0" * n + "E",
    "marks": lambda n: "e" + "\u0323\u0301" * n,
    "ligatures": lambda n: "\ufdfa" * (n // 18),
    "no day": lambda n: "2026-1-" + "1" * n,
}
COLUMNS: Final = [
    Column(
        headers=("h",),
        to="/data/x",
        kind=kind,
        **({"choices": {"a": "b"}} if kind is CellKind.CHOICE else {}),
    )
    for kind in CellKind
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.kind)
def test_a_cell_costs_what_its_size_costs(column: Column, text: str) -> None:
    assert_linear(lambda n: lambda: [value_of(TEXTS[text](n), column) for _ in range(3)])
    assert_linear(lambda n: lambda: value_of(Number(TEXTS[text](n)), column))


@pytest.mark.parametrize("text", TEXTS)
def test_a_number_that_names_a_person_costs_what_its_size_costs(text: str) -> None:
    """Within the forty characters a number may have it costs nothing.

    From a cell it may come longer.
    """
    assert_linear(lambda n: lambda: parse(TEXTS[text](n), CLOCK.today), (20_000, 40_000))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (json.dumps({f"k{i}": 1 for i in range(MAX_KEYS + 1)}).encode(), "too_large"),
        (json.dumps([0] * MAX_VALUES).encode(), "too_large"),
        (
            json.dumps({"a": [[]] * (MAX_VALUES // 2), "b": [[]] * (MAX_VALUES // 2)}).encode(),
            "too_large",
        ),
        (b"1" * 41, "too_long"),
        (b"-0." + b"1" * 40, "too_long"),
        (b"1e309", "too_long"),
        (b"-1e309", "too_long"),
    ],
    ids=["keys", "values", "values in lists", "digits", "places", "infinite", "infinitely little"],
)
def test_an_event_has_an_end_in_every_direction(body: bytes, reason: str) -> None:
    with pytest.raises(NotStrict) as error:
        loads(body)

    assert error.value.reason == reason


def test_up_to_its_end_an_event_is_taken_and_each_of_a_batch_has_its_own() -> None:
    whole = [0] * (MAX_VALUES - 1)

    assert loads(json.dumps(whole).encode()) == whole
    assert loads_batch(json.dumps([whole] * 100).encode()) == [whole] * 100
    assert (
        len(loads({f"k{i}": 1 for i in range(MAX_KEYS)}.__repr__().replace("'", '"').encode()))  # type: ignore[arg-type]  # an object
        == MAX_KEYS
    )
    with pytest.raises(NotStrict, match="more than 2000 values"):
        loads_batch(json.dumps([{}, [0] * MAX_VALUES]).encode())
    with pytest.raises(NotStrict, match="more than 1000 events"):
        loads_batch(json.dumps([{}] * 1001).encode())
    with pytest.raises(NotStrict, match="at /3/data/item"):
        loads_batch(json.dumps([{}, {}, {}, {"data": {"item": "\x07"}}]).encode())
