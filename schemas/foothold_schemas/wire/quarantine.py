"""A record nobody could use, kept and sealed, with a reason from a closed list.

What is too large for the topic is kept cut.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Self

from pydantic import ConfigDict, Field

from foothold_schemas.seal import Seal
from foothold_schemas.values import Message, Moment, is_within_years

PLAIN_BYTES: Final = 11 * 1024 * 1024
"""A record is kept whole as long as its JSON is no larger: sealing adds a third, and the topic
takes 16 MiB."""
CUT_BYTES: Final = 256 * 1024
"""Of a larger one so much is kept of key, headers and value together; half a MiB sealed, which
every broker takes."""
HEADERS_BYTES: Final = 64 * 1024
HEADER_BYTES: Final = 16
"""What a header takes beside its name and value."""
CUT: Final = "foothold-cut"
"""The header of a record that is kept cut: how many bytes it had, and their SHA-256. A sender who
writes it spoils its own retry only."""
_TOLD: Final = re.compile(rb"(\d{1,20}) ([0-9a-f]{64})")
DETAIL_CHARACTERS: Final = 2_000
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RefusalReason(StrEnum):
    """Why an event was refused at a door, or a record set aside behind it.

    Closed: answers, dashboards and retries are built on it.
    """

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

    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64"
    )

    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def size(self) -> int:
        """In bytes, without what Kafka adds."""
        return sum(len(piece) for piece in self._pieces())

    @property
    def is_cut(self) -> bool:
        """Whether this is only the beginning of what stood in Kafka."""
        return self.told_size is not None

    @property
    def told_size(self) -> tuple[str, str] | None:
        """How many bytes the whole record had, and their SHA-256, if this is only a part."""
        header = next(
            (_TOLD.fullmatch(value) for name, value in self.headers if name == CUT and value), None
        )
        return None if header is None else (header[1].decode(), header[2].decode())

    def cut(self) -> Self:
        """Its beginning, with a header that tells its size and its hash.

        As it is where it is cut already.
        """
        if self.is_cut and self.size + HEADER_BYTES * len(self.headers) <= CUT_BYTES:
            return self
        whole = hashlib.sha256()
        for piece in self._pieces():
            whole.update(piece)
        key = None if self.key is None else self.key[:HEADERS_BYTES]
        headers = tuple(_first(self.headers, HEADERS_BYTES))
        value = None if self.value is None else self.value[: CUT_BYTES - 2 * HEADERS_BYTES]
        size = f"{self.size} {whole.hexdigest()}".encode()
        return type(self)(key=key, value=value, headers=((CUT, size), *headers))

    def _pieces(self) -> Iterator[bytes]:
        yield self.key or b""
        yield self.value or b""
        for name, value in self.headers:
            yield name.encode()
            yield value or b""


class Quarantined(Message):
    """Where a record stood, why it could not be used, and the record itself, sealed.

    `detail` names fields, never their values.
    """

    service: str
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    reason: RefusalReason
    detail: str
    at: Moment = Field(description="The record's own timestamp on the broker.")
    sealed: str = Field(
        description="The SourceRecord as JSON, under the deployment's quarantine secret."
    )

    @property
    def source_id(self) -> str:
        """`<topic>:<partition>:<offset>`: the record's address and this record's key."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @classmethod
    def of(  # noqa: PLR0913 - a constructor, each part by its name
        cls,
        service: str,
        address: tuple[str, int, int],
        timestamp_ms: int,
        *,
        reason: RefusalReason,
        detail: str,
        record: SourceRecord,
        seal: Seal,
    ) -> Self:
        """Set a record aside; `address` is topic, partition, offset.

        What the topic cannot take whole is cut, and `detail` says so.
        """
        topic, partition, offset = address
        at = moment_of(timestamp_ms)
        plain, is_cut = _plain(record)
        text = f"{detail[:DETAIL_CHARACTERS]}{_words(record) if is_cut else ''}"
        sealed = seal.close(plain)
        return cls(
            service=service,
            topic=topic,
            partition=partition,
            offset=offset,
            reason=reason,
            detail=text,
            at=at,
            sealed=sealed,
        )

    def open(self, seal: Seal) -> SourceRecord:
        """The record; raise BrokenSeal."""
        return SourceRecord.model_validate_json(seal.open(self.sealed))


def _plain(record: SourceRecord) -> tuple[bytes, bool]:
    """The record as it is sealed, and whether it was cut for that."""
    if record.size <= PLAIN_BYTES:
        plain = record.model_dump_json(exclude_none=True).encode()
        if len(plain) <= PLAIN_BYTES:
            return plain, record.is_cut
    return record.cut().model_dump_json(exclude_none=True).encode(), True


def _words(record: SourceRecord) -> str:
    size, digest = record.cut().told_size or ("", "")
    return (
        f" (kept cut: the record has {size} bytes, SHA-256 {digest}; ask its sender for the whole)"
    )


def _first(
    headers: Iterable[tuple[str, bytes | None]], most: int
) -> Iterator[tuple[str, bytes | None]]:
    """Headers up to so many bytes; the one that goes beyond is left out, and those behind it."""
    for name, value in headers:
        most -= HEADER_BYTES + len(name.encode()) + len(value or b"")
        if most < 0:
            return
        if name != CUT:
            yield name, value


def moment_of(timestamp_ms: int) -> datetime:
    """A record's own timestamp, which its producer chose, as a moment.

    One no clock shows (none is -1) reads as the beginning of Kafka's time.
    """
    if timestamp_ms < 0:
        return _BEGINNING
    try:
        moment = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return _BEGINNING
    return moment if is_within_years(moment) else _BEGINNING
