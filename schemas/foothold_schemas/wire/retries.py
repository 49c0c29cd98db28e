"""Marks what is retried from quarantine in a Kafka header.

The header carries the address the record had at first.
"""

from collections.abc import Iterable
from typing import Final

RETRY: Final = "retry"
"""The header. Its value is `<topic>:<partition>:<offset>` as it was when the record was first set
aside."""
HOUSEHOLD: Final = "household."
"""An address that begins so is no record's: `household.<id>:<partition>:<offset>`, set aside at
that record.

Its retry is a record without a value, which only makes risk look at the household again."""

MOST_BYTES: Final = 512
"""No address is longer: a topic's name has at most 249 characters."""

RecordHeaders = Iterable[tuple[str, bytes | None]]


def retried_from(headers: RecordHeaders | None) -> str:
    """The address a retried record had at first; empty for a record that is no retry."""
    value = next((v for name, v in headers or () if name == RETRY and v is not None), b"")
    return value.decode("ascii", errors="replace") if len(value) <= MOST_BYTES else ""


def retry_headers(headers: RecordHeaders, source_id: str) -> tuple[tuple[str, bytes | None], ...]:
    """The record's headers with the address it had at first; that of an earlier retry stays."""
    kept = tuple(headers)
    return kept if retried_from(kept) else (*kept, (RETRY, source_id.encode()))
