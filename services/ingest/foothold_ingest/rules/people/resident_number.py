"""Reads the numbers that name a person in China.

One person, one spelling: eighteen characters, as GB 11643-1999 writes them.

The first six digits say where the number was given out, which may be a county abolished long ago:
they are not checked, and say nothing of where a person lives now. The check character is ISO 7064
MOD 11-2.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from operator import mul
from typing import Final

from foothold_schemas.wire.quarantine import RefusalReason

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_OLD: Final = re.compile(r"[0-9]{15}")
_NEW: Final = re.compile(r"[0-9]{17}[0-9X]")
_DISABILITY: Final = re.compile(r"([0-9]{17}[0-9X])[1-7][1-4](B[1-9]|[0-9]{2})?")
_EXPONENT: Final = re.compile(r"[0-9]+(\.[0-9]*)?E\+?[0-9]+")
_DECIMAL: Final = re.compile(r"[0-9]{15,}\.0*")
_FIRST_BIRTH: Final = 1850
_LONGEST: Final = 60
"""Twenty-two characters, and what stands around them."""
_OTHER_LENGTH: Final = (
    "a resident number has 18 characters, or 15 digits; a disability certificate's has 20 or 22"
)


class NotANumber(ValueError):  # noqa: N818 - named for what it says about the text
    """The message says what is wrong, and repeats nothing of the number."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ResidentNumber:
    """`value`: 18 characters.

    `is_derived`: the number came with 15 digits, and century and check character were added.
    """

    value: str
    is_derived: bool

    @property
    def birth_month(self) -> str:
        """As "YYYY-MM"."""
        return f"{self.value[6:10]}-{self.value[10:12]}"


def parse(text: str, today: date) -> ResidentNumber:
    """Read a resident number or a disability certificate's; raise NotANumber.

    A resident number has 18 or 15 characters; a disability certificate's has 20 or 22, and begins
    with a resident number.
    """
    # nearly all are: no placeholder passes the check and is born
    if _NEW.fullmatch(text) and text[17] == check_character(text[:17]):
        return ResidentNumber(_born(text, today), is_derived=False)
    # to put combining marks in order costs the square of how many there are
    if len(text) > _LONGEST:
        raise NotANumber(RefusalReason.BAD_NUMBER, _OTHER_LENGTH)
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    _refuse_other(plain)
    if _OLD.fullmatch(plain):
        upgraded = f"{plain[:6]}19{plain[6:]}"
        return ResidentNumber(_born(upgraded + check_character(upgraded), today), is_derived=True)
    certificate = _DISABILITY.fullmatch(plain)
    number = certificate[1] if certificate else plain
    if not _NEW.fullmatch(number):
        raise NotANumber(RefusalReason.BAD_NUMBER, _OTHER_LENGTH)
    return ResidentNumber(_checked(_born(number, today)), is_derived=False)


def _refuse_other(plain: str) -> None:
    """Raise NotANumber for what a spreadsheet has damaged, and for a placeholder."""
    if _EXPONENT.fullmatch(plain) or _DECIMAL.fullmatch(plain):
        raise NotANumber(
            RefusalReason.DAMAGED_NUMBER,
            "a spreadsheet has damaged this number: take it from the source, in a column formatted"
            " as text",
        )
    if len(plain) > 1 and (len(set(plain)) == 1 or plain in "1234567890123456789012"):
        raise NotANumber(
            RefusalReason.BAD_NUMBER,
            "this is a placeholder, not a number; leave the field out where the number is not"
            " known",
        )


def _checked(number: str) -> str:
    if check_character(number[:17]) == number[17]:
        return number
    if number.endswith("000"):
        raise NotANumber(
            RefusalReason.DAMAGED_NUMBER,
            "it ends in 000, as spreadsheets leave numbers: take it from the source, in a"
            " column formatted as text",
        )
    raise NotANumber(
        RefusalReason.BAD_NUMBER,
        "the check character does not fit: a digit is wrong, or two have changed places",
    )


def check_character(seventeen: str) -> str:
    """The last character that belongs to the first seventeen."""
    return _CHECKS[sum(map(mul, map(int, seventeen), _WEIGHTS)) % 11]


def _born(number: str, today: date) -> str:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born = date.max
    if born > today or born.year < _FIRST_BIRTH:
        raise NotANumber(
            RefusalReason.BAD_NUMBER,
            "digits 7 to 14 are no date of birth; with 15 digits, match this person by hand",
        )
    return number
