"""What the policy promises, for any facts, kinds, days and doors.

Of repeats, corrections, people's words, wavering and order.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from foothold_risk.messages.judge import Subject, judge
from foothold_risk.rules.context.cause import Cause, cause_of
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted, HarmlessReason
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import Hazard, HomeState, HouseholdFact
from foothold_schemas.facts.register import Member
from foothold_schemas.facts.reports import Concern
from foothold_schemas.facts.saw import Saw, SeenEvent
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Transition
from foothold_schemas.values import Fen
from tests.risk.lives.test_properties import facts
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    OPEN_DAY,
    amending,
    checked,
    claim,
    disaster,
    graded,
    household,
    identity,
    income,
    judged,
    record,
    registered,
    reported,
    retracted,
    spending,
)
from tests.support.made.rules import ALL_IN_FORCE
from tests.support.made.versions import TICK
from tests.support.reference.statements import name_of

HEARD: dict[str, tuple[Span, ...]] = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}
WAVERING = 30
STATEMENTS = (
    "IncomeReported",
    "MedicalClaimSettled",
    "SpendingReported",
    "DisasterStruck",
    "GuaranteeChecked",
    "HouseholdGraded",
)


@dataclass(slots=True)
class Listener:
    """A household from day to day, and what was said of it."""

    home: Household = field(default_factory=Household)
    transitions: list[tuple[date, Transition]] = field(default_factory=list)

    def day(self, day: date) -> list[Transition]:
        """A new day."""
        return self._judge(day, Cause(identity(f"day {day}"), datetime(2026, 6, 1, tzinfo=UTC)))

    def fact(self, fact: FactRecord, day: date) -> list[Transition]:
        """Something that came on the day, told on it."""
        moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC) + TICK * len(
            self.transitions
        )
        return self.hear(fact.model_copy(update={"time": moment, "recorded_time": moment}), day)

    def hear(self, fact: FactRecord, day: date) -> list[Transition]:
        """Something that came on the day, told when it says."""
        before = self.home
        self.home, folded = fold(before, fact, cast(HouseholdFact, fact.data), day)
        if self.home is before:
            return []
        decided = fact.data if isinstance(fact.data, CaseDecided | FindingExempted) else None
        return self._judge(day, cause_of(fact, is_correction=folded is Folded.REPLACED), decided)

    def _judge(
        self, day: date, cause: Cause, decided: CaseDecided | FindingExempted | None = None
    ) -> list[Transition]:
        done = judge(
            Subject(HOUSEHOLD, self.home, cause, decided),
            Control(open_day=day, bundle=ALL_IN_FORCE.bundle, heard=HEARD),
            ALL_IN_FORCE,
        )
        self.home = done.household
        self.transitions += [(day, transition) for transition in done.transitions]
        return list(done.transitions)


def otherwise(fact: FactRecord) -> FactRecord:
    """The statement with other content under the same name."""
    data: Any = fact.data
    changed: dict[str, object]
    match data.kind:
        case "IncomeReported":
            changed = {"amount": Fen(data.amount + 12_300)}
        case "MedicalClaimSettled" | "SpendingReported":
            changed = {"total": Fen(data.total + 4_567_800)}
        case "DisasterStruck":
            changed = {
                "home": (
                    HomeState.DESTROYED
                    if data.home is not HomeState.DESTROYED
                    else HomeState.UNHURT
                )
            }
        case "GuaranteeChecked":
            changed = {"is_met": not data.is_met}
        case _:
            changed = {"grade": Grade.D if data.grade is not Grade.D else Grade.A}
    return fact.model_copy(update={"data": data.model_copy(update=changed)})


def by_door(door: str, first: FactRecord, wrong: FactRecord) -> list[FactRecord]:
    """The wrong statement and the right one again.

    By id, by name with a later time, by its row alone, or taken back.
    """

    def as_new(fact: FactRecord, name: str, ticks: int, row: int | None = None) -> FactRecord:
        return fact.model_copy(
            update={
                "fact_id": identity(name),
                "id": name,
                "time": first.time + ticks * TICK,
                "place": None if row is None else (row,),
            }
        )

    match door:
        case "by id":
            return [
                amending(as_new(wrong, "wrong", 1), first.id),
                amending(as_new(first, "back", 2), "wrong"),
            ]
        case "by time":
            return [as_new(wrong, "wrong", 1), as_new(first, "back", 2)]
        case "by row":
            return [as_new(wrong, "wrong", 0, 1), as_new(first, "back", 0, 2)]
        case _:
            return [
                as_new(wrong, "wrong", 1),
                retracted("wrong", name="taken back", at=first.recorded_time),
            ]


def figures_of(view: HouseholdOnDay) -> tuple[int | None, ...]:
    """What a household's numbers come to."""
    return (
        view.net,
        view.reference,
        view.net_per_head,
        view.reference_per_head,
        view.own_shares,
        view.claims_income,
    )


