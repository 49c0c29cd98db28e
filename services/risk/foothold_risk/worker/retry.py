"""Handles records that come back from quarantine.

It finds which address they had at first, and the marker that only makes risk look at a household
again.
"""

from datetime import datetime
from typing import Final

from aiokafka import ConsumerRecord

from foothold_risk.rules.context.cause import Cause
from foothold_schemas.messages.transitions import ExitReason
from foothold_schemas.wire.quarantine import SourceRecord
from foothold_schemas.wire.retries import HOUSEHOLD, RETRY, retried_from

_CAUSE: Final = "retry-cause"
_NOTHING: Final = "-"


def household_address(household_id: str) -> str:
    """Stands where a record's address has its topic."""
    return f"{HOUSEHOLD}{household_id}"


def address_of(record: ConsumerRecord[bytes, bytes]) -> str:
    """Where the record stood when it came first."""
    return retried_from(record.headers) or f"{record.topic}:{record.partition}:{record.offset}"


def is_marker(record: ConsumerRecord[bytes, bytes]) -> bool:
    """Whether the record carries no fact and only asks to look at its household again."""
    return record.value is None and retried_from(record.headers).startswith(HOUSEHOLD)


def marker_of(household_id: str, address: str, cause: Cause) -> SourceRecord:
    """The record a retry writes for a household."""
    words = (
        cause.fact_id,
        cause.learned_at.isoformat(),
        "quiet" if cause.is_quiet else _NOTHING,
        cause.ends or _NOTHING,
    )
    headers = ((RETRY, address.encode()), (_CAUSE, " ".join(words).encode()))
    return SourceRecord(key=household_id.encode(), value=None, headers=headers)


def cause_in(record: ConsumerRecord[bytes, bytes]) -> Cause:
    """What a marker makes risk look for."""
    text = next(value for name, value in record.headers if name == _CAUSE and value is not None)
    fact_id, learned_at, quiet, ends = text.decode().split(" ")
    reason = None if ends == _NOTHING else ExitReason(ends)
    return Cause(
        fact_id, datetime.fromisoformat(learned_at), is_quiet=quiet != _NOTHING, ends=reason
    )
