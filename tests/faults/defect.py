"""Runs a service with a planted defect: `python -m tests.faults.defect serve`, or `regions`.

DEFECT_SERVICE is risk, regions or alerts: what is run. DEFECT_PLAN is a JSON file, read anew each
time, so that a running service can be given another defect: facts       risk: ids of facts at which
folding raises households  risk: ids of households whose judging raises kills       risk: id of a
fact → how often the process is still killed while it folds it signals     regions: households at
whose signals the fold raises transitions alerts: households whose transitions cannot be taken views
alerts: households whose views cannot be kept
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
    planned = plan()
    left = planned.get("kills", {}).get(record.fact_id, 0)
    if left:
        planned["kills"][record.fact_id] = left - 1
        PLAN.write_text(json.dumps(planned), encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return record.fact_id in planned.get("facts", ())


def is_counted_badly(_windows: object, record: Any) -> bool:  # noqa: ANN401 - a signal or a day
    """Whether the signal is of one of those households."""
    return getattr(record, "household_id", None) in plan().get("signals", ())


def is_taken_badly(_cases: object, outputs: Any, *_: object) -> bool:  # noqa: ANN401 - transitions and days
    """Whether one of those households moved."""
    return any(
        getattr(output, "household_id", None) in plan().get("transitions", ()) for output in outputs
    )


def is_kept_badly(_mirror: object, shown: Any, *_: object) -> bool:  # noqa: ANN401 - views
    """Whether one of those households is shown."""
    return any(view.household_id in plan().get("views", ()) for view in shown)


def main() -> None:
    """Bend what is asked for, then serve as the service does."""
    if os.environ["DEFECT_SERVICE"] == "alerts":
        import foothold_alerts.__main__  # noqa: PLC0415 - one service a process
        from foothold_alerts.cases.mirror import Mirror  # noqa: PLC0415 - as above
        from foothold_alerts.cases.transitions import Cases  # noqa: PLC0415 - as above

        bend(Cases, "take", is_taken_badly)
        bend(Mirror, "keep", is_kept_badly)
        foothold_alerts.__main__.main()
        return
    import foothold_risk.__main__  # noqa: PLC0415 - as above
    import foothold_risk.worker.decide  # noqa: PLC0415 - as above
    from foothold_risk.rules.areas.windows import Windows  # noqa: PLC0415 - as above

    bend(foothold_risk.worker.decide, "fold", is_folded_badly)
    bend(
        foothold_risk.worker.decide,
        "judge",
        lambda subject, *_: subject.household_id in plan().get("households", ()),
    )
    bend(Windows, "take", is_counted_badly)
    foothold_risk.__main__.main()


if __name__ == "__main__":
    main()
