"""Says in both languages why a household moved: an opening, then what its findings rest on."""

from collections.abc import Sequence
from typing import Final

from foothold_risk.messages.insight import first_below, foretold
from foothold_risk.rules import findings
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.assess import Assessment
from foothold_risk.rules.status.leaving import earliest_exit
from foothold_risk.rules.status.steps import GOING_ON, Move
from foothold_schemas.messages.transitions import ExitReason, Movement, Status
from foothold_schemas.titles import title
from foothold_schemas.values import Sentence

EXPLAIN: Final = {rule.kind: rule.explain for rule in findings.ALL}
_NATURAL: Final = Sentence(
    zh="户内已无成员，自然减少。", en="Nobody of the household is left: natural exit."
)
_HANDED_OVER: Final = Sentence(
    zh="户籍已迁出，现登记地区划代码{area}，移交当地办理。",
    en="Handed over to the area of code {area}, where it is registered now.",
)
_AGAIN: Final = Sentence(zh="（反复，第{times}次）", en=" (it wavers: {times} so far)")
_ALWAYS: Final = {
    Movement.ENTERED: Sentence(
        zh="出现风险信号：符合{group}条件（第{spell}次）。",
        en="Signal: meets the conditions of {group} (spell {spell}).",
    ),
    Movement.MOVED: Sentence(
        zh="风险信号类别变为{group}。", en="The signal's group is now {group}."
    ),
    Movement.WORSENED: Sentence(zh="风险加重。", en="The risk grew worse."),
    Movement.EASED: Sentence(zh="风险减轻。", en="The risk eased."),
    Movement.RECOVERING: Sentence(
        zh="自{since}起不再符合{group}条件，最早可于{leave}退出。",
        en="Clear of {group} since {since}; earliest exit {leave}.",
    ),
    Movement.RELAPSED: Sentence(
        zh="恢复期内再次符合{group}条件。",
        en="Meets the conditions of {group} again while recovering.",
    ),
    Movement.EXITED: Sentence(
        zh="自{since}起持续平稳，退出{group}信号。",
        en="Clear since {since}: the {group} signal ends.",
    ),
    Movement.EXIT_DUE: Sentence(
        zh="已满足消除风险的全部条件（自{since}起平稳），请人工评定。",
        en="Every condition of elimination is met (clear since {since}); people decide.",
    ),
    Movement.NOT_MARKED: Sentence(
        zh="其他条件已满足，但户内无劳动能力，暂不标注风险消除。",
        en="All else is met, but nobody can work: not marked eliminated.",
    ),
    Movement.ROLLED_BACK: Sentence(
        zh="消除回退：风险消除后因同一原因再次符合{group}条件（第{spell}次）。",
        en="Rolled back: the same cause again, meets the conditions of {group} (spell {spell}).",
    ),
    Movement.REFLAGGED: Sentence(
        zh="风险再标注：风险消除后因新的原因符合{group}条件（第{spell}次）。",
        en="Flagged again: a new cause, meets the conditions of {group} (spell {spell}).",
    ),
    Movement.GRADE_FELL: Sentence(zh="等级下降。", en="The grade fell."),
    Movement.WOULD_HAVE: Sentence(zh="请复核。", en="To be reviewed."),
    Movement.UNWATCHED: Sentence(zh="不再关注。", en="No longer watched."),
    Movement.RESTORED: Sentence(
        zh="登记已更正，恢复到原来的状态。",
        en="The register entry was mended: it stands again where it stood.",
    ),
    Movement.REFUSED: Sentence(
        zh="人工决定未生效：所需条件此时不成立。",
        en="What people decided was not carried out: it does not hold now.",
    ),
}
_BY_REASON: Final = {
    ExitReason.NATURAL: _NATURAL,
    ExitReason.ELIMINATED: Sentence(
        zh="经人工评定，{group}风险消除。", en="People declared the risk of {group} eliminated."
    ),
    ExitReason.CORRECTED: Sentence(
        zh="数据经更正，{group}风险信号的依据不再成立。",
        en="The data was corrected: the ground of the {group} signal is gone.",
    ),
    ExitReason.EXEMPTED: Sentence(
        zh="经人工核查，该风险发现无害，信号结束。",
        en="People checked the finding and found it harmless: the signal ends.",
    ),
    ExitReason.DISMISSED: Sentence(
        zh="经人工核实，风险线索已排除。", en="People checked the signal and dismissed it."
    ),
}
_TAKEN_BACK_FOR_NOTHING: Final = Sentence(
    zh="排除已撤回；目前没有待核实的线索，本次办理结束，再次出现时重新提示。",
    en="The dismissal was taken back. Nothing is there to be checked now, so the case ends; it is"
    " raised again when something returns.",
)
_TAKEN_BACK: Final = Sentence(
    zh="数据经更正，部分风险依据不再成立，风险减轻。",
    en="The data was corrected: a part of what the case rests on is gone.",
)
_DANGER_CAME: Final = Sentence(
    zh="风险加重，基本生活受到威胁。", en="The risk grew worse: basic living is in danger."
)
_DANGER_WENT: Final = Sentence(
    zh="风险减轻，基本生活不再受威胁。", en="The risk eased: basic living is in danger no longer."
)
_FROZEN: Final = Sentence(
    zh="农户未授权，数据不再比对，线索留村核实。",
    en="The household refused: its data is not compared, the lead stays with the village.",
)
_OPENINGS: Final = {
    (movement, is_lead): sentence
    for movement, sentence in _ALWAYS.items()
    for is_lead in (True, False)
} | {
    (Movement.WATCHED, True): Sentence(zh="出现风险线索，请核实。", en="A lead to check."),
    (Movement.WATCHED, False): Sentence(
        zh="列入关注，收入仅作参考。", en="Watched; income alone is only a reference."
    ),
}
_ROLLED_BACK_LEAD: Final = Sentence(
    zh="风险消除后同一原因再次出现，请核实并决定是否消除回退。",
    en="A cause people declared eliminated is found again: check it, then decide.",
)
_ROLLED_BACK_BY_PEOPLE: Final = Sentence(
    zh="经人工决定，消除回退，恢复{group}监测（第{spell}次）。",
    en="People rolled the elimination back: monitored as {group} again (spell {spell}).",
)
_FORETOLD: Final = Sentence(zh="列入关注，提前预警。", en="Watched ahead of the fact.")
_NOTHING: Final = Sentence(zh="", en="")
_LEAD: Final = Sentence(zh="", en="lead")
"""In place of a group, of a case that has none."""


