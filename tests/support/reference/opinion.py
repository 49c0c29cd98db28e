"""A slow, obvious second opinion of what policy says.

It is computed month by month and person by person from the facts as agencies wrote them.

Written apart from risk's rules and sharing nothing with them: fractions instead of fen, loops
instead of windows, no state.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache

from foothold_schemas.facts.checks import (
    Guarantee,
)
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import (
    DisasterStruck,
    MedicalClaimSettled,
)
from foothold_schemas.facts.register import HouseholdRegistered
from tests.support.reference.ahead import Life, below_in
from tests.support.reference.arithmetic import (
    LINE,
    rounded,
)
from tests.support.reference.findings import (
    HOLDS,
    SUMS,
    checked,
    in_order,
    is_endangered,
    losses_reach,
    stay_was_dear,
    sums_of,
    words_of,
)


@dataclass(frozen=True)
class Opinion:
    """What the second opinion holds of a household on a day.

    Money in units of the currency; None is unknown.
    """

    net: Fraction | None
    reference: Fraction | None
    net_per_head: Fraction | None
    reference_per_head: Fraction | None
    findings: frozenset[str]
    standing: str
    """`group:<name>`, `lead`, `watch`, `clear`, `natural`; `unknown` if income is not heard."""
    below_ahead: tuple[int, ...]
    """In how many months it will be below the line."""
    seen: "Seen" = field(compare=False, kw_only=True)


@dataclass(frozen=True)
class Seen:
    """What the opinion rests on, for who asks further.

    `values`: of what is a sum, the value and its threshold.
    """

    entry: HouseholdRegistered
    incomes: list[FactRecord]
    bills: list[FactRecord]
    costs: list[FactRecord]
    storms: list[DisasterStruck]
    checks: list[FactRecord]
    reviews: list[FactRecord]
    reports: list[FactRecord]
    values: Mapping[str, tuple[Fraction, Fraction]]
    losses_reach: bool
    is_endangered: bool
    is_anybody: bool
    is_below_ahead: Callable[[], bool]

    @property
    def guarantees(self) -> Mapping[str, bool]:
        """Of each guarantee whether it is known to be met."""
        last, _ = checked(self.checks)
        return {str(g): last.get(g, False) for g in Guarantee}

    def standing(self, findings: Collection[str], per_head: Fraction | None) -> str:
        """Where the household should stand on these findings."""
        standing = where(
            self.entry,
            set(findings),
            per_head,
            endangered=self.is_endangered,
            anybody=self.is_anybody,
        )
        return "watch" if standing == "clear" and self.is_below_ahead() else standing


def opinion(
    facts: Iterable[FactRecord],
    today: date,
    *,
    everything_heard: bool = False,
    identified: bool = False,
    ahead: bool = True,
) -> Opinion:
    """Judge the household from all its facts.

    The numbers are those of the tests' policy, in which every rule is in force.

    `identified`: people identified it, so a stay is dear earlier. `ahead`: say in how many months
    it will be below the line; it takes longest.
    """
    words = words_of(facts, today)
    sums = sums_of(words, everything_heard=everything_heard)
    per_head = rounded(sums.net, sums.heads)
    reference_per_head = rounded(sums.reference, sums.heads)
    values = {name: value for name, of in SUMS.items() if (value := of(words, sums)) is not None}
    findings = {*values, *(name for name, holds in HOLDS.items() if holds(words, sums))}
    if stay_was_dear(words, 6000 if identified else 10000):
        findings.add("single_stay_high")
    spent = [f.data for f in words.bills if isinstance(f.data, MedicalClaimSettled)]
    life = Life(words.entry, words.incomes, spent, words.spent)
    is_foreseen = sums.net is not None and bool(sums.heads) and bool(words.here)

    @cache
    def below() -> tuple[int, ...]:
        return tuple(n for n in (1, 3, 6) if is_foreseen and below_in(life, today, n))

    @cache
    def is_below_ahead() -> bool:
        return any(is_foreseen and below_in(life, today, n) for n in (1, 3, 6))

    seen = Seen(
        words.entry,
        words.incomes,
        words.bills,
        words.costs,
        words.storms,
        words.checks,
        in_order(words.reviews),
        words.reports,
        values,
        losses_reach(words, sums),
        is_endangered(words, reference_per_head),
        bool(words.here),
        is_below_ahead,
    )
    return Opinion(
        sums.net,
        sums.reference,
        per_head,
        reference_per_head,
        frozenset(findings),
        seen.standing(findings, per_head),
        below() if ahead else (),
        seen=seen,
    )


SHOCKS = {
    "income_dropped",
    "work_lost",
    "disaster_loss",
    "self_paid_high",
    "single_stay_high",
    "self_paid_ratio",
    "rigid_spending_ratio",
}
RISKS = SHOCKS | {"project_underpaid", "education_cost_high", "guarantee_missing", "grade_fell"}
LEADS = RISKS | {"risk_reported"}


def where(
    entry: HouseholdRegistered,
    findings: set[str],
    per_head: Fraction | None,
    *,
    endangered: bool,
    anybody: bool,
) -> str:
    """The table of the groups, row by row."""
    if not anybody:
        return "natural"
    if per_head is None:
        return "unknown"
    if per_head < LINE and findings & RISKS:
        return "group:unstable_ex_poor" if entry.standing == "ex_poor" else "group:marginal"
    if per_head >= LINE and findings & SHOCKS and endangered:
        return "group:sudden_hardship"
    if findings & LEADS:
        return "lead"
    return "watch" if per_head <= LINE else "clear"
