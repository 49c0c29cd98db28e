"""Runs every code block of docs/agencies.md as it stands there.

It runs against a running Foothold, and what it sends arrives.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from foothold_schemas.facts.facts import MedicalClaimSettled
from foothold_schemas.wire.codec import decode_fact
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS
from tests.support.running.sender import Sender, eventually, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

GUIDE = Path(__file__).parents[4] / "docs/agencies.md"
BLOCKS = re.findall(
    r"^```(bash|python)\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
NUMBER = "11010519491231002X"


def test_what_the_guide_shows_works_as_it_stands_there(
    sender: Sender, foothold: Stack, tmp_path: Path
) -> None:
    members = [{"resident_number": NUMBER}]
    entry = {
        "authority": "370302",
        "register_number": "H00001",
        "area": "370302104201",
        "standing": "ordinary",
        "members": members,
    }
    at = "2026-01-05T09:00:00+08:00"
    event = {
        "specversion": "1.0",
        "id": "guide-reg",
        "source": "/agencies/statistics",
        "type": "foothold.HouseholdRegistered.v1",
        "time": at,
    }
    assert (
        sender.post("statistics", {**event, "subject": "370302/H00001", "data": entry}).status_code
        == 202
    )
    variables = {
        "FOOTHOLD_URL": foothold.ingest_url,
        "FOOTHOLD_KEY": sender.keys["health-insurance"],
        "FOOTHOLD_KAFKA": foothold.kafka.bootstrap,
    }
    for language, code in BLOCKS:
        command = ["bash", "-e", "-c", code] if language == "bash" else [sys.executable, "-c", code]
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"

    def arrived() -> set[str] | None:
        facts = [
            decode_fact(m.value()).data
            for m in read_topic(foothold.kafka.bootstrap, HOUSEHOLD_FACTS.name)
        ]
        complete = {
            f.claim_number
            for f in facts
            if isinstance(f, MedicalClaimSettled) and f.claim_number.startswith("2026-0001")
        }
        return complete if len(complete) == 5 else None

    assert len(BLOCKS) == 5
    assert eventually(arrived, "the five bills of the guide") == {
        f"2026-00012{n}" for n in range(3, 8)
    }
    assert (tmp_path / "template.xlsx").read_bytes().startswith(b"PK")
