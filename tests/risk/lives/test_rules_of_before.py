"""Tests a state, a log and messages of rules 9 (`data/rules-9.json`).

They were made by the program of then: readable, explained by themselves, and folded anew by these
rules.
"""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from foothold_risk.explain import as_said, differences
from foothold_risk.messages.judge import Subject, judge
from foothold_risk.rules.context.cause import cause_of
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.household.fold import fold
from foothold_risk.rules.household.household import Household, Position
from foothold_risk.worker.folding import carried, moved
from foothold_risk.worker.state import unpack
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Movement, Status, Transition
from foothold_schemas.values import Group
from tests.support.made.build import HOUSEHOLD
from tests.support.made.scenario import EVERYTHING_HEARD, policy_of

MADE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data/rules-9.json").read_text(encoding="utf-8")
)
FACTS = [FactRecord.model_validate(fact) for fact in MADE["facts"]]
SAID = [Transition.model_validate(row) for row in MADE["transitions"]]
LAST = date(2026, 6, 16)


def folded() -> Household:
    """The log by these rules."""
    home, rules = Household(), policy_of({})
    for fact in FACTS:
        day = max(date(2026, 6, 10), fact.recorded_time.date())
        home, _ = fold(home, fact, fact.data, day)  # type: ignore[arg-type]  # household facts only
        control = Control(open_day=day, bundle=rules.bundle, heard=EVERYTHING_HEARD)
        decided = fact.data if fact.data.kind == "CaseDecided" else None
        home = judge(Subject(HOUSEHOLD, home, cause_of(fact), decided), control, rules).household
    return home


def test_a_state_of_rules_9_is_read_and_what_they_dismissed_stands_dismissed() -> None:
    old = unpack(bytes.fromhex(MADE["state"]))

    assert (MADE["rules"], old.position.number, old.position.dismissed) == (
        "9",
        2,
        (FindingKind.DISASTER_LOSS,),
    )
    assert not old.position.is_in_episode


def test_their_words_explain_themselves_and_are_compared_with_nothing_of_now() -> None:
    assert differences([], SAID, LAST) == []
    assert as_said([], SAID, LAST) == SAID
    assert {t.policy.rules_version for t in SAID} == {"9"}
    assert as_said([], SAID, LAST - timedelta(days=5)) == SAID[:2]


def test_folded_anew_the_second_disaster_they_were_blind_to_is_a_group_in_its_own_case() -> None:
    old, new = unpack(bytes.fromhex(MADE["state"])).position, folded().position
    position = carried(old, new)

    assert (new.group, moved(old, position)) == (Group.SUDDEN_HARDSHIP, Movement.ENTERED)
    assert (position.number, position.episode, position.spell) == (2, 2, 1)


def test_where_it_stands_elsewhere_is_named_and_where_it_stood_nothing_is() -> None:
    group = Position(
        number=3, episode=1, spell=1, status=Status.GROUP, group=Group.MARGINAL, is_lead=True
    )
    lead, clear = (
        Position(number=5, episode=1, status=Status.WATCH, is_lead=True),
        Position(number=1),
    )

    assert moved(group, group) is None
    assert [
        moved(group, lead),
        moved(group, clear),
        moved(lead, clear),
        moved(clear, lead),
        moved(lead, group),
    ] == [
        Movement.EXITED,
        Movement.EXITED,
        Movement.UNWATCHED,
        Movement.WATCHED,
        Movement.ENTERED,
    ]
    assert carried(lead, group).number == 5
    assert (
        carried(lead, group).episode,
        carried(clear, group).episode,
        carried(group, lead).spell,
    ) == (1, 1, 1)
