"""From what the rules say to rows of the tables, and back."""

from datetime import date, datetime
from typing import Final

from foothold_alerts.rules.case import (
    Case,
    CloseReason,
    Consent,
    Pause,
    ReliefKind,
    ReliefStatus,
    Stage,
)
from foothold_alerts.rules.relief.relief import Relief
from foothold_alerts.rules.respond import Response
from foothold_alerts.tables.cases import CaseRow, ReliefRow
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Transition
from foothold_schemas.values import Group

SYSTEM: Final = "foothold"
"""Who did it, in the audit, where no person did."""


def case_of(row: CaseRow) -> Case:
    """The row as the rules see it."""
    return Case(
        household_id=row.household_id,
        episode=row.episode,
        stage=Stage(row.stage),
        is_urgent=row.is_urgent,
        group=None if row.priority_group is None else Group(row.priority_group),
        opened_on=row.opened_on,
        due_on=row.due_on,
        close_reason=None if row.close_reason is None else CloseReason(row.close_reason),
        is_recovering=row.is_recovering,
        workflow=row.workflow,
        consent=None if row.consent is None else Consent(row.consent),
        notice_on=row.notice_on,
        identified_on=row.identified_on,
        paused_on=row.paused_on,
        pause_reason=row.pause_reason,
        urgent_at=row.urgent_at,
        looked_at=row.looked_at,
        proposed_by=row.proposed_by,
        proposed_what=row.proposed_what,
        closed_on=row.closed_on,
        closed_at=None if row.closed_at is None else Stage(row.closed_at),
        settle_from=row.settle_from,
        stood_still=tuple(
            (date.fromisoformat(first), date.fromisoformat(again))
            for first, again in row.stood_still
        ),
        paused_by=row.paused_by,
        held_pause=_pause_of(row.held_pause),
    )


def area_of(transition: Transition, held: str | None) -> str:
    """The case's area. One that is handed over stays with those who worked on it."""
    return (
        held
        if transition.handed_over_to is not None and held is not None
        else transition.household.area
    )


def case_row(
    case: Case, version: int, transition: Transition, held: str | None = None
) -> dict[str, object]:
    """The case after a transition, as a row. `held`: the area it had."""
    return {
        "case_id": case.case_id,
        "household_id": case.household_id,
        "episode": case.episode,
        "register_number": transition.household.register_number,
        "area": area_of(transition, held),
        "priority_group": None if case.group is None else case.group.value,
        "opened_on": case.opened_on,
        **standing(case),
        "version": version,
        "is_quiet": transition.is_quiet,
        "latest": transition.model_dump(mode="json", exclude_none=True),
    }


def standing(case: Case) -> dict[str, object]:
    """Where the case stands, as columns: everything a transition or a person can change."""
    return {
        "stage": case.stage.value,
        "is_urgent": case.is_urgent,
        "due_on": case.due_on,
        "close_reason": None if case.close_reason is None else case.close_reason.value,
        "is_recovering": case.is_recovering,
        "workflow": case.workflow,
        "consent": None if case.consent is None else case.consent.value,
        "notice_on": case.notice_on,
        "identified_on": case.identified_on,
        "paused_on": case.paused_on,
        "pause_reason": case.pause_reason,
        "urgent_at": case.urgent_at,
        "looked_at": case.looked_at,
        "proposed_by": case.proposed_by,
        "proposed_what": case.proposed_what,
        "closed_on": case.closed_on,
        "closed_at": None if case.closed_at is None else case.closed_at.value,
        "settle_from": case.settle_from,
        "stood_still": [
            [first.isoformat(), again.isoformat()] for first, again in case.stood_still
        ],
        "paused_by": case.paused_by,
        "held_pause": (
            None
            if (held := case.held_pause) is None
            else [held.since.isoformat(), held.reason, held.by]
        ),
    }


def _pause_of(held: list[str | None] | None) -> Pause | None:
    return (
        None
        if held is None or held[0] is None
        else Pause(date.fromisoformat(held[0]), held[1], held[2])
    )


def review_row(case_id: str, transition: Transition) -> dict[str, object]:
    """A decision of the past in doubt."""
    return {
        "transition_id": transition.transition_id,
        "case_id": case_id,
        "looks_back_to": transition.looks_back_to,
        "reason": transition.reason.model_dump(mode="json"),
        "asked_on": transition.open_day,
    }


def relief_rows(response: Response, transition: Transition) -> list[dict[str, object]]:
    """The relief a response proposes."""
    case = response.case
    if case is None:
        return []
    year: date = transition.open_day
    return [
        {
            "case_id": case.case_id,
            "household_id": case.household_id,
            "kind": p.kind.value,
            "cause": p.cause.value,
            "year": year.year,
            "status": ReliefStatus.PROPOSED.value,
            "due_at": p.due_at,
            "explained": p.explained.model_dump(),
            "event": p.event,
            "bills_until": p.bills_until,
        }
        for p in response.proposals
    ]


def relief_of(row: ReliefRow, bills_after: date | None = None) -> Relief:
    """The relief as the rules see it. `bills_after`: of `earlier_bills`."""
    return Relief(
        kind=ReliefKind(row.kind),
        cause=FindingKind(row.cause),
        status=ReliefStatus(row.status),
        amount=row.amount_fen,
        decided_by=row.decided_by,
        approved_by=row.approved_by,
        paid_by=row.paid_by,
        papers_due_on=row.papers_due_on,
        actual=row.actual_fen,
        to_settle=row.to_settle_fen,
        paid_on=row.paid_on,
        borne=row.borne_fen,
        allowed=row.allowed_fen,
        came_back=row.came_back_fen,
        waived=row.waived_fen,
        event=row.event,
        bills_after=bills_after,
    )


def relief_values(relief: Relief) -> dict[str, object]:
    """What an act may change, as columns."""
    return {
        "status": relief.status.value,
        "amount_fen": relief.amount,
        "decided_by": relief.decided_by,
        "approved_by": relief.approved_by,
        "paid_by": relief.paid_by,
        "papers_due_on": relief.papers_due_on,
        "actual_fen": relief.actual,
        "to_settle_fen": relief.to_settle,
        "paid_on": relief.paid_on,
        "borne_fen": relief.borne,
        "allowed_fen": relief.allowed,
        "came_back_fen": relief.came_back,
        "waived_fen": relief.waived,
    }


def audit_row(
    at: datetime, actor: str, action: str, case_id: str | None, **detail: object
) -> dict[str, object]:
    """Who did what."""
    return {"at": at, "actor": actor, "action": action, "case_id": case_id, "detail": detail}
