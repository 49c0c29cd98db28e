"""A dividend project paid less in the window than its guaranteed yield on what the household invested, or nothing."""

from foothold_risk.rules.calendar import first_day, income_months
from foothold_risk.rules.figures import View, resting_on
from foothold_risk.rules.finding import Found, Rule, income_window
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Sentence


def find(view: View) -> Found | None:
    """The project that owes most, the first of several alike."""
    return max(underpaid(view), key=lambda one: int(one.threshold) - int(one.value), default=None)


def underpaid(view: View) -> list[Found]:
    """Paid x 10,000 < invested x yield over twelve heard months. The yield is that of the day of the investment.

    A share younger than the window has had no whole year yet; one older than any guarantee has none.
    """
    guaranteed, months = view.policy.project_underpaid_yield, income_months(view.day)
    if guaranteed is None or view.net is None:
        return []
    owing: list[Found] = []
    for share in view.register.projects:
        promised = max((y for y in guaranteed.value if y.invested_from <= share.invested_on), key=lambda y: y.invested_from, default=None)
        if promised is None or share.invested_on > first_day(months.start):
            continue
        payments = tuple(sorted((i for i in view.household.incomes if i.project == share.project), key=lambda i: (-i.last_month, i.fact_id)))
        paid, owed = sum(i.within(months) for i in payments), share.invested * promised.share
        if paid * SHARE_SCALE >= owed:
            continue
        facts = resting_on(payments) or (view.register,)
        owing.append(Found(FindingKind.PROJECT_UNDERPAID, paid, -(-owed // SHARE_SCALE), "money", income_window(view.day), guaranteed, facts, share.project))
    return owing


def explain(found: Found, view: View, currency: Sentence) -> Sentence:
    """Say what was paid and what is owed."""
    window, paid, owed = income_window(view.day), Fen(int(found.value)), Fen(int(found.threshold))
    return Sentence(
        zh=f"{window.first}至{window.last}分红项目实发{paid}{currency.zh}，低于保底收益{owed}{currency.zh}。",
        en=f"A dividend project paid {paid} {currency.en} from {window.first} to {window.last}, less than the guaranteed {owed} {currency.en}.",
    )


RULE = Rule(FindingKind.PROJECT_UNDERPAID, is_risk=True, is_shock=False, needs_income=True, find=find, explain=explain)