DOORS = ("by id", "by time", "by row", "taken back")
one_statement = st.sampled_from(
    [
        claim("4321.00", "one", day=date(2026, 3, 1), person_ref="p0"),
        spending("4321.00", "one", day=date(2026, 3, 1), number="E1"),
        income("4321.00", "one", month="2026-04", yearly=False, number="M1"),
        income("4321.00", "one", month="2026-04", number="M2"),
        income("4321.00", "unnamed", month="2026-04", yearly=False, item="day work"),
        income("4321.00", "one", month="2026-05", item="crops", category="operating"),
        disaster("one", day=date(2026, 3, 1), home=HomeState.BADLY_DAMAGED),
        checked(Guarantee.HOUSING, "one", is_met=False, day=date(2026, 5, 20)),
        graded(Grade.B, "one", day=date(2026, 5, 20)),
    ]
)


@settings(max_examples=min(100, settings().max_examples))
@given(facts(), one_statement, st.sampled_from(DOORS), st.randoms(use_true_random=False))
def test_a_statement_corrected_and_corrected_back_by_any_door_leaves_everything_as_it_was(
    given_facts: list[FactRecord], first: FactRecord, door: str, chance: random.Random
) -> None:
    assume(door in ("by id", "taken back") or "unnamed" not in first.id)
    others = [f for f in given_facts if name_of(f) != name_of(first)]
    history = [*others, first, *by_door(door, first, otherwise(first))]
    chance.shuffle(history)
    once, corrected = (
        judged(household(*others, first), rules=ALL_IN_FORCE),
        judged(household(*history), rules=ALL_IN_FORCE),
    )

    assert (once.kinds, once.target) == (corrected.kinds, corrected.target)
    assert (once.view.net, once.view.reference_per_head, once.view.own_shares) == (
        corrected.view.net,
        corrected.view.reference_per_head,
        corrected.view.own_shares,
    )
    assert [(g.kind, g.events, g.value, g.beyond) for g in once.grounds] == [
        (g.kind, g.events, g.value, g.beyond) for g in corrected.grounds
    ]


@given(one_statement, st.sampled_from(["6000.00", "90000.00"]), st.integers(0, 40), st.booleans())
def test_a_repeat_under_a_new_id_is_told_to_nobody_whatever_people_said_before(
    first: FactRecord,
    amount: str,
    later: int,
    is_dismissed: bool,  # noqa: FBT001
) -> None:
    life, day = Listener(), OPEN_DAY
    for fact in (registered(), income(amount, "year", category="property"), first):
        life.fact(fact, day)
    if is_dismissed:
        life.fact(
            record(CaseDecided(decision=Decision.DISMISSED, decided_on=day), "dismissed"), day
        )
    day += timedelta(days=later)
    life.day(day)
    position = life.home.position
    again = first.model_copy(update={"fact_id": identity("again"), "id": "again"})

    assert life.fact(again, day) == []
    assert life.home.position == position


NEWS: dict[str, Callable[[date], FactRecord]] = {
    "another disaster": lambda day: _of(
        disaster("second", day=day, home=HomeState.BADLY_DAMAGED), hazard=Hazard.FLOOD
    ),
    "the disaster grown worse": lambda _: disaster(
        "graver", day=OPEN_DAY, home=HomeState.DESTROYED
    ),
    "another hazard of the same day": lambda _: _of(
        disaster("fire", day=OPEN_DAY, home=HomeState.BADLY_DAMAGED), hazard=Hazard.FIRE
    ),
    "another guarantee": lambda day: checked(Guarantee.WATER, "water", is_met=False, day=day),
    "a call for help": lambda day: reported(Concern.ILLNESS, "call", day=day),
    "a fallen review": lambda day: graded(Grade.D, "fallen", day=day),
    "a bill that weighs": lambda day: claim("60000.00", "heavy", day=day),
    "a fall below the line": lambda _: amending(
        income("3000.00", "poor", category="property", item="rent"), "year"
    ),
}


def _of(fact: FactRecord, **changed: object) -> FactRecord:
    return fact.model_copy(update={"data": fact.data.model_copy(update=changed)})


