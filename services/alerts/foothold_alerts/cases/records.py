"""What the consumers read, decoded: each record where it belongs."""

import json
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord

from foothold_alerts.cases.mirror import Listed, Shown
from foothold_schemas.messages.areas import RegionWarning
from foothold_schemas.messages.disputes import DisputeNews
from foothold_schemas.messages.transitions import DayDone, Judgement, Transition
from foothold_schemas.values import JsonObject
from foothold_schemas.wire.codec import (
    Unreadable,
    decode_directory,
    decode_dispute,
    decode_output,
    decode_view,
    decode_warning,
)
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.topics import (
    FACT_DISPUTES,
    HOUSEHOLD_VIEWS,
    REGION_WARNINGS,
    RISK_TRANSITIONS,
)
from foothold_schemas.wire.tracing import from_headers, trace_id


@dataclass(slots=True)
class Read:
    """A poll's records, decoded."""

    outputs: list[Transition | DayDone | Judgement] = field(default_factory=list)
    traces: dict[str, str] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    warnings: list[RegionWarning] = field(default_factory=list)
    answers: list[DisputeNews] = field(default_factory=list)


def decode(record: ConsumerRecord[bytes, bytes], read: Read) -> None:
    """Put the record where it belongs; raise Unreadable."""
    if record.topic == RISK_TRANSITIONS.name:
        output = decode_output(record.value)
        read.outputs.append(output)
        if isinstance(output, Transition):
            read.traces[output.transition_id] = trace_id(from_headers(record.headers))
        return
    if record.topic == REGION_WARNINGS.name:
        read.warnings.append(decode_warning(record.value))
        return
    if record.topic == FACT_DISPUTES.name:
        read.answers.append(decode_dispute(record.value))
        return
    if record.key is None:
        raise Unreadable(
            RefusalReason.WRONG_KEY, "the record has no key, so it says nothing of any household"
        )
    household_id = record.key.decode(errors="replace")
    if record.topic == HOUSEHOLD_VIEWS.name:
        read.shown.append(Shown(household_id, record.offset, _view(record.value)))
    else:
        read.listed.append(Listed(household_id, record.offset, _entry(record.value)))


def is_day(value: bytes | None) -> bool:
    """Whether the record says that a day is done; one that cannot even be decoded does not."""
    try:
        return isinstance(decode_output(value), DayDone)
    except Exception:  # noqa: BLE001 - it is about to be set aside for that
        return False


def _view(value: bytes | None) -> JsonObject | None:
    """The view as it will be kept, once it is known to be one; None for a removal."""
    if value is None:
        return None
    decode_view(value)
    kept: JsonObject = json.loads(value)
    return kept


def _entry(value: bytes | None) -> JsonObject | None:
    """The entry as it will be kept, once it is known to be one; None for an erasure."""
    if value is None:
        return None
    decode_directory(value)
    kept: JsonObject = json.loads(value)
    return kept
