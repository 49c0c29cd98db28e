"""Why a step was not taken, in words for the person who tried."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from foothold_alerts.cases.locked import Refusal
from foothold_alerts.rules.acts.act import Missing, WrongRole
from foothold_alerts.rules.acts.back import BackNo
from foothold_alerts.rules.acts.dispute import DisputeNo
from foothold_alerts.rules.acts.exempt import ExemptNo
from foothold_alerts.rules.acts.pause import PauseNo
from foothold_alerts.rules.acts.plan import PlanNo
from foothold_alerts.rules.acts.two import TwoNo
from foothold_alerts.rules.relief.relief import ReliefRefusal
from foothold_alerts.rules.workflow import Need
from foothold_alerts.web.words import en, zh

_IN_DOUBT = (
    "有成员同时登记在另一户，户籍核实前不作决定；由信息专员处理查重工单。",
    (
        "A member also stands in another household's entry: nobody decides until the register is"
        " mended. Whoever keeps the register settles the ticket."
    ),
)
_NEEDS = {
    Need.CONSENT: (
        "须先登记农户签署的授权书。",
        "The household's signed consent must be recorded first.",
    ),
    Need.NOTICE_OVER: (
        "公示期未满（公示当日不计），最早次日办理：{until}之后。",
        (
            "The public notice is not over (the day of posting does not count): possible after"
            " {until}."
        ),
    ),
    Need.GROUP: (
        "该户目前不符合任何监测类别，不能认定；请继续核实或排除。",
        (
            "The household is in none of the groups at present, so nobody can identify it: go on"
            " checking, or dismiss."
        ),
    ),
    Need.NOTHING_UNMET: (
        "仍有未满足的退出条件，见下方列表。",
        "Conditions of leaving are not met; they are listed below.",
    ),
    Need.REASON: ("请选择排除原因。", "Choose why it is dismissed."),
    Need.NOTE: ("请填写说明。", "Write why."),
    Need.MEMBERS_CLEAR: _IN_DOUBT,
}


_RELIEF = {
    ReliefRefusal.MEMBER_DISPUTED: _IN_DOUBT,
    ReliefRefusal.STATUS: ("救助已不在此步骤。", "The relief is not at this step any more."),
    ReliefRefusal.ROLE: (
        "此步骤由乡镇或县办理。",
        "This step is taken by the township or the county.",
    ),
    ReliefRefusal.ABOVE_TOWNSHIP: (
        "金额超过乡镇审批限额，须由县级决定。",
        "The amount is above what a township decides alone; the county decides it.",
    ),
    ReliefRefusal.SAME_PERSON: (
        "决定人与发放人不得为同一人。",
        "Whoever decided it cannot pay it: another person must.",
    ),
    ReliefRefusal.PAPERS_OWED: (
        "该户上一笔先行救助手续未补齐；如需再次先行救助，须由县级批准并说明理由。",
        "Papers of an earlier advance are owed; only the county may decide another, and says why.",
    ),
    ReliefRefusal.CURRENCY: (
        (
            "流程文件中的限额与本户金额不是同一币种，"
            "不能比较；请管理员在流程文件中以该币种给出限额（currency、township、relief）。"
        ),
        (
            "The workflow's limits are in another currency than the household's figures: have them"
            " given in that currency (currency, township, relief)."
        ),
    ),
    ReliefRefusal.ABOVE_HARD_LIMIT: (
        "金额超过任何人不得超过的上限（流程文件 relief.hard_limit），请核对位数。",
        (
            "The amount is above what nobody may exceed (relief.hard_limit of the workflow); check"
            " its digits."
        ),
    ),
    ReliefRefusal.ABOVE_CEILING: (
        "金额超过本县最高限额（relief.ceiling）。",
        "The amount is above the county's ceiling (relief.ceiling).",
    ),
    ReliefRefusal.ABOVE_SCALE: (
        "金额超过本县救助标准（relief.scale），须写明理由。",
        "The amount is above the county's scale (relief.scale): write why.",
    ),
    ReliefRefusal.NOT_FOUND: ("该户目前没有这一原因。", "The household does not have this cause."),
    ReliefRefusal.MORE_THAN_OPEN: (
        "金额多于应退还的余额。",
        "That is more than is still to come back.",
    ),
    ReliefRefusal.AMOUNT: ("请填写金额。", "Write the amount."),
    ReliefRefusal.NOTE: ("请填写说明。", "Write why."),
}


_EXEMPT = {
    ExemptNo.ROLE: ("核查结论由乡镇或县登记。", "The township or the county records that."),
    ExemptNo.DAY: (
        "截止日期须在业务日之后、一年之内。",
        "The day lies after the business day, at most a year.",
    ),
}
_BACK = {
    BackNo.ROLE: (
        "排除由乡镇或县恢复，消除由县级回退。",
        "The township or the county takes a dismissal back, the county an elimination.",
    ),
    BackNo.NOTE: ("请填写说明。", "Write why."),
    BackNo.MEMBER_DISPUTED: _IN_DOUBT,
}
_PAUSE = {
    PauseNo.REASON: ("请选择清单内的中止原因。", "Choose one of the listed reasons."),
    PauseNo.ROLE: ("中止由乡镇或县办理。", "The township or the county may pause it."),
}
_TWO = {
    TwoNo.SAME_PERSON: (
        "该案件曾为危急，须由另一人以同一原因确认后才能排除；您的意见已登记。",
        (
            "This case was in danger: another person must say the same before it is put aside. Your"
            " word is recorded."
        ),
    ),
}
_PLAN = {
    PlanNo.RISK: (
        "措施须针对该户现有的风险。",
        "A measure is meant for risks the household has now.",
    ),
    PlanNo.FITS_NOT: (
        "该类措施不对应所选风险。",
        "A measure of this kind does not answer the risks chosen.",
    ),
    PlanNo.DEPARTMENT: ("请填写责任部门。", "Name the department."),
    PlanNo.DAY: ("日期晚于业务日。", "The day lies after the business day."),
    PlanNo.NOTE: ("请填写说明。", "Write a note."),
    PlanNo.TWICE: ("当日走访已登记。", "Your visit of that day is recorded already."),
}


_DISPUTE = {
    DisputeNo.NOTE: (
        "说明不超过 300 字，不写证件号、账号、电话。",
        "A note has at most 300 characters, and no numbers of people, accounts or telephones.",
    ),
    DisputeNo.OURS: (
        "这是本县登记的办理结果，不是单位报送的信息；请在案件中更正。",
        "The county's own people recorded this; no agency sent it. Correct it in the case.",
    ),
    DisputeNo.AREA: (
        "区域灾情由通报部门统一更新，不按户核实。",
        "An incident is amended by its agency for the whole area, not by household.",
    ),
    DisputeNo.ASKED: (
        "已请发送单位核实，尚未答复。",
        "Its sender has been asked already, and has not answered yet.",
    ),
}


_LISTED: Final[Mapping[type[StrEnum], Mapping[Any, tuple[str, str]]]] = {
    ReliefRefusal: _RELIEF,
    ExemptNo: _EXEMPT,
    PauseNo: _PAUSE,
    PlanNo: _PLAN,
    DisputeNo: _DISPUTE,
    TwoNo: _TWO,
    BackNo: _BACK,
}
"""By their lists: members of two lists may be the same text."""


def refusal(why: Refusal) -> tuple[str, str]:
    """Chinese and English."""
    if isinstance(why, WrongRole):
        roles = sorted(why.roles)
        return (
            f"此步骤由{'、'.join(zh(r) for r in roles)}办理。",
            f"This step is taken by: {', '.join(en(r) for r in roles)}.",
        )
    if not isinstance(why, Missing):
        return _LISTED[type(why)][why]
    chinese, english = _NEEDS[why.need]
    return chinese.format(until=why.until), english.format(until=why.until)
