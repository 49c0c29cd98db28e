"""What a policy's values are called, and the codes in them.

An official reads on what a flag rests without knowing the names of the policy files.
"""

import re
from typing import Final

from foothold_schemas.facts.facts import HomeState, WorkerState
from foothold_schemas.messages.areas import WarningLevel
from foothold_schemas.titles import TITLES

POLICY_NAMES: Final = {
    "monitoring_line": ("监测线", "monitoring line"),
    "dibao": ("低保标准", "dibao standard"),
    "poverty_standard": ("扶贫标准", "poverty standard"),
    "disposable_income": ("农村居民人均可支配收入", "disposable income per head"),
    "heads.basis": ("人口口径", "how heads are counted"),
    "feeds.required": ("须报送的单位", "feeds that must have been heard"),
    "feeds.rhythm": ("报送间隔", "how long a feed may be silent"),
    "feeds.yearly_grace": ("年报宽限月数", "months a yearly statement may be late"),
    "income.one_off_items": ("不计入收入的项目", "items that are no income"),
    "income.items": ("收入项目的归并", "items of income"),
    "claims.precedence": ("同一费用以谁为准", "whose statement of a cost counts"),
    "income_dropped.percent": ("收入骤减的比例", "drop of income, share"),
    "income_dropped.amount": ("收入骤减的金额", "drop of income, amount"),
    "work_lost.months": ("务工收入中断的月数", "months without wages"),
    "project_underpaid.yield": ("保底收益率", "guaranteed yield"),
    "disaster_loss.home": ("住房损坏程度", "damage to the home"),
    "disaster_loss.worker": ("主要劳动力伤亡", "what befell the main worker"),
    "disaster_loss.share": ("损失占收入的比例", "loss as a share of income"),
    "self_paid_high.ex_poor": ("脱贫户医疗自付限额", "own share, ex-poor households"),
    "self_paid_high.ordinary": ("一般农户医疗自付限额", "own share, ordinary households"),
    "self_paid_high.in_scope_only": ("只计目录内费用", "only what is in scope"),
    "single_stay_high.identified": ("监测对象单次住院限额", "one stay, identified households"),
    "single_stay_high.others": ("其他农户单次住院限额", "one stay, other households"),
    "self_paid_ratio.share": ("医疗自付占收入的比例", "own share of income"),
    "rigid_spending_ratio.share": ("刚性支出占收入的比例", "rigid spending as a share of income"),
    "rigid_spending_ratio.medical_share": (
        "其中医疗占收入的比例",
        "of it medical, as a share of income",
    ),
    "education_cost_high.amount": ("教育支出限额", "cost of education"),
    "guarantee_missing.guarantees": ("须有的保障", "guarantees that must be met"),
    "child.age_from": ("学龄下限", "school age, from"),
    "child.age_below": ("学龄上限（不含）", "school age, below"),
    "grade_fell.in_force": ("等级下降是否提示", "whether a fallen grade is a finding"),
    "risk_reported.routes": ("反映困难的渠道", "by what ways trouble is reported"),
    "ladder.weights": ("评分权重", "weights of the scores"),
    "ladder.bands": ("评分等级", "bands of the grades"),
    "city_supplement.share": ("齐惠保赔付比例", "city supplement, share"),
    "city_supplement.above": ("齐惠保起付线", "city supplement, from"),
    "city_supplement.cap_inpatient": ("齐惠保住院封顶", "city supplement, cap for stays"),
    "city_supplement.cap_special_drugs": (
        "齐惠保特药封顶",
        "city supplement, cap for special drugs",
    ),
    "covers.known": ("保险种类", "covers"),
    "own_share.target": ("自付比例目标", "target of the own share"),
    "exemption.material_share": ("视为明显增加的比例", "what counts as grown materially"),
    "dismissal.days": ("排除的有效天数", "how long a dismissal covers"),
    "wavering.days": ("反复的天数", "days of wavering"),
    "register.slip_days": ("登记更正的天数", "days of a slip of the register"),
    "negative_list.assets": ("负面清单资产", "assets on the negative list"),
    "forecast.months": ("预测月数", "months looked ahead"),
    "incidents.impact": ("区域灾害的影响", "what an incident may hit"),
    "incidents.self_evident": ("不言自明的灾害", "incidents that speak for themselves"),
    "regions.bands": ("区域预警分级", "levels of region warnings"),
    "regions.keep_share": ("区域预警保持的比例", "how far a level is kept"),
    "regions.least_households": ("区域预警的最少户数", "least households of a warning"),
    "regions.clusters": ("联村", "clusters of villages"),
    "regions.priority": ("重点区域", "key places"),
    "exit.signal_months": ("信号平稳月数", "quiet months of a signal"),
    "exit.stable_months": ("稳定月数", "stable months"),
    "exit.min_months_since_identified": ("认定后最少月数", "least months since it was identified"),
}
CONFIDENCE: Final = {
    "H": ("有正式文件", "an official document"),
    "M": ("一地公布", "published in one place"),
    "L": ("间接来源", "an indirect source"),
    "I": ("我们的理解", "our reading"),
    "NEED": ("依据尚缺", "no source yet"),
}
"""How sure a value is, as the policy files mark it."""
REFERENCES: Final = {
    "Illustrative. Not published for Zibo; supply the county's number.": (
        "示例。淄博未公布，请填本县数值。"
    ),
    "One county's published amount.": "一县公布的金额。",
    (
        "The covers are published, their payout terms are not; which findings they answer "
        "follows from what they insure."
    ): "险种已公布，赔付条款未公布；对应哪些风险由承保内容推定。",
    (
        "Published terms of 齐惠保; the part basic insurance left above the amount, per person "
        "and calendar year."
    ): "齐惠保公布的条款：每人每自然年，基本医保支付后超过起付线的部分。",
    "Illustrative. Foothold's own choice; no rule prescribes it.": (
        "示例。本系统自定，没有文件规定。"
    ),
    "Foothold's own choice; nobody publishes such a number.": "本系统自定，没有公布的数值。",
    "National guidance on monitoring, six months of stable income.": (
        "国家监测指导意见：收入稳定六个月。"
    ),
    "National guidance on monitoring, not before six months.": "国家监测指导意见：不早于六个月。",
    "Monitoring rules name homes destroyed or badly damaged.": "监测办法列明住房倒塌或严重损坏。",
    "Monitoring rules name a main worker dead or disabled.": "监测办法列明主要劳动力死亡或失能。",
    (
        "Illustrative. No thresholds for large-scale return to poverty are published; supply "
        "the county's."
    ): "示例。规模性返贫的阈值未公布，请填本县数值。",
    "Illustrative. No exposure table is published; supply the county's.": (
        "示例。受灾对照表未公布，请填本县的表。"
    ),
    "Foothold's default for signals nobody has identified; a county may set another.": (
        "本系统对未经认定信号的默认值，县可另定。"
    ),
    "Zichuan grades households at every half-year review.": "淄川区每半年评定一次农户等级。",
    "Zibo's target for the own share of poor people.": "淄博市贫困人口自付比例目标。",
    "Two no-worries, three guarantees and safe water.": "两不愁三保障和饮水安全。",
    (
        "Three routes of discovery, departments' data, cadres' visits and the household's own "
        "report (village, hotline, one-key call)."
    ): "三条发现渠道：部门数据、干部走访、农户自主申报（村、热线、一键呼叫）。",
    "The survey replayed here has one sender.": "此处回放的调查只有一个报送单位。",
    "The register of households is the unit of monitoring.": "以户籍登记的农户为监测单位。",
    "The published share is seventy percent; Inner Mongolia uses sixty.": (
        "公布的比例为百分之七十；内蒙古为百分之六十。"
    ),
    "Set by provinces and counties each year; there is no national amount.": (
        "由省、县逐年确定，没有全国统一数额。"
    ),
    "Later project funds guarantee at least six percent.": "后期项目资金保底收益不低于百分之六。",
    "Illustrative; published shares are 70 % and, in Inner Mongolia, 60 %.": (
        "示例；公布的比例为 70%，内蒙古为 60%。"
    ),
    "Illustrative; a county writes down how often each agency has promised to send.": (
        "示例；由县填写各单位约定的报送间隔。"
    ),
    "Illustrative; a county names the agencies that report income.": (
        "示例；由县指定报送收入的单位。"
    ),
    "Illustrative. The weights are not published; supply the district's.": (
        "示例。权重未公布，请填本区数值。"
    ),
    "Illustrative. The bands are not published; supply the district's.": (
        "示例。等级分段未公布，请填本区数值。"
    ),
    (
        "Illustrative, near the Vietnamese poverty line of 1998 used with the survey this "
        "demonstration replays."
    ): "示例，接近本演示所用调查的1998年越南贫困线。",
    "Foothold's own list of what senders call their items; a county adds its own.": (
        "本系统整理的收入项目名称，县可补充。"
    ),
    "Foothold's own choice; no rule prescribes it.": "本系统自定，没有文件规定。",
    "Foothold's own choice; a county may set another.": "本系统自定，县可另定。",
    "Emergency and disaster relief are help; what a sale or a loan brings is not income.": (
        "应急和灾害救助是帮扶；出售财产、借款所得不是收入。"
    ),
    "Emergency and disaster relief are help, not income.": "应急和灾害救助是帮扶，不是收入。",
    "Compulsory education covers nine years.": "义务教育为九年。",
    "Compulsory education begins at six.": "义务教育从六周岁开始。",
    "Common to published negative lists; a county adjusts it.": (
        "各地公布的负面清单共有的项目，县可调整。"
    ),
    "Binzhou and Qinghai look back twelve months and use fifty percent.": (
        "滨州、青海回看十二个月，比例为百分之五十。"
    ),
}
"""Where a value comes from, as the shipped policy files say it; a county writes its own as
it likes."""
_CODES: Final = {
    code.value: (word.zh, word.en)
    for kind in (HomeState, WorkerState)
    for code, word in TITLES[kind].items()
} | {
    "true": ("是", "yes"),
    "false": ("否", "no"),
    "zero": ("0", "0"),
}
_BAND: Final = re.compile(
    r"(?P<days>\d+) days: (?P<level>I|II|III|IV) from (?P<low>[\d.]+) to (?P<high>[\d.]+), from"
    r" (?P<least>\d+) households; "
    r"kept down to (?P<keep>[\d.]+) of (?P<of>[\d.]+)"
)


def policy_name(name: str) -> tuple[str, str]:
    """What the value is called; of one without a word, the name itself."""
    return POLICY_NAMES.get(name, (name, name))


def policy_value(text: str) -> tuple[str, str]:
    """The value with its codes in words."""
    if (band := _BAND.fullmatch(text)) is not None:
        level = TITLES[WarningLevel][WarningLevel(band["level"])]
        chinese = (
            f"近{band['days']}日占比{band['low']}至{band['high']}、"
            f"至少{band['least']}户为{level.zh}，降到{band['of']}的{band['keep']}以下才解除"
        )
        return chinese, text
    codes = [_CODES.get(code, (code, code)) for code in text.split(", ")]
    return "、".join(chinese for chinese, _ in codes), ", ".join(english for _, english in codes)


def policy_reference(text: str) -> tuple[str, str]:
    """Where the value comes from; a reference nobody has put into Chinese, as it is written."""
    return REFERENCES.get(text, text), text
