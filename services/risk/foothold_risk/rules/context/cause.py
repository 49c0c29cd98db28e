"""What made risk look at a household."""

from dataclasses import dataclass
from datetime import datetime

from foothold_risk.rules.context.incidents import Recheck
from foothold_risk.rules.household.from_fact import version_of
from foothold_risk.rules.household.packed import UNVERSIONED, Version
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import DayOpened
from foothold_schemas.messages.transitions import ExitReason


@dataclass(frozen=True, slots=True)
class Cause:
    """The fact that made risk look at a household.

    It has its id, when it was recorded, whether it is a quiet go-live, who sent it, and how what
    loses its basis by it ends.

    `decided`: what people decided by it. `version`: which version it is of what it says.
    """

    fact_id: str
    learned_at: datetime
    is_quiet: bool = False
    ends: ExitReason | None = None
    agency: str = ""
    decided: Decision | None = None
    version: Version = UNVERSIONED


def cause_of(fact: FactRecord, *, is_correction: bool = False) -> Cause:
    """What made risk look.

    `is_correction`: it replaced another version of its statement, as what amends does.
    """
    is_quiet = isinstance(fact.data, DayOpened) and fact.data.is_quiet
    ends = (
        ExitReason.CORRECTED
        if fact.withdraws or is_correction
        else ExitReason.EXEMPTED
        if isinstance(fact.data, FindingExempted)
        else None
    )
    decided = fact.data.decision if isinstance(fact.data, CaseDecided) else None
    return Cause(
        fact.fact_id,
        fact.recorded_time,
        is_quiet=is_quiet,
        ends=ends,
        agency=fact.agency,
        decided=decided,
        version=version_of(fact),
    )


def cause_of_look(look: Recheck) -> Cause:
    """The incident that made risk look; what rested on one that was wrong ends as a correction."""
    return Cause(
        look.fact_id, look.learned_at, ends=ExitReason.CORRECTED if look.is_correction else None
    )
