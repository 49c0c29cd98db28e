"""A county's policy as the rules see it: every number with its date, reference and confidence. Loaded elsewhere; here it only answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Generic, TypeVar

from foothold_schemas.facts import HomeState, WorkerState
from foothold_schemas.values import Sentence

T_co = TypeVar("T_co", covariant=True)

SHARE_SCALE: Final = 10_000
"""A share of 0.10 is 1,000 of these, so that comparisons stay on integers."""


@dataclass(frozen=True, slots=True)
class Value(Generic[T_co]):
    """A policy value in force from `since` until the next one of its name."""

    name: str
    value: T_co
    text: str
    since: date
    reference: str
    confidence: str
    illustrative: bool


@dataclass(frozen=True, slots=True)
class PolicyOfDay:
    """What is in force on one day. None means the rule that needs it is not in force."""

    monitoring_line: Value[int] | None
    self_paid_ex_poor: Value[int] | None
    self_paid_ordinary: Value[int] | None
    self_paid_in_scope_only: bool
    rigid_spending_share: Value[int] | None
    disaster_home: Value[frozenset[HomeState]] | None
    disaster_worker: Value[frozenset[WorkerState]] | None
    exit_signal_months: int


@dataclass(frozen=True, slots=True)
class Policy:
    """An immutable bundle, known by the hash of its content."""

    bundle: str
    title: Sentence
    currency: Sentence
    illustrative: bool
    income_feeds: tuple[str, ...]
    one_off_items: frozenset[str]
    dates: tuple[date, ...]
    days: Mapping[date, PolicyOfDay]

    def on(self, day: date) -> PolicyOfDay:
        """What is in force on the day: the latest change not after it."""
        return self.days[max((d for d in self.dates if d <= day), default=self.dates[0])]

    def changes(self, after: date, until: date) -> bool:
        """Whether any value changes after the first day and not after the second."""
        return any(after < d <= until for d in self.dates)
