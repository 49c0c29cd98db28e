"""Tests what must hold of people's words and of wavering, for random lives.

News is reported the same day, the same ground not twice, and a repeat changes nothing.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from foothold_risk.messages.judge import Subject, judge
from foothold_risk.rules.context.cause import Cause, cause_of
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import fold
from foothold_risk.rules.household.household import Household
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted, HarmlessReason
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import Hazard, HomeState
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Movement, Transition
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    OPEN_DAY,
    amending,
    checked,
    claim,
    disaster,
    identity,
    income,
    record,
    registered,
)
from tests.support.made.rules import ALL_IN_FORCE

LIVES, DAYS, WAVERING = 25, 60, 30
HEARD: dict[str, tuple[Span, ...]] = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}
INCOMES = ("7000.00", "7600.00", "90000.00")
LEADS = {
    Movement.WATCHED,
    Movement.ENTERED,
    Movement.RELAPSED,
    Movement.WORSENED,
    Movement.MOVED,
    Movement.ROLLED_BACK,
    Movement.REFLAGGED,
}


@dataclass(slots=True)
class Life:
    """A household, what was said of it, and whatever came."""

    home: Household = field(default_factory=Household)
    transitions: list[tuple[date, FactRecord | None, Transition]] = field(default_factory=list)
    facts: list[FactRecord] = field(default_factory=list)

    def look(self, day: date, fact: FactRecord | None = None) -> tuple[Transition, ...]:
        before = self.home
        if fact is not None:
            self.home, _ = fold(before, fact, fact.data, day)  # type: ignore[arg-type]  # household facts only
            self.facts.append(fact)
            if self.home is before:
                return ()
        cause = (
            Cause(identity(f"day {day}"), datetime(2026, 6, 1, tzinfo=UTC))
            if fact is None
            else cause_of(fact)
        )
        control = Control(open_day=day, bundle=ALL_IN_FORCE.bundle, heard=HEARD)
        decided = (
            fact.data
            if fact is not None and isinstance(fact.data, CaseDecided | FindingExempted)
            else None
        )
        done = judge(Subject(HOUSEHOLD, self.home, cause, decided), control, ALL_IN_FORCE)
        self.home = done.household
        self.transitions += [(day, fact, transition) for transition in done.transitions]
        return done.transitions


def at(fact: FactRecord, day: date) -> FactRecord:
    moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    return fact.model_copy(update={"time": moment, "recorded_time": moment})


def something(chance: random.Random, life: Life, day: date, n: int) -> FactRecord:
    """An income corrected, a check, a bill, a disaster, or people's word."""
    match chance.randrange(6):
        case 0 | 1:
            old = [f.id for f in life.facts if f.data.kind == "IncomeReported"]
            return at(amending(income(chance.choice(INCOMES), f"income {n}"), *old[-1:]), day)
        case 2:
            return at(
                checked(
                    chance.choice([Guarantee.HOUSING, Guarantee.WATER]),
                    f"check {n}",
                    is_met=chance.random() < 0.5,
                    day=day,
                ),
                day,
            )
        case 3:
            return at(
                claim(chance.choice(("500.00", "9000.00", "21000.00")), f"bill {n}", day=day), day
            )
        case 4:
            return at(
                disaster(
                    f"storm {n}",
                    day=day,
                    home=chance.choice([HomeState.BADLY_DAMAGED, HomeState.DESTROYED]),
                ),
                day,
            )
        case _:
            if chance.random() < 0.5:
                return at(
                    record(
                        CaseDecided(decision=Decision.DISMISSED, decided_on=day), f"dismissed {n}"
                    ),
                    day,
                )
            kind = chance.choice(
                [
                    FindingKind.GUARANTEE_MISSING,
                    FindingKind.DISASTER_LOSS,
                    FindingKind.RIGID_SPENDING_RATIO,
                ]
            )
            word = FindingExempted(
                finding=kind,
                reason=HarmlessReason.CAN_COPE,
                by="chen",
                exempted_on=day,
                until=day + timedelta(days=300),
            )
            return at(record(word, f"exempt {n}"), day)


