"""The rules for Prometheus, run by its own promtool: they fire when they should, and say what to do."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

import foothold_alerts.metrics
import foothold_ingest.metrics
import foothold_risk.metrics
from tests.support.parts import ROOT

RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
PROMTOOL = shutil.which("promtool")

METRICS = (foothold_ingest.metrics.Metrics, foothold_risk.metrics.Metrics, foothold_risk.metrics.RegionMetrics, foothold_alerts.metrics.Metrics)

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: apt-get install prometheus)")


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROMTOOL), *arguments], capture_output=True, text=True, check=False, timeout=60)


@needs_promtool
def test_a_feed_silent_for_an_hour_alerts_once_for_all_partitions_and_one_heard_does_not(tmp_path: Path) -> None:
    feed = 'foothold_risk_stale_feed{{agency="health-insurance", feed="MedicalClaimSettled", area="{area}", instance="{worker}"}}'
    silent, heard = [feed.format(area="370302", worker=w) for w in ("risk-1", "risk-2")], feed.format(area="370303", worker="risk-1")
    labels = {"severity": "warning", "agency": "health-insurance", "feed": "MedicalClaimSettled", "area": "370302"}
    annotations = {
        "summary": "health-insurance has sent no MedicalClaimSettled for 370302 for longer than the county's policy expects.",
        "do": yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"][0]["annotations"]["do"],
    }
    case = {
        "interval": "10m",
        "input_series": [{"series": s, "values": "1x12"} for s in silent] + [{"series": heard, "values": "0x12"}],
        "alert_rule_test": [
            {"eval_time": "30m", "alertname": "FootholdFeedSilent", "exp_alerts": []},
            {"eval_time": "70m", "alertname": "FootholdFeedSilent", "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}]},
        ],
    }
    test = tmp_path / "test.yaml"
    test.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "10m", "tests": [case]}), encoding="utf-8")
    done = promtool("test", "rules", str(test))

    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_rules_are_well_formed() -> None:
    done = promtool("check", "rules", str(RULES))

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_says_what_to_do_and_asks_for_a_metric_there_is() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
    metrics = {metric.name for made in METRICS for metric in made(CollectorRegistry()).registry.collect()}

    assert rules
    for rule in rules:
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["do"]
        assert any(name in rule["expr"] for name in metrics)


DESK = {
    "FootholdDeskUnsent": ("2m", {"foothold_alerts_unsent": "1x60"}, {"foothold_alerts_unsent": "1 0 1 0 1 0 1 0"}),
    "FootholdReliefOverdue": (
        "15m",
        {'foothold_alerts_relief_overdue{kind="emergency"}': "2x60"},
        {'foothold_alerts_relief_overdue{kind="emergency"}': "0x60"},
    ),
    "FootholdPapersOwed": (
        "1h",
        {'foothold_alerts_deadlines_overdue{kind="papers"}': "1x120"},
        {'foothold_alerts_deadlines_overdue{kind="settle"}': "1x120"},
    ),
    "FootholdNoticesFailing": (
        "5m",
        {'foothold_alerts_notices_total{kind="webhook", outcome="failed"}': "0+1x60"},
        {
            'foothold_alerts_notices_total{kind="webhook", outcome="failed"}': "0+1x60",
            'foothold_alerts_notices_total{kind="webhook", outcome="sent"}': "0+1x60",
        },
    ),
    "FootholdCalendarUnknown": ("1d", {"foothold_alerts_deadlines_provisional": "1x2000"}, {"foothold_alerts_deadlines_provisional": "0x2000"}),
    "FootholdReaderStopped": ("1m", {'foothold_risk_stopped_readers{partition="3"}': "1x60"}, {'foothold_risk_stopped_readers{partition="3"}': "0x60"}),
    "FootholdRegionsBehind": (
        "30m",
        {
            'foothold_risk_open_day_timestamp_seconds{partition="0"}': "172800x120",
            'foothold_regions_day_timestamp_seconds{partition="0", instance="a"}': "86400x120",
        },
        {
            'foothold_risk_open_day_timestamp_seconds{partition="0"}': "172800x120",
            'foothold_regions_day_timestamp_seconds{partition="0", instance="a"}': "172800x120",
            'foothold_regions_day_timestamp_seconds{partition="0", instance="b"}': "86400x120",  # what it held before its partition went away
        },
    ),
    "FootholdRegionsDown": (
        "10m",
        {'foothold_risk_open_day_timestamp_seconds{partition="0"}': "1x60"},
        {'foothold_risk_open_day_timestamp_seconds{partition="0"}': "1x60", 'foothold_regions_day_timestamp_seconds{partition="0"}': "1x60"},
    ),
}
"""Rule → how long it waits, series that must raise it, and series that must not."""
LATER = {"10m": "30m", "30m": "60m", "2m": "10m", "15m": "30m", "1h": "90m", "5m": "30m", "1d": "1500m", "1m": "5m"}


@needs_promtool
@pytest.mark.parametrize("name", DESK)
def test_a_rule_fires_on_what_it_watches_and_on_nothing_else(name: str, tmp_path: Path) -> None:
    waits, raising, calm = DESK[name]
    rule = next(r for g in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for r in g["rules"] if r["alert"] == name)
    ask = f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) or vector(0)'
    cases = [
        {
            "interval": "1m",
            "input_series": [{"series": series, "values": values} for series, values in given.items()],
            "promql_expr_test": [{"expr": ask, "eval_time": LATER[waits], "exp_samples": [{"labels": "{}", "value": fires}]}],
        }
        for given, fires in ((raising, 1), (calm, 0))
    ]
    test = tmp_path / "test.yaml"
    test.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": cases}), encoding="utf-8")
    done = promtool("test", "rules", str(test))

    assert rule["for"] == waits
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_its_case() -> None:
    rules = {rule["alert"] for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]}

    assert rules == {"FootholdFeedSilent", *DESK}
