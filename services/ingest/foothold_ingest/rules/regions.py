"""Which county codes there are and when they held (GB/T 2260).

Codes are given up and made anew; an old one stays readable, a wrong one is named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

COUNTY_DIGITS: Final = 6


class Held(NamedTuple):
    """Years at whose end the code stood in the standard.

    None: since before the first edition, or still.
    """

    first_year: int | None
    last_year: int | None


@dataclass(frozen=True, slots=True)
class Regions:
    """Code → the stretches in which it held."""

    held: Mapping[str, tuple[Held, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Held]]) -> "Regions":
        """From a table with a row for each stretch."""
        held: dict[str, tuple[Held, ...]] = {}
        for code, stretch in rows:
            held[code] = (*held.get(code, ()), stretch)
        return cls(held)

    def problem_by(self, code: str, today: date) -> str | None:
        """Return what is wrong with a code that may be an old one; None: it has existed.

        Such a code is for example the authority that gave a register number.
        """
        stretches = self.held.get(code[:COUNTY_DIGITS])
        if stretches is None:
            return "no county has this code (GB/T 2260)"
        return (
            None
            if any(s.first_year is None or s.first_year <= today.year for s in stretches)
            else "no county has this code yet"
        )

    def problem_on(self, code: str, day: date) -> str | None:
        """What is wrong with a code that names a place as it was on the day.

        The table has the standard's state at the ends of years: in the year after the last one the
        code may still have held.
        """
        if (wrong := self.problem_by(code, day)) is not None:
            return wrong
        stretches = self.held[code[:COUNTY_DIGITS]]
        if any(
            (s.first_year is None or s.first_year <= day.year)
            and (s.last_year is None or day.year <= s.last_year + 1)
            for s in stretches
        ):
            return None
        last = max(s.last_year or 0 for s in stretches)
        return f"this county code was given up after {last}; send the code that holds now"
