"""Who is told of a region warning, and which of several is the last."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from foothold_alerts.rules.regions import (
    NEWS_DAYS,
    Answer,
    Audience,
    is_news,
    is_over,
    place_in_day,
    places,
)
from foothold_alerts.workflows import load_checklists, load_regions
from foothold_schemas.messages.areas import AreaLevel, Direction, RegionWarning, WarningLevel
from tests.support.running.parts import ROOT

EXAMPLE = RegionWarning.model_validate_json(
    (ROOT / "schemas/examples/region-warnings.v1/RegionWarning.up.json").read_bytes()
)
DAY = date(2026, 6, 10)


def warning(**changes: Any) -> RegionWarning:  # noqa: ANN401
    return EXAMPLE.model_copy(
        update={"day": DAY, "level": WarningLevel.III, "direction": Direction.UP, **changes}
    )


@pytest.mark.parametrize(
    ("area", "level", "listeners", "expected"),
    [
        ("370399101201", AreaLevel.VILLAGE, {Audience.OWN}, {"370399101"}),
        ("370399101", AreaLevel.TOWNSHIP, {Audience.OWN, Audience.COUNTY}, {"370399101", "370399"}),
        ("370399", AreaLevel.COUNTY, {Audience.OWN, Audience.COUNTY}, {"370399"}),
        ("370399-hills", AreaLevel.CLUSTER, {Audience.OWN}, {"370399"}),
        ("370399101201", AreaLevel.VILLAGE, {Audience.COUNTY}, {"370399"}),
    ],
)
def test_the_place_itself_is_told_and_its_county_where_the_level_asks_for_it(
    area: str, level: AreaLevel, listeners: set[Audience], expected: set[str]
) -> None:
    assert (
        places(
            warning(area=area, area_level=level), Answer(frozenset(listeners), timedelta(hours=1))
        )
        == expected
    )


@pytest.mark.parametrize(
    ("changes", "before", "today", "news"),
    [
        ({}, 0, DAY, "news"),
        ({}, 1, DAY, "news"),
        ({}, 2, DAY, "none"),  # it stood as grave already, for another cause or window
        ({"direction": Direction.DOWN}, 0, DAY, "none"),
        ({}, 0, None, "news"),
        ({}, 0, DAY + timedelta(days=NEWS_DAYS - 1), "news"),
        ({}, 0, DAY + timedelta(days=NEWS_DAYS), "none"),
    ],
)
def test_people_are_told_of_what_grew_graver_and_not_of_history(
    changes: dict[str, Any], before: int, today: date | None, news: str
) -> None:
    assert is_news(warning(**changes), before, today) is (news == "news")


@pytest.mark.parametrize(
    ("before", "after", "today", "over"),
    [
        (2, 0, DAY, True),
        (2, 0, None, True),
        (2, 1, DAY, False),
        (0, 0, DAY, False),
        (2, 0, DAY + timedelta(days=NEWS_DAYS - 1), True),
        (2, 0, DAY + timedelta(days=NEWS_DAYS), False),
    ],
)
def test_people_are_told_that_it_is_over_when_nothing_stands_any_more_and_not_of_history(
    before: int,
    after: int,
    today: date | None,
    over: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_over(warning(direction=Direction.DOWN, level=None), before, after, today) is over
    assert not is_over(warning(direction=Direction.UP), before, after, today)


def test_on_one_day_a_fall_comes_before_the_rises_whatever_its_level() -> None:
    fall = warning(direction=Direction.DOWN, level=WarningLevel.II)
    rises = [
        warning(level=level)
        for level in (WarningLevel.IV, WarningLevel.III, WarningLevel.II, WarningLevel.I)
    ]

    assert [place_in_day(change) for change in (fall, *rises)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("acknowledge_hours: 2\n", "acknowledge_hours: 9\n", "never later"),
        ("told: [own]", "told: [everybody]", "everybody"),
        ("  I:\n", "  V:\n", "V"),
        ("    confidence: I\n", "", "confidence"),
    ],
)
def test_answers_that_are_not_clear_are_refused(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    text = (ROOT / "services/alerts/foothold_alerts/workflows/regions.yaml").read_text(
        encoding="utf-8"
    )
    assert old in text
    file = tmp_path / "regions.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ValueError, match=says):
        load_regions(file)


def test_a_hazard_without_a_checklist_is_named(tmp_path: Path) -> None:
    file = tmp_path / "checklists.yaml"
    file.write_text('flood: [{zh: "甲", en: "a"}]\n', encoding="utf-8")

    with pytest.raises(ValueError, match="no list for storm, drought"):
        load_checklists(file)
