"""Defines what every fact a household holds is made of.

It is packed as an array, and records which version of a statement it is.
"""

from datetime import date
from typing import Final, Protocol

import msgspec


class Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base: packed as an array, so a fact costs tens of bytes.

    New fields go at the end and carry a default.
    """


class Version(Packed, frozen=True):
    """The fact record's version key beside its id.

    It has `time` and `recorded_time` in microseconds since 1970, and its place.
    """

    time_us: int = 0
    recorded_us: int = 0
    place: tuple[int, ...] = ()


UNVERSIONED: Final = Version()
"""Of what no record brought: a day, an incident."""


class Stated(Protocol):
    """A fact that may have versions."""

    @property
    def fact_id(self) -> bytes:
        """The fact record's id."""

    @property
    def version(self) -> Version:
        """Which version it is."""


VersionKey = tuple[int, int, tuple[int, ...], bytes]


def version_key(fact: Stated) -> VersionKey:
    """Return the key that says which of two statements of one name is the later version.

    The later one has the greater key, as `FactRecord.version_key` has it.

    States written before versions were kept hold milliseconds (`time_ms`) and nothing else.
    """
    version = fact.version
    return (
        version.time_us or getattr(fact, "time_ms", 0) * 1000,
        version.recorded_us,
        version.place,
        fact.fact_id,
    )


class StatedOn(Stated, Protocol):
    """A statement that speaks of a day."""

    @property
    def day(self) -> date:
        """The day it speaks of."""


class Dated(Packed, frozen=True):
    """Goes by the day it speaks of first, then by its version."""

    @property
    def order(self: StatedOn) -> tuple[date, VersionKey]:
        """Which of two is the later one, the same way in any order of arrival."""
        return self.day, version_key(self)
