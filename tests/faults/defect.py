"""Runs a service with a planted defect: `python -m tests.faults.defect serve`, or `regions`.

DEFECT_PLAN is a JSON file, read anew each time, so that a running service can be given another defect:
  service     risk, regions or alerts: what is run
  facts       risk: ids of facts at which folding raises
  households  risk: ids of households whose judging raises
  kills       risk: id of a fact → how often the process is still killed while it folds it
  signals     regions: households at whose signals the fold raises
  transitions alerts: ids of transitions that cannot be taken
  views       alerts: households whose views cannot be kept
"""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLAN = Path(os.environ["DEFECT_PLAN"])


def plan() -> dict[str, Any]:
    """What goes wrong at this moment."""
    read: dict[str, Any] = json.loads(PLAN.read_text(encoding="utf-8"))
    return read


def bend(module: Any, name: str, is_hit: Callable[..., bool]) -> None:  # noqa: ANN401 - a module or a class
    """From now on the function raises for what is hit."""
    real = getattr(module, name)

    def bent(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - stands for any function
        if is_hit(*arguments):
            raise OverflowError("planted: date value out of range")
        return real(*arguments, **named)

    setattr(module, name, bent)


def is_folded_badly(_household: object, record: Any, *_: object) -> bool:  # noqa: ANN401 - a FactRecord
    """Whether the fact is one of those; one that kills does so before."""
    told = plan()
    left = told.get("kills", {}).get(record.fact_id, 0)
    if left:
        told["kills"][record.fact_id] = left - 1
        PLAN.write_text(json.dumps(told), encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return record.fact_id in told.get("facts", ())


def main() -> None:
    """Bend what is asked for, then serve as the service does."""
    if plan()["service"] == "risk":
        import foothold_risk.__main__  # noqa: PLC0415 - one service a process
        import foothold_risk.decide  # noqa: PLC0415 - as above

        bend(foothold_risk.decide, "fold", is_folded_badly)
        bend(foothold_risk.decide, "judge", lambda household_id, *_: household_id in plan().get("households", ()))
        foothold_risk.__main__.main()


if __name__ == "__main__":
    main()
