"""What may be sent, and by whom.

Where the log names a person by a keyed hash, a sender may give the resident number instead: it ends
at ingest.
"""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

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
from foothold_schemas.facts.directory import Contact
from foothold_schemas.facts.facts import (
    AreaStruck,
    DayOpened,
    DisasterStruck,
    FactsRetracted,
    FeedHeard,
    IncomeReported,
    MedicalClaimSettled,
    MedicalPayments,
    PeopleFact,
    PolicyAdopted,
)
from foothold_schemas.facts.register import Belonging, CoverHeld, ProjectShare, RegisterEntry
from foothold_schemas.facts.reports import RiskReported
from foothold_schemas.values import Fen, Message, Name

ResidentNumber = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    Field(
        description=(
            "Resident number (GB 11643, 18 or 15 characters) or disability certificate number (20"
            " or 22), always text."
        )
    ),
]


def _not_negative(amount: Fen) -> Fen:
    if amount < 0:
        raise ValueError(
            "this amount is not negative; to take something back send FactsRetracted with the id of"
            " its event"
        )
    return amount


NotNegative = Annotated[Fen, AfterValidator(_not_negative)]
"""Money that cannot be below zero. The log's readers take what entered before this was asked."""


class NumberedPerson(Message):
    """A person named by number instead of by the sender's own `person_ref`."""

    resident_number: ResidentNumber | None = Field(
        default=None,
        description="Instead of `person_ref`. Without a subject it also tells the household.",
    )


def _one_name(
    sent: "IncomeAsSent | ClaimAsSent | SpendingAsSent | ReportAsSent | CoverAsSent",
) -> None:
    if sent.resident_number is not None and sent.person_ref is not None:
        raise ValueError("a person is named by resident_number or by person_ref, not by both")


class IncomeAsSent(IncomeReported, NumberedPerson):
    """Income, of a household or of one person."""

    operating_expense: NotNegative = Fen(0)

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        _one_name(self)
        return self


class PaymentsAsSent(MedicalPayments):
    """What each layer of cover paid, none of it below zero."""

    basic_insurance: NotNegative = Fen(0)
    critical_illness: NotNegative = Fen(0)
    hospital_reduction: NotNegative = Fen(0)
    medical_assistance: NotNegative = Fen(0)
    anti_poverty_insurance: NotNegative = Fen(0)
    city_supplement: NotNegative = Fen(0)
    other: NotNegative = Fen(0)


class DisasterAsSent(DisasterStruck):
    """What struck; a loss is not below zero."""

    loss: NotNegative | None = Field(
        default=None, description="Loss of goods and harvest; empty: not assessed yet."
    )


class ProjectShareAsSent(ProjectShare):
    """What a household has invested, not below zero."""

    invested: NotNegative


class FeedHeardAsSent(FeedHeard):
    """From a month to one that is not before it."""

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.from_month is not None and self.from_month > self.through_month:
            raise ValueError("from_month lies after through_month")
        return self


class ClaimAsSent(MedicalClaimSettled, NumberedPerson):
    """A settled bill."""

    in_scope: NotNegative | None = Field(
        default=None, description="The part inside the insurance catalogue; empty: not told."
    )
    paid: PaymentsAsSent = PaymentsAsSent()

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
    """The register's entry with the contact, which goes into the directory, never into the log."""

    members: Annotated[tuple[MemberAsSent, ...], Field(min_length=1, max_length=60)]
    covers: tuple[CoverAsSent, ...] = Field(default=(), max_length=200)
    projects: tuple[ProjectShareAsSent, ...] = Field(default=(), max_length=20)
    contact: Contact | None = None


PersonAsSent = IncomeAsSent | ClaimAsSent | SpendingAsSent | ReportAsSent
"""Kinds that may be about one person, whose number then tells the household."""

AgencySent = (
    PersonAsSent
    | HouseholdRegistration
    | DisasterAsSent
    | GuaranteeChecked
    | HouseholdGraded
    | AssetsChecked
    | FactsRetracted
    | FeedHeardAsSent
    | AreaStruck
)

AGENCY_KINDS: dict[str, type[AgencySent]] = {
    "HouseholdRegistered": HouseholdRegistration,
    "IncomeReported": IncomeAsSent,
    "MedicalClaimSettled": ClaimAsSent,
    "SpendingReported": SpendingAsSent,
    "DisasterStruck": DisasterAsSent,
    "GuaranteeChecked": GuaranteeChecked,
    "HouseholdGraded": HouseholdGraded,
    "AssetsChecked": AssetsChecked,
    "RiskReported": ReportAsSent,
    "FactsRetracted": FactsRetracted,
    "FeedHeard": FeedHeardAsSent,
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
