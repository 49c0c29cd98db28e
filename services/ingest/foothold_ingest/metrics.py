"""The catalogue of ingest's metrics. Labels come from closed lists only.

Counters stand at zero from the beginning: of one that appears with its first event, Prometheus never sees that event.
"""

from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from foothold_schemas.quarantine import RefusalReason
from foothold_schemas.sent import AGENCY_KINDS, OPERATOR_KINDS

DOORS: Final = ("http", "kafka", "file")
STATUSES: Final = (200, 202, 207, 400, 401, 403, 409, 413, 415, 422, 500, 503)


class Metrics:
    """One registry a process; tests make their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.facts = Counter(
            "foothold_ingest_facts_total",
            "Events judged, by kind, outcome (accepted, held or the reason of refusal) and door.",
            ["kind", "outcome", "door"],
            registry=registry,
        )
        self.requests = Counter("foothold_ingest_requests_total", "Requests answered, by status.", ["status"], registry=registry)
        for kind, door in product((*AGENCY_KINDS, *OPERATOR_KINDS), DOORS):
            self.facts.labels(kind, "accepted", door)
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
        self.in_flight = Gauge("foothold_ingest_in_flight_events", "Events waiting for Kafka's acknowledgement.", registry=registry)
        self.open_day = Gauge("foothold_ingest_open_day_timestamp_seconds", "Midnight (Asia/Shanghai) of the day opened last.", registry=registry)
        self.quarantined = Counter("foothold_ingest_quarantined_total", "Records taken into quarantine, by reason.", ["reason"], registry=registry)
        for reason in RefusalReason:
            self.quarantined.labels(reason.value)
        self.waiting = Gauge("foothold_ingest_quarantine_waiting_records", "Records in quarantine nobody has retried.", registry=registry)
        self.held = Gauge("foothold_ingest_held_events", "Events that wait until the register names their person.", registry=registry)
        self.tickets = Gauge("foothold_ingest_members_in_doubt", "Tickets of people who stand in two households at once, still open.", registry=registry)
        self.disputes = Gauge("foothold_ingest_disputes_waiting", "Caseworkers' doubts that wait for an agency's answer.", registry=registry)
        self.door_topics = Gauge("foothold_ingest_agency_topics", "Partitions of agencies' topics this replica reads.", registry=registry)
        self.stopped = Gauge(
            "foothold_ingest_stopped_readers", "Agencies' topics this replica stopped reading because everything in them was bad.", registry=registry
        )
