"""Tests levels of whole areas as policy gives them.

There are bands that cover every share once, clusters, key places; and the level a count comes to,
at each edge.
"""

from pathlib import Path
from typing import Any

import pytest

from foothold_risk.policy.loader import SHIPPED, load
from foothold_risk.policy.regions import areas, clusters, count, level_bands
from foothold_risk.policy.text import PolicyError
from foothold_risk.rules.areas.levels import GRAVITY, Scale
from foothold_risk.rules.policy import LevelBand
from foothold_schemas.messages.areas import WarningLevel
from tests.support.made.areas import write_region_policy

FINE = [
    ("none", "0", "0.05"),
    ("IV", "0.05", "0.1"),
    ("III", "0.1", "0.2"),
    ("II", "0.2", "0.4"),
    ("I", "0.4", "1"),
]
IV, III, II, I = (  # noqa: E741 - the levels' official names
    WarningLevel.IV,
    WarningLevel.III,
    WarningLevel.II,
    WarningLevel.I,
)


def table(*bands: tuple[str, str, str]) -> dict[str, list[dict[str, str]]]:
    rows = [{"level": level, "from": low, "to": high} for level, low, high in bands]
    return {"7": rows, "30": rows, "90": rows}


def test_bands_that_cover_every_share_once_are_read_in_any_order() -> None:
    assert level_bands(table(*reversed(FINE)))[30] == level_bands(table(*FINE))[7]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (table(*FINE[:2], ("III", "0.12", "0.2"), *FINE[3:]), "leave a gap from 0.1 to 0.12"),
        (table(*FINE[:2], ("III", "0.0999", "0.2"), *FINE[3:]), "overlap from 0.0999 to 0.1"),
        (table(*FINE[:4]), "one band each"),
        (table(*FINE[:4], ("I", "0.4", "0.9999")), "end at 0.9999; they go from 0 to 1"),
        (table(("none", "0.01", "0.05"), *FINE[1:]), "leave a gap from 0 to 0.01"),
        (
            table(*FINE[:3], ("I", "0.2", "0.4"), ("II", "0.4", "1")),
            "the graver the level, the higher its band",
        ),
        (table(*FINE[:4], ("I", "0.4", "1.1")), "an edge is a share"),
        (table(*FINE[:4], ("I", "0.40001", "1")), "an edge is a share"),
        (table(*FINE[:4], ("V", "0.4", "1")), "'V'"),
        (table(*FINE[:4], ("I", "0.4", "0.4")), "is empty"),
        ({"7": table(*FINE)["7"]}, "give each window its bands: 7, 30, 90"),
        ("0.05", "give each window its bands"),
    ],
)
def test_bands_that_leave_a_share_without_an_answer_or_with_two_are_refused(
    value: object, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        level_bands(value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            [{"cluster": "370302-a", "zh": "甲", "en": "a", "villages": ["370303101201"]}],
            "370303101201 is no village",
        ),
        (
            [{"cluster": "370302-a", "zh": "甲", "en": "a", "villages": ["370302101"]}],
            "370302101 is no village",
        ),
        (
            [{"cluster": "north", "zh": "甲", "en": "a", "villages": ["370302101201"]}],
            "a cluster is",
        ),
        (
            [
                {"cluster": f"370302-{c}", "zh": "甲", "en": "a", "villages": ["370302101201"]}
                for c in "ab"
            ],
            "two clusters",
        ),
        ([], "a list of clusters"),
    ],
)
def test_clusters_that_are_not_clear_are_refused(value: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        clusters(value)


@pytest.mark.parametrize(
    ("read", "value"),
    [(areas, ["370302"]), (areas, "370302101"), (count, 0), (count, True), (count, "3")],
)
def test_places_and_counts_that_are_none_are_refused(read: Any, value: object) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=r"township|list of names|whole number"):
        read(value)


SCALE = Scale(
    (
        LevelBand(None, 0, 500),
        LevelBand(IV, 500, 1000),
        LevelBand(III, 1000, 2000),
        LevelBand(II, 2000, 4000),
        LevelBand(I, 4000, 10000),
    ),
    8000,
    3,
)


@pytest.mark.parametrize(
    ("before", "households", "registered", "after"),
    [
        (None, 4, 100, None),
        (None, 5, 100, IV),  # on the edge
        (None, 49, 1000, None),  # one below
        (None, 100, 1000, III),
        (None, 99, 1000, IV),
        (None, 2, 2, None),  # fewer than three
        (None, 3, 3, I),
        (III, 80, 1000, III),  # at 0.8 of the edge it is kept
        (III, 79, 1000, IV),
        (I, 80, 1000, III),  # down by two at once, each kept by its own edge
        (I, 1, 1000, None),
        (IV, 40, 1000, IV),
        (IV, 39, 1000, None),
        (II, 500, 1000, I),  # up at once
        (I, 0, 1000, None),
        (I, 5, 0, None),  # nobody registered: no share
        (III, 2, 20, None),  # 2 of 20 keep the share, and two are less than 0.8 of three
    ],
)
def test_a_level_rises_at_its_edge_and_is_kept_down_to_a_part_of_it(
    before: WarningLevel | None, households: int, registered: int, after: WarningLevel | None
) -> None:
    assert GRAVITY[SCALE.step(GRAVITY.index(before), households, registered)] is after


def test_shipped_bands_are_marked_illustrative() -> None:
    for name in ("zibo", "survey"):
        bundle = load(SHIPPED / name)
        for place in bundle.places.values():
            in_force = place.on(place.dates[-1])
            assert in_force.regions_bands is not None
            assert in_force.regions_bands.illustrative
            assert in_force.incidents_impact is not None
            assert in_force.incidents_impact.illustrative


def test_a_gap_is_named_with_file_and_line(tmp_path: Path) -> None:
    write_region_policy(tmp_path)
    file = tmp_path / "test" / "370399.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('"0.05", to: "0.10"', '"0.06", to: "0.10"', 1),
        encoding="utf-8",
    )

    with pytest.raises(
        PolicyError,
        match=(
            r"370399\.yaml:\d+: regions\.bands: window 7: the bands leave a gap from 0\.05 to 0\.06"
        ),
    ):
        load(tmp_path / "test")