def reason(move: Move, assessment: Assessment, policy: Policy) -> Sentence:
    """Why the household moved: the findings' sentences, or what ended."""
    opening = _opening(move, assessment, policy)
    sentences = sentences_of(assessment, policy)
    if move.after.status is Status.WATCH and (ahead := first_below(assessment)) is not None:
        sentences.append(foretold(ahead, assessment.view, policy.currency))
    return joined([opening, *sentences])


def reason_now(assessment: Assessment, policy: Policy) -> Sentence | None:
    """The findings in a sentence, as they stand at this moment; None where nothing is found."""
    sentences = sentences_of(assessment, policy)
    return joined(sentences) if sentences else None


def sentences_of(assessment: Assessment, policy: Policy) -> list[Sentence]:
    """What each finding rests on, those people found harmless left out."""
    return [
        EXPLAIN[f.kind](f, assessment.view, policy.currency)
        for f in assessment.findings
        if f.kind not in assessment.quiet
    ]


def joined(sentences: Sequence[Sentence]) -> Sentence:
    """One after the other: without a blank in Chinese, with one in English."""
    return Sentence(zh="".join(s.zh for s in sentences), en=" ".join(s.en for s in sentences))


def new_area(move: Move, assessment: Assessment, policy: Policy) -> str | None:
    """Where the household went, if no county of the policy serves it."""
    area = assessment.view.register.area
    is_gone = move.exit_reason is ExitReason.NATURAL and policy.place(area) is None
    return area if is_gone else None


def _opening(move: Move, assessment: Assessment, policy: Policy) -> Sentence:
    """How the household moved, with the days and the count that belong to it."""
    if (area := new_area(move, assessment, policy)) is not None:
        return _filled(_HANDED_OVER, area=area)
    group = move.after.group or move.before.group
    name = _LEAD if group is None else title(group)
    leaves = move.after if move.after.clear_since else move.before
    moved = _filled(
        _template(move, assessment),
        spell=move.after.spell,
        since=leaves.clear_since,
        leave=earliest_exit(leaves, assessment.view.policy),
    )
    once_more = (
        move.after.times_wavered > move.before.times_wavered
        and move.after.wavered_on == assessment.view.day
    )
    again = _filled(_AGAIN, times=move.after.times_wavered) if once_more else _NOTHING
    return Sentence(
        zh=moved.zh.replace("{group}", name.zh) + again.zh,
        en=moved.en.replace("{group}", name.en) + again.en,
    )


def _template(move: Move, assessment: Assessment) -> Sentence:
    """The sentence of the movement, where nothing about it has one of its own."""
    if (own := _own_template(move)) is not None:
        return own
    if assessment.view.is_withheld and move.movement is not Movement.REFUSED:
        return _FROZEN
    if move.exit_reason in _BY_REASON and move.movement not in GOING_ON | {Movement.RESTORED}:
        return _BY_REASON[move.exit_reason]
    if move.movement is Movement.WATCHED and not move.after.is_lead and _is_foretold(assessment):
        return _FORETOLD
    if move.movement is Movement.UNWATCHED and move.is_decided:
        return _TAKEN_BACK_FOR_NOTHING
    return _OPENINGS[move.movement, move.after.is_lead]


def _own_template(move: Move) -> Sentence | None:
    """The sentence of a step of which the movement alone would not say what happened."""
    before, after = move.before, move.after
    match move.movement:
        case Movement.ROLLED_BACK if after.group is None:
            return _ROLLED_BACK_LEAD
        case Movement.ROLLED_BACK if move.is_decided:
            return _ROLLED_BACK_BY_PEOPLE
        case Movement.EASED if move.exit_reason is ExitReason.CORRECTED:
            return _TAKEN_BACK
        case Movement.EASED if before.is_urgent and not after.is_urgent:
            return _DANGER_WENT
        case Movement.WORSENED if after.is_urgent and not before.is_urgent:
            return _DANGER_CAME
        case _:
            return None


def _is_foretold(assessment: Assessment) -> bool:
    """Nothing is found, and income is above the line today."""
    view = assessment.view
    return (
        not assessment.kinds
        and view.net_per_head is not None
        and view.line is not None
        and view.net_per_head > view.line
    )


def _filled(template: Sentence, **known: object) -> Sentence:
    """The sentence with what it names; `{group}` is put in last, as each language calls it."""
    given = {"group": "{group}"} | known
    return Sentence(zh=template.zh.format(**given), en=template.en.format(**given))
