"""Words of codes on the console, Chinese first."""

from collections.abc import Mapping
from typing import Any, Final

from foothold_ingest.rules.answers import Answer
from foothold_schemas.facts.checks import Guarantee, SpendingCategory
from foothold_schemas.facts.facts import CareSetting, Hazard, HomeState, IncomeCategory, WorkerState
from foothold_schemas.facts.reports import Concern, ReportRoute
from foothold_schemas.messages.disputes import Doubt
from foothold_schemas.messages.explanation import DoubtKind
from foothold_schemas.titles import TITLES
from foothold_schemas.values import Sentence, Standing

UNREADABLE: Final = Sentence(zh="无法识别", en="not readable")
ROUTES: Final = TITLES[ReportRoute]
CONCERNS: Final = TITLES[Concern]
DOUBTS: Final = TITLES[Doubt]
FIELDS: Final = {
    "amount": "金额 amount",
    "total": "总额 total",
    "category": "类别 category",
    "item": "项目 item",
    "earned_month": "月份 month",
    "settled_on": "结算日 settled on",
    "spent_on": "支出日 spent on",
    "struck_on": "受灾日 struck on",
    "hazard": "灾种 hazard",
    "grade": "等级 grade",
    "own_share": "自付 own share",
    "is_yearly": "全年 yearly",
    "covered": "已补助 covered",
    "paid": "各方已付 paid by all payers",
    "operating_expense": "经营支出 expense",
    "claim_number": "结算单号 claim number",
    "stay": "住院号 stay",
    "setting": "就医类别 setting",
    "in_scope": "目录内 in scope",
    "project": "项目分红 project",
    "until_month": "发放至 until",
    "statement_number": "单据号 statement number",
    "home": "住房 home",
    "main_worker": "主要劳动力 main worker",
    "loss": "损失 loss",
    "guarantee": "保障 guarantee",
    "checked_on": "核查日 checked on",
    "graded_on": "评定日 graded on",
    "route": "来源 who told",
    "concern": "困难 trouble",
    "reported_on": "反映日 told on",
    "authority": "县区 county",
    "register_number": "户编号 register number",
    "area": "村 village",
    "standing": "户类型 standing",
    "one_budget_with": "同一开支的户 one budget with",
    "residence": "现居住地 residence",
}
VALUES: Final[Mapping[str, Mapping[Any, Sentence]]] = {
    "category": {**TITLES[IncomeCategory], **TITLES[SpendingCategory]},
    "setting": TITLES[CareSetting],
    "hazard": TITLES[Hazard],
    "home": TITLES[HomeState],
    "main_worker": TITLES[WorkerState],
    "guarantee": TITLES[Guarantee],
    "route": ROUTES,
    "concern": CONCERNS,
    "standing": TITLES[Standing],
    "is_yearly": {"true": Sentence(zh="是", en="yes"), "false": Sentence(zh="否", en="no")},
}
"""Fields whose values are codes, and the words of those."""
ASKED: Final = {
    DoubtKind.REPEATED: Sentence(
        zh="这两条看起来是同一件事，目前只算一次。是重复报送，还是两笔都是真的？",
        en="These two look like one and count once for now. Is it a repeat, or are both real?",
    ),
    DoubtKind.ONE_STAY: Sentence(
        zh="另一单位也报送了这次住院，总额相同，目前只算一次。是同一笔账单吗？",
        en=(
            "Another agency billed this stay with the same total; it counts once for now. Is it the"
            " same bill?"
        ),
    ),
    DoubtKind.TWO_TOTALS: Sentence(
        zh="另一单位也报送了这次住院，总额不同，目前两笔都算。是同一笔账单吗？",
        en=(
            "Another agency billed this stay with another total; both count for now. Is it the same"
            " bill?"
        ),
    ),
    DoubtKind.LAPSED: Sentence(
        zh="这项全年收入很久没有新的报送，此后月份按未知处理，不按零计算。现在还有这项收入吗？",
        en=(
            "Nothing has come of this yearly income for long; its months are unknown from then,"
            " never zero. Is it still paid?"
        ),
    ),
}
ANSWERS: Final = {
    Answer.REPEAT: (
        Sentence(zh="是重复", en="a repeat"),
        Sentence(zh="撤回标明“本条”的一条", en="takes back the one marked “this one”"),
    ),
    Answer.BOTH_REAL: (
        Sentence(zh="都是真的", en="both are real"),
        Sentence(
            zh="标明的一条将带上单据号重新写入，两条都算",
            en="the marked one is written again under a number of its own, and both count",
        ),
    ),
    Answer.SAME_BILL: (
        Sentence(zh="同一笔", en="the same bill"),
        Sentence(zh="撤回本单位这一笔，以对方为准", en="takes back ours; theirs counts"),
    ),
    Answer.ANOTHER_STAY: (
        Sentence(zh="不是同一次住院", en="another stay"),
        Sentence(
            zh="本单位这一笔将另立住院号重新写入，两笔都算",
            en="ours is written again with a stay of its own, and both count",
        ),
    ),
    Answer.ENDED: (
        Sentence(zh="已经没有了", en="it has ended"),
        Sentence(
            zh="写明到未知月份之前为止，此后为零；更早停止的请更正",
            en=(
                "written to end before the unknown months, zero from then; correct it if it ended"
                " earlier"
            ),
        ),
    ),
    Answer.GOES_ON: (
        Sentence(zh="还有，将补报", en="it goes on, the next statement comes"),
        Sentence(
            zh="不写入数据，补报之前仍为未知",
            en="nothing is written, and it stays unknown until that comes",
        ),
    ),
    Answer.RIGHT: (
        Sentence(zh="都无误", en="right as it is"),
        Sentence(zh="两笔照常都算，不再询问", en="both go on counting, and nobody asks again"),
    ),
}
STATUS: Final = {
    "waiting": Sentence(zh="等待处理", en="waiting"),
    "running": Sentence(zh="处理中", en="running"),
    "done": Sentence(zh="已处理", en="done"),
    "refused": Sentence(zh="整份退回", en="refused"),
}
WHERE: Final = {
    "log": Sentence(zh="已采用，参与判断", en="in the log, and judged by"),
    "set_aside": Sentence(zh="已收到，判断时被搁置", en="received, and set aside when judged"),
    "held": Sentence(
        zh="待匹配：登记册里还没有这个人", en="held until the register knows the person"
    ),
    "quarantine": Sentence(zh="在隔离区", en="in quarantine"),
    "nowhere": Sentence(
        zh="自该日起没有找到；接口当场退回的数据不保存",
        en="not found since that day; what HTTP refused was answered then and not kept",
    ),
    "unfinished": Sentence(
        zh="数据太多，请选更近的日期", en="too much to read; choose a later day"
    ),
}
OUTCOMES: Final = {
    "accepted": Sentence(zh="已采用", en="accepted"),
    "held": Sentence(zh="待匹配", en="held"),
    "written_again": Sentence(zh="已重新写入", en="written again"),
    "still_refused": Sentence(zh="仍有错误", en="still refused"),
    "not_waiting": Sentence(zh="已处理过", en="not waiting"),
    "no_data": Sentence(zh="不是数据，不再等待", en="no data: it waits no longer"),
    "not_retriable": Sentence(zh="不能重试", en="not retriable"),
}


def value_words(field: str, value: str) -> str:
    """A value of a field as people read it.

    A code with its Chinese and English, anything else as it stands.
    """
    word = VALUES.get(field, {}).get(value.lower() if field == "is_yearly" else value)
    return value if word is None else f"{word.zh} {word.en}"
