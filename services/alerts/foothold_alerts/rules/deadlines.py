"""What must be done by when, from where a case stands.

A deadline is kept as it was set; this says which of them a case still has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from foothold_alerts.rules.case import (
    BEFORE_IDENTIFIED,
    OPEN,
    SINCE_IDENTIFIED,
    UNPAID,
    Case,
    ReliefKind,
    ReliefStatus,
)
from foothold_alerts.rules.days import SHANGHAI, WorkDays, due_at, end_of, is_provisional
from foothold_alerts.rules.relief.relief import Relief
from foothold_alerts.rules.workflow import Limit, Workflow
from foothold_schemas.facts.decisions import MeasureKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.measures import answers


class DeadlineKind(StrEnum):
    """What is due. `look`: somebody sees how a household in danger is."""

    LOOK = "look"
    SETTLE = "settle"
    FIRST_MEASURE = "first_measure"
    MEASURE = "measure"
    RELIEF = "relief"
    PAPERS = "papers"


@dataclass(frozen=True, slots=True)
class Deadline:
    """One of a case.

    `subject`: the risk or the relief it is about. `limit` None: the instant was set elsewhere and
    is not counted anew.
    """

    kind: DeadlineKind
    subject: str
    began_on: date
    due_at: datetime
    limit: Limit | None = None
    is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class Helped:
    """A measure that reached the household."""

    measure: MeasureKind
    against: frozenset[FindingKind]


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything a case's deadlines follow from. `relief`: id → the relief and when it is due."""

    case: Case
    risks: Sequence[FindingKind]
    relief: Mapping[int, tuple[Relief, datetime]]
    helped: Sequence[Helped]


def deadlines_of(
    standing: Standing, workflow: Workflow, calendar: WorkDays
) -> tuple[Deadline, ...]:
    """What is still to be done."""
    case, limits = standing.case, workflow.limits
    deadlines: list[Deadline] = []
    if case.stage in OPEN and case.urgent_at is not None and case.looked_at is None:
        began_on = case.urgent_at.astimezone(SHANGHAI).date()
        deadlines.append(
            Deadline(
                DeadlineKind.LOOK,
                "",
                began_on,
                due_at(case.urgent_at, began_on, limits.look, calendar),
            )
        )
    if case.stage in BEFORE_IDENTIFIED and case.paused_on is None:
        is_open_ended = is_provisional(case.counted_from, limits.settle, calendar, case.stood_still)
        deadlines.append(
            Deadline(
                DeadlineKind.SETTLE, "", case.counted_from, end_of(case.due_on), None, is_open_ended
            )
        )
    if case.stage in SINCE_IDENTIFIED and case.identified_on is not None:
        if not standing.helped:
            deadlines.append(
                _counted(
                    DeadlineKind.FIRST_MEASURE,
                    "",
                    case.identified_on,
                    limits.first_measure,
                    calendar,
                )
            )
        open_risks = (
            r
            for r in standing.risks
            if not any(r in h.against and answers(h.measure, r) for h in standing.helped)
        )
        deadlines += [
            _counted(DeadlineKind.MEASURE, risk.value, case.identified_on, limits.measure, calendar)
            for risk in open_risks
        ]
    for number, (relief, due) in standing.relief.items():
        if relief.status in UNPAID:
            deadlines.append(Deadline(DeadlineKind.RELIEF, str(number), case.opened_on, due))
        if (
            relief.kind is ReliefKind.EMERGENCY
            and relief.status is ReliefStatus.PAID
            and relief.papers_due_on is not None
        ):
            deadlines.append(
                Deadline(
                    DeadlineKind.PAPERS, str(number), case.opened_on, end_of(relief.papers_due_on)
                )
            )
    return tuple(deadlines)


def _counted(
    kind: DeadlineKind, subject: str, began_on: date, limit: Limit, calendar: WorkDays
) -> Deadline:
    due = due_at(end_of(began_on), began_on, limit, calendar)
    return Deadline(kind, subject, began_on, due, limit, is_provisional(began_on, limit, calendar))
