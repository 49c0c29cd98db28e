"""The second opinion on what counts: every statement once, by its name.

Every month of a source once, as the sender last said it.

Written apart from risk's rules. A year's figure becomes twelve monthly ones here, so that the rest
of the model knows months only.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from foothold_schemas.facts.checks import GuaranteeChecked, HouseholdGraded, SpendingReported
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import (
    DisasterStruck,
    IncomeCategory,
    IncomeReported,
    MedicalClaimSettled,
)
from foothold_schemas.facts.register import HouseholdRegistered
from foothold_schemas.facts.reports import RiskReported
from foothold_schemas.values import Fen
from tests.support.reference.arithmetic import (
    covered_months,
    day_in_china,
    is_here,
    last_of,
    own,
    part_of,
)

GRACE = 6


def age(record: FactRecord) -> tuple[object, ...]:
    """When it was said, learned, where it stood, and its name: the last of several counts."""
    return record.time, record.recorded_time, record.place or (), record.fact_id


def last_words(records: Iterable[FactRecord]) -> list[FactRecord]:
    """Of the statements under each name the last.

    What only repeats the one before it changes nothing, so that one stays; unless another sender
    said otherwise in between.
    """
    last: dict[tuple[object, ...], FactRecord] = {}
    in_order = sorted(records, key=age)
    for n, record in enumerate(in_order):
        name = name_of(record)
        if name not in last or content(last[name]) != content(record):
            last[name] = record
            continue
        between = in_order[in_order.index(last[name]) : n]
        if any(_is_said_otherwise(record, other) for other in between):
            last[name] = record
    return list(last.values())


def _is_said_otherwise(record: FactRecord, other: FactRecord) -> bool:
    """Whether another sender tells otherwise of the same disaster or the same hospital stay."""
    ours, theirs = record.data, other.data
    if record.agency == other.agency:
        return False
    if isinstance(ours, DisasterStruck) and isinstance(theirs, DisasterStruck):
        is_same = (ours.hazard, ours.struck_on) == (theirs.hazard, theirs.struck_on)
        return is_same and ours != theirs and (theirs.is_verified or not ours.is_verified)
    if isinstance(ours, MedicalClaimSettled) and isinstance(theirs, MedicalClaimSettled):
        is_same = ours.stay is not None and _stay(record) == _stay(other)
        return is_same and (ours.total, own(ours)) != (theirs.total, own(theirs))
    return False


def content(record: FactRecord) -> object:
    """What a statement says; how its sender spells an item is no matter."""
    fact = record.data
    return (
        fact.model_copy(update={"item": folded(fact.item)})
        if isinstance(fact, IncomeReported)
        else fact
    )


def folded(item: str) -> str:
    return item.lower().replace("_", "").replace("-", "").replace(" ", "")


def name_of(record: FactRecord) -> tuple[object, ...]:  # noqa: PLR0911 - one line per kind
    fact = record.data
    match fact:
        case MedicalClaimSettled():
            return record.agency, fact.claim_number
        case SpendingReported():
            return _bought(record, fact)
        case GuaranteeChecked():
            return fact.guarantee, fact.checked_on
        case HouseholdGraded():
            return (fact.graded_on,)
        case DisasterStruck():
            return record.agency, fact.hazard, fact.struck_on
        case RiskReported():
            return fact.route, fact.concern, fact.reported_on
        case IncomeReported():
            return _earned(record, fact)
        case _:
            return (record.fact_id,)


def _bought(record: FactRecord, fact: SpendingReported) -> tuple[object, ...]:
    if fact.statement_number is not None:
        return record.agency, fact.person_ref, fact.statement_number
    return (
        record.agency,
        fact.person_ref,
        fact.category,
        fact.spent_on,
        int(fact.total),
        int(fact.covered),
    )


def _earned(record: FactRecord, fact: IncomeReported) -> tuple[object, ...]:
    if fact.statement_number is not None:
        return record.agency, fact.person_ref, fact.statement_number
    if fact.is_yearly and fact.category is not IncomeCategory.CLAIMS:
        return *_source(record), fact.earned_month, "year"
    day = None if fact.earned_month is not None else day_in_china(record)
    return *_source(record), fact.earned_month, int(fact.amount), int(fact.operating_expense), day


def _source(record: FactRecord) -> tuple[object, ...]:
    fact = record.data
    assert isinstance(fact, IncomeReported)
    return (
        record.agency,
        fact.person_ref,
        fact.category,
        folded(fact.item),
        fact.project,
        fact.claim_number,
        fact.stay,
    )


def storms(records: Iterable[FactRecord]) -> list[DisasterStruck]:
    """Return one disaster for each hazard and day.

    Of those that senders last reported, a verified one comes before others, then the last.
    """
    best: dict[tuple[object, ...], tuple[bool, FactRecord]] = {}
    for record in sorted(last_words(records), key=age):
        fact = record.data
        assert isinstance(fact, DisasterStruck)
        known = best.get((fact.hazard, fact.struck_on))
        if known is None or fact.is_verified >= known[0]:
            best[fact.hazard, fact.struck_on] = (fact.is_verified, record)
    return [r.data for _, r in best.values() if isinstance(r.data, DisasterStruck)]


def bills(records: Iterable[FactRecord]) -> list[FactRecord]:
    """Every bill's last version.

    Of one stay that several senders bill with the same total, the bills of who spoke last.
    """
    latest = last_words(records)
    drop: set[str] = set()
    for bill in latest:
        for other in latest:
            a, b = bill.data, other.data
            assert isinstance(a, MedicalClaimSettled)
            assert isinstance(b, MedicalClaimSettled)
            if (
                a.stay is None
                or (a.stay, a.person_ref) != (b.stay, b.person_ref)
                or bill.agency == other.agency
            ):
                continue
            ours, theirs = (
                [r for r in latest if r.agency == s and _stay(r) == _stay(bill)]
                for s in (bill.agency, other.agency)
            )
            if _total(ours) == _total(theirs) and max(map(age, ours)) < max(map(age, theirs)):
                drop.add(bill.fact_id)
    return [r for r in latest if r.fact_id not in drop]


def told_by_another(records: Iterable[FactRecord], names: Mapping[str, str]) -> dict[str, set[str]]:
    """Name of a bill → those of another sender's bills of that stay that come to the same.

    `names`: own name of a bill → what it is called.
    """
    latest = last_words(records)
    others: dict[str, set[str]] = {}
    for bill in latest:
        assert isinstance(bill.data, MedicalClaimSettled)
        for sender in {r.agency for r in latest if _stay(r) == _stay(bill)} - {bill.agency}:
            ours, theirs = (
                [r for r in latest if r.agency == s and _stay(r) == _stay(bill)]
                for s in (bill.agency, sender)
            )
            if bill.data.stay is not None and _total(ours) == _total(theirs):
                theirs_by_name = {names[own_name(t)] for t in theirs}
                others.setdefault(names[own_name(bill)], set()).update(theirs_by_name)
    return others


def own_name(record: FactRecord) -> str:
    """Of a bill or cost: its number with its sender, or of a cost without one what it says."""
    match record.data:
        case MedicalClaimSettled(claim_number=number):
            return f"{record.agency} {number}"
        case SpendingReported(statement_number=str(number), person_ref=person):
            return f"{record.agency} {person} {number}"
        case SpendingReported() as cost:
            return f"{cost.category} {cost.spent_on} {cost.total} {cost.covered} {cost.person_ref}"
        case _:
            raise AssertionError(record)


def names_of_bills(
    records: Iterable[FactRecord], called: Mapping[str, list[str]]
) -> dict[str, str]:
    """Own name of each bill and cost → what it was told as before its number was put right.

    `called`: own name → what those who told of it called it at first, in the order of telling.
    Where another bill has that name, or had it first, it keeps its own.
    """
    in_order = sorted(records, key=age)
    first = {now: called.get(now, [now])[0] for now in map(own_name, in_order)}
    names, taken = dict[str, str](), set(first)
    for now, name in first.items():
        names[now] = now if name in taken else name
        taken.add(names[now])
    return names


def _stay(record: FactRecord) -> tuple[object, ...]:
    assert isinstance(record.data, MedicalClaimSettled)
    return record.data.person_ref, record.data.stay


def _total(records: Iterable[FactRecord]) -> int:
    return sum(int(r.data.total) for r in records if isinstance(r.data, MedicalClaimSettled))


def months_of(
    records: Iterable[FactRecord], entry: HouseholdRegistered, today: date
) -> list[FactRecord]:
    """The incomes that count, month by month, up to the month before today's what is carried."""
    sources: dict[tuple[object, ...], list[FactRecord]] = {}
    for record in _each_month_once(last_words(records)):
        sources.setdefault(_source(record), []).append(record)
    return [
        month
        for records_of_source in sources.values()
        for month in _of_source(records_of_source, entry, (today.year, today.month))
    ]


