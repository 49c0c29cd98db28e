"""Compares the schemas with the last release.

`python -m tools.contracts --check` compares them, and `--release VERSION` keeps them as
one.

A breaking change needs a new major version of its topic or event. A compatible one is declared in
`schemas/changes.toml`, in the words this command prints, so that nobody changes a contract without
meaning to. A limit that shuts out only what nobody could use is declared there too, once for all
fields, under `tightened`: the change, and why.
"""

import argparse
import json
import shutil
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from foothold_schemas.wire.topics import TOPICS
from tools.compatibility import Change, changes
from tools.generate import FOLDER

ROOT: Final = FOLDER.parent
RELEASED: Final = ROOT / "released"
DECLARED: Final = ROOT / "changes.toml"
TIGHTENED: Final = "tightened"
_SUFFIX: Final = ".schema.json"
GONE: Final = [Change("/", "the message is gone", is_breaking=True)]


def latest_release(folder: Path = RELEASED) -> Path:
    """The folder of the release with the highest version."""
    return max(folder.iterdir(), key=lambda path: tuple(int(part) for part in path.name.split(".")))


def compare(before: Path, after: Path) -> dict[str, list[Change]]:
    """Message → its changes; a message that is gone is a breaking change, a new one none."""
    by_message = {}
    for path in sorted(before.glob(f"*{_SUFFIX}")):
        name, now = path.name.removesuffix(_SUFFIX), after / path.name
        is_door = name == "cloudevent" or name.startswith("data.")
        of_message = (
            changes(json.loads(path.read_text()), json.loads(now.read_text()), is_door=is_door)
            if now.is_file()
            else [Change("/", "the message is gone", is_breaking=True)]
        )
        if of_message:
            by_message[name] = of_message
    return by_message


def readers(message: str) -> str:
    """Who is hit when this message changes."""
    card = next((card for card in TOPICS if card.name == message), None)
    return (
        f"read by {', '.join(card.readers)}"
        if card is not None
        else "sent by every agency, read by ingest"
    )


def allowed(
    by_message: dict[str, list[Change]], tightened: Mapping[str, str]
) -> tuple[dict[str, list[Change]], list[str]]:
    """Return the changes without those a reason under `tightened` allows.

    Also return the reasons that allow nothing.
    """
    left = {
        message: [c for c in of_message if not (c.is_breaking and c.what in tightened)]
        for message, of_message in by_message.items()
    }
    used = {
        change.what
        for of_message in by_message.values()
        for change in of_message
        if change.is_breaking
    }
    return left, [
        f"changes.toml gives a reason for what did not change: {what}"
        for what in tightened
        if what not in used
    ]


def complaints(by_message: dict[str, list[Change]], declared: dict[str, list[str]]) -> list[str]:
    """What keeps the change from being committed."""
    problems = []
    for message, of_message in by_message.items():
        problems += [
            f"{message} ({readers(message)}): {change}; it needs a new major version"
            for change in of_message
            if change.is_breaking
        ]
        known = set(declared.get(message, ()))
        undeclared = [str(c) for c in of_message if not c.is_breaking and str(c) not in known]
        problems += [
            f'{message} ({readers(message)}): undeclared: add "{line}" to changes.toml'
            for line in undeclared
        ]
    real = {
        (message, str(change))
        for message, of_message in by_message.items()
        for change in of_message
    }
    problems += [
        f"changes.toml declares for {m} what did not change: {line}"
        for m, lines in declared.items()
        for line in lines
        if (m, line) not in real
    ]
    return problems


def release(version: str) -> None:
    """Keep today's schemas and examples as this version, and begin an empty list of changes."""
    target = RELEASED / version
    shutil.copytree(FOLDER, target / "json")
    shutil.copytree(ROOT / "examples", target / "examples")
    DECLARED.write_text(
        "# Changes of messages since the last release, as `python -m tools.contracts"
        " --check` prints them.\n"
    )


def main() -> None:
    """Check, or release."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--release", metavar="VERSION")
    chosen = arguments.parse_args()
    if chosen.release:
        release(chosen.release)
        return
    last = latest_release()
    declared = tomllib.loads(DECLARED.read_text())
    by_message, lines = allowed(compare(last / "json", FOLDER), declared.pop(TIGHTENED, {}))
    lines += complaints(by_message, declared)
    if lines:
        sys.exit(f"The messages differ from release {last.name}:\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
