"""Taking a decision back: a dismissal, by the township or above.

An elimination, by two people of the county, also after a visit alone.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from foothold_alerts.rules.acts.two import TwoNo, second_word, taken_back
from foothold_alerts.rules.case import BEFORE_IDENTIFIED, Case, Role, Signed, Stage
from foothold_schemas.facts.decisions import Decision

REOPEN: Final = "reopen"
ROLL_BACK: Final = "roll_back"


class BackNo(StrEnum):
    """Why not."""

    ROLE = "role"
    NOTE = "note"
    MEMBER_DISPUTED = "member_disputed"


@dataclass(frozen=True, slots=True)
class Back:
    """The case after it, and what risk is told.

    Nothing while a second person has still to say the same.
    """

    case: Case
    decision: Decision | None = None


def reopen(
    case: Case, signed: Signed, due_on: date, today: date | None = None
) -> Back | BackNo | TwoNo | None:
    """A dismissed case is checked again, by the usual limit from today.

    None: it does not fit the case.
    """
    if case.stage is not Stage.DISMISSED:
        return None
    if signed.role is Role.VILLAGE:
        return BackNo.ROLE
    if not signed.note:
        return BackNo.NOTE
    waits = second_word(case, signed.by, REOPEN)
    if waits is not None:
        return Back(waits) if isinstance(waits, Case) else waits
    opened = replace(
        taken_back(case),
        stage=Stage.VERIFYING,
        close_reason=None,
        due_on=due_on,
        settle_from=today or case.settle_from,
        stood_still=(),
    )
    return Back(opened, Decision.REOPENED)


def roll_back(
    case: Case, signed: Signed, today: date, *, is_disputed: bool
) -> Back | BackNo | TwoNo | None:
    """An eliminated household is monitored again.

    An open lead becomes its case; else risk opens one. None: it does not fit the case.
    """
    if case.stage is not Stage.ELIMINATED and case.stage not in BEFORE_IDENTIFIED:
        return None
    if (no := _not_rolled_back(signed, is_disputed=is_disputed)) is not None:
        return no
    if case.proposed_what != ROLL_BACK:
        return Back(replace(case, proposed_by=signed.by, proposed_what=ROLL_BACK))
    if case.proposed_by == signed.by:
        return TwoNo.SAME_PERSON
    after = taken_back(case)
    if case.stage in BEFORE_IDENTIFIED:
        after = replace(after, stage=Stage.IDENTIFIED, identified_on=today)
    return Back(after, Decision.ROLLED_BACK)


def _not_rolled_back(signed: Signed, *, is_disputed: bool) -> BackNo | None:
    if signed.role is not Role.COUNTY:
        return BackNo.ROLE
    return BackNo.NOTE if not signed.note else BackNo.MEMBER_DISPUTED if is_disputed else None
