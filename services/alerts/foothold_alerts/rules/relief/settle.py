"""What of a relief is to come back: what was paid beyond what is allowed.

Allowed is the least of everything that is known to bound it.

| bound | known |
|---|---|
| the actual cost by papers | once the papers of an advance are there |
| what the household bore for it, by its statements of now | while risk says it; 0 without any |
| the county's scale and ceiling | where its workflow names them |

What the household bore counts in the year before the payment. So a bill that is amended or taken
back changes it, and a turned month does not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from foothold_alerts.rules.relief.causes import BY_EVENT
from foothold_alerts.rules.relief.relief import Relief
from foothold_alerts.rules.workflow import Limits
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen

_YEAR: Final = timedelta(days=366)
HEARD_FOR: Final = timedelta(days=330)
"""So long after a payment risk still holds every statement of the year before it; later an older
one may be gone only because it is old."""
_MEDICAL: Final = frozenset({"medical"})
_BORNE: Final[Mapping[FindingKind, frozenset[str]]] = {
    FindingKind.DISASTER_LOSS: frozenset({"disaster"}),
    FindingKind.SELF_PAID_HIGH: _MEDICAL,
    FindingKind.SINGLE_STAY_HIGH: _MEDICAL,
    FindingKind.SELF_PAID_RATIO: _MEDICAL,
    FindingKind.RIGID_SPENDING_RATIO: frozenset(
        {"medical", "education", "rehabilitation", "accident"}
    ),
    FindingKind.EDUCATION_COST_HIGH: frozenset({"education"}),
}


def borne(
    cause: FindingKind,
    outlays: Iterable[Mapping[str, Any]],
    paid_on: date,
    event: str | None = None,
    *,
    bills_after: date | None = None,
) -> int | None:
    """What the household bore for the cause in the year up to the payment, in fen.

    None where it is not known, as a loss nobody has put a figure to.

    `outlays`: as risk says them, `day` and `amount` as texts. `event`: the disaster it was paid
    for, where relief names it; `bills_after`: the day of the newest bill that earlier relief was
    for, which are not this one's.
    """
    if cause not in _BORNE:
        return None
    since = paid_on - _YEAR if cause in BY_EVENT else max(paid_on - _YEAR, bills_after or date.min)
    of_kind = (
        o
        for o in outlays
        if o["kind"] in _BORNE[cause] and since < date.fromisoformat(o["day"]) <= paid_on
    )
    amounts = [
        o.get("amount")
        for o in of_kind
        if cause not in BY_EVENT or event is None or _is_of(event, o)
    ]
    return (
        None
        if None in amounts
        else sum(int(Fen.parse(amount)) for amount in amounts if amount is not None)
    )


def _is_of(event: str, outlay: Mapping[str, Any]) -> bool:
    """Whether it is of this disaster; one that names none, by its day."""
    borne_event: str | None = outlay.get("event")
    return event == borne_event if borne_event is not None else event.endswith(f" {outlay['day']}")


def settled(relief: Relief, limits: Limits) -> Relief:
    """The relief with what is to settle, from what is known of it now.

    Nothing before it is paid.
    """
    if relief.amount is None or relief.paid_by is None:
        return relief
    bounds = (relief.actual, relief.borne, limits.scale.get(relief.kind), limits.ceiling_fen)
    known = [bound for bound in bounds if bound is not None]
    return replace(
        relief,
        allowed=min(known) if known else None,
        to_settle=max(0, relief.amount - min(known)) if known else None,
    )
