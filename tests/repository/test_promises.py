"""Tests the repository's own promises.

What the documents say is what the code does, and nothing points where it should not.
"""

import ast
import importlib
import re
import subprocess
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml

from deploy.docs import FILES, SETTINGS, TABLES, filled
from foothold_schemas.wire.topics import TOPICS

ROOT = Path(__file__).parents[2]
SERVICES = ("ingest", "risk", "alerts")


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("name", FILES)
def test_tables_made_from_code_are_up_to_date(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert filled(text) == text


def test_every_table_made_from_code_stands_in_a_document_and_is_not_empty() -> None:
    documents = "".join((ROOT / name).read_text(encoding="utf-8") for name in FILES)

    for name, table in TABLES.items():
        assert f"<!-- {name}: made by 'make generate' -->\n{table()}\n<!-- end -->" in documents, (
            name
        )


@pytest.mark.parametrize("card", TOPICS, ids=lambda card: card.name)
def test_each_topic_is_written_and_read_by_the_services_its_card_names(card: object) -> None:
    constant = next(
        name
        for name, value in vars(__import__("foothold_schemas.wire.topics", fromlist=["x"])).items()
        if value is card
    )
    users = {
        s
        for s in SERVICES
        if any(
            re.search(rf"\b{constant}\b", text_of(p)) for p in (ROOT / "services" / s).rglob("*.py")
        )
    }

    assert users == set(card.writers) | set(card.readers)  # type: ignore[attr-defined]


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_composition_root_reads_settings_and_nobody_reads_the_environment(
    service: str,
) -> None:
    for path in (ROOT / "services" / service).rglob("*.py"):
        text = text_of(path)
        assert "os.environ" not in text, path
        assert "Settings()" not in text or path.name == "__main__.py", path


def test_every_variable_a_service_reads_is_explained() -> None:
    for settings in SETTINGS.values():
        assert [
            name for name, field in settings.model_fields.items() if not field.description
        ] == []


def test_the_readme_is_short_and_leads_to_files_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(text.splitlines()) < 110
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert target.startswith("https://") or (document.parent / target).exists(), (
                f"{document.name} → {target}"
            )


def test_requirement_files_pin_every_package_with_a_hash_and_name_no_index() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path
        for block in re.split(r"\n(?=\S)", text.strip()):
            assert re.match(r"\S+==.*--hash=sha256:", block, re.DOTALL), (
                f"{path.name}: {block[:60]}"
            )


@pytest.mark.parametrize("package", ["schemas", *(f"services/{s}" for s in SERVICES)])
def test_every_declared_dependency_is_in_the_packages_requirement_file(package: str) -> None:
    declared = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"][
        "dependencies"
    ]
    names = {re.split(r"[\[<>=]", d)[0].lower() for d in declared} - {
        "foothold-schemas",
        "foothold-runtime",
    }
    locked = (ROOT / "requirements" / f"{Path(package).name}.txt").read_text()

    assert [
        name for name in names if not re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE)
    ] == []


def test_no_file_names_a_machine_path_or_a_package_registry() -> None:
    hosts = "|".join(
        ["py" + "pi.org", "python" + "hosted", "npm" + "js", "repo1" + ".maven", "deb" + ".debian"]
    )
    forbidden = re.compile(rf"({hosts})|(?<![\w.])/(root|home|work)/\w")

    assert [
        str(p.relative_to(ROOT))
        for p in tracked()
        if p.suffix not in (".png", ".sha256") and forbidden.search(text_of(p))
    ] == []


def test_no_open_ends_are_left_in_code() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImplemented" + "Error")

    assert [
        str(p.relative_to(ROOT))
        for p in tracked()
        if p.suffix == ".py" and marks.search(text_of(p))
    ] == []


def _inexact(tree: ast.AST) -> list[int]:
    """Lines with a float or a division that could make one."""
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div))
    )


def test_money_is_never_a_float() -> None:
    # strict_json only names the type of a JSON number; the amounts of every message refuse one
    files = [p for p in ROOT.glob("services/*/*/rules/**/*.py") if p.name != "strict_json.py"] + [
        ROOT / "schemas/foothold_schemas/values.py"
    ]
    floats = {
        path.name: lines
        for path in files
        if (lines := _inexact(ast.parse(path.read_text(encoding="utf-8"))))
    }

    assert len(files) > 30
    assert floats == {}
    assert _inexact(ast.parse("a = 1.5\nb = float(2)\nc = a / b\nc /= 2\nd = 7 // 2")) == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs"])
def test_documents_name_files_that_exist(name: str) -> None:
    # services are called by their short names: ingest/doors/http.py
    known = [re.sub(r"services/\w+/foothold_", "", str(p.relative_to(ROOT))) for p in tracked()]
    path = ROOT / name
    missing = [
        f"{document.name}: {file}"
        for document in (path.glob("*.md") if path.is_dir() else [path])
        for file in re.findall(r"`([\w/.-]+\.py)`", document.read_text(encoding="utf-8"))
        if not any(
            f"/{full}".endswith(f"/{re.sub(r'services/[a-z]+/foothold_', '', file)}")
            for full in known
        )
    ]

    assert missing == []


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name[:4])
def test_a_decision_has_its_status_its_day_and_its_place_in_the_list(page: Path) -> None:
    front_matter, heading, *_ = re.split(r"^---\n|\n---\n", page.read_text(encoding="utf-8"))[1:]
    front = yaml.safe_load(front_matter)

    assert front["status"] in {"proposed", "accepted", "superseded"}
    assert isinstance(front["date"], date)
    assert heading.startswith(f"# {int(page.name[:4])}. ")
    assert f"]({page.name})" in (page.parent / "README.md").read_text(encoding="utf-8")


FREE_ROOMS = {"findings", "hints", "versions"}
"""Rooms that hold one kind of thing, each in its file."""


def test_a_room_holds_at_most_fifteen_modules() -> None:
    modules = [p for p in tracked() if p.suffix == ".py" and p.name != "__init__.py"]
    rooms = Counter(p.parent for p in modules if p.parent.name not in FREE_ROOMS)

    assert {str(room.relative_to(ROOT)): n for room, n in rooms.items() if n > 15} == {}


def test_files_stay_small() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in tracked()
        if p.suffix == ".py" and (n := len(text_of(p).splitlines())) > 640
    }

    assert long == {}


def test_migrations_import_what_there_is() -> None:
    # mypy does not read them, and each runs only where a database is older than it
    for path in ROOT.glob("services/*/foothold_*/migrations/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("foothold_"):
                module = importlib.import_module(node.module or "")
                assert [a.name for a in node.names if not hasattr(module, a.name)] == [], path


def test_ci_calls_make_test() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
