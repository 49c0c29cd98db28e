"""Shows how the figures come about.

Each comes with its formula and the parts that add up to it, to the fen or to the head.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, product

from foothold_risk.rules.calendar import income_months, month_text, rolling_first
from foothold_risk.rules.household.facts import HeldFact
from foothold_risk.rules.household.sources import Share
from foothold_risk.rules.money.figures import HouseholdOnDay, earning, payouts
from foothold_risk.rules.policy import Value
from foothold_schemas.facts.facts import IncomeCategory
from foothold_schemas.values import Sentence


@dataclass(frozen=True, slots=True)
class Part:
    """One term, as it is added, and the facts in it.

    Expenses and own shares have a minus where they are subtracted.
    """

    name: str
    value: int
    facts: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One figure.

    `parts`, where there are any, add up to `value`; None is unknown. `policy`: the value it is, or
    follows from.
    """

    zh: str
    en: str
    value: int | None
    formula: Sentence
    parts: tuple[Part, ...] = ()
    is_money: bool = True
    policy: Value[object] | None = None


def trace(view: HouseholdOnDay) -> tuple[Line, ...]:
    """Every figure of the view, in the order in which they build on one another."""
    return tuple(_lines(view))


def _lines(view: HouseholdOnDay) -> Iterator[Line]:
    months = income_months(view.day)
    yield _heads(view, months)
    yield _net_income(view, months)
    yield from _year_of_spending(view)
    yield _reference(view)
    yield Line(
        "人均纯收入",
        "net income per head",
        view.net_per_head,
        _per_head("纯收入", "net", view.head_months),
    )
    yield Line(
        "人均参考收入",
        "reference income per head",
        view.reference_per_head,
        _per_head("参考收入", "reference", view.head_months),
    )
    if view.policy.monitoring_line is not None:
        line = view.policy.monitoring_line
        formula = Sentence(zh=line.formula or "由政策规定", en=line.formula or "set by policy")
        yield Line("监测线", "monitoring line", line.value, formula, policy=line)


def _window(months: range) -> str:
    return f"{month_text(months.start)} … {month_text(months.stop - 1)}"


def _heads(view: HouseholdOnDay, months: range) -> Line:
    entry = (view.register.fact_id,)
    counts = view.register.month_ends(months, sharing=view.policy.is_sharing)
    return Line(
        "月末人口合计",
        "sum of month-end heads",
        view.head_months,
        _says("12个月末", "12 month ends", _window(months)),
        tuple(
            Part(_run(run, count), count * len(run), entry) for run, count in _runs(months, counts)
        ),
        is_money=False,
        policy=view.policy.heads_basis,
    )


def _net_income(view: HouseholdOnDay, months: range) -> Line:
    formula = _says(
        "工资性 + 经营性 + 财产性 + 转移性 - 经营费用",
        "wage + operating + property + transfer - operating expense",
        _window(months),
    )
    parts = () if view.unheard else _net(view, months)
    return Line("纯收入", "net income", view.net, formula, parts)


def _year_of_spending(view: HouseholdOnDay) -> Iterator[Line]:
    """What was borne of the rolling year's spending, and what insurers paid out."""
    first = rolling_first(view.day)
    year = f"{first} … {view.day}"
    borne = _says(
        "医疗 + 教育 + 康复 + 意外", "medical + education + rehabilitation + accident", year
    )
    yield Line(
        "刚性支出自付",
        "own shares of rigid spending",
        view.own_shares,
        borne,
        tuple(_spent(view)),
    )
    paid = _says("已赔付 - 账单已含", "paid out, less what stands on the bills already", year)
    parts = tuple(_claims_income(view, first))
    yield Line("理赔收入", "claims income", view.claims_income, paid, parts)


def _reference(view: HouseholdOnDay) -> Line:
    terms = (
        ()
        if view.net is None
        else (
            Part("net", view.net),
            Part("claims income", view.claims_income),
            Part("own shares", -view.own_shares),
        )
    )
    formula = Sentence(zh="纯收入 + 理赔收入 - 自付支出", en="net + claims income - own shares")
    return Line("参考收入", "reference income", view.reference, formula, terms)


def _runs(months: range, counts: Sequence[int]) -> Iterator[tuple[range, int]]:
    """Stretches of months with the same head count."""
    start = months.start
    for count, run in groupby(counts):
        stop = start + len(list(run))
        yield range(start, stop), count
        start = stop


def _run(run: range, count: int) -> str:
    window = (
        month_text(run.start)
        if len(run) == 1
        else f"{month_text(run.start)} … {month_text(run.stop - 1)}"
    )
    return f"{window}: {len(run)} x {count}"


def _says(zh: str, en: str, window: str) -> Sentence:
    return Sentence(zh=f"{zh}，{window}", en=f"{en}, {window}")


def _per_head(zh: str, en: str, head_months: int) -> Sentence:
    return Sentence(
        zh=f"{zh} × 12 ÷ {head_months}，四舍五入到分",
        en=f"{en} x 12 / {head_months}, rounded once to the fen, half away from zero",
    )


def _net(view: HouseholdOnDay, months: range) -> tuple[Part, ...]:
    counted = earning(view, months)
    parts = []
    for category, is_carried in product(IncomeCategory, (False, True)):
        incomes = [
            i
            for i in counted
            if i.category is category and (isinstance(i, Share) and i.is_carried) is is_carried
        ]
        name = f"{category.value}, carried" if is_carried else category.value
        parts.append(Part(name, sum(i.gross_within(months) for i in incomes), _ids(incomes)))
    spent = [i for i in counted if i.expense]
    parts.append(
        Part("operating expense", -sum(i.expense_within(months) for i in spent), _ids(spent))
    )
    return tuple(part for part in parts if part.facts)


def _spent(view: HouseholdOnDay) -> Iterator[Part]:
    if view.claims:
        yield Part("medical", sum(c.own_share for c in view.claims), _ids(view.claims))
    for category in ("education", "rehabilitation", "accident"):
        if costs := [s for s in view.spendings if s.category == category]:
            yield Part(category, sum(s.own_share for s in costs), _ids(costs))


def _claims_income(view: HouseholdOnDay, first: date) -> Iterator[Part]:
    if paid := payouts(view.household, view.policy, first, view.day):
        paid_out = sum(i.amount for i in paid)
        yield Part("paid out", paid_out, _ids(paid))
        yield Part("on the bills already", view.claims_income - paid_out, _ids(view.claims))


def _ids(facts: Iterable[HeldFact]) -> tuple[bytes, ...]:
    """Sorted, so that the order of arrival does not show."""
    return tuple(sorted({f.fact_id for f in facts}))
