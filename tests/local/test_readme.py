"""Takes README's walk, as somebody new would.

Bring it up, publish, see the case, find the metric, kill the broker, be alerted, mend it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import psutil
import pytest

from deploy.local.ports import DOORS, LOOPBACK, PROMETHEUS, free_port
from deploy.local.watch import BINARY
from tests.support.running.parts import ROOT
from tests.support.running.sender import eventually

README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
TOOLS, PUBLISH, COMMANDS, BREAK = BLOCKS
LACKING: Final = [tool for tool in ("bash", "curl") if shutil.which(tool) is None]
ENDS: Final = "Ctrl-C 结束 ends everything."
PORTS: Final = {**DOORS, PROMETHEUS[0]: PROMETHEUS[1]}


class Visitor:
    """A visitor: a new user with a clone, on a machine whose ports may be taken.

    README's ports are replaced by free ones.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: str(free_port()) for name in PORTS}
        self._examples_of_today()

    def _examples_of_today(self) -> None:
        """The committed examples grow older than what Foothold looks back on."""
        now = datetime.now(ZoneInfo("Asia/Shanghai"))
        target = self.folder / "schemas" / "examples" / "events"
        target.mkdir(parents=True)
        for name in ("HouseholdRegistered", "DisasterStruck"):
            event = json.loads(
                (ROOT / "schemas" / "examples" / "events" / f"{name}.json").read_text(
                    encoding="utf-8"
                )
            ) | {"time": now.isoformat()}
            event["data"] |= (
                {"struck_on": now.date().isoformat()} if name == "DisasterStruck" else {}
            )
            (target / f"{name}.json").write_text(json.dumps(event), encoding="utf-8")

    @contextmanager
    def runs(self, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """`make up` or `make watch` in a window of its own; what it prints is in the file."""
        output = self.folder / f"{words[0]}-{free_port()}"
        environment = {
            **os.environ,
            **self.ports,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
        }
        with output.open("wb") as out:
            window = subprocess.Popen(
                [sys.executable, "-m", "deploy.local", *words],
                cwd=self.folder,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            yield window, output
        finally:
            window.terminate()
            window.wait(60)

    def types(self, block: str, variables: Mapping[str, str]) -> str:
        """The lines of the block, with what was printed put in; what they answer."""
        for name, value in variables.items():
            assert f"{name}=" in block
            block = re.sub(rf"{name}=\S+", f"{name}={value}", block)
        for name, default in PORTS.items():
            block = block.replace(f":{default}", f":{self.ports[name]}")
        done = subprocess.run(
            [str(shutil.which("bash")), "-c", block],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert not done.stderr, done.stderr
        return done.stdout

    def is_quiet(self) -> bool:
        """Prometheus answers, has asked every process, and no service is missing."""
        api = f"http://{LOOPBACK}:{self.ports['FOOTHOLD_PROMETHEUS_PORT']}/api/v1"
        try:
            up, alerts = (
                httpx.get(f"{api}/query", params={"query": "count(up == 1)"}),
                httpx.get(f"{api}/alerts"),
            )
        except httpx.TransportError:
            return False
        if not (up.is_success and alerts.is_success):  # it listens before it is ready
            return False
        firing = {
            alert["labels"]["alertname"]
            for alert in alerts.json()["data"]["alerts"]
            if alert["state"] == "firing"
        }
        return [sample["value"][1] for sample in up.json()["data"]["result"]] == ["4"] and not {
            name for name in firing if name.endswith("Down")
        }

    def open_leads(self) -> float:
        metrics = httpx.get(
            f"http://{LOOPBACK}:{self.ports['FOOTHOLD_ALERTS_OPS_PORT']}/metrics"
        ).text
        match = re.search(
            r'^foothold_alerts_open_cases\{stage="lead"\} (\S+)$', metrics, re.MULTILINE
        )
        return float(match[1]) if match else 0.0


def first_group(text: str, pattern: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match is not None, pattern
    return match[1]


def test_the_commands_readme_names_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z-]+)", README)) - {"generate"}

    assert named >= {"up", "demo", "test", "watch"}
    assert [name for name in named if f"\n{name}:" not in makefile] == []
    assert set(re.findall(r"make ([a-z]+)", TOOLS)) == {"demo", "test", "up"}


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(420)
@pytest.mark.skipif(bool(LACKING), reason=f"README's commands need {', '.join(LACKING)}")
def test_up_shows_the_case_and_ends_when_it_is_asked_to_leaving_nothing_behind(
    folder: Path,
) -> None:
    visitor = Visitor(folder)
    with visitor.runs("up") as (up, output):
        eventually(
            lambda: "adopted the shipped policy" in output.read_text(), "everything runs", 120
        )
        printed = output.read_text()
        keys = {
            "STATISTICS": first_group(printed, r"^ +statistics +(fh_\S+)$"),
            "EMERGENCY": first_group(printed, r"^ +emergency-management +(fh_\S+)$"),
        }
        answered = visitor.types(PUBLISH, keys)
        assert [line[:14] for line in answered.splitlines()] == [
            '{"status":202,',
            '{"status":202,',
        ], (answered, printed[-2_000:])
        eventually(lambda: visitor.open_leads() == 1, "the case stands in the inbox")
        assert "emergency-management" in visitor.types(
            COMMANDS.replace(".venv/bin/foothold-ingest", f"{sys.executable} -m foothold_ingest"),
            {},
        )
        if BINARY is not None:
            be_told_and_mend(visitor, up, printed)
            return
        _ends(up)


def be_told_and_mend(visitor: Visitor, up: subprocess.Popen[bytes], printed: str) -> None:
    """The rest of the walk, where Prometheus is installed."""
    with visitor.runs("watch", "--hurry") as (_, shown):
        eventually(visitor.is_quiet, "Prometheus looks, and nothing is wrong")
        assert (
            httpx.get(first_group(shown.read_text(), r"^Prometheus at (\S+), until")).status_code
            == 200
        )
        answer = visitor.types(
            BREAK, {"KAFKA": first_group(printed, r"Kafka at \S+, process (\d+)$")}
        )
        assert 'foothold_alerts_open_cases{stage="lead"} 1.0' in answer
        assert answer.endswith("docs/runbooks/FootholdServiceDown.md\n")
        assert up.wait(60) != 0
        with visitor.runs("up") as (again, output):
            eventually(lambda: ENDS in output.read_text(), "everything runs again", 120)
            eventually(lambda: visitor.open_leads() == 1, "the case is still there")
            eventually(visitor.is_quiet, "the alerts are over")
            _ends(again)


def _ends(up: subprocess.Popen[bytes]) -> None:
    children: list[Any] = psutil.Process(up.pid).children(recursive=True)
    up.terminate()
    assert up.wait(60) == 0
    assert [p for p in children if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
