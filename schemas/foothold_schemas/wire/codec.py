"""Bytes to models and back, the same way for every reader.

A reader ignores fields it does not know; it never guesses a value.
"""

import contextlib
from collections.abc import Callable
from typing import Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from foothold_schemas.facts.directory import DirectoryEntry
from foothold_schemas.facts.envelope import (
    BroadcastRecord,
    FactRecord,
    HouseholdRecord,
    addressed,
)
from foothold_schemas.messages.areas import AreaDay, AreaRecord, AreaSignal, RegionWarning
from foothold_schemas.messages.disputes import DisputeNews
from foothold_schemas.messages.relief import PeopleSaid
from foothold_schemas.messages.transitions import DayDone, Judgement, RiskOutput, Transition
from foothold_schemas.messages.views import HouseholdView
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason

T = TypeVar("T")
_OUTPUT: Final[TypeAdapter[Transition | DayDone | Judgement]] = TypeAdapter(RiskOutput)
_AREA: Final[TypeAdapter[AreaSignal | AreaDay]] = TypeAdapter(AreaRecord)
WRONG_KEY: Final = "the record's key is not its household"
_OF_A_HOUSEHOLD: Final = b'"household_id":"'
_UNKNOWN_KIND = frozenset({"union_tag_invalid", "union_tag_not_found", "enum"})


class Unreadable(Exception):  # noqa: N818 - named for what it says about the record
    """A record that cannot be decoded.

    `reason` is from the closed list; `detail` has the fields at fault and no values.
    """

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def encode(message: BaseModel) -> bytes:
    """JSON, without fields that are empty."""
    return message.model_dump_json(exclude_none=True).encode()


def decode_fact(value: bytes | None) -> HouseholdRecord | BroadcastRecord:
    """A line of `household-facts.v1`; raise Unreadable.

    A household's fact without a household, or a household with a fact for everybody, is unreadable.
    """
    # nearly all lines are a household's, as it was encoded here: those are read once
    if value is not None and _OF_A_HOUSEHOLD in value:
        with contextlib.suppress(ValidationError):
            return HouseholdRecord.model_validate_json(value)
    record = addressed(_read(FactRecord.model_validate_json, value))
    if record is None:
        raise Unreadable(RefusalReason.WRONG_KEY, WRONG_KEY)
    return record


def decode_output(value: bytes | None) -> Transition | DayDone | Judgement:
    """A line of `risk-transitions.v1`; raise Unreadable."""
    return _read(_OUTPUT.validate_json, value)


def decode_view(value: bytes) -> HouseholdView:
    """A line of `household-views.v1` that is no removal; raise Unreadable."""
    return _read(HouseholdView.model_validate_json, value)


def decode_directory(value: bytes) -> DirectoryEntry:
    """A line of `household-directory.v1` that is no erasure; raise Unreadable."""
    return _read(DirectoryEntry.model_validate_json, value)


def decode_said(value: bytes | None) -> PeopleSaid:
    """A line of `relief-facts.v1`; raise Unreadable."""
    return _read(PeopleSaid.model_validate_json, value)


def decode_area(value: bytes | None) -> AreaSignal | AreaDay:
    """A line of `area-signals.v1`; raise Unreadable."""
    return _read(_AREA.validate_json, value)


def decode_warning(value: bytes | None) -> RegionWarning:
    """A line of `region-warnings.v1`; raise Unreadable."""
    return _read(RegionWarning.model_validate_json, value)


def decode_dispute(value: bytes | None) -> DisputeNews:
    """A line of `fact-disputes.v1`; raise Unreadable."""
    return _read(DisputeNews.model_validate_json, value)


def decode_quarantined(value: bytes) -> Quarantined:
    """A line of `quarantine.v1`; raise ValidationError."""
    return Quarantined.model_validate_json(value)


def _read(validate: Callable[[bytes], T], value: bytes | None) -> T:
    if value is None:
        raise Unreadable(RefusalReason.NO_VALUE, "the record has no value")
    try:
        return validate(value)
    except ValidationError as error:
        raise _unreadable(error) from None


def _unreadable(error: ValidationError) -> Unreadable:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "record"
    match first["type"]:
        case "json_invalid":
            return Unreadable(RefusalReason.NOT_JSON, "the record is not JSON")
        case kind if kind in _UNKNOWN_KIND:
            return Unreadable(
                RefusalReason.UNKNOWN_KIND, f"{where}: a kind this version does not know"
            )
        case kind:
            return Unreadable(RefusalReason.INVALID_FIELD, f"{where}: {kind}")
