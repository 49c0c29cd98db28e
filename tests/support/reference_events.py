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


def bills_of(facts: Iterable[FactRecord], today: date, opinion: Opinion) -> tuple[Bills, ...]:
    """What each sum that is found adds up."""
    known = list({f.fact_id: f for f in facts}.values())
    year = [(f, f.data) for f in known if isinstance(f.data, MedicalClaimSettled) and in_rolling_year(f.data.settled_on, today)]
    costs = [f.data for f in known if isinstance(f.data, SpendingReported)]

    def cost_name(one: SpendingReported) -> str:
        return f"{one.category} {one.spent_on} {one.total} {one.covered} {one.person_ref}"

    def medical(some: Iterable[MedicalClaimSettled]) -> Bills:
        return {b.claim_number: own(b) for b in some}

    sums: list[Bills] = []
    found = opinion.findings
    if "self_paid_high" in found:
        sums.append(medical(b for _, b in year))
    if "self_paid_ratio" in found:
        people = {b.person_ref for _, b in year if b.person_ref is not None}
        totals = {p: sum(own(b) for _, b in year if b.person_ref == p) for p in people}
        worst = max(people, key=lambda p: (totals[p], p))
        sums.append(medical(b for _, b in year if b.person_ref == worst))
    if "single_stay_high" in found:
        stays: dict[str, list[tuple[str, MedicalClaimSettled]]] = {}
        for fact, bill in year:
            if bill.setting is CareSetting.INPATIENT:
                stays.setdefault(bill.stay or f"alone {fact.fact_id}", []).append((fact.fact_id, bill))
        dearest = max(stays.values(), key=lambda s: (sum(own(b) for _, b in s), min(i for i, _ in s)))
        sums.append(medical(b for _, b in dearest))
    if "rigid_spending_ratio" in found and opinion.net is not None:
        rigid = {cost_name(c): yuan(c.total) - yuan(c.covered) for c in costs if c.category in RIGID and in_rolling_year(c.spent_on, today)}
        accidents = {cost_name(c): yuan(c.total) - yuan(c.covered) for c in costs if c.category == "accident" and in_rolling_year(c.spent_on, today)}
        every = medical(b for _, b in year) | rigid
        is_all = sum(every.values()) > opinion.net * Fraction(7, 10)
        sums.append(every if is_all else medical(b for _, b in year) | accidents)
    if "education_cost_high" in found:
        september = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
        schooling = [c for c in costs if c.category == "education" and september <= c.spent_on <= today]
        sums.append({cost_name(c): yuan(c.total) - yuan(c.covered) for c in schooling})
    return tuple(sums)


def heavy(sums: Iterable[Bills], paid: frozenset[str]) -> set[str]:
    """The bills the case has not had that alone are a fifth of what the rest of their sum comes to."""
    return {name for bills in sums for name, cost in bills.items() if name not in paid and cost >= (sum(bills.values()) - cost) / 5}
