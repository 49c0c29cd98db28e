"""How risk sets a record aside that it cannot judge: sealed, with what is wrong.

And how many in a row it bears.
"""

from dataclasses import dataclass
from typing import Final

from aiokafka import ConsumerRecord

from foothold_risk.rules.context.cause import Cause
from foothold_risk.worker.retry import household_address, marker_of
from foothold_runtime.kafka.quarantine import quarantined
from foothold_schemas.seal import Seal
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason
from foothold_schemas.wire.topics import RISK_GROUP

GROUP_ID: Final = RISK_GROUP


@dataclass(frozen=True, slots=True)
class Shelf:
    """At most `limit` bad records in a row; then nothing more is read until somebody has looked."""

    seal: Seal
    limit: int

    def hold(
        self, record: ConsumerRecord[bytes, bytes], reason: RefusalReason, detail: str
    ) -> Quarantined:
        """The record as the quarantine keeps it, known by where it stood."""
        return quarantined(GROUP_ID, record, reason, detail, self.seal)

    def hold_household(
        self, household_id: str, partition: int, offset: int, cause: Cause, detail: str
    ) -> Quarantined:
        """Quarantine a household that no record of its own stopped.

        Its retry makes risk look at it again, for the same cause.
        """
        topic = household_address(household_id)
        return Quarantined.of(
            GROUP_ID,
            (topic, partition, offset),
            round(cause.learned_at.timestamp() * 1000),
            reason=RefusalReason.UNPROCESSABLE,
            detail=detail,
            record=marker_of(household_id, f"{topic}:{partition}:{offset}", cause),
            seal=self.seal,
        )