def _each_month_once(records: list[FactRecord]) -> list[FactRecord]:
    """Of a wage told once with its month and once without, the one told first."""
    taken: list[FactRecord] = []
    left = sorted(records, key=age)
    while left:
        first = left.pop(0)
        taken.append(first)
        if _is_single_month(first):
            twin = next((r for r in left if _is_single_month(r) and _is_twin(first, r)), None)
            if twin is not None:
                left.remove(twin)
    return taken


def _is_single_month(record: FactRecord) -> bool:
    income = _income(record)
    return not income.is_yearly and income.statement_number is None


def _is_twin(this: FactRecord, other: FactRecord) -> bool:
    months = (_income(this).earned_month is None, _income(other).earned_month is None)
    return _bare(this) == _bare(other) and months in ((True, False), (False, True))


def _bare(record: FactRecord) -> tuple[object, ...]:
    """Source, month and amounts, whether the month was given or is that of the day."""
    income, day = _income(record), day_in_china(record)
    month = income.earned_month or f"{day.year:04d}-{day.month:02d}"
    return *_source(record), month, int(income.amount), int(income.operating_expense)


def _of_source(
    records: list[FactRecord], entry: HouseholdRegistered, this: tuple[int, int]
) -> list[FactRecord]:
    yearly = [
        r
        for r in records
        if _income(r).is_yearly and _income(r).category is not IncomeCategory.CLAIMS
    ]
    counted = [r for r in records if r not in yearly]
    if not yearly:
        return counted
    spoken = {_income(r).earned_month for r in counted}
    month = min(covered_months(_income(r))[0] for r in yearly)
    shares: dict[tuple[int, int], list[FactRecord]] = {}
    while month < max(this, _next(max(covered_months(_income(r))[-1] for r in yearly))):
        covering = [r for r in yearly if month in covered_months(_income(r))]
        if covering:
            last_said = max(covering, key=age)
            shares[month] = [
                _share(r, month)
                for r in covering
                if _income(r).earned_month == _income(last_said).earned_month
            ]
        elif month < this:
            shares[month] = _carried(yearly, shares, month, spoken, entry)
        month = _next(month)
    return counted + [
        share for at, given in shares.items() if _text(at) not in spoken for share in given
    ]


