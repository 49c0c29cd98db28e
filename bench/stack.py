"""What every measurement begins and ends with.

It begins with a Foothold of its own, and ends with its figures in a file and on the screen.
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # platformdirs warns where no XDG_RUNTIME_DIR is set
    from deploy.local.stack import Ports, Stack

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@contextmanager
def running(folder: Path, policy: Path | None = None) -> Iterator[Stack]:
    """A running Foothold in the folder; without a policy of its own it has the shipped ones."""
    with Stack(
        folder,
        Ports.free(),
        day_clock="manual",
        policy_folder=policy,
        say=lambda _n, text: print(text),
    ) as stack:
        yield stack


def wiped(folder: Path) -> Path:
    """The folder, without what an earlier run left."""
    if folder.is_dir():
        Stack.wipe(folder)
    return folder


def tell(figures: "DataclassInstance", file: Path) -> None:
    """Into the file, and onto the screen."""
    text = json.dumps(asdict(figures), indent=2)
    file.write_text(text + "\n")
    print(text)
