"""From a fact as it stands in the log to the form a household holds it in."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from foothold_risk.rules.calendar import (
    WINDOW_MONTHS,
    month_from_text,
    month_of,
    shanghai_day,
    until,
)
from foothold_risk.rules.household.facts import (
    AssetCheck,
    Authorisation,
    Check,
    Claim,
    Cover,
    Disaster,
    Grading,
    Income,
    Measure,
    Member,
    Project,
    Register,
    Report,
    Spending,
    Ticket,
)
from foothold_risk.rules.household.packed import Version
from foothold_schemas.facts.checks import (
    AssetsChecked,
    GuaranteeChecked,
    HouseholdGraded,
    SpendingReported,
)
from foothold_schemas.facts.decisions import (
    AuthorisationGiven,
    AuthorisationRefused,
    MeasureDelivered,
)
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import DisasterStruck, IncomeReported, MedicalClaimSettled
from foothold_schemas.facts.register import HouseholdRegistered, MembershipDisputed, TicketState
from foothold_schemas.facts.register import Member as MemberEntry
from foothold_schemas.facts.reports import RiskReported

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def version_of(record: FactRecord) -> Version:
    """Its version key without the id, to the microsecond: a float of seconds would not keep it."""
    return Version(
        (record.time - _EPOCH) // _MICROSECOND,
        (record.recorded_time - _EPOCH) // _MICROSECOND,
        record.place or (),
    )


def digest(*names: str | None) -> bytes:
    """Eight bytes for names of a sender's, which a household need only tell apart.

    None is another than any name.
    """
    return hashlib.blake2b(
        "\n".join("~" if name is None else name for name in names).encode(), digest_size=8
    ).digest()


def register(record: FactRecord, fact: HouseholdRegistered, identity: bytes) -> Register:
    """A snapshot."""
    return Register(
        fact_id=identity,
        time_ms=0,
        authority=fact.authority,
        register_number=fact.register_number,
        area=fact.area,
        standing=fact.standing,
        members=tuple(_member(m) for m in fact.members),
        projects=tuple(Project(p.project, int(p.invested), p.invested_on) for p in fact.projects),
        day=shanghai_day(record.time),
        covers=tuple(
            Cover(c.cover, c.from_day, until(c.until_day), c.person_ref, c.project)
            for c in fact.covers
        ),
        one_budget_with=fact.one_budget_with,
        residence=fact.residence,
        version=version_of(record),
    )


def _member(entry: MemberEntry) -> Member:
    return Member(
        person_ref=entry.person_ref,
        joined_on=entry.joined_on,
        left_on=until(entry.left_on),
        is_counted=entry.absence is None,
        is_registered=entry.is_registered,
        shares_budget=entry.shares_budget,
        birth_month=None if entry.birth_month is None else month_from_text(entry.birth_month),
        can_work=entry.can_work,
        is_insured=entry.is_insured,
        at_school=entry.at_school,
    )


def income(record: FactRecord, fact: IncomeReported, identity: bytes) -> Income:
    """Return the money, in the month it was earned for where the sender says so.

    Else it is in the month it happened.
    """
    day = shanghai_day(record.time)
    return Income(
        fact_id=identity,
        agency=record.agency,
        category=fact.category,
        item=fact.item,
        amount=int(fact.amount),
        expense=int(fact.operating_expense),
        last_month=(
            month_of(day) if fact.earned_month is None else month_from_text(fact.earned_month)
        ),
        months=WINDOW_MONTHS if fact.is_yearly else 1,
        day=day,
        person_ref=fact.person_ref,
        project=fact.project,
        until_month=None if fact.until_month is None else month_from_text(fact.until_month),
        version=version_of(record),
        name=_name(record, fact.person_ref, fact.statement_number),
        has_month=fact.earned_month is not None,
        claim_number=b"" if fact.claim_number is None else digest(fact.claim_number),
        stay=fact.stay,
    )


def _name(record: FactRecord, person_ref: str | None, statement_number: str | None) -> bytes:
    """Of the sender, person and statement number.

    A name without a person belongs to the household.
    """
    return b"" if statement_number is None else digest(record.agency, person_ref, statement_number)


def claim(record: FactRecord, fact: MedicalClaimSettled, identity: bytes) -> Claim:
    """A bill; its business key makes a repeat under a new event id the same bill."""
    return Claim(
        fact_id=identity,
        business_key=digest(record.agency, fact.claim_number),
        day=fact.settled_on,
        setting=fact.setting,
        total=int(fact.total),
        in_scope=None if fact.in_scope is None else int(fact.in_scope),
        paid=fact.paid.total,
        person_ref=fact.person_ref,
        stay=fact.stay,
        layers=tuple(int(layer) for layer in fact.paid.layers) if fact.paid.total else (),
        version=version_of(record),
        agency=record.agency,
        claim_number=digest(fact.claim_number),
    )


def spending(record: FactRecord, fact: SpendingReported, identity: bytes) -> Spending:
    """Spending other than medical bills."""
    return Spending(
        fact_id=identity,
        category=fact.category,
        day=fact.spent_on,
        total=int(fact.total),
        covered=int(fact.covered),
        person_ref=fact.person_ref,
        version=version_of(record),
        agency=record.agency,
        name=_name(record, fact.person_ref, fact.statement_number),
    )


def disaster(record: FactRecord, fact: DisasterStruck, identity: bytes) -> Disaster:
    """What struck."""
    return Disaster(
        fact_id=identity,
        day=fact.struck_on,
        hazard=fact.hazard,
        home=fact.home,
        main_worker=fact.main_worker,
        loss=None if fact.loss is None else int(fact.loss),
        is_verified=fact.is_verified,
        version=version_of(record),
        agency=record.agency,
    )


def check(record: FactRecord, fact: GuaranteeChecked, identity: bytes) -> Check:
    """A guarantee looked at."""
    return Check(identity, fact.guarantee, fact.is_met, fact.checked_on, version=version_of(record))


def grading(record: FactRecord, fact: HouseholdGraded, identity: bytes) -> Grading:
    """A village review."""
    s = fact.scores
    scores = (s.production, s.health, s.education, s.security, s.income)
    return Grading(
        identity, fact.grade, scores, fact.graded_on, 0, fact.is_explained, version_of(record)
    )


def assets(record: FactRecord, fact: AssetsChecked, identity: bytes) -> AssetCheck:
    """What was found; an asset held because a member is disabled does not count."""
    return AssetCheck(
        identity,
        tuple(a.asset for a in fact.assets if not a.is_for_disability),
        fact.checked_on,
        version=version_of(record),
    )


def report(record: FactRecord, fact: RiskReported, identity: bytes) -> Report:
    """Trouble somebody told of."""
    return Report(identity, fact.reported_on, fact.route, fact.concern, version_of(record))


def ticket(fact: MembershipDisputed, identity: bytes) -> Ticket:
    """A doubt about who belongs where, or its end."""
    return Ticket(identity, fact.ticket, fact.state is TicketState.OPEN)


def measure(fact: MeasureDelivered, identity: bytes) -> Measure:
    """Help delivered."""
    return Measure(identity, fact.measure, fact.against, fact.delivered_on)


def authorisation(
    record: FactRecord, fact: AuthorisationGiven | AuthorisationRefused, identity: bytes
) -> Authorisation:
    """The household's word."""
    match fact:
        case AuthorisationGiven():
            return Authorisation(
                identity, fact.signed_on, 0, is_given=True, version=version_of(record)
            )
        case AuthorisationRefused():
            return Authorisation(
                identity, fact.refused_on, 0, is_given=False, version=version_of(record)
            )
