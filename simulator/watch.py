"""Watches what risk reports.

It folds `risk-transitions.v1` into where every household stands, as any reader of the topic could.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date

from confluent_kafka import Consumer, TopicPartition

from foothold_schemas.messages.transitions import DayDone, Judgement, Status, Transition
from foothold_schemas.wire.codec import decode_output
from foothold_schemas.wire.topics import RISK_TRANSITIONS
from simulator.patience import Patience


class StoodStill(Exception):  # noqa: N818 - what happened
    """Nothing has moved for too long; the message says what was still missing."""


class Watch:
    """The latest transition of each household, and the days each partition is done with."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self.latest: dict[str, Transition] = {}
        self.days: dict[int, date] = {}
        self.transitions = 0
        self.outputs = 0
        self._partitions = partitions
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "foothold-demo-watch",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [TopicPartition(RISK_TRANSITIONS.name, n, 0) for n in range(partitions)]
        )

    def close(self) -> None:
        """Let go of the topic."""
        self._consumer.close()

    def until(
        self,
        is_done: Callable[["Watch"], bool],
        what: str,
        on_read: Callable[["Watch"], None] = lambda _w: None,
        patience: Patience | None = None,
    ) -> None:
        """Read on until it holds, as long as something moves; raise StoodStill."""
        patience = patience or Patience()
        while not is_done(self):
            if not patience.lasts(self.outputs):
                raise StoodStill(f"nothing has moved for {patience.idle_seconds:.0f} s: {what}")
            for message in self._consumer.consume(500, timeout=0.1):
                if message.error() is None:
                    self._note(decode_output(message.value()))
            on_read(self)

    def _note(self, output: Transition | DayDone | Judgement) -> None:
        self.outputs += 1
        if isinstance(output, DayDone):
            self.days[output.partition] = output.day
        elif isinstance(output, Transition):
            self.transitions += 1
            self.latest[output.household_id] = output

    def has_done(self, day: date) -> bool:
        """Whether every partition has worked the day through."""
        return len(self.days) == self._partitions and all(
            done >= day for done in self.days.values()
        )

    def findings(self) -> dict[str, int]:
        """Households by finding."""
        return dict(
            sorted(Counter(f.rule.value for t in self.latest.values() for f in t.findings).items())
        )

    def groups(self) -> dict[str, int]:
        """Households by group."""
        return dict(
            sorted(
                Counter(t.group.value for t in self.latest.values() if t.group is not None).items()
            )
        )

    def watched(self) -> int:
        """Households watched without a group, with a lead or without."""
        return sum(t.status is Status.WATCH for t in self.latest.values())

    def with_case(self) -> int:
        """Households that should have an open case."""
        return sum(t.is_lead for t in self.latest.values())
