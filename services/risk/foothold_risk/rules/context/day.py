"""What holds on a day for every household of a place."""

from dataclasses import dataclass, field
from datetime import date

from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import Heard
from foothold_risk.rules.context.incidents import Incidents
from foothold_risk.rules.context.silence import Spoke
from foothold_risk.rules.policy import PolicyOfDay


@dataclass(frozen=True, slots=True)
class DayContext:
    """The day a household is looked at, the policy in force then, and what is known to everybody.

    `heard`: the months its feeds have reported; `spoke`: when each last did; `incidents`: what
    struck whole areas.
    """

    day: date
    policy: PolicyOfDay
    heard: Heard
    spoke: Spoke = field(default_factory=dict)
    incidents: Incidents = field(default_factory=dict)


def context_of(control: Control, day: date, policy: PolicyOfDay) -> DayContext:
    """What the partition knows, on a day under a policy."""
    return DayContext(day, policy, control.heard, control.spoke, control.incidents)
