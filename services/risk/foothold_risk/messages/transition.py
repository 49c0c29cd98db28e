"""Makes the transition the world reads from a move inside the rules.

It has every number, its policy value and its facts, in both languages.
"""

from datetime import date
from typing import Final

from foothold_risk.messages.evidence import evidences, money, outlays, policy_value
from foothold_risk.messages.insight import first_below, forecast_of, foretold, hints_of, lines_of
from foothold_risk.rules import findings
from foothold_risk.rules.calendar import last_known, month_text
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.silence import Silence
from foothold_risk.rules.findings.events import saw_of
from foothold_risk.rules.findings.finding import Found, income_window, spending_window
from foothold_risk.rules.household.household import Left, Position
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.assess import IS_RISK, IS_SHOCK, Assessment
from foothold_risk.rules.status.leaving import earliest_exit
from foothold_risk.rules.status.movement import GOING_ON, Move
from foothold_risk.rules.status.words import is_below
from foothold_schemas.facts.feeds import StaleFeed
from foothold_schemas.facts.saw import Saw
from foothold_schemas.messages.transitions import (
    ExitReason,
    Figures,
    Finding,
    HouseholdSummary,
    Movement,
    PolicyStamp,
    Status,
    Transition,
)
from foothold_schemas.titles import title
from foothold_schemas.values import Fen, Sentence

RULES_VERSION: Final = "10"
_ENTRIES: Final = frozenset({Movement.ENTERED, Movement.ROLLED_BACK, Movement.REFLAGGED})
EXPLAIN: Final = {rule.kind: rule.explain for rule in findings.ALL}

