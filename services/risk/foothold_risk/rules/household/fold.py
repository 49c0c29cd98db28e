"""Adds a fact to a household.

The result depends on the set of facts only, never on the order in which they came.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, assert_never

import msgspec

from foothold_risk.rules.calendar import KEPT_MONTHS, month_of, shanghai_day
from foothold_risk.rules.household import from_fact as hold
from foothold_risk.rules.household.ageing import (
    is_still_needed,
    is_too_old,
    may_correct,
    young,
    young_or_open,
    young_or_standing,
)
from foothold_risk.rules.household.facts import (
    Authorisation,
    Claim,
    Disaster,
    Grading,
    HeldFact,
    Income,
    Register,
    Report,
    Spending,
    Withdrawal,
)
from foothold_risk.rules.household.household import Household, fresh, with_answers
from foothold_risk.rules.household.packed import Version, version_key
from foothold_risk.rules.household.sources import puts_right
from foothold_risk.rules.household.statements import (
    UNNAMED,
    Names,
    Statement,
    called,
    event_of,
    is_told_with_month,
    latest_of_each,
    said_by,
    stays_told_twice,
)
from foothold_schemas.facts.checks import (
    AssetsChecked,
    GuaranteeChecked,
    HouseholdGraded,
    SpendingReported,
)
from foothold_schemas.facts.decisions import (
    AuthorisationGiven,
    AuthorisationRefused,
    CaseDecided,
    FindingExempted,
    MeasureDelivered,
    ReliefPaid,
)
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import (
    AGEING,
    DisasterStruck,
    FactsRetracted,
    HouseholdFact,
    IncomeReported,
    MedicalClaimSettled,
)
from foothold_schemas.facts.register import HouseholdRegistered, MembershipDisputed
from foothold_schemas.facts.reports import RiskReported

MOST_FACTS: Final = 4_000
"""Of agencies, for one household within 25 months: a hundred times as many as a household of the
pilot counties has (I). Its state then is smaller than what Kafka takes as one record, even where
nothing of it can be compressed."""
MOST_WITHDRAWN: Final = 4_000
"""Facts taken back or corrected, within the same time (I)."""
MOST_REPLACED: Final = 3
"""Register entries, and words on the authorisation, that others have replaced (I): so many may be
taken back before nothing is known any more."""
_FIELDS: Final = (
    "incomes",
    "claims",
    "spendings",
    "disasters",
    "checks",
    "gradings",
    "assets",
    "reports",
)


class TakingBack(StrEnum):
    """What comes of a fact when it is taken back."""

    GONE = "gone"
    """It counts no more, as if it had never come."""
    ONE_BEFORE = "one_before"
    """It counts no more, and the one it replaced counts again."""
    NEVER = "never"
    """It stands: what people decided is undone by what they decide next, a ticket ends by its end,
    and a retraction by sending the fact anew."""


def taking_back(fact: HouseholdFact) -> TakingBack:
    """The rule of each kind."""
    match fact:
        case IncomeReported() | MedicalClaimSettled() | SpendingReported() | DisasterStruck():
            return TakingBack.GONE
        case (
            GuaranteeChecked()
            | HouseholdGraded()
            | AssetsChecked()
            | RiskReported()
            | MeasureDelivered()
        ):
            return TakingBack.GONE
        case HouseholdRegistered() | AuthorisationGiven() | AuthorisationRefused():
            return TakingBack.ONE_BEFORE
        case (
            CaseDecided()
            | FindingExempted()
            | ReliefPaid()
            | MembershipDisputed()
            | FactsRetracted()
        ):
            return TakingBack.NEVER
        case _:
            assert_never(fact)


class Folded(StrEnum):
    """What became of a fact.

    `replaced`: it says otherwise than what counted under its name; `repeated`: it says the same
    under an id of its own.
    """

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    TOO_OLD = "too_old"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ID_REUSED = "id_reused"
    FULL = "full"
    REPEATED = "repeated"
    REPLACED = "replaced"


def fold(
    household: Household,
    record: FactRecord,
    fact: HouseholdFact,
    open_day: date | None,
    names: Names = UNNAMED,
) -> tuple[Household, Folded]:
    """The household with the fact.

    Facts older than 25 months before the open day stay out, but for what they may correct.

    `names`: what policy calls income items. What counts is the same whatever they are; they say
    whether it replaced something.
    """
    identity = bytes.fromhex(record.fact_id)
    held = _held(record, fact, identity)
    if household.knows(identity):
        return household, (
            Folded.ID_REUSED
            if held is not None and _says_otherwise(household, *held)
            else Folded.DUPLICATE
        )
    if _is_full(household, fact, len(record.withdraws)):
        return household, Folded.FULL
    before = household
    if record.withdraws:
        household = _withdraw(household, record, identity)
    if held is not None and isinstance(held[1], Claim | Spending | Disaster | Grading | Report):
        household, held = _known_by_first_name(before, household, record, held[0], held[1])
    if taking_back(fact) is not TakingBack.NEVER and household.has_withdrawn(identity):
        return household, Folded.WITHDRAWN
    if held is not None:
        return _add(household, *held, open_day, names)
    return _without_replacing(household, record, fact, identity, open_day)


def _without_replacing(
    household: Household,
    record: FactRecord,
    fact: HouseholdFact,
    identity: bytes,
    open_day: date | None,
) -> tuple[Household, Folded]:
    """Facts of the register and of people: the latest counts, or each by itself."""
    match fact:
        case HouseholdRegistered():
            return _latest_register(household, hold.register(record, fact, identity), open_day)
        case AuthorisationGiven() | AuthorisationRefused():
            return _last_word(household, hold.authorisation(record, fact, identity))
        case MeasureDelivered():
            return _add(household, "measures", hold.measure(fact, identity), open_day)
        case MembershipDisputed():
            return (
                fresh(household, tickets=(*household.tickets, hold.ticket(fact, identity))),
                Folded.APPLIED,
            )
        case FactsRetracted():
            return household, Folded.APPLIED
        case CaseDecided() | FindingExempted() | ReliefPaid():
            return fresh(household, noted=(*household.noted, identity)), Folded.APPLIED
        case _:
            raise AssertionError(f"{fact.kind} is held by nobody")


def _is_full(household: Household, fact: HouseholdFact, withdraws: int) -> bool:
    """Whether the household holds so much already that this would be more than its state may weigh.

    What people decide and the register say is never too much; what an agency takes back or corrects
    is, once it has taken back as much before.
    """
    if withdraws and len(household.withdrawn) + withdraws > MOST_WITHDRAWN:
        return True
    if isinstance(fact, FactsRetracted) or type(fact) not in AGEING:
        return False
    return sum(len(getattr(household, field)) for field in _FIELDS) >= MOST_FACTS + withdraws


_HELD: Final[Mapping[type[HouseholdFact], tuple[str, Callable[..., HeldFact]]]] = MappingProxyType(
    {
        IncomeReported: ("incomes", hold.income),
        MedicalClaimSettled: ("claims", hold.claim),
        SpendingReported: ("spendings", hold.spending),
        DisasterStruck: ("disasters", hold.disaster),
        GuaranteeChecked: ("checks", hold.check),
        HouseholdGraded: ("gradings", hold.grading),
        AssetsChecked: ("assets", hold.assets),
        RiskReported: ("reports", hold.report),
    }
)
"""What an agency may replace or take back, where it is held, and how it is made of the fact. Of
register entries and the household's own word the latest counts."""


