"""A slow, obvious second opinion: what policy says, computed month by month and person by person from the facts as agencies wrote them.

Written apart from risk's rules and sharing nothing with them: fractions instead of fen, loops instead of windows, no state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from foothold_schemas.checks import Grade, GuaranteeChecked, HouseholdGraded, SpendingReported
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import CareSetting, HomeState, IncomeCategory, IncomeReported, WorkerState
from foothold_schemas.register import HouseholdRegistered, Member
from tests.support.reference_ahead import Life, below_in, claims_income
from tests.support.reference_arithmetic import LINE, covered_months, in_rolling_year, is_here, last_of, months_before, own, part_of, rounded, share_of, yuan
from tests.support.reference_statements import age, last_words, months_of
from tests.support.reference_statements import bills as settled
from tests.support.reference_statements import storms as disasters


@dataclass(frozen=True)
class Opinion:
    """What the second opinion holds of a household on a day. Money in units of the currency; None is unknown."""

    net: Fraction | None
    reference: Fraction | None
    net_per_head: Fraction | None
    reference_per_head: Fraction | None
    findings: frozenset[str]
    standing: str
    """`group:<name>`, `lead`, `watch`, `clear`, `natural`; `unknown` if income is not heard."""
    below_ahead: tuple[int, ...]
    """In how many months it will be below the line."""


def opinion(facts: Iterable[FactRecord], today: date, *, everything_heard: bool = False) -> Opinion:  # noqa: C901, PLR0912, PLR0915 - one plain list, to be read beside policy
    """Judge the household from all its facts, with the numbers of the tests' policy in which every rule is in force."""
    by_kind: dict[str, list[FactRecord]] = {}
    for fact in {f.fact_id: f for f in facts}.values():
        by_kind.setdefault(fact.data.kind, []).append(fact)
    entry = max(by_kind["HouseholdRegistered"], key=age).data
    assert isinstance(entry, HouseholdRegistered)
    incomes = months_of(by_kind.get("IncomeReported", []), entry, today)
    bills = settled(by_kind.get("MedicalClaimSettled", []))
    costs = [f.data for f in last_words(by_kind.get("SpendingReported", [])) if isinstance(f.data, SpendingReported)]
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
    before = sum((money[m] for m in a_year_ago), Fraction(0)) if all(m in money for m in a_year_ago) else None
    year = [b for b in bills if in_rolling_year(b.settled_on, today)]
    own_medical = sum((own(b) for b in year), Fraction(0))
    rigid = {
        name: sum((yuan(c.total) - yuan(c.covered) for c in costs if c.category == name and in_rolling_year(c.spent_on, today)), Fraction(0))
        for name in ("education", "rehabilitation", "accident")
    }
    all_own = own_medical + sum(rigid.values())
    payouts = claims_income(incomes, year, today)
    reference = None if net is None else net + payouts - all_own
    heads = sum(sum(1 for m in entry.members if m.absence is None and m.is_registered and is_here(m, last_of(month))) for month in window)
    struck = [s for s in storms if s.is_verified and in_rolling_year(s.struck_on, today)]

    found: set[str] = set()
    per_head = rounded(net, heads)
    if per_head is not None and per_head < LINE:
        found.add("income_below_line")
    if net is not None and before is not None and before > 0 and before - net >= before / 2 and before - net >= 2000:
        found.add("income_dropped")
    if any(s.home in (HomeState.DESTROYED, HomeState.BADLY_DAMAGED) or s.main_worker in (WorkerState.DEAD, WorkerState.DISABLED) for s in struck):
        found.add("disaster_loss")
    losses = sum((yuan(s.loss) for s in struck if s.loss is not None), Fraction(0))
    if net is not None and losses > 0 and losses >= net * Fraction(3, 10):
        found.add("disaster_loss")
    if own_medical >= (5000 if entry.standing == "ex_poor" else 20000):
        found.add("self_paid_high")
    stays: dict[str, Fraction] = {}
    for n, bill in enumerate(year):
        if bill.setting is CareSetting.INPATIENT:
            stay = bill.stay or f"alone {n}"
            stays[stay] = stays.get(stay, Fraction(0)) + own(bill)
    if any(cost > 10000 for cost in stays.values()):
        found.add("single_stay_high")
    people = {b.person_ref for b in year if b.person_ref is not None}
    if any(sum((own(b) for b in year if b.person_ref == p), Fraction(0)) > 10000 for p in people):
        found.add("self_paid_ratio")
    medical_alone = own_medical + rigid["accident"]
    if net is not None and ((all_own > 0 and all_own > net * Fraction(7, 10)) or (medical_alone > 0 and medical_alone > net * Fraction(6, 10))):
        found.add("rigid_spending_ratio")
    september = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
    schooling = [c for c in costs if c.category == "education" and september <= c.spent_on <= today]
    if sum((yuan(c.total) - yuan(c.covered) for c in schooling), Fraction(0)) > 10000:
        found.add("education_cost_high")
    last, ever_met = checked(checks)
    if any(not met for met in last.values()):
        found.add("guarantee_missing")
    ladder = [f.data.grade for f in sorted(reviews, key=lambda f: _graded(f).graded_on) if isinstance(f.data, HouseholdGraded)]
    if len(ladder) > 1 and list(Grade).index(ladder[-1]) > list(Grade).index(ladder[-2]):
        found.add("grade_fell")

    if "RiskReported" in by_kind:
        found.add("risk_reported")
    if net is not None and someone_lost_work(entry, incomes, today):
        found.add("work_lost")
    if net is not None and some_project_paid_too_little(entry, incomes, today):
        found.add("project_underpaid")
    here = [m for m in entry.members if is_here(m, today)]
    if any(m.is_insured is False for m in here) or any(m.at_school is False and is_child(m, today) for m in here):
        found.add("guarantee_missing")

    reference_per_head = rounded(reference, heads)
    homeless = any(s.home is HomeState.DESTROYED for s in struck)
    lost = any(not met and name in ever_met for name, met in last.items())
    endangered = homeless or lost or (reference_per_head is not None and reference_per_head < LINE)
    standing = where(entry, found, per_head, endangered=endangered, anybody=bool(here))
    life = Life(entry, incomes, bills, costs)
    below = tuple(months for months in (1, 3, 6) if net is not None and heads and here and below_in(life, today, months))
    return Opinion(net, reference, per_head, reference_per_head, frozenset(found), "watch" if standing == "clear" and below else standing, below)


