"""What the rules decide of every scenario, recorded for the version of the rules.

Rules that decide otherwise bear another version, since each decision names the version it was made
by. `python -m tests.support.made.recorded` records anew.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import yaml

from foothold_risk.messages.transition import RULES_VERSION
from foothold_schemas.messages.transitions import Transition
from tests.support.made.scenario import FOLDER, Played, play

FILE: Final = FOLDER / "decided.json"


def texts() -> Iterator[tuple[Path, str]]:
    """Every scenario: its file and its text."""
    for file in sorted(FOLDER.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        yield from ((file, part) for part in re.split(r"^---\n", text, flags=re.MULTILINE))


@cache
def played(text: str) -> Played:
    """The scenario, played once for everybody who asks."""
    return play(yaml.safe_load(text))


def decided() -> dict[str, str]:
    """Scenario -> what is decided in it, both as digests."""
    return {
        _digest(yaml.safe_load(text)["name"]): _digest([_of(t) for t in played(text).said])
        for _, text in texts()
        if not re.search(r"^policy_refused:", text, re.MULTILINE)
    }


def changed(recorded: dict[str, Any]) -> list[str]:
    """The names of the scenarios that were decided otherwise when it was recorded."""
    now, then = decided(), recorded["decided"]
    names = (yaml.safe_load(text)["name"] for _, text in texts())
    return [n for n in names if (key := _digest(n)) in then and now.get(key) != then[key]]


def _of(transition: Transition) -> list[object]:
    return [
        str(transition.open_day),
        transition.movement,
        transition.status,
        transition.group,
        transition.exit_reason,
        transition.is_lead,
        transition.is_urgent,
        transition.is_identified,
        transition.is_told,
        transition.episode,
        transition.spell,
    ]


def _digest(content: object) -> str:
    return blake2b(json.dumps(content).encode(), digest_size=6).hexdigest()


if __name__ == "__main__":
    FILE.write_text(
        json.dumps({"rules": RULES_VERSION, "decided": decided()}, indent=0, sort_keys=True) + "\n",
        encoding="utf-8",
    )
