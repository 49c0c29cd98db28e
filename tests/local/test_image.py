"""Runs the image's steps in a clean root.

Its hashed packages and its files, and nothing else, are enough for every command compose gives it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.support.running.parts import ROOT

DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").splitlines()
SERVICES: Final = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
EVERYTHING: Final = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for submodule in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        if not submodule.name.endswith("__main__") and ".migrations" not in submodule.name:
            importlib.import_module(submodule.name)
print("all there")
"""


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """In the root, as the image runs it: its own Python, its own path, no variable of ours."""
    python, app = root / "opt/foothold/bin/python", root / "app"
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "PYTHONPATH": str(app),
        "HOME": str(root),
    }
    return subprocess.run(
        [str(python), *words],
        cwd=app,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def built(root: Path, service: str) -> None:
    """The packages by their hashes, then each COPY of the context."""
    lines = [line.replace("${SERVICE}", service) for line in DOCKERFILE]
    (install,) = [line for line in lines if line.startswith("RUN python -m venv")]
    assert "--require-hashes -r /requirements.txt" in install
    uv = [str(Path(sys.executable).parent / "uv"), "--quiet"]
    subprocess.run(
        [*uv, "venv", "--python", sys.executable, str(root / "opt/foothold")],
        check=True,
        timeout=60,
    )
    requirements = ROOT / "requirements" / f"{service}.txt"
    subprocess.run(
        [
            *uv,
            "pip",
            "install",
            "--python",
            str(root / "opt/foothold/bin/python"),
            "--require-hashes",
            "-r",
            str(requirements),
        ],
        check=True,
        timeout=240,
    )
    for line in (
        line
        for line in lines
        if line.startswith("COPY") and "--from" not in line and "requirements" not in line
    ):
        *sources, target = line.split()[1:]
        for source in sources:
            place = root / target.lstrip("/") / (Path(source).name if target.endswith("/") else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)


@pytest.mark.timeout(420)
@pytest.mark.parametrize("service", ["ingest", "risk", "alerts"])
def test_an_image_has_all_it_needs_and_says_what_it_was_not_given(
    tmp_path: Path, service: str
) -> None:
    built(tmp_path, service)
    commands = [
        s["command"]
        for s in SERVICES.values()
        if s.get("build", {}).get("args", {}).get("SERVICE") == service
    ]
    modules = sorted(
        {f"foothold_{service}", "foothold_schemas", *(command[0] for command in commands)}
    )

    assert run(tmp_path, "-c", EVERYTHING, *modules).stdout.strip() == "all there", run(
        tmp_path, "-c", EVERYTHING, *modules
    ).stderr[-800:]
    for command in commands:
        done = run(tmp_path, "-m", *command)
        assert done.returncode not in (0, None)
        assert "FOOTHOLD_" in done.stderr + done.stdout, done.stderr[-800:]
        assert "Traceback" not in done.stderr, done.stderr[-800:]
    assert os.path.lexists(tmp_path / "app" / f"foothold_{service}")
    assert not list((tmp_path / "app").glob("tests"))
