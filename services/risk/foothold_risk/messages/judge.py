"""Brings one household to the open day: figures, findings, moves, transitions, view.

Reads nothing and writes nothing.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from msgspec.structs import replace

from foothold_risk.messages.transition import look_back, transition
from foothold_risk.messages.view import NOTHING, digest, impacts_of, view_of
from foothold_risk.rules.areas.exposure import hitting
from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.context.heard import Heard, note
from foothold_risk.rules.context.incidents import Recheck, corrects, queued, touched
from foothold_risk.rules.context.incidents import note as noted
from foothold_risk.rules.context.silence import spoke_now, spoke_until, spoken_by
from foothold_risk.rules.household.facts import Register
from foothold_risk.rules.household.fold import forget_old
from foothold_risk.rules.household.household import Household, Position, answered, fresh
from foothold_risk.rules.household.statements import UNNAMED, Names
from foothold_risk.rules.money.figures import withheld
from foothold_risk.rules.policy import Place, Policy
from foothold_risk.rules.status.assess import Assessment, Target, assess
from foothold_risk.rules.status.deciding import (
    Decided,
    decide,
    dismiss,
    dismissed,
    exempt,
    freeze,
    news_in,
    refuse,
    reopen,
)
from foothold_risk.rules.status.held_back import takes_ground
from foothold_risk.rules.status.hindsight import review
from foothold_risk.rules.status.leaving import Condition
from foothold_risk.rules.status.movement import move, restored
from foothold_risk.rules.status.slips import (
    RestsOnEntry,
    by_no_entry,
    earlier_entry,
    leads_to,
    thawed,
    undone,
    undone_before,
)
from foothold_risk.rules.status.steps import Move
from foothold_risk.rules.status.taken_back import Known, without_taken_back
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.facts.envelope import BroadcastRecord, FactRecord
from foothold_schemas.facts.facts import (
    AreaStruck,
    DayOpened,
    FeedHeard,
    HouseholdFact,
    IncomeReported,
    PolicyAdopted,
)
from foothold_schemas.messages.transitions import ExitReason, Status, Transition
from foothold_schemas.messages.views import Impact, UnmetKind


@dataclass(frozen=True, slots=True)
class Judged:
    """The household as of the open day, and its transitions.

    It also has the household's view if that changed (empty: remove it).

    `refused`: conditions that are not met, so people's decision was not carried out.
    """

    household: Household
    transitions: tuple[Transition, ...] = ()
    view: bytes | None = None
    refused: tuple[Condition, ...] = ()


def apply_broadcast(control: Control, fact: BroadcastRecord, trace: str = "") -> Control | None:
    """What holds for everybody after this fact, which came in `trace`.

    None for a day that was opened before, or out of order.
    """
    match fact.data:
        case DayOpened(day=day):
            is_next = control.open_day is None or day == control.open_day + timedelta(days=1)
            return (
                replace(
                    control, open_day=day, spoke=spoke_until(control.spoke, fact.data.feeds, day)
                )
                if is_next
                else None
            )
        case PolicyAdopted(bundle=bundle):
            return replace(control, bundle=bundle)
        case FeedHeard() as heard:
            spoke = spoke_now(control.spoke, fact.agency, heard, control.open_day)
            return replace(control, heard=note(control.heard, fact.agency, heard), spoke=spoke)
        case AreaStruck() as struck:
            incidents = noted(
                control.incidents, fact.agency, struck, fact.time, bytes.fromhex(fact.fact_id)
            )
            wrong = corrects(control.incidents, incidents)
            areas = touched(control.incidents, incidents)
            more = (
                Recheck(area, fact.fact_id, fact.recorded_time, trace=trace, is_correction=wrong)
                for area in areas
            )
            return replace(control, incidents=incidents, looks=queued(control.looks, more))


def cause_of(fact: FactRecord, *, is_correction: bool = False) -> Cause:
    """What made risk look.

    `is_correction`: it replaced another version of its statement, as what amends does.
    """
    is_quiet = isinstance(fact.data, DayOpened) and fact.data.is_quiet
    ends = (
        ExitReason.CORRECTED
        if fact.withdraws or is_correction
        else ExitReason.EXEMPTED
        if isinstance(fact.data, FindingExempted)
        else None
    )
    decided = fact.data.decision if isinstance(fact.data, CaseDecided) else None
    return Cause(
        fact.fact_id,
        fact.recorded_time,
        is_quiet=is_quiet,
        ends=ends,
        agency=fact.agency,
        decided=decided,
    )


def cause_of_look(look: Recheck) -> Cause:
    """The incident that made risk look; what rested on one that was wrong ends as a correction."""
    return Cause(
        look.fact_id, look.learned_at, ends=ExitReason.CORRECTED if look.is_correction else None
    )


def names_for(
    household: Household, fact: HouseholdFact, day: date | None, policy: Policy | None
) -> Names:
    """What the household's policy calls income items, if the fact is one and a policy holds."""
    if (
        day is None
        or policy is None
        or household.register is None
        or not isinstance(fact, IncomeReported)
    ):
        return UNNAMED
    place = policy.place(household.register.area)
    return UNNAMED if place is None else place.on(day).item_names()