SHOCKS = {"income_dropped", "work_lost", "disaster_loss", "self_paid_high", "single_stay_high", "self_paid_ratio", "rigid_spending_ratio"}
RISKS = SHOCKS | {"project_underpaid", "education_cost_high", "guarantee_missing", "grade_fell"}
LEADS = RISKS | {"risk_reported"}


def where(entry: HouseholdRegistered, found: set[str], per_head: Fraction | None, *, endangered: bool, anybody: bool) -> str:
    """The table of the groups, row by row."""
    if not anybody:
        return "natural"
    if per_head is None:
        return "unknown"
    if per_head < LINE and found & RISKS:
        return "group:unstable_ex_poor" if entry.standing == "ex_poor" else "group:marginal"
    if per_head >= LINE and found & SHOCKS and endangered:
        return "group:sudden_hardship"
    if found & LEADS:
        return "lead"
    return "watch" if per_head <= LINE else "clear"


def someone_lost_work(entry: HouseholdRegistered, incomes: Iterable[FactRecord], today: date) -> bool:
    """A member who is here earned a wage in the last twelve months and none in the last three."""
    window = months_before(today, 12)
    for member in entry.members:
        if is_here(member, today):
            wages = [f.data for f in incomes if isinstance(f.data, IncomeReported) and f.data.category is IncomeCategory.WAGE]
            mine = [w for w in wages if w.person_ref == member.person_ref and share_of(w, window) > 0]
            if mine and not any(month in covered_months(w) for w in mine for month in window[-3:]):
                return True
    return False


def some_project_paid_too_little(entry: HouseholdRegistered, incomes: Iterable[FactRecord], today: date) -> bool:
    """The shares of a project held for the whole window brought less than seven percent of what was invested, six for an investment since June 2025."""
    window = months_before(today, 12)
    held = [share for share in entry.projects if share.invested_on <= date(*window[0], 1)]
    for project in {share.project for share in held}:
        paid = sum((share_of(f.data, window) for f in incomes if isinstance(f.data, IncomeReported) and f.data.project == project), Fraction(0))
        mine = [share for share in held if share.project == project]
        if paid < sum(yuan(share.invested) * Fraction(6 if share.invested_on >= date(2025, 6, 1) else 7, 100) for share in mine):
            return True
    return False


def is_child(member: Member, today: date) -> bool:
    """From six years of age to before sixteen, by whole months."""
    if member.birth_month is None:
        return False
    months = (today.year - int(member.birth_month[:4])) * 12 + today.month - int(member.birth_month[5:])
    return 72 <= months < 192


def monthly(incomes: Iterable[FactRecord]) -> Mapping[tuple[int, int], Fraction]:
    """Month → net income of every month somebody reported. A year's figure gives each month its share; a month's share ends on a whole fen."""
    money: dict[tuple[int, int], Fraction] = {}
    for record in incomes:
        fact = record.data
        assert isinstance(fact, IncomeReported)
        assert fact.earned_month is not None
        fen = (yuan(fact.amount) - yuan(fact.operating_expense)) * 100
        last = (int(fact.earned_month[:4]), int(fact.earned_month[5:]))
        covered = [*months_before(date(*last, 1), 11), last] if fact.is_yearly else [last]
        given = Fraction(0)
        for n, month in enumerate(covered, start=1):
            so_far = Fraction((part_of(fact.amount, n, len(covered)) - part_of(fact.operating_expense, n, len(covered))), 100)
            counts = fact.category is not IncomeCategory.CLAIMS and fact.item != "emergency_relief"
            money[month] = money.get(month, Fraction(0)) + (so_far - given if counts else 0)
            given = so_far
        assert given * 100 == fen
    return money


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
