"""Writes amounts in words as Chinese papers do (大写).

So a digit too many is seen before it is paid.
"""

from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "兆")
_GROUP: Final = 10_000
_HUNDRED: Final = 100


def capital(fen: int, unit: str = "元") -> str:
    """叁仟元整 for 300000 fen; raise ValueError below zero. `unit`: what a hundred fen are called.

    A zero stands once for every run of zeros between two digits, and none before the unit (GB/T
    15835 and the rules for bank papers).
    """
    if fen < 0:
        raise ValueError("an amount is written without a sign")
    whole, part = divmod(fen, _HUNDRED)
    jiao, cents = divmod(part, 10)
    text = f"{_whole(whole)}{unit}" if whole else ""
    if not part:
        return f"{text or '零' + unit}整"
    if not jiao:
        return f"{text}{'零' if whole else ''}{_DIGITS[cents]}分"
    return f"{text}{_DIGITS[jiao]}角{_DIGITS[cents] + '分' if cents else '整'}"


def _whole(number: int) -> str:
    groups: list[int] = []
    while number:
        number, low = divmod(number, _GROUP)
        groups.append(low)
    text = ""
    for index in reversed(range(len(groups))):
        if not groups[index]:
            continue
        has_gap = bool(text) and (groups[index] < _GROUP // 10 or not groups[index + 1])
        text += ("零" if has_gap else "") + _four(groups[index]) + _GROUPS[index]
    return text


def _four(number: int) -> str:
    """A group of up to four digits, its own leading zeros left out."""
    text, is_gap = "", False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if is_gap and text else "") + _DIGITS[digit] + _PLACES[place]
            is_gap = False
        else:
            is_gap = True
    return text
