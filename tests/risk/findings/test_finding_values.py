"""Each finding to the letter: value, threshold, window, facts in order, and both sentences."""

from datetime import date

import pytest

from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HomeState
from foothold_schemas.facts.register import ProjectShare
from foothold_schemas.facts.reports import Concern, ReportRoute
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Window
from tests.support.made.build import (
    checked,
    claim,
    disaster,
    graded,
    identity,
    income,
    registered,
    reported,
    spending,
)
from tests.support.made.findings import PLENTY, finding_of, sentence_of

YEAR = Window(first=date(2025, 6, 1), last=date(2026, 5, 31))
ROLLING = Window(first=date(2025, 6, 11), last=date(2026, 6, 10))


def project(name: str, invested: str, day: date = date(2024, 1, 1)) -> ProjectShare:
    return ProjectShare(project=name, invested=Fen.parse(invested), invested_on=day)


CASES: dict[
    FindingKind,
    tuple[list[FactRecord], int | str, int | str, Window | None, str, list[str], str, str],
] = {
    FindingKind.INCOME_BELOW_LINE: (
        [
            income("6000", "year"),
            income("100", "older", month="2025-05", yearly=False),
            income("50", "relief", item="emergency_relief"),
            income("9", "payout", category="claims"),
        ],
        600_000,
        730_000,
        YEAR,
        "monitoring_line",
        ["year"],
        "2025-06-01至2026-05-31人均纯收入6000.00元，低于监测线7300.00元。",
        (
            "Net income per head from 2025-06-01 to 2026-05-31 is 6000.00 yuan, below the"
            " monitoring line of 7300.00 yuan."
        ),
    ),
    FindingKind.INCOME_DROPPED: (
        [
            income("40000", "before", month="2025-05"),
            income("20000", "now"),
            income("1", "ancient", month="2024-05", yearly=False),
        ],
        2_000_000,
        2_000_000,
        YEAR,
        "income_dropped.percent",
        ["now", "before"],
        "2025-06-01至2026-05-31家庭纯收入20000.00元，比上一年度40000.00元下降20000.00元，降幅达到50%。",
        (
            "Net income from 2025-06-01 to 2026-05-31 is 20000.00 yuan, down 20000.00 yuan from"
            " 40000.00 yuan a year earlier: at least 50%."
        ),
    ),
    FindingKind.WORK_LOST: (
        [
            PLENTY,
            *(
                income("0.01", f"w{m}", month=m, yearly=False, person_ref="p0")
                for m in ("2026-01", "2026-02")
            ),
        ],
        "3",
        "3",
        YEAR,
        "work_lost.months",
        ["w2026-02", "w2026-01"],
        "一名务工成员已连续3个月没有工资收入（标准为3个月）。",
        "One wage earner has had no wage for 3 whole months (policy: 3).",
    ),
    FindingKind.PROJECT_UNDERPAID: (
        [
            registered(
                projects=[
                    project("young", "99999.00", date(2026, 1, 1)),
                    project("fine", "1000.00"),
                    project("other", "9000.00"),
                    project("small", "1000.00"),
                    project("big", "10000.01"),
                ]
            ),
            PLENTY,
            income("600", "dividend", category="property", project="big"),
            income("600", "second", category="property", project="other"),
            income("70", "third", category="property", project="fine"),
        ],
        60_000,
        70_001,
        YEAR,
        "project_underpaid.yield",
        ["dividend"],
        (
            "2025-06-01至2026-05-31分红项目实发600.00元，低于保底收益700.01元；另一项目实发0.00元，"
            "低于保底收益70.00元；另一项目实发600.00元，低于保底收益630.00元。"
        ),
        (
            "A dividend project paid 600.00 yuan from 2025-06-01 to 2026-05-31, less than the"
            " guaranteed 700.01 yuan; another paid 0.00 yuan from 2025-06-01 to 2026-05-31, less"
            " than the guaranteed 70.00 yuan; another paid 600.00 yuan from 2025-06-01 to"
            " 2026-05-31, less than the guaranteed 630.00 yuan."
        ),
    ),
    FindingKind.DISASTER_LOSS: (
        [
            income("100.01", "year"),
            disaster("hail", home=HomeState.UNHURT, loss="30.00", day=date(2026, 5, 1)),
            disaster("flood", home=HomeState.UNHURT, loss="40.00", day=date(2026, 5, 2)),
            disaster("rumour", home=HomeState.UNHURT, loss="99.00", is_verified=False),
        ],
        7_000,
        3_001,
        ROLLING,
        "disaster_loss.share",
        ["flood", "hail"],
        ("2026-05-02遭受风暴、2026-05-01遭受风暴，损失70.00元，达到家庭年纯收入100.01元的30%。"),
        (
            "Struck by storm on 2026-05-02 and by storm on 2026-05-01: losses of 70.00 yuan reach"
            " 30% of the net income of 100.01 yuan."
        ),
    ),
    FindingKind.SELF_PAID_HIGH: (
        [PLENTY, claim("12000", "small"), claim("13000", "large", paid="1000")],
        2_400_000,
        2_000_000,
        ROLLING,
        "self_paid_high.ordinary",
        ["small", "large"],
        "2025-06-11至2026-06-10合规自付医疗支出累计24000.00元，达到20000.00元。",
        (
            "Self-paid medical spending from 2025-06-11 to 2026-06-10 adds up to 24000.00 yuan,"
            " reaching 20000.00 yuan."
        ),
    ),
    FindingKind.SINGLE_STAY_HIGH: (
        [
            PLENTY,
            claim("6000", "first", stay="s1"),
            claim("5000", "second", stay="s1", day=date(2026, 4, 2)),
            claim("9000", "other"),
        ],
        1_100_000,
        1_000_000,
        ROLLING,
        "single_stay_high.others",
        ["first", "second"],
        "一次住院（2026-04-02结算）各方支付后自付11000.00元，超过10000.00元。",
        (
            "One hospital stay, settled on 2026-04-02, cost the household 11000.00 yuan after all"
            " cover, more than 10000.00 yuan."
        ),
    ),
    FindingKind.SELF_PAID_RATIO: (
        [PLENTY, claim("10000.01", "hers", person_ref="p0"), claim("9000", "his", person_ref="p1")],
        1_000_001,
        1_000_000,
        ROLLING,
        "self_paid_ratio.share",
        ["hers"],
        (
            "2025-06-11至2026-06-10一名成员合规自付医疗支出10000.01元，"
            "超过当地人均可支配收入20000.00元的50%。"
        ),
        (
            "One member's self-paid medical spending from 2025-06-11 to 2026-06-10 is 10000.01"
            " yuan, above 50% of the local disposable income per head of 20000.00 yuan."
        ),
    ),
    FindingKind.RIGID_SPENDING_RATIO: (
        [income("10000", "year"), claim("4000", "bill"), spending("3000.01", "school")],
        700_001,
        700_000,
        ROLLING,
        "rigid_spending_ratio.share",
        ["bill", "school"],
        "2025-06-11至2026-06-10医疗等刚性支出自付7000.01元，超过家庭年纯收入10000.00元的70%。",
        (
            "Rigid spending paid by the household from 2025-06-11 to 2026-06-10 is 7000.01 yuan,"
            " above 70% of its net income of 10000.00 yuan."
        ),
    ),
    FindingKind.EDUCATION_COST_HIGH: (
        [
            PLENTY,
            spending("4000", "books", day=date(2025, 9, 1)),
            spending("7000", "fees", covered="999.99", day=date(2026, 6, 10)),
        ],
        1_000_001,
        1_000_000,
        Window(first=date(2025, 9, 1), last=date(2026, 6, 10)),
        "education_cost_high.amount",
        ["fees", "books"],
        "本学年（2025-09-01起）扣除资助后教育支出10000.01元，超过10000.00元。",
        (
            "Education has cost 10000.01 yuan after aid since 2025-09-01, more than 10000.00 yuan"
            " in a school year."
        ),
    ),
    FindingKind.GUARANTEE_MISSING: (
        [
            PLENTY,
            checked(Guarantee.WATER, "water", is_met=False),
            checked(Guarantee.FOOD, "food", is_met=True),
        ],
        "water",
        "frozenset",
        None,
        "guarantee_missing.guarantees",
        ["water"],
        "保障未落实：饮水安全。",
        "Not met: water.",
    ),
    FindingKind.GRADE_FELL: (
        [
            PLENTY,
            graded(Grade.B, "spring", day=date(2025, 11, 30)),
            graded(Grade.C, "autumn", day=date(2026, 5, 30)),
        ],
        "C",
        "B",
        None,
        "grade_fell.in_force",
        ["autumn", "spring"],
        "2026-05-30评定等级由B降为C（健康得分最低，20），帮扶方式：帮。",
        "Graded C on 2026-05-30, B before; lowest score health (20); strategy: help.",
    ),
    FindingKind.RISK_REPORTED: (
        [
            PLENTY,
            reported(Concern.ILLNESS, "call", route=ReportRoute.HOTLINE),
            *(
                reported(Concern.WATER, f"visit {n}", day=date(2026, 5, n), route=ReportRoute.CADRE)
                for n in (1, 2, 3)
            ),
        ],
        "illness, water",
        "frozenset",
        None,
        "risk_reported.routes",
        ["call", "visit 3", "visit 2", "visit 1"],
        (
            "有困难反映待核实：2026-06-09政务热线反映（因病）；2026-05-03干部走访发现（饮水）；2026-05-02干部走访发现（饮水）；另有1条。"
        ),
        (
            "Trouble was reported and is to be checked: on 2026-06-09 by the hotline (illness); on"
            " 2026-05-03 by a cadre's visit (water); on 2026-05-02 by a cadre's visit (water); 1"
            " more."
        ),
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_finding_says_exactly_what_it_saw(kind: FindingKind) -> None:
    facts, saw, threshold, window, name, rests_on, zh, en = CASES[kind]
    seen, assessment = finding_of(kind, *facts)

    measure = seen.measure
    assert measure.value == saw
    assert measure.threshold == threshold or str(measure.threshold).startswith(str(threshold))
    assert (seen.window, seen.policy.name) == (window, name)
    assert [f.fact_id.hex() for f in seen.facts] == [identity(fact) for fact in rests_on]
    assert sentence_of(seen, assessment) == (zh, en)


def test_every_finding_has_its_case() -> None:
    # no household's own facts: test_self_evident
    assert set(CASES) == set(FindingKind) - {FindingKind.AREA_STRUCK}


def test_as_many_reports_as_are_named_leave_no_others_to_speak_of() -> None:
    visits = [
        reported(Concern.WATER, f"visit {n}", day=date(2026, 5, n), route=ReportRoute.CADRE)
        for n in (1, 2, 3)
    ]
    seen, assessment = finding_of(FindingKind.RISK_REPORTED, PLENTY, *visits)
    zh, en = sentence_of(seen, assessment)

    assert (zh.count("干部走访发现"), "另有" in zh, "more" in en) == (3, False, False)
