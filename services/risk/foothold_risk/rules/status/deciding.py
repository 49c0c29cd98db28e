"""Applies what people decide on a household.

What comes of it: identified, eliminated, dismissed, opened again, rolled back, found harmless.
"""

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from foothold_risk.rules.findings.events import MOST_HAD, Ground, joined, saw_of, unseen
from foothold_risk.rules.household.household import (
    Dismissal,
    Event,
    Household,
    Position,
    answered,
    fresh,
    report_name,
    with_answers,
)
from foothold_risk.rules.status.assess import IS_LEAD, Assessment, Target
from foothold_risk.rules.status.leaving import Condition, disputes, unmet
from foothold_risk.rules.status.slips import frozen, without_causes
from foothold_risk.rules.status.steps import (
    Move,
    because,
    episode_of,
    exit_from,
    grouped,
    make,
    out_to,
)
from foothold_risk.rules.status.wavering import ended_now
from foothold_risk.rules.status.words import (
    added,
    dismissal,
    exemption,
    is_below,
    saw_in,
    without_dismissals,
)
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status
from foothold_schemas.messages.views import UnmetKind

DOES_NOT_FIT: Final = (Condition(UnmetKind.DOES_NOT_FIT),)
"""Where people decide what the household as it stands today does not allow."""


@dataclass(frozen=True, slots=True)
class DecisionEffect:
    """A decision carried out: where the household stands after it, and what is said."""

    position: Position
    moves: tuple[Move, ...] = ()


def decide(
    position: Position, assessment: Assessment, decided: CaseDecided
) -> DecisionEffect | tuple[Condition, ...]:
    """What people's decision does; or the conditions that are not met, and then it is no decision.

    Of a dismissal the words stand in the position already, so what still speaks came while they
    decided.
    """
    disputed = disputes(assessment)
    is_recovering = position.status is Status.RECOVERING and position.is_identified
    outcome: DecisionEffect | tuple[Condition, ...] = DOES_NOT_FIT
    match decided.decision:
        case _ if _is_of_another_case(position, decided):
            pass
        case _ if disputed:
            outcome = disputed
        case Decision.IDENTIFIED if position.status in (Status.GROUP, Status.RECOVERING):
            # their later word on the same facts
            words = without_dismissals(position.words, {g.kind for g in assessment.speaking})
            identified_on = position.identified_on or decided.decided_on
            outcome = DecisionEffect(
                replace(
                    position,
                    identified_on=identified_on,
                    eliminated=(),
                    eliminated_from=None,
                    words=words,
                )
            )
        case Decision.ELIMINATED if is_recovering:
            outcome = unmet(position, assessment) or _done(
                exit_from(position, assessment, ExitReason.ELIMINATED)
            )
        case Decision.NOT_MARKED if is_recovering:
            outcome = _not_marked(position, assessment)
        case Decision.DISMISSED if not position.is_identified or position.frozen:
            outcome = _dismissed(position, assessment, decided)
        case Decision.ROLLED_BACK if (
            position.eliminated_from is not None
            and not position.is_identified
            and not assessment.target.is_natural
        ):
            outcome = _done(_rolled_back(position, assessment, decided))
        case _:
            pass
    return outcome


def _is_of_another_case(position: Position, decided: CaseDecided) -> bool:
    """Whether people speak of another case than the household's last one.

    Their act and the next case crossed, or theirs was retried.

    Rolled back is the household, not a case: where a lead is open it becomes the case, else another
    begins. What people saw of a case they dismiss may have still to arrive.
    """
    episode = decided.episode
    if episode is None or decided.decision is Decision.ROLLED_BACK:
        return False
    is_ahead = (
        decided.decision is Decision.DISMISSED
        and bool(decided.saw)
        and not position.is_in_episode
        and episode == position.next_episode
    )
    return episode != position.episode and not is_ahead


def _not_marked(position: Position, assessment: Assessment) -> DecisionEffect:
    return (
        DecisionEffect(position)
        if position.is_not_marked
        else _done(make(Movement.NOT_MARKED, position, assessment, is_not_marked=True))
    )


def _dismissed(
    position: Position, assessment: Assessment, decided: CaseDecided
) -> DecisionEffect | tuple[Condition, ...]:
    """Out, unless something came while they decided.

    What ended by itself meanwhile is covered if it comes back, where they say what they saw.
    """
    if position.is_in_episode:
        return news_in(assessment) or _done(_out_by_word(position, assessment))
    return DecisionEffect(position) if decided.saw else DOES_NOT_FIT


def news_in(assessment: Assessment) -> tuple[Condition, ...]:
    """The findings people have not seen, or not as they are now."""
    return tuple(
        Condition(UnmetKind.NEWS, finding=g.kind) for g in assessment.speaking if g.kind in IS_LEAD
    )


