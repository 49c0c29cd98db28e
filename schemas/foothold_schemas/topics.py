"""One card per topic: who writes, who reads, how long it is kept. Topics, compose and tests are derived from these."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EMBEDDED_PARTITIONS: Final = 8
PRODUCTION_PARTITIONS: Final = 48
_DAY_MS: Final = 24 * 60 * 60 * 1000


class Cleanup(StrEnum):
    """Kafka's cleanup.policy."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class TopicCard:
    """What one topic is for. `retention_days` None means for ever."""

    name: str
    key: str
    holds: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    cleanup: Cleanup = Cleanup.DELETE
    retention_days: int | None = None

    @property
    def config(self) -> dict[str, str]:
        """The topic's settings on the broker."""
        retention = -1 if self.retention_days is None else self.retention_days * _DAY_MS
        config = {"cleanup.policy": self.cleanup.value, "retention.ms": str(retention), "message.timestamp.type": "CreateTime"}
        if self.cleanup is Cleanup.COMPACT:
            config["min.cleanable.dirty.ratio"] = "0.3"
        return config


HOUSEHOLD_FACTS: Final = TopicCard(
    name="household-facts.v1",
    key="household_id; facts for all households stand in every partition",
    holds="FactRecord: the one ordered log per household, pseudonymous",
    writers=("ingest",),
    readers=("risk",),
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
    holds="Transition and DayDone",
    writers=("risk",),
    readers=("alerts",),
)
QUARANTINE: Final = TopicCard(
    name="quarantine.v1",
    key="<topic>:<partition>:<offset> of the record set aside",
    holds="Quarantined: what could not be used, kept whole with its reason",
    writers=("alerts", "risk"),
    readers=("ingest",),
    retention_days=90,
)

TOPICS: Final = (HOUSEHOLD_FACTS, HOUSEHOLD_STATE, RISK_TRANSITIONS, QUARANTINE)
