"""Which household a person's fact belongs to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from foothold_ingest.rules.judgement import Place


@dataclass(frozen=True, slots=True)
class Membership:
    """An interval of one person in one household, as the register entry of `registered_at` has it.

    None: open.

    `is_disputed`: a ticket is open, because the person stands in another household as well.
    """

    place: Place
    joined_on: date | None
    left_on: date | None
    registered_at: datetime
    is_disputed: bool = False

    def covers(self, day: date) -> bool:
        """Whether the person belonged to the household on the day."""
        return (self.joined_on is None or self.joined_on <= day) and (
            self.left_on is None or day <= self.left_on
        )


def place_of(memberships: Sequence[Membership], day: date) -> Place | None:
    """The household on the day; else the one left last, as bills come after a death.

    None: in no register, or in two households on that day.

    Once somebody has dismissed the ticket, the entry registered later holds: a fact counts once.
    """
    on_the_day = [m for m in memberships if m.covers(day)]
    if not memberships or (
        len({m.place for m in on_the_day}) > 1 and any(m.is_disputed for m in on_the_day)
    ):
        return None
    best = max(
        memberships,
        key=lambda m: (m.covers(day), m.left_on or date.max, m.registered_at, m.place.household_id),
    )
    return best.place
