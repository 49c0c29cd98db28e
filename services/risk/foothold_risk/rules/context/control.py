"""What holds for every household of a partition."""

from datetime import date, timedelta

import msgspec
from msgspec.structs import replace

from foothold_risk.rules.context.heard import Span, note
from foothold_risk.rules.context.incidents import Incident, Recheck, corrects, queued, touched
from foothold_risk.rules.context.incidents import note as noted
from foothold_risk.rules.context.silence import spoke_now, spoke_until
from foothold_schemas.facts.envelope import BroadcastRecord
from foothold_schemas.facts.facts import AreaStruck, DayOpened, FeedHeard, PolicyAdopted


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


def apply_broadcast(control: Control, fact: BroadcastRecord, trace: str = "") -> Control | None:
    """What holds for everybody after this fact, which came in `trace`.

    None for a day that was opened before, or out of order.
    """
    match fact.data:
        case DayOpened(day=day):
            is_next = control.open_day is None or day == control.open_day + timedelta(days=1)
            return (
                replace(
                    control, open_day=day, spoke=spoke_until(control.spoke, fact.data.feeds, day)
                )
                if is_next
                else None
            )
        case PolicyAdopted(bundle=bundle):
            return replace(control, bundle=bundle)
        case FeedHeard() as heard:
            spoke = spoke_now(control.spoke, fact.agency, heard, control.open_day)
            return replace(control, heard=note(control.heard, fact.agency, heard), spoke=spoke)
        case AreaStruck() as struck:
            incidents = noted(
                control.incidents, fact.agency, struck, fact.time, bytes.fromhex(fact.fact_id)
            )
            wrong = corrects(control.incidents, incidents)
            areas = touched(control.incidents, incidents)
            more = (
                Recheck(area, fact.fact_id, fact.recorded_time, trace=trace, is_correction=wrong)
                for area in areas
            )
            return replace(control, incidents=incidents, looks=queued(control.looks, more))
