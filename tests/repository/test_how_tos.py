"""CONTRIBUTING's how-tos are complete: whatever exists stands in every file its list names."""

import re
from pathlib import Path

import pytest
import yaml

from foothold_alerts.queries.lists import WorkList
from foothold_alerts.web.words import zh
from foothold_risk.policy.known import KNOWN
from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from foothold_schemas.findings import FindingKind

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))
ALERTS = sorted(
    rule["alert"] for group in RULES["groups"] for rule in group["rules"] if "alert" in rule
)


VALUES_OF_OTHERS = {
    FindingKind.INCOME_BELOW_LINE: "monitoring_line",
    FindingKind.AREA_STRUCK: "incidents.self_evident",
}
"""Findings that rest on a value of another name."""


def files(title: str) -> list[str]:
    section = re.search(rf"^### … {title}\n(.*?)(?=^###|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert section is not None, title
    return re.findall(r"^\* `([^`]+)`", section[1], re.MULTILINE)


def lacking(title: str, name: str, *spellings: str) -> list[str]:
    """The files of the list that do not exist, or do not name it in any spelling."""
    missing = []
    for pattern in files(title):
        path = ROOT / re.sub("<[Kk]ind>", name, pattern)
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not any(re.search(rf"(?<!\w){re.escape(s)}(?!\w)", text) for s in (name, *spellings)):
            missing.append(path.relative_to(ROOT).as_posix())
    return missing


@pytest.mark.parametrize("kind", FindingKind, ids=str)
def test_a_finding_is_complete(kind: FindingKind) -> None:
    values = [name for name in KNOWN if name.startswith(f"{kind}.")] or [VALUES_OF_OTHERS[kind]]

    assert lacking("a finding", kind, kind.name, *values) == []


@pytest.mark.parametrize("kind", sorted({**AGENCY_KINDS, **OPERATOR_KINDS}))
def test_a_kind_of_fact_is_complete(kind: str) -> None:
    assert lacking("a kind of fact", kind) == []


@pytest.mark.parametrize("name", WorkList, ids=str)
def test_a_list_is_complete(name: WorkList) -> None:
    assert lacking("a list at the desk", name, name.name, f"list_{name}", zh(f"list_{name}")) == []


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_complete(alert: str) -> None:
    assert lacking("a metric with its alert", alert) == []


@pytest.mark.parametrize("value", sorted(KNOWN))
def test_a_policy_value_is_complete(value: str) -> None:
    assert lacking("a policy value", value, value.replace(".", "_")) == []


def test_every_list_of_files_is_read() -> None:
    titles = re.findall(r"^### … (.+)$", TEXT, re.MULTILINE)

    assert len(titles) == 5
    assert all(len(files(title)) >= 2 for title in titles)
