"""The facts: what happened, in the past tense.

Agencies, people and Foothold itself put them into the one log per household.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

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
from foothold_schemas.facts.fact import FactBody
from foothold_schemas.facts.feeds import FeedKind, FeedSpoke
from foothold_schemas.facts.register import HouseholdRegistered, MembershipDisputed
from foothold_schemas.facts.reports import RiskReported
from foothold_schemas.values import (
    AreaCode,
    Day,
    EventId,
    Fen,
    ItemName,
    Message,
    Month,
    Name,
    Sha256,
)


class IncomeCategory(StrEnum):
    """The kinds of income; `claims` (理赔收入) counts only in the reference figure."""

    WAGE = "wage"
    OPERATING = "operating"
    PROPERTY = "property"
    TRANSFER = "transfer"
    CLAIMS = "claims"


class IncomeReported(FactBody):
    """Money a household earned in a month.

    When marked yearly, it was earned in the twelve months ending with that month.
    """

    day_field: ClassVar[str | None] = "earned_month"

    kind: Literal["IncomeReported"] = "IncomeReported"
    category: IncomeCategory
    item: ItemName = Field(
        description=(
            "What it was, such as `salary`, `dibao`, `临时救助`; case, spaces and underscores do"
            " not matter. Policy says what counts."
        )
    )
    amount: Fen
    operating_expense: Fen = Fen(0)
    earned_month: Month | None = Field(
        default=None,
        description="The month it was earned for; empty: the month of the event's `time`.",
    )
    is_yearly: bool = Field(
        default=False, description="The amount covers the twelve months ending with `earned_month`."
    )
    person_ref: Name | None = Field(
        default=None, description="Who earned it; needed to notice that a wage stopped."
    )
    project: Name | None = Field(default=None, description="The dividend project that paid it.")
    until_month: Month | None = Field(
        default=None,
        description=(
            "The last month in which it will be paid, where that is known (support that ends)."
        ),
    )
    statement_number: Name | None = Field(
        default=None,
        description=(
            "The sender's own number of this statement: the same one again is a new version of it."
        ),
    )
    claim_number: Name | None = Field(
        default=None,
        description="Of a payout (category claims): the bill it is for, by its claim_number.",
    )
    stay: Name | None = Field(
        default=None, description="Of a payout (category claims): the hospital stay it is for."
    )

    @model_validator(mode="after")
    def _is_clear(self) -> Self:
        if self.is_yearly and self.earned_month is None:
            raise ValueError("a yearly figure needs earned_month, the last month it covers")
        if self.operating_expense and self.category is not IncomeCategory.OPERATING:
            raise ValueError("operating_expense belongs to the category operating only")
        if (self.claim_number or self.stay) and self.category is not IncomeCategory.CLAIMS:
            raise ValueError("claim_number and stay belong to the category claims only")
        return self


class MedicalPayments(Message):
    """What each layer of cover paid, in the order in which they pay."""

    basic_insurance: Fen = Fen(0)
    critical_illness: Fen = Fen(0)
    hospital_reduction: Fen = Fen(0)
    medical_assistance: Fen = Fen(0)
    anti_poverty_insurance: Fen = Fen(0)
    city_supplement: Fen = Fen(0)
    other: Fen = Fen(0)

    @property
    def layers(self) -> tuple[Fen, ...]:
        """The layers in their order."""
        return (
            self.basic_insurance,
            self.critical_illness,
            self.hospital_reduction,
            self.medical_assistance,
            self.anti_poverty_insurance,
            self.city_supplement,
            self.other,
        )

    @property
    def total(self) -> int:
        """All layers together, in fen."""
        return sum(self.layers)


class CareSetting(StrEnum):
    """Where care was given."""

    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"
    SPECIAL_DRUGS = "special_drugs"


class MedicalClaimSettled(FactBody):
    """A settled medical bill: its total, the part in scope, and what every payer covered."""

    day_field: ClassVar[str | None] = "settled_on"

    kind: Literal["MedicalClaimSettled"] = "MedicalClaimSettled"
    claim_number: Name = Field(
        description="The agency's own number: the same one under a new event id is a repeat."
    )
    person_ref: Name | None = None
    stay: Name | None = Field(
        default=None,
        description="The hospital stay; several settlements of one stay name the same.",
    )
    settled_on: Day
    setting: CareSetting
    total: Fen
    in_scope: Fen | None = Field(
        default=None, description="The part inside the insurance catalogue; empty: not told."
    )
    paid: MedicalPayments = MedicalPayments()

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.total < 0:
            raise ValueError(
                "total is negative; to take a bill back send FactsRetracted with the id of its"
                " event"
            )
        if self.paid.total > self.total:
            raise ValueError("the payers together paid more than the total")
        if self.in_scope is not None and self.in_scope > self.total:
            raise ValueError("in_scope is more than the total")
        return self


class Hazard(StrEnum):
    """What struck."""

    FLOOD = "flood"
    STORM = "storm"
    DROUGHT = "drought"
    EARTHQUAKE = "earthquake"
    LANDSLIDE = "landslide"
    FIRE = "fire"
    ACCIDENT = "accident"
    EPIDEMIC = "epidemic"
    HAIL = "hail"
    PLANT_CLOSURE = "plant_closure"
    OTHER = "other"


class HomeState(StrEnum):
    """What became of the home."""

    UNHURT = "unhurt"
    DAMAGED = "damaged"
    BADLY_DAMAGED = "badly_damaged"
    DESTROYED = "destroyed"


class WorkerState(StrEnum):
    """What became of the main worker."""

    UNHURT = "unhurt"
    DISABLED = "disabled"
    DEAD = "dead"


class DisasterStruck(FactBody):
    """A household was struck: what, when, and what it lost."""

    day_field: ClassVar[str | None] = "struck_on"

    kind: Literal["DisasterStruck"] = "DisasterStruck"
    hazard: Hazard
    struck_on: Day
    home: HomeState = HomeState.UNHURT
    main_worker: WorkerState = WorkerState.UNHURT
    loss: Fen | None = Field(
        default=None, description="Loss of goods and harvest; empty: not assessed yet."
    )
    is_verified: bool = Field(
        description="Somebody has been there; an unverified report is kept but decides nothing."
    )


class RetractionReason(StrEnum):
    """Why an agency takes facts back."""

    ENTERED_IN_ERROR = "entered_in_error"
    REVERSED = "reversed"
    WRONG_HOUSEHOLD = "wrong_household"
    OTHER = "other"


class FactsRetracted(FactBody):
    """An agency takes back facts of its own.

    They may come later than this: then they do not count either.
    """

    day_field: ClassVar[str | None] = None

    kind: Literal["FactsRetracted"] = "FactsRetracted"
    events: Annotated[
        tuple[EventId, ...],
        Field(min_length=1, max_length=20, description="Ids of earlier events of the same source."),
    ]
    reason: RetractionReason


class FeedHeard(FactBody):
    """An agency says: for this area, all I have up to this month has been sent.

    An empty file is this fact. Goes to every partition.
    """

    day_field: ClassVar[str | None] = "through_month"

    kind: Literal["FeedHeard"] = "FeedHeard"
    feed: FeedKind
    area: AreaCode
    from_month: Month | None = Field(
        default=None,
        description="The first month it speaks for; empty: the months before are covered as well.",
    )
    through_month: Month


class Severity(StrEnum):
    """How grave an incident is, in the responses' official levels; I is the gravest."""

    I = "I"  # noqa: E741 - the levels' official names
    II = "II"
    III = "III"
    IV = "IV"