WORDS = ("dismissed", "dismissed by the page", "exempt", "exempt by the page")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("news", sorted(NEWS))
@pytest.mark.parametrize(("later", "repeats"), [(0, 0), (1, 3), (30, 2), (45, 1)])
def test_after_any_word_of_people_what_it_did_not_see_is_told_the_same_day(
    news: str, word: str, later: int, repeats: int
) -> None:
    life, day = Listener(), OPEN_DAY
    begun = [
        registered([Member(person_ref="p0"), Member(person_ref="p1")]),
        income("90000.00", "year", category="property", item="rent"),
        graded(Grade.A, "review", day=date(2026, 1, 1)),
        disaster("first", day=day, home=HomeState.BADLY_DAMAGED),
        checked(Guarantee.HOUSING, "housing", is_met=False, day=day),
        claim("25000.00", "bill", day=day),
    ]
    for fact in begun:
        life.fact(fact, day)
    page = life.transitions[-1][1].saw
    if word.startswith("dismissed"):
        saw = page if "page" in word else None
        life.fact(
            record(CaseDecided(decision=Decision.DISMISSED, decided_on=day, saw=saw), "word"), day
        )
    else:
        for n, shown in enumerate(page):
            saw_of = shown if "page" in word else None
            exempted = FindingExempted(
                finding=shown.finding,
                reason=HarmlessReason.CAN_COPE,
                by="chen",
                exempted_on=day,
                until=day + timedelta(days=200),
                saw=saw_of,
            )
            life.fact(record(exempted, f"word {n}"), day)
    assert not life.home.position.is_in_episode
    for n in range(repeats):
        again = begun[-1 - n % 3]
        assert (
            life.fact(
                again.model_copy(update={"fact_id": identity(f"again {n}"), "id": f"again-{n}"}),
                day,
            )
            == []
        )
    day += timedelta(days=later)
    life.day(day)
    transitions = life.fact(NEWS[news](day), day)

    assert [(transition.is_lead, transition.is_told) for transition in transitions[:1]] == [
        (True, True)
    ], (
        news,
        [transition.movement for transition in transitions],
    )


turns = st.lists(
    st.tuples(st.integers(1, 33), st.booleans(), st.sampled_from(["check", "income", "version"])),
    min_size=2,
    max_size=12,
)


@settings(max_examples=min(40, settings().max_examples))  # each lives for months
@given(
    turns,
    st.sampled_from([("90000.00", "85000.00"), ("7000.00", "90000.00"), ("7000.00", "7600.00")]),
)
def test_the_same_ground_opens_no_second_case_and_is_told_at_most_once_in_the_days(
    steps: list[tuple[int, bool, str]], amounts: tuple[str, str]
) -> None:
    life, day, last = Listener(), OPEN_DAY, "year"
    for fact in (registered(), income(amounts[0], "year", category="property", item="rent")):
        life.fact(fact, day)
    met_on: date | None = None
    for n, (days, is_one, what) in enumerate(steps):
        for _ in range(days):
            day += timedelta(days=1)
            life.day(day)
        if what == "check":
            is_long_met = met_on is not None and (day - met_on).days > WAVERING
            # met for longer than the days, and unmet again, is another event
            assume(is_one or not is_long_met)
            met_on = (met_on or day) if is_one else None
            life.fact(checked(Guarantee.HOUSING, f"check {n}", is_met=is_one, day=day), day)
        elif what == "income":
            life.fact(
                amending(
                    income(amounts[is_one], f"income {n}", category="property", item="rent"), last
                ),
                day,
            )
            last = f"income {n}"
        else:
            life.fact(
                claim(("900.00", "300.00")[is_one], "bill", day=OPEN_DAY).model_copy(
                    update={"fact_id": identity(f"v{n}"), "id": f"v{n}"}
                ),
                day,
            )
    _at_most_once(life)


def _at_most_once(life: Listener) -> None:
    """Nobody is told twice within the days, and no other case begins within them.

    But for the first group of a case and the first danger in it.
    """
    last, ended, episode, firsts = None, None, 0, set[tuple[int, str]]()
    for day, transition in life.transitions:
        news = (
            {(transition.episode, "group")}
            if transition.group is not None
            else set[tuple[int, str]]()
        )
        news |= {(transition.episode, "danger")} if transition.is_urgent else set()
        if transition.is_told and last is not None and (day - last).days <= WAVERING:
            assert news - firsts, (day, transition.movement)
        if transition.is_lead and ended is not None and transition.episode != episode:
            assert (day - ended).days > WAVERING, (day, transition.movement)
        firsts |= news
        last = day if transition.is_told else last
        ended, episode = (
            (day, transition.episode) if transition.is_episode_over else (ended, transition.episode)
        )


