"""Register entries that others have replaced, as the register of people keeps them.

The last few are kept, so that one counts again once what replaced it is gone. They hold keyed
hashes and days, no number and no name. Pure.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

MOST: Final = 3
"""As many as risk keeps (I)."""
MOST_GONE: Final = 50
"""Ids of entries that were taken back: they count no more when they are sent again (I)."""
Version = tuple[datetime, datetime, tuple[int, ...], str]
Interval = tuple[str, date | None, date | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What the register of people needs of an entry.

    `intervals`: of numbered people only; `members`: whom it names; None: not kept.
    """

    version: Version
    digest: bytes | None
    members: tuple[str, ...] | None
    intervals: tuple[Interval, ...]

    @property
    def fact_id(self) -> str:
        """The record's id."""
        return self.version[3]


@dataclass(frozen=True, slots=True)
class Earlier:
    """Entries by version, rising, and ids of those taken back."""

    entries: tuple[Kept, ...] = ()
    gone: tuple[str, ...] = field(default=())

    def beside(self, entry: Kept) -> "Earlier":
        """With one more, as far as there is room."""
        by_id = {kept.fact_id: kept for kept in (*self.entries, entry)}
        return Earlier(
            tuple(sorted(by_id.values(), key=lambda kept: kept.version)[-MOST:]), self.gone
        )

    def without(self, facts: Collection[str]) -> "Earlier":
        """Without those that were taken back, which are remembered."""
        gone = tuple(dict.fromkeys((*self.gone, *sorted(facts))))[-MOST_GONE:]
        return Earlier(tuple(kept for kept in self.entries if kept.fact_id not in facts), gone)

    def as_json(self) -> dict[str, Any]:
        """As the table keeps it."""
        return {"entries": [_written(kept) for kept in self.entries], "gone": list(self.gone)}


def read(stored: dict[str, Any] | None) -> Earlier:
    """From what the table keeps; None: nothing yet."""
    return (
        Earlier()
        if stored is None
        else Earlier(tuple(_read(entry) for entry in stored["entries"]), tuple(stored["gone"]))
    )


def _written(kept: Kept) -> dict[str, Any]:
    at, recorded, place, fact_id = kept.version
    days = [
        [ref, *(None if day is None else day.isoformat() for day in (joined, left))]
        for ref, joined, left in kept.intervals
    ]
    return {
        "version": [at.isoformat(), recorded.isoformat(), list(place), fact_id],
        "digest": None if kept.digest is None else kept.digest.hex(),
        "members": None if kept.members is None else list(kept.members),
        "intervals": days,
    }


def _read(stored: dict[str, Any]) -> Kept:
    at, recorded, place, fact_id = stored["version"]
    return Kept(
        version=(
            datetime.fromisoformat(at),
            datetime.fromisoformat(recorded),
            tuple(place),
            fact_id,
        ),
        digest=None if stored["digest"] is None else bytes.fromhex(stored["digest"]),
        members=None if stored["members"] is None else tuple(stored["members"]),
        intervals=tuple(
            (ref, _day(joined), _day(left)) for ref, joined, left in stored["intervals"]
        ),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def of_members(named: Sequence[Any]) -> tuple[str, ...]:
    """Whom an entry names, each once."""
    return tuple(sorted({member.person_ref for member in named}))
