"""The catalogue of alerts' metrics.

Labels come from closed lists only; never a household, a case or a person.

Counters stand at zero from the beginning: of one that appears with its first event, Prometheus
never sees that event.
"""

from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from foothold_alerts.rules.notices import TargetKind
from foothold_alerts.rules.respond import Action
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.wire.quarantine import RefusalReason

TAKEN: Final = (*Action, "late")
DONE: Final = (
    "step",
    "relief",
    "reviewed",
    "visit",
    "acknowledge",
    "exempt",
    "pause",
    "resume",
    "dispute",
    "measure",
    "contact",
    "log_in",
    "take",
    "acknowledge_region",
)
OUTCOMES: Final = ("done", "refused", "stale", "throttled")
PARTS: Final = ("cases", "mirror", "jobs", "sweep", "tally", "pulse")
"""What turns on its own in one process."""
DELIVERED: Final = ("sent", "failed", "rate_limited", "gone")


class Metrics:
    """One registry a process; tests make their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._from_the_log(registry)
        self._waiting(registry)
        self._people(registry)
        self._turns(registry)

    def _from_the_log(self, registry: CollectorRegistry) -> None:
        """What comes from the log, and what became of it."""
        self.transitions = Counter(
            "foothold_alerts_transitions_total",
            "Transitions taken, by movement and what they did.",
            ["movement", "action"],
            registry=registry,
        )
        for movement, action in product(Movement, TAKEN):
            self.transitions.labels(movement.value, action)
        self.quarantined = Counter(
            "foothold_alerts_quarantined_total",
            "Records set aside, by reason.",
            ["reason"],
            registry=registry,
        )
        for reason in RefusalReason:
            self.quarantined.labels(reason.value)
        self.lag = Gauge(
            "foothold_alerts_lag_records",
            "Transitions not yet taken, by partition.",
            ["partition"],
            registry=registry,
        )
        self.case_seconds = Histogram(
            "foothold_alerts_accepted_to_case_seconds",
            "From the acceptance of the fact to the case standing in the database.",
            buckets=(0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300),
            registry=registry,
        )
        self.mirrored = Counter(
            "foothold_alerts_mirrored_total",
            "Views and directory entries taken.",
            registry=registry,
        )
        self.stopped = Gauge(
            "foothold_alerts_stopped_readers",
            "Partitions this worker stopped reading because too many bad records came in a"
            " row or the program is at fault, by group.",
            ["group"],
            registry=registry,
        )

    def _waiting(self, registry: CollectorRegistry) -> None:
        """What stands and waits now."""
        self.open_cases = Gauge(
            "foothold_alerts_open_cases", "Open cases, by stage.", ["stage"], registry=registry
        )
        self.relief = Gauge(
            "foothold_alerts_relief_proposed",
            "Relief proposed and not yet paid, by kind.",
            ["kind"],
            registry=registry,
        )
        self.relief_overdue = Gauge(
            "foothold_alerts_relief_overdue",
            "Relief proposed, not paid and past its deadline, by kind.",
            ["kind"],
            registry=registry,
        )
        self.overdue = Gauge(
            "foothold_alerts_deadlines_overdue",
            "Deadlines that have passed with nothing done, by kind.",
            ["kind"],
            registry=registry,
        )
        self.provisional = Gauge(
            "foothold_alerts_deadlines_provisional",
            "Deadlines counted by weekends alone, because the year's calendar is not known.",
            registry=registry,
        )
        self.unsent = Gauge(
            "foothold_alerts_unsent",
            "What people said and risk has not heard yet.",
            registry=registry,
        )

    def _people(self, registry: CollectorRegistry) -> None:
        """What people did, and what they were sent."""
        self.actions = Counter(
            "foothold_alerts_actions_total",
            "What caseworkers did, by action and outcome.",
            ["action", "outcome"],
            registry=registry,
        )
        for action, outcome in product(DONE, OUTCOMES):
            self.actions.labels(action, outcome)
        self.notices = Counter(
            "foothold_alerts_notices_total",
            "Digests to people, by kind of target and outcome.",
            ["kind", "outcome"],
            registry=registry,
        )
        for kind, outcome in product(TargetKind, DELIVERED):
            self.notices.labels(kind.value, outcome)

    def _turns(self, registry: CollectorRegistry) -> None:
        """What turns on its own in this process."""
        self.jobs_set_aside = Gauge(
            "foothold_alerts_jobs_set_aside",
            "Jobs that failed three times and wait for somebody.",
            registry=registry,
        )
        self.progress = Gauge(
            "foothold_alerts_progress_timestamp_seconds",
            "When a part of this process last had a turn that went well, also an idle one.",
            ["part"],
            registry=registry,
        )
        self.failed_turns = Counter(
            "foothold_alerts_failed_turns_total",
            "Turns of a part that raised, by part.",
            ["part"],
            registry=registry,
        )
        for part in PARTS:
            self.failed_turns.labels(part)
