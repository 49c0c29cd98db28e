"""What a batch of transitions makes of the cases, in memory: computed whole, then written at once.

It neither reads nor writes the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from foothold_alerts.cases.relieving import ReliefOfBatch
from foothold_alerts.rules.case import OPEN, Case
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.notices import Event
from foothold_alerts.rules.respond import Action, Response, respond
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.tables.cases import CaseRow
from foothold_alerts.tables.rows import SYSTEM, area_of, audit_row, case_of, case_row, review_row
from foothold_schemas.facts.decisions import Decision
from foothold_schemas.messages.transitions import Transition

_ACTED: Final = {Action.RESTORED: Event.RESTORED, Action.NOT_CARRIED_OUT: Event.NOT_CARRIED_OUT}
"""What became of a case, where nobody decided it just now."""
_DECIDED: Final = {
    Decision.REOPENED: Event.TAKEN_BACK,
    Decision.ROLLED_BACK: Event.ROLLED_BACK,
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one transition."""

    transition: Transition
    action: str
    case_id: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class _Standing:
    """A case as the batch has it so far; `number`: of the last transition it took."""

    case: Case | None = None
    version: int = 0
    number: int = 0
    area: str | None = None


class Changes:
    """Rows to write, news to pass on and relief to follow, of one batch of transitions.

    `rows` are whole rows of cases by their ids; `news`, whom to tell of which case; `going_on`,
    cases that take up what ended with them; `audit` and `reviews`, rows to add; `taken`, what
    became of each transition, in their order.
    """

    def __init__(
        self, standing: dict[str, _Standing], relief: ReliefOfBatch, now: datetime
    ) -> None:
        self._standing = standing
        self._now = now
        self.relief = relief
        self.rows: dict[str, dict[str, object]] = {}
        self.news: dict[str, Event] = {}
        self.going_on: set[str] = set()
        self.audit: list[dict[str, object]] = []
        self.reviews: list[dict[str, object]] = []
        self.taken: list[Taken] = []

    @classmethod
    def of(cls, rows: Iterable[CaseRow], relief: ReliefOfBatch, now: datetime) -> Self:
        """Nothing changed yet; `rows` are all cases of the batch's households."""
        standing = {
            row.case_id: _Standing(case_of(row), row.version, row.latest["number"], row.area)
            for row in rows
        }
        return cls(standing, relief, now)

    def apply(
        self, transition: Transition, trace_id: str, workflows: Workflows, calendar: WorkDays
    ) -> None:
        """Take the next transition: change its case, or leave a note on it."""
        case_id = f"{transition.household_id}-e{transition.episode}"
        before = self._standing.get(case_id, _Standing())
        # retried from quarantine: kept in the history, but the case has gone on since
        if transition.number < before.number:
            self.taken.append(Taken(transition, "late", case_id, trace_id))
            return
        workflow = workflows.newest if before.case is None else workflows.of(before.case.workflow)
        relieved = self.relief.relieved(transition.household_id, case_id)
        response = respond(before.case, transition, relieved, workflow, calendar)
        self.taken.append(Taken(transition, response.action, case_id, trace_id))
        if response.case is None:
            return
        if response.action == Action.REVIEW:
            self.reviews.append(review_row(case_id, transition))
            return
        self._follow(case_id, before, response, transition)
        detail = {
            "transition_id": transition.transition_id,
            "movement": transition.movement.value,
            "trace_id": trace_id,
        }
        self.audit.append(audit_row(self._now, SYSTEM, response.action, case_id, **detail))

    def _follow(
        self, case_id: str, before: _Standing, response: Response, transition: Transition
    ) -> None:
        """Let the case, its relief, its measures and its notices follow the response."""
        if response.case is None:
            return
        if (event := _news(before.case, response, transition)) is not None:
            self.news[case_id] = event
        self.relief.follow(response, transition)
        if response.goes_on and response.action in (Action.RESTORED, Action.REOPENED):
            self.going_on.add(case_id)
        version = before.version + 1
        self.rows[case_id] = case_row(response.case, version, transition, before.area)
        self._standing[case_id] = _Standing(
            response.case, version, transition.number, area_of(transition, before.area)
        )

    @property
    def planned_again(self) -> list[str]:
        """Open cases whose measures, dropped when they ended, are planned again."""
        return [case_id for case_id in self.going_on if self._is_open(case_id)]

    @property
    def ended(self) -> list[str]:
        """Cases of the batch on which nobody works any more: what is planned ends with them."""
        return [case_id for case_id in self.rows if not self._is_open(case_id)]

    def _is_open(self, case_id: str) -> bool:
        case = self._standing[case_id].case
        return case is not None and case.stage in OPEN


def _news(before: Case | None, response: Response, transition: Transition) -> Event | None:
    """What people should be told of: a case opened, one that has turned urgent, or news of one.

    A quiet go-live tells nobody, nor does what wavers.
    """
    if transition.is_quiet or response.case is None or transition.is_told is False:
        return None
    if response.case.is_urgent and not (
        before is not None and before.is_urgent and response.action == Action.UPDATED
    ):
        return Event.URGENT_IDENTIFIED if transition.is_identified else Event.URGENT
    decided = None if transition.decided is None else _DECIDED.get(transition.decided)
    if decided is not None:
        return decided
    return _became(response, transition) or (Event.NEWS if transition.is_told else None)


def _became(response: Response, transition: Transition) -> Event | None:
    """What is told of a case by what became of it, None where that alone is no news."""
    if response.action == Action.OPENED:
        return Event.NEWS if transition.is_identified else Event.OPENED
    if response.action == Action.REOPENED:  # on the ground it had, or by something new
        return Event.REOPENED if response.goes_on else Event.NEWS
    return _ACTED.get(response.action)
