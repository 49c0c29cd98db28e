"""Which names an answer may repeat.

Senders put personal data in odd places, a resident number as a key among them.
"""

import re
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9-]{0,39}")
WITHHELD: Final = "(withheld)"


def repeatable(name: object) -> str:
    """The name of a field, or a place in a list, as it may stand in answers and logs."""
    return str(name) if isinstance(name, int) or _PLAIN.fullmatch(str(name)) else WITHHELD