@settings(max_examples=min(60, settings().max_examples))
@given(facts(), st.integers(0, 30), st.randoms(use_true_random=False))
def test_what_people_saw_and_any_order_of_what_came_since_lead_to_the_same(
    given_facts: list[FactRecord], later: int, chance: random.Random
) -> None:
    begun = [
        registered(),
        income("90000.00", "year", item="rent", category="property"),
        disaster("first", day=OPEN_DAY, home=HomeState.BADLY_DAMAGED),
    ]
    since = [f for f in given_facts if f.data.kind != "HouseholdRegistered"]
    orders = (since, chance.sample(since, len(since)))
    day, stood = OPEN_DAY + timedelta(days=later), list[object]()
    for order in orders:
        life = Listener()
        for fact in begun:
            life.fact(fact, OPEN_DAY)
        life.fact(
            record(
                CaseDecided(
                    decision=Decision.DISMISSED,
                    decided_on=OPEN_DAY,
                    saw=life.transitions[-1][1].saw,
                ),
                "word",
            ),
            OPEN_DAY,
        )
        for fact in order:
            life.home, _ = fold(life.home, fact, cast(HouseholdFact, fact.data), OPEN_DAY)
        looked = judged(life.home, day, ALL_IN_FORCE, HEARD)
        stood.append(
            (
                looked.kinds,
                looked.target,
                looked.view.reference_per_head,
                [w.kind for w in looked.words],
            )
        )

    assert stood[0] == stood[1]


@settings(max_examples=min(60, settings().max_examples))
@given(
    st.lists(st.tuples(st.sampled_from(list(Concern)), st.integers(0, 9), st.integers(0, 9))),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4),
    st.lists(st.sampled_from(list(Guarantee)), max_size=2),
    st.randoms(use_true_random=False),
)
def test_reports_and_what_people_decided_lead_to_the_same_in_any_order(
    given_reports: list[tuple[Concern, int, int]],
    given_decisions: list[tuple[int, int]],
    seen: list[Guarantee],
    chance: random.Random,
) -> None:
    """A report is answered by what was decided after it, whichever of the two arrives first.

    What people saw of a guarantee is covered, also where it arrives after their word.
    """
    day = OPEN_DAY + timedelta(days=10)
    reports = [
        _on_record(reported(c, f"report {n}", day=OPEN_DAY + timedelta(days=on)), at, n)
        for n, (c, on, at) in enumerate(given_reports)
    ]
    decisions = [
        _on_record(
            record(
                CaseDecided(decision=Decision.IDENTIFIED, decided_on=OPEN_DAY + timedelta(days=on)),
                f"decision {n}",
            ),
            at,
            100 + n,
        )
        for n, (on, at) in enumerate(given_decisions)
    ]
    checks = [checked(g, f"unmet {g}", is_met=False, day=day) for g in set(seen)]
    words = [_seen_unmet(g, day) for g in set(seen)]
    begun = [
        registered(),
        income("7000.00", "year", category="property", item="rent"),
        disaster("first", day=OPEN_DAY, home=HomeState.BADLY_DAMAGED),
    ]
    facts_and_words = [*reports, *decisions, *checks, *words]
    stood = []
    for order in (facts_and_words, chance.sample(facts_and_words, len(facts_and_words))):
        life = Listener()
        for fact in begun:
            life.fact(fact, day)
        for fact in order:
            life.hear(fact, day)
        stood.append(judged(life.home, day, ALL_IN_FORCE, HEARD).kinds)
    unanswered = any(
        not any(
            on <= until and (at, n) <= (recorded, 100 + m)
            for m, (until, recorded) in enumerate(given_decisions)
        )
        for n, (_, on, at) in enumerate(given_reports)
    )

    assert stood[0] == stood[1]
    if len({(c, on) for c, on, _ in given_reports}) == len(given_reports):  # each of another name
        assert (FindingKind.RISK_REPORTED in stood[0]) is unanswered
    assert FindingKind.GUARANTEE_MISSING not in stood[0]


def _on_record(fact: FactRecord, minute: int, place: int) -> FactRecord:
    moment = datetime(2026, 6, 10, 4, minute, tzinfo=UTC)
    return fact.model_copy(update={"time": moment, "recorded_time": moment, "place": (place,)})


def _seen_unmet(guarantee: Guarantee, day: date) -> FactRecord:
    """People's word that it is harmless, and what they saw."""
    event = SeenEvent(name=guarantee.value, last=day)
    saw = Saw(finding=FindingKind.GUARANTEE_MISSING, events=(event,), events_total=1, is_below=True)
    word = FindingExempted(
        finding=saw.finding,
        reason=HarmlessReason.CAN_COPE,
        by="chen",
        exempted_on=day,
        until=day + timedelta(days=300),
        saw=saw,
    )
    return record(word, f"harmless {guarantee}")
