"""What people read for each code: one word in Chinese and one in English.

It is the same on every screen and in every sentence.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from foothold_schemas.facts.checks import Asset, Guarantee, SpendingCategory
from foothold_schemas.facts.decisions import HarmlessReason, MeasureKind
from foothold_schemas.facts.facts import CareSetting, Hazard, HomeState, IncomeCategory, WorkerState
from foothold_schemas.facts.reports import Concern, ReportRoute
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import AreaLevel, WarningLevel
from foothold_schemas.messages.disputes import Doubt
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.values import Group, Sentence, Standing


def _titles(words: Mapping[StrEnum, tuple[str, str]]) -> Mapping[StrEnum, Sentence]:
    return MappingProxyType({code: Sentence(zh=zh, en=en) for code, (zh, en) in words.items()})


TITLES: Final[Mapping[type[StrEnum], Mapping[StrEnum, Sentence]]] = MappingProxyType(
    {
        FindingKind: _titles(
            {
                FindingKind.INCOME_BELOW_LINE: ("收入低于监测线", "income below the line"),
                FindingKind.INCOME_DROPPED: ("收入骤减", "income dropped"),
                FindingKind.WORK_LOST: ("务工收入中断", "work lost"),
                FindingKind.PROJECT_UNDERPAID: ("项目分红不足", "project underpaid"),
                FindingKind.DISASTER_LOSS: ("灾害损失", "disaster loss"),
                FindingKind.SELF_PAID_HIGH: ("自付医疗支出高", "high self-paid spending"),
                FindingKind.SINGLE_STAY_HIGH: ("单次住院自付高", "costly hospital stay"),
                FindingKind.SELF_PAID_RATIO: (
                    "个人医疗支出占比高",
                    "high share of self-paid spending",
                ),
                FindingKind.RIGID_SPENDING_RATIO: (
                    "刚性支出占比高",
                    "high share of rigid spending",
                ),
                FindingKind.EDUCATION_COST_HIGH: ("教育支出高", "high education costs"),
                FindingKind.GUARANTEE_MISSING: ("保障未落实", "guarantee missing"),
                FindingKind.GRADE_FELL: ("等级下降", "grade fell"),
                FindingKind.RISK_REPORTED: ("群众反映", "reported by people"),
                FindingKind.AREA_STRUCK: ("区域灾害", "area struck"),
            }
        ),
        Group: _titles(
            {
                Group.UNSTABLE_EX_POOR: ("脱贫不稳定户", "unstable ex-poor"),
                Group.MARGINAL: ("边缘易致贫户", "marginal"),
                Group.SUDDEN_HARDSHIP: ("突发严重困难户", "sudden hardship"),
            }
        ),
        Standing: _titles(
            {
                Standing.EX_POOR: ("脱贫户", "ex-poor household"),
                Standing.ORDINARY: ("一般农户", "ordinary household"),
            }
        ),
        Movement: _titles(
            {
                Movement.WATCHED: ("关注", "watched"),
                Movement.UNWATCHED: ("不再关注", "no longer watched"),
                Movement.ENTERED: ("进入", "entered"),
                Movement.MOVED: ("类别变化", "moved"),
                Movement.WORSENED: ("加重", "worsened"),
                Movement.EASED: ("减轻", "eased"),
                Movement.GRADE_FELL: ("等级下降", "grade fell"),
                Movement.RECOVERING: ("恢复中", "recovering"),
                Movement.RELAPSED: ("恢复期反复", "relapsed"),
                Movement.EXIT_DUE: ("可评定消除", "elimination due"),
                Movement.NOT_MARKED: ("暂不标注", "not marked eliminated"),
                Movement.WOULD_HAVE: ("待复核", "to be reviewed"),
                Movement.REFUSED: ("决定未生效", "decision not carried out"),
                Movement.RESTORED: ("登记更正，恢复", "restored after a register entry was mended"),
                Movement.EXITED: ("退出", "exited"),
                Movement.ROLLED_BACK: ("消除回退", "rolled back"),
                Movement.REFLAGGED: ("风险再标注", "flagged again"),
            }
        ),
        Hazard: _titles(
            {
                Hazard.FLOOD: ("洪涝", "flood"),
                Hazard.STORM: ("风暴", "storm"),
                Hazard.DROUGHT: ("干旱", "drought"),
                Hazard.EARTHQUAKE: ("地震", "earthquake"),
                Hazard.LANDSLIDE: ("滑坡", "landslide"),
                Hazard.FIRE: ("火灾", "fire"),
                Hazard.ACCIDENT: ("事故", "accident"),
                Hazard.EPIDEMIC: ("疫情", "epidemic"),
                Hazard.HAIL: ("冰雹", "hail"),
                Hazard.PLANT_CLOSURE: ("企业关停", "plant closure"),
                Hazard.OTHER: ("其他灾害", "another disaster"),
            }
        ),
        HomeState: _titles(
            {
                HomeState.UNHURT: ("未受损", "unhurt"),
                HomeState.DAMAGED: ("受损", "damaged"),
                HomeState.BADLY_DAMAGED: ("严重损坏", "badly damaged"),
                HomeState.DESTROYED: ("倒塌", "destroyed"),
            }
        ),
        WorkerState: _titles(
            {
                WorkerState.UNHURT: ("平安", "unhurt"),
                WorkerState.DISABLED: ("致残", "disabled"),
                WorkerState.DEAD: ("死亡", "dead"),
            }
        ),
        Guarantee: _titles(
            {
                Guarantee.FOOD: ("吃", "food"),
                Guarantee.CLOTHING: ("穿", "clothing"),
                Guarantee.EDUCATION: ("义务教育", "education"),
                Guarantee.MEDICAL_INSURANCE: ("基本医疗", "medical insurance"),
                Guarantee.HOUSING: ("住房安全", "housing"),
                Guarantee.WATER: ("饮水安全", "water"),
            }
        ),
        IncomeCategory: _titles(
            {
                IncomeCategory.WAGE: ("工资性收入", "wage"),
                IncomeCategory.OPERATING: ("经营性收入", "operating"),
                IncomeCategory.PROPERTY: ("财产性收入", "property"),
                IncomeCategory.TRANSFER: ("转移性收入", "transfer"),
                IncomeCategory.CLAIMS: ("理赔收入", "claims"),
            }
        ),
        SpendingCategory: _titles(
            {
                SpendingCategory.EDUCATION: ("教育支出", "education"),
                SpendingCategory.REHABILITATION: ("康复支出", "rehabilitation"),
                SpendingCategory.ACCIDENT: ("意外支出", "accident"),
                SpendingCategory.OTHER: ("其他支出", "other"),
            }
        ),
        CareSetting: _titles(
            {
                CareSetting.INPATIENT: ("住院", "inpatient"),
                CareSetting.OUTPATIENT: ("门诊", "outpatient"),
                CareSetting.SPECIAL_DRUGS: ("特药", "special drugs"),
            }
        ),
        Asset: _titles(
            {
                Asset.CAR: ("车辆", "car"),
                Asset.TOWN_HOUSE: ("城镇住房", "town house"),
                Asset.COMPANY: ("企业", "company"),
                Asset.PUBLIC_PAYROLL: ("财政供养人员", "public payroll"),
                Asset.LARGE_MACHINERY: ("大型农机具", "large machinery"),
                Asset.DEPOSIT: ("大额存款", "deposit"),
                Asset.OTHER: ("其他资产", "other assets"),
            }
        ),
        ReportRoute: _titles(
            {
                ReportRoute.SELF: ("农户自行申报", "the household itself"),
                ReportRoute.CADRE: ("干部走访发现", "a cadre's visit"),
                ReportRoute.HOTLINE: ("政务热线反映", "the hotline"),
                ReportRoute.ONE_KEY: ("一键呼叫求助", "a one-key call"),
            }
        ),
        Concern: _titles(
            {
                Concern.ILLNESS: ("因病", "illness"),
                Concern.DISABILITY: ("因残", "disability"),
                Concern.SCHOOLING: ("因学", "schooling"),
                Concern.DISASTER: ("因灾", "disaster"),
                Concern.ACCIDENT: ("因意外", "accident"),
                Concern.INCOME: ("收入减少", "income"),
                Concern.WORK: ("务工中断", "work"),
                Concern.HOUSING: ("住房", "housing"),
                Concern.WATER: ("饮水", "water"),
                Concern.OTHER: ("其他", "other"),
            }
        ),
        MeasureKind: _titles(
            {
                MeasureKind.INDUSTRY: ("产业帮扶", "industry"),
                MeasureKind.EMPLOYMENT: ("就业帮扶", "employment"),
                MeasureKind.HEALTH: ("健康帮扶", "health"),
                MeasureKind.EDUCATION: ("教育帮扶", "education aid"),
                MeasureKind.COMPULSORY_EDUCATION: ("义务教育保障", "compulsory education"),
                MeasureKind.SOCIAL_SECURITY: ("社会保障", "social security"),
                MeasureKind.SOCIAL_HELP: ("社会帮扶", "social help"),
                MeasureKind.HOUSING: ("住房保障", "housing"),
                MeasureKind.RESETTLEMENT: ("搬迁安置", "resettlement"),
                MeasureKind.WATER: ("饮水保障", "water"),
                MeasureKind.INSURANCE: ("保险", "insurance"),
                MeasureKind.COMPREHENSIVE: ("综合保障", "comprehensive"),
            }
        ),
        HarmlessReason: _titles(
            {
                HarmlessReason.CAN_COPE: ("家庭能够自行承担", "the household can cope"),
                HarmlessReason.ALREADY_HELPED: ("已得到帮扶", "already helped"),
                HarmlessReason.DATA_BEING_CORRECTED: (
                    "数据正在更正",
                    "the data is being corrected",
                ),
                HarmlessReason.OTHER: ("其他", "other"),
            }
        ),
        Doubt: _titles(
            {
                Doubt.OTHER_HOUSEHOLD: ("不是这一户的", "belongs to another household"),
                Doubt.NEVER_HAPPENED: ("没有这回事", "never happened"),
                Doubt.OTHER_AMOUNT: ("金额不对", "the amount is another"),
                Doubt.OTHER_DAY: ("日期不对", "the day is another"),
                Doubt.TWICE: ("重复报送", "sent twice"),
                Doubt.OTHER: ("其他", "something else"),
            }
        ),
        HintKind: _titles(
            {
                HintKind.CITY_SUPPLEMENT_UNCLAIMED: ("齐惠保未申领", "city supplement unclaimed"),
                HintKind.COVER_UNCLAIMED: ("保险未申领", "cover unclaimed"),
                HintKind.OWN_SHARE_ABOVE_TARGET: ("自付高于目标", "own share above the target"),
                HintKind.NEGATIVE_LIST: ("负面清单", "negative list"),
                HintKind.ONE_BUDGET: ("疑似分户", "one budget, two entries"),
                HintKind.GRADE_DIFFERS: ("等级与得分不符", "grade differs from scores"),
            }
        ),
        AreaLevel: _titles(
            {
                AreaLevel.VILLAGE: ("村", "village"),
                AreaLevel.CLUSTER: ("联村", "cluster of villages"),
                AreaLevel.TOWNSHIP: ("乡镇", "township"),
                AreaLevel.COUNTY: ("县", "county"),
            }
        ),
        WarningLevel: _titles(
            {
                WarningLevel.IV: ("Ⅳ级", "level IV"),
                WarningLevel.III: ("Ⅲ级", "level III"),
                WarningLevel.II: ("Ⅱ级", "level II"),
                WarningLevel.I: ("Ⅰ级", "level I"),
            }
        ),
    }
)
"""By kind of code, since codes of different kinds may have the same value."""

FACT_TITLES: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "HouseholdRegistered": Sentence(zh="农户登记", en="register entries"),
        "IncomeReported": Sentence(zh="收入", en="incomes"),
        "MedicalClaimSettled": Sentence(zh="医疗结算", en="medical bills"),
        "SpendingReported": Sentence(zh="刚性支出", en="rigid spending"),
        "DisasterStruck": Sentence(zh="灾害", en="disasters"),
        "GuaranteeChecked": Sentence(zh="保障核查", en="checks of guarantees"),
        "HouseholdGraded": Sentence(zh="等级评定", en="gradings"),
        "AssetsChecked": Sentence(zh="资产核查", en="checks of assets"),
        "RiskReported": Sentence(zh="困难反映", en="reports of trouble"),
        "FactsRetracted": Sentence(zh="撤回", en="taken back"),
        "FeedHeard": Sentence(zh="报送情况", en="what feeds were heard"),
        "AreaStruck": Sentence(zh="区域灾害", en="incidents"),
    }
)
"""Of each kind of fact that agencies send."""


def title(code: StrEnum) -> Sentence:
    """The word people read for a code of one of the kinds in TITLES."""
    return TITLES[type(code)][code]
