"""What made risk look at a household."""

from dataclasses import dataclass
from datetime import datetime

from foothold_schemas.facts.decisions import Decision
from foothold_schemas.messages.transitions import ExitReason


@dataclass(frozen=True, slots=True)
class Cause:
    """The fact that made risk look at a household.

    It has its id, when it was recorded, whether it is a quiet go-live, who sent it, and how what
    loses its basis by it ends.

    `decided`: what people decided by it.
    """

    fact_id: str
    learned_at: datetime
    is_quiet: bool = False
    ends: ExitReason | None = None
    agency: str = ""
    decided: Decision | None = None
