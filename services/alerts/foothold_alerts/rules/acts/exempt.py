"""Whether a finding may be taken down as harmless.

The township or the county may do so, until a day within a year.
"""

from datetime import date, timedelta
from enum import StrEnum

from foothold_alerts.rules.case import Role
from foothold_schemas.facts.decisions import LONGEST_EXEMPTION_DAYS


class ExemptNo(StrEnum):
    """Why not."""

    ROLE = "role"
    DAY = "day"


def not_exempt(role: Role, until: date, today: date) -> ExemptNo | None:
    """Why not; None: it may be."""
    if role is Role.VILLAGE:
        return ExemptNo.ROLE
    return None if today < until <= today + timedelta(days=LONGEST_EXEMPTION_DAYS) else ExemptNo.DAY
