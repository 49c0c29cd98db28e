"""The last village review graded the household lower than the one before."""

from typing import Final

from foothold_risk.rules.findings.finding import Finding, Rule, Words
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_schemas.facts.checks import Grade
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Sentence

SCORES_ZH: Final = ("生产", "健康", "教育", "安全", "收入")
SCORES_EN: Final = ("production", "health", "education", "security", "income")
STRATEGY: Final = {
    Grade.A: ("引", "lead"),
    Grade.B: ("扶", "support"),
    Grade.C: ("帮", "help"),
    Grade.D: ("包", "cover"),
}
RANK: Final = {grade: rank for rank, grade in enumerate(Grade)}


def find(view: HouseholdOnDay) -> Finding[Words] | None:
    """A grade further down the ladder than the last one.

    The next review that is not lower ends it.
    """
    in_force = view.policy.grade_fell_in_force
    if in_force is None or not in_force.value or not has_fallen(view.household):
        return None
    before, last = sorted(view.household.gradings, key=lambda g: g.order)[-2:]
    return Finding(
        FindingKind.GRADE_FELL,
        Words(last.grade.value, before.grade.value, "grade"),
        None,
        in_force,
        (last, before),
    )


def has_fallen(household: Household) -> bool:
    """Whether the last of at least two reviews is lower than the one before it."""
    if len(household.gradings) < 2:  # noqa: PLR2004 - two to compare; nearly all households have none
        return False
    reviews = sorted(household.gradings, key=lambda g: g.order)[-2:]
    return RANK[reviews[1].grade] > RANK[reviews[0].grade]


def explain(finding: Finding[Words], view: HouseholdOnDay, _currency: Sentence) -> Sentence:
    """Say both grades, the lowest score and the strategy."""
    last = max(view.household.gradings, key=lambda g: g.order)
    now, before = finding.measure.value, finding.measure.threshold
    low = min(range(len(SCORES_EN)), key=lambda n: last.scores[n])
    zh, en = STRATEGY[last.grade]
    is_jump = RANK[last.grade] - RANK[Grade(before)] > 1 and not last.is_explained
    ask = (
        (
            "一次下降超过一级而未说明理由，请核实。",
            " More than one grade at once and no reason given: check it.",
        )
        if is_jump
        else ("", "")
    )
    return Sentence(
        zh=(
            f"{last.day}评定等级由{before}降为{now}（{SCORES_ZH[low]}得分最低，{last.scores[low]}），"
            f"帮扶方式：{zh}。{ask[0]}"
        ),
        en=(
            f"Graded {now} on {last.day}, {before} before; lowest score"
            f" {SCORES_EN[low]} ({last.scores[low]}); strategy: {en}.{ask[1]}"
        ),
    )


RULE = Rule(
    FindingKind.GRADE_FELL,
    is_risk=True,
    is_shock=False,
    needs_income=False,
    find=find,
    explain=explain,
)
