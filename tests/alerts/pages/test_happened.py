"""What a page says of a transition is what happened: every movement with every word and reason."""

from itertools import product
from typing import Any

import pytest

from foothold_alerts.cases.changes import _news
from foothold_alerts.rules.happened import DECISIONS, ENDS, in_a_sentence, in_words
from foothold_alerts.rules.notices import Event, words
from foothold_alerts.rules.relief.causes import NOTHING
from foothold_alerts.rules.respond import respond
from foothold_schemas.facts.decisions import Decision
from foothold_schemas.messages.transitions import ExitReason, Movement, Transition
from foothold_schemas.titles import TITLES
from foothold_schemas.values import Group, Sentence
from tests.support.alerts import WEEKENDS, WORKFLOW, transition

WHILE_RECOVERING = ("恢复期", "while recovering")


def body(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    moved = transition("a", 2, **changes)
    return moved.model_dump(mode="json", exclude_none=True)


def test_every_decision_and_every_reason_of_an_end_has_its_words() -> None:
    assert (set(DECISIONS), set(ENDS)) == (set(Decision), set(ExitReason))
    assert set(TITLES[Movement]) == set(Movement)


@pytest.mark.parametrize("movement", Movement)
@pytest.mark.parametrize("decided", Decision)
def test_what_people_decided_is_told_as_theirs_however_the_household_moved(
    movement: Movement, decided: Decision
) -> None:
    phrase = in_words(body(movement=movement, decided=decided))

    assert "人工决定" in phrase.zh
    assert "people decided" in phrase.en
    assert DECISIONS[decided].zh in phrase.zh
    assert "反复" not in phrase.zh
    assert "relapsed" not in phrase.en


@pytest.mark.parametrize("movement", Movement)
@pytest.mark.parametrize("reason", ExitReason)
def test_a_reason_stands_beside_the_movement(movement: Movement, reason: ExitReason) -> None:
    group = Group.MARGINAL
    phrase = in_words(body(movement=movement, exit_reason=reason, previous_group=group))

    assert phrase.zh.startswith(TITLES[Movement][movement].zh)
    assert movement is Movement.RESTORED or phrase.en.endswith(ENDS[reason].en)


@pytest.mark.parametrize("refused", Decision)
def test_a_decision_that_was_not_carried_out_says_which(refused: Decision) -> None:
    phrase = in_words(body(movement=Movement.REFUSED, refused=refused))

    assert "决定未生效" in phrase.zh
    assert DECISIONS[refused].zh in phrase.zh
    assert DECISIONS[refused].en in phrase.en


def test_every_combination_has_its_own_words() -> None:
    """As risk can say them: a word of people, a reason, or neither."""
    phrase = {
        (movement, decided, reason): in_words(
            body(movement=movement, decided=decided, exit_reason=reason)
        )
        for movement, decided, reason in product(Movement, (None, *Decision), (None, *ExitReason))
    }

    assert all(words.zh and words.en and words.zh != words.en for words in phrase.values())
    plain = [
        words.zh for (_, decided, reason), words in phrase.items() if not decided and not reason
    ]
    assert len(set(plain)) == len(Movement)


@pytest.mark.parametrize("movement", Movement)
@pytest.mark.parametrize("group", [None, *Group])
def test_a_dismissal_taken_back_begins_with_that_and_keeps_the_findings(
    movement: Movement, group: Group | None
) -> None:
    moved = body(movement=movement, decided=Decision.REOPENED, group=group)
    phrase = in_a_sentence(moved)

    assert phrase.zh.startswith("排除已撤回")
    assert phrase.en.startswith("The dismissal was taken back")
    assert moved["findings"][0]["reason"]["zh"] in phrase.zh
    assert not any(text in phrase.zh + phrase.en for text in WHILE_RECOVERING)


def test_a_household_that_refused_is_told_nothing_of_what_was_found() -> None:
    frozen = Sentence(zh="农户未授权。", en="The household refused.")
    moved = transition("a", 2, movement=Movement.WATCHED, decided=Decision.REOPENED, reason=frozen)
    moved = moved.model_copy(
        update={
            "group": None,
            "figures": moved.figures.model_copy(update={"is_withheld": True}),
        }
    )
    phrase = in_a_sentence(moved.model_dump(mode="json", exclude_none=True))

    assert phrase.zh == "排除已撤回，作为风险线索继续办理。农户未授权。"
    assert moved.findings[0].reason.en not in phrase.en


def test_what_came_back_after_its_end_was_not_recovering() -> None:
    ended = body(movement=Movement.RELAPSED, is_wavering=True, times_wavered=2)
    recovering = body(movement=Movement.RELAPSED, previous_group=Group.MARGINAL, is_wavering=True)

    assert "第2次" in in_a_sentence(ended).zh
    assert in_a_sentence(ended).en.startswith(
        "Meets the conditions of sudden hardship again after its end"
    )
    assert in_words(ended) != in_words(recovering)
    assert in_a_sentence(recovering).model_dump() == recovering["reason"]


def test_all_else_is_told_as_risk_says_it() -> None:
    for movement in Movement:
        moved = body(movement=movement, previous_group=Group.MARGINAL)
        assert in_a_sentence(moved).model_dump() == moved["reason"]


def news(moved: Transition) -> Event | None:
    return _news(None, respond(None, moved, NOTHING, WORKFLOW, WEEKENDS), moved)


def test_a_notice_says_what_happened_and_calls_nothing_a_signal_that_people_decided() -> None:
    calm = {"is_urgent": False, "is_told": True}
    assert news(transition("a", 2, **calm)) is Event.OPENED
    assert news(transition("a", 2, **calm, is_identified=True)) is Event.NEWS
    assert news(transition("a", 2, **calm, decided=Decision.REOPENED)) is Event.TAKEN_BACK
    rolled_back = {"decided": Decision.ROLLED_BACK, "is_identified": True}
    assert news(transition("a", 2, **calm, **rolled_back)) is Event.ROLLED_BACK
    assert news(transition("a", 2, is_urgent=True, is_told=True)) is Event.URGENT
    phrase = news(transition("a", 2, is_urgent=True, is_told=True, **rolled_back))
    assert phrase is Event.URGENT_IDENTIFIED


@pytest.mark.parametrize("event", Event)
def test_every_notice_has_its_words(event: Event) -> None:
    phrase = words(("淄川区", "Zichuan"), event, [1, 2], "http://desk")

    assert "2" in phrase.title
    about_signals = event in (Event.OPENED, Event.URGENT, Event.REGION)
    assert ("信号" in phrase.title) == about_signals
