"""From a fact as it stands in the log to the form a household holds it in."""

import hashlib

from foothold_risk.rules.calendar import WINDOW_MONTHS, month_from_text, month_of, shanghai_day, until
from foothold_risk.rules.held import (
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
from foothold_schemas.checks import AssetsChecked, GuaranteeChecked, HouseholdGraded, SpendingReported
from foothold_schemas.decisions import AuthorisationGiven, AuthorisationRefused, MeasureDelivered
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import DisasterStruck, IncomeReported, MedicalClaimSettled
from foothold_schemas.register import HouseholdRegistered, MembershipDisputed, TicketState
from foothold_schemas.register import Member as MemberEntry
from foothold_schemas.reports import RiskReported


def _time_ms(record: FactRecord) -> int:
    return round(record.time.timestamp() * 1000)


def register(record: FactRecord, fact: HouseholdRegistered, identity: bytes) -> Register:
    """A snapshot."""
    return Register(
        fact_id=identity,
        time_ms=_time_ms(record),
        authority=fact.authority,
        register_number=fact.register_number,
        area=fact.area,
        standing=fact.standing,
        members=tuple(_member(m) for m in fact.members),
        projects=tuple(Project(p.project, int(p.invested), p.invested_on) for p in fact.projects),
        day=shanghai_day(record.time),
        covers=tuple(Cover(c.cover, c.from_day, until(c.until_day), c.person_ref, c.project) for c in fact.covers),
        one_budget_with=fact.one_budget_with,
        residence=fact.residence,
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
    """Money, in the month it was earned for where the sender says so, else in the month it happened."""
    day = shanghai_day(record.time)
    return Income(
        fact_id=identity,
        agency=record.agency,
        category=fact.category,
        item=fact.item,
        amount=int(fact.amount),
        expense=int(fact.operating_expense),
        last_month=month_of(day) if fact.earned_month is None else month_from_text(fact.earned_month),
        months=WINDOW_MONTHS if fact.is_yearly else 1,
        day=day,
        person_ref=fact.person_ref,
        project=fact.project,
        until_month=None if fact.until_month is None else month_from_text(fact.until_month),
    )


def claim(record: FactRecord, fact: MedicalClaimSettled, identity: bytes) -> Claim:
    """A bill; its business key makes a repeat under a new event id the same bill."""
    return Claim(
        fact_id=identity,
        business_key=hashlib.blake2b(f"{record.agency}\n{fact.claim_number}".encode(), digest_size=8).digest(),
        day=fact.settled_on,
        setting=fact.setting,
        total=int(fact.total),
        in_scope=None if fact.in_scope is None else int(fact.in_scope),
        paid=fact.paid.total,
        person_ref=fact.person_ref,
        stay=fact.stay,
        layers=tuple(int(layer) for layer in fact.paid.layers) if fact.paid.total else (),
        time_ms=_time_ms(record),
    )


def spending(fact: SpendingReported, identity: bytes) -> Spending:
    """Spending other than medical bills."""
    return Spending(identity, fact.category, fact.spent_on, int(fact.total), int(fact.covered), fact.person_ref)


def disaster(fact: DisasterStruck, identity: bytes) -> Disaster:
    """What struck."""
    return Disaster(
        fact_id=identity,
        day=fact.struck_on,
        hazard=fact.hazard,
        home=fact.home,
        main_worker=fact.main_worker,
        loss=None if fact.loss is None else int(fact.loss),
        is_verified=fact.is_verified,
    )


def check(record: FactRecord, fact: GuaranteeChecked, identity: bytes) -> Check:
    """A guarantee looked at."""
    return Check(identity, fact.guarantee, fact.is_met, fact.checked_on, _time_ms(record))


def grading(record: FactRecord, fact: HouseholdGraded, identity: bytes) -> Grading:
    """A village review."""
    s = fact.scores
    return Grading(identity, fact.grade, (s.production, s.health, s.education, s.security, s.income), fact.graded_on, _time_ms(record), fact.is_explained)


def assets(record: FactRecord, fact: AssetsChecked, identity: bytes) -> AssetCheck:
    """What was found; an asset held because a member is disabled does not count."""
    return AssetCheck(identity, tuple(a.asset for a in fact.assets if not a.is_for_disability), fact.checked_on, _time_ms(record))


def report(fact: RiskReported, identity: bytes) -> Report:
    """Trouble somebody told of."""
    return Report(identity, fact.reported_on, fact.route, fact.concern)


def ticket(fact: MembershipDisputed, identity: bytes) -> Ticket:
    """A doubt about who belongs where, or its end."""
    return Ticket(identity, fact.ticket, fact.state is TicketState.OPEN)


def measure(fact: MeasureDelivered, identity: bytes) -> Measure:
    """Help delivered."""
    return Measure(identity, fact.measure, fact.against, fact.delivered_on)


def authorisation(record: FactRecord, fact: AuthorisationGiven | AuthorisationRefused, identity: bytes) -> Authorisation:
    """The household's word."""
    match fact:
        case AuthorisationGiven():
            return Authorisation(identity, fact.signed_on, _time_ms(record), is_given=True)
        case AuthorisationRefused():
            return Authorisation(identity, fact.refused_on, _time_ms(record), is_given=False)
