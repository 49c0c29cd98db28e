"""Every code people see has one word, and nobody else keeps words for it."""

import ast
import importlib
import pkgutil
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest

import foothold_schemas
from foothold_schemas.facts.facts import AgencyFact
from foothold_schemas.titles import FACT_TITLES, TITLES, title

ROOT = Path(__file__).parents[2]
NOT_SEEN = {
    "Absence": "stands in pages as whether a member lives here",
    "Cleanup": "Kafka's word",
    "Decision": "pages show the step that led to it",
    "Direction": "part of a sentence",
    "DisputeState": "part of a sentence",
    "DoubtKind": "a question at the console",
    "Environment": "for operators",
    "ExitReason": "part of a sentence",
    "ForecastCause": "part of a sentence",
    "Grade": "its letter is its name",
    "Purpose": "of a key",
    "RefusalReason": "a sentence with what to do, in ingest",
    "RetractionReason": "for the log",
    "Severity": "shown as the level of a warning",
    "Signalled": "for the region windows",
    "Status": "pages show the movement or the stage",
    "TicketState": "for commands",
    "UnmetKind": "part of a sentence",
}


def codes() -> list[type[StrEnum]]:
    modules = [
        importlib.import_module(m.name)
        for m in pkgutil.walk_packages(foothold_schemas.__path__, "foothold_schemas.")
    ]
    return sorted(
        {
            v
            for m in modules
            for v in vars(m).values()
            if isinstance(v, type)
            and issubclass(v, StrEnum)
            and v.__module__.startswith("foothold_schemas.")
        },
        key=lambda kind: kind.__name__,
    )


@pytest.mark.parametrize("kind", codes(), ids=lambda kind: kind.__name__)
def test_every_code_has_its_title_or_a_reason_why_nobody_reads_it(kind: type[StrEnum]) -> None:
    assert (kind in TITLES) is (kind.__name__ not in NOT_SEEN)
    if kind in TITLES:
        assert all(title(code).zh and title(code).en for code in kind)
        assert len({title(code).zh for code in kind}) == len(kind)


def _words(table: ast.Dict) -> list[str]:
    """Chinese words of a table; whole sentences about a code stand where they are said."""
    texts = (
        v.value
        for value in table.values
        for v in ast.walk(value)
        if isinstance(v, ast.Constant) and isinstance(v.value, str)
    )
    return [text for text in texts if not text.isascii() and not set("。，：") & set(text)]


def test_nobody_else_keeps_a_table_of_words_for_a_code_that_has_a_title() -> None:
    names = {kind.__name__ for kind in TITLES}
    tables = []
    for path in [*ROOT.glob("services/**/*.py"), *ROOT.glob("deploy/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict) and _words(node):
                keys = {
                    k.value.id
                    for k in node.keys
                    if isinstance(k, ast.Attribute) and isinstance(k.value, ast.Name)
                }
                tables += [f"{path.name}:{node.lineno} {name}" for name in keys & names]

    assert tables == []


def test_every_kind_of_fact_that_agencies_send_has_its_title() -> None:
    sent = {kind.model_fields["kind"].default for kind in get_args(AgencyFact)}

    assert sent <= FACT_TITLES.keys()
    assert len({word.zh for word in FACT_TITLES.values()}) == len(FACT_TITLES)