def asked(decided: CaseDecided | FindingExempted) -> str:
    """What people decided, in a word, for the one who reads that it was not carried out."""
    return (
        decided.decision.value
        if isinstance(decided, CaseDecided)
        else f"exempt {decided.finding.value}"
    )


def judge(
    household_id: str,
    household: Household,
    control: Control,
    policy: Policy | None,
    cause: Cause,
    decided: CaseDecided | FindingExempted | None = None,
    before: Household | None = None,
) -> Judged:
    """Judge a household, or return it untouched.

    It is untouched while unregistered, before go-live, without a policy, or where the policy serves
    nobody.

    `before`: the household without the fact that made risk look; only then a leaving of the past
    may come into doubt.
    """
    day, register = control.open_day, household.register
    if (
        register is None
        and before is not None
        and before.register is not None
        and policy is not None
        and day is not None
    ):
        return _handed_over(
            household_id, household, before.register, day, policy, cause, ExitReason.CORRECTED
        )
    place = None if policy is None or register is None else policy.place(register.area)
    if day is None or register is None or policy is None:
        return Judged(household)
    household = _minding_corrections(household, before, day, policy, control, cause)
    if place is None:
        return _handed_over(household_id, household, register, day, policy, cause, decided=decided)
    in_force = place.on(day)
    if household.as_of is not None and month_of(household.as_of) != month_of(day):
        household = forget_old(household, day, in_force.item_names())
    if cause.ends is ExitReason.CORRECTED:
        was = None if before is None else forget_old(before, day, in_force.item_names())
        known = Known(place, control.heard, control.incidents)
        household = without_taken_back(was, household, day, known)
    if household.is_refused:
        is_left = any(m.is_here(day) for m in register.members)
        target = (
            Target(Status.WATCH, is_lead=True) if is_left else Target(Status.CLEAR, is_natural=True)
        )
        stepped = _withheld(
            household,
            Assessment(withheld(household, register, day, in_force), (), (), target),
            decided,
        )
        return _judged_on(
            household_id,
            household,
            (stepped.position, stepped.moves),
            stepped.assessment,
            policy,
            cause,
            stepped.refused,
        )
    spoke = (
        spoken_by(control.spoke, cause.agency, day, in_force, register.area)
        if cause.ends is ExitReason.CORRECTED
        else control.spoke
    )
    current = household

    def look(position: Position, entry: Register = register) -> Assessment:
        context = DayContext(day, in_force, control.heard, spoke, control.incidents)
        return assess(fresh(current, position=position), entry, context)

    earlier = earlier_entry(current)

    def rests_on_entry(before: Position) -> bool:
        if earlier is None or policy.place(earlier.area) is not place:
            return False
        return leads_to(before, look(before, earlier).target)

    stepped = _step(current, look, decided, cause, rests_on_entry)
    assessment = stepped.assessment
    impacts = impacts_of(hitting(assessment.view, in_force), in_force)
    judged = _judged_on(
        household_id,
        household,
        (stepped.position, stepped.moves),
        assessment,
        policy,
        cause,
        stepped.refused,
        impacts,
    )
    return (
        judged
        if before is None
        else _looking_back(household_id, judged, before, control.heard, place, policy, cause)
    )


def _minding_corrections(
    household: Household,
    before: Household | None,
    day: date,
    policy: Policy,
    control: Control,
    cause: Cause,
) -> Household:
    """The household, with what a correction takes from it while something holds it back."""
    is_taken = takes_ground(
        before,
        household,
        day,
        policy,
        control.incidents,
        is_correction=cause.ends is ExitReason.CORRECTED,
    )
    if is_taken is household.position.is_corrected:
        return household
    return fresh(household, position=replace(household.position, is_corrected=is_taken))


@dataclass(frozen=True, slots=True)
class _Stepped:
    """Where the household stands, how it got there, and what it was judged by."""

    position: Position
    moves: tuple[Move, ...]
    assessment: Assessment
    refused: tuple[Condition, ...] = ()


