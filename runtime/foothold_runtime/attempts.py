"""Counts how often a reader has failed at its next records.

The count is a text beside the committed offset, so that it outlives the process (ADR 39).

Kafka keeps a text with each committed offset. A reader that dies at a record leaves there which
records it was at and how it died; the next owner of the partition reads it before its first record.
The text holds offsets, counts and seconds, nothing that anybody sent.

What it is for: a record at which the reader's decide step *raised* twice is set aside. A death that
left no exception (kill, memory) says little about the record at hand: only the fifth in a row
counts, and from the second on records are tried one by one.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

RAISED_TWICE: Final = 2
DIED_IN_A_ROW: Final = 5
"""A record nobody saw raise is set aside only when so many starts in a row ended at it."""
ONE_BY_ONE_FROM: Final = 2
MOST_IN_AN_HOUR: Final = 20
"""More set aside than this, and the program is at fault, not the records: the reader stops and
pages."""
HOUR: Final = timedelta(hours=1)
_VERSION: Final = "a1"


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is known of the records from `first` to `last`, the next a partition's reader will try.

    All offsets are of that partition.

    `raised`: how often deciding raised among them. `begun`: starts in a row that ended there
    without an exception, the running one included. `aside`: when records of this partition were set
    aside, within the last hour.
    """

    first: int = -1
    last: int = -1
    raised: int = 0
    begun: int = 0
    aside: tuple[datetime, ...] = ()

    @classmethod
    def read(cls, metadata: str) -> Self:
        """From the text beside a committed offset.

        Nothing is known where there is none, or another program's.
        """
        match metadata.split(" "):
            case [version, first, last, raised, begun, *aside] if version == _VERSION:
                try:
                    moments = tuple(datetime.fromisoformat(text) for text in aside)
                    return cls(int(first), int(last), int(raised), int(begun), moments)
                except ValueError:
                    return cls()
            case _:
                return cls()

    def text(self) -> str:
        """Return the text as it is kept beside the offset.

        It has at most a thousand characters, where Kafka takes four thousand.
        """
        moments = (
            moment.isoformat(timespec="seconds") for moment in self.aside[-(MOST_IN_AN_HOUR + 1) :]
        )
        return " ".join(
            (_VERSION, str(self.first), str(self.last), str(self.raised), str(self.begun), *moments)
        )

    def is_suspect(self, offset: int) -> bool:
        """Whether the reader failed at this record, or at one of a batch with it."""
        return self.first <= offset <= self.last

    def is_one_by_one(self, offset: int) -> bool:
        """Whether the record is tried alone, so that a failure names it."""
        return self.is_suspect(offset) and (self.raised > 0 or self.begun >= ONE_BY_ONE_FROM)

    def is_hopeless(self, offset: int) -> bool:
        """Whether the record is set aside untried.

        It is when too many starts in a row ended at it without an exception.
        """
        return offset == self.first and self.begun > DIED_IN_A_ROW

    def has_raised(self, offset: int) -> bool:
        """Whether one more exception at this record is the second."""
        return self.is_suspect(offset) and self.raised + 1 >= RAISED_TWICE

    def raising(self, first: int, last: int) -> "Attempts":
        """Deciding raised at one of these; write it down before the process ends."""
        return replace(
            self,
            first=first,
            last=last,
            raised=self.raised + 1 if self.is_suspect(first) else 1,
            begun=0,
        )

    def beginning(self, first: int, last: int) -> "Attempts":
        """A new owner begins with these.

        Write it down before the first is tried, and let go of it with the next commit.
        """
        begun = self.begun + 1 if self.first == first else 1
        return replace(
            self,
            first=first,
            last=max(last, self.last) if self.first == first else last,
            begun=begun,
        )

    def past(self, next_offset: int) -> "Attempts":
        """Everything before `next_offset` is done with. What was suspected behind it stays so."""
        if next_offset > self.last:
            return Attempts(aside=self.aside)
        return replace(self, first=next_offset, begun=0) if next_offset > self.first else self

    def set_aside(self, now: datetime) -> "Attempts":
        """One more was set aside."""
        return replace(self, aside=(*(moment for moment in self.aside if now - moment < HOUR), now))

    def is_program_at_fault(self, now: datetime) -> bool:
        """Whether so many were set aside within the hour that nothing more may be."""
        return sum(now - moment < HOUR for moment in self.aside) >= MOST_IN_AN_HOUR
