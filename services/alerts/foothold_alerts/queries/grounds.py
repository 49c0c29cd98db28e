"""What the relief of a page rests on as the household stands now."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from foothold_alerts.queries.inbox import CasePage
from foothold_alerts.rules.case import UNPAID
from foothold_alerts.rules.relief.causes import Cause
from foothold_alerts.rules.relief.ground import Ground, Today, ground
from foothold_alerts.rules.workflow import Limits
from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Finding
from foothold_schemas.values import Sentence

_FINDINGS: Final = TypeAdapter(tuple[Finding, ...])
_SAW: Final = TypeAdapter(tuple[Saw, ...])


def grounds_of(page: CasePage, stands: Mapping[str, Any], limits: Limits) -> Mapping[int, Ground]:
    """By the relief's id, of what is the case's own and nobody has paid yet.

    What was paid or is over keeps the sentence it was proposed with.
    """
    open_relief = [
        relief
        for relief in page.relief
        if relief.status in UNPAID and relief.case_id == page.case.case_id
    ]
    if not open_relief:
        return {}
    household = Today(
        _FINDINGS.validate_python(stands.get("findings", ())),
        _SAW.validate_python(stands.get("saw", ())),
        Sentence.model_validate(page.case.latest["policy"]["currency"]),
    )
    return {
        relief.relief_id: ground(
            Cause(FindingKind(relief.cause), relief.event, relief.bills_until),
            None if relief.explained is None else Sentence.model_validate(relief.explained),
            household,
            limits,
        )
        for relief in open_relief
    }
