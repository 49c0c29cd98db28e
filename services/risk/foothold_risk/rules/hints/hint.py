"""What a hint is: something people should know beside the findings.

It decides nothing; its sentence is made only when somebody will read it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from foothold_risk.rules.household.facts import HeldFact
from foothold_risk.rules.policy import Value
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.values import Sentence


@dataclass(frozen=True, slots=True)
class Seen:
    """A hint, with the policy value and the facts (the weightiest first).

    It also holds what it is about (`what`), and an amount in fen where there is one.
    """

    kind: HintKind
    what: str
    amount: int | None
    policy: Value[object] | None
    facts: tuple[HeldFact, ...]


@dataclass(frozen=True, slots=True)
class Watcher:
    """One kind of hint: how it is seen, and how it is said."""

    kind: HintKind
    see: Callable[[Assessment], Iterator[Seen]]
    explain: Callable[[Seen, Assessment, Sentence], Sentence]