def _withheld(
    household: Household, assessment: Assessment, decided: CaseDecided | FindingExempted | None
) -> _Stepped:
    """A household that refused its authorisation.

    Nothing is computed of it but whether anybody of it is left.
    """
    position, stood = household.position, undone(household.position, assessment)
    moves: tuple[Move, ...]
    if assessment.target.is_natural:
        position, moves = move(position, assessment)
    elif stood is not None:
        step = restored(position, stood)
        position, more = freeze(step.after, assessment)
        moves = (step, *more)
    elif isinstance(decided, CaseDecided) and decided.decision is Decision.REOPENED:
        position, moves = freeze(reopen(position, assessment, decided) or position, assessment)
        if position.is_in_episode and not household.position.is_in_episode:
            return _Stepped(
                position,
                tuple(dataclasses.replace(m, is_decided=True, is_told=True) for m in moves),
                assessment,
            )
    else:
        position, moves = freeze(position, assessment)
    outcome = None if decided is None else _decided(household, position, assessment, decided)
    if isinstance(outcome, Decided):
        return _Stepped(outcome.position, (*moves, *outcome.moves), assessment)
    if outcome and isinstance(decided, CaseDecided):
        position, moves = refuse(position, moves, decided)
    return _Stepped(position, moves, assessment, outcome or ())


def _step(
    household: Household,
    look: Callable[[Position], Assessment],
    decided: CaseDecided | FindingExempted | None,
    cause: Cause,
    rests_on_entry: RestsOnEntry,
) -> _Stepped:
    """Bring it to the present, with people's word if there is one."""
    position = household.position
    match decided:
        case FindingExempted():
            return _exempted(position, look, decided)
        case CaseDecided():
            assessment, stood = _looked(household, look)
            position, moves = move(position, assessment, cause.ends, stood, rests_on_entry)
            return _carried_out(household, _Stepped(position, moves, assessment), look, decided)
        case _:
            assessment, stood = _looked(household, look)
            stepped = move(position, assessment, cause.ends, stood, rests_on_entry)
            return _Stepped(*stepped, assessment)


def _looked(
    household: Household, look: Callable[[Position], Assessment]
) -> tuple[Assessment, Position | None]:
    """How it looks where it stands.

    And, where it stands again as before a slip or a refused authorisation, how it looks from there.

    In doubt who belongs to it no group begins, so what was frozen waits until the doubt is settled.
    """
    position = household.position
    stood = None if household.disputed else thawed(position)
    if stood is None:
        assessment = look(position)
        stood = undone(position, assessment)
        if stood is None:
            return assessment, None
        stood = undone_before(position, stood, look(stood)) or stood
        # given while the slip stood
        stood = stood if household.disputed else thawed(stood) or stood
    return look(stood), stood


def _exempted(
    position: Position, look: Callable[[Position], Assessment], word: FindingExempted
) -> _Stepped:
    """A finding is harmless as people saw it; where it says more today, that is news and stays."""
    assessment = look(position)
    covered = exempt(position, assessment, word)
    if not isinstance(covered, Position):
        return _Stepped(*move(position, assessment), assessment, covered)
    assessment = look(covered)
    refused = tuple(c for c in news_in(assessment) if c.finding is word.finding)
    return _Stepped(
        *move(covered, assessment, None if refused else ExitReason.EXEMPTED), assessment, refused
    )


def _carried_out(
    household: Household,
    now: _Stepped,
    look: Callable[[Position], Assessment],
    decided: CaseDecided,
) -> _Stepped:
    """What people decided, if it holds today.

    They look into what was reported before they decide.
    """
    if decided.decision is Decision.REOPENED:
        return _reopened(now, look, decided)
    is_dismissal = decided.decision is Decision.DISMISSED and not now.position.is_identified
    standing = (
        dismiss(now.position, now.assessment, decided)
        if is_dismissal
        else answered(household, now.position)
    )
    looked = look(standing)
    outcome = decide(standing, looked, decided)
    if isinstance(outcome, Decided):
        return _Stepped(outcome.position, (*now.moves, *outcome.moves), looked)
    if not any(c.kind is UnmetKind.NEWS for c in outcome):
        return _Stepped(*refuse(now.position, now.moves, decided), now.assessment, outcome)
    # what they saw is covered, and what they did not see stays with them
    position, more = move(standing, looked)
    return _Stepped(*refuse(position, (*now.moves, *more), decided), looked, outcome)


