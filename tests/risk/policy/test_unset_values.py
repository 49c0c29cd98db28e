"""Values that no shipped bundle sets: written as a policy author writes them, they are in force."""

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from foothold_risk.policy.known import KNOWN
from foothold_risk.policy.loader import BUNDLE_FILE, SHIPPED, load, load_folder, values_of
from foothold_risk.rules.policy import Cluster, Exposure, Reach
from foothold_schemas.facts.facts import Hazard, Severity
from foothold_schemas.values import Sentence

SINCE = date(2025, 1, 1)
VILLAGES = ["370302101201", "370302101202"]
WRITTEN: dict[str, tuple[object, object]] = {
    "poverty_standard": ("4590.00", 459_000),
    "claims.precedence": (
        ["health_insurance_bureau", "village"],
        ("health_insurance_bureau", "village"),
    ),
    "self_paid_high.in_scope_only": (True, True),
    "rigid_spending_ratio.medical_share": ("0.40", 4_000),
    "incidents.self_evident": (
        [{"hazards": ["flood"], "severities": ["I"], "hits": ["everybody"]}],
        (Reach(frozenset({Hazard.FLOOD}), frozenset({Severity.I}), (Exposure.EVERYBODY,)),),
    ),
    "regions.clusters": (
        [{"cluster": "370302-north", "zh": "北片", "en": "North", "villages": VILLAGES}],
        (Cluster("370302-north", Sentence(zh="北片", en="North"), frozenset(VILLAGES)),),
    ),
    "regions.priority": (["370302101"], frozenset({"370302101"})),
}
"""Value → as it stands in a region's file, and what the rules read."""


def set_by_shipped_bundles() -> set[str]:
    return {
        name
        for file in SHIPPED.glob("*/*.yaml")
        if file.name != BUNDLE_FILE
        for name in yaml.safe_load(file.read_text(encoding="utf-8"))["values"]
    }


def test_each_value_that_no_shipped_bundle_sets_is_written_here() -> None:
    assert load_folder(SHIPPED)
    assert set(WRITTEN) == set(KNOWN) - set_by_shipped_bundles(), (
        "give a new value an example here, or take away one that a bundle sets by now"
    )


@pytest.mark.parametrize("name", WRITTEN)
def test_a_value_that_no_shipped_bundle_sets_is_in_force_where_a_county_sets_it(
    tmp_path: Path, name: str
) -> None:
    written, amount = WRITTEN[name]
    folder = tmp_path / "zibo"
    shutil.copytree(SHIPPED / "zibo", folder)
    file = folder / "370302.yaml"
    region = yaml.safe_load(file.read_text(encoding="utf-8"))
    region["values"][name] = {
        "description": "A value of a test.",
        "unit": "test",
        "dates": [
            {
                "since": SINCE,
                "value": written,
                "reference": "A county document of a test.",
                "confidence": "H",
                "illustrative": False,
            }
        ],
    }
    file.write_text(yaml.safe_dump(region, allow_unicode=True), encoding="utf-8")

    place = load(folder).place("370302")

    assert place is not None
    in_force = {value.name: value for value in values_of(place.on(SINCE))}
    assert (in_force[name].value, in_force[name].region) == (amount, "370302")
    assert getattr(place.on(SINCE), name.replace(".", "_")) == in_force[name]
