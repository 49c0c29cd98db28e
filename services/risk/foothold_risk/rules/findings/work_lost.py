"""A wage earner's income has been gone for so many whole months, all of them heard."""

from foothold_risk.rules.calendar import income_months
from foothold_risk.rules.findings.finding import (
    MOST_NAMED,
    Finding,
    Rule,
    Words,
    and_more,
    income_window,
)
from foothold_risk.rules.household.facts import Income
from foothold_risk.rules.money.figures import HouseholdOnDay, resting_on
from foothold_schemas.facts.facts import IncomeCategory
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Sentence


def find(view: HouseholdOnDay) -> Finding[Words] | None:
    """Find somebody who earned a wage in the window, and none in its last n months.

    The person still belongs to the household. A year's figure covers its months.
    """
    least, gone_longest = view.policy.work_lost_months, max(lost(view), default=None)
    if least is None or gone_longest is None:
        return None
    gone, person = gone_longest
    facts = resting_on(
        sorted(
            (i for i in _wages(view) if i.person_ref == person),
            key=lambda i: (-i.last_month, i.fact_id),
        )
    )
    return Finding(
        FindingKind.WORK_LOST,
        Words(str(gone), str(least.value), "months"),
        income_window(view.day),
        least,
        facts,
    )


def lost(view: HouseholdOnDay) -> list[tuple[int, str]]:
    """For how many months each such person has had no wage."""
    least = view.policy.work_lost_months
    if least is None or view.net is None:
        return []
    months, wages = income_months(view.day), _wages(view)
    last = {
        person: max(max(i.counted_months(months)) for i in wages if i.person_ref == person)
        for person in {str(i.person_ref) for i in wages}
    }
    return [
        (gone, person)
        for person, month in last.items()
        if (gone := months.stop - 1 - month) >= least.value
    ]


def _wages(view: HouseholdOnDay) -> list[Income]:
    months = income_months(view.day)
    here = {m.person_ref for m in view.register.here(view.day)}
    return [
        i
        for i in view.household.incomes
        if i.category is IncomeCategory.WAGE and i.person_ref in here and i.within(months) > 0
    ]


def explain(finding: Finding[Words], view: HouseholdOnDay, _currency: Sentence) -> Sentence:
    """Say of each such earner for how long, the one who lost work last first."""
    months = sorted(gone for gone, _ in lost(view))
    zh = "，另一名".join(f"已连续{gone}个月" for gone in months[:MOST_NAMED])
    en = ", another for ".join(f"{gone} whole months" for gone in months[:MOST_NAMED])
    others, least = and_more(len(months), "名"), finding.measure.threshold
    return Sentence(
        zh=f"一名务工成员{zh}{others.zh}没有工资收入（标准为{least}个月）。",
        en=f"One wage earner has had no wage for {en}{others.en} (policy: {least}).",
    )


RULE = Rule(
    FindingKind.WORK_LOST,
    is_risk=True,
    is_shock=True,
    needs_income=True,
    find=find,
    explain=explain,
)
