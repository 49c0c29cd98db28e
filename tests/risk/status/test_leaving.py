"""What keeps a household, day by day, and what is left of it once it has gone."""

from datetime import date

import msgspec
import pytest

from foothold_risk.messages.view import CONDITIONS
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import fold
from foothold_risk.rules.household.household import Household, Position, fresh
from foothold_risk.rules.policy import Place, Policy
from foothold_risk.rules.status.deciding import DecisionEffect, decide
from foothold_risk.rules.status.leaving import unmet
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.facts.decisions import CaseDecided, Decision
from foothold_schemas.messages.transitions import Movement, Status
from foothold_schemas.messages.views import UnmetKind
from tests.support.made.build import (
    AREA,
    checked,
    claim,
    disaster,
    household,
    in_doubt,
    income,
    judged,
    policy,
    step,
)

HEARD: dict[str, tuple[Span, ...]] = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}
READY = Position(
    number=7,
    episode=1,
    spell=1,
    status=Status.RECOVERING,
    clear_since=date(2026, 1, 10),
    identified_on=date(2026, 1, 20),
    times_wavered=2,
    is_due=True,
    is_not_marked=False,
)


def kept(day: date, **changes: object) -> list[UnmetKind]:
    home = household(income("90000"), *(checked(g, g.value, is_met=True) for g in Guarantee))
    return [
        c.kind
        for c in unmet(msgspec.structs.replace(READY, **changes), judged(home, day, known=HEARD))
    ]


@pytest.mark.parametrize(
    ("day", "identified_on", "conditions"),
    [
        (
            date(2026, 7, 19),
            date(2026, 1, 20),
            [UnmetKind.CLEAR_PERIOD, UnmetKind.IDENTIFIED_PERIOD],
        ),
        (date(2026, 7, 20), date(2026, 1, 20), [UnmetKind.CLEAR_PERIOD]),
        (date(2026, 7, 31), date(2026, 1, 20), [UnmetKind.CLEAR_PERIOD]),
        (date(2026, 8, 1), date(2026, 1, 20), []),
        (date(2026, 8, 1), date(2026, 2, 2), [UnmetKind.IDENTIFIED_PERIOD]),
        (date(2026, 8, 2), date(2026, 2, 2), []),
    ],
)
def test_each_of_the_two_periods_is_listed_until_its_own_day(
    day: date, identified_on: date, conditions: list[UnmetKind]
) -> None:
    assert kept(day, identified_on=identified_on) == conditions


def test_once_people_let_it_go_nothing_of_the_spell_is_left() -> None:
    home = household(income("90000"), *(checked(g, g.value, is_met=True) for g in Guarantee))
    assessment = judged(home, date(2026, 8, 1), known=HEARD)
    done = decide(
        READY, assessment, CaseDecided(decision=Decision.ELIMINATED, decided_on=date(2026, 8, 1))
    )

    assert isinstance(done, DecisionEffect)
    assert [m.movement for m in done.moves] == [Movement.EXITED]
    after = done.position
    assert (
        after.status,
        after.clear_since,
        after.identified_on,
        after.times_wavered,
        after.is_due,
        after.is_not_marked,
    ) == (
        Status.CLEAR,
        None,
        None,
        0,
        False,
        False,
    )
    assert (Position().is_due, Position().is_not_marked, Position().times_wavered) == (
        False,
        False,
        0,
    )


def test_a_fact_of_a_policy_is_looked_up_from_county_to_nation() -> None:
    county = policy()
    (place,) = county.places.values()

    def served(code: str) -> Policy:
        return Policy(
            county.bundle,
            county.title,
            county.currency,
            illustrative=False,
            places={code: Place(code, place.title, place.dates, place.days)},
        )

    assert [
        served(code).place("370302101201") is not None
        for code in ("370302", "370300", "370000", "000000")
    ] == [True] * 4
    assert [
        served(code).place("370302101201")
        for code in ("370303", "370400", "380000", "300000", "371000")
    ] == [None] * 5


def test_a_fresh_household_is_due_for_nothing() -> None:
    home, _ = fold(Household(), income("1"), income("1").data, None)  # type: ignore[arg-type]

    assert (home.position, home.is_refused) == (Position(), False)


def test_people_may_say_not_marked_themselves_once_and_the_rules_do_not_say_it_again() -> None:
    home = msgspec.structs.replace(household(income("90000")), position=READY)
    word = CaseDecided(decision=Decision.NOT_MARKED, decided_on=date(2026, 8, 1))
    first = decide(READY, judged(home, date(2026, 8, 1), known=HEARD), word)
    assert isinstance(first, DecisionEffect)
    again = decide(first.position, judged(home, date(2026, 8, 1), known=HEARD), word)

    assert ([m.movement for m in first.moves], first.position.is_not_marked) == (
        [Movement.NOT_MARKED],
        True,
    )
    assert again == DecisionEffect(first.position)


def test_while_a_member_is_in_doubt_the_group_stays_and_what_is_urgent_is_told() -> None:
    poor, ill, storm = income("7000"), claim("6000"), disaster("storm")
    calm, _ = step(household(poor, ill))
    struck, moves = step(fresh(household(poor, ill, in_doubt(), storm), position=calm.position))
    urgent, _ = step(household(poor, storm))
    struck_still = fresh(household(poor, storm, in_doubt()), position=urgent.position)
    still, nothing = step(struck_still)
    # danger goes with its ground, and the group waits for the doubt to be settled
    held, eased = step(fresh(household(poor, in_doubt()), position=urgent.position))

    assert (calm.position.is_urgent, struck.position.is_urgent, struck.position.group) == (
        False,
        True,
        calm.position.group,
    )
    assert [m.movement for m in moves] == [Movement.WORSENED]
    assert (urgent.position.is_urgent, still.position.is_urgent, nothing) == (True, True, ())
    assert (held.position.is_urgent, held.position.group) == (False, urgent.position.group)
    assert [m.movement for m in eased] == [Movement.EASED]


def test_every_condition_that_is_not_met_has_its_sentence_in_both_languages() -> None:
    assert set(CONDITIONS) == set(UnmetKind)
    assert all(not words.zh.isascii() and words.en.isascii() for words in CONDITIONS.values())