def _reopened(
    now: _Stepped, look: Callable[[Position], Assessment], decided: CaseDecided
) -> _Stepped:
    """What the dismissal covered speaks again.

    Where nothing of it is left to look into, people are told so.
    """
    standing = reopen(now.position, now.assessment, decided)
    if standing is None:
        return _Stepped(
            *refuse(now.position, now.moves, decided),
            now.assessment,
            (Condition(UnmetKind.DOES_NOT_FIT),),
        )
    looked = look(standing)
    position, moves = move(standing, looked)
    if not position.is_in_episode:
        # nothing changes but the number: the dismissal goes on as if nobody had spoken
        return _Stepped(
            *refuse(now.position, now.moves, decided),
            now.assessment,
            (Condition(UnmetKind.DOES_NOT_FIT),),
        )
    position = replace(position, told_on=looked.view.day if moves else position.told_on)
    return _Stepped(
        position,
        (*now.moves, *(dataclasses.replace(m, is_decided=True, is_told=True) for m in moves)),
        looked,
    )


def _handed_over(
    household_id: str,
    household: Household,
    register: Register,
    day: date,
    policy: Policy,
    cause: Cause,
    reason: ExitReason | None = None,
    decided: CaseDecided | FindingExempted | None = None,
) -> Judged:
    """End what stands here of a household whose area belongs to no county of the policy.

    Nothing more is computed or decided.

    So it is where its only entry was taken back, with that entry to say whom it was about, and
    `reason`.
    """
    position, clear = (
        household.position,
        Judged(fresh(household, view=NOTHING), view=NOTHING if household.view != NOTHING else None),
    )
    if position.status is Status.CLEAR and not position.frozen and decided is None:
        # nothing stands here but what an incident may have hit, or what a slip may bring back
        return clear
    anywhere = next(iter(policy.places.values())).on(day)
    view = dataclasses.replace(withheld(household, register, day, anywhere), is_withheld=False)
    assessment = Assessment(view, (), (), Target(Status.CLEAR, is_natural=True))
    after, moves = move(position, assessment)
    if reason is not None:
        after = by_no_entry(after)
        moves = tuple(dataclasses.replace(m, exit_reason=reason) for m in moves)
    if isinstance(decided, CaseDecided):
        after, moves = refuse(after, moves, decided)
    refused = () if decided is None else (Condition(UnmetKind.DOES_NOT_FIT),)
    judged = _judged_on(household_id, household, (after, moves), assessment, policy, cause, refused)
    is_clear = position.status is Status.CLEAR
    return (
        judged
        if not is_clear
        else dataclasses.replace(
            judged, household=fresh(judged.household, view=NOTHING), view=clear.view
        )
    )


def _decided(
    household: Household,
    position: Position,
    assessment: Assessment,
    word: CaseDecided | FindingExempted,
) -> Decided | tuple[Condition, ...]:
    """Apply people's decision to a household nothing is computed of.

    All that fits is that its lead came to nothing.
    """
    if isinstance(word, FindingExempted) or word.decision is not Decision.DISMISSED:
        return (Condition(UnmetKind.DOES_NOT_FIT),)
    return decide(dismissed(household, position), assessment, word)


def _looking_back(
    household_id: str,
    judged: Judged,
    before: Household,
    heard: Heard,
    place: Place,
    policy: Policy,
    cause: Cause,
) -> Judged:
    """With a note for people if the fact would have changed how the household left."""
    day, left = judged.household.as_of, judged.household.position.left
    reviewed = None if day is None else review(before, judged.household, day, place, heard)
    if reviewed is None or day is None or left is None:
        return judged
    then, note = reviewed
    transitions = (
        *judged.transitions,
        look_back(household_id, note, then, policy, cause, day, left),
    )
    return dataclasses.replace(
        judged, household=fresh(judged.household, position=note.after), transitions=transitions
    )


def _judged_on(
    household_id: str,
    household: Household,
    stepped: tuple[Position, tuple[Move, ...]],
    assessment: Assessment,
    policy: Policy,
    cause: Cause,
    refused: tuple[Condition, ...] = (),
    impacts: tuple[Impact, ...] = (),
) -> Judged:
    position, moves = stepped
    if cause.is_quiet:  # nobody was told, so what comes next is news
        position = replace(position, told_on=household.position.told_on)
    view = (
        NOTHING
        if assessment.view.is_withheld
        else view_of(household_id, position, assessment, policy, impacts)
    )
    seen = digest(view)
    return Judged(
        fresh(household, position=position, as_of=assessment.view.day, view=seen),
        tuple(transition(household_id, m, assessment, policy, cause) for m in moves),
        view if seen != household.view else None,
        refused,
    )
