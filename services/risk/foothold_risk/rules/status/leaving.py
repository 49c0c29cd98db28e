"""What still keeps a household from leaving: each condition with its day where that is known.

Empty: nothing does.

A signal nobody identified leaves when clear for `exit.signal_months`. An identified household
leaves when people declare its risk eliminated, and they may only when all of these hold: clear for
`exit.stable_months` whole calendar months, `exit.min_months_since_identified` by date, a fitting
measure against each risk, every guarantee met, no risk now, and somebody who can work (else it is
kept as not marked).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from msgspec.structs import replace

from foothold_risk.rules.calendar import add_months, after_whole_months
from foothold_risk.rules.findings.guarantee_missing import last_checks
from foothold_risk.rules.household.household import Position
from foothold_risk.rules.policy import PolicyOfDay
from foothold_risk.rules.status.assess import IS_RISK, Assessment
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.findings import FindingKind
from foothold_schemas.measures import answers
from foothold_schemas.messages.transitions import Status
from foothold_schemas.messages.views import UnmetKind


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of leaving that is not met."""

    kind: UnmetKind
    finding: FindingKind | None = None
    guarantee: Guarantee | None = None
    until: date | None = None
    ticket: int | None = None


def disputes(assessment: Assessment) -> tuple[Condition, ...]:
    """The doubts about who belongs to the household: while one is open, nobody decides on it."""
    return tuple(
        Condition(UnmetKind.MEMBER_DISPUTED, ticket=number)
        for number in assessment.view.household.disputed
    )


def earliest_exit(position: Position, policy: PolicyOfDay) -> date | None:
    """Return the first open day on which a recovering household or a lead may leave.

    The lead is one that fell quiet. The day is given as far as time alone decides; None while it is
    not clear.
    """
    if position.clear_since is None:
        return None
    has_returned = position.has_returned(position.clear_since, policy.days_of_wavering)
    quiet = (
        position.clear_since + timedelta(days=policy.days_of_wavering + 1)
        if has_returned
        else position.clear_since
    )
    if position.status is Status.WATCH:
        return quiet
    if position.identified_on is None:
        return max(quiet, add_months(position.clear_since, policy.exit_signal_months.value))
    return max(
        after_whole_months(position.clear_since, policy.exit_stable_months.value),
        add_months(position.identified_on, policy.exit_min_months_since_identified.value),
    )


def is_quiet_enough(position: Position, assessment: Assessment) -> bool:
    """Return whether a lead that lost its ground ends.

    It ends at once, or, where it had returned before, after it was quiet for the days.
    """
    clear = replace(position, clear_since=position.clear_since or assessment.view.day)
    earliest = earliest_exit(clear, assessment.view.policy)
    return earliest is None or assessment.view.day >= earliest


def unmet(position: Position, assessment: Assessment) -> tuple[Condition, ...]:
    """Everything that keeps a household in its group or recovering, as of the open day."""
    return tuple(_unmet(position, assessment))


def _unmet(position: Position, assessment: Assessment) -> Iterator[Condition]:
    view = assessment.view
    yield from disputes(assessment)
    for kind in assessment.kinds:
        if position.is_identified or position.status is not Status.RECOVERING:
            yield Condition(UnmetKind.FINDING_HOLDS, finding=kind)
    # a month unheard, or nobody who is counted: unknown clears nothing
    if view.net_per_head is None:
        yield Condition(UnmetKind.INCOME_UNHEARD)
    if position.clear_since is not None:
        yield from _time(position, view.policy, view.day)
    if position.is_identified:
        yield from _help(position, assessment)


def _time(position: Position, policy: PolicyOfDay, day: date) -> Iterator[Condition]:
    earliest = earliest_exit(position, policy)
    if position.clear_since is None or earliest is None or day >= earliest:
        return
    if position.identified_on is None:
        yield Condition(UnmetKind.CLEAR_PERIOD, until=earliest)
        return
    stable = after_whole_months(position.clear_since, policy.exit_stable_months.value)
    waited = add_months(position.identified_on, policy.exit_min_months_since_identified.value)
    if day < stable:
        yield Condition(UnmetKind.CLEAR_PERIOD, until=stable)
    if day < waited:
        yield Condition(UnmetKind.IDENTIFIED_PERIOD, until=waited)


def _help(position: Position, assessment: Assessment) -> Iterator[Condition]:
    view = assessment.view
    for cause in position.causes:
        if not any(
            cause in m.against and answers(m.measure, cause) for m in view.household.measures
        ):
            yield Condition(UnmetKind.MEASURE_MISSING, finding=cause)
    checks = last_checks(view.household)
    for guarantee in Guarantee:
        if guarantee not in checks:
            yield Condition(UnmetKind.GUARANTEE_UNKNOWN, guarantee=guarantee)
        elif not checks[guarantee].is_met:
            yield Condition(UnmetKind.GUARANTEE_NOT_MET, guarantee=guarantee)
    if all(m.can_work is False for m in view.register.here(view.day)):
        yield Condition(UnmetKind.NOBODY_CAN_WORK)


def describe(conditions: tuple[Condition, ...]) -> str:
    """The conditions by name, with what they are about and until when.

    For logs and for whoever must mend it.
    """
    about = (
        next((f" {x}" for x in (c.finding, c.guarantee, c.until, c.ticket) if x is not None), "")
        for c in conditions
    )
    return "; ".join(f"{c.kind.value}{what}" for c, what in zip(conditions, about, strict=True))


def risks_of(assessment: Assessment) -> tuple[FindingKind, ...]:
    """The findings that count as risks."""
    return tuple(k for k in assessment.kinds if k in IS_RISK)
