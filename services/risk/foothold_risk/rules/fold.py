"""Adds a fact to a household. The result depends on the set of facts only, never on the order in which they came."""

import hashlib
from datetime import date
from enum import StrEnum
from typing import assert_never

import msgspec

from foothold_risk.rules.calendar import KEPT_MONTHS, WINDOW_MONTHS, month_from_text, month_of, shanghai_day
from foothold_risk.rules.household import Claim, Disaster, Household, Income, Member, Register
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import DisasterStruck, HouseholdFact, HouseholdRegistered, IncomeReported, MedicalClaimSettled


class Folded(StrEnum):
    """What became of a fact."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    TOO_OLD = "too_old"


def fold(household: Household, record: FactRecord, fact: HouseholdFact, open_day: date | None) -> tuple[Household, Folded]:
    """The household with the fact. Facts older than 25 months before the open day stay out."""
    identity = bytes.fromhex(record.fact_id)
    if household.knows(identity):
        return household, Folded.DUPLICATE
    match fact:
        case HouseholdRegistered():
            return _register(household, record, fact, identity)
        case IncomeReported():
            return _add(household, "incomes", _income(record, fact, identity), open_day)
        case MedicalClaimSettled():
            return _add(household, "claims", _claim(record, fact, identity), open_day)
        case DisasterStruck():
            return _add(household, "disasters", _disaster(fact, identity), open_day)
        case _:
            assert_never(fact)


def _add(household: Household, field: str, fact: Income | Claim | Disaster, open_day: date | None) -> tuple[Household, Folded]:
    if isinstance(fact, Claim) and any(c.business_key == fact.business_key for c in household.claims):
        return household, Folded.DUPLICATE
    if open_day is not None and _is_too_old(fact, open_day):
        return household, Folded.TOO_OLD
    return msgspec.structs.replace(household, **{field: (*getattr(household, field), fact)}), Folded.APPLIED


def forget_old(household: Household, open_day: date) -> Household:
    """Without the facts that lie more than 25 months back."""
    return msgspec.structs.replace(
        household,
        incomes=tuple(i for i in household.incomes if not _is_too_old(i, open_day)),
        claims=tuple(c for c in household.claims if not _is_too_old(c, open_day)),
        disasters=tuple(d for d in household.disasters if not _is_too_old(d, open_day)),
    )


def _is_too_old(fact: Income | Claim | Disaster, open_day: date) -> bool:
    month = fact.last_month if isinstance(fact, Income) else month_of(fact.day)
    return month < month_of(open_day) - KEPT_MONTHS


def _register(household: Household, record: FactRecord, fact: HouseholdRegistered, identity: bytes) -> tuple[Household, Folded]:
    register = Register(
        fact_id=identity,
        time_ms=round(record.time.timestamp() * 1000),
        authority=fact.authority,
        register_number=fact.register_number,
        area=fact.area,
        standing=fact.standing,
        members=tuple(Member(m.person_ref, m.joined_on, m.left_on, m.absence is None) for m in fact.members),
    )
    known = household.register
    if known is not None and (register.time_ms, register.fact_id) < (known.time_ms, known.fact_id):
        return household, Folded.SUPERSEDED
    return msgspec.structs.replace(household, register=register), Folded.APPLIED


def _income(record: FactRecord, fact: IncomeReported, identity: bytes) -> Income:
    day = shanghai_day(record.time)
    month = month_of(day) if fact.earned_month is None else month_from_text(fact.earned_month)
    return Income(
        fact_id=identity,
        agency=record.agency,
        category=fact.category,
        item=fact.item,
        amount=int(fact.amount),
        expense=int(fact.operating_expense),
        last_month=month,
        months=WINDOW_MONTHS if fact.is_yearly else 1,
        day=day,
    )


def _claim(record: FactRecord, fact: MedicalClaimSettled, identity: bytes) -> Claim:
    return Claim(
        fact_id=identity,
        business_key=hashlib.blake2b(f"{record.agency}\n{fact.claim_number}".encode(), digest_size=8).digest(),
        day=fact.settled_on,
        setting=fact.setting,
        total=int(fact.total),
        in_scope=None if fact.in_scope is None else int(fact.in_scope),
        paid=fact.paid.total,
    )


def _disaster(fact: DisasterStruck, identity: bytes) -> Disaster:
    return Disaster(
        fact_id=identity,
        day=fact.struck_on,
        hazard=fact.hazard,
        home=fact.home,
        main_worker=fact.main_worker,
        loss=None if fact.loss is None else int(fact.loss),
        is_verified=fact.is_verified,
    )