def _held(record: FactRecord, fact: HouseholdFact, identity: bytes) -> tuple[str, HeldFact] | None:
    """The fact as it is held, and where; None of one that nobody may replace."""
    if type(fact) not in _HELD:
        return None
    field, made_of = _HELD[type(fact)]
    return field, made_of(record, fact, identity)


def _says_otherwise(household: Household, field: str, fact: HeldFact) -> bool:
    """Whether another body came under an id that is known.

    When an event was sent does not matter, and what was withdrawn is gone.
    """
    known = next((f for f in getattr(household, field) if f.fact_id == fact.fact_id), None)
    return known is not None and _unversioned(known) != _unversioned(fact)


def _unversioned(fact: HeldFact) -> HeldFact:
    """Return the fact without what says which version it is.

    What states written before versions were kept do not have is left out as well.
    """
    since = {
        "version": Version(),
        "time_ms": 0,
        "agency": "",
        "name": b"",
        "claim_number": b"",
        "has_month": True,
        "known_as": "",
    }
    return msgspec.structs.replace(
        fact, **{field: value for field, value in since.items() if field in fact.__struct_fields__}
    )


def _withdraw(household: Household, record: FactRecord, by: bytes) -> Household:
    """Without the facts it replaces or takes back, which need not have come yet.

    What is withdrawn stays so: a correction may be corrected in turn.
    """
    named = {bytes.fromhex(fact_id) for fact_id in record.withdraws}
    month = month_of(shanghai_day(record.recorded_time))
    left = {
        field: tuple(f for f in getattr(household, field) if f.fact_id not in named)
        for field in (*_FIELDS, "measures")
    }
    entries = tuple(e for e in household.all_entries if e.fact_id not in named)
    words = tuple(w for w in household.words_said if w.fact_id not in named)
    return fresh(
        household,
        withdrawn=(
            *household.withdrawn,
            *(Withdrawal(fact_id, by, month) for fact_id in sorted(named)),
        ),
        register=entries[-1] if entries else None,
        entries=entries[:-1],
        authorisation=words[-1] if words else None,
        said=words[:-1],
        **left,
    )


