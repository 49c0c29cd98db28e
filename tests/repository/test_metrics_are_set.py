"""Every metric a service declares is set somewhere: a gauge nobody sets alerts nobody."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECLARED = sorted((ROOT / "services").glob("*/foothold_*/metrics.py"))
KINDS = {"Counter", "Gauge", "Histogram", "Summary"}


def declared_in(path: Path) -> set[str]:
    """Attributes that hold a metric."""
    return {
        target.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id in KINDS
        for target in node.targets
        if isinstance(target, ast.Attribute)
    }


def used_beside(path: Path) -> set[str]:
    """Attributes that the service's other files read."""
    return {
        node.attr
        for other in path.parent.rglob("*.py")
        if other != path
        for node in ast.walk(ast.parse(other.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }


@pytest.mark.parametrize("path", DECLARED, ids=lambda path: path.parent.name)
def test_every_metric_is_set(path: Path) -> None:
    declared = declared_in(path)

    assert len(declared) > 5
    assert declared - used_beside(path) == set()
