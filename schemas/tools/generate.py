"""Writes the JSON Schemas of every message, or checks them.

With --check it says which committed one differs from the models.
"""

import argparse
import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from foothold_schemas.facts.directory import DirectoryEntry
from foothold_schemas.facts.envelope import CloudEvent, FactRecord
from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from foothold_schemas.messages.areas import AreaRecord, RegionWarning
from foothold_schemas.messages.disputes import DisputeNews
from foothold_schemas.messages.relief import PeopleSaid
from foothold_schemas.messages.transitions import RiskOutput
from foothold_schemas.messages.views import HouseholdView
from foothold_schemas.wire.quarantine import Quarantined

FOLDER = Path(__file__).parents[1] / "json"


def schemas() -> dict[str, str]:
    """File name → JSON Schema 2020-12 as text."""
    adapters: dict[str, TypeAdapter[object]] = {
        "cloudevent": TypeAdapter(CloudEvent),
        "household-facts.v1": TypeAdapter(FactRecord),
        "risk-transitions.v1": TypeAdapter(RiskOutput),
        "household-views.v1": TypeAdapter(HouseholdView),
        "household-directory.v1": TypeAdapter(DirectoryEntry),
        "relief-facts.v1": TypeAdapter(PeopleSaid),
        "fact-disputes.v1": TypeAdapter(DisputeNews),
        "area-signals.v1": TypeAdapter(AreaRecord),
        "region-warnings.v1": TypeAdapter(RegionWarning),
        "quarantine.v1": TypeAdapter(Quarantined),
    }
    for kind, model in (AGENCY_KINDS | OPERATOR_KINDS).items():
        adapters[f"data.{kind}"] = TypeAdapter(model)
    return {f"{name}.schema.json": _text(adapter) for name, adapter in adapters.items()}


def _text(adapter: TypeAdapter[object]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | adapter.json_schema(
        mode="validation"
    )
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    """Write the files, or compare them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    check = arguments.parse_args().check
    texts = schemas()
    stale = [
        name
        for name, text in texts.items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != text
    ]
    stale += [path.name for path in FOLDER.glob("*.json") if path.name not in texts]
    if check and stale:
        sys.exit(
            f"These generated schemas differ from the models: {', '.join(sorted(stale))}. Run 'make"
            " generate' and commit the result."
        )
    if not check:
        FOLDER.mkdir(exist_ok=True)
        for name, text in texts.items():
            (FOLDER / name).write_text(text)
        for name in set(stale) - set(texts):
            (FOLDER / name).unlink()


if __name__ == "__main__":
    main()