def _known_by_first_name(
    before: Household,
    household: Household,
    record: FactRecord,
    field: str,
    fact: Claim | Spending | Disaster | Grading | Report,
) -> tuple[Household, tuple[str, HeldFact]]:
    """What was amended to another number, day or hazard is the same event, by its first name.

    That is a bill, a cost, a disaster, a review or a report, held in `field`. In any order of
    arrival: the name goes on to what amended it before it came.
    """
    named = {bytes.fromhex(fact_id) for fact_id in record.withdraws}
    amended = (f for f in getattr(before, field) if f.fact_id in named)
    first = min((f.known_as or f.own_name for f in amended), default="")
    if first != fact.own_name:
        fact = msgspec.structs.replace(fact, known_as=first)
    by = {w.fact_id: w.by for w in reversed(household.withdrawn)}
    last, seen = fact.fact_id, set[bytes]()
    while last in by and last not in seen:
        seen.add(last)
        last = by[last]
    if seen:
        name = first or fact.own_name
        household = fresh(
            household,
            **{
                field: tuple(
                    msgspec.structs.replace(f, known_as=name)
                    if f.fact_id == last and f.own_name != name
                    else f
                    for f in getattr(household, field)
                )
            },
        )
    return household, (field, fact)


def _add(
    household: Household, field: str, fact: HeldFact, open_day: date | None, names: Names = UNNAMED
) -> tuple[Household, Folded]:
    facts = getattr(household, field)
    added = fresh(household, **{field: (*facts, fact)})
    if (
        open_day is not None
        and is_too_old(fact, open_day)
        and not is_still_needed(facts, fact, open_day, names)
    ):
        return (added if may_correct(fact, open_day) else household), Folded.TOO_OLD
    if not isinstance(fact, Statement):
        return added, Folded.APPLIED
    if isinstance(fact, Income):
        *facts, fact = called((*facts, fact), names)
    if isinstance(fact, Report):
        added = with_answers(added)
    return added, _beside(facts, fact)


def _beside(facts: Sequence[Any], fact: Statement) -> Folded:
    """What a statement does to those of its kind."""
    outcome = (
        _as_version(versions, fact)
        if (versions := [f for f in facts if event_of(f) == event_of(fact)])
        else Folded.APPLIED
    )
    if outcome is Folded.REPLACED:
        return outcome
    is_replacing = isinstance(fact, Income) and puts_right(facts, fact)
    if outcome in (Folded.APPLIED, Folded.REPEATED):
        is_replacing = is_replacing or (isinstance(fact, Claim) and _is_told_twice(facts, fact))
    if outcome is Folded.APPLIED and isinstance(fact, Income):
        alike = [i for i in facts if (i.amount, i.expense) == (fact.amount, fact.expense)]
        outcome = Folded.REPEATED if alike and is_told_with_month(alike, fact) else outcome
    return Folded.REPLACED if is_replacing else outcome


def _as_version(versions: Sequence[Any], fact: Any) -> Folded:  # noqa: ANN401 - of one kind, whichever
    """Whether it replaces what counted under its name, says the same, or is older than what counts.

    Of a disaster it is one, whoever sends it.
    """
    before, after = said_by(versions), said_by([*versions, fact])
    if before != after:
        return Folded.REPLACED
    return Folded.REPEATED if said_by([fact]) == after else Folded.SUPERSEDED


def _is_told_twice(claims: Sequence[Claim], bill: Claim) -> bool:
    """Return whether another sender billed the same stay with the same total.

    One bill then corrects the other.
    """
    if bill.stay is None:
        return False
    bills = [c for c in claims if (c.stay, c.person_ref) == (bill.stay, bill.person_ref)]
    return any(
        bill in (*first, *others)
        for first, others in stays_told_twice(latest_of_each([*bills, bill]), ())
    )


def _last_word(household: Household, word: Authorisation) -> tuple[Household, Folded]:
    words = sorted((*household.words_said, word), key=lambda w: w.order)
    changed = fresh(household, authorisation=words[-1], said=tuple(words[-1 - MOST_REPLACED : -1]))
    return changed, Folded.APPLIED if words[-1] is word else Folded.SUPERSEDED


def _latest_register(
    household: Household, register: Register, open_day: date | None
) -> tuple[Household, Folded]:
    entries = sorted((*household.all_entries, register), key=version_key)
    since = household.since if household.register is not None else open_day
    entered = fresh(
        household,
        register=entries[-1],
        entries=tuple(entries[-1 - MOST_REPLACED : -1]),
        since=since,
    )
    return entered, Folded.APPLIED if entries[-1] is register else Folded.SUPERSEDED


def forget_old(household: Household, open_day: date, names: Names = UNNAMED) -> Household:
    """Without the facts that lie more than 25 months back.

    The last checks, the last two reviews and yearly incomes stay true until the next, and a few
    more of each stay for the case that one is taken back.

    `names`: what policy calls income items.

    Of a guarantee also when it was met and unmet by turns: what was never met cannot be lost. A
    report stays until people have answered it.
    """
    return fresh(
        household,
        incomes=young(household.incomes, open_day, names),
        claims=young(household.claims, open_day),
        spendings=young(household.spendings, open_day),
        disasters=young(household.disasters, open_day),
        reports=young_or_open(household.reports, household.unanswered, open_day),
        checks=young_or_standing(household.checks, open_day),
        withdrawn=tuple(
            w for w in household.withdrawn if w.month >= month_of(open_day) - KEPT_MONTHS
        ),
        assets=young_or_standing(household.assets, open_day),
        gradings=young_or_standing(household.gradings, open_day),
    )
