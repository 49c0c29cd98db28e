"""Tests a finding people found harmless.

The tests cover when it wakes, what no number shows, and whom it does not let go.
"""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from pydantic import ValidationError

from foothold_risk.rules.household.household import Household, Position, fresh
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.deciding import exempt
from foothold_risk.rules.status.due import next_due
from foothold_risk.rules.status.leaving import Condition
from foothold_risk.rules.status.movement import move
from foothold_schemas.facts.decisions import FindingExempted, HarmlessReason
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HomeState
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Status
from foothold_schemas.messages.views import UnmetKind
from tests.support.made.build import (
    OPEN_DAY,
    claim,
    disaster,
    household,
    income,
    judged,
    place_of,
    policy,
    step,
    value,
)
from tests.support.made.rules import ALL_IN_FORCE

UNTIL = date(2026, 12, 31)
BILL, STORM = FindingKind.SELF_PAID_HIGH, FindingKind.DISASTER_LOSS


def word(finding: FindingKind = BILL, until: date = UNTIL) -> FindingExempted:
    return FindingExempted(
        finding=finding,
        reason=HarmlessReason.CAN_COPE,
        by="chen",
        exempted_on=OPEN_DAY,
        until=until,
    )


def found_harmless(
    home: Household, finding: FindingKind = BILL, rules: Policy | None = None
) -> Household:
    position = exempt(home.position, judged(home, rules=rules), word(finding))
    assert isinstance(position, Position)
    return fresh(home, position=position)


@pytest.mark.parametrize(
    ("share", "more", "is_quiet"),
    [
        (None, "5000", True),
        (None, "5000.01", False),
        (1_000, "2500.01", False),
        (2_000, "5000", True),
    ],
)
def test_it_wakes_when_it_has_grown_by_more_than_policy_calls_material(
    share: int | None, more: str, *, is_quiet: bool
) -> None:
    rules = (
        policy()
        if share is None
        else policy(exemption_material_share=value("exemption.material_share", share))
    )
    facts = [income("90000"), claim("25000")]
    quiet = found_harmless(household(*facts), rules=rules)
    grown = fresh(household(*facts, claim(more, "more")), position=quiet.position)

    assert (BILL not in judged(grown, rules=rules).kinds) == is_quiet
    assert (judged(grown, rules=rules).words != ()) == is_quiet


def test_a_shrunk_finding_stays_quiet_and_a_woken_one_once_it_says_no_more_than_was_seen() -> None:
    quiet = found_harmless(household(income("90000"), claim("25000"), claim("6000", "other")))
    assert (
        judged(fresh(household(income("90000"), claim("25000")), position=quiet.position)).kinds
        == ()
    )

    woken, _ = step(fresh(household(income("90000"), claim("40000")), position=quiet.position))
    assert woken.position.findings == (BILL,)
    assert (
        judged(fresh(household(income("90000"), claim("25000")), position=woken.position)).kinds
        == ()
    )


def test_what_is_no_number_wakes_by_another_event_or_one_grown_worse_and_not_by_a_repeat() -> None:
    storm = disaster("first", home=HomeState.BADLY_DAMAGED, loss="1000")
    quiet = found_harmless(household(income("90000"), storm), STORM)

    later = datetime(2026, 6, 2, tzinfo=UTC)

    def kinds(*more: FactRecord) -> tuple[FindingKind, ...]:
        return judged(
            fresh(household(income("90000"), storm, *more), position=quiet.position)
        ).kinds

    assert (
        kinds()
        == kinds(disaster("repeat", home=HomeState.BADLY_DAMAGED, loss="1200", at=later))
        == ()
    )
    assert kinds(disaster("another day", home=HomeState.BADLY_DAMAGED, day=OPEN_DAY)) == (STORM,)
    assert (
        kinds(disaster("graver", home=HomeState.DESTROYED, at=later))
        == kinds(disaster("costlier", home=HomeState.BADLY_DAMAGED, loss="1200.01", at=later))
        == (STORM,)
    )


def test_a_number_that_becomes_a_state_wakes_it() -> None:
    """A loss was found harmless.

    Then the home is destroyed: what was compared as money is none any more.
    """
    loss = disaster("loss", home=HomeState.UNHURT, loss="50000")
    quiet = found_harmless(household(income("9000"), loss), STORM, ALL_IN_FORCE)
    worse = fresh(
        household(
            income("9000"), loss, disaster("home", home=HomeState.DESTROYED, day=date(2026, 6, 8))
        ),
        position=quiet.position,
    )

    assert STORM not in judged(quiet, rules=ALL_IN_FORCE).kinds
    assert STORM in judged(worse, rules=ALL_IN_FORCE).kinds


def test_it_is_quiet_on_its_last_day_and_looked_at_again_on_the_next() -> None:
    home = fresh(found_harmless(household(income("90000"), claim("25000"))), as_of=OPEN_DAY)
    last = OPEN_DAY + timedelta(days=3)
    home = fresh(
        home,
        position=msgspec.structs.replace(
            home.position, words=(msgspec.structs.replace(home.position.words[0], until=last),)
        ),
    )

    assert judged(home, last).kinds == ()
    assert judged(home, last + timedelta(days=1)).kinds == (BILL,)
    assert next_due(home, OPEN_DAY, place_of(policy()).on(OPEN_DAY)) == last + timedelta(days=1)


@pytest.mark.parametrize("finding", [STORM, FindingKind.INCOME_BELOW_LINE])
def test_what_does_not_hold_or_is_no_risk_cannot_be_found_harmless(finding: FindingKind) -> None:
    home = household(income("7000"), claim("25000"))

    assert exempt(home.position, judged(home), word(finding)) == (
        Condition(UnmetKind.DOES_NOT_FIT),
    )


def test_whom_people_identified_leaves_by_decision_and_not_when_a_finding_is_harmless() -> None:
    home, _ = step(household(income("7000"), claim("25000")))
    home = fresh(home, position=msgspec.structs.replace(home.position, identified_on=OPEN_DAY))
    for finding in (BILL, FindingKind.RIGID_SPENDING_RATIO):
        home = found_harmless(home, finding)
    position, _ = move(home.position, judged(home), ExitReason.EXEMPTED)
    unidentified = fresh(home, position=msgspec.structs.replace(home.position, identified_on=None))
    signal, _ = move(unidentified.position, judged(unidentified), ExitReason.EXEMPTED)

    assert (position.status, signal.status) == (Status.GROUP, Status.WATCH)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_an_exemption_ends_within_a_year(days: int) -> None:
    with pytest.raises(ValidationError, match="at most 366 days"):
        word(until=OPEN_DAY + timedelta(days=days))

    assert word(until=OPEN_DAY + timedelta(days=366)).until == date(2027, 6, 11)
