"""Random lives, day by day: what is said is what a model written apart says. FOOTHOLD_WALKS sets how many; the default is a slice."""

import os
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from foothold_risk.households import Control
from foothold_risk.judge import judge
from foothold_risk.publish import Cause
from foothold_risk.rules.fold import Folded, fold
from foothold_risk.rules.heard import Span
from foothold_risk.rules.household import Household
from foothold_schemas.envelope import FactRecord
from foothold_schemas.findings import FindingKind
from foothold_schemas.register import MembershipDisputed, TicketState
from tests.risk.test_reference import SEED, life
from tests.support.build import AREA, HOUSEHOLD, OPEN_DAY, claim, in_doubt
from tests.support.reference import opinion
from tests.support.reference_events import bills_of, happened
from tests.support.reference_moves import Stand, Today, say
from tests.support.rules import ALL_IN_FORCE

WALKS = int(os.environ.get("FOOTHOLD_WALKS", "50"))
HEARD: dict[str, tuple[Span, ...]] = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}
DAYS = 120
LOOKS = 5
"""Besides the days on which facts come, one day in so many is looked at."""


def walk(chance: random.Random) -> dict[date, list[FactRecord]]:
    """A life's facts by the day on which they come: half on the first day, the rest and a few more bills on any other."""
    facts = [f for f in life(chance) if f.data.kind != "HouseholdGraded"]
    facts += [claim(f"{chance.choice((2500, 5000, 10000, 20000))}.00", f"late {n}", day=OPEN_DAY) for n in range(chance.randint(0, 2))]
    came: dict[date, list[FactRecord]] = {}
    for fact in facts:
        first = fact.data.kind == "HouseholdRegistered" or chance.random() < 0.5
        came.setdefault(OPEN_DAY + timedelta(days=0 if first else chance.randrange(DAYS)), []).append(fact)
    for ticket in range(1, 1 + chance.choice((0, 0, 1, 2))):
        opened, lasts = chance.randrange(DAYS), chance.choice((0, 1, 20, 40, DAYS))
        came.setdefault(OPEN_DAY + timedelta(days=opened), []).append(in_doubt(ticket))
        came.setdefault(OPEN_DAY + timedelta(days=opened + lasts), []).append(in_doubt(ticket, chance.choice((TicketState.MENDED, TicketState.DISMISSED))))
    return came


@pytest.mark.timeout(3600)
def test_what_is_said_day_by_day_is_what_a_model_written_apart_says() -> None:
    chance = random.Random(SEED)  # noqa: S311 - chosen lives, not secrets
    said, doubts = Counter[str](), 0
    for number in range(WALKS):
        came, known = walk(chance), list[FactRecord]()
        home, stand = Household(), Stand()
        for n in range(DAYS):
            day = OPEN_DAY + timedelta(days=n)
            if n % LOOKS and day not in came:
                continue
            control = Control(open_day=day, bundle=ALL_IN_FORCE.bundle, heard=HEARD)
            for fact in came.get(day, []):
                home, folded = fold(home, fact, fact.data, day)  # type: ignore[arg-type]  # household facts only
                if folded is not Folded.TOO_OLD:
                    known.append(fact)
            done = judge(HOUSEHOLD, home, control, ALL_IN_FORCE, Cause("0" * 32, datetime(2026, 6, 1, tzinfo=UTC)))
            home = done.household
            tickets = [f.data for f in known if isinstance(f.data, MembershipDisputed)]
            is_in_doubt = {t.ticket for t in tickets} > {t.ticket for t in tickets if t.state is not TicketState.OPEN}
            thought = opinion(known, day, everything_heard=True)
            today = Today(thought, day, happened(known, day, thought.findings), bills_of(known, day, thought), is_in_doubt)
            stand, expected = say(stand, today)
            doubts += is_in_doubt
            assert expected == [t.movement.value for t in done.said], f"walk {number} on {day}: {known}"
            assert (stand.spell, stand.found) == (home.position.spell, frozenset(map(str, home.position.findings)))
            assert stand.told == home.position.told_on, f"walk {number} on {day}: {expected}"
            said.update(expected)

    assert set(said) >= {"watched", "unwatched", "entered", "moved", "worsened", "eased", "recovering", "relapsed", "exited"} or WALKS < 50, said
    assert doubts > 100 or WALKS < 50
    assert FindingKind.GRADE_FELL.value not in stand.found
