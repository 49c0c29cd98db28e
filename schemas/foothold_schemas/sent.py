"""What may be sent, and by whom. Where the log names a person by a keyed hash, a sender may give the resident number instead: it ends at ingest."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from foothold_schemas.checks import AssetsChecked, GuaranteeChecked, HouseholdGraded, SpendingReported
from foothold_schemas.decisions import AuthorisationGiven, AuthorisationRefused, CaseDecided, FindingExempted, MeasureDelivered, ReliefPaid
from foothold_schemas.directory import Contact
from foothold_schemas.facts import (
    AreaStruck,
    DayOpened,
    DisasterStruck,
    FactsRetracted,
    FeedHeard,
    IncomeReported,
    MedicalClaimSettled,
    PeopleFact,
    PolicyAdopted,
)
from foothold_schemas.register import Belonging, CoverHeld, RegisterEntry
from foothold_schemas.reports import RiskReported
from foothold_schemas.values import Message, Name

ResidentNumber = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    Field(description="Resident number (GB 11643, 18 or 15 characters) or disability certificate number (20 or 22), always text."),
]


class NumberedPerson(Message):
    """A person named by number instead of by the sender's own `person_ref`."""

    resident_number: ResidentNumber | None = Field(default=None, description="Instead of `person_ref`. Without a subject it also tells the household.")


def _one_name(sent: "IncomeAsSent | ClaimAsSent | SpendingAsSent | ReportAsSent | CoverAsSent") -> None:
    if sent.resident_number is not None and sent.person_ref is not None:
        raise ValueError("a person is named by resident_number or by person_ref, not by both")


class IncomeAsSent(IncomeReported, NumberedPerson):
    """Income, of a household or of one person."""

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        _one_name(self)
        return self


class ClaimAsSent(MedicalClaimSettled, NumberedPerson):
    """A settled bill."""

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        _one_name(self)
        return self


class SpendingAsSent(SpendingReported, NumberedPerson):
    """Rigid spending."""

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        _one_name(self)
        return self


class ReportAsSent(RiskReported, NumberedPerson):
    """A report of trouble."""

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        _one_name(self)
        return self


class CoverAsSent(CoverHeld, NumberedPerson):
    """An insurance cover."""

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        _one_name(self)
        return self


class MemberAsSent(Belonging, NumberedPerson):
    """A member of a household."""

    person_ref: Name | None = None

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        if (self.resident_number is None) == (self.person_ref is None):
            raise ValueError("a member is named by resident_number or by person_ref, one of them")
        return self


class HouseholdRegistration(RegisterEntry):
    """The register's entry: with the contact, which goes into the directory and never into the log."""

    members: Annotated[tuple[MemberAsSent, ...], Field(min_length=1, max_length=60)]
    covers: tuple[CoverAsSent, ...] = Field(default=(), max_length=200)
    contact: Contact | None = None


PersonAsSent = IncomeAsSent | ClaimAsSent | SpendingAsSent | ReportAsSent
"""Kinds that may be about one person, whose number then tells the household."""

AgencySent = (
    PersonAsSent | HouseholdRegistration | DisasterStruck | GuaranteeChecked | HouseholdGraded | AssetsChecked | FactsRetracted | FeedHeard | AreaStruck
)

AGENCY_KINDS: dict[str, type[AgencySent]] = {
    "HouseholdRegistered": HouseholdRegistration,
    "IncomeReported": IncomeAsSent,
    "MedicalClaimSettled": ClaimAsSent,
    "SpendingReported": SpendingAsSent,
    "DisasterStruck": DisasterStruck,
    "GuaranteeChecked": GuaranteeChecked,
    "HouseholdGraded": HouseholdGraded,
    "AssetsChecked": AssetsChecked,
    "RiskReported": ReportAsSent,
    "FactsRetracted": FactsRetracted,
    "FeedHeard": FeedHeard,
    "AreaStruck": AreaStruck,
}
OPERATOR_KINDS: dict[str, type[DayOpened | PolicyAdopted | PeopleFact]] = {
    "DayOpened": DayOpened,
    "PolicyAdopted": PolicyAdopted,
    "AuthorisationGiven": AuthorisationGiven,
    "AuthorisationRefused": AuthorisationRefused,
    "CaseDecided": CaseDecided,
    "FindingExempted": FindingExempted,
    "MeasureDelivered": MeasureDelivered,
    "ReliefPaid": ReliefPaid,
}
"""What only the county itself may say: days, policies, and what its people decided and did."""
