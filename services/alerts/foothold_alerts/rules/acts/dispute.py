"""Whether a fact of a finding may be put to its sender. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.messages.disputes import MAX_NOTE, DisputeState, is_plain

_RANK: Final = {
    DisputeState.ASKED: 0,
    DisputeState.NO_SENDER: 1,
    DisputeState.CONFIRMED: 1,
    DisputeState.CORRECTED: 2,
}


FOR_EVERYBODY: Final = frozenset({"AreaStruck"})
"""Said of an area, not of a household: its agency amends it for all of them."""


class DisputeNo(StrEnum):
    """Why not."""

    NOTE = "note"
    OURS = "ours"
    AREA = "area"
    ASKED = "asked"


def evidence_of(latest: Mapping[str, Any], fact_id: str) -> Mapping[str, Any] | None:
    """The fact as the case's findings show it; None where they do not."""
    shown = [fact for finding in latest.get("findings", ()) for fact in finding["facts"]]
    return next((fact for fact in shown if fact["fact_id"] == fact_id), None)


def not_dispute(evidence: Mapping[str, Any], note: str, *, is_asked: bool) -> DisputeNo | None:
    """Why not; None: it may be.

    `is_asked`: the sender was asked about this fact and has not answered yet.
    """
    if len(note) > MAX_NOTE or not is_plain(note):
        return DisputeNo.NOTE
    if evidence["kind"] not in AGENCY_KINDS:
        return DisputeNo.OURS
    if evidence["kind"] in FOR_EVERYBODY:
        return DisputeNo.AREA
    return DisputeNo.ASKED if is_asked else None


def is_later(state: DisputeState, than: DisputeState) -> bool:
    """Whether the news replaces what is known.

    An answer comes after the question, and a correction after an answer.
    """
    return _RANK[state] > _RANK[than]
