"""Finds what senders should be asked about a household's statements.

They are asked whether what counted once is a repeat or both are real, and why one stay has two
bills.

Nothing here changes what counts. The answer comes as a fact: "both real" sends one of the two again
under a `statement_number`, amending the one without; "repeat" retracts one of them. Either way the
pair is gone. A statement with a number is never asked about: the number is its sender's word.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from foothold_risk.rules.household.facts import Claim, Income, Spending
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.household.packed import version_key
from foothold_risk.rules.household.statements import (
    Name,
    called,
    latest,
    latest_of_each,
    name_of,
    stays,
    stays_told_twice,
    told_with_month,
)
from foothold_risk.rules.policy import PolicyOfDay
from foothold_schemas.messages.explanation import DoubtKind


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two facts to ask about.

    `counted` counts; `other` does not, except of two bills with different totals, where both do.
    """

    kind: DoubtKind
    counted: bytes
    other: bytes


def doubts(household: Household, policy: PolicyOfDay) -> tuple[Doubt, ...]:
    """Every pair, the same in any order of arrival.

    Of the household with all its facts, not as policy counts it.
    """
    return tuple(sorted(_doubts(household, policy), key=lambda d: (d.kind, d.counted, d.other)))


def _doubts(household: Household, policy: PolicyOfDay) -> Iterator[Doubt]:
    incomes = [i for i in called(household.incomes, policy.item_names()) if not i.name]
    yield from _counted_once(incomes)
    yield from (
        Doubt(DoubtKind.REPEATED, counted.fact_id, other.fact_id)
        for counted, other in told_with_month(latest_of_each(incomes))
    )
    yield from _counted_once(s for s in household.spendings if not s.name)
    bills = latest_of_each(household.claims)
    left_out: set[bytes] = set()
    for counted, others in stays_told_twice(bills, policy.bills_precedence):
        left_out |= {c.fact_id for c in others}
        for agency in sorted({c.agency for c in others}):
            yield Doubt(
                DoubtKind.ONE_STAY,
                _last(counted).fact_id,
                _last([c for c in others if c.agency == agency]).fact_id,
            )
    for senders in stays(c for c in bills if c.fact_id not in left_out).values():
        first, *others = (_last(senders[agency]) for agency in sorted(senders))
        yield from (Doubt(DoubtKind.TWO_TOTALS, first.fact_id, other.fact_id) for other in others)


def _counted_once(statements: Iterable[Income | Spending]) -> Iterator[Doubt]:
    versions: dict[Name, list[Income | Spending]] = {}
    for statement in statements:
        versions.setdefault(name_of(statement), []).append(statement)
    for repeats in versions.values():
        if len(repeats) > 1:
            counted = latest(repeats)  # type: ignore[type-var]  # statements of one name are of one kind
            yield from (
                Doubt(DoubtKind.REPEATED, counted.fact_id, statement.fact_id)
                for statement in repeats
                if statement is not counted
            )


def _last(bills: Sequence[Claim]) -> Claim:
    return max(bills, key=version_key)
