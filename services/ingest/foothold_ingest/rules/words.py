"""What is wrong, in a sentence for the people who send: Chinese first."""

from typing import Final

from foothold_schemas.facts.envelope import AMENDS_PATTERN
from foothold_schemas.values import ITEM_PATTERN, Sentence
from foothold_schemas.wire.quarantine import RefusalReason

WORDS: Final[dict[RefusalReason, Sentence]] = {
    RefusalReason.NOT_JSON: Sentence(zh="内容不是 JSON", en="not JSON"),
    RefusalReason.DUPLICATE_KEY: Sentence(zh="同一对象中字段重复", en="a key stands twice"),
    RefusalReason.CONTROL_CHARACTER: Sentence(zh="含有控制字符", en="a control character"),
    RefusalReason.TOO_DEEP: Sentence(zh="嵌套过深", en="nested too deeply"),
    RefusalReason.TOO_LONG: Sentence(zh="文本过长", en="a text is too long"),
    RefusalReason.TOO_LARGE: Sentence(zh="内容过大", en="too large"),
    RefusalReason.NO_VALUE: Sentence(zh="记录为空", en="no value"),
    RefusalReason.MEDIA_TYPE: Sentence(
        zh="不是 UTF-8 编码的 JSON", en="not JSON in UTF-8 by its media type"
    ),
    RefusalReason.INVALID_ENVELOPE: Sentence(
        zh="事件信封有误", en="the event's envelope is not right"
    ),
    RefusalReason.UNKNOWN_KIND: Sentence(zh="事件类型未知", en="the type is not known"),
    RefusalReason.KIND_NOT_ALLOWED: Sentence(
        zh="本单位不得报送此类信息", en="this agency may not send this kind"
    ),
    RefusalReason.FOREIGN_SOURCE: Sentence(
        zh="来源属于其他单位", en="the source is another agency's"
    ),
    RefusalReason.AREA_NOT_ALLOWED: Sentence(
        zh="不在本单位报送区域内", en="outside the agency's areas"
    ),
    RefusalReason.AGENCY_DISABLED: Sentence(zh="本单位已停用", en="the agency is disabled"),
    RefusalReason.UNKNOWN_FIELD: Sentence(zh="有未知字段", en="a field is not known"),
    RefusalReason.INVALID_FIELD: Sentence(zh="字段内容有误", en="a field is not right"),
    RefusalReason.BAD_SUBJECT: Sentence(zh="无法确定农户", en="the household cannot be told"),
    RefusalReason.FUTURE_TIME: Sentence(zh="时间晚于当前", en="in the future"),
    RefusalReason.TOO_OLD: Sentence(
        zh="时间过早，已不参与判断", en="too long ago to decide anything"
    ),
    RefusalReason.BAD_NUMBER: Sentence(zh="证件号码有误", en="a person's number is not right"),
    RefusalReason.DAMAGED_NUMBER: Sentence(
        zh="号码被表格软件损坏，请按文本格式重新导出",
        en="number damaged by spreadsheet: export it as text",
    ),
    RefusalReason.UNKNOWN_AREA: Sentence(zh="行政区划代码未知", en="the county code is not known"),
    RefusalReason.WRONG_KEY: Sentence(zh="记录的键有误", en="the record's key is not right"),
    RefusalReason.DAY_OUT_OF_ORDER: Sentence(zh="业务日次序有误", en="the day is out of order"),
    RefusalReason.CONDITION_UNMET: Sentence(zh="条件未满足", en="a condition is unmet"),
    RefusalReason.HOUSEHOLD_FULL: Sentence(
        zh="该户信息过多，请核对户编号", en="too many facts of one household; check its number"
    ),
    RefusalReason.UNPROCESSABLE: Sentence(
        zh="系统无法处理，已通知运维",
        en="Foothold could not work this through; operations have been told",
    ),
    RefusalReason.ID_REUSE: Sentence(zh="同一编号两种内容", en="one id with two contents"),
}


FOOTER_ROW: Final = "footer"
"""In place of a reason: a row that is no data."""


def sentence(reason: str) -> Sentence:
    """The sentence of a reason, by its value."""
    if reason == FOOTER_ROW:
        return Sentence(zh="合计、签字等行，不是数据", en="a total or a signature, no data")
    return (
        WORDS[RefusalReason(reason)]
        if reason in {r.value for r in RefusalReason}
        else Sentence(zh="与前面的行重复", en="repeats an earlier row")
    )


FORMS: Final[dict[str, Sentence]] = {
    r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$": Sentence(
        zh="只用英文字母、数字和 . _ : -，以字母或数字开头，不留空格，最多64个字符",
        en="letters, digits and . _ : - only, a letter or digit first, no spaces, at most 64",
    ),
    ITEM_PATTERN: Sentence(
        zh="用汉字、字母、数字和常用标点，以汉字、字母或数字开头，最多64个字符",
        en="Chinese characters, letters, digits and common punctuation, at most 64",
    ),
    r"^[A-Za-z0-9-]{1,32}$": Sentence(
        zh="只用英文字母、数字和 -，最多32个字符", en="letters, digits and - only, at most 32"
    ),
    r"^[A-Za-z0-9][A-Za-z0-9 /._:-]{0,199}$": Sentence(
        zh="只用英文字母、数字、空格和 / . _ : -，最多200个字符",
        en="letters, digits, spaces and / . _ : - only, at most 200",
    ),
    r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$": Sentence(
        zh="区划代码：县级6位、乡镇9位或村12位数字",
        en="a code of an area: county 6, township 9 or village 12 digits",
    ),
    r"^[0-9]{12}$": Sentence(zh="村级区划代码为12位数字", en="a village's code: 12 digits"),
    r"^[0-9]{6}$": Sentence(zh="县级区划代码为6位数字", en="a county's code: 6 digits"),
    r"^[+0-9][0-9 -]{4,19}$": Sentence(
        zh="电话：5至20位数字，可有 +、空格和 -",
        en="a telephone: 5 to 20 digits, with +, spaces or -",
    ),
    r"^[!-~]{1,200}$": Sentence(
        zh="英文字母、数字和半角符号，不留空格，最多200个字符",
        en="letters, digits and signs of ASCII, no spaces, at most 200",
    ),
    r"^[!-~]+$": Sentence(
        zh="英文字母、数字和半角符号，不留空格", en="letters, digits and signs of ASCII, no spaces"
    ),
    AMENDS_PATTERN: Sentence(
        zh="一至二十个事件编号，以一个空格分开", en="one to twenty ids of events, one space between"
    ),
    r"^[0-9a-f]{64}$": Sentence(zh="应为64位十六进制数字", en="64 hexadecimal digits"),
}
"""Pattern of a field → its words. Amounts, days and months have validators with words of theirs."""


def in_words(message: str) -> str:
    """Pydantic's sentence about a pattern as one a clerk can act on.

    The sentence itself where its pattern has no words.
    """
    form = FORMS.get(message.partition("'")[2][:-1])
    return message if form is None else f"this is written with {form.en}"
