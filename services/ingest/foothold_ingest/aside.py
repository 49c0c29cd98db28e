"""What ingest's readers have in common.

It says which failures say nothing about a record, and how a record is set aside at which the
program fails.
"""

from typing import Final

from aiokafka.errors import KafkaError

from foothold_ingest.log.writer import Busy, Line, Unknown
from foothold_runtime.barrier import Record
from foothold_runtime.databases import UNAVAILABLE
from foothold_runtime.kafka.quarantine import quarantined
from foothold_schemas.seal import Seal
from foothold_schemas.wire.codec import encode
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason
from foothold_schemas.wire.topics import QUARANTINE

SERVICE: Final = "ingest"
KAFKA_AWAY: Final = (KafkaError, Busy, Unknown)
PARTS_AWAY: Final = (*KAFKA_AWAY, *UNAVAILABLE)
"""Kafka or the database is away; whatever is being worked on waits."""


def set_aside(record: Record, reason: RefusalReason, detail: str, seal: Seal) -> Quarantined:
    """A record of Kafka with why it is not used; what is too large is cut."""
    return quarantined(SERVICE, record, reason, detail, seal)


def unprocessable(record: Record, detail: str, seal: Seal) -> Quarantined:
    """A record at which the program fails."""
    return set_aside(record, RefusalReason.UNPROCESSABLE, detail, seal)


def line_of(record: Quarantined) -> Line:
    """As it goes into the topic."""
    return Line(QUARANTINE.name, record.source_id.encode(), encode(record))
