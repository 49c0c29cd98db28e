"""Rigid spending, the own shares of the rolling year, is strictly above a share of net income. Compared on integers, never on a rounded ratio."""

from foothold_risk.rules.figures import View
from foothold_risk.rules.finding import Found, Rule, spending_window, weightiest_claims
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.transitions import FindingKind
from foothold_schemas.values import Fen, Sentence


def find(view: View) -> Found | None:
    """Own shares x 10,000 > net x share. No net income and some spending: true. Income not heard: unknown, so nothing is found."""
    share = view.policy.rigid_spending_share
    if share is None or view.net is None or view.own_shares <= 0 or view.own_shares * SHARE_SCALE <= view.net * share.value:
        return None
    return Found(
        FindingKind.RIGID_SPENDING_RATIO,
        view.own_shares,
        view.net * share.value // SHARE_SCALE,
        "money",
        spending_window(view.day),
        share,
        weightiest_claims(view.claims),
    )


def explain(found: Found, view: View, currency: Sentence) -> Sentence:
    """Say both amounts and the share policy sets."""
    window = spending_window(view.day)
    spent, net = Fen(int(found.value)), Fen(view.net or 0)
    percent = percent_text(found.policy.value)
    return Sentence(
        zh=f"{window.first}至{window.last}医疗等刚性支出自付{spent}{currency.zh}，超过家庭年纯收入{net}{currency.zh}的{percent}。",
        en=f"Rigid spending paid by the household from {window.first} to {window.last} is {spent} {currency.en}, "
        f"above {percent} of its net income of {net} {currency.en}.",
    )


def percent_text(share: object) -> str:
    """1,000 ten-thousandths as "10%", 1,250 as "12.5%"."""
    whole, rest = divmod(int(str(share)), 100)
    return f"{whole}%" if rest == 0 else f"{whole}.{f'{rest:02d}'.rstrip('0')}%"


RULE = Rule(FindingKind.RIGID_SPENDING_RATIO, is_risk=True, is_shock=True, needs_income=True, find=find, explain=explain)
