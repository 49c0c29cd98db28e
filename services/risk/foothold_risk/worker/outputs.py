"""What one transaction of a partition writes beside the state.

It writes transitions, views, days, signals for the windows, and what was set aside.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from foothold_risk.messages.area_signal import area_partition, by_partition, county_of, signal_of
from foothold_risk.messages.judge import Verdict
from foothold_schemas.messages.areas import AreaDay, AreaSignal
from foothold_schemas.messages.transitions import DayDone, ExitReason, Judgement, Transition
from foothold_schemas.wire.codec import encode
from foothold_schemas.wire.quarantine import Quarantined
from foothold_schemas.wire.topics import AREA_SIGNALS, HOUSEHOLD_VIEWS, QUARANTINE, RISK_TRANSITIONS
from foothold_schemas.wire.tracing import Headers, to_headers

Line = dict[str, object]
DAY_KEY = b"~day"


class Written(NamedTuple):
    """A record to write; without a partition, the key decides."""

    topic: str
    partition: int | None
    key: bytes
    value: bytes | None
    headers: Headers = []  # noqa: RUF012 - a tuple's default, never changed


class Savepoint(NamedTuple):
    """How much stood in the lists."""

    transitions: int
    signals: int


@dataclass(slots=True)
class Outputs:
    """Of partition `own` among `partitions`; and the lines to log once it is committed."""

    own: int
    partitions: int
    transitions: list[Transition] = field(default_factory=list)
    traces: dict[str, str] = field(default_factory=dict)
    views: dict[bytes, bytes | None] = field(default_factory=dict)
    days: list[tuple[DayDone, str | None]] = field(default_factory=list)
    signals: list[AreaSignal] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def add(self, key: bytes, judged: Verdict, trace: str, ends: ExitReason | None = None) -> None:
        """What was said of one household.

        A view of nothing is a removal. `trace`, `ends`: of what made risk look; whether that took
        grounds away.
        """
        # first what may raise
        signals = [
            signal_of(self.own, transition, ends, judged.household.since)
            for transition in judged.transitions
        ]
        self.signals += filter(None, signals)
        self.transitions += judged.transitions
        self.traces.update((transition.transition_id, trace) for transition in judged.transitions)
        if judged.view is not None:
            self.views[key] = judged.view or None

    def savepoint(self) -> "Savepoint":
        """How far it is filled, so that what half a household led to can be taken back."""
        return Savepoint(len(self.transitions), len(self.signals))

    def restore(self, point: "Savepoint", key: bytes) -> None:
        """As it was at the savepoint.

        `key`: the household tried since, which had not been touched before.
        """
        del self.transitions[point.transitions :]
        del self.signals[point.signals :]
        self.views.pop(key, None)

    def messages(self) -> Iterable[Written]:
        """All of it, in an order that is the same for the same input."""
        for transition in self.transitions:
            headers = to_headers(self.traces[transition.transition_id])
            yield Written(
                RISK_TRANSITIONS.name,
                self.own,
                transition.household_id.encode(),
                encode(transition),
                headers,
            )
        for key, view in self.views.items():
            yield Written(HOUSEHOLD_VIEWS.name, self.own, key, view)
        for signal in self.signals:
            county = county_of(signal.village)
            yield Written(
                AREA_SIGNALS.name,
                area_partition(county, self.partitions),
                county.encode(),
                encode(signal),
            )
        for judgement in self.judgements:
            yield Written(
                RISK_TRANSITIONS.name, self.own, judgement.household_id.encode(), encode(judgement)
            )
        for done, bundle in self.days:
            yield Written(RISK_TRANSITIONS.name, self.own, DAY_KEY, encode(done))
            for partition, registered in by_partition(self.partitions, done.registered).items():
                day = AreaDay(
                    source=self.own,
                    day=done.day,
                    learned_at=done.learned_at,
                    bundle=bundle,
                    registered=registered,
                )
                yield Written(AREA_SIGNALS.name, partition, DAY_KEY, encode(day))
        for quarantined in self.quarantined:
            yield Written(
                QUARANTINE.name, None, quarantined.source_id.encode(), encode(quarantined)
            )
