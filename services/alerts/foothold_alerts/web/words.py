"""The words of the pages: every code with its Chinese and its English.

A code without words fails a test.
"""

from collections.abc import Iterator
from typing import Final

from foothold_alerts.rules.case import CloseReason, ReliefKind, ReliefStatus, Role, Stage
from foothold_alerts.rules.deadlines import DeadlineKind
from foothold_alerts.rules.relief.relief import ReliefAct
from foothold_schemas.facts.decisions import HarmlessReason, MeasureKind
from foothold_schemas.facts.facts import Hazard, IncomeCategory
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import AreaLevel, WarningLevel
from foothold_schemas.messages.disputes import Doubt
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.titles import FACT_TITLES, TITLES, title
from foothold_schemas.values import Group, Standing

_READ: Final = (
    FindingKind,
    Group,
    Standing,
    Movement,
    MeasureKind,
    HintKind,
    Doubt,
    HarmlessReason,
)
"""Kinds of codes that stand in a page as they are. A code of another kind may have the same value,
so it has its kind before or behind it."""


def _titles() -> Iterator[tuple[str, tuple[str, str]]]:
    for kind in _READ:
        yield from ((code.value, (word.zh, word.en)) for code, word in TITLES[kind].items())
    yield from ((kind, (word.zh, word.en)) for kind, word in FACT_TITLES.items())
    yield from ((f"hazard_{hazard}", (word.zh, word.en)) for hazard, word in TITLES[Hazard].items())
    yield from ((f"{level}_area", (word.zh, word.en)) for level, word in TITLES[AreaLevel].items())
    yield from (
        (f"measure_{kind}", (word.zh, word.en)) for kind, word in TITLES[MeasureKind].items()
    )
    yield from (
        (f"level_{level}", (word.zh, word.en)) for level, word in TITLES[WarningLevel].items()
    )
    for category in (
        IncomeCategory.WAGE,
        IncomeCategory.OPERATING,
        IncomeCategory.PROPERTY,
        IncomeCategory.TRANSFER,
    ):
        word = title(category)
        yield category.value, (word.zh, word.en)
        yield (
            f"{category}, carried",
            (
                f"{word.zh}（沿用上年）",
                f"{word.en} (carried from the year before)",
            ),
        )


