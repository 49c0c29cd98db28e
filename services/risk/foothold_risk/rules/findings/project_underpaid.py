"""A dividend project paid less in the window than its guaranteed yield, or nothing.

The yield is guaranteed on what the household invested.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from foothold_risk.rules.calendar import WINDOW_MONTHS, first_day, income_months, last_day
from foothold_risk.rules.findings.finding import (
    MOST_NAMED,
    Finding,
    Money,
    Rule,
    and_more,
    income_window,
)
from foothold_risk.rules.household.facts import Income
from foothold_risk.rules.money.figures import HouseholdOnDay, resting_on
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence

MONTHS_OF_A_YEAR: Final = 12


def find(view: HouseholdOnDay) -> Finding[Money] | None:
    """The project that owes most, the first of several alike."""
    return max(
        underpaid(view),
        key=_shortfall,
        default=None,
    )


def underpaid(view: HouseholdOnDay) -> list[Finding[Money]]:
    """Paid x 10,000 < invested x yield over twelve heard months.

    The yield is that of the day of the investment.

    What a household holds of a project is one: its shares together, against all that the project
    paid. A share younger than the window has had no whole year yet; one older than any guarantee
    has none.
    """
    guaranteed, months = view.policy.project_underpaid_yield, income_months(view.day)
    if guaranteed is None or view.net is None:
        return []
    owing: list[Finding[Money]] = []
    for project, due in _owed(view, months).items():
        payments = _payments(project, view)
        paid = sum(i.within(months) for i in payments)
        if paid * SHARE_SCALE < due:
            facts = resting_on(payments) or (view.register,)
            owing.append(
                Finding(
                    FindingKind.PROJECT_UNDERPAID,
                    Money(Fen(paid), Fen(-(-due // SHARE_SCALE))),
                    income_window(view.day),
                    guaranteed,
                    facts,
                    project,
                )
            )
    return owing


def _owed(view: HouseholdOnDay, months: range) -> dict[str, int]:
    """Project -> what is guaranteed for these twelve months, in ten-thousandths of a fen."""
    guaranteed = view.policy.project_underpaid_yield
    owed: dict[str, int] = {}
    for share in view.register.projects:
        promised = max(
            (y for y in guaranteed.value if y.invested_from <= share.invested_on)
            if guaranteed is not None
            else (),
            key=lambda y: y.invested_from,
            default=None,
        )
        if promised is not None and share.invested_on <= first_day(months.start):
            owed[share.project] = owed.get(share.project, 0) + share.invested * promised.share
    return owed


def _payments(project: str, view: HouseholdOnDay) -> tuple[Income, ...]:
    """What a project paid, the latest first."""
    paid = (i for i in view.household.incomes if i.project == project)
    return tuple(sorted(paid, key=lambda i: (-i.last_month, i.fact_id)))


def short_since(project: str, view: HouseholdOnDay) -> date | None:
    """The last day of the month from which it is another year of the project that falls short.

    Another year begins where the project had paid in full, and where all that is left in the
    window is of a later calendar year than what was there a month before. So neither a part of
    what is owed nor the calendar makes another. None: as far as it is known it is one.
    """
    payments, now = _payments(project, view), income_months(view.day)
    for _ in range(WINDOW_MONTHS + 1):  # older payments are not kept
        before = range(now.start - 1, now.stop - 1)
        paid = sum(i.within(before) for i in payments)
        first, first_before = _first_year(payments, now), _first_year(payments, before)
        is_next = first is not None and first_before is not None and first > first_before
        if is_next or paid * SHARE_SCALE >= _owed(view, before).get(project, 0):
            return last_day(now.stop - 1)
        now = before
    return None


def _first_year(payments: Iterable[Income], months: range) -> int | None:
    """The calendar year of the first payment in these months."""
    paid = [i.last_month for i in payments if i.amount and i.last_month in months]
    return min(paid) // MONTHS_OF_A_YEAR if paid else None


def explain(_finding: Finding[Money], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say what each such project paid and what it owes, the one that owes most first."""
    window = income_window(view.day)
    owing = [
        (f.measure.value, f.measure.threshold)
        for f in sorted(underpaid(view), key=_shortfall, reverse=True)
    ]
    zh = "；另一项目实发".join(
        f"{paid}{currency.zh}，低于保底收益{owed}{currency.zh}" for paid, owed in owing[:MOST_NAMED]
    )
    en = "; another ".join(
        f"paid {paid} {currency.en} from {window.first} to {window.last}, less than the guaranteed"
        f" {owed} {currency.en}"
        for paid, owed in owing[:MOST_NAMED]
    )
    others = and_more(len(owing), "个")
    return Sentence(
        zh=f"{window.first}至{window.last}分红项目实发{zh}{others.zh}。",
        en=f"A dividend project {en}{others.en}.",
    )


def _shortfall(finding: Finding[Money]) -> int:
    return finding.measure.threshold - finding.measure.value


RULE = Rule(
    FindingKind.PROJECT_UNDERPAID,
    is_risk=True,
    is_shock=False,
    needs_income=True,
    find=find,
    explain=explain,
)
