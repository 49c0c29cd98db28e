"""What areas are called: counties by the standard's table, others by a county's own list.

A code nobody has named is said to be one: 地区代码, area code.
"""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple, Self

from foothold_schemas.values import Sentence

DIGITS: Final = (6, 9, 12)
"""Of a county, a township and a village."""
LEAST: Final = 2
"""Characters of a name by which areas are found."""
AT_MOST: Final = 200
"""Areas found by one name; a text that more of them hold names none."""
CODE: Final = Sentence(zh="地区代码", en="area code")


class WrongNames(ValueError):  # noqa: N818 - an answer
    """The county's list cannot be read; the message says where and what to do."""


class Called(NamedTuple):
    """What an area is called in both languages, and its code in its parts."""

    zh: str
    en: str
    code: str

    @property
    def texts(self) -> tuple[str, str]:
        """Name and code, in Chinese and in English."""
        return f"{self.zh} {self.code}", f"{self.en} {self.code}"


class AreaNames:
    """Code → name. A province or prefecture stands in the table as six digits, with zeros."""

    def __init__(self, names: Mapping[str, Sentence]) -> None:
        self._names = {code: name for code, name in names.items() if name.zh}

    @classmethod
    def load(cls, own: Path | None = None) -> Self:
        """The standard's counties, and a county's own list where it has one.

        The list is CSV in UTF-8 with the columns `code`, `name` and, if wanted, `name_en`. Raise
        WrongNames.
        """
        names = dict(_counties())
        if own is not None:
            with own.open(encoding="utf-8-sig", newline="") as file:
                names |= _own(csv.DictReader(file))
        return cls(names)

    def holding(self, text: str) -> tuple[str, ...]:
        """The codes of the areas whose name in full holds the text, the widest of each place.

        Upper and lower case and spaces are the same. Nothing for less than two characters, or where
        more areas than AT_MOST have such a name.
        """
        sought = _folded(text)
        if len(sought) < LEAST:
            return ()
        codes: list[str] = []
        for code in sorted(self._names, key=len):
            called = self.of(code)
            if any(sought in _folded(name) for name in (called.zh, called.en)) and not any(
                code.startswith(wider) for wider in codes
            ):
                codes.append(code)
        return tuple(codes) if len(codes) <= AT_MOST else ()

    def of(self, code: str) -> Called:
        """Its names from the county down, else that it is a code; always with the code itself.

        A cluster of villages has its county's name. The English of a name that has none is the
        Chinese one: it is a name.
        """
        county, dash, _ = code.partition("-")
        stem = county if dash else code
        names = [
            name
            for digits in DIGITS
            if len(stem) >= digits and (name := self._names.get(stem[:digits])) is not None
        ]
        if len(stem) < DIGITS[0] and (wider := self._names.get(stem.ljust(DIGITS[0], "0"))):
            names = [wider]
        shown = code if dash else _spaced(code)
        if not names:
            return Called(CODE.zh, CODE.en, shown)
        return Called("".join(n.zh for n in names), " ".join(n.en for n in names), shown)


def _folded(text: str) -> str:
    return "".join(text.casefold().split())


def _spaced(code: str) -> str:
    """The code in its parts: county, township, village."""
    return " ".join((code[:6], code[6:9], code[9:])).strip()


@cache
def _counties() -> Mapping[str, Sentence]:
    """GB/T 2260; of a code that was given up and made anew the later name."""
    text = files("foothold_schemas").joinpath("data/regions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    named = {row["code"]: Sentence(zh=row["name"], en=row["name"]) for row in rows if row["name"]}
    return named | {"000000": Sentence(zh="全国", en="the whole country")}


def _own(rows: Iterable[Mapping[str, str | None]]) -> dict[str, Sentence]:
    names: dict[str, Sentence] = {}
    for line, row in enumerate(rows, start=2):
        code, name = (row.get("code") or "").strip(), (row.get("name") or "").strip()
        if not (code.isascii() and code.isdigit() and len(code) in DIGITS and name):
            raise WrongNames(
                f"line {line} of the list of areas: give `code` (6, 9 or 12 digits) and `name`"
            )
        names[code] = Sentence(zh=name, en=(row.get("name_en") or "").strip() or name)
    return names
