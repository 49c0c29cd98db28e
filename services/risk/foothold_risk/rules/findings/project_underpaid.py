"""A dividend project paid less in the window than its guaranteed yield, or nothing.

The yield is guaranteed on what the household invested.
"""

from typing import Final

from foothold_risk.rules.calendar import first_day, income_months
from foothold_risk.rules.findings.finding import Found, Rule, income_window
from foothold_risk.rules.money.figures import HouseholdOnDay, resting_on
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence

MONTHS_OF_A_YEAR: Final = 12


def find(view: HouseholdOnDay) -> Found | None:
    """The project that owes most, the first of several alike."""
    return max(underpaid(view), key=lambda one: int(one.threshold) - int(one.value), default=None)


def underpaid(view: HouseholdOnDay) -> list[Found]:
    """Paid x 10,000 < invested x yield over twelve heard months.

    The yield is that of the day of the investment.

    What a household holds of a project is one: its shares together, against all that the project
    paid. A share younger than the window has had no whole year yet; one older than any guarantee
    has none.
    """
    guaranteed, months = view.policy.project_underpaid_yield, income_months(view.day)
    if guaranteed is None or view.net is None:
        return []
    owed: dict[str, int] = {}
    for share in view.register.projects:
        promised = max(
            (y for y in guaranteed.value if y.invested_from <= share.invested_on),
            key=lambda y: y.invested_from,
            default=None,
        )
        if promised is not None and share.invested_on <= first_day(months.start):
            owed[share.project] = owed.get(share.project, 0) + share.invested * promised.share
    owing: list[Found] = []
    for project, due in owed.items():
        payments = tuple(
            sorted(
                (i for i in view.household.incomes if i.project == project),
                key=lambda i: (-i.last_month, i.fact_id),
            )
        )
        paid = sum(i.within(months) for i in payments)
        if paid * SHARE_SCALE < due:
            facts = resting_on(payments) or (view.register,)
            owing.append(
                Found(
                    FindingKind.PROJECT_UNDERPAID,
                    paid,
                    -(-due // SHARE_SCALE),
                    "money",
                    income_window(view.day),
                    guaranteed,
                    facts,
                    project,
                )
            )
    return owing


def year_of(project: str, view: HouseholdOnDay) -> int:
    """The project's year that fell short: of its last payment, else of the investment.

    Only another payment makes it another, not the calendar.
    """
    paid = [
        i.last_month
        for i in view.household.incomes
        if i.project == project and i.last_month < income_months(view.day).stop
    ]
    return (
        max(paid) // MONTHS_OF_A_YEAR
        if paid
        else min(s.invested_on.year for s in view.register.projects if s.project == project)
    )


def explain(found: Found, view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say what was paid and what is owed."""
    window, paid, owed = income_window(view.day), Fen(int(found.value)), Fen(int(found.threshold))
    return Sentence(
        zh=(
            f"{window.first}至{window.last}分红项目实发{paid}{currency.zh}，"
            f"低于保底收益{owed}{currency.zh}。"
        ),
        en=(
            f"A dividend project paid {paid} {currency.en} from {window.first} to {window.last},"
            f" less than the guaranteed {owed} {currency.en}."
        ),
    )


RULE = Rule(
    FindingKind.PROJECT_UNDERPAID,
    is_risk=True,
    is_shock=False,
    needs_income=True,
    find=find,
    explain=explain,
)
