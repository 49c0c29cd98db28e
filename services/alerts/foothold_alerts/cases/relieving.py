"""Handles the relief of the households of a batch.

It takes what responses propose, withdraw and take up again, counts it after each and writes it
once.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from foothold_alerts.rules.case import UNPAID, Proposal, ReliefStatus
from foothold_alerts.rules.relief.causes import (
    BY_EVENT,
    NOTHING,
    RELIEF,
    Cause,
    Relieved,
    is_alike,
)
from foothold_alerts.rules.respond import Response
from foothold_alerts.tables.cases import ReliefRow
from foothold_alerts.tables.rows import relief_rows
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Transition

_KNOWN: Final = (
    ReliefRow.relief_id,
    ReliefRow.case_id,
    ReliefRow.household_id,
    ReliefRow.year,
    ReliefRow.cause,
    ReliefRow.event,
    ReliefRow.bills_until,
    ReliefRow.is_exception,
    ReliefRow.status,
    ReliefRow.withdrawn_from,
)


@dataclass(slots=True)
class _Line:
    """One relief. `relief_id`: None while it is not written; `row`: what is written of it then."""

    relief_id: int | None
    case_id: str
    household_id: str
    year: int
    cause: Cause
    is_exception: bool
    status: ReliefStatus
    withdrawn_from: ReliefStatus | None
    row: dict[str, object]
    is_changed: bool = False

    def withdraw(self) -> None:
        self.status, self.withdrawn_from, self.is_changed = (
            ReliefStatus.WITHDRAWN,
            self.status,
            True,
        )

    def take_up(self, bills_until: date | None) -> None:
        """Where people had come with it, over what bills there are by now."""
        self.status, self.withdrawn_from, self.is_changed = (
            self.withdrawn_from or ReliefStatus.PROPOSED,
            None,
            True,
        )
        newest = max(
            (day for day in (self.cause.bills_until, bills_until) if day is not None), default=None
        )
        self.cause = Cause(self.cause.finding, self.cause.event, newest)


class ReliefOfBatch:
    """Changes with every response; the database does with `write`."""

    def __init__(self, lines: list[_Line]) -> None:
        self._lines = lines

    @classmethod
    async def load(cls, connection: AsyncConnection, households: set[str]) -> Self:
        """What is known of these households' relief. Their cases are locked already."""
        rows = await connection.execute(
            select(*_KNOWN)
            .where(ReliefRow.household_id.in_(households))
            .order_by(ReliefRow.relief_id)
        )
        return cls(
            [
                _Line(
                    row.relief_id,
                    row.case_id,
                    row.household_id,
                    row.year,
                    Cause(FindingKind(row.cause), row.event, row.bills_until),
                    row.is_exception,
                    ReliefStatus(row.status),
                    None if row.withdrawn_from is None else ReliefStatus(row.withdrawn_from),
                    {},
                )
                for row in rows
            ]
        )

    def relieved(self, household_id: str, case_id: str) -> Relieved:
        """For what relief stands, and what was withdrawn of the case."""
        known = NOTHING
        for line in self._lines:
            is_over = line.status in (ReliefStatus.WITHDRAWN, ReliefStatus.REFUSED)
            # What the county proposed once more stands in no event's way.
            is_beside = (
                line.is_exception and line.cause.finding in BY_EVENT and line.cause.event is None
            )
            if line.household_id == household_id and not is_over and not is_beside:
                known = known.with_cause(line.cause, line.year)
        return known.with_withdrawn(
            tuple(line.cause for line in self._lines if _can_go_on(line, case_id))
        )

    def follow(self, response: Response, transition: Transition) -> None:
        """Withdraw, take up, propose."""
        if response.case is None:
            return
        case_id = response.case.case_id
        if response.withdraws:
            for line in self._lines:
                if (
                    line.case_id == case_id
                    and line.status in UNPAID
                    and not _is_kept(line.cause, response)
                ):
                    line.withdraw()
        for proposal, row in zip(
            response.proposals, relief_rows(response, transition), strict=True
        ):
            self._propose(response, proposal, row, transition)

    def _propose(
        self, response: Response, proposal: Proposal, row: dict[str, object], transition: Transition
    ) -> None:
        case_id, cause = (
            str(row["case_id"]),
            Cause(proposal.cause, proposal.event, proposal.bills_until),
        )
        alike = [
            line for line in self._lines if line.case_id == case_id and is_alike(cause, line.cause)
        ]
        ended = (
            next((line for line in reversed(alike) if _can_go_on(line, case_id)), None)
            if response.goes_on
            else None
        )
        refused = [line for line in alike if line.status is ReliefStatus.REFUSED]
        if ended is not None:
            ended.take_up(proposal.bills_until)
        # what people refused does not come back by itself
        elif not any(response.goes_on or _is_the_same(cause, line.cause) for line in refused):
            year = transition.open_day.year
            self._lines.append(
                _Line(
                    None,
                    case_id,
                    transition.household_id,
                    year,
                    cause,
                    False,  # noqa: FBT003 - as a row has it
                    ReliefStatus.PROPOSED,
                    None,
                    row,
                )
            )

    async def write(self, connection: AsyncConnection) -> None:
        """What became of it."""
        changed = [
            _values(line) | {"of_id": line.relief_id}
            for line in self._lines
            if line.is_changed and line.relief_id is not None
        ]
        if changed:
            statement = update(ReliefRow.__table__).where(  # type: ignore[arg-type]  # a mapped class's table
                ReliefRow.__table__.c.relief_id == bindparam("of_id")
            )
            names = ("status", "withdrawn_from", "bills_until")
            await connection.execute(
                statement.values({name: bindparam(f"new_{name}") for name in names}), changed
            )
        if new := [
            line.row | {name[4:]: value for name, value in _values(line).items()}
            for line in self._lines
            if line.relief_id is None
        ]:
            await connection.execute(insert(ReliefRow), new)


def _is_kept(cause: Cause, response: Response) -> bool:
    """Whether what it is for is still found: of several disasters each by itself."""
    is_found = (
        cause.event is None or not response.kept_events or cause.event in response.kept_events
    )
    is_of_bills = cause.finding not in BY_EVENT
    # relief for bills is one, whichever finding of them came first
    alike = RELIEF.keys() - BY_EVENT if is_of_bills else {cause.finding}
    return bool(alike & response.keeps) and is_found


def _is_the_same(cause: Cause, refused: Cause) -> bool:
    """Whether what was refused is proposed: the same event, or bills of which none is newer."""
    if cause.event is not None:
        return cause.event == refused.event
    return (
        cause.bills_until is not None
        and refused.bills_until is not None
        and cause.bills_until <= refused.bills_until
    )


def _can_go_on(line: _Line, case_id: str) -> bool:
    return (
        line.case_id == case_id
        and line.status is ReliefStatus.WITHDRAWN
        and line.withdrawn_from is not None
    )


def _values(line: _Line) -> dict[str, object]:
    from_ = None if line.withdrawn_from is None else line.withdrawn_from.value
    return {
        "new_status": line.status.value,
        "new_withdrawn_from": from_,
        "new_bills_until": line.cause.bills_until,
    }
