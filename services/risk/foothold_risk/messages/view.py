"""What people see of a household between two transitions.

Written when it changes; removed when there is nothing to look at any more.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from foothold_risk.messages.evidence import money, outlays, policy_value
from foothold_risk.messages.insight import forecast_of, hints_of, lines_of
from foothold_risk.messages.transition import (
    figures_of,
    findings_of,
    is_wavering,
    shown,
    stale,
    summary,
)
from foothold_risk.messages.wording import EXPLAIN, reason_now
from foothold_risk.rules.calendar import first_day, last_known, month_text
from foothold_risk.rules.context.incidents import Incident
from foothold_risk.rules.household.household import Position, Word
from foothold_risk.rules.money.doubts import doubts
from foothold_risk.rules.money.figures import HouseholdOnDay, unknown_items
from foothold_risk.rules.money.months import MonthMoney, by_month
from foothold_risk.rules.policy import Exposure, Policy, PolicyOfDay
from foothold_risk.rules.status.assess import Assessment
from foothold_risk.rules.status.leaving import Condition, unmet
from foothold_schemas.facts.decisions import HarmlessReason
from foothold_schemas.messages.explanation import DoubtKind, StatementDoubt
from foothold_schemas.messages.transitions import Status
from foothold_schemas.messages.views import (
    HouseholdView,
    Impact,
    MonthFigures,
    Quiet,
    Unmet,
    UnmetKind,
)
from foothold_schemas.titles import title
from foothold_schemas.values import Fen, Sentence
from foothold_schemas.wire.codec import encode

NOTHING = b""
MOST_DOUBTS: Final = 50
DESK: Final = "desk"
"""Who dismissed, where the word names nobody: the case does."""


def view_of(
    household_id: str,
    position: Position,
    assessment: Assessment,
    policy: Policy,
    impacts: tuple[Impact, ...] = (),
) -> bytes:
    """The encoded view; NOTHING when nobody has a reason to look."""
    # of a clear household nobody has a page: only what may have hit it, or is asked
    view, is_clear = (
        assessment.view,
        position.status is Status.CLEAR,
    )
    asked = () if view.is_withheld else _doubts(view)
    if is_clear and not impacts and not asked:
        return NOTHING
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
            months=tuple(map(_month, by_month(view))),
            unmet=tuple(
                _unmet(c, assessment, policy)
                for c in (() if is_clear else unmet(position, assessment))
            ),
            is_identified=position.is_identified,
            trace=() if is_clear else lines_of(view),
            hints=() if is_clear else hints_of(assessment, policy.currency),
            forecast=() if is_clear else forecast_of(assessment, policy.currency),
            stale=tuple(stale(s) for s in view.silent),
            quiet=tuple(_quiet(w) for w in assessment.words),
            impacts=impacts,
            saw=() if is_clear else shown(assessment),
            findings=() if is_clear else findings_of(assessment, policy),
            reason=None if is_clear else reason_now(assessment, policy),
            number=position.number,
            outlays=None if is_clear else outlays(view),
            is_wavering=is_wavering(position, view),
            doubts=asked,
            unknown_items=() if is_clear or view.is_withheld else unknown_items(view),
        )
    )


def _month(month: MonthMoney) -> MonthFigures:
    text, own = month_text(month.month), Fen(month.own_shares)
    return MonthFigures(
        month=text,
        net=money(month.net),
        own_shares=own,
        is_running=month.is_running,
        is_carried=month.is_carried,
    )


def _doubts(view: HouseholdOnDay) -> tuple[StatementDoubt, ...]:
    """A lapse first: it makes months unknown."""
    lapsed = sorted(
        (lapse for lapse in view.lapses if view.day >= first_day(lapse.first)),
        key=lambda lapse: (lapse.first, lapse.fact),
    )
    lapses = [
        StatementDoubt(
            kind=DoubtKind.LAPSED,
            counted=source.fact.hex(),
            other=source.fact.hex(),
            since=month_text(source.first),
        )
        for source in lapsed[:MOST_DOUBTS]
    ]
    repeated = () if view.as_told is None else doubts(view.as_told, view.policy)
    pairs = [
        StatementDoubt(kind=d.kind, counted=d.counted.hex(), other=d.other.hex()) for d in repeated
    ]
    return tuple([*lapses, *pairs][:MOST_DOUBTS])


def _quiet(word: Word) -> Quiet:
    reason = word.reason or HarmlessReason.OTHER
    return Quiet(
        finding=word.kind,
        reason=reason,
        by=word.by or DESK,
        since=word.since,
        until=last_known(word.until),
        is_dismissal=word.reason is None,
    )


def impacts_of(
    hits: Sequence[tuple[str, Incident, Exposure]], policy: PolicyOfDay
) -> tuple[Impact, ...]:
    """The incidents that may have hit the household, as messages carry them."""
    value = policy.incidents_impact
    return tuple(
        Impact(
            incident=name,
            area=incident.area,
            hazard=incident.hazard,
            severity=incident.severity,
            since=incident.first_day,
            text=_possible(incident, exposure),
            policy=(
                None
                if value is None
                else policy_value(value).model_copy(
                    update={"value": f"{incident.hazard} {incident.severity}: {exposure}"}
                )
            ),
        )
        for name, incident, exposure in hits
    )


_EXPOSED: Final = {
    Exposure.EVERYBODY: ("该区域全部农户", "every household there"),
    Exposure.EX_POOR: ("该区域脱贫户", "ex-poor households there"),
    Exposure.OPERATING: ("该区域有经营性收入的农户", "households there that earn by operating"),
    Exposure.WAGE: ("该区域有工资性收入的农户", "households there that earn wages"),
}


def _possible(incident: Incident, exposure: Exposure) -> Sentence:
    zh, en = _EXPOSED[exposure]
    return Sentence(
        zh=(
            f"区域{incident.area}自{incident.first_day}发生{title(incident.hazard).zh}（{incident.severity}级），"
            f"可能影响{zh}；请核实，未核实不作认定。"
        ),
        en=(
            f"{incident.hazard} (level {incident.severity}) in {incident.area} since"
            f" {incident.first_day} may hit {en}; please check: possible is not found."
        ),
    )


def digest(encoded: bytes) -> bytes:
    """What the state remembers of the view written last: eight bytes."""
    return blake2b(encoded, digest_size=8).digest() if encoded else NOTHING


def _unmet(condition: Condition, assessment: Assessment, policy: Policy) -> Unmet:
    return Unmet(
        kind=condition.kind,
        finding=condition.finding,
        until=None if condition.until is None else last_known(condition.until),
        text=_words(condition, assessment, policy),
    )


CONDITIONS: Final = {
    UnmetKind.CLEAR_PERIOD: Sentence(
        zh="须持续平稳至{until}。", en="Must stay clear until {until}."
    ),
    UnmetKind.IDENTIFIED_PERIOD: Sentence(
        zh="纳入监测时间不足，最早{until}。", en="Identified too recently; earliest {until}."
    ),
    UnmetKind.MEASURE_MISSING: Sentence(
        zh="{finding}尚无对应的帮扶措施记录。",
        en="No fitting measure is recorded against {finding}.",
    ),
    UnmetKind.GUARANTEE_NOT_MET: Sentence(zh="{guarantee}未落实。", en="Not met: {guarantee}."),
    UnmetKind.GUARANTEE_UNKNOWN: Sentence(
        zh="{guarantee}尚未核查。", en="Not checked yet: {guarantee}."
    ),
    UnmetKind.NOBODY_CAN_WORK: Sentence(
        zh="户内无劳动能力，暂不标注风险消除。",
        en="Nobody in the household can work: kept, not marked eliminated.",
    ),
    UnmetKind.MEMBER_DISPUTED: Sentence(
        zh=(
            "有成员同时登记在另一户（查重工单{ticket}），户籍核实前不作认定、消除或排除决定，"
            "监测类别不变。"
        ),
        en=(
            "A member also stands in another household's entry (ticket {ticket}): until that is"
            " mended nobody decides, and the group stays."
        ),
    ),
    UnmetKind.NEWS: Sentence(
        zh="办理期间又有新情况（{finding}），请核对后再作决定。",
        en="Something came while it was decided ({finding}): look at it, then decide.",
    ),
    UnmetKind.DOES_NOT_FIT: Sentence(
        zh="该决定与农户当前状态不符。",
        en="The decision does not fit where the household stands.",
    ),
    UnmetKind.FINDING_HOLDS: Sentence(
        zh="此前的{finding}因数据未报，尚不能确认已消失。",
        en="What was found before ({finding}) cannot be cleared: data is missing.",
    ),
    UnmetKind.INCOME_UNHEARD: Sentence(
        zh="以下月份收入未报，暂不能判断：{months}。",
        en="Income of these months is not reported, so nothing is decided: {months}.",
    ),
}
"""What a condition that is not met says, kind by kind."""
_NOBODY_COUNTED: Final = Sentence(
    zh="户内暂无计入人口，人均收入不能判断。",
    en="Nobody of the household is counted, so income per head is not known.",
)


def _words(condition: Condition, assessment: Assessment, policy: Policy) -> Sentence:
    """The condition in words; of a finding that holds, what it rests on."""
    view = assessment.view
    if condition.kind is UnmetKind.FINDING_HOLDS:
        holds = next((f for f in assessment.findings if f.kind is condition.finding), None)
        if holds is not None:
            return EXPLAIN[holds.kind](holds, view, policy.currency)
    if condition.kind is UnmetKind.INCOME_UNHEARD and not view.unheard:
        return _NOBODY_COUNTED
    template, months = CONDITIONS[condition.kind], [month_text(m) for m in view.unheard]
    given = {"until": condition.until, "ticket": condition.ticket}
    return Sentence(
        zh=template.zh.format(**given, **_named(condition, "zh"), months="、".join(months)),
        en=template.en.format(**given, **_named(condition, "en"), months=", ".join(months)),
    )


def _named(condition: Condition, language: str) -> dict[str, str]:
    """The finding and the guarantee of a condition, as a language calls them."""
    codes = {"finding": condition.finding, "guarantee": condition.guarantee}
    return {
        name: "" if code is None else getattr(title(code), language) for name, code in codes.items()
    }
