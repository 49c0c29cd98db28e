"""Finds files of different services that are nearly the same, which belong into the runtime.

`python -m deploy.near_copies` says which, and fails; `--report` lists the nearest, whatever their
share.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
SERVICES: Final = ("ingest", "risk", "alerts")
WINDOW: Final = 8
"""So many tokens in a row are one piece."""
LARGEST_SHARE: Final = 0.5
"""Of the smaller file's pieces; more is a near copy."""
FEWEST_PIECES: Final = 60
"""A file with fewer pieces says too little to be a copy of anything."""
_OWN_NAME: Final = re.compile(
    r"foothold[_-](?:ingest|risk|alerts)|\b(?:ingest|risk|alerts)\b", re.IGNORECASE
)

Pieces = frozenset[str]


class Module(NamedTuple):
    """A file of a service, in pieces."""

    service: str
    path: Path
    pieces: Pieces


class Pair(NamedTuple):
    """Two files, and the share of the smaller one's pieces that the other has as well."""

    share: float
    first: Path
    second: Path


def pieces_of(source: str) -> Pieces:
    """Every WINDOW tokens in a row of what the code does.

    Imports, docstrings, comments and layout do not count, and a service's name is any service's.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [line for line in body if not _is_beside(line)] or [ast.Pass()]  # type: ignore[attr-defined]
    code = _OWN_NAME.sub("service", ast.unparse(tree))
    tokens = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(code).readline)
        if token.string.strip()
    ]
    return frozenset(
        " ".join(tokens[start : start + WINDOW]) for start in range(len(tokens) - WINDOW + 1)
    )


def _is_beside(line: ast.stmt) -> bool:
    is_text = isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    return is_text or isinstance(line, ast.Import | ast.ImportFrom)


def share_of(pieces: Pieces, other: Pieces) -> float:
    """How much of the smaller one the other has as well; 0 where it is too small to say."""
    fewest = min(len(pieces), len(other))
    return 0.0 if fewest < FEWEST_PIECES else len(pieces & other) / fewest


def modules(root: Path) -> Iterator[Module]:
    """Every file of every service under `root`; migrations are what has happened, and stay."""
    for service in SERVICES:
        for path in sorted((root / "services" / service).rglob("*.py")):
            if "versions" not in path.parts:
                pieces = pieces_of(path.read_text(encoding="utf-8"))
                yield Module(service, path.relative_to(root), pieces)


def pairs(every: Iterable[Module]) -> list[Pair]:
    """Files of two services each, the nearest first."""
    return sorted(
        (
            Pair(share_of(left.pieces, other.pieces), left.path, other.path)
            for left, other in combinations(every, 2)
            if left.service != other.service
        ),
        reverse=True,
    )


def main() -> None:
    """Fail where there is a near copy, and name both files."""
    parser = argparse.ArgumentParser(prog="python -m deploy.near_copies")
    parser.add_argument("--report", action="store_true", help="the twenty nearest pairs")
    parser.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    arguments = parser.parse_args()
    nearest = pairs(modules(arguments.root))
    if arguments.report:
        sys.stdout.writelines(f"{p.share:.0%}  {p.first}  {p.second}\n" for p in nearest[:20])
    copies = [
        f"{pair.first} and {pair.second} are {pair.share:.0%} the same: one copy belongs into"
        " runtime/, with what differs as an argument"
        for pair in nearest
        if pair.share > LARGEST_SHARE
    ]
    if copies:
        sys.exit("\n".join(copies))


if __name__ == "__main__":
    main()
