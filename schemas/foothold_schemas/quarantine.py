"""A record nobody could use, kept whole, with a reason from a closed list."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from foothold_schemas.values import Message, Moment


class QuarantineReason(StrEnum):
    """Why a record was set aside. Closed: dashboards and retries are built on it."""

    NOT_JSON = "not_json"
    UNKNOWN_KIND = "unknown_kind"
    INVALID_FIELD = "invalid_field"
    NO_VALUE = "no_value"
    WRONG_KEY = "wrong_key"
    TOO_OLD = "too_old"
    DAY_OUT_OF_ORDER = "day_out_of_order"


class Quarantined(Message):
    """The record's bytes, where it stood and why it could not be used. `detail` names fields, never their values."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64")

    service: str
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    reason: QuarantineReason
    detail: str
    at: Moment = Field(description="The record's own timestamp on the broker, so that a replay writes the same.")
    key: bytes | None = None
    value: bytes | None = None

    @property
    def source_id(self) -> str:
        """`<topic>:<partition>:<offset>`: the record's address and this record's key."""
        return f"{self.topic}:{self.partition}:{self.offset}"
