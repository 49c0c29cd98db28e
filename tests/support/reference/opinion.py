"""A slow, obvious second opinion of what policy says.

It is computed month by month and person by person from the facts as agencies wrote them.

Written apart from risk's rules and sharing nothing with them: fractions instead of fen, loops
instead of windows, no state.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache

from foothold_schemas.facts.checks import (
    Grade,
    Guarantee,
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
from tests.support.reference.ahead import Life, below_in, claims_income
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


def opinion(  # noqa: C901, PLR0912, PLR0915 - one plain list, to be read beside policy
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
    by_kind: dict[str, list[FactRecord]] = {}
    for fact in {f.fact_id: f for f in facts}.values():
        by_kind.setdefault(fact.data.kind, []).append(fact)
    entry = max(by_kind["HouseholdRegistered"], key=age).data
    assert isinstance(entry, HouseholdRegistered)
    incomes = months_of(by_kind.get("IncomeReported", []), entry, today)
    bill_records, cost_records = (
        settled(by_kind.get("MedicalClaimSettled", [])),
        last_words(by_kind.get("SpendingReported", [])),
    )
    bills = [f.data for f in bill_records if isinstance(f.data, MedicalClaimSettled)]
    costs = [f.data for f in cost_records if isinstance(f.data, SpendingReported)]
    storms = disasters(by_kind.get("DisasterStruck", []))
    checks = last_words(by_kind.get("GuaranteeChecked", []))
    reviews = last_words(by_kind.get("HouseholdGraded", []))

    window = months_before(today, 12)
    a_year_ago = months_before(today, 24)[:12]
    money = dict(monthly(incomes))
    if everything_heard:
        money = dict.fromkeys((*a_year_ago, *window), Fraction(0)) | money
    is_heard = all(month in money for month in window)
    net = sum((money[m] for m in window), Fraction(0)) if is_heard else None
    before = (
        sum((money[m] for m in a_year_ago), Fraction(0))
        if all(m in money for m in a_year_ago)
        else None
    )
    year = [b for b in bills if in_rolling_year(b.settled_on, today)]
    own_medical = sum((own(b) for b in year), Fraction(0))
    rigid = {
        name: sum(
            (
                yuan(c.total) - yuan(c.covered)
                for c in costs
                if c.category == name and in_rolling_year(c.spent_on, today)
            ),
            Fraction(0),
        )
        for name in ("education", "rehabilitation", "accident")
    }
    all_own = own_medical + sum(rigid.values())
    payouts = claims_income(incomes, year, today)
    reference = None if net is None else net + payouts - all_own
    heads = sum(
        sum(
            1
            for m in entry.members
            if m.absence is None and m.is_registered and is_here(m, last_of(month))
        )
        for month in window
    )
    struck = [s for s in storms if s.is_verified and in_rolling_year(s.struck_on, today)]

    findings: set[str] = set()
    values: dict[str, tuple[Fraction, Fraction]] = {}
    per_head = rounded(net, heads)
    if per_head is not None and per_head < LINE:
        findings.add("income_below_line")
    if (
        net is not None
        and before is not None
        and before > 0
        and before - net >= before / 2
        and before - net >= 2000
    ):
        findings.add("income_dropped")
        values["income_dropped"] = (
            before - net,
            max(Fraction(-(-(before * 50) // 1), 100), Fraction(2000)),
        )
    if any(
        s.home in (HomeState.DESTROYED, HomeState.BADLY_DAMAGED)
        or s.main_worker in (WorkerState.DEAD, WorkerState.DISABLED)
        for s in struck
    ):
        findings.add("disaster_loss")
    losses = sum((yuan(s.loss) for s in struck if s.loss is not None), Fraction(0))
    losses_reach = net is not None and losses > 0 and losses >= net * Fraction(3, 10)
    if losses_reach:
        findings.add("disaster_loss")
    high = Fraction(5000 if entry.standing == "ex_poor" else 20000)
    if own_medical >= high:
        findings.add("self_paid_high")
        values["self_paid_high"] = own_medical, high
    stays: dict[str, Fraction] = {}
    for n, bill in enumerate(year):
        if bill.setting is CareSetting.INPATIENT:
            stay = f"{bill.person_ref} {bill.stay}" if bill.stay else f"alone {n}"
            stays[stay] = stays.get(stay, Fraction(0)) + own(bill)
    if any(cost > (6000 if identified else 10000) for cost in stays.values()):
        findings.add("single_stay_high")
    people = {b.person_ref for b in year if b.person_ref is not None}
    dearest = max(
        (sum((own(b) for b in year if b.person_ref == p), Fraction(0)) for p in people),
        default=Fraction(0),
    )
    if dearest > 10000:
        findings.add("self_paid_ratio")
        values["self_paid_ratio"] = dearest, Fraction(10000)
    medical_alone = own_medical + rigid["accident"]
    for spent, share in ((medical_alone, Fraction(6, 10)), (all_own, Fraction(7, 10))):
        if net is not None and spent > 0 and spent > net * share:
            findings.add("rigid_spending_ratio")
            values["rigid_spending_ratio"] = spent, Fraction(net * share * 100 // 1, 100)
    september = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
    schooling = [c for c in costs if c.category == "education" and september <= c.spent_on <= today]
    taught = sum((yuan(c.total) - yuan(c.covered) for c in schooling), Fraction(0))
    if taught > 10000:
        findings.add("education_cost_high")
        values["education_cost_high"] = taught, Fraction(10000)
    last, ever_met = checked(checks)
    if any(not met for met in last.values()):
        findings.add("guarantee_missing")
    ladder = [
        f.data.grade
        for f in sorted(reviews, key=lambda f: _graded(f).graded_on)
        if isinstance(f.data, HouseholdGraded)
    ]
    if len(ladder) > 1 and list(Grade).index(ladder[-1]) > list(Grade).index(ladder[-2]):
        findings.add("grade_fell")

    reports = last_words(by_kind.get("RiskReported", []))
    if reports:
        findings.add("risk_reported")
    if net is not None and someone_lost_work(entry, incomes, today):
        findings.add("work_lost")
    if net is not None and some_project_paid_too_little(entry, incomes, today):
        findings.add("project_underpaid")
    here = [m for m in entry.members if is_here(m, today)]
    if any(m.is_insured is False for m in here) or any(
        m.at_school is False and is_child(m, today) for m in here
    ):
        findings.add("guarantee_missing")

    reference_per_head = rounded(reference, heads)
    homeless = any(s.home is HomeState.DESTROYED for s in struck)
    lost = any(not met and name in ever_met for name, met in last.items()) or had_and_lost(
        by_kind["HouseholdRegistered"], today
    )
    endangered = homeless or lost or (reference_per_head is not None and reference_per_head < LINE)
    life = Life(entry, incomes, bills, costs)

    def below() -> tuple[int, ...]:
        return tuple(
            months
            for months in (1, 3, 6)
            if net is not None and heads and here and below_in(life, today, months)
        )

    @cache
    def is_below_ahead() -> bool:
        return any(
            net is not None and heads and here and below_in(life, today, months)
            for months in (1, 3, 6)
        )

    seen = Seen(
        entry,
        incomes,
        bill_records,
        cost_records,
        storms,
        checks,
        _in_order(reviews),
        reports,
        values,
        losses_reach,
        endangered,
        bool(here),
        is_below_ahead,
    )
    standing = seen.standing(findings, per_head)
    return Opinion(
        net,
        reference,
        per_head,
        reference_per_head,
        frozenset(findings),
        standing,
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


def _in_order(reviews: Iterable[FactRecord]) -> list[FactRecord]:
    return sorted(reviews, key=lambda f: _graded(f).graded_on)
