"""Characters nobody sees.

These are format characters (Unicode category Cf) that come along when text is copied.

At the ends of a text they go; inside they are a mistake.

Joiners (U+200C, U+200D) and variation selectors belong to the letter before them and stay; so do
the few format characters that are drawn.
"""

import unicodedata
from typing import Final

_JOINERS: Final = "\u200c\u200d"
_DRAWN: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_SELECTORS: Final = ((0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))


def is_unseen(character: str) -> bool:
    """Whether nobody sees it, wherever it stands."""
    return (
        unicodedata.category(character) == "Cf"
        and character not in _JOINERS
        and character not in _DRAWN
    )


def trimmed(text: str) -> str:
    """The text without what nobody sees at its ends, and without the spaces among that.

    A text without any is returned as it is.
    """
    if text.isprintable():  # no format character is
        return text
    first = next(
        (n for n, c in enumerate(text) if not (c.isspace() or is_unseen(c) or _is_attached(c))),
        len(text),
    )
    last = next(
        (
            n
            for n in range(len(text) - 1, first - 1, -1)
            if not (text[n].isspace() or is_unseen(text[n]))
        ),
        first - 1,
    )
    before, after = text[:first], text[last + 1 :]
    start = first if any(not c.isspace() for c in before) else 0
    end = last + 1 if any(is_unseen(c) for c in after) else len(text)
    return text[start:end]


def has_unseen(text: str) -> bool:
    """Whether a character nobody sees stands anywhere in it."""
    return not text.isprintable() and any(map(is_unseen, text))


def _is_attached(character: str) -> bool:
    """Belongs to the letter before it; at the beginning of a text there is none."""
    return character in _JOINERS or any(
        first <= ord(character) <= last for first, last in _SELECTORS
    )