def lived(chance: random.Random) -> Life:
    life = Life()
    for fact in (registered(), income(chance.choice(INCOMES))):
        life.look(OPEN_DAY, fact)
    for n in range(DAYS):
        day = OPEN_DAY + timedelta(days=n)
        life.look(day)
        if chance.random() < 0.35:
            life.look(day, something(chance, life, day, n))
    return life


@pytest.fixture(scope="module")
def lives() -> list[Life]:
    chance = random.Random(20261130)  # noqa: S311 - chosen lives, not secrets
    return [lived(chance) for _ in range(LIVES)]


def test_a_disaster_is_told_on_its_day_whatever_people_said_before(lives: list[Life]) -> None:
    disasters = 0
    for life in lives:
        for fact in (f for f in life.facts if f.data.kind == "DisasterStruck"):
            transitions = [transition for _, cause, transition in life.transitions if cause is fact]
            assert [
                transition.is_told
                for transition in transitions
                if transition.is_lead and transition.movement in LEADS
            ][:1] == [True], (fact.time, [s.movement for s in transitions])
            disasters += 1
    assert disasters > LIVES


def test_nobody_is_told_of_an_income_within_the_days_unless_it_wakes_a_word_or_opens_a_case(
    lives: list[Life],
) -> None:
    quiet = 0
    for life in lives:
        last: date | None = None
        for day, fact, transition in life.transitions:
            kind = "day" if fact is None else fact.data.kind
            is_word = any(f.data.kind in ("CaseDecided", "FindingExempted") for f in life.facts)
            is_new_case = transition.movement in (Movement.WATCHED, Movement.ENTERED)
            if (
                transition.is_told
                and kind in ("IncomeReported", "day")
                and last is not None
                and (day - last).days <= WAVERING
            ):
                assert is_word or is_new_case, (day, transition.movement, kind)
            quiet += transition.is_told is False
            last = day if transition.is_told else last
    assert quiet > LIVES


def test_no_two_cases_of_the_same_ground_begin_within_the_days_but_by_people_or_news(
    lives: list[Life],
) -> None:
    for life in lives:
        before: tuple[date, Transition] | None = None
        for day, fact, transition in life.transitions:
            if (
                before is not None
                and transition.episode > before[1].episode
                and (day - before[0]).days <= WAVERING
            ):
                by_people = before[1].exit_reason in ("dismissed", "exempted")
                is_income = fact is not None and fact.data.kind == "IncomeReported"
                assert by_people or not is_income or bool(life.home.position.words), (
                    day,
                    transition.movement,
                )
                assert transition.is_told
                before = None
            if transition.is_episode_over:
                before = (day, transition)


def test_a_repeat_of_any_fact_says_nothing_to_anybody(lives: list[Life]) -> None:
    for life in lives:
        day = OPEN_DAY + timedelta(days=DAYS - 1)
        for fact in life.facts:
            if fact.data.kind in ("DisasterStruck", "GuaranteeChecked"):
                newest = max(
                    (f for f in life.facts if f.data.kind == fact.data.kind), key=lambda f: f.time
                )
                again = newest.model_copy(
                    update={"fact_id": identity(f"again {newest.id}"), "id": f"again-{fact.id}"}
                )
                after = Life(life.home, [], list(life.facts))
                assert [transition.movement for transition in after.look(day, again)] == [], again
                break


def test_hazards_of_one_day_are_events_of_their_own() -> None:
    life = Life()
    for fact in (registered(), income("7000")):
        life.look(OPEN_DAY, fact)
    first = life.look(OPEN_DAY, at(disaster("storm", home=HomeState.BADLY_DAMAGED), OPEN_DAY))
    flood = disaster("flood", home=HomeState.BADLY_DAMAGED)
    second = life.look(
        OPEN_DAY,
        at(
            flood.model_copy(
                update={"data": flood.data.model_copy(update={"hazard": Hazard.FLOOD})}
            ),
            OPEN_DAY,
        ),
    )

    assert [(transition.movement, transition.is_told) for transition in (*first, *second)] == [
        (Movement.ENTERED, True),
        (Movement.WORSENED, True),
    ]
