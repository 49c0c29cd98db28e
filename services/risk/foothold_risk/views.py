"""What people see of a household between two transitions. Written when it changes; removed when there is nothing to look at any more."""

from hashlib import blake2b
from typing import assert_never

from foothold_risk.evidence import money
from foothold_risk.insight import forecast_of, hints_of, lines_of
from foothold_risk.publish import EXPLAIN, figures_of, stale, summary
from foothold_risk.rules.assess import Assessment
from foothold_risk.rules.calendar import month_text
from foothold_risk.rules.findings.guarantee_missing import GUARANTEE_ZH
from foothold_risk.rules.household import Position
from foothold_risk.rules.leaving import Condition, unmet
from foothold_risk.rules.months import by_month
from foothold_risk.rules.policy import Policy
from foothold_schemas.codec import encode
from foothold_schemas.transitions import Status
from foothold_schemas.values import Fen, Sentence
from foothold_schemas.views import HouseholdView, MonthFigures, Quiet, Unmet, UnmetKind

NOTHING = b""


def view_of(household_id: str, position: Position, assessment: Assessment, policy: Policy) -> bytes:
    """The encoded view; NOTHING when nobody has a reason to look."""
    if position.status is Status.CLEAR:
        return NOTHING
    view = assessment.view
    return encode(
        HouseholdView(
            household_id=household_id,
            as_of=view.day,
            household=summary(view),
            status=position.status,
            group=position.group,
            is_urgent=position.is_urgent,
            episode=position.episode,
            figures=figures_of(view),
            months=tuple(
                MonthFigures(month=month_text(m.month), net=money(m.net), own_shares=Fen(m.own_shares), is_running=m.is_running) for m in by_month(view)
            ),
            unmet=tuple(_said(c, assessment, policy) for c in unmet(position, assessment)),
            is_identified=position.is_identified,
            trace=lines_of(view),
            hints=hints_of(assessment, policy.currency),
            forecast=forecast_of(assessment, policy.currency),
            stale=tuple(stale(s) for s in view.silent),
            quiet=tuple(Quiet(finding=e.kind, reason=e.reason, by=e.by, since=e.since, until=e.until) for e in assessment.exemptions),
        )
    )


def digest(encoded: bytes) -> bytes:
    """What the state remembers of the view written last: eight bytes."""
    return blake2b(encoded, digest_size=8).digest() if encoded else NOTHING


def _said(condition: Condition, assessment: Assessment, policy: Policy) -> Unmet:
    return Unmet(kind=condition.kind, finding=condition.finding, until=condition.until, text=_words(condition, assessment, policy))


def _words(condition: Condition, assessment: Assessment, policy: Policy) -> Sentence:  # noqa: C901, PLR0911 - one sentence per kind of condition
    view, until = assessment.view, condition.until
    name = "" if condition.finding is None else condition.finding.value.replace("_", " ")
    zh, en = ("", "") if condition.guarantee is None else (GUARANTEE_ZH[condition.guarantee], condition.guarantee.value.replace("_", " "))
    match condition.kind:
        case UnmetKind.FINDING_HOLDS:
            found = next((f for f in assessment.found if f.kind is condition.finding), None)
            if found is not None:
                return EXPLAIN[found.kind](found, view, policy.currency)
            return Sentence(zh="此前的风险因数据未报，尚不能确认已消失。", en=f"What was found before ({name}) cannot be cleared: data is missing.")
        case UnmetKind.INCOME_UNHEARD if not view.unheard:
            return Sentence(zh="户内暂无计入人口，人均收入不能判断。", en="Nobody of the household is counted, so income per head is not known.")
        case UnmetKind.INCOME_UNHEARD:
            months = [month_text(m) for m in view.unheard]
            return Sentence(
                zh=f"以下月份收入未报，暂不能判断：{'、'.join(months)}。",
                en=f"Income of these months is not reported, so nothing is decided: {', '.join(months)}.",
            )
        case UnmetKind.CLEAR_PERIOD:
            return Sentence(zh=f"须持续平稳至{until}。", en=f"Must stay clear until {until}.")
        case UnmetKind.IDENTIFIED_PERIOD:
            return Sentence(zh=f"纳入监测时间不足，最早{until}。", en=f"Identified too recently; earliest {until}.")
        case UnmetKind.MEASURE_MISSING:
            return Sentence(zh="该风险尚无对应的帮扶措施记录。", en=f"No fitting measure is recorded against {name}.")
        case UnmetKind.GUARANTEE_NOT_MET:
            return Sentence(zh=f"{zh}未落实。", en=f"Not met: {en}.")
        case UnmetKind.GUARANTEE_UNKNOWN:
            return Sentence(zh=f"{zh}尚未核查。", en=f"Not checked yet: {en}.")
        case UnmetKind.NOBODY_CAN_WORK:
            return Sentence(zh="户内无劳动能力，暂不标注风险消除。", en="Nobody in the household can work: kept, not marked eliminated.")
        case UnmetKind.DOES_NOT_FIT:
            return Sentence(zh="该决定与农户当前状态不符。", en="The decision does not fit where the household stands.")
        case _:
            assert_never(condition.kind)
