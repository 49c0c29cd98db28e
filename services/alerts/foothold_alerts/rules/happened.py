"""What happened to a household, for those who read its case: in a few words, and in a sentence.

A movement says how the household stands after a transition. Two other things say why it moved: what
people decided, and the reason of an end. Pure.
"""

from collections.abc import Mapping
from typing import Any, Final

from foothold_schemas.facts.decisions import Decision
from foothold_schemas.messages.transitions import ExitReason, Movement
from foothold_schemas.titles import title
from foothold_schemas.values import Group, Sentence

DECISIONS: Final[Mapping[Decision, Sentence]] = {
    Decision.IDENTIFIED: Sentence(zh="认定", en="identified"),
    Decision.ELIMINATED: Sentence(zh="评定风险消除", en="risk declared eliminated"),
    Decision.NOT_MARKED: Sentence(zh="暂不标注", en="not marked eliminated"),
    Decision.DISMISSED: Sentence(zh="排除", en="dismissed"),
    Decision.REOPENED: Sentence(zh="撤回排除，恢复办理", en="dismissal taken back"),
    Decision.ROLLED_BACK: Sentence(zh="消除回退", en="elimination rolled back"),
}
"""What people decided."""
ENDS: Final[Mapping[ExitReason, Sentence]] = {
    ExitReason.CLEARED: Sentence(zh="持续平稳", en="clear for long enough"),
    ExitReason.ELIMINATED: Sentence(zh="风险消除", en="risk eliminated"),
    ExitReason.DISMISSED: Sentence(zh="经核实排除", en="dismissed after a check"),
    ExitReason.NATURAL: Sentence(zh="自然减少", en="natural exit"),
    ExitReason.CORRECTED: Sentence(zh="数据已更正", en="the data was corrected"),
    ExitReason.EXEMPTED: Sentence(zh="核查无害", en="found harmless"),
}
"""Why a group or a lead ended, or a part of its ground went."""
_RETURNED: Final = Sentence(zh="结束后反复", en="came back after its end")


def in_words(body: Mapping[str, Any]) -> Sentence:
    """What a transition was, in a few words; `body`: as messages carry it."""
    movement = Movement(body["movement"])
    if (decided := body.get("decided")) is not None:
        word = DECISIONS[Decision(decided)]
        return Sentence(zh=f"{word.zh}（人工决定）", en=f"{word.en} (people decided)")
    if (refused := body.get("refused")) is not None:
        word = DECISIONS[Decision(refused)]
        return Sentence(zh=f"决定未生效：{word.zh}", en=f"decision not carried out: {word.en}")
    if movement is Movement.RELAPSED and _has_returned(body):
        return _RETURNED
    moved = title(movement)
    if (reason := body.get("exit_reason")) is None or movement is Movement.RESTORED:
        return moved
    end = ENDS[ExitReason(reason)]
    return Sentence(zh=f"{moved.zh}：{end.zh}", en=f"{moved.en}: {end.en}")


def in_a_sentence(body: Mapping[str, Any]) -> Sentence:
    """Why the household moved, with its findings.

    Risk's own sentence speaks of where the household stands. Where people took a dismissal back, or
    a group that had ended came back, that is not what happened, so its beginning is another one.
    """
    opening = _opening(body)
    if opening is None:
        return Sentence.model_validate(body["reason"])
    if body["figures"].get("is_withheld", False):
        rest = [body["reason"]]
    else:
        rest = [f["reason"] for f in body["findings"] if f.get("quiet_until") is None]
    return Sentence(
        zh="".join([opening.zh, *(sentence["zh"] for sentence in rest)]),
        en=" ".join([opening.en, *(sentence["en"] for sentence in rest)]),
    )


def _opening(body: Mapping[str, Any]) -> Sentence | None:
    group = None if body.get("group") is None else title(Group(body["group"]))
    if body.get("decided") == Decision.REOPENED:
        zh, en = (
            ("作为风险线索继续办理", "it goes on as a lead")
            if group is None
            else (f"按{group.zh}风险信号继续办理", f"it goes on as a signal of {group.en}")
        )
        return Sentence(zh=f"排除已撤回，{zh}。", en=f"The dismissal was taken back: {en}.")
    if body["movement"] == Movement.RELAPSED and group is not None and _has_returned(body):
        times = body.get("times_wavered", 0) if body.get("is_wavering", False) else 0
        zh, en = (f"（反复，第{times}次）", f" (it wavers: {times} so far)") if times else ("", "")
        return Sentence(
            zh=f"结束后再次符合{group.zh}条件，原案件继续。{zh}",
            en=f"Meets the conditions of {group.en} again after its end: the case goes on.{en}",
        )
    return None


def _has_returned(body: Mapping[str, Any]) -> bool:
    """Whether it stood in no group just before: it was not recovering, its group had ended."""
    return body.get("previous_group") is None
