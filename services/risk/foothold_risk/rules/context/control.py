"""What holds for every household of a partition."""

from datetime import date

import msgspec

from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.context.incidents import Incident, Recheck


class Control(msgspec.Struct, frozen=True):
    """The state that holds for every household of the partition.

    It has the day, the bundle, what feeds have reported and when, incidents, and whom to look at
    because of them.

    `rules`: the version of the rules that made the state; empty in a state of before it was kept.
    """

    open_day: date | None = None
    bundle: str | None = None
    heard: dict[str, tuple[Span, ...]] = {}
    spoke: dict[str, date] = {}
    incidents: dict[str, Incident] = {}
    looks: tuple[Recheck, ...] = ()
    rules: str = ""
