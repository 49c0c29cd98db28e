"""How the figures come about: each with its formula and the parts that add up to it, to the fen or to the head."""

from collections.abc import Iterator
from dataclasses import dataclass

from foothold_risk.rules.calendar import income_months, last_day, month_text, rolling_first
from foothold_risk.rules.figures import View
from foothold_risk.rules.held import Income
from foothold_schemas.facts import IncomeCategory


@dataclass(frozen=True, slots=True)
class Part:
    """One term, as it is added: expenses and own shares stand with a minus where they are taken away."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `parts`, where there are any, add up to `value`; None is unknown."""

    zh: str
    en: str
    value: int | None
    formula: str
    parts: tuple[Part, ...] = ()
    is_money: bool = True


def trace(view: View) -> tuple[Line, ...]:
    """Every figure of the view, in the order in which they build on one another."""
    return tuple(_lines(view))


def _lines(view: View) -> Iterator[Line]:
    months, first = income_months(view.day), rolling_first(view.day)
    window = f"{month_text(months.start)} … {month_text(months.stop - 1)}"
    heads = tuple(Part(month_text(m), view.register.heads(last_day(m), sharing=view.policy.is_sharing)) for m in months)
    yield Line("月末人口合计", "sum of month-end heads", view.head_months, f"12 month ends, {window}", heads, is_money=False)
    yield Line(
        "纯收入", "net income", view.net, f"wage + operating + property + transfer - operating expense, {window}", () if view.unheard else _net(view, months)
    )
    year = f"{first} … {view.day}"
    spent = (Part("medical", sum(c.own_share for c in view.claims)), *(Part(name, amount) for name, amount in _spent(view)))
    yield Line("刚性支出自付", "own shares of rigid spending", view.own_shares, f"medical + education + rehabilitation + accident, {year}", spent)
    yield Line("理赔收入", "claims income", view.claims_income, year)
    terms = () if view.net is None else (Part("net", view.net), Part("claims income", view.claims_income), Part("own shares", -view.own_shares))
    yield Line("参考收入", "reference income", view.reference, "net + claims income - own shares", terms)
    per_head = f"x 12 / {view.head_months}, rounded once to the fen, half away from zero"
    yield Line("人均纯收入", "net income per head", view.net_per_head, f"net {per_head}")
    yield Line("人均参考收入", "reference income per head", view.reference_per_head, f"reference {per_head}")
    if view.policy.monitoring_line is not None:
        line = view.policy.monitoring_line
        yield Line("监测线", "monitoring line", line.value, f"{line.formula or line.text}; {line.region} since {line.since}: {line.reference}")


def _net(view: View, months: range) -> tuple[Part, ...]:
    counted: list[Income] = [i for i in view.household.incomes if i.item not in view.policy.one_off_items]
    earning = [c for c in IncomeCategory if c is not IncomeCategory.CLAIMS]
    parts = [Part(c.value, sum(i.gross_within(months) for i in counted if i.category is c)) for c in earning]
    expense = sum(i.expense_within(months) for i in counted if i.category is not IncomeCategory.CLAIMS)
    return (*parts, Part("operating expense", -expense))


def _spent(view: View) -> Iterator[tuple[str, int]]:
    for category in ("education", "rehabilitation", "accident"):
        yield category, sum(s.own_share for s in view.spendings if s.category == category)
