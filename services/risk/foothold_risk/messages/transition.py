"""Makes the transition the world reads from a move inside the rules.

It has every number, its policy value and its facts, in both languages.
"""

from datetime import date
from typing import Final

from foothold_risk.messages.evidence import evidences, money, outlays, policy_value
from foothold_risk.messages.insight import forecast_of, hints_of, lines_of
from foothold_risk.messages.wording import EXPLAIN, joined, new_area, reason
from foothold_risk.rules.calendar import last_known, month_text
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.silence import Silence
from foothold_risk.rules.findings.events import saw_of
from foothold_risk.rules.findings.finding import Finding as Holding
from foothold_risk.rules.findings.finding import Measure, Words, income_window, spending_window
from foothold_risk.rules.household.household import Left, Position
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.assess import IS_RISK, IS_SHOCK, Assessment
from foothold_risk.rules.status.leaving import earliest_exit
from foothold_risk.rules.status.steps import Move
from foothold_risk.rules.status.words import is_below
from foothold_schemas.facts.feeds import StaleFeed
from foothold_schemas.facts.saw import Saw
from foothold_schemas.messages.transitions import (
    Figures,
    Finding,
    HouseholdSummary,
    Movement,
    PolicyStamp,
    Transition,
)
from foothold_schemas.titles import title
from foothold_schemas.values import Fen, Sentence

RULES_VERSION: Final = "10"
_ENTRIES: Final = frozenset({Movement.ENTERED, Movement.ROLLED_BACK, Movement.REFLAGGED})


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
        reason=reason(move, assessment, policy),
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
        handed_over_to=new_area(move, assessment, policy),
    )


def is_wavering(position: Position, view: HouseholdOnDay) -> bool:
    """Whether an open case goes and returns on the same ground."""
    return position.is_in_episode and position.wavers(view.day, view.policy.days_of_wavering)


def shown(assessment: Assessment) -> tuple[Saw, ...]:
    """The findings as a word of people about them gives them back.

    Those they have found harmless left out.
    """
    below = is_below(assessment.view)
    return tuple(saw_of(g, is_below=below) for g in assessment.speaking)


def look_back(
    of_today: Transition, then: Assessment, currency: Sentence, day: date, left: Left
) -> Transition:
    """The note that a late fact would have kept the household in its group.

    Figures and findings are of that day, everything else of today.
    """
    group = title(left.group)
    zh, en = group.zh, group.en
    sentences = [EXPLAIN[f.kind](f, then.view, currency) for f in then.findings]
    opening = Sentence(
        zh=f"补报数据表明：{left.day}退出{zh}时本应继续监测。原决定不变，请人工复核。",
        en=(
            f"A late fact: on {left.day} the household would have stayed {en}. The decision stands;"
            " people review it."
        ),
    )
    return of_today.model_copy(
        update={
            "open_day": day,
            "looks_back_to": left.day,
            "episode": left.episode,
            "reason": joined([opening, *sentences]),
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


def _finding(finding: Holding[Measure], assessment: Assessment, policy: Policy) -> Finding:
    view, measure = assessment.view, finding.measure
    return Finding(
        rule=finding.kind,
        is_risk=finding.kind in IS_RISK,
        is_shock=finding.kind in IS_SHOCK,
        value=str(measure.value),
        threshold=str(measure.threshold),
        unit=measure.unit if isinstance(measure, Words) else policy.currency.en,
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
