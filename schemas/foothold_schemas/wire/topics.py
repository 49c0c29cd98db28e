"""One card per topic: who writes, who reads, how long it is kept.

Topics, compose and tests are derived from these.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EMBEDDED_PARTITIONS: Final = 8
PRODUCTION_PARTITIONS: Final = 48
QUARANTINE_BYTES: Final = 16 * 1024 * 1024
"""Room for a record of several megabytes, sealed: what is too large for the log is kept all the
same."""
AGENCY_BYTES: Final = 1024 * 1024
"""Of a batch as an agency's client sends it, compressed or not; unpacked it may have what
`foothold_runtime.unpacking` says."""
RISK_GROUP: Final = "risk"
"""The consumer group that judges the log: how far it came says what has been taken."""
_DAY_MS: Final = 24 * 60 * 60 * 1000


class Cleanup(StrEnum):
    """Kafka's cleanup.policy."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class TopicCard:
    """What one topic is for.

    `retention_days` None means for ever, `max_bytes` None the broker's own limit for a record.
    """

    name: str
    key: str
    holds: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    cleanup: Cleanup = Cleanup.DELETE
    retention_days: int | None = None
    max_bytes: int | None = None

    @property
    def config(self) -> dict[str, str]:
        """The topic's settings on the broker."""
        retention = -1 if self.retention_days is None else self.retention_days * _DAY_MS
        config = {
            "cleanup.policy": self.cleanup.value,
            "retention.ms": str(retention),
            "message.timestamp.type": "CreateTime",
        }
        if self.cleanup is Cleanup.COMPACT:
            config["min.cleanable.dirty.ratio"] = "0.3"
        if self.max_bytes is not None:
            config["max.message.bytes"] = str(self.max_bytes)
        return config


HOUSEHOLD_FACTS: Final = TopicCard(
    name="household-facts.v1",
    key="household_id; facts for all households stand in every partition",
    holds=(
        "FactRecord: the one ordered log per household, pseudonymous; ingest looks senders and"
        " fates of events up in it"
    ),
    writers=("ingest",),
    readers=("ingest", "risk"),
)
HOUSEHOLD_STATE: Final = TopicCard(
    name="household-state.v1",
    key="household_id, or a control key beginning with ~",
    holds="risk's own packed state, the changelog it restores from",
    writers=("risk",),
    readers=("risk",),
    cleanup=Cleanup.COMPACT,
)
RISK_TRANSITIONS: Final = TopicCard(
    name="risk-transitions.v1",
    key="household_id; DayDone stands in the partition it speaks for",
    holds=(
        "Transition, DayDone and Judgement; ingest writes only what is retried from quarantine,"
        " risk reads when it explains"
    ),
    writers=("ingest", "risk"),
    readers=("alerts", "risk"),
)
QUARANTINE: Final = TopicCard(
    name="quarantine.v1",
    key="<topic>:<partition>:<offset> of the record set aside",
    holds=(
        "Quarantined: what could not be used, kept with its reason, whole or, of more than 8 MiB,"
        " its beginning"
    ),
    writers=("alerts", "ingest", "risk"),
    readers=("ingest",),
    retention_days=90,
    max_bytes=QUARANTINE_BYTES,
)

HOUSEHOLD_VIEWS: Final = TopicCard(
    name="household-views.v1",
    key=(
        "household_id; an empty value: neither watched, flagged nor recovering any more, nor hit by"
        " an incident"
    ),
    holds="HouseholdView: figures, months and unmet conditions of households people look at",
    writers=("risk",),
    readers=("alerts", "ingest"),
    cleanup=Cleanup.COMPACT,
)
HOUSEHOLD_DIRECTORY: Final = TopicCard(
    name="household-directory.v1",
    key="household_id; an empty value erases",
    holds="DirectoryEntry: name, address and telephone under the household's data key",
    writers=("ingest",),
    readers=("alerts",),
    cleanup=Cleanup.COMPACT,
)
RELIEF_FACTS: Final = TopicCard(
    name="relief-facts.v1",
    key="household_id",
    holds=(
        "PeopleSaid: decisions, measures and payments of people, in order for each household;"
        " ingest writes only what is retried from quarantine"
    ),
    writers=("alerts", "ingest"),
    readers=("ingest",),
)
AREA_SIGNALS: Final = TopicCard(
    name="area-signals.v1",
    key="county; a day stands in every partition",
    holds=(
        "AreaSignal and AreaDay: what the windows over whole areas count, read from its start;"
        " ingest writes only what is retried from quarantine"
    ),
    writers=("ingest", "risk"),
    readers=("risk",),
    retention_days=400,
)
REGION_WARNINGS: Final = TopicCard(
    name="region-warnings.v1",
    key="county, so that a warning stands in the partition of its signals",
    holds=(
        "RegionWarning: the level of a village, township, county or cluster changed; ingest writes"
        " only what is retried from quarantine"
    ),
    writers=("ingest", "risk"),
    readers=("alerts", "risk"),
)
FACT_DISPUTES: Final = TopicCard(
    name="fact-disputes.v1",
    key="household_id",
    holds=(
        "DisputeNews: whom a caseworker's doubt about a fact was put to, and what became of it;"
        " ingest writes also what is retried from quarantine"
    ),
    writers=("ingest",),
    readers=("alerts",),
)
AGENCY_TOPIC: Final = re.compile(r"agency\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.v1")
"""An agency's own topic, `agency.<agency>.v1`, made when the agency is; its events are CloudEvents,
its key does not matter. Kept 7 days."""


def agency_card(agency: str) -> TopicCard:
    """The card of an agency's own topic."""
    return TopicCard(
        name=f"agency.{agency}.v1",
        key="any; ingest keys the facts anew",
        holds="CloudEvents, structured or binary; may hold personal data, so nobody else reads it",
        writers=(agency,),
        readers=("ingest",),
        retention_days=7,
        max_bytes=AGENCY_BYTES,
    )


TOPICS: Final = (
    HOUSEHOLD_FACTS,
    HOUSEHOLD_STATE,
    RISK_TRANSITIONS,
    HOUSEHOLD_VIEWS,
    HOUSEHOLD_DIRECTORY,
    RELIEF_FACTS,
    AREA_SIGNALS,
    REGION_WARNINGS,
    FACT_DISPUTES,
    QUARANTINE,
)
