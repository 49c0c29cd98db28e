"""Numbers that name a person: one person, one spelling.

What is wrong with a number is said without repeating it.
"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_ingest.rules.people.resident_number import NotANumber, check_character, parse
from foothold_schemas.wire.quarantine import RefusalReason

TODAY = date(2026, 11, 26)
WHOLE = "11010519491231002X"
"""The example of GB 11643 itself."""


def certificate(tail: str) -> str:
    return WHOLE + tail


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        f"\u00a0{WHOLE}\u3000",
        f" {WHOLE} ",
        certificate("42"),
        certificate("42B1"),
        certificate("1101"),
    ],
)
def test_every_spelling_of_a_number_is_one_number(text: str) -> None:
    number = parse(text, TODAY)

    assert (number.value, number.is_derived, number.birth_month) == (WHOLE, False, "1949-12")


def test_fifteen_digits_are_upgraded_and_said_to_be() -> None:
    number = parse("110105491231002", TODAY)

    assert (number.value, number.is_derived) == (WHOLE, True)


@pytest.mark.parametrize("code", ["370284", "371202", "999999", "110229"])
def test_the_county_in_a_number_may_be_any_as_counties_come_and_go(code: str) -> None:
    seventeen = f"{code}20200101001"

    assert parse(seventeen + check_character(seventeen), TODAY).birth_month == "2020-01"


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("1101051949123100AX", RefusalReason.BAD_NUMBER, "18 characters"),
        ("11010519AB1231002X", RefusalReason.BAD_NUMBER, "18 characters"),
        ("110105194912310021", RefusalReason.BAD_NUMBER, "check character"),
        ("110105194921310023", RefusalReason.BAD_NUMBER, "date of birth"),
        ("110105202711270029", RefusalReason.BAD_NUMBER, "date of birth"),
        ("110105184912310023", RefusalReason.BAD_NUMBER, "date of birth"),
        ("110105499931002", RefusalReason.BAD_NUMBER, "by hand"),
        ("999999999999999999", RefusalReason.BAD_NUMBER, "placeholder"),
        ("000000000000000", RefusalReason.BAD_NUMBER, "placeholder"),
        ("123456789012345678", RefusalReason.BAD_NUMBER, "placeholder"),
        (certificate("85"), RefusalReason.BAD_NUMBER, "18 characters"),
        ("", RefusalReason.BAD_NUMBER, "18 characters"),
        ("1101051949123１00２Ｘ ٣", RefusalReason.BAD_NUMBER, "18 characters"),
        ("3.70302E+17", RefusalReason.DAMAGED_NUMBER, "text"),
        ("3.70302194912310e17", RefusalReason.DAMAGED_NUMBER, "text"),
        ("370302194912310011.0", RefusalReason.DAMAGED_NUMBER, "text"),
        ("370302194912310000", RefusalReason.DAMAGED_NUMBER, "000"),
    ],
)
def test_what_is_no_number_is_refused_with_its_reason_and_never_guessed(
    text: str, reason: RefusalReason, says: str
) -> None:
    with pytest.raises(NotANumber) as refused:
        parse(text, TODAY)

    assert refused.value.reason is reason
    assert says in str(refused.value)
    assert not text.strip() or text.strip() not in str(refused.value)


@given(st.text(max_size=24) | st.from_regex(r"[0-9]{17}[0-9Xx]", fullmatch=True))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = parse(text, TODAY)
    except NotANumber:
        return
    assert parse(number.value, TODAY).value == number.value


@given(st.integers(0, 16), st.integers(0, 9))
def test_one_wrong_digit_is_never_taken_for_somebody_else(place: int, digit: int) -> None:
    wrong = WHOLE[:place] + str(digit) + WHOLE[place + 1 :]
    if wrong == WHOLE:
        return
    with pytest.raises(NotANumber):
        parse(wrong, TODAY)
