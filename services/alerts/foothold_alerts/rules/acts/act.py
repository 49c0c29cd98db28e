"""What a person may do with a case, and what it leads to."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from foothold_alerts.rules.acts.pause import resume
from foothold_alerts.rules.acts.two import TwoNo, second_word, taken_back
from foothold_alerts.rules.case import DISMISS_REASONS, Case, CloseReason, Consent, Role, Stage
from foothold_alerts.rules.days import WorkDays, last_day
from foothold_alerts.rules.workflow import DECIDING, Announcement, Need, Step, Workflow


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step rests on.

    It has the business day, what keeps the household from leaving, whether a member is in doubt,
    and what the person filled in.

    `by`: the account that takes it; `now`: the instant, for duties that count hours.
    """

    today: date
    calendar: WorkDays
    unmet: int = 0
    reason: CloseReason | None = None
    note: str = ""
    is_disputed: bool = False
    by: str = ""
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """The case after the step, and what risk is told.

    `is_first_word`: nothing is done yet, a second person must say the same.
    """

    case: Case
    says: Announcement | None = None
    is_first_word: bool = False


@dataclass(frozen=True, slots=True)
class WrongStage:
    """The step does not fit the case as it stands."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class WrongRole:
    """The step is another role's."""

    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Missing:
    """What the step needs and is not there.

    `until`: the first day on which it may be, where that is known.
    """

    need: Need
    until: date | None = None


_NOT_LOOKED_YET: Final = frozenset({Stage.LEAD, Stage.VERIFYING})
"""Whoever takes a case further than these has seen how the household is."""


def act(
    case: Case, step: Step, role: Role, workflow: Workflow, given: StepContext
) -> Acted | WrongStage | WrongRole | Missing | TwoNo:
    """The case after a step, or why not."""
    if case.stage not in step.sources:
        return WrongStage(case.stage)
    if role not in step.roles:
        return WrongRole(step.roles)
    if (
        missing := next(
            (
                m
                for need in _needs(step)
                if (m := _missing(need, case, workflow, given)) is not None
            ),
            None,
        )
    ) is not None:
        return missing
    if (
        step.says is Announcement.DISMISSED
        and (waits := second_word(case, given.by, f"dismiss {given.reason}")) is not None
    ):
        return waits if isinstance(waits, TwoNo) else Acted(waits, is_first_word=True)
    return Acted(_after(case, step, workflow, given), step.says)


def _after(case: Case, step: Step, workflow: Workflow, given: StepContext) -> Case:
    """The case once the step is taken.

    Who goes on with it has ended its pause, and has taken back the first word of somebody else.
    """
    after = taken_back(case)
    after = replace(
        resume(after, given.today, workflow, given.calendar) or after, stage=step.to or case.stage
    )
    match step.says:
        case Announcement.CONSENT_GIVEN:
            after = replace(after, consent=Consent.GIVEN)
        case Announcement.CONSENT_REFUSED:
            after = replace(after, consent=Consent.REFUSED)
        case Announcement.IDENTIFIED:
            after = replace(after, identified_on=given.today)
        case Announcement.DISMISSED:
            after = replace(after, close_reason=given.reason)
        case Announcement.ELIMINATED:
            after = replace(after, close_reason=CloseReason.ELIMINATED)
        case _:
            pass
    if case.stage in _NOT_LOOKED_YET and after.stage not in _NOT_LOOKED_YET:
        after = replace(after, looked_at=after.looked_at or given.now)
    return replace(after, notice_on=given.today) if step.to is Stage.PUBLIC_NOTICE else after


def _needs(step: Step) -> tuple[Need, ...]:
    return (Need.MEMBERS_CLEAR, *step.needs) if step.says in DECIDING else step.needs


def _missing(need: Need, case: Case, workflow: Workflow, given: StepContext) -> Missing | None:
    if need is Need.NOTICE_OVER:
        ends = (
            None
            if case.notice_on is None
            else last_day(case.notice_on, workflow.limits.notice, given.calendar)
        )
        return Missing(need, ends) if ends is not None and given.today <= ends else None
    is_lacking = {
        Need.CONSENT: case.consent is not Consent.GIVEN,
        Need.GROUP: case.group is None,
        Need.NOTHING_UNMET: given.unmet > 0,
        Need.REASON: given.reason not in DISMISS_REASONS,
        Need.NOTE: not given.note,
        Need.MEMBERS_CLEAR: given.is_disputed,
    }
    return Missing(need) if is_lacking[need] else None
