"""What a rule is and what it returns. The sentence is made only when somebody will read it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, TypeVar

from foothold_risk.rules.calendar import first_day, income_months, last_day, rolling_first
from foothold_risk.rules.context.incidents import Incident
from foothold_risk.rules.household.facts import Claim, HeldFact, Spending
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import Value
from foothold_schemas.facts.checks import SpendingReported
from foothold_schemas.facts.facts import MedicalClaimSettled
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence, Window


@dataclass(frozen=True, slots=True)
class Money:
    """A sum of money, and the one it is compared with."""

    value: Fen
    threshold: Fen


@dataclass(frozen=True, slots=True)
class Share(Money):
    """A sum of money, and the share of another it is compared with.

    `share` in ten-thousandths.
    """

    of: Fen
    share: int


@dataclass(frozen=True, slots=True)
class Words:
    """What was seen and what it is compared with, in words; `unit` says of what."""

    value: str
    threshold: str
    unit: str


Measure = Money | Words
M = TypeVar("M", bound=Measure)


@dataclass(frozen=True, slots=True)
class Finding(Generic[M]):
    """A rule that holds, with its measure and the facts it rests on, the weightiest first."""

    kind: FindingKind
    measure: M
    window: Window | None
    policy: Value[object]
    facts: tuple[HeldFact | Incident, ...]
    project: str | None = None


MOST_NAMED: Final = 3
"""Of several events a sentence names so many, the newest first."""
MEDICAL: Final = frozenset({MedicalClaimSettled.model_fields["kind"].default})
SPENDING: Final = frozenset({SpendingReported.model_fields["kind"].default})


@dataclass(frozen=True, slots=True)
class Rule:
    """`is_risk`: counts for groups 1 and 2.

    `is_shock`: can carry group 3. `needs_income`: says nothing while a month is unheard.

    `feeds`: the kinds of facts it rests on; while one of them is silent it may begin to hold but
    not cease.
    """

    kind: FindingKind
    is_risk: bool
    is_shock: bool
    needs_income: bool
    find: Callable[[HouseholdOnDay], Finding[Any] | None]
    explain: Callable[[Finding[Any], HouseholdOnDay, Sentence], Sentence]
    feeds: frozenset[str] = frozenset()


def income_window(day: date) -> Window:
    """First and last day of the income window."""
    months = income_months(day)
    return Window(first=first_day(months.start), last=last_day(months.stop - 1))


def spending_window(day: date) -> Window:
    """First and last day of the rolling year."""
    return Window(first=rolling_first(day), last=day)


def weightiest(spent: Iterable[Claim | Spending]) -> tuple[Claim | Spending, ...]:
    """By own share, largest first.

    The fact's id decides between equals, so any order of arrival gives the same.
    """
    return tuple(sorted(spent, key=lambda c: (-c.own_share, c.fact_id)))


def and_more(total: int, counter: str) -> Sentence:
    """What a sentence that names the first MOST_NAMED of several says of the others.

    `counter`: the measure word of what is counted, as 起 for disasters.
    """
    more = total - MOST_NAMED
    return (
        Sentence(zh=f"（另有{more}{counter}）", en=f" (and {more} more)")
        if more > 0
        else Sentence(zh="", en="")
    )


def percent_text(share: int) -> str:
    """1,000 ten-thousandths as "10%", 1,250 as "12.5%"."""
    whole, rest = divmod(share, 100)
    return f"{whole}%" if rest == 0 else f"{whole}.{f'{rest:02d}'.rstrip('0')}%"
