"""`make mutants`: changes the rules one small thing at a time and asks whether a test notices.

Score and survivors go to var/mutants.json.

Works on clones of what is committed, one for each worker, in an order shuffled by a seed: stopped
early, it has tried a fair sample.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path("var/mutants")
FIGURES: Final = Path("var/mutants.json")
CONFIG: Final = "bench/mutants.toml"
SCRIPT: Final = "bench/mutants.sh"
SESSION: Final = "session.sqlite"
POLL_SECONDS: Final = 20
SAME: Final = re.compile(r"@dataclass|^class |TypeVar|lru_cache|strict=True|: date = date\(1970")
"""Lines where a change says the same: declarations, defaults nobody reaches, the strictness of a
zip over equal lengths."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change no test noticed."""

    file: str
    line: int
    change: str


@dataclass(frozen=True, slots=True)
class Score:
    """`killed` of `tried` changes were noticed; `left` were not tried in the time given."""

    commit: str
    seed: int
    tried: int
    killed: int
    left: int
    survivors: tuple[Survivor, ...]


def main() -> None:
    """Make the clones, share the work out, wait, report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=240)
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--seed", type=int, default=20261125)
    chosen = arguments.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    clones = [FOLDER / str(n) for n in range(chosen.workers)]
    for clone in clones:
        _git("clone", "-q", ".", str(clone))
    _tool(clones[0], "cosmic-ray", "init", CONFIG, SESSION)
    _tool(clones[0], "cr-filter-operators", SESSION, CONFIG)
    _share_out(clones, chosen.seed)
    environment = os.environ | {"FOOTHOLD_PYTHON": str(Path(sys.executable).absolute())}
    if not _passes(clones[0], environment):
        sys.exit(
            f"The tests of {SCRIPT} fail before anything is changed, so every change would count as"
            " noticed. Run it here by hand and mend that first."
        )
    running = [
        subprocess.Popen([_path("cosmic-ray"), "exec", CONFIG, SESSION], cwd=clone, env=environment)
        for clone in clones
    ]
    until = time.monotonic() + chosen.minutes * 60
    # stopped early, it still reports what it has tried
    with contextlib.suppress(KeyboardInterrupt):
        while time.monotonic() < until and any(worker.poll() is None for worker in running):
            time.sleep(POLL_SECONDS)
            score = _score(clones, chosen.seed)
            sys.stdout.write(f"\r{score.tried} tried, {score.killed} noticed, {score.left} left ")
            sys.stdout.flush()
    for worker in running:
        worker.terminate()
        worker.wait()
    for clone in clones:
        _git("-C", str(clone), "checkout", "-q", ".")
        if not _passes(clone, environment):
            sys.exit(
                f"The tests fail in {clone} with nothing changed: something else did change"
                " meanwhile (packages?), so the figures are void."
            )
    _report(_score(clones, chosen.seed))


def _path(tool: str) -> str:
    """The command beside the interpreter that runs this."""
    return str(Path(sys.executable).absolute().parent / tool)


def _passes(clone: Path, environment: Mapping[str, str]) -> bool:
    return not subprocess.run(["sh", SCRIPT], cwd=clone, env=environment, check=False).returncode  # noqa: S607 - the user's shell


def _git(*words: str) -> str:
    return subprocess.run(
        [shutil.which("git") or "git", *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def _tool(clone: Path, tool: str, *words: str) -> None:
    subprocess.run(
        [_path(tool), *words],
        cwd=clone,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _share_out(clones: list[Path], seed: int) -> None:
    """Leave out what says the same, shuffle the rest, and give each clone its part.

    The others' part counts as skipped there.
    """
    with closing(sqlite3.connect(clones[0] / SESSION)) as session, session:
        jobs = session.execute(
            "SELECT job_id, module_path, start_pos_row FROM mutation_specs WHERE job_id NOT IN"
            " (SELECT job_id FROM work_results) ORDER BY 1"
        ).fetchall()
        text = {
            path: (clones[0] / path).read_text(encoding="utf-8").splitlines()
            for path in {path for _, path, _ in jobs}
        }
        same = [job for job, path, row in jobs if SAME.search(text[path][row - 1])]
        _skip(session, same)
        shuffled = [
            job
            for job, path, row in sorted(jobs, key=lambda j: (j[1], j[2]))
            if job not in set(same)
        ]
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    for clone in clones[1:]:
        shutil.copy(clones[0] / SESSION, clone / SESSION)
    for n, clone in enumerate(clones):
        with closing(sqlite3.connect(clone / SESSION)) as session, session:
            _skip(session, [job for m, job in enumerate(shuffled) if m % len(clones) != n])


def _skip(session: sqlite3.Connection, jobs: list[str]) -> None:
    session.executemany(
        "INSERT INTO work_results (job_id, worker_outcome) VALUES (?, 'SKIPPED')",
        [(job,) for job in jobs],
    )


def _score(clones: list[Path], seed: int) -> Score:
    outcomes: Counter[str] = Counter()
    survivors: list[Survivor] = []
    left = 0
    for clone in clones:
        with closing(sqlite3.connect(f"file:{clone / SESSION}?mode=ro", uri=True)) as session:
            left += session.execute(
                "SELECT count(*) FROM mutation_specs WHERE job_id NOT IN (SELECT job_id FROM"
                " work_results)"
            ).fetchone()[0]
            rows = session.execute(
                "SELECT module_path, start_pos_row, test_outcome, diff FROM mutation_specs JOIN"
                " work_results USING (job_id) WHERE worker_outcome != 'SKIPPED'"
            ).fetchall()
        outcomes.update(outcome for _, _, outcome, _ in rows)
        survivors += [
            Survivor(path, row, _change(diff))
            for path, row, outcome, diff in rows
            if outcome == "SURVIVED"
        ]
    commit = _git("rev-parse", "HEAD")
    tried = sum(outcomes.values())
    return Score(
        commit,
        seed,
        tried,
        tried - outcomes["SURVIVED"],
        left,
        tuple(sorted(survivors, key=lambda s: (s.file, s.line, s.change))),
    )


def _change(diff: str) -> str:
    return " => ".join(
        line[1:].strip()
        for line in diff.splitlines()
        if line[:1] in "+-" and not line.startswith(("+++", "---"))
    )


def _report(score: Score) -> None:
    FIGURES.write_text(
        json.dumps(asdict(score), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    sys.stdout.write("\n" + "".join(f"{line}\n" for line in _lines(score)))


def _lines(score: Score) -> Iterator[str]:
    for mutant in score.survivors:
        yield f"{mutant.file.removeprefix('services/')}:{mutant.line}  {mutant.change}"
    percent = 100 * score.killed / score.tried if score.tried else 0
    yield (
        f"{score.killed} of {score.tried} changes noticed ({percent:.1f} %), {score.left} not"
        f" tried; seed {score.seed}, {score.commit[:10]}"
    )


if __name__ == "__main__":
    main()
