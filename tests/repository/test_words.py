"""Names that say how a value came about and not what it is are used for nothing.

`found` stood for a match, a row, a finding and a list of fates, `said` for a transition, a message
and what a command prints: a reader had to look up each.
"""

import ast
import re
import subprocess
from collections.abc import Iterator

from tests.support.running.parts import ROOT

BANNED = {"said", "told", "wanted", "found", "one", "made", "mine"}
CLASSES = BANNED | {"shelf", "tell", "keeps", "says"}
"""A class is named by what it is: `LoggedFact`, `Audience`, `QuarantineTable`."""
OF_ANOTHER_LAYER = {
    "services/risk/foothold_risk/rules/findings/finding.py": {"Found"},
    "services/risk/foothold_risk/worker/quarantine.py": {"Shelf"},
}
"""What a finding is before it is a message; what risk sets aside."""
COLUMNS = {"told", "said"}
"""Names of the database's and of a workflow file's fields, which are what they are outside."""
PLAYED = "tests/support/made/scenario.py"
"""What a scenario's reader asks for: `play(...).said`."""


_BOUND = re.compile(
    r"\{%-? *(?:for (?P<loop>[\w, ]+?) in |set (?P<set>[\w, ]+?) *=|macro \w+\((?P<macro>[^)]*)\))"
)


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


def tracked(pattern: str) -> list[str]:
    """The clone's own files."""
    return subprocess.run(
        ["git", "ls-files", pattern],  # noqa: S607 - the clone's own git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


def template_names(line: str) -> Iterator[str]:
    """Every name a line of a template binds."""
    for bound in _BOUND.finditer(line):
        for part in (bound["loop"] or bound["set"] or bound["macro"] or "").split(","):
            yield part.partition("=")[0].strip()


def test_no_name_says_how_a_value_came_about() -> None:
    banned = [
        f"{path}:{line} {name}"
        for path in tracked("*.py")
        if path != PLAYED
        for name, line in names(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if name.strip("_") in BANNED
    ]

    assert banned == []


def test_no_class_is_named_by_how_it_came_about() -> None:
    banned = [
        f"{path}:{node.lineno} {node.name}"
        for path in tracked("*.py")
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and node.name.strip("_").casefold() in CLASSES
        and node.name not in OF_ANOTHER_LAYER.get(path, set())
    ]

    assert banned == []


def test_a_template_names_what_it_goes_through() -> None:
    """`for one in`, `set one =` and a macro's `one` say nothing of what the lines below show."""
    banned = [
        f"{path}:{number} {name}"
        for path in tracked("*.html")
        for number, line in enumerate(
            (ROOT / path).read_text(encoding="utf-8").splitlines(), start=1
        )
        for name in template_names(line)
        if name in BANNED
    ]

    assert banned == []


def test_a_template_s_names_are_seen() -> None:
    line = "{% for one, other in rows %}{% set told = 1 %}{% macro badge(made, x=1) %}{{ one }}"

    assert list(template_names(line)) == ["one", "other", "told", "made", "x"]
