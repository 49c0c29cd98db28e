"""One number for every package, the messages and the changelog."""

import re
import tomllib

from deploy.asyncapi import VERSION
from foothold_risk.messages.transition import RULES_VERSION
from tests.support.running.parts import ROOT

PACKAGES = ("schemas", "runtime", "services/ingest", "services/risk", "services/alerts")
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
PARTS = ["Added", "Changed", "Fixed", "Effect on policy: groups, periods"]


def test_every_package_bears_the_number_of_the_last_release() -> None:
    releases = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}$", CHANGES, re.MULTILINE)
    numbers = {
        tomllib.loads((ROOT / package / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        for package in PACKAGES
    }

    assert numbers == {releases[0]} == {VERSION}
    assert sorted(path.name for path in (ROOT / "schemas" / "released").iterdir()) == releases[::-1]


def test_the_changelog_is_in_parts_a_reader_knows_and_names_the_version_of_the_rules() -> None:
    unreleased = CHANGES.split("\n## ")[1]

    assert set(re.findall(r"^### (.+)$", CHANGES, re.MULTILINE)) <= set(PARTS)
    assert re.findall(r"^### (.+)$", unreleased, re.MULTILINE) == PARTS
    assert f"Rules version {RULES_VERSION}." in unreleased


def test_every_line_of_the_changelog_stands_under_a_heading_of_its_kind() -> None:
    heading = ""
    for number, line in enumerate(CHANGES.splitlines(), start=1):
        heading = line if line.startswith("#") else heading
        assert not line.startswith("- "), f"line {number}: changes begin with *"
        if line.startswith("* "):
            assert heading.startswith("### "), f"line {number}"
