"""The catalogue of risk's metrics. Labels come from closed lists only; never a household.

Counters stand at zero from the beginning: of one that appears with its first event, Prometheus
never sees that event.
"""

from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from foothold_schemas.facts.facts import BroadcastFact, HouseholdFact
from foothold_schemas.messages.areas import Direction, WarningLevel
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.values import Group
from foothold_schemas.wire.quarantine import RefusalReason

NO_GROUP: Final = "none"
NO_LEVEL: Final = "none"
KINDS: Final = tuple(
    kind.model_fields["kind"].default for kind in (*HouseholdFact.__args__, *BroadcastFact.__args__)
)


class Metrics:
    """One registry a process; tests make their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._declare_outcomes(registry)
        self._declare_partitions(registry)
        self._declare_work(registry)

    def _declare_outcomes(self, registry: CollectorRegistry) -> None:
        """What became of facts; every label there may be begins at nothing."""
        self.facts = Counter(
            "foothold_risk_facts_total",
            "Facts judged, by kind and outcome.",
            ["kind", "outcome"],
            registry=registry,
        )
        self.transitions = Counter(
            "foothold_risk_transitions_total",
            "Transitions, by movement and group.",
            ["movement", "group"],
            registry=registry,
        )
        self.quarantined = Counter(
            "foothold_risk_quarantined_total",
            "Records set aside, by reason.",
            ["reason"],
            registry=registry,
        )
        for kind in KINDS:
            self.facts.labels(kind, "applied")
        for movement, group in product(Movement, (*(g.value for g in Group), NO_GROUP)):
            self.transitions.labels(movement.value, group)
        for reason in RefusalReason:
            self.quarantined.labels(reason.value)

    def _declare_partitions(self, registry: CollectorRegistry) -> None:
        """How each partition stands."""
        self.lag = Gauge(
            "foothold_risk_lag_records",
            "Records of the log not yet judged, by partition.",
            ["partition"],
            registry=registry,
        )
        self.households = Gauge(
            "foothold_risk_registered_households",
            "Registered households, by partition.",
            ["partition"],
            registry=registry,
        )
        self.open_day = Gauge(
            "foothold_risk_open_day_timestamp_seconds",
            "Midnight (Asia/Shanghai) of the open day, by partition.",
            ["partition"],
            registry=registry,
        )
        self.stale_feeds = Gauge(
            "foothold_risk_stale_feed",
            "1 while a feed is silent for longer than policy expects, by county.",
            ["agency", "feed", "area"],
            registry=registry,
        )

    def _declare_work(self, registry: CollectorRegistry) -> None:
        """How long work takes, and where it does not get on."""
        self.batch_seconds = Histogram(
            "foothold_risk_batch_seconds",
            "One transaction: judging a batch and committing it.",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
            registry=registry,
        )
        self.restore_seconds = Histogram(
            "foothold_risk_restore_seconds",
            "Restoring a partition on assignment.",
            buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60),
            registry=registry,
        )
        self.stopped = Gauge(
            "foothold_risk_stopped_readers",
            "1 where reading stopped because too many bad records came in a row or the program is"
            " at fault, by partition.",
            ["partition"],
            registry=registry,
        )
        self.not_judged = Gauge(
            "foothold_risk_households_not_judged",
            "Households not judged because judging them raised, by partition.",
            ["partition"],
            registry=registry,
        )
        self.folding = Gauge(
            "foothold_risk_folding_records",
            "Records of the log still to be folded anew under other rules, by partition; not ready"
            " before.",
            ["partition"],
            registry=registry,
        )
        self.progress = Gauge(
            "foothold_risk_progress_timestamp_seconds",
            "When the partition was last done with something, or had nothing to do.",
            ["partition"],
            registry=registry,
        )

    def forget(self, partition: int) -> None:
        """Forget what was reported of a partition that is no longer this worker's.

        Its new owner reports it now, and twice would be wrong.
        """
        for gauge in (
            self.lag,
            self.households,
            self.open_day,
            self.stopped,
            self.not_judged,
            self.progress,
        ):
            gauge.remove(str(partition))


class RegionMetrics:
    """The catalogue of the region windows' process. Places come as counties, never smaller."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.warnings = Counter(
            "foothold_regions_warnings_total",
            "Changes of a level, by county, new level and direction.",
            ["county", "level", "direction"],
            registry=registry,
        )
        self.quarantined = Counter(
            "foothold_regions_quarantined_total",
            "Signals set aside, by reason.",
            ["reason"],
            registry=registry,
        )
        for reason in RefusalReason:
            self.quarantined.labels(reason.value)
        self.day = Gauge(
            "foothold_regions_day_timestamp_seconds",
            "Midnight (Asia/Shanghai) of the day the windows stand at, by partition.",
            ["partition"],
            registry=registry,
        )
        self.waits_for = Gauge(
            "foothold_regions_waits_for",
            "1 for a partition of risk that has not opened the day others have, by partition.",
            ["partition"],
            registry=registry,
        )

        self.stopped = Gauge(
            "foothold_regions_stopped_readers",
            "1 where the windows stopped because the program is at fault, by partition.",
            ["partition"],
            registry=registry,
        )
        self.progress = Gauge(
            "foothold_regions_progress_timestamp_seconds",
            "When the windows were last done with something, or had nothing to do.",
            registry=registry,
        )

    def expect_warnings(self, county: str) -> None:
        """A county is watched from now on."""
        for level, direction in product(
            (*(value.value for value in WarningLevel), NO_LEVEL), (Direction.UP, Direction.DOWN)
        ):
            self.warnings.labels(county, level, direction.value)
