"""What a public notice in the village shows: its fields and nothing else.

No identity number, telephone, bank account or illness.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from foothold_alerts.rules.case import Case, Stage
from foothold_alerts.rules.days import WorkDays, last_day
from foothold_alerts.rules.workflow import Workflow

ALLOWED: Final = ("head", "village", "members", "posted_on", "stands_until")


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """The fields, in the order in which they are read."""

    head: str
    village: str
    members: int
    posted_on: date
    stands_until: date

    def fields(self) -> tuple[tuple[str, object], ...]:
        """Name and value of each."""
        return tuple((name, getattr(self, name)) for name in ALLOWED)


class Posted(NamedTuple):
    """What the village may read of a household: its head, its village, how many they are."""

    head: str
    village: str
    members: int


def public_notice(
    case: Case, posted: Posted, workflow: Workflow, calendar: WorkDays
) -> PublicNotice | None:
    """The notice while it stands; None at any other stage."""
    if case.stage is not Stage.PUBLIC_NOTICE or case.notice_on is None:
        return None
    return PublicNotice(
        posted.head,
        posted.village,
        posted.members,
        case.notice_on,
        last_day(case.notice_on, workflow.limits.notice, calendar),
    )
