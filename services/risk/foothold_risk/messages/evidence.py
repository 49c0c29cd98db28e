"""How a fact something rests on is shown: what it was, when, how much; and a policy value.

Never a name, a place or a person.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Literal, assert_never

from foothold_risk.rules.calendar import last_day
from foothold_risk.rules.context.incidents import Incident
from foothold_risk.rules.household.facts import (
    AssetCheck,
    Authorisation,
    Check,
    Claim,
    Disaster,
    Grading,
    HeldFact,
    Income,
    Measure,
    Register,
    Report,
    Spending,
    Ticket,
)
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import Value
from foothold_schemas.facts.checks import SpendingCategory
from foothold_schemas.messages.explanation import Evidence, Outlay, PolicyValue
from foothold_schemas.titles import title
from foothold_schemas.values import Fen, Sentence

MAX_EVIDENCE: Final = 20
OUTLAYS_FOR: Final = timedelta(days=731)
_OutlayKind = Literal["medical", "education", "rehabilitation", "accident", "disaster"]
_OUTLAY_KINDS: Final[dict[SpendingCategory, _OutlayKind]] = {
    SpendingCategory.EDUCATION: "education",
    SpendingCategory.REHABILITATION: "rehabilitation",
    SpendingCategory.ACCIDENT: "accident",
}


def money(amount: int | None) -> Fen | None:
    """Fen; unknown stays unknown."""
    return None if amount is None else Fen(amount)


def policy_value(value: Value[object]) -> PolicyValue:
    """The policy value as messages carry it."""
    return PolicyValue(
        name=value.name,
        value=value.text,
        since=value.since,
        reference=value.reference,
        confidence=value.confidence,
        illustrative=value.illustrative,
        region=value.region or None,
        formula=value.formula,
    )


def evidences(facts: Sequence[HeldFact | Incident]) -> tuple[Evidence, ...]:
    """The first facts, which are the weightiest, as many as a message shows."""
    return tuple(evidence(fact) for fact in facts[:MAX_EVIDENCE])


def evidence(fact: HeldFact | Incident) -> Evidence:
    """The fact as a transition shows it."""
    match fact:
        case Income():
            return Evidence(
                fact_id=fact.fact_id.hex(),
                kind=fact.kind,
                day=last_day(fact.latest_month),
                amount=Fen(fact.amount - fact.expense),
                text=_income(fact),
            )
        case Claim() | Spending():
            return _spent(fact)
        case Disaster():
            return _disaster(fact)
        case Incident():
            return _incident(fact)
        case Check() | Grading() | AssetCheck() | Report() | Register():
            return _looked_at(fact)
        case Measure() | Authorisation() | Ticket():
            raise AssertionError(f"no finding rests on a {type(fact).__name__}")
        case _:
            assert_never(fact)


def _spent(bill: Claim | Spending) -> Evidence:
    """A bill or cost: what it came to, what others paid, and the household's own share."""
    if isinstance(bill, Claim):
        zh, en = title(bill.setting).zh, title(bill.setting).en
        text = Sentence(
            zh=f"{zh}费用{Fen(bill.total)}，各方支付{Fen(bill.paid)}，自付",
            en=f"{en} bill {Fen(bill.total)}, payers covered {Fen(bill.paid)}; own share",
        )
    else:
        text = Sentence(
            zh=f"{title(bill.category).zh}{Fen(bill.total)}，资助{Fen(bill.covered)}，自付",
            en=f"{bill.category.value} {Fen(bill.total)}, aid {Fen(bill.covered)}; own share",
        )
    return Evidence(
        fact_id=bill.fact_id.hex(),
        kind=bill.kind,
        day=bill.day,
        amount=Fen(bill.own_share),
        text=text,
    )


def _disaster(disaster: Disaster) -> Evidence:
    return Evidence(
        fact_id=disaster.fact_id.hex(),
        kind=disaster.kind,
        day=disaster.day,
        amount=money(disaster.loss),
        text=Sentence(
            zh=f"灾害（{title(disaster.hazard).zh}），已核实",
            en=f"disaster ({title(disaster.hazard).en}), verified",
        ),
        event=f"{disaster.hazard} {disaster.day}",
    )


def _incident(incident: Incident) -> Evidence:
    zh = title(incident.hazard).zh
    text = Sentence(
        zh=f"区域{incident.area}通报{zh}（{incident.severity}级）",
        en=f"{incident.hazard.value} (level {incident.severity}) reported in {incident.area}",
    )
    return Evidence(
        fact_id=incident.fact_id.hex(), kind=incident.kind, day=incident.first_day, text=text
    )


def outlays(view: HouseholdOnDay) -> tuple[Outlay, ...] | None:
    """Return what the household bore itself, by day and kind.

    The statements that count are taken. It reaches back further than any window, so that none of it
    is lost when a month turns.

    None: nothing is said of a household that refused.
    """
    if view.is_withheld:
        return None
    since = view.day - OUTLAYS_FOR
    sums: Counter[tuple[date, _OutlayKind]] = Counter()
    for bill in view.household.bills:
        sums[bill.day, "medical"] += bill.own_share
    for cost in view.household.spendings:
        if (kind := _OUTLAY_KINDS.get(cost.category)) is not None:
            sums[cost.day, kind] += cost.own_share
    borne = [
        Outlay(day=day, kind=kind, amount=Fen(amount))
        for (day, kind), amount in sums.items()
        if since <= day <= view.day
    ]
    struck = [
        Outlay(day=d.day, kind="disaster", amount=money(d.loss), event=f"{d.hazard} {d.day}")
        for d in view.household.disasters
        if d.is_verified and since <= d.day <= view.day
    ]
    return tuple(
        sorted(
            [*borne, *struck],
            key=lambda outlay: (
                outlay.day,
                outlay.kind,
                -1 if outlay.amount is None else outlay.amount,
            ),
        )
    )


def _income(fact: Income) -> Sentence:
    year = fact.months > 1
    return Sentence(
        zh=f"{title(fact.category).zh}（{fact.item}）{'，全年' if year else ''}",
        en=f"{fact.category.value} income ({fact.item}){', whole year' if year else ''}",
    )


def _looked_at(fact: Check | Grading | AssetCheck | Report | Register) -> Evidence:
    match fact:
        case Check():
            zh, en = title(fact.guarantee).zh, title(fact.guarantee).en
            text = Sentence(
                zh=f"{zh}：{'已落实' if fact.is_met else '未落实'}",
                en=f"{en}: {'met' if fact.is_met else 'not met'}",
            )
        case Grading():
            text = Sentence(
                zh=f"村级评定：{fact.grade.value}", en=f"village review: {fact.grade.value}"
            )
        case AssetCheck():
            text = Sentence(zh="资产核查", en="check of assets")
        case Report():
            text = Sentence(
                zh=f"{title(fact.route).zh}：{title(fact.concern).zh}",
                en=f"{title(fact.route).en}: {title(fact.concern).en}",
            )
        case Register():
            text = Sentence(zh="户籍登记", en="register entry")
        case _:
            assert_never(fact)
    return Evidence(fact_id=fact.fact_id.hex(), kind=fact.kind, day=fact.day, text=text)
