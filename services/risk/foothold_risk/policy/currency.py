"""Whether an amount of a bundle is in the bundle's own currency.

Limits and line are compared, so two currencies in one bundle are a mistake.
"""

import re
from typing import Final

from foothold_schemas.values import Sentence

_IN_ENGLISH: Final = "yuan|rmb|cny|dong|vnd|dollars?|usd|euros?|eur|yen|jpy"
_IN_CHINESE: Final = "元|盾|人民币|美元|欧元|日元"
_WORDS: Final = re.compile(
    rf"(?i)\b(?:thousand |million )?(?:{_IN_ENGLISH})\b|[千万]?(?:{_IN_CHINESE})"
)
"""Names of currencies, with the multiple they are counted in: a thousand dong is another unit than
a dong."""


def other_currency(unit: str, currency: Sentence) -> str | None:
    """The currency a value's unit names, where it is another than the bundle's.

    None where it names the bundle's, or none at all.
    """
    named: list[str] = _WORDS.findall(unit)
    own = {currency.zh.casefold(), currency.en.casefold()}
    return next((name for name in named if name.casefold() not in own), None)
