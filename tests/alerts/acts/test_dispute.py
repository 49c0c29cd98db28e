"""Tests what may be put to the sender of a fact the desk doubts.

News of such a fact comes to the same in every order.
"""

from itertools import permutations

import pytest
from pydantic import ValidationError

from foothold_alerts.rules.acts.dispute import DisputeNo, evidence_of, is_later, not_dispute
from foothold_schemas.messages.disputes import DisputeState, Doubt, FactDisputed, is_plain

INCOME = {"fact_id": "a" * 32, "kind": "IncomeReported", "day": "2026-04-01"}
DECISION = {"fact_id": "b" * 32, "kind": "CaseDecided", "day": "2026-04-01"}


@pytest.mark.parametrize(
    ("note", "plain"),
    [
        ("", True),
        ("2026-04-01 起未务工，金额应为 1234567.00 元", True),
        ("电话 1380013", True),
        ("电话 13800138", False),
        ("138 0013 8000", False),
        ("１３８００１３８０００", False),
        ("户主 370302199001011234 已去世", False),
    ],
)
def test_a_note_holds_no_numbers_of_people(note: str, *, plain: bool) -> None:
    assert is_plain(note) is plain
    assert not_dispute(INCOME, note, is_asked=False) == (None if plain else DisputeNo.NOTE)


def test_the_message_itself_refuses_such_a_note() -> None:
    with pytest.raises(ValidationError, match="no numbers of people"):
        FactDisputed.model_validate(
            {
                "disputed": "a" * 32,
                "fact_kind": "IncomeReported",
                "fact_day": "2026-04-01",
                "doubt": "other",
                "note": "13800138000",
            }
        )


def test_what_the_county_recorded_itself_is_put_to_nobody_and_a_question_is_asked_once() -> None:
    assert not_dispute(DECISION, "", is_asked=False) is DisputeNo.OURS
    assert not_dispute(INCOME, "x" * 301, is_asked=False) is DisputeNo.NOTE
    assert not_dispute(INCOME, "x" * 300, is_asked=False) is None
    assert not_dispute(INCOME, "", is_asked=True) is DisputeNo.ASKED


def test_only_what_the_case_shows_can_be_doubted() -> None:
    latest = {"findings": [{"facts": [DECISION]}, {"facts": [INCOME]}]}
    assert evidence_of(latest, "a" * 32) == INCOME
    assert evidence_of(latest, "c" * 32) is None
    assert evidence_of({}, "a" * 32) is None


@pytest.mark.parametrize(
    "news", list(permutations([DisputeState.ASKED, DisputeState.CONFIRMED, DisputeState.CORRECTED]))
)
def test_in_every_order_a_correction_is_what_remains(news: tuple[DisputeState, ...]) -> None:
    state = DisputeState.ASKED
    for item in news:
        state = item if is_later(item, state) else state
    assert state is DisputeState.CORRECTED
    assert not is_later(DisputeState.NO_SENDER, DisputeState.CONFIRMED)


def test_every_doubt_has_words_in_both_languages_at_the_desk_and_at_the_agency() -> None:
    from foothold_alerts.web.words import WORDS  # noqa: PLC0415 - the words of the desk
    from foothold_ingest.console.words import DOUBTS  # noqa: PLC0415 - the words of the console

    assert set(Doubt) == set(DOUBTS)
    assert all(doubt in WORDS and WORDS[doubt][0] and WORDS[doubt][1] for doubt in Doubt)
    assert all(f"dispute_{state.value}" in WORDS for state in DisputeState)
