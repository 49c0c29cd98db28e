"""No two files of different services are nearly the same."""

import subprocess
import sys
from pathlib import Path

from deploy.near_copies import LARGEST_SHARE, modules, pairs, pieces_of, share_of

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "services" / "ingest" / "foothold_ingest" / "log" / "search.py"


def test_the_services_hold_no_near_copy() -> None:
    nearest = pairs(modules(ROOT))[0]

    assert nearest.share <= LARGEST_SHARE, nearest


def test_a_planted_copy_is_found_and_named_and_fails_the_check(tmp_path: Path) -> None:
    text = SOURCE.read_text(encoding="utf-8")
    copy = text.replace("foothold_ingest", "foothold_alerts").replace("for record", "for record_")
    for service, written in (("ingest", text), ("alerts", f"# a copy\nimport os\n{copy}")):
        folder = tmp_path / "services" / service
        folder.mkdir(parents=True)
        (folder / "search.py").write_text(written, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "deploy.near_copies", "--root", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )

    assert done.returncode == 1
    assert "services/ingest/search.py and services/alerts/search.py are" in done.stderr


def test_names_of_services_imports_and_remarks_do_not_make_files_differ() -> None:
    body = "\n".join(f"def step_{n}(a: int) -> int:\n    return a * {n} + {n}\n" for n in range(20))
    first = f'"""Of ingest."""\nimport foothold_ingest\n\nNAME = "foothold-ingest"\n{body}'
    other = f'"""Quite else."""\n# a remark\nNAME = "foothold-alerts"\n{body}'

    assert share_of(pieces_of(first), pieces_of(other)) == 1.0


def test_little_files_are_no_copies_of_anything() -> None:
    assert share_of(pieces_of("LIMIT = 5\n"), pieces_of("LIMIT = 5\n")) == 0.0
