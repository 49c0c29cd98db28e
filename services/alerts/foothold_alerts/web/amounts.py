"""Amounts as people type them, and why something is no amount.

Full-width digits of a Chinese keyboard and thousands separators are read.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final

from foothold_schemas.values import Fen

MOST_DIGITS: Final = 9
"""Digits before the point."""
_GROUPED: Final = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_NUMBER: Final = re.compile(r"([0-9]+)(?:\.([0-9]*))?")
_NEGATIVE: Final = re.compile(r"[-−][0-9.,]+")


class AmountNo(StrEnum):
    """Why a text is no amount."""

    NO_NUMBER = "no_number"
    NEGATIVE = "negative"
    DECIMALS = "decimals"
    TOO_LARGE = "too_large"


AMOUNT_WORDS: Final = {
    AmountNo.NO_NUMBER: (
        "不是金额：只写数字，例如 2999.50，不写单位和文字。",
        "Not an amount: write figures only, such as 2999.50, without a unit.",
    ),
    AmountNo.NEGATIVE: ("金额不能是负数。", "An amount is never negative."),
    AmountNo.DECIMALS: ("金额最多两位小数。", "An amount has at most two decimals."),
    AmountNo.TOO_LARGE: (
        "金额过大（整数部分超过九位），请核对位数。",
        "The amount is too large (more than nine digits before the point); check its digits.",
    ),
}


def fen_of(text: str) -> int | AmountNo | None:
    """The amount in fen; None for an empty field.

    The sign, the decimals and the size are refused each with its own reason.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if not plain:
        return None
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if _NEGATIVE.fullmatch(plain):
        return AmountNo.NEGATIVE
    if not plain.isascii() or (match := _NUMBER.fullmatch(plain)) is None:
        return AmountNo.NO_NUMBER
    whole, decimals = match[1].lstrip("0") or "0", match[2] or ""
    if len(whole) > MOST_DIGITS:
        return AmountNo.TOO_LARGE
    return (
        int(Fen.parse(f"{whole}.{decimals}" if decimals else whole))
        if len(decimals) <= 2  # noqa: PLR2004 - fen
        else AmountNo.DECIMALS
    )
