"""The second opinion on what happened: each event of what is found today, by name, with how bad it is. From the facts as agencies wrote them."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from foothold_schemas.checks import SpendingReported
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import CareSetting, DisasterStruck, HomeState, IncomeCategory, IncomeReported, MedicalClaimSettled, WorkerState
from foothold_schemas.register import HouseholdRegistered
from foothold_schemas.reports import RiskReported
from tests.support.reference import Opinion, checked, is_child
from tests.support.reference_arithmetic import in_rolling_year, is_here, months_before, own, share_of, yuan
from tests.support.reference_statements import bills as settled
from tests.support.reference_statements import last_words

RIGID = ("education", "rehabilitation", "accident")

Happened = dict[str, tuple[int, ...]]
"""Name → how bad: the higher the worse, part by part."""


def happened(facts: Iterable[FactRecord], today: date, found: frozenset[str]) -> Happened:
    """What the findings of the day rest on; sums and ratios rest on nothing that has a name."""
    known = list({f.fact_id: f for f in facts}.values())
    entry = max((f for f in known if isinstance(f.data, HouseholdRegistered)), key=lambda f: (f.time, f.fact_id)).data
    assert isinstance(entry, HouseholdRegistered)
    events: Happened = {}
    for fact in known:
        data = fact.data
        if isinstance(data, RiskReported) and "risk_reported" in found:
            events[f"{data.route}, {data.concern}, {data.reported_on}"] = ()
        if isinstance(data, DisasterStruck) and data.is_verified and in_rolling_year(data.struck_on, today) and "disaster_loss" in found:
            home, worker, loss = list(HomeState).index(data.home), list(WorkerState).index(data.main_worker), yuan(data.loss or 0)
            if home >= list(HomeState).index(HomeState.BADLY_DAMAGED) or worker or loss:
                name = f"{data.hazard} of {data.struck_on}"
                events[name] = tuple(map(max, events.get(name, (0, 0)), (home, worker)))
    here = [m for m in entry.members if is_here(m, today)]
    if "guarantee_missing" in found:
        last, _ = checked([f for f in known if f.data.kind == "GuaranteeChecked"])
        events |= {f"no {name}": () for name, met in last.items() if not met}
        events |= {f"{m.person_ref} without insurance": () for m in here if m.is_insured is False}
        events |= {f"{m.person_ref} out of school": () for m in here if m.at_school is False and is_child(m, today)}
    if "work_lost" in found:
        window = months_before(today, 12)
        wages = [f.data for f in known if isinstance(f.data, IncomeReported) and f.data.category is IncomeCategory.WAGE]
        for member in here:
            mine = [w for w in wages if w.person_ref == member.person_ref]
            if any(share_of(w, window) > 0 for w in mine) and not any(share_of(w, window[-3:]) > 0 for w in mine):
                events[f"{member.person_ref} out of work"] = ()
    return events


Bills = dict[str, Fraction]
"""Name of a bill or cost → what the household paid of it."""
Sums = tuple[tuple[Bills, Fraction], ...]
"""What is added up, with the amount that makes it a finding."""


def bills_of(facts: Iterable[FactRecord], today: date, opinion: Opinion) -> Sums:
    """What each sum that is found adds up; each dear stay is a sum of its own."""
    known = list({f.fact_id: f for f in facts}.values())
    year = [b for b in settled([f for f in known if isinstance(f.data, MedicalClaimSettled)]) if in_rolling_year(b.settled_on, today)]
    costs = [f.data for f in last_words([f for f in known if isinstance(f.data, SpendingReported)]) if isinstance(f.data, SpendingReported)]

    def cost_name(one: SpendingReported) -> str:
        return f"{one.category} {one.spent_on} {one.total} {one.covered} {one.person_ref}"

    def medical(some: Iterable[MedicalClaimSettled]) -> Bills:
        return {b.claim_number: own(b) for b in some}

    sums: list[tuple[Bills, Fraction]] = []
    found = opinion.findings
    if "self_paid_high" in found:
        standing = max((f for f in known if isinstance(f.data, HouseholdRegistered)), key=lambda f: (f.time, f.fact_id)).data
        assert isinstance(standing, HouseholdRegistered)
        sums.append((medical(year), Fraction(5000 if standing.standing == "ex_poor" else 20000)))
    if "self_paid_ratio" in found:
        people = {b.person_ref for b in year if b.person_ref is not None}
        totals = {p: sum(own(b) for b in year if b.person_ref == p) for p in people}
        worst = max(people, key=lambda p: (totals[p], p))
        sums.append((medical(b for b in year if b.person_ref == worst), Fraction(10000)))
    if "single_stay_high" in found:
        stays: dict[str, list[MedicalClaimSettled]] = {}
        for n, bill in enumerate(year):
            if bill.setting is CareSetting.INPATIENT:
                stays.setdefault(bill.stay or f"alone {n}", []).append(bill)
        dear = (medical(stay) for stay in stays.values())
        sums += [(stay, Fraction(10000)) for stay in dear if sum(stay.values()) > 10000]
    if "rigid_spending_ratio" in found and opinion.net is not None:
        rigid = {cost_name(c): yuan(c.total) - yuan(c.covered) for c in costs if c.category in RIGID and in_rolling_year(c.spent_on, today)}
        accidents = {cost_name(c): yuan(c.total) - yuan(c.covered) for c in costs if c.category == "accident" and in_rolling_year(c.spent_on, today)}
        every = medical(year) | rigid
        is_all = sum(every.values()) > opinion.net * Fraction(7, 10)
        sums.append((every, opinion.net * Fraction(7, 10)) if is_all else (medical(year) | accidents, opinion.net * Fraction(6, 10)))
    if "education_cost_high" in found:
        september = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
        schooling = [c for c in costs if c.category == "education" and september <= c.spent_on <= today]
        sums.append(({cost_name(c): yuan(c.total) - yuan(c.covered) for c in schooling}, Fraction(10000)))
    return tuple(sums)


def heavy(sums: Sums, paid: frozenset[str], *, alone: bool = False) -> set[str]:
    """The bills the case has not had that are a fifth of what the rest of their sum comes to; `alone`: and would be a finding without the rest."""
    new = ((name, cost, sum(bills.values()) - cost, amount) for bills, amount in sums for name, cost in bills.items() if name not in paid)
    return {name for name, cost, rest, amount in new if cost >= rest / 5 and (cost >= amount or not alone)}