def dismiss(position: Position, assessment: Assessment, decided: CaseDecided) -> Position:
    """Return the position with people's word on every finding they saw.

    They saw what the page showed, else what is known now.
    """
    household, policy = assessment.view.household, assessment.view.policy
    saw = _shown(assessment, assessment.speaking) if decided.saw is None else decided.saw
    reports = next((s for s in saw if s.finding is FindingKind.RISK_REPORTED), None)
    names = [] if reports is None else [e.name for e in reports.events]
    # of a household without a case it is the first, which has still to arrive
    episode = decided.episode or position.episode or position.next_episode
    position = dismissed(
        household, position, episode, None if decided.saw is None or _is_cut(reports) else names
    )
    kinds = IS_LEAD - {FindingKind.RISK_REPORTED}
    words = [dismissal(s, decided, policy, episode) for s in saw if s.finding in kinds]
    woken = tuple(k for k in position.woken if all(k is not w.kind for w in words))
    return replace(position, words=added(position.words, words), woken=woken)


def dismissed(
    household: Household, position: Position, episode: int, names: Collection[str] | None = None
) -> Position:
    """The reports of these names, or all, answered by a dismissal of a case, to be taken back.

    With what an earlier dismissal of the same case answered: what came while they decided may have
    kept it open.
    """
    after, last = answered(household, position, names), position.dismissal
    before = last.reports if last is not None and last.episode == episode else ()
    now = (key for key in after.answered if key not in position.answered)
    reports = (*(key for key in before if key in position.answered), *now)
    return replace(after, dismissal=Dismissal(episode, reports, position.number))


def reopen(position: Position, assessment: Assessment, decided: CaseDecided) -> Position | None:
    """Without the dismissal of the case, the last one where none is named; None where none stands.

    What it covered speaks again. What people dismissed in another case stays dismissed, and a case
    after which another began is not opened again: the household has one.
    """
    last = position.dismissal
    episode = decided.episode or (position.episode if last is None else last.episode)
    words = tuple(
        w for w in position.words if w.reason is not None or w.episode not in (0, episode)
    )
    reports = last.reports if last is not None and last.episode == episode else ()
    taken_back = tuple(key for key in position.answered if key not in reports)
    # what another decision looked into as well stays answered
    unanswered = with_answers(
        fresh(assessment.view.household, position=replace(position, answered=taken_back))
    ).position.answered
    is_village_lead = assessment.view.is_withheld and last is not None and last.episode == episode
    is_same = words == position.words and unanswered == position.answered and not is_village_lead
    if is_same or episode != position.episode:
        return None
    ended = position.ended
    if ended is not None and not position.is_in_episode and ended.is_by_word:
        ended = replace(ended, day=assessment.view.day, is_by_itself=True)
    return replace(position, words=words, answered=unanswered, ended=ended, dismissal=None)


def ended_meanwhile(position: Position, assessment: Assessment) -> Move:
    """The case that was opened again has nothing to rest on: it has ended by itself."""
    ended = position.ended
    if ended is not None and ended.is_by_word:
        position = replace(position, ended=replace(ended, is_by_word=False))
    taken_up = replace(position, status=Status.WATCH, is_lead=True)
    step = make(Movement.UNWATCHED, taken_up, assessment, **out_to(assessment.target))
    return dataclasses.replace(step, is_decided=True)


def exempt(
    position: Position, assessment: Assessment, word: FindingExempted
) -> Position | tuple[Condition, ...]:
    """With people's word that a finding is harmless.

    Or what is not met: it must hold today, or they say what they saw of it, which may have still
    to arrive; and it must be something people look into.

    A report that was found harmless is answered: it does not come back when the day has passed.
    """
    if disputed := disputes(assessment):
        return disputed
    shown = (s for s in _shown(assessment, assessment.grounds) if s.finding is word.finding)
    saw = word.saw or next(shown, None)
    if saw is None or saw.finding is not word.finding or saw.finding not in IS_LEAD:
        return DOES_NOT_FIT
    if saw.finding is FindingKind.RISK_REPORTED:
        return answered(
            assessment.view.household,
            position,
            None if word.saw is None or _is_cut(saw) else [e.name for e in saw.events],
        )
    woken = tuple(k for k in position.woken if k is not word.finding)
    covered = replace(position, words=added(position.words, [exemption(saw, word)]), woken=woken)
    # what is harmless asks for no measure; where it speaks still, or again, it is a risk anew
    return without_causes(covered, {word.finding})


