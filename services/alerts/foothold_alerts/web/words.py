"""The words of the pages: every code with its Chinese and its English. A code without words fails a test."""

from typing import Final

from foothold_alerts.rules.case import CloseReason, ReliefKind, ReliefStatus, Stage
from foothold_schemas.decisions import HarmlessReason
from foothold_schemas.explanation import HintKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.transitions import Movement
from foothold_schemas.values import Group, Standing

WORDS: Final[dict[str, tuple[str, str]]] = {
    Stage.LEAD: ("风险线索", "lead"),
    Stage.VERIFYING: ("核实中", "verifying"),
    Stage.VERIFIED: ("已核实", "verified"),
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
    HarmlessReason.DATA_BEING_CORRECTED: ("数据正在更正", "the data is being corrected"),
    HarmlessReason.OTHER: ("其他", "other"),
    ReliefKind.EMERGENCY: ("急难型临时救助", "emergency relief"),
    ReliefKind.SPENDING: ("支出型临时救助", "spending relief"),
    ReliefStatus.PROPOSED: ("建议", "proposed"),
    ReliefStatus.PAID: ("已发放", "paid"),
    ReliefStatus.WITHDRAWN: ("已撤回", "withdrawn"),
    Group.UNSTABLE_EX_POOR: ("脱贫不稳定户", "unstable ex-poor"),
    Group.MARGINAL: ("边缘易致贫户", "marginal"),
    Group.SUDDEN_HARDSHIP: ("突发严重困难户", "sudden hardship"),
    Standing.EX_POOR: ("脱贫户", "ex-poor household"),
    Standing.ORDINARY: ("一般农户", "ordinary household"),
    FindingKind.INCOME_BELOW_LINE: ("收入低于监测线", "income below the line"),
    FindingKind.INCOME_DROPPED: ("收入骤减", "income dropped"),
    FindingKind.WORK_LOST: ("务工收入中断", "work lost"),
    FindingKind.PROJECT_UNDERPAID: ("项目分红不足", "project underpaid"),
    FindingKind.SINGLE_STAY_HIGH: ("单次住院自付高", "costly hospital stay"),
    FindingKind.SELF_PAID_RATIO: ("个人医疗支出占比高", "high share of self-paid spending"),
    FindingKind.EDUCATION_COST_HIGH: ("教育支出高", "high education costs"),
    FindingKind.GUARANTEE_MISSING: ("保障未落实", "guarantee missing"),
    FindingKind.GRADE_FELL: ("等级下降", "grade fell"),
    FindingKind.RISK_REPORTED: ("群众反映", "reported by people"),
    FindingKind.SELF_PAID_HIGH: ("自付医疗支出高", "high self-paid spending"),
    FindingKind.RIGID_SPENDING_RATIO: ("刚性支出占比高", "high share of rigid spending"),
    FindingKind.DISASTER_LOSS: ("灾害损失", "disaster loss"),
    "HouseholdRegistered": ("农户登记", "register entries"),
    "IncomeReported": ("收入", "income"),
    "MedicalClaimSettled": ("医疗结算", "medical bills"),
    "SpendingReported": ("教育等支出", "education and other costs"),
    "DisasterStruck": ("灾害", "disasters"),
    "GuaranteeChecked": ("保障核查", "checks of guarantees"),
    "HouseholdGraded": ("等级评定", "gradings"),
    "AssetsChecked": ("资产核查", "checks of assets"),
    Movement.WATCHED: ("关注", "watched"),
    Movement.UNWATCHED: ("不再关注", "no longer watched"),
    Movement.ENTERED: ("进入", "entered"),
    Movement.MOVED: ("类别变化", "moved"),
    Movement.WORSENED: ("加重", "worsened"),
    Movement.EASED: ("减轻", "eased"),
    Movement.RECOVERING: ("恢复中", "recovering"),
    Movement.RELAPSED: ("恢复期反复", "relapsed"),
    Movement.EXIT_DUE: ("可评定消除", "elimination due"),
    Movement.NOT_MARKED: ("暂不标注", "not marked eliminated"),
    Movement.WOULD_HAVE: ("待复核", "to be reviewed"),
    "reviewed": ("已复核", "reviewed"),
    Movement.EXITED: ("退出", "exited"),
    Movement.ROLLED_BACK: ("消除回退", "rolled back"),
    Movement.REFLAGGED: ("风险再标注", "flagged again"),
    HintKind.CITY_SUPPLEMENT_UNCLAIMED: ("齐惠保未申领", "city supplement unclaimed"),
    HintKind.COVER_UNCLAIMED: ("保险未申领", "cover unclaimed"),
    HintKind.OWN_SHARE_ABOVE_TARGET: ("自付高于目标", "own share above the target"),
    HintKind.NEGATIVE_LIST: ("负面清单", "negative list"),
    HintKind.ONE_BUDGET: ("疑似分户", "one budget, two entries"),
    HintKind.GRADE_DIFFERS: ("等级与得分不符", "grade differs from scores"),
    "wage": ("工资性收入", "wage"),
    "operating": ("经营性收入", "operating"),
    "property": ("财产性收入", "property"),
    "transfer": ("转移性收入", "transfer"),
    "operating expense": ("经营费用", "operating expense"),
    "medical": ("医疗自付", "medical"),
    "education": ("教育自付", "education"),
    "rehabilitation": ("康复自付", "rehabilitation"),
    "accident": ("意外自付", "accident"),
    "paid out": ("已赔付", "paid out"),
    "on the bills already": ("账单已含", "on the bills already"),
    "net": ("纯收入", "net"),
    "claims income": ("理赔收入", "claims income"),
    "own shares": ("自付支出", "own shares"),
    "opened": ("立案", "case opened"),
    "updated": ("更新", "case updated"),
    "reopened": ("重新打开", "case reopened"),
    "take": ("领取", "taken"),
    "verify": ("核实属实", "verified"),
    "dismiss": ("排除", "dismissed"),
    "contact_shown": ("查看联系方式", "contact shown"),
    "relief_paid": ("救助已发放", "relief paid"),
}


def zh(code: str) -> str:
    """The Chinese word; the code itself if there is none."""
    return WORDS.get(code, (code, code))[0]


def en(code: str) -> str:
    """The English word; the code itself if there is none."""
    return WORDS.get(code, (code, code))[1]
