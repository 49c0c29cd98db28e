from enum import StrEnum
from typing import get_args

import pytest

from foothold_alerts.queries.lists import QUESTIONS, WorkList
from foothold_alerts.rules.case import CloseReason, ReliefKind, ReliefStatus, Role, Stage
from foothold_alerts.rules.relief.relief import ReliefAct
from foothold_alerts.web.words import WORDS, en, zh
from foothold_alerts.workflows import load
from foothold_risk.rules.money.trace import trace
from foothold_schemas.facts.checks import SpendingCategory
from foothold_schemas.facts.decisions import HarmlessReason
from foothold_schemas.facts.facts import IncomeCategory
from foothold_schemas.facts.feeds import FeedKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.values import Group, Standing
from tests.support.made.build import claim, household, income, judged, spending


@pytest.mark.parametrize(
    "codes",
    [
        Stage,
        CloseReason,
        ReliefKind,
        ReliefStatus,
        Group,
        Standing,
        FindingKind,
        HintKind,
        HarmlessReason,
        Movement,
        Role,
        ReliefAct,
    ],
    ids=lambda e: e.__name__,
)
def test_every_code_a_page_shows_has_a_chinese_and_an_english_word(codes: type[StrEnum]) -> None:
    for code in codes:
        assert code.value in WORDS
        assert zh(code.value) != en(code.value)


def test_every_step_has_its_words_in_the_history() -> None:
    assert {step.name for workflow in load().versions.values() for step in workflow.steps} <= set(
        WORDS
    )


def test_every_act_of_a_relief_has_its_words_in_the_history() -> None:
    assert {f"relief_{act.value}" for act in ReliefAct} <= set(WORDS)


def test_every_feed_has_its_words() -> None:
    assert set(get_args(FeedKind)) <= set(WORDS)


def test_every_term_of_a_sum_risk_can_show_has_its_words() -> None:
    incomes = [
        income(
            "12.00",
            c.value,
            category=c,
            yearly=False,
            expense="1.00" if c is IncomeCategory.OPERATING else "0",
        )
        for c in IncomeCategory
    ]
    costs = [spending("1.00", c.value, category=c.value) for c in SpendingCategory]
    lines = trace(judged(household(income("1.00"), *incomes, *costs, claim("5.00"))).view)
    terms = {part.name for line in lines for part in line.parts if not part.name[0].isdigit()}

    assert len(terms) == 14
    assert terms <= set(WORDS)


def test_every_list_has_its_question_and_its_name() -> None:
    assert set(QUESTIONS) == set(WorkList)
    assert {f"list_{name}" for name in WorkList} <= set(WORDS)
