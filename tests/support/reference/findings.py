"""What the facts of a household come to on a day, and each finding by itself.

Fractions instead of fen, loops instead of windows, and nothing shared with risk's rules.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from foothold_schemas.facts.checks import (
    Grade,
    GuaranteeChecked,
    HouseholdGraded,
    SpendingReported,
)
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import (
    CareSetting,
    DisasterStruck,
    HomeState,
    IncomeCategory,
    IncomeReported,
    MedicalClaimSettled,
    WorkerState,
)
from foothold_schemas.facts.register import HouseholdRegistered, Member
from tests.support.reference.ahead import claims_income
from tests.support.reference.arithmetic import (
    LINE,
    covered_months,
    in_rolling_year,
    is_here,
    last_of,
    months_before,
    own,
    part_of,
    rounded,
    share_of,
    yuan,
)
from tests.support.reference.statements import age, last_words, months_of
from tests.support.reference.statements import bills as settled
from tests.support.reference.statements import storms as disasters


@dataclass(frozen=True)
class Words:
    """The last word of every statement, as it stands on the day."""

    today: date
    entries: list[FactRecord]
    entry: HouseholdRegistered
    incomes: list[FactRecord]
    bills: list[FactRecord]
    costs: list[FactRecord]
    storms: list[DisasterStruck]
    checks: list[FactRecord]
    reviews: list[FactRecord]
    reports: list[FactRecord]

    @property
    def year(self) -> list[MedicalClaimSettled]:
        """The bills of the rolling year."""
        bills = [f.data for f in self.bills if isinstance(f.data, MedicalClaimSettled)]
        return [b for b in bills if in_rolling_year(b.settled_on, self.today)]

    @property
    def spent(self) -> list[SpendingReported]:
        """What was spent on other things, whenever."""
        return [f.data for f in self.costs if isinstance(f.data, SpendingReported)]

    @property
    def struck(self) -> list[DisasterStruck]:
        """The verified disasters of the rolling year."""
        return [
            s for s in self.storms if s.is_verified and in_rolling_year(s.struck_on, self.today)
        ]

    @property
    def here(self) -> list[Member]:
        """Who lives there on the day."""
        return [m for m in self.entry.members if is_here(m, self.today)]


@dataclass(frozen=True)
class Sums:
    """Sums of the twelve months; None is unknown. `before`: the net income of the twelve before."""

    net: Fraction | None
    before: Fraction | None
    medical: Fraction
    rigid: Mapping[str, Fraction]
    payouts: Fraction
    heads: int

    @property
    def all_own(self) -> Fraction:
        """What the household paid itself of all that is rigid."""
        return self.medical + sum(self.rigid.values())

    @property
    def reference(self) -> Fraction | None:
        """The net income with what insurances paid, less what is rigid."""
        return None if self.net is None else self.net + self.payouts - self.all_own


def words_of(facts: Iterable[FactRecord], today: date) -> Words:
    """Each fact once, and of several versions of a statement the last."""
    by_kind: dict[str, list[FactRecord]] = {}
    for fact in {f.fact_id: f for f in facts}.values():
        by_kind.setdefault(fact.data.kind, []).append(fact)
    entry = max(by_kind["HouseholdRegistered"], key=age).data
    assert isinstance(entry, HouseholdRegistered)
    return Words(
        today,
        by_kind["HouseholdRegistered"],
        entry,
        months_of(by_kind.get("IncomeReported", []), entry, today),
        settled(by_kind.get("MedicalClaimSettled", [])),
        last_words(by_kind.get("SpendingReported", [])),
        disasters(by_kind.get("DisasterStruck", [])),
        last_words(by_kind.get("GuaranteeChecked", [])),
        last_words(by_kind.get("HouseholdGraded", [])),
        last_words(by_kind.get("RiskReported", [])),
    )


def sums_of(words: Words, *, everything_heard: bool) -> Sums:
    """Month by month, and bill by bill."""
    window = months_before(words.today, 12)
    a_year_ago = months_before(words.today, 24)[:12]
    money = dict(monthly(words.incomes))
    if everything_heard:
        money = dict.fromkeys((*a_year_ago, *window), Fraction(0)) | money
    rigid = {
        name: _paid(
            c
            for c in words.spent
            if c.category == name and in_rolling_year(c.spent_on, words.today)
        )
        for name in ("education", "rehabilitation", "accident")
    }
    return Sums(
        _sum_of(money, window),
        _sum_of(money, a_year_ago),
        sum((own(b) for b in words.year), Fraction(0)),
        rigid,
        claims_income(words.incomes, words.year, words.today),
        sum(_heads_in(words.entry, month) for month in window),
    )


def _sum_of(
    money: Mapping[tuple[int, int], Fraction], months: Sequence[tuple[int, int]]
) -> Fraction | None:
    if not all(month in money for month in months):
        return None
    return sum((money[month] for month in months), Fraction(0))


def _heads_in(entry: HouseholdRegistered, month: tuple[int, int]) -> int:
    return sum(
        1
        for m in entry.members
        if m.absence is None and m.is_registered and is_here(m, last_of(month))
    )


def _paid(costs: Iterable[SpendingReported]) -> Fraction:
    return sum((yuan(c.total) - yuan(c.covered) for c in costs), Fraction(0))


def income_below_line(_: Words, sums: Sums) -> bool:
    """Below the line, by the head."""
    per_head = rounded(sums.net, sums.heads)
    return per_head is not None and per_head < LINE


def income_dropped(_: Words, sums: Sums) -> tuple[Fraction, Fraction] | None:
    """By half, and by two thousand."""
    net, before = sums.net, sums.before
    if net is None or before is None or before <= 0:
        return None
    fell = before - net
    if fell < before / 2 or fell < 2000:
        return None
    return fell, max(Fraction(-(-(before * 50) // 1), 100), Fraction(2000))


def disaster_loss(words: Words, sums: Sums) -> bool:
    """The home, the main worker, or three tenths of the income."""
    homes = (HomeState.DESTROYED, HomeState.BADLY_DAMAGED)
    workers = (WorkerState.DEAD, WorkerState.DISABLED)
    is_hard = any(s.home in homes or s.main_worker in workers for s in words.struck)
    return is_hard or losses_reach(words, sums)


def losses_reach(words: Words, sums: Sums) -> bool:
    """Whether what disasters took comes to three tenths of the net income."""
    losses = sum((yuan(s.loss) for s in words.struck if s.loss is not None), Fraction(0))
    return sums.net is not None and losses > 0 and losses >= sums.net * Fraction(3, 10)


def self_paid_high(words: Words, sums: Sums) -> tuple[Fraction, Fraction] | None:
    """What the household paid itself for all its bills."""
    high = Fraction(5000 if words.entry.standing == "ex_poor" else 20000)
    return (sums.medical, high) if sums.medical >= high else None


def stay_was_dear(words: Words, most: int) -> bool:
    """Whether a stay in hospital, over all its bills, cost more than that."""
    stays: dict[str, Fraction] = {}
    for n, bill in enumerate(words.year):
        if bill.setting is CareSetting.INPATIENT:
            stay = f"{bill.person_ref} {bill.stay}" if bill.stay else f"alone {n}"
            stays[stay] = stays.get(stay, Fraction(0)) + own(bill)
    return any(cost > most for cost in stays.values())


def self_paid_ratio(words: Words, _: Sums) -> tuple[Fraction, Fraction] | None:
    """What was paid for one person: more than ten thousand."""
    people = {b.person_ref for b in words.year if b.person_ref is not None}
    dearest = max(
        (sum((own(b) for b in words.year if b.person_ref == p), Fraction(0)) for p in people),
        default=Fraction(0),
    )
    return (dearest, Fraction(10000)) if dearest > 10000 else None


def rigid_spending_ratio(_: Words, sums: Sums) -> tuple[Fraction, Fraction] | None:
    """All that is rigid against seven tenths of the income, else what is medical against six."""
    medical_alone = sums.medical + sums.rigid["accident"]
    for spent, share in ((sums.all_own, Fraction(7, 10)), (medical_alone, Fraction(6, 10))):
        if sums.net is not None and spent > 0 and spent > sums.net * share:
            return spent, Fraction(sums.net * share * 100 // 1, 100)
    return None


def education_cost_high(words: Words, _: Sums) -> tuple[Fraction, Fraction] | None:
    """More than ten thousand since September."""
    today = words.today
    september = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
    taught = _paid(
        c for c in words.spent if c.category == "education" and september <= c.spent_on <= today
    )
    return (taught, Fraction(10000)) if taught > 10000 else None


def guarantee_missing(words: Words, _: Sums) -> bool:
    """By the last check of a guarantee, or by the register."""
    last, _met = checked(words.checks)
    return any(not met for met in last.values()) or any(
        m.is_insured is False or (m.at_school is False and is_child(m, words.today))
        for m in words.here
    )


def grade_fell(words: Words, _: Sums) -> bool:
    """Between the last two reviews."""
    ladder = [_graded(f).grade for f in in_order(words.reviews)]
    return len(ladder) > 1 and list(Grade).index(ladder[-1]) > list(Grade).index(ladder[-2])


def risk_reported(words: Words, _: Sums) -> bool:
    """Somebody said so."""
    return bool(words.reports)


def work_lost(words: Words, sums: Sums) -> bool:
    """Where income is known."""
    return sums.net is not None and someone_lost_work(words.entry, words.incomes, words.today)


def project_underpaid(words: Words, sums: Sums) -> bool:
    """Where income is known."""
    return sums.net is not None and some_project_paid_too_little(
        words.entry, words.incomes, words.today
    )


def is_endangered(words: Words, reference_per_head: Fraction | None) -> bool:
    """Without a home, without a guarantee it had, or below the line after what is rigid."""
    homeless = any(s.home is HomeState.DESTROYED for s in words.struck)
    last, ever_met = checked(words.checks)
    lost = any(not met and name in ever_met for name, met in last.items())
    return (
        homeless
        or lost
        or had_and_lost(words.entries, words.today)
        or (reference_per_head is not None and reference_per_head < LINE)
    )


HOLDS: Mapping[str, Callable[[Words, Sums], bool]] = {
    "income_below_line": income_below_line,
    "disaster_loss": disaster_loss,
    "guarantee_missing": guarantee_missing,
    "grade_fell": grade_fell,
    "risk_reported": risk_reported,
    "work_lost": work_lost,
    "project_underpaid": project_underpaid,
}
SUMS: Mapping[str, Callable[[Words, Sums], tuple[Fraction, Fraction] | None]] = {
    "income_dropped": income_dropped,
    "self_paid_high": self_paid_high,
    "self_paid_ratio": self_paid_ratio,
    "rigid_spending_ratio": rigid_spending_ratio,
    "education_cost_high": education_cost_high,
}
"""Findings that are a sum: the value and its threshold, or None where it does not hold."""


def had_and_lost(entries: Sequence[FactRecord], today: date) -> bool:
    """Whether a member lost insurance, or a child school, by the register.

    An entry before the one that counts said otherwise.
    """
    *before, last = [
        f.data for f in sorted(entries, key=age) if isinstance(f.data, HouseholdRegistered)
    ]
    once = [m for entry in before for m in entry.members]
    here = [m for m in last.members if is_here(m, today)]
    uninsured = {m.person_ref for m in here if m.is_insured is False}
    out = {m.person_ref for m in here if m.at_school is False and is_child(m, today)}
    return any(
        (m.is_insured is True and m.person_ref in uninsured)
        or (m.at_school is True and m.person_ref in out)
        for m in once
    )


def someone_lost_work(
    entry: HouseholdRegistered, incomes: Iterable[FactRecord], today: date
) -> bool:
    """A member who is here earned a wage in the last twelve months and none in the last three."""
    window = months_before(today, 12)
    for member in entry.members:
        if is_here(member, today):
            wages = [
                f.data
                for f in incomes
                if isinstance(f.data, IncomeReported) and f.data.category is IncomeCategory.WAGE
            ]
            own_wages = [
                w for w in wages if w.person_ref == member.person_ref and share_of(w, window) > 0
            ]
            if own_wages and not any(
                month in covered_months(w) for w in own_wages for month in window[-3:]
            ):
                return True
    return False


def some_project_paid_too_little(
    entry: HouseholdRegistered, incomes: Iterable[FactRecord], today: date
) -> bool:
    """A project's shares held for the whole window brought less than they should.

    That is less than seven percent of what was invested, six for an investment since June 2025.
    """
    window = months_before(today, 12)
    held = [share for share in entry.projects if share.invested_on <= date(*window[0], 1)]
    for project in {share.project for share in held}:
        paid = sum(
            (
                share_of(f.data, window)
                for f in incomes
                if isinstance(f.data, IncomeReported) and f.data.project == project
            ),
            Fraction(0),
        )
        shares = [share for share in held if share.project == project]
        if paid < sum(
            yuan(share.invested) * Fraction(6 if share.invested_on >= date(2025, 6, 1) else 7, 100)
            for share in shares
        ):
            return True
    return False


def is_child(member: Member, today: date) -> bool:
    """From six years of age to before sixteen, by whole months."""
    if member.birth_month is None:
        return False
    months = (
        (today.year - int(member.birth_month[:4])) * 12 + today.month - int(member.birth_month[5:])
    )
    return 72 <= months < 192


def monthly(incomes: Iterable[FactRecord]) -> Mapping[tuple[int, int], Fraction]:
    """Month → net income of every month somebody reported.

    A year's figure gives each month its share; a month's share ends on a whole fen.
    """
    money: dict[tuple[int, int], int] = {}
    for record in incomes:
        fact = record.data
        assert isinstance(fact, IncomeReported)
        assert fact.earned_month is not None
        last = (int(fact.earned_month[:4]), int(fact.earned_month[5:]))
        covered = [*months_before(date(*last, 1), 11), last] if fact.is_yearly else [last]
        counts = fact.category is not IncomeCategory.CLAIMS and fact.item != "emergency_relief"
        given = 0
        for n, month in enumerate(covered, start=1):
            so_far = part_of(fact.amount, n, len(covered)) - part_of(
                fact.operating_expense, n, len(covered)
            )
            money[month] = money.get(month, 0) + (so_far - given if counts else 0)
            given = so_far
        assert given == int(fact.amount) - int(fact.operating_expense)
    return {month: yuan(fen) for month, fen in money.items()}


def checked(checks: Iterable[FactRecord]) -> tuple[Mapping[str, bool], set[str]]:
    """What each guarantee's last check said, and which were ever met."""
    last: dict[str, bool] = {}
    met: set[str] = set()
    for record in sorted(checks, key=lambda f: _checked(f).checked_on):
        fact = _checked(record)
        last[fact.guarantee] = fact.is_met
        met |= {fact.guarantee.value} if fact.is_met else set()
    return last, met


def _checked(record: FactRecord) -> GuaranteeChecked:
    assert isinstance(record.data, GuaranteeChecked)
    return record.data


def _graded(record: FactRecord) -> HouseholdGraded:
    assert isinstance(record.data, HouseholdGraded)
    return record.data


def in_order(reviews: Iterable[FactRecord]) -> list[FactRecord]:
    return sorted(reviews, key=lambda f: _graded(f).graded_on)
