"""The committed examples are what services send.

They decode, encode again unchanged, and fit the committed JSON Schema.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import jsonschema
import pytest

from foothold_ingest.rules.accept import accept
from foothold_ingest.rules.judgement import Accepted, Caller, Clock
from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from foothold_schemas.wire.codec import (
    Unreadable,
    decode_area,
    decode_directory,
    decode_dispute,
    decode_fact,
    decode_output,
    decode_quarantined,
    decode_said,
    decode_view,
    decode_warning,
    encode,
)
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.topics import HOUSEHOLD_STATE, TOPICS
from tests.support.made.regions import deployment
from tools.generate import schemas

ROOT = Path(__file__).parents[2] / "schemas"
DECODE = {
    "household-facts.v1": decode_fact,
    "risk-transitions.v1": decode_output,
    "household-views.v1": decode_view,
    "household-directory.v1": decode_directory,
    "relief-facts.v1": decode_said,
    "fact-disputes.v1": decode_dispute,
    "area-signals.v1": decode_area,
    "region-warnings.v1": decode_warning,
    "quarantine.v1": decode_quarantined,
}
FILES = sorted((ROOT / "examples").glob("*/*.json"))
RECORDS = [f for f in FILES if f.parent.name != "events"]
EVENTS = [f for f in FILES if f.parent.name == "events"]


def _id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", RECORDS, ids=_id)
def test_an_example_decodes_and_writes_itself_again(path: Path) -> None:
    text = path.read_bytes()

    assert json.loads(text) == json.loads(encode(DECODE[path.parent.name](text)))


@pytest.mark.parametrize("path", RECORDS, ids=_id)
def test_an_example_fits_the_committed_schema(path: Path) -> None:
    schema = json.loads((ROOT / "json" / f"{path.parent.name}.schema.json").read_text())

    assert (
        list(jsonschema.Draft202012Validator(schema).iter_errors(json.loads(path.read_text())))
        == []
    )


@pytest.mark.parametrize("path", EVENTS, ids=_id)
def test_an_example_event_is_accepted_at_the_door_and_fits_its_schemas(path: Path) -> None:
    event = json.loads(path.read_text())
    agency = event["source"].split("/")[2]
    now = datetime(2026, 6, 10, 4, tzinfo=UTC)

    judged = accept(
        event,
        Caller(agency, is_operator=path.stem in OPERATOR_KINDS),
        Clock(now, date(2026, 6, 10), now),
        deployment(),
    )

    assert isinstance(judged, Accepted)
    for name, value in (("cloudevent", event), (f"data.{path.stem}", event["data"])):
        jsonschema.Draft202012Validator(
            json.loads((ROOT / "json" / f"{name}.schema.json").read_text())
        ).validate(value)


def test_every_kind_of_fact_has_an_example_event_and_an_example_record() -> None:
    kinds = sorted(AGENCY_KINDS | OPERATOR_KINDS)

    assert kinds == [f.stem for f in EVENTS]
    assert kinds == [f.stem for f in RECORDS if f.parent.name == "household-facts.v1"]


def test_every_topic_others_read_has_examples() -> None:
    assert {t.name for t in TOPICS if t is not HOUSEHOLD_STATE} == {f.parent.name for f in RECORDS}


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert schemas() == {path.name: path.read_text() for path in (ROOT / "json").glob("*.json")}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, RefusalReason.NO_VALUE),
        (b"", RefusalReason.NOT_JSON),
        (b"\x00\x01magic", RefusalReason.NOT_JSON),
        (b"[]", RefusalReason.INVALID_FIELD),
        (b"{}", RefusalReason.INVALID_FIELD),
        (
            (ROOT / "examples/household-facts.v1/DisasterStruck.json")
            .read_bytes()
            .replace(b'"storm"', b'"hail_v2"'),
            RefusalReason.UNKNOWN_KIND,
        ),
        (
            (ROOT / "examples/household-facts.v1/DisasterStruck.json")
            .read_bytes()
            .replace(b'"DisasterStruck"', b'"MoonFell"'),
            RefusalReason.UNKNOWN_KIND,
        ),
        (
            (ROOT / "examples/household-facts.v1/IncomeReported.json")
            .read_bytes()
            .replace(b'"21600.00"', b"21600.00"),
            RefusalReason.INVALID_FIELD,
        ),
    ],
    ids=[
        "tombstone",
        "empty",
        "binary",
        "a list",
        "no field",
        "unknown hazard",
        "unknown kind",
        "amount as number",
    ],
)
def test_a_record_that_cannot_be_read_says_why_without_repeating_it(
    value: bytes | None, reason: RefusalReason
) -> None:
    with pytest.raises(Unreadable) as error:
        decode_fact(value)

    assert reason == error.value.reason
    assert "21600" not in error.value.detail


def test_a_reader_ignores_a_field_it_does_not_know() -> None:
    value = json.loads((ROOT / "examples/household-facts.v1/IncomeReported.json").read_text())
    value["data"]["added_later"] = "x"

    assert decode_fact(json.dumps(value).encode()).data.kind == "IncomeReported"
