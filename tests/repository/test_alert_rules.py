"""Runs the rules for Prometheus by its own promtool.

They fire when they should, and say what to do.
"""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.docs import CATALOGUES
from deploy.grafana.boards import BOARDS
from deploy.local.watch import OPS_PORTS, write_configuration
from tests.support.running.parts import ROOT

RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
PROMTOOL = shutil.which("promtool")

METRICS = CATALOGUES

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian: apt-get install prometheus)"
)


@cache
def every_rule() -> list[dict[str, Any]]:
    """Alerts and recorded rules as they stand in the file, read once."""
    read = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def rules() -> dict[str, Any]:
    """The alerts by their names."""
    return {rule["alert"]: rule for rule in every_rule() if "alert" in rule}


def recorded_for(name: str) -> list[dict[str, Any]]:
    """Return the recorded rules an alert asks for.

    The others would be computed thousands of times for nothing.
    """
    asked = rules()[name]["expr"]
    return [rule for rule in every_rule() if rule.get("record", "-") in asked]


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROMTOOL), *arguments], capture_output=True, text=True, check=False, timeout=60
    )


LED_TO = {
    "runbook_url": "https://desk.example/docs/runbooks/FootholdFeedSilent.md",
    "dashboard_url": "http://127.0.0.1:3000/d/foothold-burden",
}


def test_every_alert_leads_to_its_page_and_to_a_dashboard_there_is() -> None:
    boards = {board.name for board in BOARDS}
    for name, rule in rules().items():
        annotations = rule["annotations"]
        assert annotations["runbook_url"] == "{{ $externalLabels.docs }}/" + annotations[
            "runbook"
        ].removeprefix("docs/"), name
        assert (
            annotations["dashboard_url"].removeprefix("{{ $externalLabels.grafana }}/d/") in boards
        ), name


@needs_promtool
def test_a_feed_silent_for_an_hour_alerts_once_for_all_partitions_and_one_heard_does_not(
    tmp_path: Path,
) -> None:
    feed = (
        'foothold_risk_stale_feed{{agency="health-insurance", feed="MedicalClaimSettled",'
        ' area="{area}", instance="{worker}"}}'
    )
    silent, heard = (
        [feed.format(area="370302", worker=w) for w in ("risk-1", "risk-2")],
        feed.format(area="370303", worker="risk-1"),
    )
    labels = {
        "severity": "warning",
        "agency": "health-insurance",
        "feed": "MedicalClaimSettled",
        "area": "370302",
    }
    summary = (
        "health-insurance has sent no MedicalClaimSettled for 370302 for longer than the county's"
        " policy expects."
    )
    annotations = {**rules()["FootholdFeedSilent"]["annotations"], "summary": summary, **LED_TO}
    case = {
        "external_labels": {
            "docs": "https://desk.example/docs",
            "grafana": "http://127.0.0.1:3000",
        },
        "interval": "10m",
        "input_series": (
            [{"series": s, "values": "1x12"} for s in silent]
            + [{"series": heard, "values": "0x12"}]
        ),
        "alert_rule_test": [
            {"eval_time": "30m", "alertname": "FootholdFeedSilent", "exp_alerts": []},
            {
                "eval_time": "70m",
                "alertname": "FootholdFeedSilent",
                "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}],
            },
        ],
    }
    test = tmp_path / "test.yaml"
    test.write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "10m", "tests": [case]}),
        encoding="utf-8",
    )
    done = promtool("test", "rules", str(test))

    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_rules_are_well_formed() -> None:
    done = promtool("check", "rules", str(RULES))

    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_shipped_configuration_is_one_and_so_is_what_make_watch_writes(tmp_path: Path) -> None:
    for hurry in (True, False):
        write_configuration(
            tmp_path / str(hurry), {name: ["127.0.0.1:1"] for name in OPS_PORTS}, hurry=hurry
        )
    for folder in (RULES.parent, tmp_path / "True", tmp_path / "False"):
        done = promtool("check", "config", str(folder / "prometheus.yaml"))
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_says_what_to_do_and_asks_for_a_metric_there_is() -> None:
    known = {
        metric.name
        for metrics in METRICS
        for metric in metrics(CollectorRegistry()).registry.collect()
    } | {"foothold:cases_late", "up"}

    assert rules()
    for rule in rules().values():
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["do"]
        assert any(name in rule["expr"] for name in known)


