"""Tests the policy in sentences.

Every scenario of tests/scenarios comes out as it says, and reads as it should.
"""

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from foothold_risk.messages.transition import RULES_VERSION
from foothold_risk.policy.text import PolicyError
from foothold_schemas.messages.transitions import Transition
from tests.support.made.recorded import FILE, changed, played, texts
from tests.support.made.scenario import play

KEYS = {
    "name",
    "case",
    "policy",
    "household",
    "heard",
    "spoke",
    "opened",
    "until",
    "facts",
    "expect",
    "refused",
    "policy_refused",
}
OF_A_TRANSITION = {
    "day",
    "movement",
    "group",
    "findings",
    "reason",
    "exit",
    "lead",
    "urgent",
    "spell",
}
EXPECTED = OF_A_TRANSITION | {
    "identified",
    "line",
    "hints",
    "hint",
    "ahead",
    "stale",
    "back_to",
    "per_head",
    "episode",
    "told",
    "wavering",
}
MOST_LINES = 25


def scenarios() -> list[Any]:
    numbers = Counter[str]()
    params = []
    for file, text in texts():
        numbers[file.stem] += 1
        params.append(pytest.param(file, text, id=f"{file.stem}.{numbers[file.stem]}"))
    return params


def excerpt(transition: Transition, asked: dict[str, Any]) -> dict[str, Any]:
    """What was said, of the kinds the scenario asks for."""
    figures = transition.figures
    everything = {
        "day": transition.open_day,
        "movement": transition.movement.value,
        "group": None if transition.group is None else transition.group.value,
        "findings": [f.rule.value for f in transition.findings],
        "exit": None if transition.exit_reason is None else transition.exit_reason.value,
        "lead": transition.is_lead,
        "urgent": transition.is_urgent,
        "spell": transition.spell,
        "identified": transition.is_identified,
        "episode": transition.episode,
        "told": transition.is_told,
        "wavering": transition.is_wavering,
        "line": str(figures.line),
        "per_head": str(figures.net_per_head),
        "hints": [h.kind.value for h in transition.hints],
        "hint": (
            asked.get("hint")
            if any(str(asked.get("hint")) in h.text.zh + h.text.en for h in transition.hints)
            else None
        ),
        "back_to": transition.looks_back_to,
        "stale": [s.feed for s in transition.stale],
        "ahead": [f.months_ahead for f in transition.forecast if f.is_below],
        "reason": (
            asked.get("reason")
            if str(asked.get("reason")) in transition.reason.zh + transition.reason.en
            else transition.reason.zh
        ),
    }
    return {key: everything[key] for key in asked}


@pytest.mark.parametrize(("file", "text"), scenarios())
def test_a_scenario_comes_out_as_it_says(file: Path, text: str) -> None:
    scenario = yaml.safe_load(text)
    if (complaint := scenario.get("policy_refused")) is not None:
        with pytest.raises(PolicyError, match=complaint):
            play(scenario)
        return
    life = played(text)

    expected = scenario["expect"]
    shown = [
        excerpt(transition, asked) for transition, asked in zip(life.said, expected, strict=False)
    ]
    more = [
        {"day": transition.open_day, "movement": transition.movement.value}
        for transition in life.said[len(expected) :]
    ]
    assert expected == [*shown, *more], file
    assert scenario.get("refused", []) == [
        {"day": day, "because": why} for day, why in life.refused
    ]
    assert all(
        transition.reason.zh
        and transition.policy.bundle
        and all(f.policy.reference for f in transition.findings)
        for transition in life.said
    )


@pytest.mark.parametrize(("file", "text"), scenarios())
def test_a_scenario_reads_as_it_should(file: Path, text: str) -> None:
    scenario = yaml.safe_load(text)

    assert len(text.strip().splitlines()) <= MOST_LINES, file
    assert set(scenario) <= KEYS
    assert {"name", "case", "facts", "expect"} <= set(scenario)
    assert re.fullmatch(r"[A-Z].+（[一-鿿，、]+）\.", scenario["name"]), (
        "an English sentence that ends with the official term in brackets"
    )
    assert re.fullmatch(r"[PTE][0-9]{2}", scenario["case"])
    assert all(
        set(asked) <= EXPECTED and {"day", "movement"} <= set(asked) for asked in scenario["expect"]
    )
    assert not re.search(r"\{\{|\{%|!!|__|lambda|eval", text), "no code"
    assert all(type(day) is date for day in (fact["day"] for fact in scenario["facts"]))


def test_the_cases_policy_asks_for_are_there() -> None:
    cases = {yaml.safe_load(p.values[1])["case"] for p in scenarios()}

    listed = {
        f"P{n:02d}"
        for n in (
            1,
            2,
            4,
            5,
            6,
            7,
            9,
            10,
            11,
            12,
            15,
            16,
            17,
            21,
            22,
            23,
            27,
            28,
            29,
            30,
            33,
            34,
            39,
            42,
        )
    }
    assert cases >= listed | {"T20", "T24", "T25", "T27", "T28", "T35", "T36", "T54"}


def test_rules_that_decide_otherwise_bear_another_version() -> None:
    recorded = json.loads(FILE.read_text(encoding="utf-8"))

    assert (recorded["rules"], changed(recorded)) == (RULES_VERSION, []), (
        "raise RULES_VERSION unless it was raised since the last release, say in CHANGELOG.md what"
        " changes for groups and periods, then: python -m tests.support.made.recorded"
    )
