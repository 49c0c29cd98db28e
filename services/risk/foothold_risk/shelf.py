"""How risk sets a record aside that it cannot judge: sealed, with what is wrong; and how many in a row it bears."""

from dataclasses import dataclass
from typing import Final

from aiokafka import ConsumerRecord

from foothold_schemas.quarantine import Quarantined, RefusalReason, SourceRecord
from foothold_schemas.seal import Seal

GROUP_ID: Final = "risk"


@dataclass(frozen=True, slots=True)
class Shelf:
    """At most `limit` bad records in a row; then nothing more is read until somebody has looked."""

    seal: Seal
    limit: int

    def hold(self, record: ConsumerRecord[bytes, bytes], reason: RefusalReason, detail: str) -> Quarantined:
        """The record as the quarantine keeps it, known by where it stood."""
        return Quarantined.of(
            GROUP_ID,
            (record.topic, record.partition, record.offset),
            record.timestamp,
            reason=reason,
            detail=detail,
            record=SourceRecord(key=record.key, value=record.value, headers=tuple(record.headers)),
            seal=self.seal,
        )
