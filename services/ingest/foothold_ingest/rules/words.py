"""What is wrong, in a sentence for the people who send: Chinese first."""

from typing import Final

from foothold_schemas.values import Sentence
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


def sentence(reason: str) -> Sentence:
    """The sentence of a reason, by its value."""
    return (
        WORDS[RefusalReason(reason)]
        if reason in {r.value for r in RefusalReason}
        else Sentence(zh="与前面的行重复", en="repeats an earlier row")
    )
