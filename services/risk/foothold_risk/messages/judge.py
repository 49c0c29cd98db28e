"""Judges one household: where it stands, what is said of it, and its view.

Reads nothing and writes nothing.
"""

import dataclasses
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from foothold_risk.messages.transition import look_back, transition
from foothold_risk.messages.view import NOTHING, digest, impacts_of, view_of
from foothold_risk.rules.areas.exposure import hitting
from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.day import DayContext, context_of
from foothold_risk.rules.context.heard import Heard
from foothold_risk.rules.context.silence import spoken_by
from foothold_risk.rules.household.facts import Register
from foothold_risk.rules.household.fold import forget_old
from foothold_risk.rules.household.household import Household, fresh
from foothold_risk.rules.household.statements import UNNAMED, Names
from foothold_risk.rules.money.figures import withheld
from foothold_risk.rules.policy import Place, Policy
from foothold_risk.rules.status.assess import Assessment, Target
from foothold_risk.rules.status.deciding import DOES_NOT_FIT, refuse
from foothold_risk.rules.status.held_back import Scales
from foothold_risk.rules.status.hindsight import review
from foothold_risk.rules.status.leaving import Condition
from foothold_risk.rules.status.movement import move
from foothold_risk.rules.status.outcome import Examination, Outcome, bring_to_present, withhold
from foothold_risk.rules.status.slips import by_no_entry, earlier_entry
from foothold_risk.rules.status.taken_back import PlaceContext, without_taken_back
from foothold_schemas.facts.decisions import CaseDecided, FindingExempted
from foothold_schemas.facts.facts import HouseholdFact, IncomeReported
from foothold_schemas.messages.transitions import ExitReason, Status, Transition
from foothold_schemas.messages.views import Impact