_NATURAL: Final = Sentence(
    zh="户内已无成员，自然减少。", en="Nobody of the household is left: natural exit."
)
_HANDED_OVER: Final = Sentence(
    zh="户籍已迁至{area}，移交当地办理。", en="Handed over to {area}, where it is registered now."
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
    Movement.WORSENED: Sentence(zh="风险加重。", en="More findings than before."),
    Movement.EASED: Sentence(zh="风险减轻。", en="Fewer findings than before."),
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
_TAKEN_BACK: Final = Sentence(
    zh="数据经更正，部分风险依据不再成立，风险减轻。",
    en="The data was corrected: a part of what the case rests on is gone.",
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


def transition(
    household_id: str, move: Move, assessment: Assessment, policy: Policy, cause: Cause
) -> Transition:
    """The whole transition.

    Nothing in it depends on the wall clock, so a replay gives the same bytes.
    """
    view, after = assessment.view, move.after
    return Transition(
        transition_id=f"{household_id}:{after.number}",
        household_id=household_id,
        number=after.number,
        movement=move.movement,
        open_day=view.day,
        learned_at=cause.learned_at,
        caused_by=cause.fact_id,
        household=summary(view),
        episode=max(after.episode, 1),
        spell=after.spell,
        previous_spell=(
            after.spell - 1
            if move.movement in _ENTRIES and after.spell > 1 and after.group is not None
            else None
        ),
        status=after.status,
        group=after.group,
        previous_group=move.before.group,
        is_lead=after.is_in_episode,
        is_urgent=after.is_urgent,
        is_episode_over=move.is_episode_over,
        exit_reason=move.exit_reason,
        clear_since=after.clear_since,
        earliest_exit=earliest_exit(after, view.policy),
        times_wavered=after.times_wavered,
        is_identified=after.is_identified,
        is_quiet=cause.is_quiet,
        findings=findings_of(assessment, policy),
        added=move.added,
        gone=move.gone,
        figures=figures_of(view),
        reason=_reason(move, assessment, policy),
        policy=PolicyStamp(
            bundle=policy.bundle,
            title=policy.title,
            currency=policy.currency,
            illustrative=policy.illustrative,
            rules_version=RULES_VERSION,
        ),
        trace=lines_of(view),
        hints=hints_of(assessment, policy.currency),
        forecast=forecast_of(assessment, policy.currency),
        stale=tuple(stale(s) for s in view.silent),
        outlays=outlays(view),
        refused=cause.decided if move.movement is Movement.REFUSED else None,
        decided=cause.decided if move.is_decided else None,
        saw=shown(assessment),
        is_told=move.is_told,
        is_wavering=is_wavering(after, view),
        handed_over_to=_new_area(move, view, policy),
    )


def is_wavering(position: Position, view: HouseholdOnDay) -> bool:
    """Whether an open case goes and returns on the same ground."""
    return position.is_in_episode and position.wavers(view.day, view.policy.days_of_wavering)


def _new_area(move: Move, view: HouseholdOnDay, policy: Policy) -> str | None:
    """Where the household went, if no county of the policy serves it."""
    is_gone = move.exit_reason is ExitReason.NATURAL and policy.place(view.register.area) is None
    return view.register.area if is_gone else None


def shown(assessment: Assessment) -> tuple[Saw, ...]:
    """The findings as a word of people about them gives them back.

    Those they have found harmless left out.
    """
    below = is_below(assessment.view)
    return tuple(saw_of(g, is_below=below) for g in assessment.speaking)


def look_back(
    household_id: str,
    note: Move,
    then: Assessment,
    policy: Policy,
    cause: Cause,
    day: date,
    left: Left,
) -> Transition:
    """Return the note that a late fact would have kept the household in its group.

    Figures and findings are of that day, everything else of today.
    """
    group = title(left.group)
    zh, en = group.zh, group.en
    sentences = [EXPLAIN[f.kind](f, then.view, policy.currency) for f in then.findings]
    opening = Sentence(
        zh=f"补报数据表明：{left.day}退出{zh}时本应继续监测。原决定不变，请人工复核。",
        en=(
            f"A late fact: on {left.day} the household would have stayed {en}. The decision stands;"
            " people review it."
        ),
    )
    of_today = transition(household_id, note, then, policy, cause)
    reason = Sentence(
        zh="".join([opening.zh, *(s.zh for s in sentences)]),
        en=" ".join([opening.en, *(s.en for s in sentences)]),
    )
    return of_today.model_copy(
        update={
            "open_day": day,
            "looks_back_to": left.day,
            "episode": left.episode,
            "reason": reason,
            "hints": (),
            "forecast": (),
        }
    )


def summary(view: HouseholdOnDay) -> HouseholdSummary:
    """Which household this is, without a name."""
    register = view.register
    return HouseholdSummary(
        register_number=register.register_number,
        area=register.area,
        standing=register.standing,
        members=register.heads(view.day),
        residence=register.residence,
    )


def figures_of(view: HouseholdOnDay) -> Figures:
    """The figures as messages carry them."""
    return Figures(
        line=money(view.line),
        net=money(view.net),
        net_per_head=money(view.net_per_head),
        reference=money(view.reference),
        reference_per_head=money(view.reference_per_head),
        claims_income=Fen(view.claims_income),
        own_shares=Fen(view.own_shares),
        head_months=view.head_months,
        income_window=income_window(view.day),
        spending_window=spending_window(view.day),
        unheard_months=tuple(month_text(month) for month in view.unheard),
        is_withheld=view.is_withheld,
    )


def stale(silence: Silence) -> StaleFeed:
    """A silence as messages carry it."""
    return StaleFeed(
        agency=silence.agency,
        feed=silence.feed,
        last_heard=silence.last_heard,
        rhythm_days=silence.days,
    )


def findings_of(assessment: Assessment, policy: Policy) -> tuple[Finding, ...]:
    """What holds, as messages carry it."""
    return tuple(_finding(finding, assessment, policy) for finding in assessment.findings)


def reason_now(assessment: Assessment, policy: Policy) -> Sentence | None:
    """The findings in a sentence, as they stand at this moment; None where nothing is found."""
    sentences = _sentences(assessment, policy)
    return (
        Sentence(zh="".join(s.zh for s in sentences), en=" ".join(s.en for s in sentences))
        if sentences
        else None
    )


def _sentences(assessment: Assessment, policy: Policy) -> list[Sentence]:
    return [
        EXPLAIN[f.kind](f, assessment.view, policy.currency)
        for f in assessment.findings
        if f.kind not in assessment.quiet
    ]


def _finding(finding: Found, assessment: Assessment, policy: Policy) -> Finding:
    view = assessment.view
    is_money = finding.unit == "money"
    return Finding(
        rule=finding.kind,
        is_risk=finding.kind in IS_RISK,
        is_shock=finding.kind in IS_SHOCK,
        value=str(Fen(int(finding.value))) if is_money else str(finding.value),
        threshold=str(Fen(int(finding.threshold))) if is_money else str(finding.threshold),
        unit=policy.currency.en if is_money else finding.unit,
        window=finding.window,
        policy=policy_value(finding.policy),
        reason=EXPLAIN[finding.kind](finding, view, policy.currency),
        facts=evidences(finding.facts),
        facts_total=len(finding.facts),
        project=finding.project,
        quiet_until=next(
            (last_known(w.until) for w in assessment.words if w.kind is finding.kind), None
        ),
    )


def _reason(move: Move, assessment: Assessment, policy: Policy) -> Sentence:
    """Why the household moved: the findings' sentences, or what ended."""
    area = _new_area(move, assessment.view, policy)
    opening = (
        _opening(move, assessment)
        if area is None
        else Sentence(zh=_HANDED_OVER.zh.format(area=area), en=_HANDED_OVER.en.format(area=area))
    )
    sentences = _sentences(assessment, policy)
    if move.after.status is Status.WATCH and (ahead := first_below(assessment)) is not None:
        sentences.append(foretold(ahead, assessment.view, policy.currency))
    return Sentence(
        zh="".join([opening.zh, *(s.zh for s in sentences)]),
        en=" ".join([opening.en, *(s.en for s in sentences)]),
    )


def _opening(move: Move, assessment: Assessment) -> Sentence:
    group = move.after.group or move.before.group
    zh, en = (title(group).zh, title(group).en) if group is not None else ("", "")
    is_frozen = assessment.view.is_withheld and move.movement is not Movement.REFUSED
    is_by_reason = move.exit_reason is not None and move.movement not in (
        GOING_ON | {Movement.RESTORED}
    )
    template = (
        _FROZEN
        if is_frozen
        else (
            _BY_REASON.get(move.exit_reason)
            if is_by_reason and move.exit_reason is not None
            else None
        )
    )
    if (
        template is None
        and move.movement is Movement.WATCHED
        and not move.after.is_lead
        and _is_only_foretold(assessment)
    ):
        template = _FORETOLD
    if move.movement is Movement.EASED and move.exit_reason is ExitReason.CORRECTED:
        template = _TAKEN_BACK
    if move.movement is Movement.ROLLED_BACK and move.after.group is None:
        template = _ROLLED_BACK_LEAD
    elif move.movement is Movement.ROLLED_BACK and move.is_decided:
        template = _ROLLED_BACK_BY_PEOPLE
    template = template or _OPENINGS[move.movement, move.after.is_lead]
    clear_since = move.after.clear_since or move.before.clear_since
    leave = earliest_exit(
        move.after if move.after.clear_since else move.before, assessment.view.policy
    )
    known = {"spell": move.after.spell, "since": clear_since, "leave": leave}
    once_more = (
        move.after.times_wavered > move.before.times_wavered
        and move.after.wavered_on == assessment.view.day
    )
    again_zh, again_en = (
        (
            _AGAIN.zh.format(times=move.after.times_wavered),
            _AGAIN.en.format(times=move.after.times_wavered),
        )
        if once_more
        else ("", "")
    )
    return Sentence(
        zh=template.zh.format(group=zh, **known) + again_zh,
        en=template.en.format(group=en, **known) + again_en,
    )


def _is_only_foretold(assessment: Assessment) -> bool:
    """Nothing is found, and income is above the line today."""
    view = assessment.view
    return (
        not assessment.kinds
        and view.net_per_head is not None
        and view.line is not None
        and view.net_per_head > view.line
    )
