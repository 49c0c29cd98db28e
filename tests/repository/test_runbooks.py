"""Tests the pages people open at three in the morning.

There is one for each alert, and nothing in them that is not there.
"""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from tests.repository.test_alert_rules import METRICS, RULES
from tests.support.running.parts import ROOT

PAGES = ROOT / "docs" / "runbooks"
SOURCES = "\n".join(
    p.read_text(encoding="utf-8")
    for places in ("services/*/foothold_*/**/*.py", "runtime/foothold_runtime/**/*.py")
    for p in sorted(ROOT.glob(places))
)
READ = yaml.safe_load(RULES.read_text(encoding="utf-8"))
ALERTS = [rule for group in READ["groups"] for rule in group["rules"] if "alert" in rule]
RECORDED = {
    rule["record"] for group in READ["groups"] for rule in group["rules"] if "record" in rule
}
NAMES = sorted(p.name for p in PAGES.glob("Foothold*.md"))


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def test_every_alert_waits_says_how_grave_it_is_and_has_a_page_and_every_page_an_alert() -> None:
    assert all(
        rule["for"] and rule["labels"]["severity"] in ("warning", "critical") for rule in ALERTS
    )
    pages = {rule["alert"]: Path(rule["annotations"]["runbook"]) for rule in ALERTS}

    assert {p.parent for p in pages.values()} == {Path("docs/runbooks")}
    assert {p.name for p in pages.values()} == set(NAMES)
    assert re.findall(r"\]\((Foothold\w+\.md)\)", page("README.md")) == [
        *dict.fromkeys(re.findall(r"\]\((Foothold\w+\.md)\)", page("README.md")))
    ]
    assert set(re.findall(r"\]\((Foothold\w+\.md)\)", page("README.md"))) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_who_is_hurt_where_to_look_and_how_to_mend_it(name: str) -> None:
    text = page(name)
    assert text.startswith(f"# {name.removesuffix('.md')}: ")
    assert [part in text for part in ("**Who is hurt.**", "## Look\n\n1. ", "## Mend\n\n* ")] == [
        True
    ] * 3
    assert any("\u4e00" <= c <= "\u9fff" for c in text.partition("\n")[0]), (
        "the title stands in Chinese too"
    )


def is_logged(line: str) -> bool:
    """Whether a service logs it, by itself or by what runtime says in the service's name."""
    _, _, event = line.partition(".")
    return f'"{line}"' in SOURCES or f'f"{{self._service}}.{event}"' in SOURCES


@pytest.mark.parametrize("name", NAMES)
def test_metrics_log_lines_and_pages_a_page_names_are_there(name: str) -> None:
    text = page(name)
    metrics = {
        sample
        for build in METRICS
        for metric in build(CollectorRegistry()).registry.collect()
        for sample in (metric.name, f"{metric.name}_total")
    }
    asked = {
        re.sub(r"_(bucket|count|sum)$", "", m)
        for m in re.findall(r"\bfoothold_(?:ingest|risk|alerts|regions)_[a-z0-9_]+", text)
    }
    lines = re.findall(r"`((?:ingest|risk|alerts)\.[a-z_]+)`", text)
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("http")]

    assert asked <= metrics
    assert set(re.findall(r"foothold:[a-z_:0-9]+", text)) <= RECORDED
    assert [line for line in lines if not is_logged(line)] == []
    assert [link for link in links if not (PAGES / link).is_file()] == []
