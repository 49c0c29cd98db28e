"""What a transition or a view tells beside its findings.

It is how the numbers come about, hints, and the outlook. In both languages.
"""

from typing import Final

from foothold_risk.messages.evidence import evidences, money, policy_value
from foothold_risk.rules import hints
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.money.forecast import Fall, Outlook, look_ahead
from foothold_risk.rules.money.trace import Line, trace
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.messages.explanation import (
    CauseOfFall,
    Forecast,
    ForecastCause,
    Hint,
    TraceLine,
    TracePart,
)
from foothold_schemas.values import Fen, Sentence

_CAUSES: Final = {
    ForecastCause.WAGE_STOPPED: Sentence(
        zh="工资（{item}）已停发，少{amount}{zh}",
        en="the wage ({item}) stopped: {amount} {en} less",
    ),
    ForecastCause.SUPPORT_ENDS: Sentence(
        zh="补助（{item}）到期或停发，少{amount}{zh}",
        en="support ({item}) ends: {amount} {en} less",
    ),
    ForecastCause.EARNER_LEAVES: Sentence(
        zh="有收入的成员（{item}）离开，少{amount}{zh}",
        en="a member with income ({item}) leaves: {amount} {en} less",
    ),
    ForecastCause.SEASON: Sentence(
        zh="季节性收入（{item}），少{amount}{zh}", en="seasonal income ({item}): {amount} {en} less"
    ),
    ForecastCause.TREATMENT: Sentence(
        zh="持续治疗自付，多{amount}{zh}", en="recurring treatment: {amount} {en} more spent"
    ),
}


def lines_of(view: HouseholdOnDay) -> tuple[TraceLine, ...]:
    """Every figure with its formula, parts, facts and policy value.

    Nothing of a household whose data may not be compared.
    """
    return () if view.is_withheld else tuple(_line(line) for line in trace(view))


def _line(line: Line) -> TraceLine:
    def shown(amount: int) -> str:
        return str(Fen(amount)) if line.is_money else str(amount)

    return TraceLine(
        title=Sentence(zh=line.zh, en=line.en),
        value=None if line.value is None else shown(line.value),
        formula=line.formula,
        parts=tuple(
            TracePart(name=p.name, value=shown(p.value), facts=tuple(f.hex() for f in p.facts))
            for p in line.parts
        ),
        policy=None if line.policy is None else policy_value(line.policy),
    )


def hints_of(assessment: Assessment, currency: Sentence) -> tuple[Hint, ...]:
    """What people should know beside the findings."""
    if assessment.view.is_withheld:
        return ()
    return tuple(
        Hint(
            kind=seen.kind,
            amount=money(seen.amount),
            text=watcher.explain(seen, assessment, currency),
            policy=None if seen.policy is None else policy_value(seen.policy),
            facts=evidences(seen.facts),
        )
        for watcher in hints.ALL
        for seen in watcher.see(assessment)
    )


def forecast_of(assessment: Assessment, currency: Sentence) -> tuple[Forecast, ...]:
    """The outlook of each month the policy looks ahead to."""
    return tuple(
        Forecast(
            day=o.day,
            months_ahead=o.months_ahead,
            known=Fen(o.known),
            expected=Fen(o.expected),
            net=Fen(o.net),
            treatment=Fen(o.treatment),
            reference=Fen(o.reference),
            head_months=o.head_months,
            net_per_head=money(o.net_per_head),
            reference_per_head=money(o.reference_per_head),
            is_below=o.is_below,
            causes=tuple(
                CauseOfFall(cause=f.cause, amount=Fen(f.amount), text=_cause(f, currency))
                for f in o.falls
            ),
        )
        for o in look_ahead(assessment.view)
    )


def first_below(assessment: Assessment) -> Outlook | None:
    """The nearest outlook below the line."""
    return next((o for o in look_ahead(assessment.view) if o.is_below), None)


def foretold(outlook: Outlook, view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say why a household is watched although nothing has happened yet.

    The sentence has the month, the figures and the causes.
    """
    net, reference, line = (
        money(outlook.net_per_head),
        money(outlook.reference_per_head),
        Fen(view.line or 0),
    )
    causes = [_cause(f, currency) for f in outlook.falls]
    zh, en = "；".join(c.zh for c in causes), "; ".join(c.en for c in causes)
    return Sentence(
        zh=(
            f"预计到{outlook.day}人均纯收入{net}{currency.zh}、扣除支出后{reference}{currency.zh}，"
            f"低于监测线{line}{currency.zh}{'：' + zh if zh else ''}。"
        ),
        en=(
            f"Expected by {outlook.day}: {net} {currency.en} a head, {reference} after spending,"
            f" below the line of {line}{': ' + en if en else ''}."
        ),
    )


def _cause(fall: Fall, currency: Sentence) -> Sentence:
    words, known = _CAUSES[fall.cause], {"item": fall.item, "amount": Fen(fall.amount)}
    return Sentence(
        zh=words.zh.format(zh=currency.zh, **known), en=words.en.format(en=currency.en, **known)
    )