WORDS: Final[dict[str, tuple[str, str]]] = {
    **dict(_titles()),
    Stage.LEAD: ("风险线索", "lead"),
    Stage.VERIFYING: ("核实中", "verifying"),
    Stage.VILLAGE_REVIEW: ("村级评议", "village review"),
    Stage.PUBLIC_NOTICE: ("公示中", "public notice"),
    Stage.TOWNSHIP_REVIEW: ("乡镇审核", "township review"),
    Stage.COUNTY_DECISION: ("县级审定", "county decision"),
    Stage.IDENTIFIED: ("监测对象", "identified"),
    Stage.NOT_MARKED: ("暂不标注", "not marked eliminated"),
    Stage.ELIMINATION_REVIEW: ("风险消除评定", "elimination review"),
    Stage.ELIMINATED: ("风险消除", "eliminated"),
    Stage.NATURAL: ("自然减少", "natural exit"),
    Stage.DISMISSED: ("已排除", "dismissed"),
    Stage.CLOSED: ("已结束", "closed"),
    CloseReason.SIGNAL_ENDED: ("风险信号消失", "the signal ended"),
    CloseReason.ELIMINATED: ("风险消除", "risk eliminated"),
    CloseReason.DISMISSED: ("经核实排除", "dismissed after a check"),
    CloseReason.CORRECTED: ("数据已更正", "the data was corrected"),
    CloseReason.NATURAL: ("自然减少", "natural exit"),
    CloseReason.DATA_WRONG: ("数据有误", "the data is wrong"),
    CloseReason.CAN_COPE: ("家庭能够自行承担", "the household can cope"),
    CloseReason.ALREADY_HELPED: ("已得到帮扶", "already helped"),
    CloseReason.REPEATED: ("重复线索", "a repeated lead"),
    CloseReason.NOT_HERE: ("不在本地", "not living here"),
    ReliefKind.EMERGENCY: ("急难型临时救助", "emergency relief"),
    ReliefKind.SPENDING: ("支出型临时救助", "spending relief"),
    ReliefStatus.PROPOSED: ("建议", "proposed"),
    ReliefStatus.APPLIED: ("已申请", "applied for"),
    ReliefStatus.CHECKED: ("已核查", "checked"),
    ReliefStatus.DECIDED: ("已决定，待发放", "decided, to be paid"),
    ReliefStatus.PAID: ("已发放", "paid"),
    ReliefStatus.SETTLED: ("已办结", "settled"),
    ReliefStatus.WITHDRAWN: ("已撤回", "withdrawn"),
    ReliefStatus.REFUSED: ("不予救助", "refused"),
    ReliefAct.APPLY: ("登记申请", "record application"),
    ReliefAct.CHECK: ("登记核查", "record check"),
    ReliefAct.DECIDE: ("决定救助", "decide"),
    ReliefAct.PAY: ("登记发放", "record payment"),
    ReliefAct.PAPERS: ("手续补齐", "papers are there"),
    ReliefAct.CORRECT_PAPERS: ("更正实际支出", "correct the actual cost"),
    ReliefAct.FOLLOW_UP: ("登记回访", "record follow-up"),
    ReliefAct.AMEND: ("更改金额", "amend the amount"),
    ReliefAct.CAME_BACK: ("登记退回", "record what came back"),
    ReliefAct.WAIVE: ("免予退还", "waive"),
    ReliefAct.REFUSE: ("不予救助", "refuse"),
    DeadlineKind.LOOK: ("危急查看", "look at a household in danger"),
    DeadlineKind.SETTLE: ("办结认定", "settle the case"),
    DeadlineKind.FIRST_MEASURE: ("首项帮扶措施", "first measure"),
    DeadlineKind.MEASURE: ("针对风险的措施", "a measure against a risk"),
    DeadlineKind.RELIEF: ("临时救助", "temporary relief"),
    DeadlineKind.PAPERS: ("补齐手续", "papers"),
    "list_overdue": ("已逾期", "overdue"),
    "list_papers_owed": ("欠补手续", "papers owed"),
    "list_to_settle": ("应退未退", "to settle"),
    "list_measures_missing": ("措施未到位", "measures missing"),
    "list_by_department": ("各部门待落实", "referred to departments"),
    "list_visits_due": ("应走访", "visits due"),
    "list_nobodys": ("无人经办", "nobody's"),
    "list_left_out": ("应纳未纳", "left out"),
    "list_outside_the_system": ("体外循环", "outside the system"),
    "list_watch": ("关注名单", "watch"),
    "list_lives_here": ("居住在本地", "living here"),
    "list_not_judged": ("未能研判", "not judged"),
    "not_judged": ("未能研判", "not judged"),
    "any": ("各类风险", "any risk"),
    "up": ("上升", "up"),
    "down": ("下降", "down"),
    "level_none": ("解除", "none"),
    "visits": ("本月走访", "visits this month"),
    "watch": ("关注", "watch"),
    "overdue": ("逾期，已提醒", "overdue, told to"),
    "exempt": ("核查无害", "found harmless"),
    "exempted": ("核查无害", "found harmless"),
    "paused": ("中止计时", "time stands still"),
    "pause_over": ("中止计时结束，期限恢复", "the pause is over, time runs again"),
    "taken_over": ("接手，原经办人", "taken over from"),
    "taken_over_nobodys": ("接手，此前无人经办", "taken over, nobody had it"),
    "desk": ("随案件排除", "with the case's dismissal"),
    "acknowledgement_ended": (
        "知悉人停用或调离，重新提醒",
        "whoever acknowledged is gone: told again",
    ),
    "word_ended": (
        "提出人停用或调离，须重新提出",
        "whoever proposed it is gone: to be proposed anew",
    ),
    "resumed": ("恢复计时", "time runs again"),
    "household_away": ("全家外出", "household away"),
    "in_hospital": ("住院治疗", "in hospital"),
    "cut_off": ("灾害阻断", "cut off"),
    "data_asked_for": ("待部门回复", "a department was asked"),
    "unassigned": ("经办人停用或调离，无人经办", "whoever had it is gone: nobody's"),
    "acknowledged": ("已知悉逾期", "overdue acknowledged"),
    "measure_planned": ("计划措施", "measure planned"),
    "measure_delivered": ("措施已落实", "measure delivered"),
    "measure_dropped": ("措施取消", "measure dropped"),
    "visited": ("走访", "visited"),
    "relief_apply": ("救助已申请", "relief applied for"),
    "relief_check": ("救助已核查", "relief checked"),
    "relief_decide": ("救助已决定", "relief decided"),
    "relief_pay": ("救助已发放", "relief paid"),
    "relief_papers": ("救助手续已补齐", "relief papers received"),
    "relief_correct_papers": ("实际支出已更正", "actual cost corrected"),
    "relief_follow_up": ("救助已回访", "relief followed up"),
    "relief_refuse_relief": ("不予救助", "relief refused"),
    "relief_amend": ("救助金额更改（须重新由他人发放）", "amount amended, a new decision"),
    "relief_came_back": ("多发部分已退回", "came back"),
    "relief_waive": ("多发部分免予退还（县级批准）", "waived by the county"),
    "relief_to_settle": ("应退还金额变动", "the amount to settle changed"),
    "relief_excepted": (
        "同一原因再次救助（县级批准）",
        "relief again for one cause, by the county",
    ),
    "reviewed": ("已复核", "reviewed"),
    "operating expense": ("经营费用", "operating expense"),
    "medical": ("医疗自付", "medical"),
    "education": ("教育自付", "education"),
    "rehabilitation": ("康复自付", "rehabilitation"),
    "accident": ("意外自付", "accident"),
    "paid out": ("已赔付", "paid out"),
    "on the bills already": ("账单已含", "on the bills already"),
    "figure_net": ("纯收入", "net income"),
    "figure_own_shares": ("自付支出", "own shares"),
    "figure_claims_income": ("理赔收入", "claims income"),
    "figure_reference": ("扣除后参考收入", "reference income"),
    "net": ("纯收入", "net"),
    "claims income": ("理赔收入", "claims income"),
    "own shares": ("自付支出", "own shares"),
    "opened": ("立案", "case opened"),
    "updated": ("更新", "case updated"),
    "reopened": ("重新打开", "case reopened"),
    "restored": ("登记更正，恢复办理", "restored after a register entry was mended"),
    "not_carried_out": ("决定未生效，退回重办", "decision not carried out, to be decided again"),
    Role.VILLAGE: ("村", "village"),
    Role.TOWNSHIP: ("乡镇", "township"),
    Role.COUNTY: ("县", "county"),
    "consent_given": ("已授权", "given"),
    "consent_refused": ("拒绝授权", "refused"),
    "take": ("领取", "taken"),
    "consent": ("登记授权", "consent recorded"),
    "refuse": ("登记拒绝授权", "refusal recorded"),
    "verify": ("核实属实", "verified"),
    "post": ("公示", "notice posted"),
    "end_notice": ("公示无异议", "notice over, no objection"),
    "agree": ("乡镇审核通过", "township agreed"),
    "identify": ("认定", "identified"),
    "send_back": ("退回核实", "sent back"),
    "review": ("提请消除评定", "elimination proposed"),
    "eliminate": ("评定消除", "declared eliminated"),
    "hold": ("暂不标注", "not marked for now"),
    "go_on": ("继续帮扶", "help goes on"),
    "dismiss": ("排除", "dismissed"),
    "dismiss_proposed": (
        "提出排除，待另一人确认",
        "dismissal proposed, another person is to confirm",
    ),
    "reopen": ("恢复办理", "dismissal taken back"),
    "reopen_proposed": (
        "提出恢复办理，待另一人确认",
        "taking the dismissal back proposed, another person is to confirm",
    ),
    "roll_back": ("消除回退", "elimination rolled back"),
    "roll_back_proposed": (
        "提出消除回退，待另一人确认",
        "roll-back proposed, another person is to confirm",
    ),
    "exempt_proposed": (
        "提出核查无害，待另一人确认",
        "found harmless by one, another person is to confirm",
    ),
    "reminded": ("到期前提醒", "reminded before it is due"),
    "contact_shown": ("查看联系方式", "contact shown"),
    "disputed": ("请发送单位核实", "its sender asked"),
    "dispute_asked": ("已请发送单位核实", "its sender is asked"),
    "dispute_corrected": ("发送单位已更正或撤回", "corrected or taken back by its sender"),
    "dispute_confirmed": ("发送单位核实无误", "its sender says it is right"),
    "dispute_no_sender": (
        "未找到发送单位，请联系运维",
        "its sender was not found; ask the operators",
    ),
}


def zh(code: str) -> str:
    """The Chinese word; the code itself if there is none."""
    return WORDS.get(code, (code, code))[0]


def en(code: str) -> str:
    """The English word; the code itself if there is none."""
    return WORDS.get(code, (code, code))[1]