def _carried(
    yearly: list[FactRecord],
    shares: dict[tuple[int, int], list[FactRecord]],
    month: tuple[int, int],
    spoken: set[str | None],
    entry: HouseholdRegistered,
) -> list[FactRecord]:
    """Return what is carried into the month.

    What the month before brought goes on only where the one before it was covered or carried,
    nothing ended, and the grace is not over.
    """
    last = max(
        covered_months(_income(r))[-1] for r in yearly if covered_months(_income(r))[-1] < month
    )
    months_since = (month[0] - last[0]) * 12 + month[1] - last[1]
    between = [_later(last, n) for n in range(1, months_since + 1)]
    if months_since > 12 + GRACE or any(_text(m) in spoken for m in between):
        return []
    carried = []
    for share in shares.get((month[0] - 1, month[1]), []):
        fact = _income(share)
        spans = [m for m in entry.members if m.person_ref == fact.person_ref]
        left = spans and any(not any(is_here(s, last_of(m)) for s in spans) for m in between)
        if not left and (fact.until_month is None or fact.until_month >= _text(month)):
            carried.append(
                share.model_copy(
                    update={"data": fact.model_copy(update={"earned_month": _text(month)})}
                )
            )
    return carried


def _share(record: FactRecord, month: tuple[int, int]) -> FactRecord:
    fact = _income(record)
    n = covered_months(fact).index(month) + 1
    amount, expense = (
        part_of(total, n, 12) - part_of(total, n - 1, 12)
        for total in (fact.amount, fact.operating_expense)
    )
    changed = {
        "amount": Fen(amount),
        "operating_expense": Fen(expense),
        "earned_month": _text(month),
        "is_yearly": False,
    }
    return record.model_copy(update={"data": fact.model_copy(update=changed)})


def _income(record: FactRecord) -> IncomeReported:
    assert isinstance(record.data, IncomeReported)
    return record.data


def _later(month: tuple[int, int], count: int) -> tuple[int, int]:
    index = month[0] * 12 + month[1] - 1 + count
    return index // 12, index % 12 + 1


def _next(month: tuple[int, int]) -> tuple[int, int]:
    return _later(month, 1)


def _text(month: tuple[int, int]) -> str:
    return f"{month[0]:04d}-{month[1]:02d}"


def newest(records: Iterable[FactRecord]) -> HouseholdRegistered | None:
    """The register entry that counts."""
    entries = [r for r in records if isinstance(r.data, HouseholdRegistered)]
    last = max(entries, key=age, default=None)
    return last.data if last is not None and isinstance(last.data, HouseholdRegistered) else None
