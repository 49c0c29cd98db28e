"""Runs an ingest with defects nobody has thought of: `python -m tests.faults.ingest_defect serve`.

DEFECT_DEATHS  a file that holds how many deaths are left: at a record with KILLS the process is
killed (-9) as often A record with RAISES makes each reader's decide step raise, every time, and an
event with it the rule of every door; the exception repeats what was sent.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import foothold_ingest.__main__
import foothold_ingest.doors.caseworkers
import foothold_ingest.doors.kafka
import foothold_ingest.doors.views
import foothold_ingest.intake.intake
import foothold_ingest.quarantine.keeper
from foothold_ingest.rules.accept import accept

RAISES = "raises-in-the-decide-step"
KILLS = "kills-the-process"
STEPS = (
    (foothold_ingest.doors.kafka, "from_kafka"),
    (foothold_ingest.doors.caseworkers, "decode_said"),
    (foothold_ingest.quarantine.keeper, "decode_quarantined"),
    (foothold_ingest.doors.views, "decode_view"),
)
"""Where each reader begins to decide on a record's bytes, the last argument."""


class DefectError(Exception):
    """A defect of the program."""


def main() -> None:
    """Plant the defects, then serve as ingest does."""
    for module, name in STEPS:
        setattr(module, name, _broken(getattr(module, name)))
    foothold_ingest.intake.intake.__dict__["accept"] = _refusing(accept)
    foothold_ingest.__main__.main()


def _broken(step: Callable[..., Any]) -> Callable[..., Any]:
    def broken(*arguments: Any) -> Any:  # noqa: ANN401 - stands for any of the steps
        value = arguments[-1] or b""
        if RAISES.encode() in value:
            raise DefectError(value)
        if (
            KILLS.encode() in value
            and (deaths := Path(os.environ["DEFECT_DEATHS"])).exists()
            and (left := int(deaths.read_text()))
        ):
            deaths.write_text(str(left - 1))
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments)

    return broken


def _refusing(rule: Callable[..., Any]) -> Callable[..., Any]:
    def broken(event: Any, *rest: Any) -> Any:  # noqa: ANN401 - stands for the rule
        if RAISES in str(event):
            raise DefectError(event)
        return rule(event, *rest)

    return broken


if __name__ == "__main__":
    main()
