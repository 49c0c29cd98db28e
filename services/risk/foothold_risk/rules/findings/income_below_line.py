"""Net income per head in the window is below the monitoring line of the day and place.

Only a reference: alone it puts nobody into a group.
"""

from foothold_risk.rules.calendar import income_months
from foothold_risk.rules.findings.finding import Finding, Money, Rule, income_window
from foothold_risk.rules.money.figures import HouseholdOnDay, earning
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence


def find(view: HouseholdOnDay) -> Finding[Money] | None:
    """Net per head < line."""
    line = view.policy.monitoring_line
    if line is None or view.net_per_head is None or view.net_per_head >= line.value:
        return None
    # everybody was heard and nobody reported anything: it rests on the household being there
    facts = earning(view, income_months(view.day)) or (view.register,)
    return Finding(
        FindingKind.INCOME_BELOW_LINE,
        Money(Fen(view.net_per_head), Fen(line.value)),
        income_window(view.day),
        line,
        facts,
    )


def explain(finding: Finding[Money], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say what was compared with what."""
    window = income_window(view.day)
    value, line = finding.measure.value, finding.measure.threshold
    return Sentence(
        zh=(
            f"{window.first}至{window.last}人均纯收入{value}{currency.zh}，"
            f"低于监测线{line}{currency.zh}。"
        ),
        en=(
            f"Net income per head from {window.first} to {window.last} is {value} {currency.en},"
            f" below the monitoring line of {line} {currency.en}."
        ),
    )


RULE = Rule(
    FindingKind.INCOME_BELOW_LINE,
    is_risk=False,
    is_shock=False,
    needs_income=True,
    find=find,
    explain=explain,
)
