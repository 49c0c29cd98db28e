"""What a proposal of relief rests on: as it was when relief was proposed, and as it is now.

Statements are corrected and bills are added while a proposal waits. Whoever decides an amount reads
what holds on that day, beside what relief was proposed for. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from foothold_alerts.rules.relief.causes import BY_EVENT, RELIEF, Cause
from foothold_alerts.rules.workflow import Limits
from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Finding
from foothold_schemas.values import Fen, Sentence


@dataclass(frozen=True, slots=True)
class Ground:
    """What relief is for. `now`: empty where nothing of it holds any more, or nothing is shown.

    `before`: what it was proposed for, where that is no longer the same.
    """

    now: Sentence | None
    before: Sentence | None = None
    is_gone: bool = False


class Today(NamedTuple):
    """The household as it stands: its findings, what they saw, and the currency of its amounts."""

    findings: Sequence[Finding]
    saw: Sequence[Saw]
    currency: Sentence


def ground(
    cause: Cause,
    proposed: Sentence | None,
    household: Today,
    limits: Limits,
) -> Ground:
    """What relief nobody has paid rests on by now.

    `proposed`: what bounded the amount when it was proposed; empty for the county's exception.
    """
    finding = _finding_of(cause, household.findings, household.saw)
    if finding is None:
        return Ground(None, proposed, is_gone=True)
    now = bounds(text_of(cause, finding), household.currency, limits)
    return Ground(now, None if proposed == now else proposed)


def bounds(what: Sentence, currency: Sentence, limits: Limits) -> Sentence:
    """What bounds the amount of relief for `what`, in a sentence. `currency`: of the household.

    No amount is proposed: none is published for the county, so a person decides it.
    """
    cost_zh, cost_en = (
        f"不超过实际支出（核定时凭票据，超出部分退还）：{what.zh}",
        f"Never above the actual cost, which the papers show: {what.en}",
    )
    if currency.en != limits.currency[1]:
        return Sentence(
            zh=f"{cost_zh}流程限额以{limits.currency[0]}计，本户金额以{currency.zh}计，不能比较。",
            en=(
                f"{cost_en} The workflow's limits are in {limits.currency[1]} and the figures in"
                f" {currency.en}: they are not compared."
            ),
        )
    township = Fen(limits.township_fen)
    return Sentence(
        zh=f"{cost_zh}乡镇可决定{township}{currency.zh}以内，超过由县级决定。",
        en=f"{cost_en} The township decides up to {township} {currency.en}, the county above that.",
    )


def text_of(cause: Cause, finding: Finding) -> Sentence:
    """The disaster by itself, where several make the finding; else the finding."""
    of_day = [
        fact
        for fact in finding.facts
        if cause.event is not None and cause.event.endswith(str(fact.day))
    ]
    several = [fact for fact in of_day if fact.event == cause.event] or [
        fact for fact in of_day if fact.event is None
    ]
    return (
        several[0].text
        if several and finding.facts_total > 1 and cause.finding is FindingKind.DISASTER_LOSS
        else finding.reason
    )


def _finding_of(cause: Cause, findings: Sequence[Finding], saw: Sequence[Saw]) -> Finding | None:
    """The finding that carries the cause today; None where none does.

    One that people found harmless carries nothing. Relief for bills is one, whichever finding of
    them it was proposed by: the same one where it holds, else another.
    """
    speaking = {f.rule: f for f in findings if f.quiet_until is None}
    same = speaking.get(cause.finding)
    if cause.finding not in BY_EVENT:
        others = (f for rule, f in speaking.items() if rule in RELIEF.keys() - BY_EVENT)
        return same or next(others, None)
    return same if same is not None and _is_among(cause, saw) else None


def _is_among(cause: Cause, saw: Sequence[Saw]) -> bool:
    """Whether the event is one of those the finding rests on, as far as they are all named."""
    sight = next((s for s in saw if s.finding is cause.finding), None)
    if cause.event is None or sight is None or sight.events_total > len(sight.events):
        return True
    return not sight.events or any(event.name == cause.event for event in sight.events)