@dataclass(frozen=True, slots=True)
class Subject:
    """A household to be judged, and what made risk look at it.

    `decided`: people's word that is to be carried out. `before`: the household without the fact
    that made risk look; only then a leaving of the past may come into doubt.
    """

    household_id: str
    household: Household
    cause: Cause
    decided: CaseDecided | FindingExempted | None = None
    before: Household | None = None

    def of(self, household: Household) -> "Subject":
        """The same, as the household is by now."""
        return dataclasses.replace(self, household=household)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The household as of the open day, and its transitions.

    It also has the household's view if that changed (empty: remove it).

    `refused`: conditions that are not met, so people's decision was not carried out.
    """

    household: Household
    transitions: tuple[Transition, ...] = ()
    view: bytes | None = None
    refused: tuple[Condition, ...] = ()


def judge(subject: Subject, control: Control, policy: Policy | None) -> Verdict:
    """Judge a household, or return it untouched.

    It is untouched while unregistered, before go-live, without a policy, or where the policy serves
    nobody.
    """
    day, register, before = control.open_day, subject.household.register, subject.before
    if day is None or policy is None:
        return Verdict(subject.household)
    if register is None:
        was = None if before is None else before.register
        untouched = Verdict(subject.household)
        return untouched if was is None else _without_entry(subject, was, day, policy)
    subject = subject.of(_ground_weighed(subject, day, policy, control))
    place = policy.place(register.area)
    if place is None:
        return _handed_over(subject, register, day, policy)
    context = context_of(control, day, place.on(day))
    subject = subject.of(_as_of_today(subject, place, context))
    if subject.household.is_refused:
        return _judged(subject, _withheld(subject, register, context), policy)
    if subject.cause.ends is ExitReason.CORRECTED:
        agency, in_force = subject.cause.agency, context.policy
        spoke = spoken_by(control.spoke, agency, day, in_force, register.area)
        context = dataclasses.replace(context, spoke=spoke)
    outcome = bring_to_present(
        Examination(
            subject.household, register, context, _earlier(subject.household, place, policy)
        ),
        subject.cause,
        subject.decided,
    )
    impacts = impacts_of(hitting(outcome.assessment.view, context.policy), context.policy)
    judged = _judged(subject, outcome, policy, impacts)
    return _looking_back(subject, judged, control.heard, place, policy)


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


def _ground_weighed(subject: Subject, day: date, policy: Policy, control: Control) -> Household:
    """The household, with what a correction takes from it while something holds it back."""
    household = subject.household
    scales = Scales(day, policy, control.incidents)
    is_correction = subject.cause.ends is ExitReason.CORRECTED
    is_taken = scales.is_ground_taken(subject.before, household, is_correction=is_correction)
    if is_taken is household.position.is_corrected:
        return household
    return fresh(household, position=replace(household.position, is_corrected=is_taken))


def _as_of_today(subject: Subject, place: Place, context: DayContext) -> Household:
    """The household without what is too old to count, and without what a correction took away."""
    household, day, names = subject.household, context.day, context.policy.item_names()
    if household.as_of is not None and month_of(household.as_of) != month_of(day):
        household = forget_old(household, day, names)
    if subject.cause.ends is not ExitReason.CORRECTED:
        return household
    was = None if subject.before is None else forget_old(subject.before, day, names)
    around = PlaceContext(place, context.heard, context.incidents)
    return without_taken_back(was, household, day, around)


def _earlier(household: Household, place: Place, policy: Policy) -> Register | None:
    """The last register entry that said something else, if the same county serves it."""
    earlier = earlier_entry(household)
    if earlier is None or policy.place(earlier.area) is not place:
        return None
    return earlier


def _withheld(subject: Subject, register: Register, context: DayContext) -> Outcome:
    """A household that refused its authorisation: nothing but whether anybody of it is left."""
    target = (
        Target(Status.WATCH, is_lead=True)
        if register.here(context.day)
        else Target(Status.CLEAR, is_natural=True)
    )
    view = withheld(subject.household, register, context.day, context.policy)
    return withhold(subject.household, Assessment(view, (), (), target), subject.decided)


def _handed_over(subject: Subject, register: Register, day: date, policy: Policy) -> Verdict:
    """End what stands here of a household whose area belongs to no county of the policy.

    Nothing more is computed or decided.
    """
    if (clear := _if_nothing_stands(subject)) is not None:
        return clear
    assessment = _of_nobody(subject.household, register, day, policy)
    after, moves = move(subject.household.position, assessment)
    if isinstance(subject.decided, CaseDecided):
        after, moves = refuse(after, moves, subject.decided)
    refused = () if subject.decided is None else DOES_NOT_FIT
    return _ended(subject, Outcome(after, moves, assessment, refused), policy)


def _without_entry(subject: Subject, register: Register, day: date, policy: Policy) -> Verdict:
    """End what stands of a household whose only register entry was taken back.

    `register`: that entry, to say whom it was about.
    """
    subject = dataclasses.replace(subject, decided=None)
    if (clear := _if_nothing_stands(subject)) is not None:
        return clear
    assessment = _of_nobody(subject.household, register, day, policy)
    after, moves = move(subject.household.position, assessment)
    moves = tuple(dataclasses.replace(m, exit_reason=ExitReason.CORRECTED) for m in moves)
    return _ended(subject, Outcome(by_no_entry(after), moves, assessment), policy)


def _if_nothing_stands(subject: Subject) -> Verdict | None:
    """Only what an incident may have hit, or what a slip may bring back; None where more does."""
    household, position = subject.household, subject.household.position
    if position.status is not Status.CLEAR or position.frozen or subject.decided is not None:
        return None
    return Verdict(fresh(household, view=NOTHING), view=_removed(household))


def _of_nobody(household: Household, register: Register, day: date, policy: Policy) -> Assessment:
    anywhere = next(iter(policy.places.values())).on(day)
    view = dataclasses.replace(withheld(household, register, day, anywhere), is_withheld=False)
    return Assessment(view, (), (), Target(Status.CLEAR, is_natural=True))


def _ended(subject: Subject, outcome: Outcome, policy: Policy) -> Verdict:
    """What ended here, without a view where nothing stood that people could see."""
    judged = _judged(subject, outcome, policy)
    if subject.household.position.status is not Status.CLEAR:
        return judged
    return dataclasses.replace(
        judged,
        household=fresh(judged.household, view=NOTHING),
        view=_removed(subject.household),
    )


def _removed(household: Household) -> bytes | None:
    return NOTHING if household.view != NOTHING else None


def _looking_back(
    subject: Subject, judged: Verdict, heard: Heard, place: Place, policy: Policy
) -> Verdict:
    """With a note for people if the fact would have changed how the household left."""
    day, left, before = judged.household.as_of, judged.household.position.left, subject.before
    if day is None or left is None or before is None:
        return judged
    reviewed = review(before, judged.household, day, place, heard)
    if reviewed is None:
        return judged
    then, note = reviewed
    of_today = transition(subject.household_id, note, then, policy, subject.cause)
    return dataclasses.replace(
        judged,
        household=fresh(judged.household, position=note.after),
        transitions=(*judged.transitions, look_back(of_today, then, policy.currency, day, left)),
    )


def _judged(
    subject: Subject, outcome: Outcome, policy: Policy, impacts: tuple[Impact, ...] = ()
) -> Verdict:
    """The household where it stands now, with what is said of it."""
    household, position, assessment = subject.household, outcome.position, outcome.assessment
    if subject.cause.is_quiet:  # nobody was told, so what comes next is news
        position = replace(position, told_on=household.position.told_on)
    view = (
        NOTHING
        if assessment.view.is_withheld
        else view_of(subject.household_id, position, assessment, policy, impacts)
    )
    seen = digest(view)
    return Verdict(
        fresh(household, position=position, as_of=assessment.view.day, view=seen),
        tuple(
            transition(subject.household_id, m, assessment, policy, subject.cause)
            for m in outcome.moves
        ),
        view if seen != household.view else None,
        outcome.refused,
    )
