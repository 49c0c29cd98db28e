"""Amounts in Chinese words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_alerts.rules.relief.capital import capital

_DIGIT = {word: digit for digit, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
_PLACE = {"拾": 10, "佰": 100, "仟": 1000}


def back(words: str) -> int:
    """Reads them: a second opinion that knows nothing of how they are written."""
    match = re.fullmatch(r"(?:(?P<whole>.+)元)?零?(?:(?P<jiao>.)角)?(?:(?P<fen>.)分)?整?", words)
    assert match is not None, words
    total = group = digit = 0
    for sign in match["whole"] or "":
        if sign in _DIGIT:
            digit = _DIGIT[sign]
        elif sign in _PLACE:
            group, digit = group + digit * _PLACE[sign], 0
        else:
            total, group, digit = total + (group + digit) * {"万": 10**4, "亿": 10**8}[sign], 0, 0
    return (
        (total + group + digit) * 100
        + 10 * _DIGIT[match["jiao"] or "零"]
        + _DIGIT[match["fen"] or "零"]
    )


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (300_000, "叁仟元整"),
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角整"),
        (105, "壹元零伍分"),
        (300_050, "叁仟元伍角整"),
        (10_000_000, "壹拾万元整"),
        (100_100, "壹仟零壹元整"),
        (1_000_100, "壹万零壹元整"),
        (9_999_999_999, "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        (10_500_000, "壹拾万伍仟元整"),
        (10_000_000_100, "壹亿零壹元整"),
    ],
)
def test_the_words_are_those_of_bank_papers(fen: int, words: str) -> None:
    assert capital(fen) == words


@given(st.integers(0, 10**13))
def test_words_are_read_back_to_the_fen_and_have_no_two_zeros_together(fen: int) -> None:
    words = capital(fen)

    assert back(words) == fen
    assert "零零" not in words
    assert not re.search("零[元万亿]", words.replace("零元整", ""))
