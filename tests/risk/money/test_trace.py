"""Shows how the numbers come about, to the letter.

Each line comes with its formula, its parts and the facts in them.
"""

from datetime import UTC, date, datetime

from foothold_risk.rules.money.figures import withheld
from foothold_risk.rules.money.trace import trace
from foothold_risk.rules.policy import Heads
from foothold_schemas.facts.facts import IncomeCategory
from foothold_schemas.facts.register import Member
from tests.support.made.build import (
    OPEN_DAY,
    claim,
    household,
    identity,
    in_force,
    income,
    judged,
    policy,
    registered,
    spending,
    value,
)

FACTS = (
    registered([Member(person_ref="p0"), Member(person_ref="p1", left_on=date(2026, 1, 15))]),
    income("12000.00", "farm", category=IncomeCategory.OPERATING, expense="2000.00"),
    income("500.00", "wage", month="2025-06", yearly=False),
    income("9.00", "too-early", month="2025-05", yearly=False),
    income("8.00", "running-month", month="2026-06", yearly=False),
    income(
        "700.00",
        "pension",
        category=IncomeCategory.TRANSFER,
        item="pension",
        month="2026-05",
        yearly=False,
    ),
    income("1.00", "relief", category=IncomeCategory.TRANSFER, item="emergency_relief"),
    income(
        "300.00",
        "old-payout",
        category=IncomeCategory.CLAIMS,
        item="critical_illness",
        at=datetime(2025, 6, 10, 20, tzinfo=UTC),
    ),
    income("200.00", "payout", category=IncomeCategory.CLAIMS, item="critical_illness"),
    claim("1000.00", "bill", paid="150.00", layer="critical_illness"),
    claim("77.00", "old-bill", day=date(2025, 6, 10)),
    spending("400.00", "school", covered="100.00"),
    spending("5.00", "other", category="other"),
    spending("30.00", "fall", category="accident"),
)


def lines() -> dict[str, tuple[int | None, str, str, list[tuple[str, int, list[str]]]]]:
    names = {bytes.fromhex(f.fact_id): f.id for f in FACTS}
    shown = trace(judged(household(*FACTS)).view)
    return {
        line.en: (
            line.value,
            line.formula.zh,
            line.formula.en,
            [(p.name, p.value, sorted(names[f] for f in p.facts)) for p in line.parts],
        )
        for line in shown
    }


def test_a_single_month_with_its_own_head_count_is_named_alone() -> None:
    moved_on = household(
        registered(
            [
                Member(person_ref="p0"),
                Member(person_ref="p1", joined_on=date(2026, 3, 5), left_on=date(2026, 4, 10)),
            ]
        ),
        income("9000"),
    )
    heads = next(
        line for line in trace(judged(moved_on).view) if line.en == "sum of month-end heads"
    )

    assert [p.name for p in heads.parts] == [
        "2025-06 … 2026-02: 9 x 1",
        "2026-03: 1 x 2",
        "2026-04 … 2026-05: 2 x 1",
    ]


def test_every_line_is_what_the_facts_say() -> None:
    by_name = lines()
    entry = [FACTS[0].id]

    assert list(by_name) == [
        "sum of month-end heads",
        "net income",
        "own shares of rigid spending",
        "claims income",
        "reference income",
        "net income per head",
        "reference income per head",
        "monitoring line",
    ]
    heads = [("2025-06 … 2025-12: 7 x 2", 14, entry), ("2026-01 … 2026-05: 5 x 1", 5, entry)]
    assert by_name["sum of month-end heads"] == (
        19,
        "12个月末，2025-06 … 2026-05",
        "12 month ends, 2025-06 … 2026-05",
        heads,
    )
    net = [
        ("wage", 50_000, ["wage"]),
        ("operating", 1_200_000, ["farm"]),
        ("transfer", 70_000, ["pension"]),
        ("operating expense", -200_000, ["farm"]),
    ]
    assert by_name["net income"] == (
        1_120_000,
        "工资性 + 经营性 + 财产性 + 转移性 - 经营费用，2025-06 … 2026-05",
        "wage + operating + property + transfer - operating expense, 2025-06 … 2026-05",
        net,
    )
    assert by_name["own shares of rigid spending"] == (
        118_000,
        "医疗 + 教育 + 康复 + 意外，2025-06-11 … 2026-06-10",
        "medical + education + rehabilitation + accident, 2025-06-11 … 2026-06-10",
        [
            ("medical", 85_000, ["bill"]),
            ("education", 30_000, ["school"]),
            ("accident", 3_000, ["fall"]),
        ],
    )
    assert by_name["claims income"] == (
        35_000,
        "已赔付 - 账单已含，2025-06-11 … 2026-06-10",
        "paid out, less what stands on the bills already, 2025-06-11 … 2026-06-10",
        [
            ("paid out", 50_000, ["old-payout", "payout"]),
            ("on the bills already", -15_000, ["bill"]),
        ],
    )
    terms: list[tuple[str, int, list[str]]] = [
        ("net", 1_120_000, []),
        ("claims income", 35_000, []),
        ("own shares", -118_000, []),
    ]
    assert by_name["reference income"] == (
        1_037_000,
        "纯收入 + 理赔收入 - 自付支出",
        "net + claims income - own shares",
        terms,
    )
    assert by_name["net income per head"][:3] == (
        707_368,
        "纯收入 × 12 ÷ 19，四舍五入到分",
        "net x 12 / 19, rounded once to the fen, half away from zero",
    )
    assert by_name["reference income per head"][0] == 654_947
    assert by_name["monitoring line"][:3] == (730_000, "由政策规定", "set by policy")


def test_the_head_count_names_the_policy_value_that_decides_who_counts() -> None:
    sharing = policy(heads_basis=value("heads.basis", Heads.SHARING))
    line, *_ = trace(judged(household(*FACTS), rules=sharing).view)

    assert (line.is_money, line.policy is not None and line.policy.name) == (False, "heads.basis")


def test_unknown_income_has_no_parts_and_a_line_that_is_not_set_no_row() -> None:
    rows = {
        line.en: line
        for line in trace(judged(household(claim("5.00")), rules=policy(monitoring_line=None)).view)
    }

    assert (rows["net income"].value, rows["net income"].parts, rows["reference income"].parts) == (
        None,
        (),
        (),
    )
    assert [p.facts for p in rows["own shares of rigid spending"].parts] == [
        (bytes.fromhex(identity("claim")),)
    ]
    assert "monitoring line" not in rows
    assert rows["claims income"].parts == ()


def test_nothing_is_computed_of_a_household_that_refused() -> None:
    home = household(*FACTS)
    assert home.register is not None
    view = withheld(home, home.register, OPEN_DAY, in_force())

    assert (
        view.net,
        view.reference,
        view.claims_income,
        view.own_shares,
        view.head_months,
        view.unheard,
    ) == (None, None, 0, 0, 0, ())
    assert (view.claims, view.spendings, view.disasters, view.is_withheld) == ((), (), (), True)