class AreaStruck(FactBody):
    """Something struck a whole area.

    A later statement of the same incident replaces it: amended, ended (`last_day`), withdrawn. Goes
    to every partition.

    It flags nobody: a household is flagged by what is verified of it. Those who may be hit are
    shown, also when they register or move in later.
    """

    day_field: ClassVar[str | None] = "first_day"

    kind: Literal["AreaStruck"] = "AreaStruck"
    incident: Name = Field(description="The agency's own number of the incident.")
    area: AreaCode
    hazard: Hazard
    severity: Severity
    first_day: Day
    last_day: Day | None = Field(default=None, description="Empty while it goes on.")
    is_withdrawn: bool = Field(default=False, description="It was no incident after all.")

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.last_day is not None and self.last_day < self.first_day:
            raise ValueError("last_day lies before first_day")
        return self


class DayOpened(FactBody):
    """A calendar day (Asia/Shanghai) begins for every household. Goes to every partition."""

    day_field: ClassVar[str | None] = None

    kind: Literal["DayOpened"] = "DayOpened"
    day: Day
    is_quiet: bool = Field(
        default=False,
        description=(
            "For the first day, go-live: cases are made from what is already known, and nobody is"
            " notified of them."
        ),
    )
    feeds: Annotated[
        tuple[FeedSpoke, ...],
        Field(
            max_length=5_000, description="When each feed was last heard, as far as the doors know."
        ),
    ] = ()


class PolicyAdopted(FactBody):
    """From here on the bundle with this hash decides. Goes to every partition."""

    day_field: ClassVar[str | None] = None

    kind: Literal["PolicyAdopted"] = "PolicyAdopted"
    bundle: Sha256


AgencyFact = (
    HouseholdRegistered
    | IncomeReported
    | MedicalClaimSettled
    | SpendingReported
    | DisasterStruck
    | GuaranteeChecked
    | HouseholdGraded
    | AssetsChecked
    | RiskReported
    | FactsRetracted
)
PeopleFact = (
    AuthorisationGiven
    | AuthorisationRefused
    | CaseDecided
    | FindingExempted
    | MeasureDelivered
    | ReliefPaid
)
HouseholdFact = AgencyFact | PeopleFact | MembershipDisputed
AGEING: Final = (
    IncomeReported,
    MedicalClaimSettled,
    SpendingReported,
    DisasterStruck,
    GuaranteeChecked,
    HouseholdGraded,
    AssetsChecked,
    RiskReported,
)
"""Facts of agencies that decide nothing any more once they are old. The register, people's words
and decisions stay true until the next."""
BroadcastFact = FeedHeard | AreaStruck | DayOpened | PolicyAdopted
Fact = Annotated[HouseholdFact | BroadcastFact, Field(discriminator="kind")]