BUCKET, COUNT = (
    'foothold_alerts_accepted_to_case_seconds_bucket{le="5.0"}',
    "foothold_alerts_accepted_to_case_seconds_count",
)
ELSE = {"up": "1x5000"}
REACHABLE = 'foothold_reachable{{part="{part}", address="{address}", instance="{instance}"}}'


def reachable(part: str, *seen: str) -> dict[str, str]:
    """Of one part, by two services."""
    return {
        REACHABLE.format(part=part, address="there:1", instance=instance): values
        for instance, values in zip("ab", seen, strict=True)
    }


UNPROCESSABLE = 'kind="IncomeReported", outcome="unprocessable", door="http"'
# what it held before its partition went away
DESK = {
    "FootholdCasesLate": (
        "2m",
        {BUCKET: "0+80x120", COUNT: "0+100x120"},
        {BUCKET: "0+99x120", COUNT: "0+100x120"},
    ),
    "FootholdCasesSlow": (
        "15m",
        {BUCKET: "0+93x500", COUNT: "0+100x500"},
        {BUCKET: "0+95x500", COUNT: "0+100x500"},
    ),
    "FootholdRiskBehind": (
        "15m",
        {
            'foothold_risk_lag_records{partition="0"}': "6000x60",
            'foothold_risk_lag_records{partition="1"}': "6000x60",
        },
        {'foothold_risk_lag_records{partition="0"}': "6000x60"},
    ),
    "FootholdDeskBehind": (
        "10m",
        {'foothold_alerts_lag_records{partition="0"}': "1001x60"},
        {'foothold_alerts_lag_records{partition="0"}': "1000x60"},
    ),
    "FootholdDayMissing": (
        "5m",
        {"foothold_ingest_open_day_timestamp_seconds": "0x320"},
        {"foothold_ingest_open_day_timestamp_seconds": "0+300x320"},
    ),
    "FootholdIngestDown": ("5m", ELSE, {"foothold_ingest_open_day_timestamp_seconds": "1x60"}),
    "FootholdRiskDown": ("5m", ELSE, {"foothold_risk_batch_seconds_count": "1x60"}),
    "FootholdDeskDown": ("5m", ELSE, {"foothold_alerts_unsent": "0x60"}),
    "FootholdQuarantineAgeing": (
        "1d",
        {"foothold_ingest_quarantine_waiting_records": "3x66"},
        {"foothold_ingest_quarantine_waiting_records": "3x23 0x3 3x40"},
    ),
    "FootholdDoubtsWaiting": (
        "3d",
        {"foothold_ingest_disputes_waiting": "1x166"},
        {"foothold_ingest_disputes_waiting": "1x100 0x1 1x66"},
    ),
    "FootholdQuestionsWaiting": (
        "7d",
        {"foothold_ingest_questions_waiting": "3x370"},
        {"foothold_ingest_questions_waiting": "3x300 0x1 1x66"},
    ),
    "FootholdMembersInDoubt": (
        "3d",
        {"foothold_ingest_members_in_doubt": "2x166"},
        {"foothold_ingest_members_in_doubt": "2x100 0x1 2x66"},
    ),
    "FootholdDeskUnsent": (
        "2m",
        {"foothold_alerts_unsent": "1x60"},
        {"foothold_alerts_unsent": "1 0 1 0 1 0 1 0"},
    ),
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
    "FootholdCalendarUnknown": (
        "1d",
        {"foothold_alerts_deadlines_provisional": "1x66"},
        {"foothold_alerts_deadlines_provisional": "0x66"},
    ),
    "FootholdReaderStopped": (
        "1m",
        {'foothold_risk_stopped_readers{partition="3"}': "1x60"},
        {'foothold_risk_stopped_readers{partition="3"}': "0x60"},
    ),
    "FootholdKafkaDown": (
        "1m",
        reachable("kafka", "0x60", "0x60"),
        reachable("kafka", "0x60", "1x60"),
    ),
    "FootholdBrokerDown": (
        "2m",
        {
            **reachable("kafka", "0x60", "0x60"),
            'foothold_reachable{part="kafka", address="there:2", instance="a"}': "1x60",
        },
        {
            **reachable("kafka", "0x60", "0x60"),
            'foothold_reachable{part="kafka", address="there:2", instance="a"}': "0x60",
        },
    ),
    "FootholdPostgresDown": (
        "1m",
        reachable("postgres", "0x60", "0x60"),
        reachable("kafka", "0x60", "0x60"),
    ),
    "FootholdInstanceDown": (
        "2m",
        {'up{job="alerts", instance="a"}': "1x60", 'up{job="alerts", instance="b"}': "0x60"},
        {'up{job="alerts", instance="a"}': "1x60", 'up{job="elsewhere", instance="b"}': "0x60"},
    ),
    "FootholdServiceUnreachable": (
        "5m",
        reachable("service", "1x60", "0x60"),
        reachable("service", "1x60", "1x60"),
    ),
    "FootholdDiskFilling": (
        "5m",
        {
            'foothold_disk_free_bytes{folder="kafka"}': "99x60",
            'foothold_disk_size_bytes{folder="kafka"}': "1000x60",
        },
        {
            'foothold_disk_free_bytes{folder="kafka"}': "100x60",
            'foothold_disk_size_bytes{folder="kafka"}': "1000x60",
        },
    ),
    "FootholdLoopStandsStill": (
        "1m",
        {"foothold_loop_age_seconds": "31x60"},
        {"foothold_loop_age_seconds": "30x60"},
    ),
    "FootholdLoopErrors": (
        "5m",
        {"foothold_loop_errors_total": "0+3x60"},
        {"foothold_loop_errors_total": "0+2x60"},
    ),
    "FootholdConnectionsDropped": (
        "5m",
        {'foothold_connections_dropped_total{reason="slow_head"}': "0+21x60"},
        {'foothold_connections_dropped_total{reason="slow_head"}': "0+19x60"},
    ),
    "FootholdProgramAtFault": (
        "1m",
        {'foothold_ingest_stopped_readers{reader="agencies"}': "1x60"},
        {'foothold_ingest_stopped_readers{reader="agencies"}': "0x60"},
    ),
    "FootholdRecordsUnprocessable": (
        "1m",
        {"foothold_ingest_quarantine_unprocessable_records": "1x60"},
        {"foothold_ingest_quarantine_unprocessable_records": "0x60"},
    ),
    "FootholdJobStandsStill": (
        "15m",
        {'foothold_ingest_progress_timestamp_seconds{part="files", instance="a"}': "60x60"},
        {'foothold_ingest_progress_timestamp_seconds{part="files", instance="a"}': "0+60x60"},
    ),
    "FootholdWorkGivenUp": (
        "1m",
        {'foothold_ingest_given_up_total{part="files"}': "0 1x60"},
        {'foothold_ingest_given_up_total{part="files"}': "1x60"},
    ),
    "FootholdEventsFailing": (
        "1m",
        {f"foothold_ingest_facts_total{{{UNPROCESSABLE}}}": "0 1x60"},
        {
            f"foothold_ingest_facts_total{{{UNPROCESSABLE}}}": "1x60",
            'foothold_ingest_facts_total{kind="unknown", outcome="not_json", door="http"}': (
                "0+1x60"
            ),
            'foothold_ingest_requests_total{status="500"}': "0x60",
            'foothold_ingest_requests_total{status="422"}': "0+1x60",
        },
    ),
    "FootholdAgencyPaused": (
        "1m",
        {
            'foothold_ingest_agency_paused{agency="bank", instance="a"}': "1x60",
            'foothold_ingest_agency_paused{agency="bank", instance="b"}': "0x60",
        },
        {'foothold_ingest_agency_paused{agency="bank"}': "0x60"},
    ),
    "FootholdAgencyUnread": (
        "5m",
        {
            'foothold_ingest_agency_unread_seconds{agency="bank"}': "0+60x60",
            'foothold_ingest_agency_paused{agency="bank"}': "0x60",
        },
        {
            'foothold_ingest_agency_unread_seconds{agency="bank"}': "0+60x60",
            'foothold_ingest_agency_paused{agency="bank"}': "1x60",  # that is told by its own alert
            'foothold_ingest_agency_unread_seconds{agency="clinic"}': "2x60",
        },
    ),
    "FootholdRecordsLost": (
        "1m",
        {'foothold_ingest_lost_records{agency="bank"}': "0 5x60"},
        {'foothold_ingest_lost_records{agency="bank"}': "5x60"},
    ),
    "FootholdHouseholdsNotJudged": (
        "1m",
        {'foothold_risk_households_not_judged{partition="3"}': "1x60"},
        {'foothold_risk_households_not_judged{partition="3"}': "0x60"},
    ),
    "FootholdWorkStandsStill": (
        "1m",
        {
            'foothold_regions_progress_timestamp_seconds{instance="a"}': "0x60",
            'foothold_risk_progress_timestamp_seconds{partition="3"}': "0+60x60",
        },
        {
            'foothold_alerts_progress_timestamp_seconds{part="jobs"}': "0+60x60",
            'foothold_risk_progress_timestamp_seconds{partition="3"}': "0+60x60",
            'foothold_regions_progress_timestamp_seconds{instance="a"}': "0+60x60",
        },
    ),
    "FootholdJobsSetAside": (
        "1m",
        {"foothold_alerts_jobs_set_aside": "1x60"},
        {"foothold_alerts_jobs_set_aside": "0x60"},
    ),
    "FootholdRegionsBehind": (
        "30m",
        {
            'foothold_risk_open_day_timestamp_seconds{partition="0"}': "172800x120",
            'foothold_regions_day_timestamp_seconds{partition="0", instance="a"}': "86400x120",
        },
        {
            'foothold_risk_open_day_timestamp_seconds{partition="0"}': "172800x120",
            'foothold_regions_day_timestamp_seconds{partition="0", instance="a"}': "172800x120",
            'foothold_regions_day_timestamp_seconds{partition="0", instance="b"}': ("86400x120"),
        },
    ),
    "FootholdRegionsDown": (
        "10m",
        {'foothold_risk_open_day_timestamp_seconds{partition="0"}': "1x60"},
        {
            'foothold_risk_open_day_timestamp_seconds{partition="0"}': "1x60",
            'foothold_regions_day_timestamp_seconds{partition="0"}': "1x60",
        },
    ),
}
"""Rule → how long it waits, series that must raise it, and series that must not."""
LATER = {
    "10m": "30m",
    "30m": "60m",
    "2m": "10m",
    "15m": "30m",
    "1h": "90m",
    "5m": "30m",
    "1d": "1500m",
    "3d": "4500m",
    "7d": "10200m",
    "1m": "5m",
}
OWN_TIMES = {"FootholdDayMissing": "1500m", "FootholdCasesSlow": "6h"}
"""Those whose figures take longer than they wait."""
STEPS = {"1d": "30m", "3d": "30m", "7d": "30m", "FootholdDayMissing": "5m"}
"""How far the figures lie apart, by wait or by name, where a minute would take long."""


