"""A service or command whose Kafka or PostgreSQL is away says so in one sentence.

A service that once lived is started again until it is back.
"""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from deploy.local import supervise
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.supervise import QUICK_DEATHS, Service
from tests.support.running.sender import eventually

KAFKA = "Kafka does not answer"
POSTGRES = "PostgreSQL does not serve"
SECRETS = (
    "FOOTHOLD_HOUSEHOLD_SECRET",
    "FOOTHOLD_KEY_SECRET",
    "FOOTHOLD_QUARANTINE_SECRET",
    "FOOTHOLD_DIRECTORY_SECRET",
)


def nothing_there() -> dict[str, str]:
    """What a service is told, with addresses where nobody listens."""
    kafka, postgres = f"{LOOPBACK}:{free_port()}", f"{LOOPBACK}:{free_port()}"
    variables = {
        f"FOOTHOLD_{name.upper()}_DATABASE_URL": f"postgresql+psycopg://nobody@{postgres}/nothing"
        for name in ("ingest", "alerts")
    }
    variables |= {
        "FOOTHOLD_ENV": "development",
        "FOOTHOLD_KAFKA_BOOTSTRAP": kafka,
        "FOOTHOLD_PARTITIONS": "8",
        "FOOTHOLD_GO_LIVE": "at_start",
    }
    variables |= {
        f"FOOTHOLD_{name}_PORT": str(free_port())
        for name in ("INGEST", "INGEST_OPS", "RISK_OPS", "REGIONS_OPS", "ALERTS", "ALERTS_OPS")
    }
    return {**os.environ, **variables, **dict.fromkeys(SECRETS, "x" * 43)}


@pytest.mark.parametrize(
    ("service", "command", "away"),
    [
        ("ingest", "serve", KAFKA),
        ("ingest", "migrate", POSTGRES),
        ("ingest", "agency list", POSTGRES),
        ("alerts", "serve", KAFKA),
        ("alerts", "migrate", POSTGRES),
        ("alerts", "notify list", POSTGRES),
        ("risk", "serve", KAFKA),
        ("risk", "regions", KAFKA),
        ("risk", f"explain {'0' * 32} --on 2026-06-10", KAFKA),
    ],
)
def test_what_is_away_is_said_in_one_sentence(service: str, command: str, away: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"foothold_{service}", *command.split()],
        env=nothing_there(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert f"foothold-{service} cannot go on: {away}" in done.stderr
    assert done.stderr.rstrip().endswith("Start it, then try again.")
    assert "Traceback" not in done.stderr


def test_a_service_that_lived_is_never_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "QUICK_SECONDS", 1.0)
    monkeypatch.setattr(supervise, "LONGEST_PAUSE_SECONDS", 0.02)
    lives_once = """
        import pathlib, sys, time
        been = pathlib.Path(__file__).with_name("been")
        if not been.exists():
            been.touch()
            time.sleep(1.5)
        sys.exit("its database is away")
    """
    (tmp_path / "lives_once.py").write_text(dedent(lives_once))
    service = Service(
        "lives once", ["lives_once"], {**os.environ, "PYTHONPATH": str(tmp_path)}, tmp_path / "log"
    )
    service.start()
    try:
        eventually(
            lambda: service.starts > 2 * QUICK_DEATHS or service.failure,
            "it is started again and again",
        )
        assert service.failure is None
    finally:
        service.stop()
