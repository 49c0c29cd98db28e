"""Random lives, day by day: what is said, and to whom, is what a model written apart says.

FOOTHOLD_WALKS sets how many; the default is a slice.
"""

import os
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest

from foothold_risk.messages.judge import Subject, judge
from foothold_risk.rules.context.cause import Cause, cause_of
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.steps import GOING_ON
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HouseholdFact
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status, Transition
from tests.support.made.build import AREA, HOUSEHOLD, OPEN_DAY, identity, value
from tests.support.made.rules import ALL_IN_FORCE
from tests.support.reference.lives import Writing
from tests.support.reference.log import SecondOpinion
from tests.support.reference.stand import Outbox

WALKS = int(os.environ.get("FOOTHOLD_WALKS", "100"))
SEED = int(os.environ.get("FOOTHOLD_WALKS_SEED", "20261130"))
HEARD: dict[str, tuple[Span, ...]] = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}
LOOKS = 5
"""Besides the days on which facts come, one day in so many is looked at."""


def monthly(rules: Policy) -> Policy:
    """The policy with a month each until a household may leave.

    So that whole stories fit into a life.
    """
    soon = {
        "exit_stable_months": value("exit.stable_months", 1),
        "exit_min_months_since_identified": value("exit.min_months_since_identified", 1),
    }
    places = {
        code: replace(p, days={day: replace(of, **soon) for day, of in p.days.items()})
        for code, p in rules.places.items()
    }
    return replace(rules, places=places)


RULES = monthly(ALL_IN_FORCE)


class Risk:
    """The rules, as the worker uses them, with one household."""

    def __init__(self) -> None:
        self.home = Household()
        self.transitions: tuple[Transition, ...] = ()

    def day(self, day: date) -> list[Outbox]:
        """A new day."""
        return self._judge(day, Cause(identity(f"day {day}"), datetime(2026, 6, 1, tzinfo=UTC)))

    def fact(self, fact: FactRecord, day: date) -> list[Outbox]:
        """Something that came."""
        before = self.home
        self.home, folded = fold(before, fact, cast(HouseholdFact, fact.data), day)
        assert folded not in (Folded.TOO_OLD, Folded.ID_REUSED, Folded.FULL), (
            folded,
            fact,
        )
        if self.home is before:
            return []
        decided = fact.data if isinstance(fact.data, CaseDecided | FindingExempted) else None
        return self._judge(
            day, cause_of(fact, is_correction=folded is Folded.REPLACED), decided, before
        )

    def _judge(
        self,
        day: date,
        cause: Cause,
        decided: CaseDecided | FindingExempted | None = None,
        before: Household | None = None,
    ) -> list[Outbox]:
        control = Control(open_day=day, bundle=RULES.bundle, heard=HEARD)
        done = judge(Subject(HOUSEHOLD, self.home, cause, decided, before), control, RULES)
        self.home, self.transitions = done.household, done.transitions
        ended = (
            *(Movement.EXITED, Movement.UNWATCHED, Movement.WATCHED, Movement.RESTORED),
            *GOING_ON,
        )
        return [
            (
                t.movement.value,
                t.exit_reason.value if t.exit_reason and t.movement in ended else None,
                t.is_told,
            )
            for t in done.transitions
        ]


def stands(risk: Risk) -> tuple[object, ...]:
    position = risk.home.position
    at = (
        position.status.value
        if position.status in (Status.GROUP, Status.RECOVERING)
        else "lead"
        if position.is_lead
        else position.status.value
    )
    numbers = position.episode, position.spell
    return at, position.group or "", numbers, position.identified_on, position.is_urgent


def live(seed: int, seen: Counter[str]) -> int:
    """One life, both opinions side by side. Returns how many facts came."""
    chance = random.Random(seed)  # noqa: S311 - chosen lives, not secrets
    writing, risk, second = Writing(chance), Risk(), SecondOpinion()
    today = writing.begin()
    for n in range(writing.days):
        day = OPEN_DAY + timedelta(days=n)
        facts = today if n == 0 else writing.of(day, second.stand)
        if n % LOOKS and not facts:
            continue
        for fact in (None, *facts):
            actual, expected = (
                (who.day(day) if fact is None else who.fact(fact, day) for who in (risk, second))
                if second.known or fact
                else ([], [])
            )
            about = f"life {seed} on {day}, {'the day' if fact is None else fact.id}"
            assert expected == actual, about
            stand = second.stand
            numbers = stand.episode, stand.spell
            is_danger = stand.is_danger and stand.at == "group"
            expected_stands = stand.at, stand.group, numbers, stand.identified, is_danger
            assert expected_stands == stands(risk), about
            writing.page = next((t.saw for t in reversed(risk.transitions) if t.saw), writing.page)
            seen.update(f"{movement}" for movement, _, _ in actual)
            seen.update(f"{movement} as {reason}" for movement, reason, _ in actual if reason)
            seen.update(
                f"{movement} {'told' if is_told else 'not told'}"
                for movement, _, is_told in actual
                if is_told is not None
            )
            seen.update(f"decided {t.decided.value}" for t in risk.transitions if t.decided)
            seen.update(f"refused {t.refused.value}" for t in risk.transitions if t.refused)
            seen.update({f"finding {f.rule.value}" for t in risk.transitions for f in t.findings})
    return len(writing.came)


NEVER = {f"finding {FindingKind.AREA_STRUCK.value}"}
"""Incidents of an area are told to everybody and have tests of their own."""
CATALOGUE = {
    *(m.value for m in Movement),
    *(f"exited as {r.value}" for r in ExitReason),
    *(
        f"unwatched as {r.value}"
        for r in ExitReason
        if r not in (ExitReason.CLEARED, ExitReason.ELIMINATED)
    ),
    *(
        f"{m} {word}"
        for m in ("relapsed", "watched", "moved", "worsened")
        for word in ("told", "not told")
    ),
    *(f"decided {d.value}" for d in Decision if d is not Decision.IDENTIFIED),
    *(f"refused {d.value}" for d in Decision),
    *(f"finding {k.value}" for k in FindingKind),
} - NEVER
"""What the lives must come to."""


@pytest.mark.timeout(7200)
def test_what_is_said_day_by_day_is_what_a_model_written_apart_says() -> None:
    seen, facts = Counter[str](), 0
    for number in range(WALKS):
        facts += live(SEED + number, seen)

    print(f"{WALKS} lives from seed {SEED}, {facts} facts")
    print("\n".join(f"{count:8} {word}" for word, count in sorted(seen.items())))
    assert not CATALOGUE - set(seen) or WALKS < 100
