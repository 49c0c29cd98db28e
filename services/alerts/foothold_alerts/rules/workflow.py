"""The limits of the work, from `workflows/`: each a number with its reference. Loaded elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Days are calendar days; the day it begins does not count. Hours are exact."""

    settle_days: int
    emergency_hours: int
    papers_days: int
