"""A line of the log is a household's or everybody's, and never half of both."""

import json
from pathlib import Path

import pytest

from foothold_schemas.facts.envelope import BroadcastRecord, FactRecord, HouseholdRecord
from foothold_schemas.wire.codec import Unreadable, decode_fact, encode
from foothold_schemas.wire.quarantine import RefusalReason

FOLDER = Path(__file__).parents[2] / "schemas" / "examples" / "household-facts.v1"
EVERYBODYS = {"AreaStruck", "DayOpened", "FeedHeard", "PolicyAdopted"}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_every_kind_is_read_as_what_it_is_and_written_as_it_came(file: Path) -> None:
    whole = FactRecord.model_validate_json(file.read_bytes())
    kind = BroadcastRecord if whole.data.kind in EVERYBODYS else HouseholdRecord

    for value in (file.read_bytes(), encode(whole)):
        fact = decode_fact(value)
        assert type(fact) is kind
        assert encode(fact) == encode(whole)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("IncomeReported", {"household_id": None}),
        ("DayOpened", {"household_id": "0" * 32}),
        ("FeedHeard", {"household_id": "0" * 32}),
    ],
)
def test_half_of_both_is_unreadable(name: str, change: dict[str, str | None]) -> None:
    value = json.loads((FOLDER / f"{name}.json").read_bytes()) | change

    for separators in ((",", ":"), (", ", ": ")):
        with pytest.raises(Unreadable) as refusal:
            decode_fact(json.dumps(value, separators=separators).encode())
        assert refusal.value.reason is RefusalReason.WRONG_KEY


def test_what_is_wrong_with_a_line_is_said_as_before() -> None:
    value = json.loads((FOLDER / "IncomeReported.json").read_bytes())
    value["data"]["kind"] = "IncomeGuessed"

    with pytest.raises(Unreadable) as refusal:
        decode_fact(json.dumps(value, separators=(",", ":")).encode())

    assert (refusal.value.reason, refusal.value.detail) == (
        RefusalReason.UNKNOWN_KIND,
        "data: a kind this version does not know",
    )
