"""What is wrong with a row, for the people who sent the file, in one table.

It is said in Chinese first, with the English that stands in the rules beside it. What rules say in
English alone is found here by its words; what the table does not know gets the sentence of its
reason, so no line is without Chinese.
"""

import re
from functools import lru_cache
from typing import Final

from foothold_ingest.rules.words import FORMS, WORDS
from foothold_schemas.wire.quarantine import RefusalReason

CHINESE: Final[tuple[tuple[str, str], ...]] = (
    # cells
    (r"this cell is empty, and the column is required", "此单元格为空，该列必填"),
    (
        r"characters of this cell were lost before the file was saved; take it from the source",
        "此单元格有字符在保存前已丢失，请从源头重新取数",
    ),
    (
        r"this cell holds a control or bidirectional character, or is too long",
        "此单元格含控制字符或方向字符，或过长",
    ),
    (
        r"this cell is a number or a date, and the column holds text: .*",
        "此单元格是数字或日期，而该列应为文本：表格软件可能已截断，请在源头把该列设为文本",
    ),
    (r"a spreadsheet has damaged this number: .*", "号码被表格软件损坏，请按文本格式重新导出"),
    (r"this is no amount of money|this cell is no amount", "不是金额"),
    (r"an amount has at most two decimal places", "金额最多两位小数"),
    (r"this is no day; write it as (.*)", "不是日期，请写成 {0}"),
    (r"this is no month; write it as (.*)", "不是月份，请写成 {0}"),
    (r"write 是 or 否 \(yes or no\)", "请填“是”或“否”"),
    (r"write one of: (.*)", "请从中选填：{0}"),
    (r"there are more cells than headers: .*", "单元格多于表头：单元格内含分隔符时请加引号"),
    # rows of a household
    (r"the rows of one household say different things", "同一户各行填写不一致"),
    (r"The rows of this household do not agree\.", "同一户各行填写不一致"),
    (
        r"Row (\d+) of this household is not right, and a household is taken whole\.",
        "该户第 {0} 行有误；一户须整户采用",
    ),
    (r"The row names no household\.", "此行未写明农户"),
    (
        r"The rows of this household do not stand together; sort the file by household\.",
        "同一户的行没有排在一起，请按户排序",
    ),
    (r"A household has at most (\d+) rows\.", "一户最多 {0} 行"),
    (
        r"These rows are a part of a household; .*",
        "这些行只是一户的一部分，请整户在新文件中一起报送",
    ),
    (
        r"names the same record as row (\d+); the earlier row counts",
        "与第 {0} 行是同一记录，以前面的行为准",
    ),
    (r"Cells of this row are not right\.", "此行单元格有误"),
    # values
    (
        r'an amount is a decimal string with at most two places, such as "1234\.50"',
        "金额写成最多两位小数，如 1234.50",
    ),
    (
        r'an amount is written as a string, such as "1234\.50", so that no digit is lost',
        "金额请按文本书写，如 1234.50",
    ),
    (r'a day is written as "YYYY-MM-DD", without a time', "日期写成 2026-01-31，不带时间"),
    (r'a month is written as "YYYY-MM"', "月份写成 2026-01"),
    (
        r'a moment is written as "YYYY-MM-DDThh:mm:ss\+08:00" \(RFC 3339\)',
        "时间写成 2026-01-15T16:20:00+08:00",
    ),
    (r"the year lies outside (\d+)-(\d+)", "年份不在 {0}–{1} 之间"),
    (r"this field is not known here; remove it or correct its name", "未知字段，请删除或改名"),
    (r"this field is required|missing", "必填"),
    (r"Input should be ('.*)", "应为以下之一：{0}"),
    (r"Input should be a valid .*", "类型不对"),
    *((re.escape(f"this is written with {form.en}"), form.zh) for form in FORMS.values()),
    (r"String should match pattern .*", "格式不对"),
    (r"String should have at least (\d+) characters?", "至少 {0} 个字符"),
    (r"String should have at most (\d+) characters?", "最多 {0} 个字符"),
    (r"(?:Tuple|List|Value) should have at least (\d+) items? .*", "至少 {0} 项"),
    (r"(?:Tuple|List|Value) should have at most (\d+) items? .*", "最多 {0} 项"),
    (r"Input should be greater than or equal to (.*)", "不小于 {0}"),
    (r"Input should be less than or equal to (.*)", "不大于 {0}"),
    (r"Input should be .*", "内容不对"),
    # what does not fit together
    (
        r"a yearly figure needs earned_month, the last month it covers",
        "全年数须写明所属月份（全年的最后一个月）",
    ),
    (r"operating_expense belongs to the category operating only", "经营支出只用于经营性收入"),
    (r"claim_number and stay belong to the category claims only", "结算单号和住院号只用于理赔收入"),
    (r"total is negative; .*", "总额为负；要撤回账单请报送 FactsRetracted"),
    (r"this amount is not negative; .*", "此金额不能为负；要撤回请报送 FactsRetracted"),
    (r"the payers together paid more than the total", "各方支付合计超过总额"),
    (r"in_scope is more than the total", "目录内金额超过总额"),
    (r"total and covered are not negative", "总额和已补助不能为负"),
    (r"covered is more than the total", "已补助超过总额"),
    (r"last_day lies before first_day", "结束日早于开始日"),
    (r"from_month lies after through_month", "起始月晚于截止月"),
    (r"left_on lies before joined_on", "离户日早于入户日"),
    (r"until_day lies before from_day", "截止日早于起始日"),
    (r"until lies after exempted_on, at most (\d+) days", "截止日须晚于认定日，最多 {0} 天"),
    (
        r"a cover belongs to a member or to a project, not to both",
        "一项保险属于成员或项目，不能同时属于两者",
    ),
    (r"a person_ref stands twice among the members at the same time", "同一人在成员中同时出现两次"),
    (
        r"a person is named by resident_number or by person_ref, not by both",
        "身份证号与人员编号只填一个",
    ),
    (
        r"a member is named by resident_number or by person_ref, one of them",
        "每名成员填身份证号或人员编号，只填一个",
    ),
    # numbers of people
    (
        r"a resident number has 18 characters, or 15 digits; .*",
        "身份证号为18位或15位数字，残疾人证号为20或22位",
    ),
    (r"this is a placeholder, not a number; .*", "这是占位符，不是号码；不知道请留空"),
    (
        r"it ends in 000, as spreadsheets leave numbers: .*",
        "末尾为000，可能被表格软件截断，请按文本格式从源头取数",
    ),
    (r"the check character does not fit: .*", "校验位不符：有一位写错，或两位颠倒"),
    (r"digits 7 to 14 are no date of birth; .*", "第7至14位不是出生日期；15位号码请人工核对"),
    # time, place, sender
    (r"in the future", "晚于当前"),
    (r"too long ago", "时间过早，已不参与判断"),
    (r"no county has this code \(GB/T 2260\)", "没有此县级行政区划代码"),
    (r"no county has this code yet", "此县级行政区划代码尚未启用"),
    (
        r"this county code was given up after (\d+); send the code that holds now",
        "此代码 {0} 年后已撤销，请用现行代码",
    ),
    (r"outside the sender's areas", "不在本单位报送区域内"),
    (r"not allowed for this sender", "本单位不得报送此类信息"),
    (r"of another form", "形式不对"),
)
"""English, as a pattern of the whole → Chinese. The first that fits."""

_COMPILED: Final = tuple((re.compile(english, re.DOTALL), chinese) for english, chinese in CHINESE)


def in_both(problem: str, reason: RefusalReason) -> str:
    """The problem with its Chinese in front.

    What begins with Chinese already is as it should be.
    """
    if problem[:1] > "\u2e7f" or _starts_in_chinese(problem):
        return problem
    return f"{chinese_of(problem) or WORDS[reason].zh} {problem}"


@lru_cache(maxsize=4096)
def chinese_of(problem: str) -> str | None:
    """The table's Chinese; None: the table does not know it."""
    for english, chinese in _COMPILED:
        if (match := english.fullmatch(problem)) is not None:
            return chinese.format(*match.groups())
    return None


def _starts_in_chinese(problem: str) -> bool:
    """Such as `9999 表示…`: a figure before the Chinese."""
    return re.match(r"[0-9 ]*[\u4e00-\u9fff]", problem) is not None
