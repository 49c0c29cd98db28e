"""An amount is read as people type it on a Chinese keyboard, and what is none is said why."""

import pytest

from foothold_alerts.web.amounts import AMOUNT_WORDS, AmountNo, fen_of


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("", None),
        ("  ", None),
        ("0", 0),
        ("2999.99", 299_999),
        ("３０００．５", 300_050),
        ("３，０００．５０", 300_050),
        ("12,345,678.9", 1_234_567_890),
        (" 3 000 ", 300_000),
        ("0003000", 300_000),
        ("3000.", 300_000),
        ("999999999.99", 99_999_999_999),
    ],
)
def test_an_amount_is_read_as_it_is_typed(text: str, fen: int | None) -> None:
    assert fen_of(text) == fen


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("-5", AmountNo.NEGATIVE),
        ("－５", AmountNo.NEGATIVE),
        ("3000.005", AmountNo.DECIMALS),
        ("1000000000", AmountNo.TOO_LARGE),
        ("999999999999999999", AmountNo.TOO_LARGE),
        ("3千", AmountNo.NO_NUMBER),
        ("三千", AmountNo.NO_NUMBER),
        ("3,00", AmountNo.NO_NUMBER),
        ("1.2.3", AmountNo.NO_NUMBER),
        ("٣٠٠", AmountNo.NO_NUMBER),
        ("½", AmountNo.NO_NUMBER),
        ("1e3", AmountNo.NO_NUMBER),
        (".", AmountNo.NO_NUMBER),
    ],
)
def test_what_is_no_amount_says_why(text: str, why: AmountNo) -> None:
    assert fen_of(text) is why


def test_every_reason_has_its_words() -> None:
    assert set(AMOUNT_WORDS) == set(AmountNo)
    assert all(chinese and english for chinese, english in AMOUNT_WORDS.values())
