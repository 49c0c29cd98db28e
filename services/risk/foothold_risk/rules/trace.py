"""How the figures come about: each with its formula and the parts that add up to it, to the fen or to the head."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from foothold_risk.rules.calendar import income_months, month_text, rolling_first
from foothold_risk.rules.figures import View
from foothold_risk.rules.held import HeldFact, Income
from foothold_risk.rules.policy import Value
from foothold_schemas.facts import IncomeCategory


@dataclass(frozen=True, slots=True)
class Part:
    """One term, as it is added, and the facts in it: expenses and own shares stand with a minus where they are taken away."""

    name: str
    value: int
    facts: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `parts`, where there are any, add up to `value`; None is unknown. `policy`: the value it is, or follows from."""

    zh: str
    en: str
    value: int | None
    formula: str
    parts: tuple[Part, ...] = ()
    is_money: bool = True
    policy: Value[object] | None = None


def trace(view: View) -> tuple[Line, ...]:
    """Every figure of the view, in the order in which they build on one another."""
    return tuple(_lines(view))


def _lines(view: View) -> Iterator[Line]:
    months, first = income_months(view.day), rolling_first(view.day)
    window = f"{month_text(months.start)} … {month_text(months.stop - 1)}"
    entry = (view.register.fact_id,)
    counts = view.register.month_ends(months, sharing=view.policy.is_sharing)
    heads = tuple(Part(month_text(month), count, entry) for month, count in zip(months, counts, strict=True))
    basis = view.policy.heads_basis
    yield Line("月末人口合计", "sum of month-end heads", view.head_months, f"12 month ends, {window}", heads, is_money=False, policy=basis)
    net = () if view.unheard else _net(view, months)
    yield Line("纯收入", "net income", view.net, f"wage + operating + property + transfer - operating expense, {window}", net)
    year = f"{first} … {view.day}"
    spent = tuple(_spent(view))
    yield Line("刚性支出自付", "own shares of rigid spending", view.own_shares, f"medical + education + rehabilitation + accident, {year}", spent)
    yield Line("理赔收入", "claims income", view.claims_income, f"paid out, less what stands on the bills already, {year}", tuple(_claims_income(view, first)))
    terms = () if view.net is None else (Part("net", view.net), Part("claims income", view.claims_income), Part("own shares", -view.own_shares))
    yield Line("参考收入", "reference income", view.reference, "net + claims income - own shares", terms)
    per_head = f"x 12 / {view.head_months}, rounded once to the fen, half away from zero"
    yield Line("人均纯收入", "net income per head", view.net_per_head, f"net {per_head}")
    yield Line("人均参考收入", "reference income per head", view.reference_per_head, f"reference {per_head}")
    if view.policy.monitoring_line is not None:
        line = view.policy.monitoring_line
        yield Line("监测线", "monitoring line", line.value, line.formula or "set by policy", policy=line)


def _net(view: View, months: range) -> tuple[Part, ...]:
    counted: list[Income] = [i for i in view.household.incomes if i.item not in view.policy.one_off_items and i.category is not IncomeCategory.CLAIMS]
    counted = [i for i in counted if i.last_month >= months.start and i.first_month < months.stop]
    earning = [c for c in IncomeCategory if c is not IncomeCategory.CLAIMS]
    of = {c: [i for i in counted if i.category is c] for c in earning}
    parts = [Part(c.value, sum(i.gross_within(months) for i in of[c]), _ids(of[c])) for c in earning]
    spent = [i for i in counted if i.expense]
    parts.append(Part("operating expense", -sum(i.expense_within(months) for i in spent), _ids(spent)))
    return tuple(part for part in parts if part.facts)


def _spent(view: View) -> Iterator[Part]:
    if view.claims:
        yield Part("medical", sum(c.own_share for c in view.claims), _ids(view.claims))
    for category in ("education", "rehabilitation", "accident"):
        if costs := [s for s in view.spendings if s.category == category]:
            yield Part(category, sum(s.own_share for s in costs), _ids(costs))


def _claims_income(view: View, first: date) -> Iterator[Part]:
    counted = [i for i in view.household.incomes if i.category is IncomeCategory.CLAIMS and i.item not in view.policy.one_off_items]
    payouts = [i for i in counted if first <= i.day <= view.day]
    if payouts:
        paid_out = sum(i.amount for i in payouts)
        yield Part("paid out", paid_out, _ids(payouts))
        yield Part("on the bills already", view.claims_income - paid_out, _ids(view.claims))


def _ids(facts: Iterable[HeldFact]) -> tuple[bytes, ...]:
    """Sorted, so that the order of arrival does not show."""
    return tuple(sorted(f.fact_id for f in facts))
