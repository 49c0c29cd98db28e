"""Net income of the window is down against the window one year earlier.

It is down by at least a percentage and at least an amount.
"""

from foothold_risk.rules.calendar import WINDOW_MONTHS, income_months
from foothold_risk.rules.findings.finding import Finding, Rule, Share, income_window, percent_text
from foothold_risk.rules.money.figures import HouseholdOnDay, earning, net_within, resting_on
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence


def find(view: HouseholdOnDay) -> Finding[Share] | None:
    """All 24 months heard, something earned a year ago, and both thresholds reached.

    A sum, so a pay-day that moved changes nothing.
    """
    percent, amount = view.policy.income_dropped_percent, view.policy.income_dropped_amount
    if percent is None or view.net is None:
        return None
    before = _net_a_year_ago(view)
    if before is None or before <= 0:
        return None
    drop = before - view.net
    if drop * SHARE_SCALE < before * percent.value or (amount is not None and drop < amount.value):
        return None
    months = income_months(view.day)
    incomes = resting_on(earning(view, range(months.start - WINDOW_MONTHS, months.stop)))
    least = max(-(-before * percent.value // SHARE_SCALE), 0 if amount is None else amount.value)
    return Finding(
        FindingKind.INCOME_DROPPED,
        Share(Fen(drop), Fen(least), Fen(before), percent.value),
        income_window(view.day),
        percent,
        incomes,
    )


def _net_a_year_ago(view: HouseholdOnDay) -> int | None:
    months = income_months(view.day)
    return net_within(view, range(months.start - WINDOW_MONTHS, months.start))


def explain(finding: Finding[Share], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say both years and the drop."""
    window, drop, before = income_window(view.day), finding.measure.value, finding.measure.of
    now, percent = Fen(before - drop), percent_text(finding.measure.share)
    return Sentence(
        zh=(
            f"{window.first}至{window.last}家庭纯收入{now}{currency.zh}，"
            f"比上一年度{before}{currency.zh}下降{drop}{currency.zh}，"
            f"降幅达到{percent}。"
        ),
        en=(
            f"Net income from {window.first} to {window.last} is {now} {currency.en}, down"
            f" {drop} {currency.en} from {before} {currency.en} a year earlier:"
            f" at least {percent}."
        ),
    )


RULE = Rule(
    FindingKind.INCOME_DROPPED,
    is_risk=True,
    is_shock=True,
    needs_income=True,
    find=find,
    explain=explain,
)