@needs_promtool
@pytest.mark.parametrize("name", DESK)
def test_a_rule_fires_on_what_it_watches_and_on_nothing_else(name: str, tmp_path: Path) -> None:
    waits, raising, calm = DESK[name]
    interval = STEPS.get(name) or STEPS.get(waits, "1m")
    ask = f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) or vector(0)'
    cases = [
        {
            "interval": interval,
            "input_series": [
                {"series": series, "values": values} for series, values in given.items()
            ],
            "promql_expr_test": [
                {
                    "expr": ask,
                    "eval_time": OWN_TIMES.get(name, LATER[waits]),
                    "exp_samples": [{"labels": "{}", "value": fires}],
                }
            ],
        }
        for given, fires in ((raising, 1), (calm, 0))
    ]
    alone, test = tmp_path / "alone.yaml", tmp_path / "test.yaml"
    alone.write_text(
        yaml.safe_dump(
            {"groups": [{"name": "alone", "rules": [*recorded_for(name), rules()[name]]}]}
        ),
        encoding="utf-8",
    )
    test.write_text(
        yaml.safe_dump(
            {"rule_files": [str(alone)], "evaluation_interval": interval, "tests": cases}
        ),
        encoding="utf-8",
    )
    done = promtool("test", "rules", str(test))

    assert rules()[name]["for"] == waits
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_its_case() -> None:
    assert set(rules()) == {"FootholdFeedSilent", *DESK}
