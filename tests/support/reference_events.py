"""The second opinion on what happened: each event of what is found today, by name, with how bad it is. From the facts as agencies wrote them."""

from collections.abc import Iterable
from datetime import date

from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import DisasterStruck, HomeState, IncomeCategory, IncomeReported, WorkerState
from foothold_schemas.register import HouseholdRegistered
from foothold_schemas.reports import RiskReported
from tests.support.reference import checked, is_child
from tests.support.reference_arithmetic import in_rolling_year, is_here, months_before, share_of, yuan

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
