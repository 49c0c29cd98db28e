"""What takes two people: putting aside a case that ever was in danger in its episode.

Both must say the same thing of the same facts.

The first word is kept on the case and does nothing else. Whatever happens to the case in between
takes it back, since the first of the two did not know of it.
"""

from dataclasses import replace
from enum import StrEnum

from foothold_alerts.rules.case import Case


class TwoNo(StrEnum):
    """Why not."""

    SAME_PERSON = "same_person"


def second_word(case: Case, by: str, what: str) -> Case | TwoNo | None:
    """None: nothing more is needed.

    Otherwise the case with the first word kept on it, or why it cannot be this person's.

    `what` names the act with everything it decides, so that a second person who decides otherwise
    begins anew.
    """
    if case.urgent_at is None:
        return None
    if case.proposed_what != what:
        return replace(case, proposed_by=by, proposed_what=what)
    return TwoNo.SAME_PERSON if case.proposed_by == by else None


def taken_back(case: Case) -> Case:
    """The case without a first word."""
    return replace(case, proposed_by=None, proposed_what=None)
