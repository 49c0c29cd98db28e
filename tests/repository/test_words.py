"""Names that say how a value came about and not what it is are used for nothing.

`found` stood for a match, a row, a finding and a list of fates, `said` for a transition, a message
and what a command prints: a reader had to look up each.
"""

import ast
import subprocess
from collections.abc import Iterator

from tests.support.running.parts import ROOT

BANNED = {"said", "told", "wanted", "found", "one", "made", "mine"}
COLUMNS = {"told", "said"}
"""Names of the database's and of a workflow file's fields, which are what they are outside."""
PLAYED = "tests/support/made/scenario.py"
"""What a scenario's reader asks for: `play(...).said`."""


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name the file binds, with its line."""
    fields = {
        id(field.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign) and getattr(field.target, "id", "") in COLUMNS
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) if id(node) not in fields:
                yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.MatchAs(name=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, 0


def test_no_name_says_how_a_value_came_about() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"],  # noqa: S607 - the clone's own git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    banned = [
        f"{path}:{line} {name}"
        for path in listed
        if path != PLAYED
        for name, line in names(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if name.strip("_") in BANNED
    ]

    assert banned == []
