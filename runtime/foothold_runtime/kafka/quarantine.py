"""How a reader of any service sets a record of Kafka aside."""

from aiokafka import ConsumerRecord

from foothold_schemas.seal import Seal
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason, SourceRecord


def quarantined(
    service: str,
    record: ConsumerRecord[bytes, bytes],
    reason: RefusalReason,
    detail: str,
    seal: Seal,
) -> Quarantined:
    """The record whole, known by where it stood, with why it is not used; what is too large is cut.

    `service`: who sets it aside, as the quarantine names it.
    """
    return Quarantined.of(
        service,
        (record.topic, record.partition, record.offset),
        record.timestamp,
        reason=reason,
        detail=detail,
        record=SourceRecord(key=record.key, value=record.value, headers=tuple(record.headers)),
        seal=seal,
    )
