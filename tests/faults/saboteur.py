"""Runs a risk worker that stops itself (SIGSTOP) at one point of a transaction, once.

The command is `python -m tests.faults.saboteur serve`.

SABOTAGE_AT   begin, send, offsets or end: just before that step; after: the transaction is
committed, memory not yet changed SABOTAGE_FLAG a file; the worker stops itself only while it
exists, and removes it just before SABOTAGE_ID   process: one transactional id per process instead
of per partition. A mutant: it must be caught
"""

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

import foothold_risk.__main__
import foothold_risk.worker.restore

STEPS = {
    "begin": "begin_transaction",
    "send": "send",
    "offsets": "send_offsets_to_transaction",
    "end": "commit_transaction",
    "after": "commit_transaction",
}


def stop_once(flag: Path) -> None:
    """Freeze this process if it is asked for."""
    if flag.exists():
        flag.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)


def main() -> None:
    """Bend the producer, then serve as risk does."""
    at, flag = os.environ["SABOTAGE_AT"], Path(os.environ["SABOTAGE_FLAG"])
    step = STEPS[at]
    real: Callable[..., Awaitable[Any]] = getattr(AIOKafkaProducer, step)

    async def bent(self: AIOKafkaProducer, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - stands for any of the steps
        if at != "after":
            stop_once(flag)
        done = await real(self, *arguments, **named)
        if at == "after":
            stop_once(flag)
        return done

    setattr(AIOKafkaProducer, step, bent)
    if os.environ.get("SABOTAGE_ID") == "process":
        foothold_risk.worker.restore.transactional_id = _one_per_process
    foothold_risk.__main__.main()


def _one_per_process(source: TopicPartition) -> str:
    return f"foothold-risk-{os.getpid()}-{source.partition}"


if __name__ == "__main__":
    main()
