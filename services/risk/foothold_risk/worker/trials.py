"""What a partition remembers beside its committed offset.

It remembers how its next records fared, and whom judging failed for outside a record of their own.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from foothold_runtime.attempts import Attempts

_SEPARATOR: Final = "|"
_HOUSEHOLD: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Trials:
    """`household`: judging it raised in a sweep or after an incident.

    The next time is the second.
    """

    attempts: Attempts = field(default_factory=Attempts)
    household: str = ""

    @classmethod
    def read(cls, metadata: str) -> Self:
        """From the text beside the committed offset."""
        words, _, household = metadata.partition(_SEPARATOR)
        is_id = _HOUSEHOLD.fullmatch(household) is not None
        return cls(Attempts.read(words), household if is_id else "")

    def text(self) -> str:
        """As it stands beside the offset.

        Empty where there is nothing to remember, which is nearly always.
        """
        if self == Trials():
            return ""
        return self.attempts.text() + (_SEPARATOR + self.household if self.household else "")

    def raising(self, first: int, last: int) -> "Trials":
        """Deciding raised at one of these records."""
        return replace(self, attempts=self.attempts.raising(first, last))

    def failing(self, household: str) -> "Trials":
        """Judging this household raised, and no record is its own."""
        return replace(self, household=household)

    def beginning(self, first: int, last: int) -> "Trials":
        """A new owner tries these. Of records that raised no others become suspect."""
        attempts = self.attempts
        last = attempts.last if attempts.raised and attempts.is_suspect(first) else last
        return replace(self, attempts=attempts.beginning(first, last))

    def forgiven(self) -> "Trials":
        """The owner ended for a reason that is no record's: this start does not count."""
        attempts = self.attempts
        return replace(self, attempts=replace(attempts, begun=max(0, attempts.begun - 1)))

    def set_aside(self, now: datetime) -> "Trials":
        """One more record or household was set aside."""
        return replace(self, attempts=self.attempts.set_aside(now))

    def committed(
        self, next_offset: int | None, judged: Collection[bytes], *, has_rechecks: bool
    ) -> "Trials":
        """After a commit that judged these households.

        A household that waits for its second try does so until it has had it.
        """
        attempts = self.attempts if next_offset is None else self.attempts.past(next_offset)
        if judged and attempts.begun:
            attempts = replace(attempts, begun=0)
        is_over = self.household.encode() in judged or (
            next_offset is not None and not has_rechecks
        )
        return Trials(attempts, "" if is_over else self.household)


@dataclass(frozen=True, slots=True)
class Committed:
    """The committed position of the group in a partition.

    It is the first record not yet judged, and what is remembered beside it.
    """

    next_offset: int = 0
    trials: Trials = field(default_factory=Trials)
