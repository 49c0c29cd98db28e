"""Contracts hold across releases.

A breaking change names whom it hits, a compatible one must be declared, and old records stay
readable.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from foothold_schemas.wire.codec import (
    decode_area,
    decode_directory,
    decode_dispute,
    decode_fact,
    decode_output,
    decode_quarantined,
    decode_said,
    decode_view,
    decode_warning,
)
from foothold_schemas.wire.topics import TOPICS
from tools.compatibility import changes
from tools.contracts import RELEASED, compare, complaints, latest_release, release

ROOT = Path(__file__).parents[2]
DECODE: dict[str, Callable[[bytes], object]] = {
    "household-facts.v1": decode_fact,
    "risk-transitions.v1": decode_output,
    "household-views.v1": decode_view,
    "household-directory.v1": decode_directory,
    "quarantine.v1": decode_quarantined,
    "relief-facts.v1": decode_said,
    "area-signals.v1": decode_area,
    "region-warnings.v1": decode_warning,
    "fact-disputes.v1": decode_dispute,
}
GOLDEN = sorted(p for p in RELEASED.glob("*/examples/*/*.json") if p.parent.name != "events")
VIEW = json.loads((ROOT / "schemas/json/household-views.v1.schema.json").read_text())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parts[-4]}/{p.parent.name}/{p.stem}")
def test_records_of_every_release_are_still_readable(path: Path) -> None:
    assert DECODE[path.parent.name](path.read_bytes())


def bent(bend: Callable[[Any], object]) -> dict[str, Any]:
    schema: dict[str, Any] = copy.deepcopy(VIEW)
    bend(schema)
    return schema


BREAKING: dict[str, Callable[[Any], object]] = {
    "a required field goes": lambda s: (
        s["properties"].pop("as_of"),
        s["required"].remove("as_of"),
    ),
    "a new required field": lambda s: (
        s["properties"].update(extra={"type": "string"}),
        s["required"].append("extra"),
    ),
    "a field becomes optional": lambda s: s["required"].remove("as_of"),
    "an optional field becomes required": lambda s: s["required"].append("group"),
    "another type": lambda s: s["properties"].update(episode={"type": "string"}),
    "a value goes": lambda s: s["$defs"]["Status"]["enum"].remove("watch"),
    "a narrower limit deep inside": (
        lambda s: s["$defs"]["MonthFigures"]["properties"]["month"].update(pattern="^2")
    ),
    "fewer items": lambda s: s["properties"]["months"].update(maxItems=12),
}
COMPATIBLE: dict[str, Callable[[Any], object]] = {
    "a new optional field": lambda s: s["properties"].update(extra={"type": "string"}),
    "a new value": lambda s: s["$defs"]["Status"]["enum"].append("parked"),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_is_called_one(name: str) -> None:
    assert any(change.is_breaking for change in changes(VIEW, bent(BREAKING[name])))


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_compatible_change_is_seen_and_breaks_nobody(name: str) -> None:
    (change,) = changes(VIEW, bent(COMPATIBLE[name]))

    assert not change.is_breaking


def nullable(schema: Any) -> None:  # noqa: ANN401 - a JSON Schema
    was = schema["properties"]["as_of"]
    schema["properties"]["as_of"] = {"anyOf": [was, {"type": "null"}]}


@pytest.mark.parametrize(
    ("bend", "breaks_readers", "breaks_senders"),
    [
        (lambda s: s["required"].remove("as_of"), True, False),
        (lambda s: s["required"].append("group"), True, True),
        (nullable, True, False),
        (lambda s: s["properties"].pop("group"), False, True),
    ],
    ids=["became optional", "became required", "may be empty", "an optional field goes"],
)
def test_at_the_door_it_is_the_senders_who_are_not_to_be_broken(
    bend: Callable[[Any], object], *, breaks_readers: bool, breaks_senders: bool
) -> None:
    assert any(c.is_breaking for c in changes(VIEW, bent(bend))) is breaks_readers
    assert any(c.is_breaking for c in changes(VIEW, bent(bend), is_door=True)) is breaks_senders


def test_other_words_and_examples_are_no_change() -> None:
    assert changes(VIEW, bent(lambda s: s.update(description="Said better."))) == []


def test_a_change_names_the_readers_it_hits_and_must_be_declared(tmp_path: Path) -> None:
    for folder, schema in (("old", VIEW), ("new", bent(COMPATIBLE["a new value"]))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "household-views.v1.schema.json").write_text(json.dumps(schema))
    by_contract = compare(tmp_path / "old", tmp_path / "new")
    (undeclared,) = complaints(by_contract, {})
    declared = {"household-views.v1": [str(by_contract["household-views.v1"][0])]}
    (tmp_path / "new" / "household-views.v1.schema.json").unlink()
    (gone,) = complaints(compare(tmp_path / "old", tmp_path / "new"), {})

    assert "read by alerts" in undeclared
    assert "parked" in undeclared
    assert complaints(by_contract, declared) == []
    assert complaints({}, declared) != []
    assert "BREAKING" in gone


def test_the_last_release_holds_every_message_of_today() -> None:
    released = {p.name for p in (latest_release() / "json").glob("*.json")}

    assert {
        f"{card.name}.schema.json" for card in TOPICS if card.name != "household-state.v1"
    } <= released
    assert callable(release)


def test_the_asyncapi_document_is_valid_and_names_every_topic() -> None:
    document = yaml.safe_load((ROOT / "schemas/asyncapi.yaml").read_text(encoding="utf-8"))
    schema = json.loads((ROOT / "tests/repository/data/asyncapi-3.0.0.json").read_text())

    assert [e.message[:200] for e in jsonschema.Draft7Validator(schema).iter_errors(document)] == []
    assert {c["address"] for c in document["channels"].values()} == {
        t.name for t in TOPICS if t.name != "household-state.v1"
    } | {"agency.{agency}.v1"}
    for message in document["components"]["messages"].values():
        assert (ROOT / "schemas" / message["payload"]["schema"]["$ref"]).is_file()
