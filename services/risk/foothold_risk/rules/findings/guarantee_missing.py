"""A guarantee of the household or of a member is missing.

One of the guarantees is reported not met, a child of school age is out of school, or a member has
no basic medical insurance.
"""

from collections.abc import Mapping

from foothold_risk.rules.calendar import month_of
from foothold_risk.rules.findings.finding import Finding, Rule, Words
from foothold_risk.rules.household.facts import Check, HeldFact, Member, Register
from foothold_risk.rules.household.fold import MOST_REPLACED
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.findings import FindingKind
from foothold_schemas.titles import title
from foothold_schemas.values import Sentence


def find(view: HouseholdOnDay) -> Finding[Words] | None:
    """The last check of a guarantee counts; what the register tells of its members counts as well.

    Not told is not missing.
    """
    counted = view.policy.guarantee_missing_guarantees
    if counted is None:
        return None
    latest = last_checks(view.household)
    missing = {g for g, check in latest.items() if not check.is_met}
    registered = {g for g, _ in by_register(view)}
    missing = (missing | registered) & counted.value
    if not missing:
        return None
    facts: tuple[HeldFact, ...] = tuple(
        latest[g] for g in Guarantee if g in missing and g in latest and not latest[g].is_met
    )
    if registered & missing:
        facts = (*facts, view.register)
    names = ", ".join(g.value for g in Guarantee if g in missing)
    return Finding(
        FindingKind.GUARANTEE_MISSING,
        Words(names, counted.text, "guarantees"),
        None,
        counted,
        facts,
    )


def by_register(view: HouseholdOnDay) -> list[tuple[Guarantee, str]]:
    """Return whose guarantee is missing by the register.

    That is each child out of school and each member without basic insurance.
    """
    counted, here = view.policy.guarantee_missing_guarantees, view.register.here(view.day)
    if counted is None:
        return []
    missing = [(Guarantee.EDUCATION, m.person_ref) for m in here if _is_out_of_school(m, view)]
    missing += [(Guarantee.MEDICAL_INSURANCE, m.person_ref) for m in here if m.is_insured is False]
    return [(g, person) for g, person in missing if g in counted.value]


def last_checks(household: Household) -> Mapping[Guarantee, Check]:
    """The last check of each guarantee somebody looked at."""
    return {check.guarantee: check for check in sorted(household.checks, key=lambda c: c.order)}


def is_lost(view: HouseholdOnDay) -> bool:
    """Whether a guarantee that counts was met once and is not met now.

    By checks, or of a member by the register.
    """
    counted, latest = view.policy.guarantee_missing_guarantees, last_checks(view.household)
    is_by_check = counted is not None and any(
        not latest[c.guarantee].is_met
        for c in view.household.checks
        if c.is_met and c.guarantee in counted.value
    )
    return is_by_check or any(
        was_met(guarantee, person, view) for guarantee, person in by_register(view)
    )


def was_met(guarantee: Guarantee, person: str, view: HouseholdOnDay) -> bool:
    """Whether a member's guarantee the register calls unmet was met by it before.

    By an entry that is kept, or as the position remembers it.
    """
    name, entries = f"{guarantee} {person}", view.household.entries
    if len(entries) == MOST_REPLACED and any(
        e.name == name and e.states for e in view.household.position.members
    ):
        return True  # said by an entry that may be forgotten by now
    return any(says_met(guarantee, person, entry) for entry in entries)


def says_met(guarantee: str, person: str, entry: Register) -> bool:
    """Whether an entry says in so many words that a member is insured, or at school."""
    return any(
        (m.is_insured if guarantee == Guarantee.MEDICAL_INSURANCE else m.at_school) is True
        for m in entry.members
        if m.person_ref == person
    )


def _is_out_of_school(member: Member, view: HouseholdOnDay) -> bool:
    low, high = view.policy.child_age_from, view.policy.child_age_below
    if member.at_school is not False or member.birth_month is None or low is None or high is None:
        return False
    return low.value * 12 <= month_of(view.day) - member.birth_month < high.value * 12


def explain(finding: Finding[Words], _view: HouseholdOnDay, _currency: Sentence) -> Sentence:
    """Name what is missing."""
    names = [Guarantee(name) for name in finding.measure.value.split(", ")]
    return Sentence(
        zh=f"保障未落实：{'、'.join(title(g).zh for g in names)}。",
        en=f"Not met: {', '.join(title(g).en for g in names)}.",
    )


RULE = Rule(
    FindingKind.GUARANTEE_MISSING,
    is_risk=True,
    is_shock=False,
    needs_income=False,
    find=find,
    explain=explain,
)
