"""What people decided or did for a household.

Foothold signals; only these facts identify, eliminate, or help.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from foothold_schemas.facts.fact import FactBody
from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import COUNT_MAX, Day, Fen, Name

LONGEST_EXEMPTION_DAYS: Final = 366


class AuthorisationGiven(FactBody):
    """The household signed that its data may be compared."""

    day_field: ClassVar[str | None] = "signed_on"

    kind: Literal["AuthorisationGiven"] = "AuthorisationGiven"
    signed_on: Day


class AuthorisationRefused(FactBody):
    """The household refused: nothing of it is computed or shown until it authorises it."""

    day_field: ClassVar[str | None] = "refused_on"

    kind: Literal["AuthorisationRefused"] = "AuthorisationRefused"
    refused_on: Day


class Decision(StrEnum):
    """What people decided on a case."""

    IDENTIFIED = "identified"
    ELIMINATED = "eliminated"
    NOT_MARKED = "not_marked"
    DISMISSED = "dismissed"
    REOPENED = "reopened"
    ROLLED_BACK = "rolled_back"


class CaseDecided(FactBody):
    """People decided on a household's case."""

    day_field: ClassVar[str | None] = "decided_on"

    kind: Literal["CaseDecided"] = "CaseDecided"
    decision: Decision
    decided_on: Day
    episode: int | None = Field(
        default=None,
        ge=1,
        le=COUNT_MAX,
        description="The case's episode; empty: the one that is open.",
    )
    saw: Annotated[tuple[Saw, ...], Field(max_length=len(FindingKind))] | None = Field(
        default=None,
        description=(
            "`dismissed`: what the page showed; what came since is news. Empty: what risk knew when"
            " the word arrived."
        ),
    )


class HarmlessReason(StrEnum):
    """Why a finding that holds calls for nothing."""

    CAN_COPE = "can_cope"
    ALREADY_HELPED = "already_helped"
    DATA_BEING_CORRECTED = "data_being_corrected"
    OTHER = "other"


class FindingExempted(FactBody):
    """People checked a finding and found it harmless.

    It stays quiet until the day has passed, or the facts say more than what was seen.
    """

    day_field: ClassVar[str | None] = "exempted_on"

    kind: Literal["FindingExempted"] = "FindingExempted"
    finding: FindingKind
    reason: HarmlessReason
    by: Name = Field(description="The account of the person who decided; no name.")
    exempted_on: Day
    until: Day = Field(
        description=(
            "The last day on which it is quiet; at most a year later, then somebody looks again."
        )
    )
    saw: Saw | None = Field(
        default=None,
        description="What the page showed of it. Empty: what risk knew when the word arrived.",
    )

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if (
            not self.exempted_on
            < self.until
            <= self.exempted_on + timedelta(days=LONGEST_EXEMPTION_DAYS)
        ):
            raise ValueError(f"until lies after exempted_on, at most {LONGEST_EXEMPTION_DAYS} days")
        return self


class MeasureKind(StrEnum):
    """What kind of help a measure is."""

    INDUSTRY = "industry"
    EMPLOYMENT = "employment"
    HEALTH = "health"
    EDUCATION = "education"
    COMPULSORY_EDUCATION = "compulsory_education"
    SOCIAL_SECURITY = "social_security"
    SOCIAL_HELP = "social_help"
    HOUSING = "housing"
    RESETTLEMENT = "resettlement"
    WATER = "water"
    INSURANCE = "insurance"
    COMPREHENSIVE = "comprehensive"


class MeasureDelivered(FactBody):
    """Help that reached a household, and the risks it is meant for."""

    day_field: ClassVar[str | None] = "delivered_on"

    kind: Literal["MeasureDelivered"] = "MeasureDelivered"
    measure: MeasureKind
    against: Annotated[tuple[FindingKind, ...], Field(min_length=1, max_length=20)]
    delivered_on: Day


class ReliefPaid(FactBody):
    """Temporary relief was paid. Never income, and never a reason to leave earlier or later."""

    day_field: ClassVar[str | None] = "paid_on"

    kind: Literal["ReliefPaid"] = "ReliefPaid"
    relief: Literal["emergency", "spending"]
    cause: Name
    amount: Fen
    paid_on: Day
