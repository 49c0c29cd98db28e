"""A record nobody could use, kept whole and sealed, with a reason from a closed list."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Self

from pydantic import ConfigDict, Field

from foothold_schemas.seal import Seal
from foothold_schemas.values import Message, Moment, is_within_years

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RefusalReason(StrEnum):
    """Why an event was refused at a door, or a record set aside behind it. Closed: answers, dashboards and retries are built on it."""

    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    CONTROL_CHARACTER = "control_character"
    TOO_DEEP = "too_deep"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    NO_VALUE = "no_value"
    MEDIA_TYPE = "media_type"
    INVALID_ENVELOPE = "invalid_envelope"
    UNKNOWN_KIND = "unknown_kind"
    KIND_NOT_ALLOWED = "kind_not_allowed"
    FOREIGN_SOURCE = "foreign_source"
    AREA_NOT_ALLOWED = "area_not_allowed"
    AGENCY_DISABLED = "agency_disabled"
    UNKNOWN_FIELD = "unknown_field"
    INVALID_FIELD = "invalid_field"
    BAD_SUBJECT = "bad_subject"
    FUTURE_TIME = "future_time"
    TOO_OLD = "too_old"
    BAD_NUMBER = "bad_number"
    DAMAGED_NUMBER = "damaged_number"
    UNKNOWN_AREA = "unknown_area"
    WRONG_KEY = "wrong_key"
    DAY_OUT_OF_ORDER = "day_out_of_order"
    CONDITION_UNMET = "condition_unmet"
    ID_REUSE = "id_reuse"
    UNPROCESSABLE = "unprocessable"
    HOUSEHOLD_FULL = "household_full"


class SourceRecord(Message):
    """A Kafka record as it stood: key, value and headers, byte for byte."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64")

    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Quarantined(Message):
    """Where a record stood, why it could not be used, and the record itself, sealed. `detail` names fields, never their values."""

    service: str
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    reason: RefusalReason
    detail: str
    at: Moment = Field(description="The record's own timestamp on the broker.")
    sealed: str = Field(description="The SourceRecord as JSON, under the deployment's quarantine secret.")

    @property
    def source_id(self) -> str:
        """`<topic>:<partition>:<offset>`: the record's address and this record's key."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @classmethod
    def of(
        cls, service: str, address: tuple[str, int, int], timestamp_ms: int, *, reason: RefusalReason, detail: str, record: SourceRecord, seal: Seal
    ) -> Self:
        """Set a record aside; `address` is topic, partition, offset."""
        topic, partition, offset = address
        at = moment_of(timestamp_ms)
        sealed = seal.close(record.model_dump_json(exclude_none=True).encode())
        return cls(service=service, topic=topic, partition=partition, offset=offset, reason=reason, detail=detail, at=at, sealed=sealed)

    def open(self, seal: Seal) -> SourceRecord:
        """The record; raise BrokenSeal."""
        return SourceRecord.model_validate_json(seal.open(self.sealed))


def moment_of(timestamp_ms: int) -> datetime:
    """A record's own timestamp, which its producer chose, as a moment. One no clock shows (none is -1) reads as the beginning of Kafka's time."""
    if timestamp_ms < 0:
        return _BEGINNING
    try:
        moment = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return _BEGINNING
    return moment if is_within_years(moment) else _BEGINNING