def _shown(assessment: Assessment, grounds: Sequence[Ground]) -> tuple[Saw, ...]:
    """What people can see by now."""
    below = is_below(assessment.view)
    return (*(saw_of(g, is_below=below) for g in grounds), *(saw_in(w) for w in assessment.unheard))


def _is_cut(saw: Saw | None) -> bool:
    """Whether more was there than is named.

    Nobody reads a hundred reports one by one, so all that are known count as seen.
    """
    return saw is not None and saw.events_total > len(saw.events)


def freeze(position: Position, assessment: Assessment) -> tuple[Position, tuple[Move, ...]]:
    """Freeze a household that refused its authorisation.

    An open case, or what the household reports itself, is the village's lead, and nothing else is
    said.

    What it tells while the lead is open is told as well.
    """
    reports = [
        Event(report_name(r), last=r.day.toordinal()) for r in assessment.view.household.unanswered
    ]
    if position.is_in_episode and position.status is Status.WATCH and not position.findings:
        if not unseen(reports, position.had, assessment.view.policy.material_share):
            return position, ()
        more = dataclasses.replace(make(Movement.WORSENED, position, assessment), is_told=True)
        return replace(
            more.after, had=joined(position.had, reports, MOST_HAD), told_on=assessment.view.day
        ), (more,)
    is_taken_back = (
        position.ended is not None and position.ended.is_by_word and position.ended.is_by_itself
    )
    if not position.is_in_episode and not reports and not is_taken_back:
        return position, ()
    begun = {"ended": None} if is_taken_back else episode_of(position)
    stands = {
        "status": Status.WATCH,
        "group": None,
        "is_lead": True,
        "is_urgent": False,
        "clear_since": None,
        "frozen": frozen(position),
        **begun,
    }
    lead = make(Movement.WATCHED, position, assessment, **stands)
    after = replace(lead.after, findings=(), had=joined(lead.after.had, reports, MOST_HAD))
    return after, (dataclasses.replace(lead, after=after, added=(), gone=lead.before.findings),)


def refuse(
    position: Position, moves: tuple[Move, ...], decided: CaseDecided | None = None
) -> tuple[Position, tuple[Move, ...]]:
    """What people decided is not carried out, and they are told: nothing changes but the number.

    Said in the case they spoke of, which is over where another has begun. Nobody is told of a
    household without an episode.
    """
    if not position.episode:
        return position, moves
    after = replace(position, number=position.number + 1)
    if decided is None or decided.episode in (None, position.episode):
        return after, (*moves, Move(Movement.REFUSED, position, after))
    over = {"episode": decided.episode, **out_to(Target(Status.CLEAR))}
    return after, (
        *moves,
        Move(Movement.REFUSED, replace(position, **over), replace(after, **over)),
    )


def _done(step: Move) -> DecisionEffect:
    return DecisionEffect(step.after, (dataclasses.replace(step, is_decided=True),))


def _out_by_word(position: Position, assessment: Assessment) -> Move:
    """Out, whatever cannot be known just now: what is left is watched at most."""
    is_group = position.status is not Status.WATCH
    target = assessment.target
    is_watched = target.status is Status.WATCH and not target.is_lead
    ended = replace(ended_now(position, assessment, is_by_itself=False), is_by_word=True)
    movement = Movement.EXITED if is_group else Movement.UNWATCHED
    step = make(
        movement,
        position,
        assessment,
        **out_to(Target(Status.WATCH if is_watched else Status.CLEAR)),
        ended=ended,
    )
    after = replace(step.after, findings=tuple(k for k in assessment.kinds if k not in IS_LEAD))
    return because(dataclasses.replace(step, after=after), ExitReason.DISMISSED)


def _rolled_back(position: Position, assessment: Assessment, decided: CaseDecided) -> Move:
    """Identified again in the group it was eliminated from, whatever is found today.

    While no group rule holds it recovers, and leaves by elimination.
    """
    target = assessment.target
    recovering = {
        "status": Status.RECOVERING,
        "group": position.eliminated_from,
        "is_lead": True,
        "is_urgent": False,
        "clear_since": assessment.view.day,
    }
    is_in_spell = position.status in (Status.GROUP, Status.RECOVERING)
    changes = {
        **(grouped(target) if target.status is Status.GROUP else recovering),
        **episode_of(position),
        "spell": position.spell if is_in_spell else position.next_spell,
        "entered_on": position.entered_on if is_in_spell else assessment.view.day,
        "identified_on": decided.decided_on,
        "causes": position.eliminated,
        "is_rolled_back": True,
        "eliminated": (),
        "eliminated_from": None,
        "ended": None,
        "times_wavered": 0,
        "words": without_dismissals(position.words, {g.kind for g in assessment.speaking}),
    }
    return make(Movement.ROLLED_BACK, position, assessment, **changes)
