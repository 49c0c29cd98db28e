"""`python -m deploy.local watch`: Prometheus for what `make up` runs, by the shipped rules.

It has to be installed; it does not come along.

In a hurry it looks every second, and the spans of the rules shrink from minutes to seconds: to try
alerts, never to run a county by.
"""

import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.errors import CannotStart
from deploy.local.ports import DOORS, LOOPBACK, PROMETHEUS, configured_port, require_free

SHIPPED: Final = Path(__file__).parents[1] / "prometheus"
DOCS: Final = Path(__file__).parents[2] / "docs"
HURRY: Final = "1s"
SPANS: Final = {"5m": "6s", "15m": "12s", "30m": "12s", "1h": "15s", "6h": "30s"}
"""What each span of the rules becomes in a hurry."""
START_SECONDS: Final = 10
BINARY: Final = shutil.which("prometheus")
OPS_PORTS: Final = {
    name: f"FOOTHOLD_{name.upper()}_OPS_PORT" for name in ("ingest", "risk", "alerts", "regions")
}

Yaml = dict[str, Any]


def shipped_rules() -> Yaml:
    """The rules as a county runs them."""
    return _read(SHIPPED / "alerts.yaml")


def alert_names() -> set[str]:
    """Of every alert there is."""
    return {
        rule["alert"]
        for group in shipped_rules()["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def write_configuration(folder: Path, targets: Mapping[str, Sequence[str]], *, hurry: bool) -> None:
    """Job → `host:port`s, into the folder, beside the rules.

    Nobody is told: there is no Alertmanager here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config, rules = _read(SHIPPED / "prometheus.yaml"), shipped_rules()
    del config["alerting"]
    config["global"]["external_labels"] = {
        "docs": DOCS.as_uri(),
        "grafana": "http://127.0.0.1:3000",
    }
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": list(targets[job["job_name"]])}]
    if hurry:
        config["global"] |= {
            "scrape_interval": HURRY,
            "scrape_timeout": HURRY,
            "evaluation_interval": HURRY,
        }
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            rule["expr"] = re.sub(r"\[(\w+)\]", lambda span: f"[{SPANS[span[1]]}]", rule["expr"])
            rule.pop("for", None)
    for name, content in (("prometheus.yaml", config), ("alerts.yaml", rules)):
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def command(folder: Path, port: int) -> list[str]:
    """What runs Prometheus on the folder; raise CannotStart where it is not installed."""
    if BINARY is None:
        raise CannotStart(
            "Prometheus is not installed.",
            "On Debian: apt-get install prometheus. With containers: docker compose brings it.",
        )
    listen, data = (
        f"--web.listen-address={LOOPBACK}:{port}",
        f"--storage.tsdb.path={folder / 'data'}",
    )
    return [BINARY, f"--config.file={folder / 'prometheus.yaml'}", data, listen, "--log.level=warn"]


def watch(*, hurry: bool) -> None:
    """Until Ctrl-C."""
    variable, default = PROMETHEUS
    port = require_free(configured_port(variable, default), variable)
    folder = Path("var/watch").resolve()
    targets = {
        name: [f"{LOOPBACK}:{configured_port(door, DOORS[door])}"]
        for name, door in OPS_PORTS.items()
    }
    write_configuration(folder, targets, hurry=hurry)
    line = command(folder, port)
    prometheus = subprocess.Popen(line)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: prometheus.terminate())
    print(
        f"Prometheus at {_alerts_page(prometheus, f'http://{LOOPBACK}:{port}')}, until Ctrl-C",
        flush=True,
    )
    sys.exit(prometheus.wait())


def _alerts_page(prometheus: subprocess.Popen[bytes], address: str) -> str:
    """Where the alerts are shown: Debian builds Prometheus without its newer pages."""
    deadline = time.monotonic() + START_SECONDS
    while prometheus.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/alerts", timeout=START_SECONDS):
                return f"{address}/alerts"
        except urllib.error.HTTPError:
            return f"{address}/classic/alerts"
        except urllib.error.URLError:
            time.sleep(0.1)
    return f"{address}/alerts"


def _read(file: Path) -> Yaml:
    read: Yaml = yaml.safe_load(file.read_text(encoding="utf-8"))
    return read
