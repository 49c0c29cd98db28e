"""The catalogue of ingest's metrics. Labels come from closed lists only.

Counters stand at zero from the beginning: of one that appears with its first event, Prometheus
never sees that event.
"""

from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from foothold_schemas.facts.sent import AGENCY_KINDS, OPERATOR_KINDS
from foothold_schemas.wire.quarantine import RefusalReason

DOORS: Final = ("http", "kafka", "file", "console")
READERS: Final = ("agencies", "desk", "views", "quarantine")
"""Who reads Kafka."""
JOBS: Final = (
    "kafka",
    "desk",
    "views",
    "quarantine",
    "releaser",
    "questions",
    "statement_questions",
    "tickets",
    "files",
    "arrivals",
    "days",
    "watch",
)
"""What works by itself, turn after turn."""
GIVEN_UP: Final = ("releaser", "questions", "statement_questions", "tickets", "files")
"""Whose items are set aside after three attempts."""
STATUSES: Final = (200, 202, 207, 400, 401, 403, 409, 413, 415, 422, 500, 503)


class Metrics:
    """One registry a process; tests make their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._events(registry)
        self._waiting(registry)
        self._readers(registry)
        self._jobs(registry)
        self._agencies(registry)

    def _events(self, registry: CollectorRegistry) -> None:
        self.facts = Counter(
            "foothold_ingest_facts_total",
            "Events judged, by kind, outcome (accepted, held or the reason of refusal) and door.",
            ["kind", "outcome", "door"],
            registry=registry,
        )
        self.requests = Counter(
            "foothold_ingest_requests_total",
            "Requests answered, by status.",
            ["status"],
            registry=registry,
        )
        for kind, door in product((*AGENCY_KINDS, *OPERATOR_KINDS), DOORS):
            self.facts.labels(kind, "accepted", door)
            self.facts.labels(kind, RefusalReason.UNPROCESSABLE.value, door)
        for reason, door in product(RefusalReason, DOORS):
            self.facts.labels("unknown", reason.value, door)
        for status in STATUSES:
            self.requests.labels(str(status))
        self.send_seconds = Histogram(
            "foothold_ingest_send_seconds",
            "From the first byte given to Kafka to the last acknowledgement of a request.",
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
            registry=registry,
        )
        self.in_flight = Gauge(
            "foothold_ingest_in_flight_events",
            "Events waiting for Kafka's acknowledgement.",
            registry=registry,
        )
        self.open_day = Gauge(
            "foothold_ingest_open_day_timestamp_seconds",
            "Midnight (Asia/Shanghai) of the day opened last.",
            registry=registry,
        )

    def _waiting(self, registry: CollectorRegistry) -> None:
        self.quarantined = Counter(
            "foothold_ingest_quarantined_total",
            "Records taken into quarantine, by reason.",
            ["reason"],
            registry=registry,
        )
        for reason in RefusalReason:
            self.quarantined.labels(reason.value)
        self.waiting = Gauge(
            "foothold_ingest_quarantine_waiting_records",
            "Records in quarantine nobody has retried.",
            registry=registry,
        )
        self.waiting_unprocessable = Gauge(
            "foothold_ingest_quarantine_unprocessable_records",
            "Records in quarantine at which a program failed twice.",
            registry=registry,
        )
        self.held = Gauge(
            "foothold_ingest_held_events",
            "Events that wait until the register names their person.",
            registry=registry,
        )
        self.tickets = Gauge(
            "foothold_ingest_members_in_doubt",
            "Tickets of people who stand in two households at once, still open.",
            registry=registry,
        )
        self.disputes = Gauge(
            "foothold_ingest_disputes_waiting",
            "Caseworkers' doubts that wait for an agency's answer.",
            registry=registry,
        )
        self.questions = Gauge(
            "foothold_ingest_questions_waiting",
            "Pairs of statements about which an agency is asked and has not answered.",
            registry=registry,
        )

    def _readers(self, registry: CollectorRegistry) -> None:
        self.door_topics = Gauge(
            "foothold_ingest_agency_topics",
            "Partitions of agencies' topics this replica reads.",
            registry=registry,
        )
        self.stopped = Gauge(
            "foothold_ingest_stopped_readers",
            "Partitions this replica reads no further because its own program is at fault, or"
            " too many bad records came in a row.",
            ["reader"],
            registry=registry,
        )
        self.unprocessable = Counter(
            "foothold_ingest_unprocessable_total",
            "Records set aside because the program failed at them twice.",
            ["reader"],
            registry=registry,
        )
        for reader in READERS:
            self.stopped.labels(reader)
            self.unprocessable.labels(reader)

    def _jobs(self, registry: CollectorRegistry) -> None:
        self.progress = Gauge(
            "foothold_ingest_progress_timestamp_seconds",
            "When a part last finished a turn, idle or not.",
            ["part"],
            registry=registry,
        )
        self.job_failures = Counter(
            "foothold_ingest_job_failures_total",
            "Turns of a part in which something raised.",
            ["part"],
            registry=registry,
        )
        self.given_up = Counter(
            "foothold_ingest_given_up_total",
            "Files, events, doubts, questions and tickets set aside after three failed attempts.",
            ["part"],
            registry=registry,
        )
        for part in JOBS:
            self.job_failures.labels(part)
        for part in GIVEN_UP:
            self.given_up.labels(part)

    def _agencies(self, registry: CollectorRegistry) -> None:
        """By agency; the series appear as the watch finds the topics."""
        self.paused = Gauge(
            "foothold_ingest_agency_paused",
            "1: the agency's topic is read no further until a person resumes it.",
            ["agency"],
            registry=registry,
        )
        self.lost = Gauge(
            "foothold_ingest_lost_records",
            "Records of an agency's topic that nobody had read when Kafka let go of them, in all.",
            ["agency"],
            registry=registry,
        )
        self.unread = Gauge(
            "foothold_ingest_agency_unread_seconds",
            "How long nothing has been read of an agency's topic though something stands there.",
            ["agency"],
            registry=registry,
        )
        self.lag = Gauge(
            "foothold_ingest_agency_lag_records",
            "Offsets between what is read of an agency's topic and its true end.",
            ["agency"],
            registry=registry,
        )
        self.hidden = Gauge(
            "foothold_ingest_agency_hidden_seconds",
            "How long a transaction nobody ends has hidden what follows it in an agency's topic.",
            ["agency"],
            registry=registry,
        )
