"""The guide for policy authors: what it shows is taken as it stands there."""

import re
import shutil
from datetime import date
from pathlib import Path

from foothold_risk.policy.loader import SHIPPED, load

GUIDE = Path(__file__).parents[3] / "docs" / "policy.md"


def test_the_value_shown_in_the_guide_loads_and_says_what_the_guide_says(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "zibo"
    shutil.copytree(SHIPPED / "zibo", folder)
    (folder / "370302.yaml").write_text(shown, encoding="utf-8")
    place = load(folder).place("370302")
    assert place is not None

    lines = {
        day: place.days[max(d for d in place.dates if d <= day)].monitoring_line
        for day in (date(2024, 12, 31), date(2025, 1, 1))
    }
    # one and a half times a dibao that is only illustrative itself
    assert [
        line is not None and (line.text, line.reference[:17], line.illustrative)
        for line in lines.values()
    ] == [
        ("7800.00", "County document 1", False),
        (
            "12600.00",
            "County document 4",
            True,
        ),
    ]
