"""What risk says for the windows over whole areas.

It follows from the transitions alone, and goes out in their transaction.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from aiokafka.partitioner import DefaultPartitioner

from foothold_risk.rules.household.household import Household
from foothold_risk.rules.status.assess import IS_LEAD
from foothold_schemas.messages.areas import AreaSignal, Signalled
from foothold_schemas.messages.transitions import ExitReason, Movement, Transition

_COUNTY_DIGITS: Final = 6
_ALL_COUNT: Final = frozenset(
    {
        Movement.ENTERED,
        Movement.ROLLED_BACK,
        Movement.REFLAGGED,
        Movement.RELAPSED,
        Movement.WATCHED,
    }
)
_NEW_COUNT: Final = frozenset({Movement.MOVED, Movement.WORSENED, Movement.GRADE_FELL})
_TAKEN_BACK: Final = frozenset({ExitReason.CORRECTED, ExitReason.EXEMPTED, ExitReason.DISMISSED})


def counts_from(day: date, since: date | None) -> date:
    """Return the day from which a household counts.

    A household registered on this very day counts from the next: until then it is not among those
    its area has.
    """
    return day + timedelta(days=1) if since == day else day


def county_of(area: str) -> str:
    """The county an area lies in; also the key of its records."""
    return area[:_COUNTY_DIGITS]


def area_partition(county: str, partitions: int) -> int:
    """Return the partition where everything of a county stands.

    So its village, township and county windows are one fold.
    """
    every = list(range(partitions))
    return int(DefaultPartitioner()(county.encode(), every, every))


def signal_of(
    source: int, transition: Transition, ends: ExitReason | None = None, since: date | None = None
) -> AreaSignal | None:
    """What a transition means for the windows, if anything.

    What was loaded before go-live is no news, so it never counts.

    `ends`: what made risk look took grounds away; findings that went with it are taken back.
    `since`: the day the household was registered.
    """
    if transition.is_quiet:
        return None
    holding = {f.rule for f in transition.findings if f.rule in IS_LEAD and f.quiet_until is None}
    match transition.movement:
        case movement if movement in _ALL_COUNT and transition.is_lead:
            what, causes = Signalled.RAISED, holding
        case movement if (
            movement in _NEW_COUNT and transition.is_lead and holding & set(transition.added)
        ):
            what, causes = Signalled.RAISED, holding & set(transition.added)
        case Movement.EXITED | Movement.UNWATCHED if transition.exit_reason in _TAKEN_BACK:
            return _signal(source, transition, since, Signalled.WITHDRAWN)
        case _ if ends in _TAKEN_BACK:
            what, causes = Signalled.WITHDRAWN, set(transition.gone)
        case _:
            return None
    return _signal(source, transition, since, what, *sorted(causes)) if causes else None


def _signal(
    source: int, transition: Transition, since: date | None, what: Signalled, *causes: str
) -> AreaSignal:
    return AreaSignal(
        source=source,
        household_id=transition.household_id,
        sequence=2 * transition.number,
        village=transition.household.area,
        day=counts_from(transition.open_day, since),
        what=what,
        causes=causes,
    )


def confirmation(
    source: int,
    household_id: str,
    before: Household,
    after: Household,
    day: date | None,
) -> AreaSignal | None:
    """People identified the household by a decision of just now; no transition says so.

    It comes after the last transition and before the next. An identification that goes on, after a
    slip was mended or in a spell that returned, is none: it is asked where people decided.
    """
    was, now = before.position, after.position
    if day is None or after.register is None or was.is_identified or not now.is_identified:
        return None
    return AreaSignal(
        source=source,
        household_id=household_id,
        sequence=2 * now.number + 1,
        village=after.register.area,
        day=counts_from(day, after.since),
        what=Signalled.CONFIRMED,
        causes=now.causes,
    )


def by_partition(partitions: int, villages: Mapping[str, int]) -> dict[int, dict[str, int]]:
    """The registered households by village, shared out over all partitions.

    A partition without any gets an empty share.
    """
    shares: defaultdict[int, dict[str, int]] = defaultdict(dict)
    places = {
        county: area_partition(county, partitions)
        for county in {county_of(village) for village in villages}
    }
    for village, count in villages.items():
        shares[places[county_of(village)]][village] = count
    return {partition: shares[partition] for partition in range(partitions)}
