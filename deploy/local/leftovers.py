"""Processes of ours that outlived a killed run.

They are known by number *and* birth time, so nobody else's process is ever ended.
"""

import json
from pathlib import Path

import psutil

SAME_BIRTH_SECONDS = 0.01


def remember(path: Path, pids: dict[str, int]) -> None:
    """Write down who runs: name → pid and birth time."""
    born = {}
    for name, pid in pids.items():
        try:
            born[name] = {"pid": pid, "born": psutil.Process(pid).create_time()}
        except psutil.NoSuchProcess:
            continue
    path.write_text(json.dumps(born))


def end_leftovers(path: Path) -> list[str]:
    """End what an earlier run left behind; return the names.

    Services first, then the parts they hang on.
    """
    if not path.is_file():
        return []
    ended = []
    for name, process in json.loads(path.read_text()).items():
        try:
            leftover = psutil.Process(process["pid"])
            if abs(leftover.create_time() - process["born"]) > SAME_BIRTH_SECONDS:
                continue
            leftover.terminate()
            try:
                leftover.wait(10)
            except psutil.TimeoutExpired:
                leftover.kill()
                leftover.wait(10)
            ended.append(name)
        except psutil.NoSuchProcess:
            continue
    path.unlink()
    return ended
